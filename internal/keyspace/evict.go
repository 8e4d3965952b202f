// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"stampede/internal/container/arena"
	"stampede/internal/container/table"
	"stampede/internal/object"
)

// Evict removes the key that the policy lets go first among some picked at random, and
// tells whether it found one. random gives random bits. Cost: O(samples).
func (s *Space) Evict(samples int, random func() uint64) bool {
	if s.policy == NoEviction {
		return false
	}
	worst, score := Entry{}, int64(-1)
	for range samples {
		e := s.sample(random)
		if !e.Exists() {
			return false
		}
		if rank := e.evictionRank(); rank > score {
			worst, score = e, rank
		}
	}
	if !worst.Exists() {
		return false
	}
	worst.hash = worst.db.hashOf(uint32(worst.ref))
	worst.pos = worst.db.position(worst.db.keys, worst.hash, worst.ref)
	s.Stats.Evicted++
	worst.db.Notify(EventEvicted, "evicted", worst.Key())
	worst.Remove()
	return true
}

// sample is a key that may go, from a database picked by its share of them.
func (s *Space) sample(random func() uint64) Entry {
	total := 0
	for _, db := range s.dbs {
		total += s.candidates(db).Len()
	}
	if total == 0 {
		return Entry{}
	}
	pick := int(random() % uint64(total))
	for _, db := range s.dbs {
		t := s.candidates(db)
		if pick -= t.Len(); pick < 0 {
			ref, _ := t.Random(random())
			return db.at(arena.Ref(ref))
		}
	}
	return Entry{}
}

// candidates are the keys of a database that may go.
func (s *Space) candidates(db *DB) *table.Table {
	if s.policy.Volatile() {
		return db.expires
	}
	return db.keys
}

// evictionRank says how well the key can be done without: the higher the better. Stock is
// never evicted.
func (e *Entry) evictionRank() int64 {
	switch s := e.db.space; {
	case e.kind == object.Stock:
		return -1
	case s.policy.LFU():
		return int64(255 - e.Frequency())
	case s.policy == VolatileTTL:
		return 1<<62 - e.DeadlineMs()
	case s.policy == AllKeysRandom || s.policy == VolatileRandom:
		return 0
	}
	return e.IdleSeconds()
}

// NearlyFull tells whether so much of the reservation of addresses is taken that
// [Space.HasRoom] must be asked. It costs nothing.
func (s *Space) NearlyFull() bool { return s.arena.Used() > s.reserveBytes/2 }

// HasRoom tells whether the reservation of addresses still has room for a call that brings
// or copies n bytes. It is generous: a call that it lets run never meets the end.
func (s *Space) HasRoom(n int64) bool {
	longest := int64(s.Limits.StringBytesMax)
	return s.arena.Room() > roomFactor*(n+longest)+roomSlack && s.arena.Fits(int(longest))
}

// What a call may take: its bytes and the longest string, both perhaps moved, and grown
// tables.
const (
	roomFactor = 2
	roomSlack  = 4 << 20
)
