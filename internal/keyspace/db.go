// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"hash/maphash"

	"stampede/internal/assert"
	"stampede/internal/container/arena"
	"stampede/internal/container/table"
	"stampede/internal/object"
)

// DB is one numbered database's keys that belong to one shard.
//
// Invariant: expires holds exactly the entries of keys that have a deadline.
type DB struct {
	space    *Space
	index    int
	keys     *table.Table
	expires  *table.Table
	watchers map[string][]*Watch
	awaited  map[string]int  // for how many calls wait, by key; see await.go
	locks    *Locks          // nil: nobody has ever asked for one
	timed    *object.BigZSet // hashes whose fields end; nil: none yet. See hash_timed.go
	sweep    uint64          // where active expiry goes on in expires
	last     found
}

// found is where the key lies that was looked up last: often it is asked for again. The zero
// found is none. It must be forgotten when keys changes.
type found struct {
	hash uint64
	ref  arena.Ref
	pos  table.Pos
}

func newDB(s *Space, index int) *DB {
	db := &DB{space: s, index: index}
	db.init()
	return db
}

// init makes db empty. Tables that it had are forgotten, not freed.
func (db *DB) init() {
	db.keys = table.NewIn(db.space.arena, db.hashOf)
	db.expires = table.NewIn(db.space.arena, db.hashOf)
	db.sweep, db.timed, db.last = 0, nil, found{}
}

func (db *DB) hashOf(ref uint32) uint64 {
	e := db.at(arena.Ref(ref))
	return maphash.Bytes(db.space.seed, e.Key())
}

// Space is the shard's keyspace that db is a part of.
func (db *DB) Space() *Space { return db.space }

// Index is the number of the database.
func (db *DB) Index() int { return db.index }

// NowMs is the time of the running call.
func (db *DB) NowMs() int64 { return db.space.NowMs }

// Len is the number of keys, those included whose deadline has passed unnoticed.
func (db *DB) Len() int { return db.keys.Len() }

// Expiring is the number of keys that have a deadline.
func (db *DB) Expiring() int { return db.expires.Len() }

// Reserve makes room for so many keys, and for so many with a deadline, in an empty database.
// Nothing depends on it but speed.
func (db *DB) Reserve(keys, expiring int) {
	db.keys.Reserve(keys)
	db.last = found{}
	db.expires.Reserve(expiring)
}

// Read looks key up for a call that only reads: it counts a hit or a miss and marks the
// key as used. The entry is absent if there is no such key or its deadline has passed.
func (db *DB) Read(key []byte) (e Entry) {
	db.read(&e, key)
	return e
}

func (db *DB) read(e *Entry, key []byte) {
	if db.seek(e, key, db.space.Frozen); e.Exists() {
		db.space.Stats.Hits++
		e.touch()
	} else {
		db.miss(key)
	}
}

func (db *DB) miss(key []byte) {
	db.space.Stats.Misses++
	db.Notify(EventMiss, "keymiss", key)
}

// Look is [DB.Read] for a call that does not count as use of the key, as TTL does not.
func (db *DB) Look(key []byte) (e Entry) {
	if db.seek(&e, key, db.space.Frozen); e.Exists() {
		db.space.Stats.Hits++
	} else {
		db.miss(key)
	}
	return e
}

// Find looks key up for a call that will change it: it marks the key as used.
func (db *DB) Find(key []byte) (e Entry) {
	db.find(&e, key)
	return e
}

func (db *DB) find(e *Entry, key []byte) {
	if db.seek(e, key, false); e.Exists() {
		e.touch()
	}
}

// CountRead counts what Find has found as a hit or a miss: for calls that read before they write.
func (db *DB) CountRead(e *Entry, key []byte) {
	if e.Exists() {
		db.space.Stats.Hits++
	} else {
		db.miss(key)
	}
}

// Peek looks key up and leaves no trace, but for removing it if its deadline has passed and
// the Space is not frozen.
func (db *DB) Peek(key []byte) (e Entry) {
	db.seek(&e, key, db.space.Frozen)
	return e
}

// seek is the lookup behind all others: a key whose deadline has passed is gone, or not seen
// if it is to be kept. It fills e in place because an Entry is too long to be passed about.
func (db *DB) seek(e *Entry, key []byte, keep bool) {
	db.lookup(e, key)
	switch {
	case !e.hasDeadline || !e.expired():
	case keep:
		*e = Entry{db: db, hash: e.hash}
	default:
		db.expire(e)
	}
}

