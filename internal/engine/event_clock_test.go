// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"strings"
	"testing"

	"stampede/internal/config"
	"stampede/internal/pubsub"
)

// ear hears what a store tells of its keys.
type ear struct {
	t   *testing.T
	box *pubsub.Mailbox
}

// listen lets a store tell of everything.
func (s *store) listen(t *testing.T) *ear {
	t.Helper()
	all := config.Setting{Name: "notify-keyspace-events", Value: "EA"}
	if err := s.engine.config.Set(all); err != nil {
		t.Fatal(err)
	}
	box := s.engine.hub.Open(pubsub.NewOutlet(func() {}), nil)
	s.engine.hub.Subscribe(box, pubsub.Pattern, []byte("__keyevent@0__:*"))
	return &ear{t, box}
}

// want says what has been told since it was last asked: "event key", in order.
func (w *ear) want(when string, events ...string) {
	w.t.Helper()
	var heard []string
	lines := strings.Split(string(w.box.Collect(nil)), "\r\n")
	for i, line := range lines {
		if event, ok := strings.CutPrefix(line, "__keyevent@0__:"); ok && event != "*" {
			heard = append(heard, event+" "+lines[i+2])
		}
	}
	if got, want := strings.Join(heard, ", "), strings.Join(events, ", "); got != want {
		w.t.Errorf("%s: told %q, want %q", when, got, want)
	}
}

// TestTheClockTellsWhichHoldsHaveEnded, without anybody touching their products; and whoever
// waits for their units has them at that millisecond.
func TestTheClockTellsWhichHoldsHaveEnded(t *testing.T) {
	for _, shards := range []int{1, 8} {
		s := newStore(t, shards)
		heard := s.listen(t)
		s.do("STOCK.OPEN k 2", "STOCK.HOLD k a ann 1 FOR 50", "STOCK.HOLD k b bob 1 FOR 100")
		heard.want("sold", "stock:opened k", "stock:held k", "stock:held k")
		s.do("STOCK.OPEN l 1", "STOCK.HOLD l a ann 1 FOR 70")
		heard.want("another", "stock:opened l", "stock:held l")
		waits := s.buyer()
		wantAnswer(t, "who waits", waits.ask("STOCK.HOLD k c cid 2 FOR 1000 WAIT 5000"), "")
		s.nowMs += 49
		s.engine.Step()
		heard.want("a moment before")
		s.nowMs++
		s.engine.Step()
		heard.want("the first", "stock:expired k")
		wantAnswer(t, "too few for who waits", waits.look(), "")
		s.nowMs += 20
		s.engine.Step()
		s.engine.Step()
		heard.want("the other product", "stock:expired l")
		s.nowMs += 30
		if next := waits.waiter.NextMs(); next != s.nowMs {
			t.Errorf("who waits is looked at at %d, want %d", next, s.nowMs)
		}
		s.engine.Step()
		heard.want("the second", "stock:expired k")
		if got := waits.look(); !strings.HasPrefix(got, "HELD") {
			t.Errorf("who waits: %q", got)
		}
		heard.want("served", "stock:held k")
	}
}

// TestWhoComesFirstTellsWhatHasEnded: the end of a hold is told before what its units are used
// for, though the clock has not come by in between.
func TestWhoComesFirstTellsWhatHasEnded(t *testing.T) {
	s := newStore(t, 4)
	heard := s.listen(t)
	s.do("STOCK.OPEN k 1", "STOCK.HOLD k a ann 1 FOR 50")
	s.nowMs += 50
	s.do("STOCK.HOLD k b bob 1 FOR 50")
	heard.want("in order", "stock:opened k", "stock:held k", "stock:expired k", "stock:held k")
	s.do("MULTI", "STOCK.HOLD k c cid 1", "EXEC")
	s.engine.Step()
	heard.want("refused")
	s.nowMs += 60
	s.do("STOCK.CONFIRM k b")
	heard.want("too late", "stock:expired k")
}

// TestTheClockTellsWhichLeasesHaveEnded, each once, also if the next owner is faster.
func TestTheClockTellsWhichLeasesHaveEnded(t *testing.T) {
	s := newStore(t, 1)
	heard := s.listen(t)
	s.do("LOCK.ACQUIRE l ann 50")
	waits := s.buyer()
	wantAnswer(t, "who waits", waits.ask("LOCK.ACQUIRE l bob 50 WAIT 0"), "")
	s.nowMs += 50
	s.engine.Step()
	heard.want("by the clock", "lock:acquired l", "lock:expired l")
	if got := waits.look(); got == "" {
		t.Error("the lock is free and who waits has not got it")
	}
	s.nowMs += 50
	s.do("LOCK.ACQUIRE l cid 50")
	heard.want("by the next", "lock:acquired l", "lock:expired l", "lock:acquired l")
	s.nowMs += 50
	s.do("LOCK.RELEASE l cid")
	s.engine.Step()
	heard.want("too late", "lock:expired l")
	holder := s.client()
	holder.do(
		strings.Fields("LOCK.ACQUIRE l dan 0 SESSION"),
		strings.Fields("LOCK.ACQUIRE m dan 50 SESSION"))
	s.nowMs += 50
	holder.close()
	s.engine.Step()
	heard.want("by its session", "lock:acquired l", "lock:acquired m", "lock:expired m",
		"lock:released l")
}
