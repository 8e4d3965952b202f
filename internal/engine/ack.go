// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"stampede/internal/config"
	"stampede/internal/family/stock"
	"stampede/internal/journal"
	"stampede/internal/reply"
	"stampede/internal/session"
)

// Ledger is what an engine knows of the database of record. All of it may be called by
// anyone and does not wait.
type Ledger interface {
	stock.Ledger
	// Position is up to where of the journal nothing is missing there.
	Position() journal.Position
}

// SetLedger lets sales wait for a ledger. It comes before the first call.
func (e *Engine) SetLedger(l Ledger) { e.acks.ledger.Store(&l) }

// LedgerChanged is to be called when more stands in the ledger, and when it has ended. Anyone
// may call it; it does not wait.
func (e *Engine) LedgerChanged() { e.acks.look() }

// EndLedger is to be called when nothing follows the journal any more, as at the end of the
// process: whoever waits for it is answered.
func (e *Engine) EndLedger() {
	e.acks.ended.Store(true)
	e.acks.look()
}

// acks are the connections whose replies wait for the ledger. A connection that has sold
// something with ACK LEDGER runs on to the end of its batch, as far as its calls need one
// shard each, and then is a [Waiter] that keeps all replies from the first such call on.
type acks struct {
	ledger atomic.Pointer[Ledger] // nil: there is none
	ended  atomic.Bool

	mu      sync.Mutex // guards what follows
	waiting map[*Waiter]struct{}
}

// get is the ledger, or nil.
func (a *acks) get() Ledger {
	if l := a.ledger.Load(); l != nil {
		return *l
	}
	return nil
}

// ofStock is the ledger as the family of stocks sees it, or nil.
func (a *acks) ofStock() stock.Ledger {
	if l := a.ledger.Load(); l != nil {
		return *l
	}
	return nil
}

// hopeless tells whether nothing more will come.
func (a *acks) hopeless() bool { return a.ended.Load() || a.get().Failed() != nil }

// look wakes those who need not wait any more.
func (a *acks) look() {
	at, all := a.get().Position(), a.hopeless()
	var done []*Waiter
	a.mu.Lock()
	for w := range a.waiting {
		if all || w.lastMark() <= at {
			delete(a.waiting, w)
			done = append(done, w)
		}
	}
	a.mu.Unlock()
	for _, w := range done {
		w.done.Store(true)
		w.call.Session.Public.Wake()
	}
}

// add lets a waiter be woken. If it need not wait it is done.
func (a *acks) add(w *Waiter) {
	a.mu.Lock()
	if a.waiting == nil {
		a.waiting = map[*Waiter]struct{}{}
	}
	a.waiting[w] = struct{}{}
	a.mu.Unlock()
	if a.hopeless() || w.lastMark() <= a.get().Position() {
		a.remove(w)
		w.done.Store(true)
		w.call.Session.Public.Wake()
	}
}

func (a *acks) remove(w *Waiter) {
	a.mu.Lock()
	delete(a.waiting, w)
	a.mu.Unlock()
}

func (a *acks) len() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.waiting)
}

// mark is a reply that must not be seen before the ledger has come to a position. It stands
// in the replies of its batch or of its waiter.
type mark struct {
	start, end int
	seen       journal.Position
}

// mark notes that the reply which begins at position at waits for the ledger.
func (r *Runner) mark(at int, out *reply.Buffer) {
	r.marks = append(r.marks, mark{start: at, end: out.Len()})
}

// place says where the journal was when the calls behind the first n marks had run, and
// forgets those whose replies nobody wants.
func (r *Runner) place(n int, out *reply.Buffer) {
	kept := r.marks[:n]
	for _, m := range r.marks[n:] {
		if m.end <= out.Len() {
			m.seen = max(r.seen, r.tx.Seen)
			kept = append(kept, m)
		}
	}
	r.marks = kept
}

// mayFollow tells whether a call may run though a reply before it waits for the ledger: it
// neither waits for anything else nor ends the connection.
func (r *Runner) mayFollow(p *plan) bool {
	return p.shard != none || p.queue || p.refusal != "" || isExec(p.row) || acknowledges(p.row)
}

// awaitLedger takes the replies from the first mark on out of the replies of the batch; nil:
// the ledger has all of them.
func (r *Runner) awaitLedger(s *session.Session, out *reply.Buffer, seen journal.Position) *Waiter {
	at := r.engine.acks.get().Position()
	if !slices.ContainsFunc(r.marks, func(m mark) bool { return m.seen > at }) {
		return nil
	}
	from := r.marks[0].start
	w := &Waiter{seen: seen, changed: true, marks: make([]mark, len(r.marks))}
	for i, m := range r.marks {
		w.marks[i] = mark{m.start - from, m.end - from, m.seen}
	}
	w.call.Session, w.call.NowMs, w.call.Durable = s, r.nowMs, true
	w.out.Proto, w.out.B = s.Proto, append(w.out.B, out.B[from:]...)
	out.Truncate(from)
	if ms := r.engine.config.Int(config.LedgerAckTimeout); ms > 0 {
		w.untilMs = r.nowMs + ms
	}
	s.Public.SetBlocked(w.Unblock)
	r.engine.acks.add(w)
	return w
}

// Acknowledging tells whether the calls of a waiter have run, and only their replies wait for
// the ledger. A nil waiter's have not.
func (w *Waiter) Acknowledging() bool { return w != nil && len(w.marks) > 0 }

// lastMark is where the ledger must be for all replies.
func (w *Waiter) lastMark() (p journal.Position) {
	for _, m := range w.marks {
		p = max(p, m.seen)
	}
	return p
}

// finishAck appends the replies of a waiter if they need not wait any more. Those that the
// ledger has not got are told so instead.
func (r *Runner) finishAck(w *Waiter, out *reply.Buffer) (o Outcome, done bool) {
	a, unblock := &r.engine.acks, w.unblock.Load()
	over := unblock != unblockNot || w.untilMs != 0 && r.nowMs >= w.untilMs
	if !w.done.Load() && !over {
		return Outcome{}, false
	}
	a.remove(w)
	w.done.Store(true)
	w.call.Session.Public.SetBlocked(nil)
	out.Proto = w.out.Proto
	at, from := a.get().Position(), 0
	for _, m := range w.marks {
		if m.seen <= at {
			continue
		}
		out.B = append(out.B, w.out.B[from:m.start]...)
		if from = m.end; unblock == unblockError {
			out.Fail(errUnblocked)
		} else {
			out.Fail(r.errLate(r.nowMs - w.call.NowMs))
		}
	}
	out.B = append(out.B, w.out.B[from:]...)
	return Outcome{Seen: w.seen, Changed: true, Durable: true}, true
}

// errLate is the answer to a sale that is in the journal and not in the ledger.
func (r *Runner) errLate(tookMs int64) reply.Error {
	why := fmt.Sprintf("PostgreSQL has not confirmed it within %d ms", tookMs)
	if err := r.engine.acks.get().Failed(); err != nil {
		why = "the ledger has ended (" + strings.TrimPrefix(err.Error(), "ledger: ") + ")"
	} else if r.engine.acks.ended.Load() {
		why = "the server ends before PostgreSQL has confirmed it"
	}
	return reply.Error("LEDGERWAIT the sale stands and is in the journal, but " + why +
		". It is not sold again by asking again: that answers ALREADY SOLD once the ledger has it.")
}
