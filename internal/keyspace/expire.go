// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"encoding/binary"

	"stampede/internal/container/arena"
)

// expired tells whether the deadline has passed. A key is gone at its very millisecond.
func (e *Entry) expired() bool {
	return e.hasDeadline && e.DeadlineMs() <= e.db.space.NowMs
}

// expire removes a key whose deadline has passed.
func (db *DB) expire(e *Entry) {
	db.space.Stats.Expired++
	db.Notify(EventExpired, "expired", e.Key())
	e.Remove()
}

// SetDeadline lets the key end at a Unix time in milliseconds; 0: never. A time that is
// not in the future removes the key at once.
func (e *Entry) SetDeadline(deadlineMs int64) {
	e.saveFirst()
	switch {
	case deadlineMs != 0 && deadlineMs <= e.db.space.NowMs:
		e.Remove()
		return
	case deadlineMs != 0 && e.hasDeadline:
		binary.LittleEndian.PutUint64(e.block[e.keyAt-deadlineBytes:], uint64(deadlineMs))
	default:
		s := e.shape()
		if s.deadlineMs == deadlineMs {
			return
		}
		s.deadlineMs = deadlineMs
		e.reshape(s, s.valueLen)
	}
	e.db.space.Effects.Deadline(e.db.index, e.Key(), deadlineMs)
	e.db.changed(e.Key())
}

// Limits of one step of active expiry.
const (
	sweepKeys    = 400 // looked at per database and step at most
	sweepGoOnPct = 10  // there is more to do if more than this share of them had expired
)

// ExpireStep looks at some keys that have a deadline and removes those whose deadline has
// passed. It tells whether it found so many that another step soon would be worth it.
// Cost: O(sweepKeys · databases).
func (s *Space) ExpireStep() (more bool) {
	for _, db := range s.dbs {
		if db.expires.Len() > 0 && db.expireStep() {
			more = true
		}
	}
	return more
}

func (db *DB) expireStep() (more bool) {
	var due []arena.Ref
	looked, gone := 0, 0
	for looked < sweepKeys {
		due = due[:0]
		db.sweep = db.expires.Scan(db.sweep, func(ref uint32) {
			looked++
			if e := db.at(arena.Ref(ref)); e.expired() {
				due = append(due, e.ref)
			}
		})
		for _, ref := range due {
			e := db.at(ref)
			e.hash = db.hashOf(uint32(ref))
			e.pos = db.position(db.keys, e.hash, ref)
			db.expire(&e)
		}
		gone += len(due)
		if db.sweep == 0 || db.expires.Len() == 0 {
			break
		}
	}
	return gone*100 > looked*sweepGoOnPct
}
