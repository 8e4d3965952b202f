// SPDX-License-Identifier: Apache-2.0

package table

import (
	"encoding/binary"
	"math/bits"
)

// line is one line of the cache: what a search reads.
//
//	bits of marks:  0…11 slots of entries at home · 12…23 slots of guests · 24…27 away
type line struct {
	tags  [lineSlots]uint8
	marks uint32
	refs  [lineSlots]uint32
}

const (
	lineSlots  = 12
	lineBytes  = 64
	slotsMask  = 1<<lineSlots - 1
	guestShift = lineSlots
	awayShift  = 2 * lineSlots
	awayOne    = 1 << awayShift
)

func (l *line) homes() uint32  { return l.marks & slotsMask }
func (l *line) guests() uint32 { return l.marks >> guestShift & slotsMask }
func (l *line) away() uint32   { return l.marks >> awayShift }
func (l *line) used() uint32   { return (l.marks | l.marks>>guestShift) & slotsMask }
func (l *line) full() bool     { return l.used() == slotsMask }

// match is the set of slots, a bit each, whose tag is that of fine. Slots without an
// entry may be in it.
func (l *line) match(fine uint32) uint32 {
	const (
		ones  = 0x0101010101010101
		lows  = 0x7f7f7f7f7f7f7f7f
		pack8 = 0x0102040810204080 // times bits at 0, 8 … 56: those bits in the top byte
		pack4 = 0x10204080         // times bits at 0, 8, 16, 24: those in bits 28 … 31
	)
	// A byte of x is zero where the tag is the same; then, and only then, the addition
	// leaves its upper bit clear.
	want := uint64(fine&tagMask) * ones
	x := binary.LittleEndian.Uint64(l.tags[:8]) ^ want
	first := ^((x & lows) + lows | x | lows) >> 7
	y := binary.LittleEndian.Uint32(l.tags[8:]) ^ uint32(want)
	last := ^((y & (lows & 0xffffffff)) + lows&0xffffffff | y | lows&0xffffffff) >> 7
	return uint32(first*pack8>>56) | last*pack4>>28<<8
}

// put fills a slot that is not used; mark is 1 for an entry at home, 1<<guestShift for a
// guest. The line must not be full.
func (l *line) put(mark uint32, tag uint8, ref uint32) {
	slot := bits.TrailingZeros32(^l.used())
	l.tags[slot] = tag
	l.refs[slot] = ref
	l.marks |= mark << slot
}

// take empties one of the slots in the set slots.
func (l *line) take(slots uint32) (tag uint8, ref uint32) {
	slot := bits.TrailingZeros32(slots)
	l.clear(slot)
	return l.tags[slot], l.refs[slot]
}

func (l *line) clear(slot int) { l.marks &^= (1 | 1<<guestShift) << slot }
