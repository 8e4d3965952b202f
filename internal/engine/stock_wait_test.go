// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"strings"
	"testing"

	"stampede/internal/reply"
)

// buyer is a connection whose call may wait.
type buyer struct {
	*client
	waiter *Waiter
}

func (s *store) buyer() *buyer { return &buyer{client: s.client()} }

// ask makes a call and returns its reply, or "" if it waits.
func (b *buyer) ask(call string) string {
	b.out = reply.Buffer{}
	o := b.runner.Do(b.session, batchOf([][]string{strings.Fields(call)}), &b.out)
	b.waiter = o.Waiter
	return short(string(b.out.B))
}

// look returns the reply of the call that waits, or "" if it waits on.
func (b *buyer) look() string {
	b.out = reply.Buffer{}
	if _, done := b.runner.Finish(b.waiter, &b.out); !done {
		return ""
	}
	b.waiter = nil
	return short(string(b.out.B))
}

// short is a reply in one line of words.
func short(wire string) string {
	var words []string
	for line := range strings.SplitSeq(strings.TrimSuffix(wire, "\r\n"), "\r\n") {
		if line == "" || line[0] == '*' || line[0] == '$' && line != "$-1" {
			continue
		}
		words = append(words, strings.TrimLeft(line, "+:"))
	}
	return strings.Join(words, " ")
}

