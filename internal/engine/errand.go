// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"slices"
	"sync"
	"time"

	"stampede/internal/command"
	"stampede/internal/journal"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
	"stampede/internal/txn"
)

// Limits of errands: how many run at once, each on a goroutine of its own, and how many may wait
// for their turn.
const (
	errandsMax = 16
	errandWait = 1024
)

const (
	errManyErrands reply.Error = "ERR too many calls wait for other servers already"
	errMustStay    reply.Error = "ERR a call that waits for another server cannot be part of a " +
		"transaction or a script: its shards would have to wait, too"
)

// errands are the calls of [command.Leaving] that are under way. What an errand changes it
// changes as the owner of shards, for a moment; no shard and no event loop waits for it.
type errands struct {
	ctx    context.Context // of all of them
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu    sync.Mutex // guards what follows
	over  bool       // nothing begins any more
	run   int        // how many run
	queue []*Waiter  // those whose turn has not come, in order
	idle  []*Runner  // that nobody uses

	// The keys of those that run. An errand whose keys another one has does not begin: what
	// they do elsewhere would be mixed up.
	keys map[keyspace.WatchedKey]struct{}
}

// begin makes the errands ready.
func (s *errands) begin() { s.ctx, s.cancel = context.WithCancel(context.Background()) }

// end lets all errands give up and waits until they have.
func (s *errands) end() {
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	s.cancel()
	s.wg.Wait()
}

func (s *errands) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.run + len(s.queue)
}

// send lets the connection of c wait for an errand. The shards of c are still owned.
func (r *Runner) send(errand command.Errand, c *command.Call) {
	s := &r.engine.errands
	w := &Waiter{call: *c, errand: errand}
	w.call.Argv, w.call.Args, w.call.Reply = nil, command.Args{}, &w.out
	w.out.Proto = c.Session.Proto
	positions, _ := c.Row.Keys(c.Argv, nil)
	for _, at := range positions {
		w.keys = append(w.keys, string(c.Argv[at]))
	}
	w.ctx, w.cancel = context.WithCancel(s.ctx)
	c.Session.Public.SetBlocked(func(asError bool) bool { return r.engine.callBack(w, asError) })
	if !r.engine.begin(w) {
		w.cancel()
		c.Session.Public.SetBlocked(nil)
		c.Reply.Fail(errManyErrands)
		return
	}
	r.waiter = w
}

// begin lets an errand run, or wait for its turn. It is false if too many do.
func (e *Engine) begin(w *Waiter) bool {
	s := &e.errands
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || len(s.queue) >= errandWait {
		return false
	}
	s.queue = append(s.queue, w)
	e.startErrands()
	return true
}

// startErrands lets those run whose turn has come. s.mu is held.
func (e *Engine) startErrands() {
	s := &e.errands
	for i := 0; i < len(s.queue) && s.run < errandsMax; {
		w := s.queue[i]
		if s.isTaken(w) {
			i++
			continue
		}
		s.queue = slices.Delete(s.queue, i, i+1)
		e.start(w)
	}
}

// isTaken tells whether an errand that runs has one of the keys of w.
func (s *errands) isTaken(w *Waiter) bool {
	return slices.ContainsFunc(w.keys, func(key string) bool {
		_, taken := s.keys[keyspace.WatchedKey{DB: w.call.DB, Key: key}]
		return taken
	})
}

// start runs an errand. s.mu is held.
func (e *Engine) start(w *Waiter) {
	s := &e.errands
	if s.keys == nil {
		s.keys = make(map[keyspace.WatchedKey]struct{})
	}
	for _, key := range w.keys {
		s.keys[keyspace.WatchedKey{DB: w.call.DB, Key: key}] = struct{}{}
	}
	s.run++
	s.wg.Go(func() {
		e.runErrand(w)
		s.mu.Lock()
		for _, key := range w.keys {
			delete(s.keys, keyspace.WatchedKey{DB: w.call.DB, Key: key})
		}
		s.run--
		e.startErrands()
		s.mu.Unlock()
		w.done.Store(true)
		w.call.Session.Public.Wake()
	})
}

