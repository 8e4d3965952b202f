// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/anishathalye/porcupine"
)

// maxAccounts is the most keys of a bank.
const maxAccounts = 8

// bankOp is what a client does to several accounts at once.
type bankOp byte

const (
	opReadAll   bankOp = iota // MGET of all accounts
	opReadTwo                 // MULTI, GET, GET, EXEC
	opTransfer                // MULTI, DECRBY, INCRBY, EXEC
	opWrite                   // MSET of two accounts
	opMove                    // WATCH two, MGET, MULTI, MSET, EXEC
	opScript                  // a transfer by EVAL, which computes the names
	opScriptAll               // the same for all accounts, which it only reads
	bankOps
)

func (op bankOp) String() string {
	return [...]string{"MGET", "GET GET", "TRANSFER", "MSET", "MOVE", "EVAL", "EVAL_RO"}[op]
}

// bank is the state: what each account holds.
type bank [maxAccounts]int64

type bankCall struct {
	Op       bankOp
	From, To int // accounts
	N        int64
}

// bankReply is what came back: the values read or the values after a transfer, and whether
// a move was done or is open.
type bankReply struct {
	Saw  []int64
	Done bool
	Open bool
}

// The scripts of a bank. They do not declare what they compute, and write before they meet their
// last key.
const (
	bankScript = `local n = tonumber(ARGV[3])
local has = redis.call('DECRBY', 'account:' .. ARGV[1], n)
return {has, redis.call('INCRBY', 'account:' .. ARGV[2], n)}`
	bankScriptAll = `local saw = {}
for i = 0, ARGV[1] - 1 do saw[i + 1] = redis.call('GET', 'account:' .. i) end
return saw`
)

// CheckBank lets clients read and write several keys at once, by MGET, MSET, MULTI, WATCH and
// scripts, and reports to t unless everything happened as if one call, or one transaction, had been
// done after the other. opts.Keys is at most 8.
func CheckBank(t Reporter, addr string, opts HistoryOptions) {
	opts.Keys = min(opts.Keys, maxAccounts)
	accounts := make([]string, opts.Keys)
	for i := range accounts {
		accounts[i] = account(i)
	}
	checkHistory(t, addr, opts, workload{
		model: porcupine.Model{
			Init: func() any { return bank{} },
			Step: func(state, input, output any) (bool, any) {
				return stepBank(state.(bank), input.(bankCall), output, opts.Keys)
			},
		},
		prepare: func(c *Conn) error {
			if _, err := c.Must("FLUSHALL"); err != nil {
				return err
			}
			args := []string{"MSET"}
			for _, name := range accounts {
				args = append(args, name, "0")
			}
			_, err := c.Must(args...)
			return err
		},
		draw: func(rng *rand.Rand) any {
			from := rng.IntN(opts.Keys)
			to := (from + 1 + rng.IntN(opts.Keys-1)) % opts.Keys
			return bankCall{bankOp(rng.IntN(int(bankOps))), from, to, 1 + rng.Int64N(1000)}
		},
		perform: func(c *Conn, input any, lose bool) (any, error) {
			return performBank(c, input.(bankCall), lose, accounts)
		},
		dropped: func(input any) bool {
			op := input.(bankCall).Op
			return op == opReadAll || op == opReadTwo || op == opScriptAll
		},
	})
}

func account(i int) string { return fmt.Sprint("account:", i) }

// stepBank is one call, as the model has it.
func stepBank(s bank, call bankCall, output any, keys int) (bool, any) {
	reply, known := output.(bankReply)
	two := []int64{s[call.From], s[call.To]}
	next := s
	switch call.Op {
	case opReadAll, opScriptAll:
		return !known || slices.Equal(reply.Saw, s[:keys]), s
	case opReadTwo:
		return !known || slices.Equal(reply.Saw, two), s
	case opTransfer, opScript:
		next[call.From] -= call.N
		next[call.To] += call.N
		return !known || slices.Equal(reply.Saw, []int64{next[call.From], next[call.To]}), next
	case opWrite:
		next[call.From], next[call.To] = call.N, -call.N
		return true, next
	}
	unchanged := known && slices.Equal(reply.Saw, two)
	next[call.From] -= call.N
	next[call.To] += call.N
	switch {
	case !known:
		return true, next
	case reply.Open && !unchanged:
		return true, s
	case reply.Open || reply.Done:
		return unchanged, next
	}
	return unchanged, s
}

func performBank(c *Conn, call bankCall, lose bool, accounts []string) (any, error) {
	from, to := account(call.From), account(call.To)
	n := strconv.FormatInt(call.N, 10)
	var v Value
	var err error
	switch call.Op {
	case opReadAll:
		v, err = c.Must(append([]string{"MGET"}, accounts...)...)
	case opReadTwo:
		v, err = transact(c, false, []string{"GET", from}, []string{"GET", to})
	case opTransfer:
		v, err = transact(c, lose, []string{"DECRBY", from, n}, []string{"INCRBY", to, n})
	case opWrite:
		v, err = send(c, lose, "MSET", from, n, to, "-"+n)
	case opScript, opScriptAll:
		v, err = runBankScript(c, call, lose, len(accounts))
	default:
		return performMove(c, call, lose)
	}
	if err != nil {
		return nil, err
	}
	if call.Op == opWrite {
		return bankReply{}, nil
	}
	return bankReply{Saw: integers(v)}, nil
}

// runBankScript runs a script that the server has not seen yet, mostly, and that declares no key,
// one of its keys, or another one.
func runBankScript(c *Conn, call bankCall, lose bool, accounts int) (Value, error) {
	fresh := strings.Repeat("\n", int(call.N))
	keys := [][]string{
		{"0"}, {"1", account(call.From)}, {"1", account(call.To)}, {"1", "none"},
	}[call.N%4]
	if call.Op == opScriptAll {
		args := append([]string{"EVAL_RO", bankScriptAll + fresh}, keys...)
		return c.Must(append(args, strconv.Itoa(accounts))...)
	}
	return send(c, lose, slices.Concat([]string{"EVAL", bankScript + fresh}, keys, []string{
		strconv.Itoa(call.From), strconv.Itoa(call.To), strconv.FormatInt(call.N, 10)})...)
}

// performMove reads two accounts and writes both, if nobody has touched them meanwhile.
func performMove(c *Conn, call bankCall, lose bool) (any, error) {
	from, to := account(call.From), account(call.To)
	if _, err := c.Must("WATCH", from, to); err != nil {
		return nil, err
	}
	v, err := c.Must("MGET", from, to)
	if err != nil {
		return nil, err
	}
	saw := integers(v)
	v, err = transact(c, lose, []string{"MSET",
		from, strconv.FormatInt(saw[0]-call.N, 10), to, strconv.FormatInt(saw[1]+call.N, 10)})
	return bankReply{Saw: saw, Done: len(v.Elems) == 1, Open: err != nil}, err
}

// transact sends calls as one transaction.
func transact(c *Conn, lose bool, calls ...[]string) (Value, error) {
	if _, err := c.Must("MULTI"); err != nil {
		return Value{}, err
	}
	for _, args := range calls {
		if _, err := c.Must(args...); err != nil {
			return Value{}, err
		}
	}
	return send(c, lose, "EXEC")
}

// integers reads the numbers of a reply; what is none counts as a number nobody writes.
func integers(v Value) []int64 {
	var all []int64
	for _, text := range v.Texts() {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			n = -1 << 62
		}
		all = append(all, n)
	}
	return all
}
