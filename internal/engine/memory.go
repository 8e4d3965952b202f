// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math/rand/v2"

	"stampede/internal/config"
	"stampede/internal/keyspace"
)

// evictionsMax bounds how many keys a call may have to wait for that brings little itself.
const evictionsMax = 64

// makeRoom lets keys go until memory is below maxmemory, and tells whether a call with
// these arguments may take more of it. space is that of the shard, which the caller owns.
func (e *Engine) makeRoom(shard int, space *keyspace.Space, argv [][]byte) bool {
	if !fits(space, argv) {
		return false
	}
	limit := e.config.Int(config.MaxMemory)
	if limit == 0 {
		return true
	}
	s := shortage{engine: e, limit: limit, bytes: argBytes(argv)}
	return s.end(shard, space)
}

// fits tells whether the addresses of a keyspace suffice for a call with these arguments.
func fits(space *keyspace.Space, argv [][]byte) bool {
	return !space.NearlyFull() || space.HasRoom(argBytes(argv))
}

// relieve does the same for a call that never comes, so that memory gets below maxmemory
// also while nobody writes. It tells whether there is more to do.
func (e *Engine) relieve(shard int, nowMs int64) (more bool) {
	limit := e.config.Int(config.MaxMemory)
	if limit == 0 || e.used() <= limit || e.isSmall(e.shards.Shard(shard).Used()) {
		return false
	}
	space := e.shards.Shard(shard).Own(nowMs)
	defer e.shards.Shard(shard).Release()
	s := shortage{engine: e, limit: limit}
	return s.evict(shard, space) && s.over(shard)
}

// used is what all shards used when their last owners let go, in bytes.
func (e *Engine) used() (bytes int64) {
	for i := range e.shards.Len() {
		bytes += e.shards.Shard(i).Used()
	}
	return bytes
}

// isSmall tells whether a shard that uses so much is clearly below its share of maxmemory.
// While memory is short there is always a shard that is not.
func (e *Engine) isSmall(used int64) bool {
	return used < e.config.Int(config.MaxMemory)/int64(e.shards.Len())*smallPct/100
}

// smallPct is the part of its share below which a shard need not give up keys of its own.
const smallPct = 75

// shortage is memory above its limit, which keys must end.
type shortage struct {
	engine *Engine
	limit  int64
	bytes  int64 // what the call itself may add
}

// end evicts keys: of the shard itself unless it has little, else of the one that has most
// if nobody owns that. It tells whether memory is no longer short or on the way there.
func (s *shortage) end(shard int, space *keyspace.Space) bool {
	if !s.over(shard) {
		return true
	}
	if !s.engine.isSmall(space.Used()) {
		return s.evict(shard, space)
	}
	largest := s.engine.largest()
	if largest == shard {
		return s.evict(shard, space)
	}
	other, ok := s.engine.shards.Shard(largest).TryOwn(space.NowMs)
	if !ok {
		return space.Policy() != keyspace.NoEviction // its owner has to do the same
	}
	defer s.engine.shards.Shard(largest).Release()
	return s.evict(largest, other) || s.evict(shard, space)
}

// evict lets keys of one shard go: as many as it takes, but no more than pay for the call
// twice over and [evictionsMax]. It tells whether it could.
func (s *shortage) evict(shard int, space *keyspace.Space) bool {
	before := space.Used()
	samples := int(s.engine.config.Int(config.MaxMemorySamples))
	for n := 0; s.over(shard); n++ {
		if n >= evictionsMax && before-space.Used() >= 2*s.bytes {
			return true // still above, but on the way down: the next calls go on
		}
		// What was dropped is freed first: it may be enough.
		if !space.FreeStep() && !space.Evict(samples, rand.Uint64) {
			return !s.over(shard)
		}
	}
	return true
}

// over tells whether memory is above its limit. The shard is owned, and so may have changed
// since it was last counted.
func (s *shortage) over(shard int) bool {
	s.engine.shards.Shard(shard).Publish()
	return s.engine.used() > s.limit
}

// largest is the shard that uses most.
func (e *Engine) largest() (shard int) {
	for i := range e.shards.Len() {
		if e.shards.Shard(i).Used() > e.shards.Shard(shard).Used() {
			shard = i
		}
	}
	return shard
}

// argBytes is the length of all arguments of a call.
func argBytes(argv [][]byte) (n int64) {
	for _, arg := range argv {
		n += int64(len(arg))
	}
	return n
}