func wantAnswer(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// TestBuyersAreServedInOrder: whoever has come first is first, also where less would do for
// others; release, restock, the end of a hold and of somebody's patience let the next one in.
func TestBuyersAreServedInOrder(t *testing.T) {
	for _, shards := range []int{1, 8} {
		s := newStore(t, shards)
		start := s.nowMs
		s.do("STOCK.OPEN k 2", "STOCK.HOLD k a ann 1 FOR 60000", "STOCK.HOLD k b bob 1 FOR 5000")
		deadline := start + 5000
		first, second, third, fourth := s.buyer(), s.buyer(), s.buyer(), s.buyer()
		wantAnswer(t, "first", first.ask("STOCK.HOLD k c cid 2 FOR 10000 WAIT 20000"), "")
		wantAnswer(t, "second", second.ask("STOCK.HOLD k d dan 1 FOR 10000 WAIT 20000"), "")
		wantAnswer(t, "third", third.ask("STOCK.HOLD k e eve 1 WAIT 500"), "")
		wantAnswer(t, "fourth", fourth.ask("STOCK.HOLD k f fay 1 FOR 10000 WAIT 20000"), "")
		s.want("*1\r\n+RELEASED\r\n", "STOCK.RELEASE k a")
		for _, b := range []*buyer{first, second, third, fourth} {
			wantAnswer(t, "one is free", b.look(), "")
		}
		s.want(fmt.Sprintf("*2\r\n+ALL_HELD\r\n:%d\r\n", deadline), "STOCK.HOLD k g gus 1")
		wantAnswer(t, "a basket", short(s.do("BASKET.HOLD h hal 0 1 k 1")),
			fmt.Sprintf("ALL_HELD k %d", deadline))
		wantAnswer(t, "EXEC", short(s.do("MULTI", "STOCK.HOLD k i ian 1 WAIT 10", "EXEC")),
			fmt.Sprintf("OK QUEUED ALL_HELD %d", deadline))

		s.nowMs = start + 500
		wantAnswer(t, "the third's time is up", third.look(), fmt.Sprintf("ALL_HELD %d", deadline))
		s.do("STOCK.ADD k 1")
		wantAnswer(t, "the first", first.look(), fmt.Sprintf("HELD 3 %d", start+500+10000))
		wantAnswer(t, "the second", second.look(), "")
		if got := second.waiter.NextMs(); got != deadline {
			t.Errorf("the second looks again at %d, want %d", got, deadline)
		}
		s.nowMs = deadline - 1
		wantAnswer(t, "a millisecond too early", second.look(), "")
		s.nowMs = deadline
		wantAnswer(t, "the second", second.look(), fmt.Sprintf("HELD 4 %d", deadline+10000))
		wantAnswer(t, "the fourth", fourth.look(), "")
		s.nowMs = start + 20000
		wantAnswer(t, "in the last moment", fourth.look(), fmt.Sprintf("HELD 5 %d", s.nowMs+10000))
		if n := s.engine.Waiting(); n != 0 {
			t.Errorf("%d still wait", n)
		}
	}
}

// TestWaitingEnds: a connection that ends, a stock that closes or goes, and an id that is
// answered elsewhere end the waiting.
func TestWaitingEnds(t *testing.T) {
	s := newStore(t, 4)
	s.do("STOCK.OPEN k 2 LIMIT 2", "STOCK.HOLD k a ann 2")
	gone, next, last := s.buyer(), s.buyer(), s.buyer()
	wantAnswer(t, "gone", gone.ask("STOCK.HOLD k b bob 2 WAIT 1000"), "")
	wantAnswer(t, "next", next.ask("STOCK.HOLD k c cid 1 FOR 50 WAIT 1000"), "")
	wantAnswer(t, "the same id again", last.ask("STOCK.HOLD k c cid 1 FOR 50 WAIT 1000"), "")
	wantAnswer(t, "at the limit", s.buyer().ask("STOCK.HOLD k d ann 1 WAIT 1000"), "LIMIT 0")
	s.do("STOCK.ADD k 1")
	s.engine.Abandon(gone.waiter)
	want := fmt.Sprintf("HELD 2 %d", s.nowMs+50)
	wantAnswer(t, "next", next.look(), want)
	wantAnswer(t, "the same id again", last.look(), want)

	wantAnswer(t, "next", next.ask("STOCK.HOLD k e eve 2 WAIT 1000"), "")
	wantAnswer(t, "last", last.ask("STOCK.HOLD k f fay 1 WAIT 1000"), "")
	s.do("STOCK.CLOSE k")
	closed := fmt.Sprintf("CLOSED %d", s.nowMs)
	wantAnswer(t, "closed", next.look(), closed)
	wantAnswer(t, "closed", last.look(), closed)

	s.do("STOCK.OPEN j 1", "STOCK.HOLD j z zoe 1")
	wantAnswer(t, "all held", next.ask("STOCK.HOLD j a ann 1 WAIT 1000"), "")
	wantAnswer(t, "all held", last.ask("STOCK.HOLD j b bob 1 WAIT 1000"), "")
	s.do("STOCK.DROP j")
	wantAnswer(t, "dropped", next.look(), "-ERR no such key")
	wantAnswer(t, "dropped", last.look(), "-ERR no such key")

	s.do("STOCK.OPEN j 1", "STOCK.HOLD j z zoe 1")
	wantAnswer(t, "all held", next.ask("STOCK.HOLD j a ann 1 WAIT 1000"), "")
	s.do("FLUSHALL")
	wantAnswer(t, "flushed", next.look(), "-ERR no such key")
	if n := s.engine.Waiting(); n != 0 {
		t.Errorf("%d still wait", n)
	}
}

// TestNobodyWaitsInVain: who wants more than is unsold is told at once, at the beginning or as soon
// as the last of it is sold, and so those behind get what there is.
func TestNobodyWaitsInVain(t *testing.T) {
	for _, shards := range []int{1, 8} {
		s := newStore(t, shards)
		deadline := s.nowMs + 9000
		s.do("STOCK.OPEN k 3", "STOCK.HOLD k a ann 1 FOR 9000", "STOCK.HOLD k b bob 1 FOR 9000",
			"STOCK.HOLD k c cid 1 FOR 9000", "STOCK.CONFIRM k a")
		first, second, third := s.buyer(), s.buyer(), s.buyer()
		wantAnswer(t, "too many", first.ask("STOCK.HOLD k d dan 3 WAIT 20000"),
			fmt.Sprintf("ALL_HELD %d", deadline))
		wantAnswer(t, "first", first.ask("STOCK.HOLD k e eve 2 WAIT 20000"), "")
		wantAnswer(t, "second", second.ask("STOCK.HOLD k f fay 1 WAIT 20000"), "")
		wantAnswer(t, "too many behind others", third.ask("STOCK.HOLD k g gus 3 WAIT 20000"),
			fmt.Sprintf("ALL_HELD %d", deadline))
		s.do("STOCK.CONFIRM k b")
		wantAnswer(t, "first, one is left", first.look(), fmt.Sprintf("ALL_HELD %d", deadline))
		wantAnswer(t, "second, one is left", second.look(), "")
		s.do("STOCK.CONFIRM k c")
		wantAnswer(t, "second, none is left", second.look(), "SOLD_OUT")
		wantAnswer(t, "none is left", second.ask("STOCK.HOLD k h hal 1 WAIT 20000"), "SOLD_OUT")
		s.do("STOCK.ADD k 1")
		wantAnswer(t, "more came", short(s.do("STOCK.HOLD k i ian 1 FOR 5 WAIT 20000")),
			fmt.Sprintf("HELD 4 %d", s.nowMs+5))
		wantAnswer(t, "first", first.ask("STOCK.HOLD k j joe 1 WAIT 20000"), "")
		s.do("STOCK.RELEASE k i")
		wantAnswer(t, "first", first.look(), fmt.Sprintf("HELD 5 %d", s.nowMs+600000))
		if n := s.engine.Waiting(); n != 0 {
			t.Errorf("%d still wait", n)
		}
	}
}
