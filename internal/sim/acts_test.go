// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"errors"

	"stampede/internal/journal"
	"stampede/internal/keyspace"
	"stampede/internal/persist"
)

// act lets one thing happen.
func (w *world) act() {
	w.counts.acts++
	switch n := w.rng.IntN(100); {
	case n < 50:
		w.call()
	case n < 60:
		w.books.act(w)
	case n < 68:
		w.till.act(w)
	case n < 74:
		w.pass()
	case n < 80:
		w.engine.Step()
	case n < 84:
		w.save()
	case n < 90:
		w.flush()
	case n < 93:
		w.breakDisk([]int{0, 0, 5, 30, 100}[w.rng.IntN(5)])
	case n < 95:
		w.disk.SetSpace([]int64{-1, 0, 2000, 20_000}[w.rng.IntN(4)])
	case n < 97:
		w.log.SetFsync(journal.Fsync(w.rng.IntN(3)))
	case n < 98:
		w.repair()
	case n < 99 || w.rng.IntN(2) == 0:
		w.call()
	default:
		w.cut()
	}
	w.pull()
	if w.rng.IntN(4) == 0 {
		w.compare("while it ran")
	}
}

// party is a client who may call now: while a snapshot is written, one of those who do not
// wait for it.
func (w *world) party() *client {
	if w.saving {
		return w.parties[3+w.rng.IntN(2)]
	}
	return w.parties[w.rng.IntN(3)]
}

// call lets a client do random calls, and what a server does behind them.
func (w *world) call() {
	c, failed := w.party(), w.log.Failed() != nil
	before, turned := w.log.End(), w.turned
	o := c.do(w.draw.calls()...)
	c.session.Closing = false
	alone := !w.saving && w.turned == turned && !w.evicting
	if after := w.log.End(); alone && !failed && after > before && !o.Changed {
		w.t.Errorf("the journal has grown by %d bytes, and the outcome does not say so", after-before)
	}
	if o.Seen > w.log.End() {
		w.t.Errorf("seen %d, but the journal ends at %d", o.Seen, w.log.End())
	}
	w.commit()
}

// commit ends a round of calls as a server does.
func (w *world) commit() {
	if w.dead || w.rng.IntN(4) == 0 {
		return
	}
	end := w.log.End()
	if w.log.Commit() && w.log.Durable() < end {
		w.t.Error("Commit is true too early")
	}
	w.noteFailure()
}

func (w *world) noteFailure() {
	if err := w.log.Failed(); err != nil {
		w.counts.failures++
		if !excused(err) {
			w.t.Errorf("the journal fails: %v", err)
		}
	}
}

// flush makes everything durable, as the second does with everysec.
func (w *world) flush() {
	end := w.log.End()
	if err := w.log.Flush(w.t.Context()); err == nil && w.log.Durable() < end {
		w.t.Error("Flush is nil too early")
	}
	w.noteFailure()
}

// seal remembers what the twin does not look into.
func (w *world) seal() {
	w.sealed, w.sealedMs = w.reader.sealed(w.t), w.clock()
}

// jumpMs is by how much the clock may be set, forward or back.
const jumpMs = 60 * 60 * 1000

// pass lets time go by: a moment or, as when a machine sleeps, a long while. Sometimes the
// clock is set.
func (w *world) pass() {
	step := w.rng.Int64N(2000)
	if w.rng.IntN(5) == 0 {
		step = w.rng.Int64N(60_000)
	}
	if w.rng.IntN(12) == 0 {
		step = w.rng.Int64N(2*jumpMs) - jumpMs
	}
	w.nowMs = max(w.nowMs+step, beginMs)
}

// repair gives the disk back; the store must recover without a restart.
func (w *world) repair() {
	w.breakDisk(0)
	w.disk.SetSpace(-1)
	if err := w.log.Flush(w.t.Context()); err != nil {
		w.t.Errorf("the disk works and the journal does not: %v", err)
	}
	if w.log.Durable() < w.log.End() || w.log.Failed() != nil {
		w.t.Error("not everything became durable again")
	}
}

// turns is a context whose user lets others have their turn whenever it asks for the end.
type turns struct {
	context.Context
	turn func()
}

// Err gives a turn.
func (c turns) Err() error {
	c.turn()
	return c.Context.Err()
}

// save writes a snapshot, while other clients go on.
func (w *world) save() {
	if w.saving {
		return
	}
	w.saving = true
	err := w.engine.Store().Save(turns{w.t.Context(), w.turn})
	w.saving = false
	if err == nil {
		w.counts.snapshots++
		w.lookAtSnapshot()
	} else if !excused(err) && !errors.Is(err, keyspace.ErrCutLost) {
		w.t.Errorf("save: %v", err)
	}
}

// turn lets others call between two steps of a snapshot.
func (w *world) turn() {
	w.turned++
	for range w.rng.IntN(3) {
		if w.dead {
			return
		}
		switch n := w.rng.IntN(50); {
		case n < 25:
			w.call()
		case n < 35:
			w.books.act(w)
			w.till.act(w)
		case n < 38:
			w.flush()
		case n < 40:
			w.engine.Step()
		case n < 41:
			w.breakDisk([]int{0, 30, 100}[w.rng.IntN(3)])
		case n < 42:
			w.cut()
		case n < 43:
			if err := w.engine.Store().Save(w.t.Context()); !errors.Is(err, persist.ErrSaving) {
				w.t.Errorf("two snapshots at once: %v", err)
			}
		}
	}
	w.pull()
}

// cut cuts the power.
func (w *world) cut() {
	if w.dead {
		return
	}
	w.pull()
	w.counts.cuts++
	w.seal()
	w.promised, w.ended = w.log.Durable(), w.log.End()
	w.books.end(w)
	w.disk.Hook(nil)
	w.dead, w.share = true, 0
	w.disk = w.disk.Crash()
}

// end ends the process, if the power does not have done it yet.
func (w *world) end() {
	defer func() {
		if err := w.engine.Free(); !excused(err) && !w.dead {
			w.t.Errorf("free: %v", err)
		}
		w.engine = nil
	}()
	if w.dead || w.t.Failed() {
		return
	}
	w.compare("at the end")
	switch n := w.rng.IntN(10); {
	case n < 2:
		w.repair()
		w.pull()
		w.counts.closes++
		w.promised = w.log.End()
		w.books.end(w)
		if err := w.engine.Free(); err != nil {
			w.t.Errorf("free: %v", err)
		}
		w.dead, w.disk = true, w.disk.Crash()
	case n < 4:
		w.counts.kills++
		w.seal()
		w.promised, w.ended = max(w.log.Written(), w.log.Durable()), w.log.End()
		w.books.end(w)
		w.disk.Hook(nil)
		w.dead, w.share, w.disk = true, 0, w.disk.Kill()
	default:
		w.cut()
	}
}
