// SPDX-License-Identifier: Apache-2.0

package table

import "math/bits"

// Limits of a walk.
const (
	cursorBits     = DepthMax + fineBits
	emptyLinesMax  = 16 // lines without an entry that one Scan passes over
	randomTriesMax = 64 // slots that Random tries before it takes the next entry it finds
)

// Scan visits the entries of one line, or of a few while they are empty, and returns the
// cursor for the next call. The first call takes 0, and 0 is returned when all is done.
// Cursors have 44 bits; one that is larger is at the end.
//
// Entries are visited in the order of their hashes and the cursor is a point in that
// order. So whatever is inserted and deleted between calls, an entry that is there all
// the time is visited; twice only if its line changed its bounds meanwhile. visit must
// not change the table.
func (t *Table) Scan(cursor uint64, visit func(ref uint32)) (next uint64) {
	if cursor>>cursorBits != 0 {
		return 0
	}
	for range emptyLinesMax {
		var visited bool
		visited, cursor = t.scanLine(cursor, visit)
		if visited || cursor == 0 {
			break
		}
	}
	return cursor
}

// scanLine visits the entries whose home is the line of cursor.
func (t *Table) scanLine(cursor uint64, visit func(ref uint32)) (visited bool, next uint64) {
	hash := cursor << (64 - cursorBits)
	s := &t.dir[t.indexOf(hash)]
	number := s.home(fineOf(hash, s.depth))
	l, behind := s.line(number), s.line(s.next(number))
	for slots := l.homes(); slots != 0; slots &= slots - 1 {
		visit(l.refs[bits.TrailingZeros32(slots)])
	}
	if l.away() > 0 {
		for slots := behind.guests(); slots != 0; slots &= slots - 1 {
			visit(behind.refs[bits.TrailingZeros32(slots)])
		}
	}
	prefix := hash >> (64 - s.depth) << (64 - s.depth)
	// Behind the last line of the last segment this is 2^64, which is 0.
	end := prefix + uint64(s.firstFine(number+1))<<(64-fineBits-s.depth)
	return l.homes() != 0, end >> (64 - cursorBits)
}

// Random returns an entry, each with nearly the same chance, chosen by 64 random bits; ok
// is false if the table is empty.
func (t *Table) Random(r uint64) (ref uint32, ok bool) {
	if t.count == 0 {
		return 0, false
	}
	index := t.indexOf(r)
	s := &t.dir[index]
	for range randomTriesMax {
		r = mix(r)
		number, _ := bits.Mul32(uint32(r), uint32(s.size))
		slot, _ := bits.Mul32(uint32(r>>32), lineSlots)
		if l := s.line(number); l.used()>>slot&1 != 0 {
			return l.refs[slot], true
		}
	}
	return t.firstFrom(index), true
}

// firstFrom is the first entry in the segment at index or behind it, around the directory.
func (t *Table) firstFrom(index uint64) uint32 {
	for ; ; index++ {
		s := &t.dir[index%uint64(len(t.dir))]
		for number, slot := range s.each {
			return s.line(number).refs[slot]
		}
	}
}

// mix makes other 64 random bits of 64 random bits.
func mix(r uint64) uint64 {
	r += 0x9e3779b97f4a7c15
	r = (r ^ r>>30) * 0xbf58476d1ce4e5b9
	r = (r ^ r>>27) * 0x94d049bb133111eb
	return r ^ r>>31
}
