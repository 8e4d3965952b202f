// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/anishathalye/porcupine"
)

// registerOp is what a client does to one key.
type registerOp byte

const (
	opGet registerOp = iota
	opSet
	opIncr
	opDel
	opSwap // WATCH, GET, MULTI, SET, EXEC
)

func (op registerOp) String() string { return [...]string{"GET", "SET", "INCR", "DEL", "SWAP"}[op] }

// register is the state of a key: a number, or nothing.
type register struct {
	there bool
	n     int64
}

type registerCall struct {
	Op  registerOp
	Key string
	N   int64
}

// registerReply is what came back: the value seen, and whether a swap was done. A swap whose
// outcome is open has a value seen and is not known to be done.
type registerReply struct {
	Saw  register
	Done bool
	Open bool
}

// CheckRegisters lets clients read, write, count, delete and swap single keys at random, and
// reports to t unless each key behaved as if one call had been done after the other.
func CheckRegisters(t Reporter, addr string, opts HistoryOptions) {
	checkHistory(t, addr, opts, workload{
		model: porcupine.Model{
			Partition: partitionByKey,
			Init:      func() any { return register{} },
			Step:      stepRegister,
		},
		prepare: func(c *Conn) error { _, err := c.Must("FLUSHALL"); return err },
		draw: func(rng *rand.Rand) any {
			key := fmt.Sprint("key:", rng.IntN(opts.Keys))
			return registerCall{registerOp(rng.IntN(5)), key, rng.Int64N(1000)}
		},
		perform: performRegister,
		dropped: func(input any) bool { return input.(registerCall).Op == opGet },
	})
}

func partitionByKey(history []porcupine.Operation) [][]porcupine.Operation {
	at := map[string]int{}
	var parts [][]porcupine.Operation
	for _, op := range history {
		key := op.Input.(registerCall).Key
		i, ok := at[key]
		if !ok {
			i = len(parts)
			at[key] = i
			parts = append(parts, nil)
		}
		parts[i] = append(parts[i], op)
	}
	return parts
}

// stepRegister is one call on one key, as the model has it.
func stepRegister(state, input, output any) (bool, any) {
	s, call := state.(register), input.(registerCall)
	reply, known := output.(registerReply)
	switch call.Op {
	case opGet:
		return !known || reply.Saw == s, s
	case opSet:
		return true, register{true, call.N}
	case opIncr:
		next := register{true, s.n + 1}
		return !known || reply.Saw == next, next
	case opDel:
		return !known || reply.Done == s.there, register{}
	}
	switch {
	case !known || reply.Open: // done if it could be, and nobody knows
		if !known || reply.Saw == s {
			return true, register{true, call.N}
		}
		return true, s
	case reply.Done:
		return reply.Saw == s, register{true, call.N}
	}
	return reply.Saw == s, s
}

func performRegister(c *Conn, input any, lose bool) (any, error) {
	call := input.(registerCall)
	n := strconv.FormatInt(call.N, 10)
	switch call.Op {
	case opGet:
		v, err := c.Must("GET", call.Key)
		return registerReply{Saw: parseRegister(v)}, err
	case opSet:
		_, err := send(c, lose, "SET", call.Key, n)
		return outcome(registerReply{Done: true}, err)
	case opIncr:
		v, err := send(c, lose, "INCR", call.Key)
		return outcome(registerReply{Saw: parseRegister(v)}, err)
	case opDel:
		v, err := send(c, lose, "DEL", call.Key)
		return outcome(registerReply{Done: v.Text == "1"}, err)
	}
	if _, err := c.Must("WATCH", call.Key); err != nil {
		return nil, err
	}
	v, err := c.Must("GET", call.Key)
	if err != nil {
		return nil, err
	}
	saw := parseRegister(v)
	for _, args := range [][]string{{"MULTI"}, {"SET", call.Key, n}} {
		if _, err := c.Must(args...); err != nil {
			return nil, err
		}
	}
	v, err = send(c, lose, "EXEC")
	return registerReply{Saw: saw, Done: len(v.Elems) == 1, Open: err != nil}, err
}

// outcome gives no reply where it is open.
func outcome(reply registerReply, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return reply, nil
}

func parseRegister(v Value) register {
	n, err := strconv.ParseInt(v.Text, 10, 64)
	return register{err == nil, n}
}