// Settle removes key if its deadline has passed, also if the Space is frozen.
func (db *DB) Settle(key []byte) {
	var e Entry
	db.seek(&e, key, false)
}

// lookup finds the block of key, deadline or not.
func (db *DB) lookup(e *Entry, key []byte) {
	hash := maphash.Bytes(db.space.seed, key)
	if last := &db.last; last.ref != 0 && last.hash == hash {
		e.load(db, last.ref)
		if string(e.Key()) == string(key) {
			e.pos, e.hash = last.pos, hash
			return
		}
	}
	for p := db.keys.Probe(hash); p.Next(); {
		e.load(db, arena.Ref(p.Ref()))
		if string(e.Key()) == string(key) {
			e.pos, e.hash = p.Pos(), hash
			db.last = found{hash: hash, ref: e.ref, pos: e.pos}
			return
		}
	}
	*e = Entry{db: db, hash: hash}
}

// Delete removes key and tells whether it was there.
func (db *DB) Delete(key []byte) bool {
	e := db.Peek(key)
	if !e.Exists() {
		return false
	}
	e.Remove()
	return true
}

// freeBlock gives back what the entry at ref holds. The tables still name it.
func (db *DB) freeBlock(ref arena.Ref) {
	e := db.at(ref)
	if e.form == formBig {
		db.space.dropBig(e.bigIndex())
	}
	db.space.arena.Free(ref, len(e.block))
}

// Each visits every live key. visit must not change the Space.
func (db *DB) Each(visit func(e Entry)) {
	for cursor := uint64(0); ; {
		if cursor = db.Scan(cursor, visit); cursor == 0 {
			return
		}
	}
}

// Scan visits the live keys of a few buckets and returns where to go on, 0 at the end. A
// key that is there during a whole iteration is visited at least once. visit must not
// change the Space.
func (db *DB) Scan(cursor uint64, visit func(e Entry)) (next uint64) {
	return db.keys.Scan(cursor, func(ref uint32) {
		if e := db.at(arena.Ref(ref)); !e.expired() {
			visit(e)
		}
	})
}

// Random returns some live key, chosen by the random bits that next gives; it is absent if
// there is none. Cost: O(1), unless nearly all keys are past their deadline.
func (db *DB) Random(next func() uint64) Entry {
	for range randomTriesMax {
		ref, ok := db.keys.Random(next())
		if !ok {
			return Entry{db: db}
		}
		if e := db.at(arena.Ref(ref)); !e.expired() {
			return e
		}
	}
	var found Entry
	for cursor := uint64(0); ; {
		cursor = db.Scan(cursor, func(e Entry) { found = e })
		if found.Exists() || cursor == 0 {
			return found
		}
	}
}

// randomTriesMax is after how many keys past their deadline a live one is searched for.
const randomTriesMax = 100

// changed must follow every change of a key or its deadline.
func (db *DB) changed(key []byte) {
	db.space.Stats.Changes++
	if len(db.watchers) > 0 {
		db.touchWatchers(key)
	}
	if len(db.awaited) > 0 && db.Awaited(key) {
		db.markReady(string(key))
	}
	if assert.Slow {
		db.check()
	}
}

// check walks the database and panics where an invariant does not hold.
func (db *DB) check() {
	if db.last.ref != 0 {
		e := db.at(db.last.ref)
		assert.That(db.position(db.keys, db.last.hash, e.ref) == db.last.pos &&
			maphash.Bytes(db.space.seed, e.Key()) == db.last.hash,
			"keyspace: the key that was found last lies elsewhere")
	}
	expiring := 0
	for cursor := uint64(0); ; {
		// Between these steps nothing changes, so each key is visited exactly once.
		cursor = db.keys.Scan(cursor, func(ref uint32) {
			e := db.at(arena.Ref(ref))
			assert.That(e.kind != object.None, "keyspace: entry without a kind")
			assert.That(db.space.cut != nil || e.meta()&phaseFlag == db.space.phase,
				"keyspace: a key without the phase of its Space")
			if e.hasDeadline {
				expiring++
			}
		})
		if cursor == 0 {
			break
		}
	}
	assert.That(expiring == db.expires.Len(), "keyspace: expires differs from the deadlines")
}
