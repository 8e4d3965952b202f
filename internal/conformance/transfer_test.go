// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// transferScript moves an amount between two accounts whose keys it computes. It reads and
// writes in turn, so that a transfer in between would show in the sum, and it has written before
// it meets the second key.
const transferScript = `
local from, to, amount = 'account:' .. ARGV[1], 'account:' .. ARGV[2], tonumber(ARGV[3])
local has = tonumber(redis.call('GET', from))
if has < amount then return 0 end
redis.call('SET', from, has - amount)
local other = tonumber(redis.call('GET', to))
redis.call('SET', to, other + amount)
return amount`

// auditScript adds up all accounts.
const auditScript = `
local sum = 0
for i = 0, ARGV[1] - 1 do sum = sum + redis.call('GET', 'account:' .. i) end
return sum`

const (
	accounts       = 64
	accountBalance = 100
	tellers        = 20
	transfersEach  = 504 // whole pipelines of eight
)

// TestTransfersByScript moves money by 10 000 scripts of many clients at once, over accounts on
// all shards: the sum is the same at every moment, and in the end.
func TestTransfersByScript(t *testing.T) {
	for _, flags := range [][]string{
		{"--shards", "1"}, {"--shards", "8"}, {"--shards", "8", "--io", "net"},
		{"--shards", "8", "--loops", "4"},
	} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) {
			addr := StartStampede(t, flags...)
			transferMoney(t, addr)
		})
	}
}

// TestTransfersByScriptOnRedis shows that the test is right.
func TestTransfersByScriptOnRedis(t *testing.T) { transferMoney(t, StartRedis(t)) }

func transferMoney(t *testing.T, addr string) {
	c := dialTest(t, addr)
	for i := range accounts {
		if _, err := c.must("SET", fmt.Sprint("account:", i), fmt.Sprint(accountBalance)); err != nil {
			t.Fatal(err)
		}
	}
	var running sync.WaitGroup
	for teller := range tellers {
		running.Go(func() {
			if err := transfers(addr, rand.New(rand.NewPCG(*fuzzSeed, uint64(teller)))); err != nil {
				t.Error(err)
			}
		})
	}
	for range 50 {
		audit(t, c)
	}
	running.Wait()
	audit(t, c)
}

// transfers is the work of one teller. Now and then the script has another text, so that the
// server does not know it yet.
func transfers(addr string, rng *rand.Rand) error {
	c, err := Dial(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	for i := range transfersEach {
		script := transferScript
		if rng.IntN(4) == 0 {
			script += strings.Repeat("\n", 1+rng.IntN(100))
		}
		from, to := strconv.Itoa(rng.IntN(accounts)), strconv.Itoa(rng.IntN(accounts))
		keys := [][]string{{"0"}, {"1", "account:" + from}, {"1", "account:" + to}, {"1", "elsewhere"},
			{"2", "account:" + from, "account:" + to}}[rng.IntN(5)]
		call := append([]string{"EVAL", script}, keys...)
		c.Put(append(call, from, to, strconv.Itoa(1+rng.IntN(30)))...)
		if i%8 == 7 { // a pipeline of eight
			if err := c.Flush(); err != nil {
				return err
			}
			for range 8 {
				if v, err := c.Receive(); err != nil || v.Kind != ':' {
					return fmt.Errorf("a transfer gives %v, %w", v, err)
				}
			}
		}
	}
	return nil
}

// audit wants all accounts to hold together what they began with.
func audit(t *testing.T, c *Conn) {
	t.Helper()
	v, err := c.Do("EVAL", auditScript, "0", strconv.Itoa(accounts))
	if err != nil || v.Text != strconv.Itoa(accounts*accountBalance) {
		t.Errorf("all accounts hold %v (%v), want %d", v, err, accounts*accountBalance)
	}
}
