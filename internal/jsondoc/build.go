// SPDX-License-Identifier: Apache-2.0

package jsondoc

import (
	"encoding/binary"
	"math/bits"

	"stampede/internal/assert"
)

// AppendNull appends null in packed form.
func AppendNull(dst []byte) []byte { return append(dst, tagNull) }

// AppendBool appends true or false in packed form.
func AppendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, tagTrue)
	}
	return append(dst, tagFalse)
}

// AppendInt appends an integer in packed form.
func AppendInt(dst []byte, n int64) []byte { return appendDecimal(dst, n, 0) }

// appendDecimal appends n/10^scale, of at most scaleMax digits behind the point.
func appendDecimal(dst []byte, n int64, scale int) []byte {
	width := intBytes(n)
	tag := byte(tagInteger)
	switch {
	case scale > 0:
		tag = tagDecimal | byte(scale-1)<<3
	case uint64(n) <= smallMax:
		return append(dst, tagSmall|byte(n))
	}
	tag |= byte(width - 1)
	switch width {
	case 1:
		return append(dst, tag, byte(n))
	case 2:
		return append(dst, tag, byte(n), byte(n>>8))
	case 3:
		return append(dst, tag, byte(n), byte(n>>8), byte(n>>16))
	}
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(n))
	return append(append(dst, tag), b[:width]...)
}

// intBytes tells how many bytes hold n in two's complement.
func intBytes(n int64) int {
	const signBit = 1
	return (bits.Len64(uint64(n^n>>63)) + signBit + 7) / 8
}

// AppendString appends a string in packed form. The text must be valid UTF-8.
func AppendString(dst, text []byte) []byte {
	dst = appendHead(dst, familyString, len(text))
	return append(dst, text...)
}

// appendHead appends tag and length of a value of n bytes.
func appendHead(dst []byte, f family, n int) []byte {
	at := len(dst)
	dst = append(dst, "....."[:headBytes(f, n)]...)
	putHead(dst[at:], f, n)
	return dst
}

// AppendName appends the name of a member, which its value is to follow. The name must be
// valid UTF-8 and new to its object.
func AppendName(dst, name []byte, names *Names) []byte {
	if number := names.take(name); number >= 0 {
		return appendNumber(dst, number)
	}
	return appendInline(dst, name)
}

func appendNumber(dst []byte, number int) []byte {
	if number <= nameShortMax {
		return append(dst, byte(number))
	}
	return append(dst, nameWide|byte(number>>8), byte(number))
}

func appendInline(dst, name []byte) []byte {
	switch n := len(name); inlineHead(n) {
	case 1:
		dst = append(dst, nameInline+byte(n))
	case 2:
		dst = append(dst, name8, byte(n))
	default:
		dst = binary.LittleEndian.AppendUint32(append(dst, name32), uint32(n))
	}
	return append(dst, name...)
}

// inlineHead is the size of what stands before an inline name of n bytes.
func inlineHead(n int) int {
	switch {
	case n <= inlineMax:
		return 1
	case n < 1<<8:
		return 2
	}
	return 5
}

// Mark is an array or an object that OpenArray or OpenObject began and Close is to end.
type Mark struct {
	at     int
	family family
}

// openRoom is left for the head of what is not likely to be long.
const openRoom = 2

// OpenArray begins an array: what is appended until Close are its elements.
func OpenArray(dst []byte) ([]byte, Mark) {
	return append(dst, "....."[:openRoom]...), Mark{len(dst), familyArray}
}

// OpenObject begins an object: what is appended until Close are its members, each a name by
// AppendName and a value.
func OpenObject(dst []byte) ([]byte, Mark) {
	return append(dst, "....."[:openRoom]...), Mark{len(dst), familyObject}
}

// Close ends the array or object that m began. It moves what is in it if that is longer
// than 255 bytes.
func Close(dst []byte, m Mark) []byte {
	assert.That(m.at+openRoom <= len(dst), "jsondoc: closes what is not open")
	return closeBody(dst, m.at, openRoom, m.family)
}
