// SPDX-License-Identifier: Apache-2.0

package listpack

import (
	"encoding/binary"
	"math"
)

// The first byte of an element, where the whole byte tells the encoding.
const (
	markString32 = 0xF0
	markInt16    = 0xF1
	markInt24    = 0xF2
	markInt32    = 0xF3
	markInt64    = 0xF4
)

const (
	maxString6  = 1<<6 - 1
	maxString12 = 1<<12 - 1
	maxUint7    = 1<<7 - 1
	minInt13    = -1 << 12
	maxInt13    = 1<<12 - 1
	minInt24    = -1 << 23
	maxInt24    = 1<<23 - 1

	// maxNumberBytes is the length of the longest integer of 64 bits in text.
	maxNumberBytes = 20
)

// EncodedLen tells how many bytes the element b takes in a pack. Text that is an integer in
// its one normal form is stored as the integer.
func EncodedLen(b []byte) int {
	if v, ok := parseInt(b); ok {
		return EncodedLenInt(v)
	}
	return encodedLenString(len(b))
}

// EncodedLenInt tells how many bytes the integer v takes in a pack.
func EncodedLenInt(v int64) int { return intBytes(v) + 1 }

func encodedLenString(n int) int { return withBackLen(stringHead(n) + n) }

// stringHead tells how many bytes come before the n bytes of a string.
func stringHead(n int) int {
	switch {
	case n <= maxString6:
		return 1
	case n <= maxString12:
		return 2
	}
	return 5
}

// intBytes tells how many bytes v takes without its back length.
func intBytes(v int64) int {
	switch {
	case v >= 0 && v <= maxUint7:
		return 1
	case v >= minInt13 && v <= maxInt13:
		return 2
	case v >= math.MinInt16 && v <= math.MaxInt16:
		return 3
	case v >= minInt24 && v <= maxInt24:
		return 4
	case v >= math.MinInt32 && v <= math.MaxInt32:
		return 5
	}
	return 9
}

// shape tells how many bytes of head and of data the element at off has. For a string size
// is its length, which is also data; for an integer it is negative. The element must begin
// and its length must lie within p; an encoding that does not exist has no head.
func (p Pack) shape(off int) (head, data, size int) {
	c := p[off]
	switch {
	case c < 0x80:
		return 1, 0, -1
	case c < 0xC0:
		n := int(c & maxString6)
		return 1, n, n
	case c < 0xE0:
		return 1, 1, -1
	case c < markString32:
		n := int(c&0x0F)<<8 | int(p[off+1])
		return 2, n, n
	case c == markString32:
		n := int(binary.LittleEndian.Uint32(p[off+1:]))
		return 5, n, n
	case c <= markInt32:
		return 1, int(c-markInt16) + 2, -1
	case c == markInt64:
		return 1, 8, -1
	}
	return 0, 0, -1
}

// number gives the integer at off.
func (p Pack) number(off int) int64 {
	c := p[off]
	switch {
	case c < 0x80:
		return int64(c)
	case c < 0xE0:
		v := int64(c&0x1F)<<8 | int64(p[off+1])
		return v << 51 >> 51
	case c == markInt16:
		return int64(int16(binary.LittleEndian.Uint16(p[off+1:])))
	case c == markInt24:
		v := uint32(p[off+1]) | uint32(p[off+2])<<8 | uint32(p[off+3])<<16
		return int64(int32(v<<8) >> 8)
	case c == markInt32:
		return int64(int32(binary.LittleEndian.Uint32(p[off+1:])))
	}
	return int64(binary.LittleEndian.Uint64(p[off+1:]))
}

// putString writes the string b as an element at the beginning of dst.
func putString(dst, b []byte) {
	n, head := len(b), stringHead(len(b))
	switch head {
	case 1:
		dst[0] = 0x80 | byte(n)
	case 2:
		dst[0], dst[1] = 0xE0|byte(n>>8), byte(n)
	default:
		dst[0] = markString32
		binary.LittleEndian.PutUint32(dst[1:], uint32(n))
	}
	copy(dst[head:], b)
	putBackLen(dst[head+n:], head+n)
}

// putInt writes the integer v as an element at the beginning of dst.
func putInt(dst []byte, v int64) {
	n := intBytes(v)
	switch n {
	case 1:
		dst[0] = byte(v)
	case 2:
		dst[0], dst[1] = 0xC0|byte(v>>8)&0x1F, byte(v)
	case 3:
		dst[0] = markInt16
		binary.LittleEndian.PutUint16(dst[1:], uint16(v))
	case 4:
		dst[0], dst[1], dst[2], dst[3] = markInt24, byte(v), byte(v>>8), byte(v>>16)
	case 5:
		dst[0] = markInt32
		binary.LittleEndian.PutUint32(dst[1:], uint32(v))
	default:
		dst[0] = markInt64
		binary.LittleEndian.PutUint64(dst[1:], uint64(v))
	}
	putBackLen(dst[n:], n)
}

// withBackLen adds to n bytes of an element the bytes of its back length. The limits are
// those of Redis, which leaves the highest value of each size to the next one.
func withBackLen(n int) int {
	switch {
	case n <= 127:
		return n + 1
	case n < 1<<14-1:
		return n + 2
	case n < 1<<21-1:
		return n + 3
	case n < 1<<28-1:
		return n + 4
	}
	return n + 5
}

// putBackLen writes n at the beginning of dst: the highest group first, and on every group
// but that one the flag that there is more before it.
func putBackLen(dst []byte, n int) {
	size := withBackLen(n) - n
	for i := size - 1; i > 0; i-- {
		dst[i] = byte(n&0x7F) | 0x80
		n >>= 7
	}
	dst[0] = byte(n)
}

// backLen reads the back length that ends before off: the bytes of the element without it,
// and its own.
func (p Pack) backLen(off int) (n, bytes int) {
	for shift := 0; ; shift += 7 {
		bytes++
		c := p[off-bytes]
		n |= int(c&0x7F) << shift
		if c&0x80 == 0 {
			return n, bytes
		}
	}
}

// parseInt reads an integer in its normal form: no sign but a minus, no leading zeros, no
// minus zero, nothing around it. Only such text comes back the same from the integer.
func parseInt(b []byte) (v int64, ok bool) {
	if len(b) == 0 || len(b) > maxNumberBytes {
		return 0, false
	}
	digits, limit := b, uint64(math.MaxInt64)
	negative := b[0] == '-'
	if negative {
		digits, limit = b[1:], 1<<63
	}
	if len(digits) == 0 || len(digits) > 19 || digits[0] == '0' && len(b) > 1 {
		return 0, false
	}
	var u uint64
	for _, c := range digits {
		if c -= '0'; c > 9 {
			return 0, false
		}
		u = u*10 + uint64(c)
	}
	if u > limit {
		return 0, false
	}
	if negative {
		return -int64(u), true
	}
	return int64(u), true
}
