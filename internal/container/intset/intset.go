// SPDX-License-Identifier: Apache-2.0

// Package intset reads and edits Redis' intset: a set of integers in one block of bytes,
// sorted, each as wide as the widest needs.
//
// The format is Redis' own, byte for byte, so that RDB files and DUMP payloads carry a set
// as it lies in memory:
//
//	| bytes of each, u32 LE: 2, 4 or 8 | how many, u32 LE | numbers, LE, ascending |
//
// A number that does not fit makes all of them wider; nothing makes them narrower again.
//
// A [Set] is a slice that the caller owns, as a rule a block of a shard's arena: whoever
// owns the block owns the set, and there are no locks. No function allocates and none grows
// the block: an edit takes place within the capacity of the slice, and [Set.GrownBytes]
// tells beforehand how much that must be.
//
// All functions take a well-formed set for granted: bytes of unknown origin are read by
// package rdb. When a set becomes too large for a walk is not known here.
package intset

import (
	"encoding/binary"
	"math"

	"stampede/internal/assert"
)

const (
	// EmptyBytes is the size of a set without members.
	EmptyBytes = 8

	// MaxLen is how many members a set may have: with more, an insertion would take too long
	// and need a block too large.
	MaxLen = 1 << 24

	countOffset = 4
)

// The widths of a number in bytes.
const (
	width16 = 2
	width32 = 4
	width64 = 8
)

// Set is a well-formed intset; its length is the total of its bytes.
type Set []byte

// New makes an empty set at the beginning of dst, whose capacity must be EmptyBytes or more.
func New(dst []byte) Set {
	assert.That(cap(dst) >= EmptyBytes, "intset: no room for an empty set")
	s := Set(dst[:EmptyBytes])
	s.setHead(width16, 0)
	return s
}

// Len is the number of members. It costs nothing.
func (s Set) Len() int { return int(binary.LittleEndian.Uint32(s[countOffset:])) }

func (s Set) width() int { return int(binary.LittleEndian.Uint32(s)) }

func (s Set) setHead(width, count int) {
	binary.LittleEndian.PutUint32(s, uint32(width))
	binary.LittleEndian.PutUint32(s[countOffset:], uint32(count))
}

// At is member i in ascending order, from 0; it must be there.
func (s Set) At(i int) int64 { return s.at(s.width(), i) }

func (s Set) at(width, i int) int64 {
	b := s[EmptyBytes+i*width:]
	switch width {
	case width16:
		return int64(int16(binary.LittleEndian.Uint16(b)))
	case width32:
		return int64(int32(binary.LittleEndian.Uint32(b)))
	}
	return int64(binary.LittleEndian.Uint64(b))
}

func (s Set) put(width, i int, v int64) {
	b := s[EmptyBytes+i*width:]
	switch width {
	case width16:
		binary.LittleEndian.PutUint16(b, uint16(v))
	case width32:
		binary.LittleEndian.PutUint32(b, uint32(v))
	default:
		binary.LittleEndian.PutUint64(b, uint64(v))
	}
}

// Find tells whether v is a member, and which one it is or would be. Cost: O(log n).
func (s Set) Find(v int64) (i int, ok bool) {
	width, end := s.width(), s.Len()
	if end > 0 && v > s.at(width, end-1) {
		return end, false
	}
	for i < end {
		middle := int(uint(i+end) >> 1)
		switch at := s.at(width, middle); {
		case at == v:
			return middle, true
		case at < v:
			i = middle + 1
		default:
			end = middle
		}
	}
	return i, false
}

// widthOf is how many bytes v needs.
func widthOf(v int64) int {
	switch {
	case v >= math.MinInt16 && v <= math.MaxInt16:
		return width16
	case v >= math.MinInt32 && v <= math.MaxInt32:
		return width32
	}
	return width64
}

// GrownBytes is the total of the set after Insert(i, v).
func (s Set) GrownBytes(v int64) int {
	return EmptyBytes + (s.Len()+1)*max(s.width(), widthOf(v))
}

// Insert adds v, which is not a member, as number i: what [Set.Find] says of it. Cost: O(n).
func (s Set) Insert(i int, v int64) Set {
	n, old, width := s.Len(), s.width(), max(s.width(), widthOf(v))
	total := EmptyBytes + (n+1)*width
	assert.That(i >= 0 && i <= n && n < MaxLen && total <= cap(s), "intset: no room for a member")
	end := len(s)
	s = s[:total]
	if width == old {
		at := EmptyBytes + i*width
		copy(s[at+width:], s[at:end])
	} else {
		// From the end on, nothing is overwritten that is still to be read. What is wider
		// than all others is the first or the last.
		for from := n - 1; from >= 0; from-- {
			to := from
			if from >= i {
				to++
			}
			s.put(width, to, s.at(old, from))
		}
	}
	s.put(width, i, v)
	s.setHead(width, n+1)
	return s
}

// Delete removes member i. Cost: O(n).
func (s Set) Delete(i int) Set {
	n, width := s.Len(), s.width()
	assert.That(i >= 0 && i < n, "intset: no such member")
	at := EmptyBytes + i*width
	copy(s[at:], s[at+width:])
	s.setHead(width, n-1)
	return s[:len(s)-width]
}
