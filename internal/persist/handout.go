// SPDX-License-Identifier: Apache-2.0

package persist

import (
	"sync/atomic"
	"time"

	"stampede/internal/keyspace"
	"stampede/internal/shard"
)

// Sizes of the pieces that a snapshot is made of.
const (
	stepBytes    = 32 << 10 // handed out at once while nobody else wants the shard
	portionBytes = 64 << 10 // handed over, and written, at once

	// Whoever uses a shard hands out some of it before letting go: useBytes for each key
	// that was looked up or changed, so that the work stands in a proportion to the owner's
	// own, and stepBytesMax at most, which take some microseconds.
	useBytes     = 128
	stepBytesMax = 4 << 10

	// While more than waitingMax bytes wait behind a large collection, steps are hurry times as
	// large.
	waitingMax = 1 << 20
	hurry      = 4
)

const (
	portions       = 2       // of a shard: one is filled while the other is written
	portionKeepMax = 1 << 20 // the room that one keeps for its next use
)

// portion is what a shard has handed out and nobody has written yet.
type portion struct {
	bytes  []byte
	keys   int64 // that the shard has handed out so far
	inside bool  // what comes next of this shard belongs to a key that is in bytes
	more   bool
	err    error
}

// handout is the way of a shard's keys to the writer of the snapshot. All owners of the
// shard hand out, so that the writer seldom has to own it: an owner that loses the
// processor lets all calls wait.
//
// filling and what stands above it belong to whoever owns the shard; full and spare are
// the way over to the writer and back. Nobody waits for either.
type handout struct {
	cut     *keyspace.Cut
	used    int64 // how much the shard had been used at the last step
	over    bool  // the last portion has been handed over
	filling *portion

	full  chan *portion // for the writer
	spare chan *portion // written
	steps atomic.Int64  // that others than the writer have made
	seen  int64         // of steps, when the writer stepped last
}

func newHandout(space *keyspace.Space) *handout {
	h := &handout{
		cut: space.BeginCut(), used: space.Stats.Used(),
		full: make(chan *portion, 1), spare: make(chan *portion, portions),
	}
	for range portions {
		h.spare <- newPortion()
	}
	return h
}

// newPortion has room for what one step may bring beyond the size.
func newPortion() *portion {
	return &portion{bytes: make([]byte, 0, portionBytes+stepBytes), more: true}
}

// Step is a step of a user of the shard; see [shard.Chore].
func (h *handout) Step(space *keyspace.Space) (more bool) {
	used := space.Stats.Used()
	n := min(useBytes*(used-h.used), stepBytesMax)
	if h.cut.Waiting() > waitingMax {
		n *= hurry
	}
	if h.used = used; n > 0 {
		h.steps.Add(1)
		h.step(int(n))
	}
	return !h.over
}

// step hands out about n bytes, unless the writer has not fetched what was handed out
// before. The shard is owned.
func (h *handout) step(n int) {
	if h.over || h.filling == nil && !h.refill() {
		return
	}
	p := h.filling
	if p.more && p.err == nil && len(p.bytes) < portionBytes {
		p.bytes, p.inside, p.more, p.err = h.cut.Step(p.bytes, n)
		p.keys = h.cut.Keys
	}
	if last := !p.more || p.err != nil; last || len(p.bytes) >= portionBytes {
		select {
		case h.full <- p:
			h.filling, h.over = nil, last
		default: // the writer is behind
		}
	}
}

// refill fetches a portion that the writer has done with.
func (h *handout) refill() bool {
	select {
	case p := <-h.spare:
		if cap(p.bytes) > portionKeepMax {
			p = newPortion()
		}
		*p = portion{bytes: p.bytes[:0], more: true}
		h.filling = p
		return true
	default:
		return false
	}
}

// How the writer waits for a portion while a shard is in use: it looks now and then, and after
// some looks it hands out itself, because those who use the shard are few or slow.
const (
	fetchEvery = 200 * time.Microsecond
	fetches    = 8
)

// next waits for the next portion of a shard.
func (h *handout) next(s *shard.Shard) *portion {
	for tries := 0; ; tries++ {
		select {
		case p := <-h.full:
			return p
		default:
		}
		steps := h.steps.Load()
		if steps != h.seen && tries < fetches {
			shard.Pause(fetchEvery)
			continue
		}
		s.OwnPolitely(0)
		h.step(stepBytes)
		s.Release()
		h.seen, tries = steps, 0
	}
}

// done gives the memory of a portion back.
func (h *handout) done(p *portion) { h.spare <- p }
