// SPDX-License-Identifier: Apache-2.0

package table

import (
	"math/bits"
	"unsafe"

	"stampede/internal/container/arena"
)

// Sizes of a segment, in lines.
const (
	linesMax      = 128          // a segment that would need more splits
	linesHard     = 2 * linesMax // only where a split turns out very uneven
	mergeLinesMax = 96           // what two sparse segments may need together to become one
	linesExact    = 64           // from here on line and tag determine the fine position
	fineBits      = 14           // of the fine position
	tagMask       = 0xff
	pushesMax     = 32 // lines in which entries move on to make room for one
	sparseSlots   = 5  // a segment is sparse with less than 2 entries in so many slots
)

// segment is a ring of lines, and an entry of the directory.
type segment struct {
	lines unsafe.Pointer // *line, size of them
	block arena.Ref      // the same, where they lie in an arena
	size  uint16
	depth uint8 // how many first bits of the hash all entries share
}

// fineOf is the fine position of a hash in a segment of that depth.
func fineOf(hash uint64, depth uint8) uint32 {
	return uint32(hash << (depth & 63) >> (64 - fineBits))
}

// allocSegment returns a segment of size lines, all empty.
func (t *Table) allocSegment(size uint32, depth uint8) segment {
	s := segment{size: uint16(size), depth: depth}
	if t.arena == nil {
		s.lines = unsafe.Pointer(unsafe.SliceData(make([]line, size)))
	} else {
		s.block = t.arena.Alloc(int(size) * lineBytes)
		s.lines = t.arena.Pointer(s.block)
		clear(unsafe.Slice((*line)(s.lines), size))
	}
	t.bytes += int64(size) * lineBytes
	return s
}

func (t *Table) freeSegment(s segment) {
	t.bytes -= int64(s.size) * lineBytes
	if t.arena != nil {
		t.arena.Free(s.block, int(s.size)*lineBytes)
	}
}

func (s *segment) line(number uint32) *line {
	return (*line)(unsafe.Add(s.lines, uintptr(number)*lineBytes))
}

func (s *segment) lineNumber(l *line) uint32 {
	return uint32((uintptr(unsafe.Pointer(l)) - uintptr(s.lines)) / lineBytes)
}

func (s *segment) home(fine uint32) uint32 { return fine * uint32(s.size) >> fineBits }

// firstFine is the lowest fine position whose home is line number, or a later one.
func (s *segment) firstFine(number uint32) uint32 {
	return (number<<fineBits + uint32(s.size) - 1) / uint32(s.size)
}

func (s *segment) next(number uint32) uint32 {
	if number+1 == uint32(s.size) {
		return 0
	}
	return number + 1
}

func (s *segment) before(number uint32) uint32 {
	if number == 0 {
		return uint32(s.size) - 1
	}
	return number - 1
}

// place puts an entry into its home line or the next one; ok is false if it cannot.
func (s *segment) place(fine, ref uint32) (ok bool) {
	home := s.home(fine)
	l := s.line(home)
	if !l.full() {
		l.put(1, uint8(fine), ref)
		return true
	}
	return s.placeGuest(home, fine, ref)
}

// placeGuest puts an entry into the line behind home, which is full. Where that is full
// too, one of its own entries moves one line on, and so forth.
func (s *segment) placeGuest(home, fine, ref uint32) (ok bool) {
	first := s.next(home)
	at := first
	for pushes := 0; s.line(at).full(); pushes++ {
		behind := s.next(at)
		if s.line(at).homes() == 0 || pushes == pushesMax || behind == home || at == home {
			return false
		}
		at = behind
	}
	for at != first {
		from := s.before(at)
		tag, ref := s.line(from).take(s.line(from).homes())
		s.line(at).put(1<<guestShift, tag, ref)
		s.line(from).marks += awayOne
		at = from
	}
	s.line(first).put(1<<guestShift, uint8(fine), ref)
	s.line(home).marks += awayOne
	return true
}

// remove empties a slot and lets entries that are away come home. It tells whether a line
// has become empty by that.
func (s *segment) remove(number uint32, slot uint32) (empty bool) {
	l := s.line(number)
	if l.guests()>>slot&1 != 0 {
		s.line(s.before(number)).marks -= awayOne
	}
	l.clear(int(slot))
	for l.away() > 0 {
		number = s.next(number)
		behind := s.line(number)
		tag, ref := behind.take(behind.guests())
		l.put(1, tag, ref)
		l.marks -= awayOne
		l = behind
	}
	return l.used() == 0
}

// entries counts the entries of the segment.
func (s *segment) entries() int {
	n := 0
	for number := range uint32(s.size) {
		n += bits.OnesCount32(s.line(number).used())
	}
	return n
}

// each yields the line and the slot of all entries.
func (s *segment) each(yield func(number uint32, slot int) bool) {
	for number := range uint32(s.size) {
		for used := s.line(number).used(); used != 0; used &= used - 1 {
			if !yield(number, bits.TrailingZeros32(used)) {
				return
			}
		}
	}
}

// fineAt is the fine position of the entry in a slot, from its line and its tag where
// these determine it.
func (t *Table) fineAt(s *segment, number uint32, slot int) uint32 {
	l := s.line(number)
	if s.size < linesExact {
		return fineOf(t.hashOf(l.refs[slot]), s.depth)
	}
	home := number
	if l.guests()>>slot&1 != 0 {
		home = s.before(number)
	}
	first := s.firstFine(home)
	return first + (uint32(l.tags[slot])-first)&tagMask
}

// linesFor is the size of a segment for n entries: about 80 % full, and a size class.
func linesFor(n int) uint32 {
	lines := max(1, (n*5+lineSlots*4-1)/(lineSlots*4))
	return uint32(arena.SizeOf(lines*lineBytes) / lineBytes)
}

// larger is the next size above size.
func larger(size uint32) uint32 {
	return uint32(arena.SizeOf(int(size+1)*lineBytes) / lineBytes)
}
