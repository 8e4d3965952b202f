// SPDX-License-Identifier: Apache-2.0

package keyspace

import "stampede/internal/container/arena"

// FlushAll removes every key of every database of a store, whose Spaces all are given.
func FlushAll(spaces []*Space) {
	for _, s := range spaces {
		s.flushAll()
	}
	spaces[0].Effects.FlushAll()
}

func (s *Space) flushAll() {
	s.loseCut()
	for _, db := range s.dbs {
		db.touchExisting(nil)
		s.Stats.Changes += int64(db.Len())
		db.markAllReady()
	}
	s.forgetParts()
	s.freeBigs()
	s.arena.Reset()
	s.desk.Names.Reset()
	for _, db := range s.dbs {
		db.init()
		db.flushLocks()
	}
}

// Flush removes every key of database number n of a store, whose Spaces all are given.
func Flush(spaces []*Space, n int) {
	for _, s := range spaces {
		s.dbs[n].flush()
	}
	spaces[0].Effects.Flush(n)
}

func (db *DB) flush() {
	if db.Len() > 0 {
		db.space.loseCut()
	}
	db.touchExisting(nil)
	db.markAllReady()
	db.space.Stats.Changes += int64(db.Len())
	for cursor := uint64(0); ; {
		cursor = db.keys.Scan(cursor, func(ref uint32) { db.freeBlock(arena.Ref(ref)) })
		if cursor == 0 {
			break
		}
	}
	if db.timed != nil {
		db.space.big.dying = append(db.space.big.dying, db.timed)
	}
	db.keys.Free()
	db.expires.Free()
	db.init()
	db.flushLocks()
}

// Swap exchanges the contents of two databases of a store, whose Spaces all are given.
// Whoever watches a key that exists in either of them sees it changed. Cost: O(watched
// keys).
func Swap(spaces []*Space, i, j int) {
	if i == j {
		return
	}
	for _, s := range spaces {
		s.swap(i, j)
	}
	spaces[0].Effects.Swap(i, j)
}

func (s *Space) swap(i, j int) {
	a, b := s.dbs[i], s.dbs[j]
	a.touchExisting(b)
	b.touchExisting(a)
	s.dbs[i], s.dbs[j] = b, a
	a.index, b.index = b.index, a.index
	a.watchers, b.watchers = b.watchers, a.watchers
	a.awaited, b.awaited = b.awaited, a.awaited
	a.swapLocks(b)
	a.markAllReady()
	b.markAllReady()
	s.Stats.Changes++
}
