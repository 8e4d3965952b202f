// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math/rand/v2"
	"sync/atomic"

	"stampede/internal/config"
	"stampede/internal/keyspace"
)

// memory shares maxmemory among the shards: each tells what it uses whenever it was asked
// to make room, so that one shard knows what the others leave it.
type memory struct {
	used []atomic.Int64 // by shard, bytes
}

// evictionsMax bounds how many keys one call may have to wait for.
const evictionsMax = 64

// makeRoom lets keys of the shard go until memory is below maxmemory, and tells whether a
// call with these arguments may take more of it.
func (e *Engine) makeRoom(shard int, space *keyspace.Space, argv [][]byte) bool {
	if space.NearlyFull() && !space.HasRoom(argBytes(argv)) {
		return false
	}
	limit := e.config.Int(config.MaxMemory)
	if limit == 0 {
		return true
	}
	others := int64(0)
	for i := range e.memory.used {
		if i != shard {
			others += e.memory.used[i].Load()
		}
	}
	defer func() { e.memory.used[shard].Store(space.Used()) }()
	samples := int(e.config.Int(config.MaxMemorySamples))
	for range evictionsMax {
		if space.Used()+others <= limit {
			return true
		}
		// What was dropped is freed first: it may be enough.
		if !space.FreeStep() && !space.Evict(samples, rand.Uint64) {
			return space.Used()+others <= limit
		}
	}
	return true // still above, but on the way down: the next calls go on
}

// argBytes is the length of all arguments of a call.
func argBytes(argv [][]byte) (n int) {
	for _, arg := range argv {
		n += len(arg)
	}
	return n
}