// runErrand runs an errand to its end.
func (e *Engine) runErrand(w *Waiter) {
	h := home{engine: e}
	w.errand(w.ctx, &h, &w.out)
	w.cancel()
	if w.unblock.Load() == unblockError && w.out.Len() > 0 && w.out.B[0] == '-' {
		w.out.Truncate(0)
		w.out.Fail(errUnblocked)
	}
	w.seen, w.changed = h.seen, h.changed
}

// take gives a Runner that nobody uses.
func (s *errands) take(e *Engine) *Runner {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.idle); n > 0 {
		r := s.idle[n-1]
		s.idle = s.idle[:n-1]
		return r
	}
	return e.NewRunner()
}

func (s *errands) give(r *Runner) {
	s.mu.Lock()
	s.idle = append(s.idle, r)
	s.mu.Unlock()
}

// remove takes an errand whose turn has not come out of the queue, and tells whether it was
// there.
func (s *errands) remove(w *Waiter) bool {
	i := slices.Index(s.queue, w)
	if i >= 0 {
		s.queue = slices.Delete(s.queue, i, i+1)
	}
	return i >= 0
}

// abandon forgets an errand whose connection has ended if it has not begun. One that has goes
// on: another server may have done its part already.
func (s *errands) abandon(w *Waiter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.remove(w) {
		w.cancel()
	}
}

// callBack is what CLIENT UNBLOCK does to an errand: it gives up now, also if its turn has not
// come, and answers what it answers when its time is over.
func (e *Engine) callBack(w *Waiter, asError bool) bool {
	want := unblockTimeUp
	if asError {
		want = unblockError
	}
	if w.done.Load() || !w.unblock.CompareAndSwap(unblockNot, want) {
		return false
	}
	w.cancel()
	s := &e.errands
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.remove(w) {
		w.keys = nil // it does nothing with them
		e.start(w)
	}
	return true
}

// finishErrand appends the reply of an errand that has come to its end.
func (r *Runner) finishErrand(w *Waiter, out *reply.Buffer) (o Outcome, done bool) {
	if !w.done.Load() {
		return Outcome{}, false
	}
	w.call.Session.Public.SetBlocked(nil)
	if w.out.B[0] == '-' {
		r.rec.Error(w.out.B)
	}
	out.B = append(out.B, w.out.B...)
	return Outcome{Seen: w.seen, Changed: w.changed}, true
}

// home is [command.Home] for one errand.
type home struct {
	engine  *Engine
	seen    journal.Position
	changed bool
}

// Refusal is why nothing may be written.
func (h *home) Refusal() reply.Error { return h.engine.writeRefusal() }

// Own runs do with the shards of keys owned.
func (h *home) Own(keys [][]byte, do func(tx command.Tx)) {
	var set txn.Set
	for _, key := range keys {
		set |= txn.One(h.engine.shards.Of(key))
	}
	r := h.engine.errands.take(h.engine)
	defer h.engine.errands.give(r)
	for !h.tryOwn(r, set, do) {
		pause := time.NewTimer(busyRetryMs * time.Millisecond)
		<-pause.C
	}
}

// tryOwn is false while writes are paused and while a script that runs long owns a shard. At
// the end of the process there is no client any more who could have paused anything.
func (h *home) tryOwn(r *Runner, set txn.Set, do func(tx command.Tx)) bool {
	e := h.engine
	r.nowMs = e.clock()
	if e.registry.PausedUntil(true, r.nowMs) > r.nowMs && e.errands.ctx.Err() == nil || !r.own(set) {
		return false
	}
	r.tx.Seen, r.tx.Changed = 0, false
	do(&r.tx)
	r.endTx()
	h.seen, h.changed = max(h.seen, r.tx.Seen), h.changed || r.tx.Changed
	return true
}
