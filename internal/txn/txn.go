// SPDX-License-Identifier: Apache-2.0

// Package txn finds the shards of a call's keys and owns several of them at once.
//
// Shards are owned in ascending order, so two transactions never wait for each other in a
// circle, and all that a transaction does lies between its last Own and its first Release:
// transactions are strictly serializable without a table of locks.
//
// What runs inside a transaction is the engine's and the families' business.
package txn

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/maphash"
	"math/bits"
	"slices"

	"stampede/internal/effect"
	"stampede/internal/journal"
	"stampede/internal/keyspace"
	"stampede/internal/pubsub"
	"stampede/internal/shard"
	"stampede/internal/slot"
)

// ShardsMax is the most shards there can be: a set of them is one word.
const ShardsMax = 64

// Set is a set of shards: bit i stands for shard i.
type Set uint64

// Shards are all the shards of a store. It never changes after it was made.
type Shards struct {
	list []*shard.Shard
	seed maphash.Seed
	log  *journal.Log // nil: nothing is kept
	tell Teller       // nil: nobody wants to know
}

// Teller is told of the events and the messages of a transaction, each list in its order, under
// the terms of [shard.Teller]. By their orders the two are one list.
type Teller func(events []keyspace.Event, posts []Post, at journal.Position)

// Post is a message that a transaction publishes when it ends.
type Post struct {
	pubsub.Message
	Order uint64 // among the events, see [keyspace.Event]
}

// New makes n shards, 1 ≤ n ≤ [ShardsMax].
func New(n int, o keyspace.Options) (*Shards, error) {
	if n < 1 || n > ShardsMax {
		return nil, fmt.Errorf("txn: %d shards: want 1 to %d", n, ShardsMax)
	}
	s := &Shards{seed: maphash.MakeSeed()}
	for range n {
		one, err := shard.New(o)
		if err != nil {
			return nil, err
		}
		s.list = append(s.list, one)
	}
	return s, nil
}

// Keep lets the journal have all changes from now on. It may be called once, while nobody
// else uses the shards.
func (s *Shards) Keep(log *journal.Log) {
	s.log = log
	for _, one := range s.list {
		one.Own(0)
		one.Keep(log)
		one.Release()
	}
}

// Tell lets somebody know of all events and messages from now on. It may be called once, while
// nobody else uses the shards.
func (s *Shards) Tell(tell Teller) {
	s.tell = tell
	for _, one := range s.list {
		one.Tell(func(events []keyspace.Event, at journal.Position) { tell(events, nil, at) })
	}
}

// Len is the number of shards.
func (s *Shards) Len() int { return len(s.list) }

// Shard is shard number i.
func (s *Shards) Shard(i int) *shard.Shard { return s.list[i] }

// Of is the number of the shard that key belongs to: that of its hash tag if it has one.
func (s *Shards) Of(key []byte) int {
	if len(s.list) == 1 {
		return 0
	}
	if bytes.IndexByte(key, '{') >= 0 {
		key = slot.Tag(key)
	}
	hi, _ := bits.Mul64(maphash.Bytes(s.seed, key), uint64(len(s.list)))
	return int(hi)
}

// All is the set of all shards.
func (s *Shards) All() Set { return ^Set(0) >> (ShardsMax - len(s.list)) }

// One is the set of shard i alone.
func One(i int) Set { return 1 << i }

// Tx owns some shards. It belongs to the goroutine that made it.
type Tx struct {
	shards *Shards
	owned  Set
	spaces []*keyspace.Space // by shard; nil where not owned

	effects effect.Buffer // of all of them: one record, whole or not at all

	Posts  []Post           // are published when it ends
	events []keyspace.Event // scratch

	// Seen is up to where the journal must be durable before anything may be told of what
	// was seen or done, in this and in earlier uses of the Tx; Changed tells whether one of
	// them changed something. Whoever asks sets them back.
	Seen    journal.Position
	Changed bool
}

// Begin waits for all shards of set and owns them. tx may be one that has ended; its
// memory is used again. nowMs is the Unix time of the transaction; where a shard has seen
// a later time already, the latest of them counts for all.
func (s *Shards) Begin(tx *Tx, set Set, nowMs int64) { s.BeginUnless(tx, set, nowMs, nil) }

// BeginUnless is Begin for who must not wait for ever: it is false, and nothing is owned,
// once giveUp says so.
func (s *Shards) BeginUnless(tx *Tx, set Set, nowMs int64, giveUp func() bool) (ok bool) {
	tx.shards, tx.owned = s, 0
	if len(tx.spaces) != len(s.list) {
		tx.spaces = make([]*keyspace.Space, len(s.list))
	}
	for rest := set; rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros64(uint64(rest))
		if giveUp == nil {
			tx.spaces[i] = s.list[i].Own(nowMs)
		} else if tx.spaces[i], ok = s.list[i].OwnUnless(nowMs, giveUp); !ok {
			tx.End()
			return false
		}
		s.list[i].Gather(&tx.effects)
		tx.owned |= One(i)
		nowMs = max(nowMs, tx.spaces[i].NowMs)
	}
	for rest := set; rest != 0; rest &= rest - 1 {
		tx.spaces[bits.TrailingZeros64(uint64(rest))].Advance(nowMs)
	}
	return true
}

// End appends what was changed to the journal and lets go of all shards.
func (tx *Tx) End() {
	var at journal.Position
	if tx.effects.Len() > 0 {
		at = tx.shards.log.Append(tx.effects.Bytes())
		tx.effects.Reset()
		tx.Changed = true
	}
	tx.tellNews(at)
	for rest := tx.owned; rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros64(uint64(rest))
		tx.spaces[i] = nil
		tx.Seen = max(tx.Seen, tx.shards.list[i].ReleaseAt(at))
	}
	tx.owned = 0
}

// tellNews tells what happened and what is published. The changes are in the journal at
// position at; 0: there were none.
func (tx *Tx) tellNews(at journal.Position) {
	if len(tx.Posts) == 0 && !tx.hasEvents() {
		return
	}
	for rest := tx.owned; rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros64(uint64(rest))
		tx.events = tx.spaces[i].TakeEvents(tx.events)
		at = max(at, tx.shards.list[i].Last())
	}
	slices.SortFunc(tx.events, func(a, b keyspace.Event) int { return cmp.Compare(a.Order, b.Order) })
	if tx.shards.tell != nil {
		tx.shards.tell(tx.events, tx.Posts, at)
	}
	clear(tx.events)
	tx.events = tx.events[:0]
	tx.DropPosts()
}

// DropPosts forgets what was to be published.
func (tx *Tx) DropPosts() {
	clear(tx.Posts)
	tx.Posts = tx.Posts[:0]
}

func (tx *Tx) hasEvents() bool {
	for rest := tx.owned; rest != 0; rest &= rest - 1 {
		if tx.spaces[bits.TrailingZeros64(uint64(rest))].HasEvents() {
			return true
		}
	}
	return false
}

// Owned is the set of shards that are owned.
func (tx *Tx) Owned() Set { return tx.owned }

// DB is the part of database number n that holds key, whose shard must be owned.
func (tx *Tx) DB(n int, key []byte) *keyspace.DB {
	space := tx.spaces[tx.shards.Of(key)]
	if space == nil {
		panic("txn: a key whose shard is not owned")
	}
	return space.DB(n)
}

// Spaces are the keyspaces of all shards; all must be owned.
func (tx *Tx) Spaces() []*keyspace.Space { return tx.spaces }
