// SPDX-License-Identifier: Apache-2.0

package intset

import (
	"encoding/binary"

	"stampede/internal/assert"
)

// AppendTo appends all members in ascending order. Cost: O(n).
func (s Set) AppendTo(dst []int64) []int64 {
	b := s[EmptyBytes:]
	switch s.width() {
	case width16:
		for ; len(b) >= width16; b = b[width16:] {
			dst = append(dst, int64(int16(binary.LittleEndian.Uint16(b))))
		}
	case width32:
		for ; len(b) >= width32; b = b[width32:] {
			dst = append(dst, int64(int32(binary.LittleEndian.Uint32(b))))
		}
	default:
		for ; len(b) >= width64; b = b[width64:] {
			dst = append(dst, int64(binary.LittleEndian.Uint64(b)))
		}
	}
	return dst
}

// filledWidth is how many bytes the widest of some numbers in ascending order needs.
func filledWidth(ints []int64) int {
	if len(ints) == 0 {
		return width16
	}
	return max(widthOf(ints[0]), widthOf(ints[len(ints)-1]))
}

// FilledBytes is the total of a set of the given numbers, which are in ascending order.
func FilledBytes(ints []int64) int { return EmptyBytes + len(ints)*filledWidth(ints) }

// Fill makes a set of the given numbers at the beginning of dst, which has [FilledBytes]. They
// are in ascending order, each once. Cost: O(n).
func Fill(dst []byte, ints []int64) Set {
	width := filledWidth(ints)
	assert.That(len(dst) == FilledBytes(ints), "intset: no room for these members")
	s := Set(dst)
	s.setHead(width, len(ints))
	for i, v := range ints {
		s.put(width, i, v)
	}
	return s
}
