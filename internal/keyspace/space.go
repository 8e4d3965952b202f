// SPDX-License-Identifier: Apache-2.0

// Package keyspace is the keys of one shard: their values, their deadlines, who watches
// them and how recently they were used.
//
// A [Space] is one shard's part of all numbered databases; a [DB] is one of them. Every
// key is one block in the shard's arena, found through a table of 32-bit references
// (entry.go draws the block). Strings, integers and small collections lie inside that
// block; a large collection is an [object.Big] that the block names by number. So ten
// million keys are a few hundred pointers to the garbage collector.
//
// # Ownership
//
// A Space belongs to one shard and is used only by whoever owns that shard at the moment.
// It has no lock, starts no goroutine and reads no clock: the time of a group of calls
// comes in with [Space.Advance] and never goes back, so that the same calls give the same
// keyspace in a test, in a replay and in a simulator.
//
// # Views
//
// Bytes that a method returns are views into the arena unless its comment says otherwise:
// valid while the shard is owned and until the next change of that Space. What leaves is
// copied.
//
// # What is not here
//
// Which shard a key belongs to (package txn), what a command means (the families), and
// how a change reaches a disk or a replica.
package keyspace

import (
	"hash/maphash"
	"sync/atomic"

	"stampede/internal/assert"
	"stampede/internal/container/arena"
	"stampede/internal/effect"
	"stampede/internal/object"
	"stampede/internal/stock"
)

// Databases is the number of numbered databases, as the parameter of the same name.
const Databases = 16

// Options configure a Space. The zero value works.
type Options struct {
	ReserveBytes int64 // address space of the arena; 0: the arena's own default
	Limits       object.Limits

	// Order counts what becomes ready (see [Ready]). Spaces that one call can change together
	// share it; nil: the Space has one of its own.
	Order *atomic.Uint64

	StockFault stock.Fault // of tests: what stocks do wrong

	// Wanted says which events are collected (see [Event]). Spaces of one store share it; nil:
	// none are.
	Wanted *EventsWanted
}

// Space is the keys of one shard in all databases.
type Space struct {
	NowMs int64 // the time of the calls that run now; set by Advance, read by anyone
	Stats Stats // counters; see there

	// Effects takes what changes. Whoever owns the shard sets it; nil takes nothing. Calls
	// that own several Spaces give all of them the same one.
	Effects *effect.Buffer

	// Frozen says that nothing is to change which no call changes: a key whose deadline has
	// passed is not seen, but stays. Whoever owns the shard says so while the journal takes
	// nothing, which would keep the removals in memory.
	Frozen bool

	NoTouch bool // reads do not count as use of their keys; set by whoever runs a call

	Limits object.Limits // up to which size collections stay packed

	reserveBytes int64 // of addresses

	arena  *arena.Arena
	seed   maphash.Seed
	dbs    [Databases]*DB
	big    bigs
	policy Policy
	access uint32 // of a key that is written now; see access.go
	phase  uint32 // phaseFlag or 0: of keys that a cut has passed; see cut.go
	cut    *Cut   // under way, or nil

	replaying bool // see Replay

	locks []*Locks // of all databases that have any
	fence int64    // that new ones begin above

	lockClockMs int64 // that new ones begin at

	ready     []Ready        // see await.go
	order     *atomic.Uint64 // of what becomes ready and of events
	events    []Event        // see event.go
	wanted    *EventsWanted  // of the events
	desk      *JSONDesk      // of the documents
	stocks    stocks         // what stocks share
	fault     stock.Fault    // of tests
	stampRoom []byte         // see stamped
	digits    [2][24]byte    // the texts of integers that views were asked of
}

// Stats counts what happened in a Space since it was made or since they were reset.
type Stats struct {
	Hits, Misses int64 // lookups of reads
	Expired      int64 // keys removed because their deadline had passed
	Evicted      int64 // keys removed to keep memory below its limit
	Changes      int64 // changes since the start, never reset
}

// Used counts what calls looked up and changed.
func (s *Stats) Used() int64 { return s.Hits + s.Misses + s.Changes }

// New returns an empty Space.
func New(o Options) (*Space, error) {
	a, err := arena.New(o.ReserveBytes)
	if err != nil {
		return nil, err
	}
	if o.Limits == (object.Limits{}) {
		o.Limits = object.DefaultLimits()
	}
	if o.ReserveBytes == 0 {
		o.ReserveBytes = arena.ReserveBytesMax
	}
	if o.Order == nil {
		o.Order = new(atomic.Uint64)
	}
	if o.Wanted == nil {
		o.Wanted = new(EventsWanted)
	}
	s := &Space{reserveBytes: o.ReserveBytes, arena: a, seed: maphash.MakeSeed(), Limits: o.Limits,
		order: o.Order, wanted: o.Wanted, desk: newDesk(), fault: o.StockFault}
	for i := range s.dbs {
		s.dbs[i] = newDB(s, i)
	}
	return s, nil
}

// Close gives the memory back. The Space must not be used any more.
func (s *Space) Close() error { return s.arena.Close() }

// Advance tells what time it is, in Unix milliseconds. A time before the last one told
// changes nothing: the time of a keyspace never goes back.
func (s *Space) Advance(nowMs int64) {
	if nowMs > s.NowMs && !s.replaying {
		s.NowMs = nowMs
		s.access = s.newAccess()
	}
}

// Len is the number of keys in all databases.
func (s *Space) Len() (n int) {
	for _, db := range s.dbs {
		n += db.Len()
	}
	return n
}

// DB is database number n, 0 ≤ n < [Databases].
func (s *Space) DB(n int) *DB { return s.dbs[n] }

// Used is what counts against maxmemory, in bytes: the arena, locks, and what large
// collections hold beside it, as far as [Space.ReckonBigs] has seen. It costs nothing.
func (s *Space) Used() int64 { return s.arena.Used() + s.big.total + s.lockBytes() }

// Memory is how the memory of a Space is used, in bytes.
type Memory struct {
	Blocks   int64 // blocks of the arena in use: keys, values, members, tables
	Beside   int64 // what the arena and large collections hold on the Go heap
	Resident int64 // what the arena occupies: Blocks and the gaps between them
}

// Memory measures. Cost: that of [arena.Arena.Stats].
func (s *Space) Memory() Memory {
	stats := s.arena.Stats()
	return Memory{
		Blocks: stats.Used, Resident: stats.Resident, Beside: stats.Beside + s.big.total +
			s.desk.Names.Bytes(),
	}
}

// Arena is where large collections keep their parts. Only the types of package object
// and the methods of this package may use it.
func (s *Space) Arena() *arena.Arena { return s.arena }

// Seed is the seed of every hash table of this Space.
func (s *Space) Seed() maphash.Seed { return s.seed }

// check walks everything and panics where an invariant does not hold. Cost: O(keys).
func (s *Space) check() {
	for i, db := range s.dbs {
		assert.That(db.index == i, "keyspace: database under a wrong number")
		db.check()
	}
}
