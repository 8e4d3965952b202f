// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"stampede/internal/verify"
)

func registerOptions(seed uint64) verify.HistoryOptions {
	return verify.HistoryOptions{Seed: seed, Clients: 8, Calls: 250, Keys: 5, LoseReply: 0.01}
}

func bankOptions(seed uint64) verify.HistoryOptions {
	return verify.HistoryOptions{Seed: seed, Clients: 6, Calls: 150, Keys: 4, LoseReply: 0.01}
}

// TestHistoriesOnRedis shows that the models are those of a real server.
func TestHistoriesOnRedis(t *testing.T) {
	addr := StartRedis(t)
	for seed := *fuzzSeed; seed < *fuzzSeed+3; seed++ {
		verify.CheckRegisters(t, addr, registerOptions(seed))
		verify.CheckBank(t, addr, bankOptions(seed))
	}
}

// TestHistoriesOnStampede looks for calls of ours that were not done one after the other.
func TestHistoriesOnStampede(t *testing.T) {
	for _, way := range configurations() {
		t.Run(way.name, func(t *testing.T) {
			addr := StartStampede(t, way.flags...)
			for seed := *fuzzSeed; seed < *fuzzSeed+3; seed++ {
				verify.CheckRegisters(t, addr, registerOptions(seed))
				verify.CheckBank(t, addr, bankOptions(seed))
			}
		})
	}
}

// staleReads puts a proxy before a server that now and then answers a read with what the
// same read gave the time before.
func staleReads(t *testing.T, addr string, every int) string {
	var mu sync.Mutex
	before := map[string]Value{}
	reads := 0
	return startProxy(t, addr, func(args []string, reply Value) Value {
		if args[0] != "GET" && args[0] != "MGET" || reply.Kind == '+' {
			return reply
		}
		mu.Lock()
		defer mu.Unlock()
		name := strings.Join(args, " ")
		old, seen := before[name]
		before[name] = reply
		if reads++; seen && reads%every == 0 {
			return old
		}
		return reply
	})
}

// quietTest takes failures without failing the test that looks for them.
type quietTest struct {
	*testing.T
	failures []string
}

func (q *quietTest) Errorf(format string, args ...any) {
	q.failures = append(q.failures, fmt.Sprintf(format, args...))
}

// TestHistoriesFindStaleReads shows that a server which forgets a write for a moment is found.
func TestHistoriesFindStaleReads(t *testing.T) {
	liar := staleReads(t, StartRedis(t), 20)
	for name, check := range map[string]func(testing.TB){
		"registers": func(tb testing.TB) { verify.CheckRegisters(tb, liar, registerOptions(*fuzzSeed)) },
		"bank":      func(tb testing.TB) { verify.CheckBank(tb, liar, bankOptions(*fuzzSeed)) },
	} {
		quiet := &quietTest{T: t}
		check(quiet)
		if len(quiet.failures) != 1 || !strings.Contains(quiet.failures[0], "no order") {
			t.Errorf("seed %d: %s: stale reads were not found: %q", *fuzzSeed, name, quiet.failures)
		}
		t.Log(quiet.failures)
	}
}
