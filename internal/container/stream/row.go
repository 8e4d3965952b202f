// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"unsafe"

	"stampede/internal/assert"
	"stampede/internal/container/arena"
	"stampede/internal/container/ring"
)

// row is blocks of an arena in the order of their first IDs.
//
// A row can be frozen: then its blocks as they are stay what they are until each has been
// visited (thaw). Who changes one meanwhile gets a copy, and what is removed is freed once
// it has been visited.
type row struct {
	slots ring.Ring[slot]

	frozen []slot // as they were; mark tells whether one is no longer used
	thawed int    // how many of them have been visited
}

// slot is a block.
type slot struct {
	id    ID
	ref   arena.Ref
	size  uint32 // of the block, in bytes
	count uint32 // of what lies in it
	mark  uint32 // its place in frozen, from 1; 0: it is not there
}

const slotBytes = int64(unsafe.Sizeof(slot{}))

// unused is the mark of a frozen block that the row has not got any more.
const unused = ^uint32(0)

func (r *row) len() int { return r.slots.Len() }

// at is slot i. It is good until the row changes.
func (r *row) at(i int) *slot { return r.slots.At(i) }

// find is the last slot whose ID is not above id; -1 if there is none. Cost: O(log n).
func (r *row) find(id ID) int {
	low, high := 0, r.len()
	if high > 0 && !id.Less(r.at(high-1).id) {
		return high - 1
	}
	for low < high {
		middle := int(uint(low+high) / 2)
		if id.Less(r.at(middle).id) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low - 1
}

// insert lets s be slot i; those from i on move up. Cost: that of the shorter side.
func (r *row) insert(a *arena.Arena, m *memory, i int, s slot) {
	m.arena -= r.slots.Bytes()
	r.slots.Insert(a, i, s)
	m.arena += r.slots.Bytes()
}

// remove takes k slots from slot i on away; their blocks are the caller's business. Cost:
// that of the shorter side.
func (r *row) remove(a *arena.Arena, m *memory, i, k int) {
	m.arena -= r.slots.Bytes()
	r.slots.Remove(a, i, k)
	m.arena += r.slots.Bytes()
}

// freeze begins the visits.
func (r *row) freeze(m *memory) {
	assert.That(r.frozen == nil, "stream: frozen twice at once")
	r.frozen, r.thawed = make([]slot, r.len()), 0
	m.outside += int64(r.len()) * slotBytes
	for i := range r.frozen {
		s := r.at(i)
		s.mark = uint32(i + 1)
		r.frozen[i] = *s
		r.frozen[i].mark = 0
	}
}

// thaw visits the next frozen block; it is false if there is none.
func (r *row) thaw(a *arena.Arena, m *memory, visit func(s *slot)) bool {
	if r.thawed == len(r.frozen) {
		m.outside -= int64(len(r.frozen)) * slotBytes
		r.frozen, r.thawed = nil, 0
		return false
	}
	s := &r.frozen[r.thawed]
	visit(s)
	r.thawed++
	if s.mark == unused {
		free(a, m, s)
	}
	return true
}

func (r *row) isFrozen(s *slot) bool {
	return r.frozen != nil && s.mark != 0 && int(s.mark) > r.thawed
}

// edit is slot i, good to be changed. It must come before every change of its block.
func (r *row) edit(a *arena.Arena, m *memory, i int) *slot {
	s := r.at(i)
	if !r.isFrozen(s) {
		return s
	}
	r.frozen[s.mark-1].mark = unused
	old := a.Bytes(s.ref, int(s.size))
	m.arena += int64(arena.SizeOf(int(s.size)))
	s.ref, s.mark = a.Alloc(int(s.size)), 0
	copy(a.Bytes(s.ref, int(s.size)), old)
	return s
}

// drop lets go of the block of a slot. The row is the caller's business.
func (r *row) drop(a *arena.Arena, m *memory, s *slot) {
	if r.isFrozen(s) {
		r.frozen[s.mark-1].mark = unused
		return
	}
	free(a, m, s)
}

func free(a *arena.Arena, m *memory, s *slot) {
	m.arena -= int64(arena.SizeOf(int(s.size)))
	a.Free(s.ref, int(s.size))
}

// realloc moves what lies in a block that may be changed, its first used bytes, into one of
// size bytes.
func realloc(a *arena.Arena, m *memory, s *slot, size, used int) {
	m.arena += int64(arena.SizeOf(size) - arena.SizeOf(int(s.size)))
	s.ref, s.size = a.Realloc(s.ref, int(s.size), size, used), uint32(size)
}

// check panics where an invariant does not hold, and gives the bytes of the blocks that the
// row holds and of the row itself.
func (r *row) check() (m memory) {
	m.outside, m.arena = int64(len(r.frozen))*slotBytes, r.slots.Bytes()
	for i := range r.len() {
		s := r.at(i)
		m.arena += int64(arena.SizeOf(int(s.size)))
		assert.That(i == 0 || r.at(i-1).id.Less(s.id), "stream: blocks out of order")
	}
	for i := r.thawed; i < len(r.frozen); i++ {
		if r.frozen[i].mark == unused {
			m.arena += int64(arena.SizeOf(int(r.frozen[i].size)))
		}
	}
	return m
}
