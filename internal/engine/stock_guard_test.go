// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math/rand/v2"
	"strings"
	"testing"

	"stampede/internal/command"
	"stampede/internal/disk/faulty"
	"stampede/internal/seedtest"
)

// mayHarm are commands that remove a stock because they are told to.
var mayHarm = []string{
	"STOCK.", "BASKET.", "FLUSH", "SWAPDB", "SHUTDOWN", "DEBUG", "RENAME", "MOVE", "EVAL", "FCALL",
	"EXEC", "CONFIG",
}

// TestNothingElseTouchesAStock calls every command that writes on a key that holds a stock,
// with many arguments. Nothing overwrites, ends, doubles or empties it.
func TestNothingElseTouchesAStock(t *testing.T) {
	s := newStore(t, 4)
	rng := rand.New(rand.NewPCG(seedtest.Of(t), 1))
	s.do("STOCK.OPEN k 5", "STOCK.HOLD k a ann 2 FOR 9000000", "STOCK.CONFIRM k a")
	want := s.do("STOCK.INFO k")
	words := []string{
		"k", "k", "k", "other", "1", "2", "0", "a", "b", "$", "100", "-1", "REPLACE", "EX", "XX",
		"LEFT", "RIGHT", "WITHSCORES", "STORE", "AND", "+", "-", "(", "[", "*", "BY", "GET",
	}
	calls := 0
	for _, row := range s.engine.Table().Rows() {
		if row.Do == nil || row.Flags&command.Write == 0 || harms(row.Name) {
			continue
		}
		for range 300 {
			argv := strings.Split(row.Name, "|")
			for range max(row.Arity, -row.Arity) - len(argv) + rng.IntN(3) {
				argv = append(argv, words[rng.IntN(len(words))])
			}
			if row.Arity > 0 && len(argv) > row.Arity {
				argv = argv[:row.Arity]
			}
			if at := row.FirstKey; at > 0 && at < len(argv) && rng.IntN(2) == 0 {
				argv[at] = "k"
			}
			if row.FindKeys == nil && strings.HasPrefix(row.Name, "B") {
				argv[len(argv)-1] = "0.001" // whoever waits must not wait for long
			}
			s.client().do(argv)
			calls++
			if got := s.do("STOCK.INFO k"); got != want {
				t.Fatalf("%q: the stock was %q and is %q", argv, want, got)
			}
		}
	}
	if got := s.do("KEYS *"); calls < 10000 || strings.Count(got, "$") < 2 {
		t.Errorf("%d calls, keys %q: the calls come to nothing", calls, got)
	}
	for _, row := range s.engine.Table().Rows() {
		if kind := short(s.do("TYPE other")); kind == "stock" {
			t.Fatalf("%s: there are two stocks", row.Name)
		}
	}
}

func harms(name string) bool {
	for _, prefix := range mayHarm {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// TestSalesAreSeenWhenDurable: the reply of STOCK.CONFIRM wants the journal, others do not.
func TestSalesAreSeenWhenDurable(t *testing.T) {
	kept, free := &shop{store: &store{t: t, nowMs: 1}}, newStore(t, 2)
	kept.restart(faulty.New(1), 2)
	defer func() {
		if err := kept.engine.Free(); err != nil {
			t.Error(err)
		}
	}()
	cases := []struct {
		calls string
		want  bool
	}{
		{"STOCK.HOLD k a ann 1", false},
		{"STOCK.CONFIRM k a", true},
		{"STOCK.CONFIRM k a", true}, // already sold, which a crash must not undo either
		{"STOCK.CONFIRM k a ACK MEMORY", false},
		{"STOCK.CONFIRM k a ACK JOURNAL", true},
		{"STOCK.CONFIRM k a ACK LEDGER", false},
		{"BASKET.CONFIRM a 1 k", true},
		{"BASKET.RELEASE a 1 k", false},
		{"MULTI|STOCK.CONFIRM k a|EXEC", true},
		{"MULTI|STOCK.CONFIRM k a ACK MEMORY|EXEC", false},
		{"PING|STOCK.CONFIRM k a|PING", true},
		{"PING", false},
	}
	kept.do("STOCK.OPEN k 9")
	free.do("STOCK.OPEN k 9", "STOCK.HOLD k a ann 1")
	for _, c := range cases {
		var calls [][]string
		for call := range strings.SplitSeq(c.calls, "|") {
			calls = append(calls, strings.Fields(call))
		}
		b := kept.buyer()
		o := b.runner.Do(b.session, batchOf(calls), &b.out)
		if o.Durable != c.want || o.Durable && o.Seen == 0 {
			t.Errorf("%s: durable %v at %d, want %v", c.calls, o.Durable, o.Seen, c.want)
		}
		if b = free.buyer(); b.runner.Do(b.session, batchOf(calls), &b.out).Durable {
			t.Errorf("%s: durable without a journal", c.calls)
		}
	}
	script := "return redis.call('STOCK.CONFIRM', KEYS[1], 'a')"
	b := kept.buyer()
	call := [][]string{{"EVAL", script, "1", "k"}}
	if o := b.runner.Do(b.session, batchOf(call), &b.out); !o.Durable {
		t.Errorf("a script that confirms need not wait: %q", b.out.B)
	}
	wantAnswer(t, "no journal", short(free.do("STOCK.CONFIRM k a ACK JOURNAL")),
		"-ERR there is no journal that could acknowledge: see appendonly")
}
