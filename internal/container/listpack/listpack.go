// SPDX-License-Identifier: Apache-2.0

// Package listpack reads and edits Redis' listpack: a sequence of short byte strings and
// integers packed into one block of bytes.
//
// The format is Redis' own, byte for byte, so that RDB files and DUMP payloads carry a
// pack as it lies in memory:
//
//	| total bytes, u32 LE | elements, u16 LE | element … | 0xFF |
//
//	element: | encoding byte(s) with length or value | data | back length |
//
//	0vvvvvvv                       integer 0 … 127
//	10llllll data                  string of up to 63 bytes
//	110vvvvv v                     integer of 13 bits, two's complement
//	1110llll l data                string of up to 4095 bytes
//	11110000 llll data             string, its length as u32 LE
//	11110001 … 11110100            integer of 16, 24, 32, 64 bits, LE
//
// The back length is the length of the element without it, in groups of 7 bits to be read
// from its end; it makes the walk backwards possible. A count of 65535 in the header means
// that the elements have to be counted.
//
// A [Pack] is a slice that the caller owns, as a rule a block of a shard's arena: whoever
// owns the block owns the pack, and there are no locks. No function allocates and none
// grows the block: an edit takes place within the capacity of the slice, and [EncodedLen]
// and [Pack.ReplacedBytes] tell beforehand how much that must be. Views that [Pack.Get]
// gives are valid until the next edit, and may not be what an edit puts into the same pack.
//
// An element is addressed by its offset in bytes; a negative offset means "none". Every
// edit makes other offsets at or behind the edited place invalid.
//
// Bytes of unknown origin go through [Check] first; all other functions take a well-formed
// pack for granted. What the elements mean (fields and values, members and scores), and
// when a pack becomes too large, is not known here.
package listpack

import (
	"encoding/binary"

	"stampede/internal/assert"
)

const (
	// EmptyBytes is the size of a pack without elements.
	EmptyBytes = headerBytes + 1

	// MaxBytes is the size that no pack may exceed; it is Redis' own safety limit.
	MaxBytes = 1 << 30

	headerBytes  = 6
	countOffset  = 4
	countUnknown = 65535
	endMark      = 0xFF
)

// Pack is a well-formed listpack; its length is the total of its bytes.
type Pack []byte

// New makes an empty pack at the beginning of dst, whose capacity must be EmptyBytes or more.
func New(dst []byte) Pack {
	assert.That(cap(dst) >= EmptyBytes, "listpack: no room for an empty pack")
	p := Pack(dst[:EmptyBytes])
	p[headerBytes] = endMark
	p.setBytes(EmptyBytes)
	p.setCount(0)
	return p
}

// Len counts the elements: in constant time up to 65534 of them, by a walk beyond.
func (p Pack) Len() int {
	if n := p.count(); n != countUnknown {
		return n
	}
	n := 0
	for off := headerBytes; p[off] != endMark; off = p.after(off) {
		n++
	}
	return n
}

// First gives the offset of the first element, or a negative one if there is none.
func (p Pack) First() int {
	if p[headerBytes] == endMark {
		return -1
	}
	return headerBytes
}

// Last gives the offset of the last element, or a negative one if there is none.
func (p Pack) Last() int { return p.Prev(p.End()) }

// End gives the offset behind the last element: where Insert appends and Prev begins.
func (p Pack) End() int { return len(p) - 1 }

// Next gives the offset of the element behind the one at off, or a negative one.
func (p Pack) Next(off int) int {
	off = p.after(off)
	if p[off] == endMark {
		return -1
	}
	return off
}

// Prev gives the offset of the element before the one at off, or a negative one.
func (p Pack) Prev(off int) int {
	if off == headerBytes {
		return -1
	}
	n, bytes := p.backLen(off)
	return off - n - bytes
}

// At gives the offset of element i, counted from the end if i is negative (-1 is the last),
// or a negative offset if there are not so many. It walks from the nearer end.
func (p Pack) At(i int) int {
	if n := p.count(); n != countUnknown {
		if i >= n || i < -n {
			return -1
		}
		if i >= 0 && i > n/2 {
			i -= n
		} else if i < -n/2 {
			i += n
		}
	}
	if i < 0 {
		off := p.Last()
		for ; i < -1 && off >= 0; i++ {
			off = p.Prev(off)
		}
		return off
	}
	off := p.First()
	for ; i > 0 && off >= 0; i-- {
		off = p.Next(off)
	}
	return off
}

// Find looks for the element b, beginning with the one at from and leaving out skip
// elements after each one looked at: 1 finds the field of a hash among fields and values.
// It gives a negative offset if there is none, and also if from is negative.
func (p Pack) Find(from, skip int, b []byte) int {
	if from < 0 {
		return -1
	}
	number, isInt := parseInt(b)
	for off := from; p[off] != endMark; {
		head, data, size := p.shape(off)
		if size >= 0 {
			if size == len(b) && string(p[off+head:off+head+size]) == string(b) {
				return off
			}
		} else if isInt && p.number(off) == number {
			return off
		}
		off += withBackLen(head + data)
		for i := 0; i < skip && p[off] != endMark; i++ {
			off = p.after(off)
		}
	}
	return -1
}

// ElementBytes tells how many bytes the element at off takes, its back length included.
func (p Pack) ElementBytes(off int) int { return p.after(off) - off }

// after gives the offset behind the element at off: that of the next one or of the end.
func (p Pack) after(off int) int {
	head, data, _ := p.shape(off)
	return off + withBackLen(head+data)
}

func (p Pack) count() int { return int(binary.LittleEndian.Uint16(p[countOffset:])) }

func (p Pack) setCount(n int) {
	binary.LittleEndian.PutUint16(p[countOffset:], uint16(min(n, countUnknown)))
}

func (p Pack) setBytes(n int) { binary.LittleEndian.PutUint32(p, uint32(n)) }
