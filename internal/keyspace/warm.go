// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"hash/maphash"

	"stampede/internal/container/arena"
	"stampede/internal/object"
)

// Warm reads what the lookups of the given keys in db will read, so that they wait for
// memory together and not one after the other. hashes is scratch of the same length. The
// result means nothing; it is there so that the reads are not left out.
func (db *DB) Warm(keys [][]byte, hashes []uint64) (sum uint32) {
	for i, key := range keys {
		hashes[i] = maphash.Bytes(db.space.seed, key)
		sum += db.keys.Warm(hashes[i])
	}
	for _, hash := range hashes[:len(keys)] {
		if ref := db.keys.Guess(hash); ref != 0 {
			sum += uint32(db.space.arena.Bytes(arena.Ref(ref), 1)[0])
		}
	}
	return sum
}

// WarmInner is [DB.Warm] for what is looked up within the value of a key: the ids of a stock.
// It leaves no trace, and does nothing where that would not be of use.
func (db *DB) WarmInner(key []byte, inner [][]byte, hashes []uint64) (sum uint32) {
	var e Entry
	if db.lookup(&e, key); e.kind != object.Stock || !e.Exists() {
		return 0
	}
	return e.big().(object.BigStock).Warm(inner, hashes)
}
