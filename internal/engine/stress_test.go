// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"stampede/internal/reply"
	"stampede/internal/session"
)

// client is one of several that use an engine at once.
type client struct {
	engine  *Engine
	runner  *Runner
	session *session.Session
	out     reply.Buffer
}

func (s *store) client() *client {
	c := &client{engine: s.engine, runner: s.engine.NewRunner()}
	c.session = s.engine.registry.Open(session.Link{Authenticated: true}, s.nowMs)
	return c
}

// do runs calls as one batch and returns the replies.
func (c *client) do(calls ...[]string) string {
	c.out.B = c.out.B[:0]
	c.runner.Do(c.session, batchOf(calls), &c.out)
	return string(c.out.B)
}

func (c *client) close() {
	c.engine.Close(c.session)
	c.engine.registry.Close(c.session)
}

// TestManyClients lets clients run random calls at once while the clock works; the race
// detector watches. Afterwards the store must still answer and give back all its memory.
func TestManyClients(t *testing.T) {
	const clients, batches = 6, 120
	for seed := range uint64(3) {
		s := newStore(t, 4)
		empty := s.used()
		ctx, stop := context.WithCancel(t.Context())
		var clock, work sync.WaitGroup
		clock.Go(func() {
			for ctx.Err() == nil {
				s.engine.Step()
				s.engine.Summary()
			}
		})
		for number := range uint64(clients) {
			work.Go(func() {
				rng := rand.New(rand.NewPCG(seed, number))
				d := newCallDrawer(s.engine.Table(), rng)
				c := s.client()
				for i := range batches {
					calls := make([][]string, 1+rng.IntN(8))
					for j := range calls {
						calls[j] = d.call()
					}
					if got := c.do(calls...); replies(got) < 0 {
						t.Errorf("seed %d: %q: replies %q", seed, calls, got)
						return
					}
					if c.session.Closing || i%50 == 49 {
						c.close()
						c = s.client()
					}
				}
				c.close()
			})
		}
		work.Wait()
		stop()
		clock.Wait()
		s.clear()
		if used := s.used(); used != empty {
			t.Errorf("seed %d: all keys are deleted and %d bytes are used, want %d", seed, used, empty)
		}
	}
}

// TestTransfers moves money between accounts on several shards, by transactions with WATCH
// and by RENAME, while others add up: the sum is the same at every moment.
func TestTransfers(t *testing.T) {
	const accounts, clients, rounds = 8, 4, 400
	s := newStore(t, 4)
	all := []string{"MGET"}
	for i := range accounts {
		s.do(fmt.Sprint("SET account", i, " 100"))
		all = append(all, fmt.Sprint("account", i))
	}
	var work sync.WaitGroup
	for number := range uint64(clients) {
		work.Go(func() {
			rng, c := rand.New(rand.NewPCG(number, 5)), s.client()
			defer c.close()
			for range rounds {
				from, to := fmt.Sprint("account", rng.IntN(accounts)), fmt.Sprint("account", rng.IntN(accounts))
				var a, b int
				c.do([]string{"WATCH", from, to})
				fmt.Sscanf(c.do([]string{"GET", from}), "$%d\r\n%d", new(int), &a)
				fmt.Sscanf(c.do([]string{"GET", to}), "$%d\r\n%d", new(int), &b)
				if from == to || a == 0 {
					c.do([]string{"UNWATCH"})
				} else {
					c.do([]string{"MULTI"}, []string{"SET", from, fmt.Sprint(a - 1)},
						[]string{"SET", to, fmt.Sprint(b + 1)}, []string{"EXEC"})
				}
				if sum := sumOf(c.do(all)); sum != accounts*100 {
					t.Errorf("the accounts add up to %d, want %d", sum, accounts*100)
					return
				}
			}
		})
	}
	work.Wait()
}

// sumOf adds up an array of integers as bulk strings.
func sumOf(text string) (sum int) {
	var n int
	for lines := text; len(lines) > 0; {
		var size, value int
		if n == 0 {
			fmt.Sscanf(lines, "*%d\r\n", &n)
			lines = lines[4:]
			continue
		}
		fmt.Sscanf(lines, "$%d\r\n%d\r\n", &size, &value)
		sum += value
		lines = lines[4+size+2:]
	}
	return sum
}
