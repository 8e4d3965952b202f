// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"sync"

	"stampede/internal/family/transactions"
	"stampede/internal/session"
	"stampede/internal/txn"
)

// caretaker does what is left to do for connections that have ended: whoever closes one may
// have no Runner at hand. While a script runs long it leaves that to the next Step.
type caretaker struct {
	mu     sync.Mutex // not waited for by whoever owns a shard, unless a script runs long
	runner *Runner
}

// takeCare runs do with the shards of set owned by the runner's tx. It is false if a script
// that runs long owns one.
func (e *Engine) takeCare(set txn.Set, do func(r *Runner)) bool {
	e.ending.mu.Lock()
	defer e.ending.mu.Unlock()
	if e.ending.runner == nil {
		e.ending.runner = e.NewRunner()
	}
	r := e.ending.runner
	r.nowMs = e.clock()
	if !e.shards.BeginUnless(&r.tx, set, r.nowMs, e.isScriptLong) {
		return false
	}
	do(r)
	r.endTx()
	return true
}

// Close forgets what the store knows of a session whose connection has ended, and ends the
// locks that it holds. A call of it that waits must have been abandoned before.
func (e *Engine) Close(s *session.Session) {
	if s.Mailbox != nil {
		e.hub.Close(s.Mailbox)
		s.Mailbox = nil
	}
	e.forget(s)
}

// forget lets go of the keys and locks of a session that has ended.
func (e *Engine) forget(s *session.Session) {
	if len(s.Watches.Keys()) == 0 && !s.Bound.Load() {
		return
	}
	closed := e.takeCare(e.shards.All(), func(r *Runner) {
		transactions.Unwatch(r.tx.Spaces(), &s.Watches)
		if s.Bound.Swap(false) {
			for _, space := range r.tx.Spaces() {
				space.EndSession(s.ID)
			}
		}
	})
	if !closed {
		e.later(func() { e.forget(s) })
	}
}

// unwatch lets a session look at no key any more.
func (e *Engine) unwatch(s *session.Session) {
	if len(s.Watches.Keys()) == 0 {
		return
	}
	unwatch := func(r *Runner) { transactions.Unwatch(r.tx.Spaces(), &s.Watches) }
	if !e.takeCare(e.shards.All(), unwatch) {
		e.later(func() { e.unwatch(s) })
	}
}

// Abandon forgets a waiter whose connection has ended.
func (e *Engine) Abandon(w *Waiter) {
	switch {
	case w.Acknowledging():
		e.acks.remove(w)
		return
	case w.Settling():
		e.settles.remove(w)
		return
	case w.errand != nil:
		e.errands.abandon(w)
		return
	case w.done.Load():
		return
	}
	abandoned := e.takeCare(w.set, func(r *Runner) {
		if w.queued {
			r.leave(&r.tx, w)
			r.markReady(w) // whoever stands behind it may be served now
		}
	})
	if !abandoned {
		e.later(func() { e.Abandon(w) })
	}
}

// later keeps what could not be done while a script ran long for the next Step.
func (e *Engine) later(do func()) {
	e.busy.mu.Lock()
	e.busy.later = append(e.busy.later, do)
	e.busy.mu.Unlock()
}

// doLater does what was kept, in its order.
func (e *Engine) doLater() {
	e.busy.mu.Lock()
	later := e.busy.later
	e.busy.later = nil
	e.busy.mu.Unlock()
	for _, do := range later {
		do()
	}
}

// fencesPerMs is how many fences can be given in a millisecond without one being given again
// after a crash.
const fencesPerMs = 1 << 10

// beginLocks lets fences go on from where they cannot have been in an earlier life, even if
// the last of its journal is lost, and ends the locks of its sessions. All tables go on from
// the latest time that any of them has seen: whoever holds one does so on any number of shards,
// also if the machine's clock was set back.
func (e *Engine) beginLocks() {
	var tx txn.Tx
	nowMs := e.clock()
	e.shards.Begin(&tx, e.shards.All(), nowMs)
	defer tx.End()
	latest := int64(0)
	for _, space := range tx.Spaces() {
		latest = max(latest, space.LockClock())
	}
	for _, space := range tx.Spaces() {
		space.RaiseLockClock(latest)
		space.RaiseFences(max(nowMs, latest) * fencesPerMs)
		space.EndSessions()
	}
}
