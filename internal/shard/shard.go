// SPDX-License-Identifier: Apache-2.0

// Package shard is one slice of the keyspace and the right to touch it.
//
// # Ownership
//
// Everything under a Shard (its keyspace, the values in it) is touched only by whoever
// owns it: between [Shard.Own] and [Shard.Release], on the goroutine that called Own. This
// lock is the only one; nothing under it has another. Who needs several shards owns them
// in ascending order (package txn), so owners never wait for each other in a circle.
//
// # The journal
//
// What an owner changed is one record of the journal, appended before it lets go: so the
// order of the records is the order of the owners, and whoever owns the shard next can be
// told by what position it is durable that there is what it sees.
//
// # Time
//
// The time comes in with Own and never goes back, whatever the machine's clock does.
package shard

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"stampede/internal/effect"
	"stampede/internal/journal"
	"stampede/internal/keyspace"
)

// Shard is one slice of the keyspace.
type Shard struct {
	mu    sync.Mutex
	space *keyspace.Space
	used  atomic.Int64 // see Used

	log     *journal.Log     // nil: nothing is kept
	effects effect.Buffer    // of the present owner
	last    journal.Position // of the last change

	tell   Teller           // nil: nobody wants to know
	events []keyspace.Event // scratch
	chore  Chore            // nil: there is none

	_ [24]byte // keep neighbours off this lock's cache line
}

// Teller is told what happened to keys, in order, before the next owner is let in. Nobody may
// see it before the journal is durable up to at. It must not keep the list.
type Teller func(events []keyspace.Event, at journal.Position)

// New returns a shard with an empty keyspace.
func New(o keyspace.Options) (*Shard, error) {
	space, err := keyspace.New(o)
	if err != nil {
		return nil, err
	}
	s := &Shard{space: space}
	s.used.Store(space.Used())
	return s, nil
}

// Own waits until nobody else owns the shard and returns its keyspace, which is the
// caller's until [Shard.Release]. nowMs is the Unix time of the calls that follow.
func (s *Shard) Own(nowMs int64) *keyspace.Space {
	s.mu.Lock()
	s.begin(nowMs)
	return s.space
}

// begin begins an ownership.
func (s *Shard) begin(nowMs int64) {
	s.space.Advance(nowMs)
	s.space.Frozen = s.log != nil && s.log.Failed() != nil
}

// TryOwn is Own for who must not wait; ok is false if somebody owns the shard.
func (s *Shard) TryOwn(nowMs int64) (space *keyspace.Space, ok bool) {
	if !s.mu.TryLock() {
		return nil, false
	}
	s.begin(nowMs)
	return s.space, true
}

// How OwnUnless waits: first it looks again and again, for about as long as a script takes;
// then it lets other threads run, because the owner's may wait for the processor; then it
// sleeps in between. (Letting goroutines run instead costs the thread of an event loop, which
// is locked, two switches of threads each time: twice the processor time of a script.)
const (
	spins    = 2000
	yields   = 64
	sleepFor = 50 * time.Microsecond
)

// OwnUnless is Own for who must not wait for ever: ok is false once giveUp says so.
func (s *Shard) OwnUnless(nowMs int64, giveUp func() bool) (space *keyspace.Space, ok bool) {
	for range spins {
		if space, ok = s.TryOwn(nowMs); ok {
			return space, true
		}
	}
	for tries := 0; ; tries++ {
		if space, ok = s.TryOwn(nowMs); ok || giveUp() {
			return space, ok
		}
		if tries < yields {
			yield()
		} else {
			time.Sleep(sleepFor)
		}
	}
}

// How OwnPolitely waits: it looks now and then, and after a while it waits its turn.
const (
	looks     = 400
	lookAfter = 50 * time.Microsecond
)

// OwnPolitely is Own for work that has time: it takes the shard when nobody has it, so that
// no call finds the next owner chosen already.
func (s *Shard) OwnPolitely(nowMs int64) *keyspace.Space {
	for range looks {
		if space, ok := s.TryOwn(nowMs); ok {
			return space
		}
		Pause(lookAfter)
	}
	return s.Own(nowMs)
}

// Keep lets the journal have all changes from now on. The shard must be owned.
func (s *Shard) Keep(log *journal.Log) {
	s.log = log
	s.space.Effects = &s.effects
}

// Tell lets somebody know of all events from now on. It may be called once, while nobody else
// uses the shard.
func (s *Shard) Tell(tell Teller) { s.tell = tell }

// Chore is work on a shard that all its owners do a little of before they let go.
type Chore interface {
	// Step does some of it, for some microseconds; false if nothing is left. It changes
	// nothing that an effect would tell.
	Step(space *keyspace.Space) (more bool)
}

// Attach lets owners do some of a chore from now on; nil: of none. The shard must be owned.
func (s *Shard) Attach(c Chore) { s.chore = c }

// letGo lets the next owner in.
func (s *Shard) letGo() {
	if s.chore != nil && !s.chore.Step(s.space) {
		s.chore = nil
	}
	s.Publish()
	s.mu.Unlock()
}

// Release appends what was changed to the journal and lets the next owner in. It returns
// the position of the shard's last change, and whether that was a change of this owner.
func (s *Shard) Release() (last journal.Position, changed bool) {
	if changed = s.effects.Len() > 0; changed {
		s.last = s.log.Append(s.effects.Bytes())
		s.effects.Reset()
	}
	last = s.last
	if s.space.HasEvents() {
		s.tellEvents()
	}
	s.letGo()
	return last, changed
}

func (s *Shard) tellEvents() {
	s.events = s.space.TakeEvents(s.events[:0])
	if s.tell != nil {
		s.tell(s.events, s.last)
	}
	clear(s.events)
}

// Gather lets a transaction that owns the shard have what it changes, instead of the
// shard. [Shard.ReleaseAt] must end that ownership.
func (s *Shard) Gather(effects *effect.Buffer) {
	if s.log != nil {
		s.space.Effects = effects
	}
}

// ReleaseAt is Release for a transaction that has appended its changes itself, at position
// p; 0: there were none.
func (s *Shard) ReleaseAt(p journal.Position) (last journal.Position) {
	s.last = max(s.last, p)
	last = s.last
	if s.log != nil {
		s.space.Effects = &s.effects
	}
	s.letGo()
	return last
}

// Last is the position of the shard's last change, while it is owned.
func (s *Shard) Last() journal.Position { return s.last }

// Publish brings [Shard.Used] up to date while the shard is owned.
func (s *Shard) Publish() { s.used.Store(s.space.Used()) }

// Used is what the shard's keyspace used when its last owner let go, in bytes. Anyone may
// ask.
func (s *Shard) Used() int64 { return s.used.Load() }

// Step does some of the work that nobody asks for: it removes keys whose deadline has
// passed and frees what was dropped, one step of each, so that a call waits for a fraction
// of a millisecond at most. It tells whether there is more of it.
func (s *Shard) Step(nowMs int64, expire bool) (more bool) {
	space := s.Own(nowMs)
	defer s.Release()
	space.ReckonBigs()
	more = space.FreeStep()
	more = space.SweepLocks() || more
	if expire {
		more = space.SweepStocks() || more
		more = space.ExpireStep() || more
		more = space.ExpireFieldsStep() || more
	}
	return more
}

var errOwned = errors.New("shard: closed while somebody owns it")

// Close gives the memory back; nobody may own the shard any more.
func (s *Shard) Close() error {
	if !s.mu.TryLock() {
		return errOwned
	}
	defer s.mu.Unlock()
	return s.space.Close()
}
