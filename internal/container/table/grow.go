// SPDX-License-Identifier: Apache-2.0

package table

import (
	"math/bits"

	"stampede/internal/assert"
)

const weakHash = "table: too many entries with nearly the same hash"

// grow makes room in the segment of hash.
func (t *Table) grow(hash uint64) {
	index := uint32(t.indexOf(hash))
	s := t.dir[index]
	n := s.entries()
	want := max(linesFor(n+1), larger(uint32(s.size)))
	if want > linesMax {
		t.split(index, n)
		return
	}
	ok := t.resize(index, want, linesHard)
	assert.That(ok, weakHash)
}

// shrink gives memory of the segment at index back, if it is sparse. Where entries were
// deleted in the order of their hashes, those left lie close together and may not find
// places in less: then all stays as it is.
func (t *Table) shrink(index uint32) {
	s := t.dir[index]
	n := s.entries()
	if n*sparseSlots >= int(s.size)*lineSlots*2 {
		return
	}
	least := uint32(1)
	if s.depth > 0 {
		least = linesExact
		buddy := t.dir[t.buddy(index)]
		if buddy.depth == s.depth {
			lines := linesFor(n + buddy.entries())
			if lines <= mergeLinesMax && t.merge(index, lines) {
				return
			}
		}
	}
	if want := max(linesFor(n), least); want < uint32(s.size) {
		t.resize(index, want, uint32(s.size)-1)
	}
}

// resize moves the entries of the segment at index into one of size lines or, where
// chance wants it, of more, but not of more than most; ok is false if that is too few.
func (t *Table) resize(index, size, most uint32) (ok bool) {
	old := t.dir[index]
	for ; size <= most; size = larger(size) {
		s := t.allocSegment(size, old.depth)
		if t.refill(&s, &old, 0, 0) {
			t.set(index, s)
			t.freeSegment(old)
			return true
		}
		t.freeSegment(s)
	}
	return false
}

// refill places all entries of old in s, whose depth is smaller by shift; side is what
// the last bits of the prefix of old were.
func (t *Table) refill(s, old *segment, shift, side uint32) (ok bool) {
	for number, slot := range old.each {
		fine := side<<(fineBits-shift) | t.fineAt(old, number, slot)>>shift
		if !s.place(fine, old.line(number).refs[slot]) {
			return false
		}
	}
	return true
}

// split makes two segments of the one at index, which has n entries.
func (t *Table) split(index uint32, n int) {
	old := t.dir[index]
	assert.That(old.depth < DepthMax, weakHash)
	size := max(linesFor((n+1)/2), linesExact)
	low, high := t.allocSegment(size, old.depth+1), t.allocSegment(size, old.depth+1)
	for !t.scatter(&old, &low, &high) {
		t.freeSegment(low)
		t.freeSegment(high)
		size = larger(size)
		assert.That(size <= linesHard, weakHash)
		low, high = t.allocSegment(size, old.depth+1), t.allocSegment(size, old.depth+1)
	}
	t.freeSegment(old)
	if old.depth == t.depth {
		t.doubleDirectory()
		index *= 2
	}
	if low.depth == t.depth {
		t.deepest += 2
	}
	width := uint32(1) << (t.depth - low.depth)
	first := index &^ (2*width - 1)
	t.set(first, low)
	t.set(first+width, high)
}

// scatterAtOnce is how many entries are hashed before the first of them is placed: what
// their hashes are made of is often far away in memory, and so it comes near together.
const scatterAtOnce = 32

// scatter places the entries of old in low or high by the next bit of their hashes.
func (t *Table) scatter(old, low, high *segment) (ok bool) {
	var refs [scatterAtOnce]uint32
	n := 0
	for number := range uint32(old.size) {
		l := old.line(number)
		for used := l.used(); used != 0; used &= used - 1 {
			refs[n] = l.refs[bits.TrailingZeros32(used)]
			if n++; n == scatterAtOnce {
				if !t.place(refs[:], old.depth, low, high) {
					return false
				}
				n = 0
			}
		}
	}
	return t.place(refs[:n], old.depth, low, high)
}

// place is scatter for at most scatterAtOnce entries of a segment of the given depth.
func (t *Table) place(refs []uint32, depth uint8, low, high *segment) (ok bool) {
	var hashes [scatterAtOnce]uint64
	for i, ref := range refs {
		hashes[i] = t.hashOf(ref)
	}
	for i, ref := range refs {
		s := low
		if hashes[i]<<depth>>63 != 0 {
			s = high
		}
		if !s.place(fineOf(hashes[i], s.depth), ref) {
			return false
		}
	}
	return true
}

// merge makes one segment of size lines of the one at index and its buddy; ok is false if
// not all entries find a place in it.
func (t *Table) merge(index, size uint32) (ok bool) {
	width := uint32(1) << (t.depth - t.dir[index].depth)
	first := index &^ (2*width - 1)
	low, high := t.dir[first], t.dir[first+width]
	if low.depth > 1 {
		size = max(size, linesExact)
	}
	s := t.allocSegment(size, low.depth-1)
	if !t.refill(&s, &low, 1, 0) || !t.refill(&s, &high, 1, 1) {
		t.freeSegment(s)
		return false
	}
	if low.depth == t.depth {
		t.deepest -= 2
	}
	t.freeSegment(low)
	t.freeSegment(high)
	t.set(first, s)
	for t.depth > 0 && t.deepest == 0 {
		t.halveDirectory()
		first /= 2
	}
	t.shrink(first) // its own buddy may have waited for this
	return true
}

// buddy is where the other half of the segment stands from which the one at index came.
func (t *Table) buddy(index uint32) uint32 {
	return index ^ 1<<(t.depth-t.dir[index].depth)
}

// set writes s to all its places in the directory, index being one of them.
func (t *Table) set(index uint32, s segment) {
	width := uint32(1) << (t.depth - s.depth)
	first := index &^ (width - 1)
	for i := range width {
		t.dir[first+i] = s
	}
}

func (t *Table) doubleDirectory() {
	dir := make([]segment, 2*len(t.dir))
	for i, s := range t.dir {
		dir[2*i], dir[2*i+1] = s, s
	}
	t.dir = dir
	t.depth, t.shift = t.depth+1, t.shift-1
	t.deepest = 0
}

// halveDirectory undoes doubleDirectory where no segment uses the last bit.
func (t *Table) halveDirectory() {
	dir := make([]segment, len(t.dir)/2)
	t.depth, t.shift = t.depth-1, t.shift+1
	t.deepest = 0
	for i := range dir {
		dir[i] = t.dir[2*i]
		if dir[i].depth == t.depth {
			t.deepest++
		}
	}
	t.dir = dir
}

// indexOf is where in the directory the segment of hash stands. (Two shifts, neither by
// 64, are cheaper than one that may be.)
func (t *Table) indexOf(hash uint64) uint64 { return hash >> 1 >> (t.shift & 63) }
