// SPDX-License-Identifier: Apache-2.0

package keyspace

// Calls may wait until a key changes. A DB counts for which keys somebody waits; what
// changes of them is ready, and whoever owns the shard looks at it before letting go.

// ReadyKey is a key that has changed while somebody waited for it, or a lock.
type ReadyKey struct {
	DB   int
	Key  string
	Lock bool // Key is the name of a lock
}

// Ready is a [ReadyKey] with its place among those of all Spaces that have one Order: what
// has become ready earlier has a lower one.
type Ready struct {
	ReadyKey
	Order uint64
}

func (db *DB) await(key string) {
	if db.awaited == nil {
		db.awaited = make(map[string]int)
	}
	db.awaited[key]++
}

func (db *DB) unawait(key string) {
	if db.awaited[key]--; db.awaited[key] <= 0 {
		delete(db.awaited, key)
	}
}

// Awaited tells whether somebody waits for a change of key.
func (db *DB) Awaited(key []byte) bool {
	return len(db.awaited) > 0 && db.awaited[string(key)] > 0
}

func (db *DB) markReady(key string) {
	db.space.MarkReady(ReadyKey{DB: db.index, Key: key})
}

// markAllReady is markReady for every key of db that somebody waits for.
func (db *DB) markAllReady() {
	for key := range db.awaited {
		db.markReady(key)
	}
}

// Await tells that one more waits for a key or a lock.
func (s *Space) Await(at ReadyKey) {
	if at.Lock {
		s.dbs[at.DB].Locks().await(at.Key)
	} else {
		s.dbs[at.DB].await(at.Key)
	}
}

// Unawait tells that one less waits.
func (s *Space) Unawait(at ReadyKey) {
	if at.Lock {
		s.dbs[at.DB].Locks().unawait(at.Key)
	} else {
		s.dbs[at.DB].unawait(at.Key)
	}
}

// MarkReady lets those be looked at who wait for a key or a lock, though nothing has changed:
// time has, or who waits.
func (s *Space) MarkReady(at ReadyKey) {
	for _, known := range s.ready {
		if known.ReadyKey == at {
			return
		}
	}
	s.ready = append(s.ready, Ready{at, s.order.Add(1)})
}

// HasReady tells whether TakeReady would give something.
func (s *Space) HasReady() bool { return len(s.ready) > 0 }

// TakeReady appends the keys that have become ready to list, in the order in which they
// did, and forgets them.
func (s *Space) TakeReady(list []Ready) []Ready {
	list = append(list, s.ready...)
	clear(s.ready)
	s.ready = s.ready[:0]
	return list
}

func (l *Locks) await(key string) {
	if l.awaited == nil {
		l.awaited = make(map[string]int)
	}
	l.awaited[key]++
}

func (l *Locks) unawait(key string) {
	if l.awaited[key]--; l.awaited[key] <= 0 {
		delete(l.awaited, key)
	}
}

// Awaited tells whether somebody waits for a lock.
func (l *Locks) Awaited(key []byte) bool { return len(l.awaited) > 0 && l.awaited[string(key)] > 0 }

// MarkReady lets those be looked at who wait for a lock, if there are any.
func (l *Locks) MarkReady(key []byte) {
	if l.Awaited(key) {
		l.db.space.MarkReady(ReadyKey{DB: l.db.index, Key: string(key), Lock: true})
	}
}
