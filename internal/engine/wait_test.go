// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"stampede/internal/reply"
	"stampede/internal/seedtest"
)

// TestQueueIsServedInOrderOverShards: who has come first is served first, whatever shards
// its other keys are on, also where the list is pushed to and popped from in one batch.
func TestQueueIsServedInOrderOverShards(t *testing.T) {
	for _, shards := range []int{1, 2, 8} {
		s := newStore(t, shards)
		var all []*buyer
		for i := range 40 {
			b := s.buyer()
			call := "BLPOP q 0"
			switch i % 4 {
			case 1:
				call = fmt.Sprintf("BLPOP other:%d q 0", i)
			case 2:
				call = fmt.Sprintf("BLMPOP 0 3 a:%d q b:%d RIGHT", i, i)
			case 3:
				call = fmt.Sprintf("BLMOVE q to:%d LEFT LEFT 0", i)
			}
			wantAnswer(t, call, b.ask(call), "")
			all = append(all, b)
		}
		for i, b := range all {
			// RPOP and LLEN are in the same batch: they come after those who wait.
			got := short(s.batch(fmt.Sprintf("RPUSH q e%d", i), "RPOP q", "LLEN q"))
			wantAnswer(t, "the batch", got, "1 $-1 0")
			if got := b.look(); !strings.HasSuffix(got, fmt.Sprintf("e%d", i)) {
				t.Fatalf("%d shards: number %d got %q", shards, i, got)
			}
		}
		if n := s.engine.Waiting(); n != 0 {
			t.Errorf("%d still wait", n)
		}
		for i := 3; i < 40; i += 4 {
			wantAnswer(t, "moved", short(s.do(fmt.Sprintf("LRANGE to:%d 0 -1", i))),
				fmt.Sprintf("e%d", i))
		}
	}
}

// batch runs calls as one pipeline.
func (s *store) batch(calls ...string) string {
	c := s.client()
	var b Batch
	for _, call := range calls {
		var argv [][]byte
		for word := range strings.FieldsSeq(call) {
			argv = append(argv, []byte(word))
		}
		b.Add(argv...)
	}
	var out reply.Buffer
	if o := c.runner.Do(c.session, &b, &out); o.Ran != len(calls) {
		s.t.Fatalf("%d of %d calls ran", o.Ran, len(calls))
	}
	return string(out.B)
}

// TestWhoWaitsLeavesNoTrace: a connection that ends, a time that is over and CLIENT UNBLOCK
// leave queues as if nobody had come.
func TestWhoWaitsLeavesNoTrace(t *testing.T) {
	for _, shards := range []int{1, 4} {
		s := newStore(t, shards)
		gone, late, next := s.buyer(), s.buyer(), s.buyer()
		wantAnswer(t, "gone", gone.ask("BLPOP q x y 0"), "")
		wantAnswer(t, "late", late.ask("BLMOVE q z LEFT LEFT 0.5"), "")
		wantAnswer(t, "next", next.ask("BZPOPMIN q z 2"), "")
		s.engine.Abandon(gone.waiter)
		s.nowMs += 499
		wantAnswer(t, "not yet", late.look(), "")
		s.nowMs++
		wantOver(t, late)
		s.do("RPUSH q a")
		wantAnswer(t, "a list", next.look(), "")
		s.nowMs += 10
		s.do("DEL q", "ZADD q 1 m")
		wantAnswer(t, "next", next.look(), "q m 1")
		wantAnswer(t, "again", next.ask("BRPOP q 0"), "")
		if !next.waiter.Unblock(true) || next.waiter.Unblock(true) {
			t.Error("UNBLOCK works once")
		}
		wantAnswer(t, "unblocked", next.look(), "-"+string(errUnblocked))
		wantAnswer(t, "its element stays", short(s.do("RPUSH q a", "LRANGE q 0 -1")), "1 a")
		if n := s.engine.Waiting(); n != 0 {
			t.Errorf("%d still wait", n)
		}
		for i, queues := range s.engine.waits {
			if len(queues) > 0 {
				t.Errorf("shard %d: %d queues are left", i, len(queues))
			}
		}
	}
}

// wantOver wants the call of b to have been answered with a null array.
func wantOver(t *testing.T, b *buyer) {
	t.Helper()
	if b.look(); b.waiter != nil || string(b.out.B) != "*-1\r\n" {
		t.Errorf("got %q, waits on: %v", b.out.B, b.waiter != nil)
	}
}

// TestTriesDoNotProlongAWait: a call that was tried in vain gives up when it said it would.
func TestTriesDoNotProlongAWait(t *testing.T) {
	s := newStore(t, 2)
	b := s.buyer()
	wantAnswer(t, "b", b.ask("BLPOP q 1"), "")
	until := s.nowMs + 1000
	for range 9 {
		s.nowMs += 100
		s.do("SET q text", "DEL q", "MULTI", "RPUSH q a", "LPOP q", "EXEC")
		wantAnswer(t, "in vain", b.look(), "")
	}
	if got := b.waiter.NextMs(); got != until {
		t.Errorf("gives up at %d, want %d", got, until)
	}
	s.nowMs = until
	wantOver(t, b)
}

// TestEveryElementIsPoppedOnce: many push and many wait, over many queues and shards; each
// element comes out once, and what one pusher pushed to one queue in its order.
func TestEveryElementIsPoppedOnce(t *testing.T) {
	const queues, pushers, poppers, each = 5, 3, 6, 400
	s := newStore(t, 8)
	var got [poppers][]string
	var pushing, popping sync.WaitGroup
	for p := range poppers {
		b := s.buyer()
		rng := rand.New(rand.NewPCG(seedtest.Of(t), uint64(p)))
		popping.Go(func() {
			for {
				var call strings.Builder
				call.WriteString("BLPOP")
				for _, q := range rng.Perm(queues)[:1+rng.IntN(queues)] {
					fmt.Fprintf(&call, " q%d", q)
				}
				call.WriteString(" end 0")
				answer := b.ask(call.String())
				for b.waiter != nil {
					runtime.Gosched()
					answer = b.look()
				}
				if answer == "end x" {
					return
				}
				got[p] = append(got[p], answer)
			}
		})
	}
	for p := range pushers {
		b := s.buyer()
		rng := rand.New(rand.NewPCG(seedtest.Of(t), uint64(100+p)))
		pushing.Go(func() {
			for i := range each {
				b.ask(fmt.Sprintf("RPUSH q%d %d:%d", rng.IntN(queues), p, i))
			}
		})
	}
	pushing.Wait()
	// What nobody took yet is taken before the end is told, as it stands behind no key of it.
	left := s.buyer()
	var all []string
	for q := range queues {
		for {
			e := left.ask(fmt.Sprintf("LPOP q%d", q))
			if e == "$-1" {
				break
			}
			all = append(all, fmt.Sprintf("q%d %s", q, e))
		}
	}
	for range poppers {
		left.ask("RPUSH end x")
	}
	popping.Wait()
	for p := range poppers {
		all = append(all, got[p]...)
	}
	if len(all) != pushers*each {
		t.Errorf("%d elements came out of %d", len(all), pushers*each)
	}
	slices.Sort(all)
	if n := len(slices.Compact(slices.Clone(all))); n != len(all) {
		t.Errorf("%d elements came out twice", len(all)-n)
	}
	if n := s.engine.Waiting(); n != 0 {
		t.Errorf("%d still wait", n)
	}
}
