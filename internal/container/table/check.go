// SPDX-License-Identifier: Apache-2.0

package table

import (
	"math/bits"

	"stampede/internal/assert"
)

// checkEvery is how many changes pass between two checks of a segment under slowassert.
const checkEvery = 64

// check walks the whole table and panics where an invariant does not hold.
func (t *Table) check() {
	count, deepest, bytes := 0, 0, int64(0)
	for i := uint32(0); i < uint32(len(t.dir)); {
		s := &t.dir[i]
		t.checkSegment(i)
		width := uint32(1) << (t.depth - s.depth)
		assert.That(i%width == 0, "table: segment at a wrong place in the directory")
		for j := range width {
			assert.That(t.dir[i+j] == *s, "table: segment not in all its places")
		}
		i += width
		count += s.entries()
		bytes += int64(s.size) * lineBytes
		if s.depth == t.depth {
			deepest++
		}
	}
	assert.That(len(t.dir) == 1<<t.depth && t.shift == 63-t.depth, "table: directory length")
	assert.That(count == t.count, "table: count")
	assert.That(deepest == t.deepest, "table: count of the deepest segments")
	assert.That(bytes == t.bytes, "table: bytes")
}

// checkSegment walks the segment at index and panics where an invariant does not hold.
func (t *Table) checkSegment(index uint32) {
	s := &t.dir[index]
	assert.That(s.depth <= t.depth, "table: segment deeper than the directory")
	assert.That(s.depth == 0 || s.size >= linesExact, "table: small segment among others")
	for number := range uint32(s.size) {
		l, behind := s.line(number), s.line(s.next(number))
		assert.That(l.homes()&l.guests() == 0, "table: slot with two marks")
		assert.That(int(l.away()) == bits.OnesCount32(behind.guests()), "table: guests uncounted")
		assert.That(l.away() == 0 || l.full(), "table: entries away from a line with room")
	}
	for number, slot := range s.each {
		l := s.line(number)
		hash := t.hashOf(l.refs[slot])
		fine := fineOf(hash, s.depth)
		home := number
		if l.guests()>>slot&1 != 0 {
			home = s.before(number)
		}
		assert.That(t.indexOf(hash)>>(t.depth-s.depth) == uint64(index)>>(t.depth-s.depth),
			"table: entry in a wrong segment")
		assert.That(s.home(fine) == home, "table: entry in a wrong line")
		assert.That(l.tags[slot] == uint8(fine), "table: entry with a wrong tag")
		assert.That(t.fineAt(s, number, slot) == fine, "table: fine position not recovered")
	}
}
