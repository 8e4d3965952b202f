// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"strings"
	"testing"
)

// heard says what has been told since the last take: "event key" of database 0, in order.
func (l *listener) heard(when string, events ...string) {
	l.t.Helper()
	got := strings.ReplaceAll(strings.Join(l.take(), ", "), " 0 ", " ")
	if want := strings.Join(events, ", "); got != want {
		l.t.Errorf("%s: told %q, want %q", when, got, want)
	}
}

// TestTheClockTellsWhichHoldsHaveEnded, without anybody touching their products; and whoever
// waits for their units has them at that millisecond.
func TestTheClockTellsWhichHoldsHaveEnded(t *testing.T) {
	for _, shards := range []int{1, 8} {
		s := newStore(t, shards)
		l := s.listen("EA")
		s.do("STOCK.OPEN k 2", "STOCK.HOLD k a ann 1 FOR 50", "STOCK.HOLD k b bob 1 FOR 100")
		l.heard("sold", "stock:opened k", "stock:held k", "stock:held k")
		s.do("STOCK.OPEN l 1", "STOCK.HOLD l a ann 1 FOR 70")
		l.heard("another", "stock:opened l", "stock:held l")
		waits := s.buyer()
		wantAnswer(t, "who waits", waits.ask("STOCK.HOLD k c cid 2 FOR 1000 WAIT 5000"), "")
		s.nowMs += 49
		s.engine.Step()
		l.heard("a moment before")
		s.nowMs++
		s.engine.Step()
		l.heard("the first", "stock:expired k")
		wantAnswer(t, "too few for who waits", waits.look(), "")
		s.nowMs += 20
		s.engine.Step()
		s.engine.Step()
		l.heard("the other product", "stock:expired l")
		s.nowMs += 30
		if next := waits.waiter.NextMs(); next != s.nowMs {
			t.Errorf("who waits is looked at at %d, want %d", next, s.nowMs)
		}
		s.engine.Step()
		l.heard("the second", "stock:expired k")
		if got := waits.look(); !strings.HasPrefix(got, "HELD") {
			t.Errorf("who waits: %q", got)
		}
		l.heard("served", "stock:held k")
	}
}

// TestWhoComesFirstTellsWhatHasEnded: the end of a hold is told before what its units are used
// for, though the clock has not come by in between.
func TestWhoComesFirstTellsWhatHasEnded(t *testing.T) {
	s := newStore(t, 4)
	l := s.listen("EA")
	s.do("STOCK.OPEN k 1", "STOCK.HOLD k a ann 1 FOR 50")
	s.nowMs += 50
	s.do("STOCK.HOLD k b bob 1 FOR 50")
	l.heard("in order", "stock:opened k", "stock:held k", "stock:expired k", "stock:held k")
	s.do("MULTI", "STOCK.HOLD k c cid 1", "EXEC")
	s.engine.Step()
	l.heard("refused")
	s.nowMs += 60
	s.do("STOCK.CONFIRM k b")
	l.heard("too late", "stock:expired k")
}

// TestTheClockTellsWhichLeasesHaveEnded, each once, also if the next owner is faster.
func TestTheClockTellsWhichLeasesHaveEnded(t *testing.T) {
	s := newStore(t, 1)
	l := s.listen("EA")
	s.do("LOCK.ACQUIRE l ann 50")
	waits := s.buyer()
	wantAnswer(t, "who waits", waits.ask("LOCK.ACQUIRE l bob 50 WAIT 0"), "")
	s.nowMs += 50
	s.engine.Step()
	l.heard("by the clock", "lock:acquired l", "lock:expired l")
	if got := waits.look(); got == "" {
		t.Error("the lock is free and who waits has not got it")
	}
	s.nowMs += 50
	s.do("LOCK.ACQUIRE l cid 50")
	l.heard("by the next", "lock:acquired l", "lock:expired l", "lock:acquired l")
	s.nowMs += 50
	s.do("LOCK.RELEASE l cid")
	s.engine.Step()
	l.heard("too late", "lock:expired l")
	holder := s.client()
	holder.do(
		strings.Fields("LOCK.ACQUIRE l dan 0 SESSION"),
		strings.Fields("LOCK.ACQUIRE m dan 50 SESSION"))
	s.nowMs += 50
	holder.close()
	s.engine.Step()
	l.heard("by its session", "lock:acquired l", "lock:acquired m", "lock:expired m",
		"lock:released l")
}

// TestAHoldThatWasToldToHaveEndedIsNotRevived by a clock that goes back over a restart.
func TestAHoldThatWasToldToHaveEndedIsNotRevived(t *testing.T) {
	dir := t.TempDir()
	const startMs = 1_700_000_000_000
	s := reopen(t, dir, 2, startMs)
	s.do("STOCK.OPEN k 1", "STOCK.HOLD k a ann 1 FOR 50")
	s.nowMs += 50
	s.engine.Step()
	if err := s.engine.Free(); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, dir, 3, startMs)
	l := s.listen("EA")
	wantAnswer(t, "confirmed too late", short(s.do("STOCK.CONFIRM k a")), "EXPIRED")
	s.nowMs += 10
	if got := short(s.do("STOCK.HOLD k b bob 1 FOR 30")); !strings.HasPrefix(got, "HELD") {
		t.Errorf("its unit: %q", got)
	}
	for range 10 {
		s.nowMs += 10
		s.engine.Step()
	}
	l.heard("in the second life", "stock:held k", "stock:expired k")
	if err := s.engine.Free(); err != nil {
		t.Fatal(err)
	}
}
