// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"stampede/internal/seedtest"
)

const (
	// stateLibrary counts its calls in itself and, undone when it runs again, in a key that
	// it does not declare.
	stateLibrary = "#!lua name=state\nlocal n = 0\nredis.register_function('count', " +
		"function(keys) n = n + 1 redis.call('INCR', keys[1]) redis.call('INCR', 'sum') " +
		"return n end)"
	plainLibrary = "#!lua name=plain\nredis.register_function('move', function(keys) " +
		"redis.call('DECR', keys[1]) redis.call('INCR', keys[2]) " +
		"return redis.call('INCR', 'moves') end)"
	otherLibrary = "#!lua name=other\nredis.register_function('other', function() end)"
)

// TestFunctionsOfManyClients mixes functions with state and without, alone and in
// transactions, with scripts: everybody gets on, and each call counts once.
func TestFunctionsOfManyClients(t *testing.T) {
	for _, flags := range []string{"", "disable-atomicity"} {
		t.Run(flags, func(t *testing.T) {
			s := newStore(t, 4)
			first := s.client()
			defer first.close()
			first.do([]string{"FUNCTION", "LOAD", stateLibrary})
			first.do([]string{"FUNCTION", "LOAD", plainLibrary})
			first.do([]string{"CONFIG", "SET", "lua-default-flags", flags})
			const clients, rounds = 4, 150
			counts := make([]int, clients)
			seed := seedtest.Of(t)
			var work sync.WaitGroup
			for number := range clients {
				work.Go(func() {
					c := s.client()
					defer c.close()
					rng := rand.New(rand.NewPCG(seed, uint64(number)))
					for range rounds {
						counts[number] += callFunctions(t, c, rng)
					}
				})
			}
			work.Wait()
			total := 0
			for _, n := range counts {
				total += n
			}
			want := fmt.Sprintf("$%d\r\n%d\r\n:%d\r\n", len(fmt.Sprint(total)), total, total+1)
			got := first.do([]string{"GET", "sum"}, []string{"FCALL", "count", "1", "k"})
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// callFunctions makes a random call or a few, and tells how often it has called count.
func callFunctions(t *testing.T, c *client, rng *rand.Rand) (counted int) {
	key := func() string { return fmt.Sprint("k", rng.IntN(20)) }
	count := []string{"FCALL", "count", "1", key()}
	move := []string{"FCALL", "move", "2", key(), key()}
	var got string
	switch rng.IntN(6) {
	case 0:
		counted, got = 1, c.do(count)
	case 1:
		got = c.do(move)
	case 2:
		counted, got = 2, c.do([]string{"MULTI"}, count, move, count, []string{"EXEC"})
	case 3:
		got = c.do([]string{"EVAL", "return redis.call('INCR', ARGV[1])", "1", key(), key()})
	case 4:
		got = c.do([]string{"FUNCTION", "LOAD", "REPLACE", otherLibrary},
			[]string{"FUNCTION", "LIST"}, []string{"FCALL", "other", "0"})
	case 5:
		counted, got = 2, c.do(count, move, []string{"GET", key()}, count)
	}
	if strings.Contains(got, "-ERR") || strings.Contains(got, "-BUSY") {
		t.Errorf("got %q", got)
	}
	return counted
}

func TestFunctionsAreRefusedWhileMemoryIsFull(t *testing.T) {
	s := newStore(t, 2)
	c := s.client()
	defer c.close()
	c.do([]string{"CONFIG", "SET", "maxmemory", "1"}, []string{"SET", "k", "v"})
	if got := c.do([]string{"FUNCTION", "LOAD", plainLibrary}); !strings.HasPrefix(got, "-OOM ") {
		t.Errorf("FUNCTION LOAD: %q", got)
	}
}
