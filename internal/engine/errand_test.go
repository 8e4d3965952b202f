// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"stampede/internal/command"
	"stampede/internal/reply"
)

// errandBook has errands that run until they are told to end.
type errandBook struct {
	*store
	mu    sync.Mutex
	began []string
	ends  map[string]chan struct{}
}

func newErrandBook(t *testing.T) *errandBook {
	return &errandBook{store: newStore(t, 4), ends: map[string]chan struct{}{}}
}

// begin lets an errand begin that has the given keys, or wait for its turn.
func (b *errandBook) begin(name string, keys ...string) (w *Waiter, ok bool) {
	end := make(chan struct{})
	b.mu.Lock()
	b.ends[name] = end
	b.mu.Unlock()
	w = &Waiter{keys: keys, errand: func(ctx context.Context, _ command.Home, out *reply.Buffer) {
		b.mu.Lock()
		b.began = append(b.began, name)
		b.mu.Unlock()
		select {
		case <-end:
			out.OK()
		case <-ctx.Done():
			out.Fail("ERR it has given up")
		}
	}}
	w.ctx, w.cancel = context.WithCancel(b.engine.errands.ctx)
	w.call.Session = b.session
	return w, b.engine.begin(w)
}

// run is how many run, and how many wait for their turn.
func (b *errandBook) run() (run, wait int) {
	s := &b.engine.errands
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.run, len(s.queue)
}

// wantBegun waits until so many have begun, and wants the last ones to be those.
func (b *errandBook) wantBegun(n int, last ...string) {
	b.t.Helper()
	var began []string
	for len(began) < n {
		runtime.Gosched()
		b.mu.Lock()
		began = slices.Clone(b.began)
		b.mu.Unlock()
	}
	got := began[n-len(last):]
	slices.Sort(got)
	if len(began) != n || !slices.Equal(got, last) {
		b.t.Fatalf("%d have begun, the last are %v, want %d and %v", len(began), got, n, last)
	}
}

// answer waits for the reply of an errand.
func (b *errandBook) answer(w *Waiter) string {
	var out reply.Buffer
	for {
		if _, done := b.runner.Finish(w, &out); done {
			return strings.TrimSpace(string(out.B))
		}
		runtime.Gosched()
	}
}

// TestErrandsTakeTurns: no more than some run at once, no two that have the same key, and the
// others begin in order.
func TestErrandsTakeTurns(t *testing.T) {
	b := newErrandBook(t)
	a, _ := b.begin("a", "x", "y")
	again, _ := b.begin("again", "z", "y")
	_, _ = b.begin("third", "z")
	b.wantBegun(2, "a", "third")
	close(b.ends["third"])
	close(b.ends["a"])
	wantAnswer(t, "a", b.answer(a), "+OK")
	b.wantBegun(3, "again")
	close(b.ends["again"])
	wantAnswer(t, "again", b.answer(again), "+OK")

	var first *Waiter
	for i := range errandsMax {
		if w, _ := b.begin(fmt.Sprint("many", i)); i == 0 {
			first = w
		}
	}
	b.wantBegun(3 + errandsMax)
	next, _ := b.begin("next")
	last, _ := b.begin("last")
	if run, wait := b.run(); run != errandsMax || wait != 2 {
		t.Errorf("%d run, %d wait", run, wait)
	}
	close(b.ends["many0"])
	b.wantBegun(4+errandsMax, "next")
	b.engine.Abandon(last)
	b.engine.Abandon(next) // it runs, and goes on
	close(b.ends["next"])
	wantAnswer(t, "next", b.answer(next), "+OK")
	wantAnswer(t, "the first", b.answer(first), "+OK")
	if n := b.engine.Waiting(); n != errandsMax-1 {
		t.Errorf("%d are under way", n)
	}
	b.wantBegun(4 + errandsMax)
}

// TestErrandsAreBounded: beyond some that wait an errand is refused; who is called back while it
// waits gives up at once; at the end all do.
func TestErrandsAreBounded(t *testing.T) {
	b := newErrandBook(t)
	var waiters []*Waiter
	for i := range errandsMax + errandWait {
		w, ok := b.begin(fmt.Sprint(i))
		if waiters = append(waiters, w); !ok {
			t.Fatalf("number %d is refused", i)
		}
	}
	if _, ok := b.begin("too many"); ok {
		t.Error("one too many waits")
	}
	if !b.engine.callBack(waiters[100], true) || !b.engine.callBack(waiters[0], false) ||
		b.engine.callBack(waiters[0], true) {
		t.Error("they cannot be called back once")
	}
	wantAnswer(t, "one that waited", b.answer(waiters[100]), "-"+string(errUnblocked))
	wantAnswer(t, "one that ran", b.answer(waiters[0]), "-ERR it has given up")
	if b.engine.callBack(waiters[0], true) {
		t.Error("what is done was called back")
	}
	b.engine.errands.end()
	if run, wait := b.run(); run != 0 || wait != 0 {
		t.Errorf("%d run, %d wait at the end", run, wait)
	}
	wantAnswer(t, "the last", b.answer(waiters[len(waiters)-1]), "-ERR it has given up")
	if _, ok := b.begin("late"); ok {
		t.Error("one begins after the end")
	}
}

// TestErrandsRespectPauses: what an errand writes waits for the end of CLIENT PAUSE.
func TestErrandsRespectPauses(t *testing.T) {
	b := newErrandBook(t)
	b.want("+OK\r\n+OK\r\n", "SET k v", "CLIENT PAUSE 1000 WRITE")
	owned := make(chan struct{})
	h := home{engine: b.engine}
	go func() {
		h.Own([][]byte{[]byte("k")}, func(tx command.Tx) { tx.DB(0, []byte("k")).Delete([]byte("k")) })
		close(owned)
	}()
	b.want("$1\r\nv\r\n", "GET k")
	select {
	case <-owned:
		t.Error("it writes during a pause")
	default:
	}
	b.want("$1\r\nv\r\n+OK\r\n", "GET k", "CLIENT UNPAUSE")
	<-owned
	b.want("$-1\r\n", "GET k")
}
