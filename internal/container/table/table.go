// SPDX-License-Identifier: Apache-2.0

// Package table is an index of blocks by hash: it finds the 32-bit references of the
// blocks whose keys may be equal to a key, and the caller compares.
//
// # Shape
//
// The table is an extendible hash. A directory of 2^depth entries leads from the first
// bits of a hash to a segment, and from the next 14 bits (the fine position) to a line of
// the segment. A line is 64 bytes, one line of the cache:
//
//	12 tags of 8 bits · 32 bits of marks · 12 references of 32 bits
//
// An entry lies in its home line or, as a guest, in the line behind it. The marks tell
// which slots hold entries at home, which hold guests, and how many of the line's own
// entries are away, so that most searches read one line and know that it is enough.
//
// A segment that has no place for an entry grows by an eighth or two, up to 128 lines,
// then splits into two; no other segment is touched, so there is no pause in which all is
// rehashed. In a segment of 64 lines or more, the line of an entry and its tag determine
// its fine position, so that to grow asks for no hash; only a split does. Because segments
// grow in small steps they are about 80 to 88 % full at any size of the table: 6.5 to 6.7
// bytes an entry. A segment that has become sparse shrinks, and merges with its buddy. A
// table of up to 12 entries is one line.
//
// # Invariants
//
//   - The lines of a segment are a ring: behind the last one is the first.
//   - An entry is in its home line, or in the next one and marked there as a guest.
//   - The count of a line's entries that are away is the number of guests in the next.
//   - A line some of whose entries are away is full.
//   - The tag of an entry is the lower 8 bits of its fine position.
//   - A segment of depth d stands 2^(depth-d) times in the directory, side by side.
//   - In a table of several segments each has 64 lines or more.
//
// # Ownership
//
// A Table belongs to one shard (or to a collection in it) and is used by its owner only.
// It has no lock and starts nothing.
//
// # What is not here
//
// Keys, their comparison and their memory: those are the caller's blocks.
package table

import (
	"unsafe"

	"stampede/internal/assert"
	"stampede/internal/container/arena"
)

// A Table maps hashes to references. Make one with [New] or [NewIn].
//
// Hashes are 64 bits, all of them well mixed and seeded: the table relies on chance, and
// more than a few equal hashes cannot be stored. References are any 32 bits.
type Table struct {
	dir     []segment
	hashOf  func(ref uint32) uint64
	arena   *arena.Arena // where the segments lie; nil: on the Go heap
	count   int
	bytes   int64 // of all segments
	deepest int   // segments of the depth of the directory
	depth   uint8 // the directory has 2^depth entries
	shift   uint8 // 63 - depth
}

// DepthMax bounds the directory, and with it the cursors of [Table.Scan] to 44 bits.
const DepthMax = 30

// New returns an empty table whose segments lie on the Go heap, in memory without
// pointers. hashOf gives the hash of an entry that is in the table; it is asked when a
// segment splits, and in small tables when they grow or shrink.
func New(hashOf func(ref uint32) uint64) *Table { return NewIn(nil, hashOf) }

// NewIn is [New] for a table whose segments are blocks of a, which the garbage collector
// neither sees nor counts. Such a table must be freed with [Table.Free].
func NewIn(a *arena.Arena, hashOf func(ref uint32) uint64) *Table {
	t := &Table{hashOf: hashOf, arena: a}
	t.init()
	return t
}

func (t *Table) init() {
	t.dir = []segment{t.allocSegment(1, 0)}
	t.count, t.deepest = 0, 1
	t.depth, t.shift = 0, 63
}

// Len is the number of entries.
func (t *Table) Len() int { return t.count }

// Bytes is all the memory that the table holds. It costs nothing.
func (t *Table) Bytes() int64 {
	return t.bytes + int64(cap(t.dir))*int64(unsafe.Sizeof(segment{})) + int64(unsafe.Sizeof(*t))
}

// Insert adds an entry. The caller knows that there is none with this key; the block of
// ref must be complete, so that hashOf can answer for it.
func (t *Table) Insert(hash uint64, ref uint32) {
	for {
		s := &t.dir[t.indexOf(hash)]
		if s.place(fineOf(hash, s.depth), ref) {
			break
		}
		t.grow(hash)
	}
	t.count++
	if assert.Slow && t.count%checkEvery == 0 {
		t.checkSegment(uint32(t.indexOf(hash)))
	}
}

// Replace gives the entry at pos another reference: its block has moved, or another one
// with the same key takes its place.
func (t *Table) Replace(pos Pos, ref uint32) {
	pos.line.refs[pos.slot] = ref
	if assert.Slow && pos.slot == 0 {
		t.checkSegment(pos.index)
	}
}

// Delete takes the entry at pos out of the table. hashOf is not asked for it again.
func (t *Table) Delete(pos Pos) {
	s := &t.dir[pos.index]
	empty := s.remove(s.lineNumber(pos.line), pos.slot)
	t.count--
	if empty && s.size > 1 {
		t.shrink(pos.index)
	}
	if assert.Slow && t.count%checkEvery == 0 {
		t.checkSegment(min(pos.index, uint32(len(t.dir)-1)))
	}
}

// Free gives all memory back. The table must not be used afterwards.
func (t *Table) Free() {
	for i := 0; i < len(t.dir); {
		s := t.dir[i]
		i += 1 << (t.depth - s.depth)
		t.freeSegment(s)
	}
	t.dir = nil
	t.count = 0
}
