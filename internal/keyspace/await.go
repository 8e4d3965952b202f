// SPDX-License-Identifier: Apache-2.0

package keyspace

// Calls may wait until a key changes. A DB counts for which keys somebody waits; what
// changes of them is ready, and whoever owns the shard looks at it before letting go.

// ReadyKey is a key that has changed while somebody waited for it.
type ReadyKey struct {
	DB  int
	Key string
}

// Await tells that one more waits for a change of key.
func (db *DB) Await(key string) {
	if db.awaited == nil {
		db.awaited = make(map[string]int)
	}
	db.awaited[key]++
}

// Unawait tells that one less waits.
func (db *DB) Unawait(key string) {
	if db.awaited[key]--; db.awaited[key] <= 0 {
		delete(db.awaited, key)
	}
}

// Awaited tells whether somebody waits for a change of key.
func (db *DB) Awaited(key []byte) bool {
	return len(db.awaited) > 0 && db.awaited[string(key)] > 0
}

// MarkReady lets those be looked at who wait for key, though it has not changed: time has.
func (db *DB) MarkReady(key string) {
	ready := ReadyKey{db.index, key}
	for _, known := range db.space.ready {
		if known == ready {
			return
		}
	}
	db.space.ready = append(db.space.ready, ready)
}

// markAllReady is MarkReady for every key of db that somebody waits for.
func (db *DB) markAllReady() {
	for key := range db.awaited {
		db.MarkReady(key)
	}
}

// HasReady tells whether TakeReady would give something.
func (s *Space) HasReady() bool { return len(s.ready) > 0 }

// TakeReady appends the keys that have become ready to list, in the order in which they
// did, and forgets them.
func (s *Space) TakeReady(list []ReadyKey) []ReadyKey {
	list = append(list, s.ready...)
	clear(s.ready)
	s.ready = s.ready[:0]
	return list
}
