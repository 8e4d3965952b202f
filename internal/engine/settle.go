// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"sync"
	"sync/atomic"

	"stampede/internal/command"
	"stampede/internal/journal"
	"stampede/internal/reply"
)

// settles are the calls of [command.Settled] that wait for the disk. Their loops serve others
// meanwhile.
type settles struct {
	count   atomic.Int64
	mu      sync.Mutex // guards what follows
	waiting map[*Waiter]struct{}
}

// settle runs a call of [command.Settled]: its waiter, if it waits, is r.waiter.
func (r *Runner) settle(do command.Settled, c *command.Call) {
	if do.Begin(c) {
		return
	}
	log := r.engine.log
	end := log.End()
	if c.InExec || log.Durable() >= end {
		do.End(c, log.Durable() >= end)
		return
	}
	w := &Waiter{call: *c, settled: do, seen: end, untilMs: c.Wait.UntilMs}
	w.call.Argv, w.call.Args, w.call.Reply = nil, command.Args{}, &w.out
	w.out.Proto = c.Session.Proto
	c.Session.Public.SetBlocked(w.Unblock)
	r.waiter = w
	r.engine.settles.add(w, log)
	log.Want(end)
}

// Settling tells whether what a waiter waits for is the disk. A nil waiter does not.
func (w *Waiter) Settling() bool { return w != nil && w.settled.End != nil }

func (s *settles) add(w *Waiter, log *journal.Log) {
	s.mu.Lock()
	if s.waiting == nil {
		s.waiting = map[*Waiter]struct{}{}
	}
	s.waiting[w] = struct{}{}
	s.count.Add(1)
	s.mu.Unlock()
	s.look(log.Durable()) // it may have come while nobody was told
}

func (s *settles) remove(w *Waiter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.waiting[w]; there {
		delete(s.waiting, w)
		s.count.Add(-1)
	}
}

// look wakes those whose changes are durable now.
func (s *settles) look(durable journal.Position) {
	if s.count.Load() == 0 {
		return
	}
	var done []*Waiter
	s.mu.Lock()
	for w := range s.waiting {
		if w.seen <= durable {
			delete(s.waiting, w)
			s.count.Add(-1)
			done = append(done, w)
		}
	}
	s.mu.Unlock()
	for _, w := range done {
		w.done.Store(true)
		w.call.Session.Public.Wake()
	}
}

// finishSettled answers a waiter whose changes are durable, or whose time is over.
func (r *Runner) finishSettled(w *Waiter, out *reply.Buffer) (o Outcome, done bool) {
	unblock := w.unblock.Load()
	over := unblock != unblockNot || w.untilMs != 0 && r.nowMs >= w.untilMs
	if !w.done.Load() && !over {
		return Outcome{}, false
	}
	r.engine.settles.remove(w)
	w.call.Session.Public.SetBlocked(nil)
	if unblock == unblockError && !w.done.Load() {
		w.out.Fail(errUnblocked)
	} else {
		w.settled.End(&w.call, w.done.Load())
	}
	w.done.Store(true)
	out.B = append(out.B, w.out.B...)
	return Outcome{}, true
}
