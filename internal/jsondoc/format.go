// SPDX-License-Identifier: Apache-2.0

package jsondoc

import "encoding/binary"

// The first byte of a value, its tag, says what it is and how long:
//
//	00llllll  string of l bytes, which follow
//	01vvvvvv  integer 0 … 63
//	10sssbbb  decimal: an integer of b+1 bytes, to be divided by ten s+1 times
//	1100llll  array of l bytes
//	1101llll  object of l bytes
//	11100bbb  integer of b+1 bytes, two's complement, LE
//	11101000  null; …1001 false; …1010 true
//	1111ffww  f: number as text, string, array, object; its length follows in 1, 2 or 4
//	          bytes (w = 0, 1, 2), LE
//
// Each value has one form only: the shortest.
const (
	tagString  = 0x00
	tagSmall   = 0x40
	tagDecimal = 0x80
	tagArray   = 0xC0
	tagObject  = 0xD0
	tagInteger = 0xE0
	tagNull    = 0xE8
	tagFalse   = 0xE9
	tagTrue    = 0xEA
	tagLong    = 0xF0

	smallMax  = 63
	stringMax = 63 // longest string whose length stands in its tag
	bodyMax   = 15 // longest array or object whose length stands in its tag
	scaleMax  = 8  // most digits behind the point of a decimal
)

// A family is one of the four things that may be longer than a tag can tell.
type family uint8

const (
	familyNumber family = iota
	familyString
	familyArray
	familyObject
)

// An object's members are pairs of name and value. The first byte of a name:
//
//	0nnnnnnn           number n of Names
//	10nnnnnn n         number n of Names, 128 or more
//	11llllll           a name of l bytes (0 … 61), which follow
//	11111110 l         a name of l bytes
//	11111111 l l l l   a name of l bytes, LE
const (
	nameWide   = 0x80
	nameInline = 0xC0
	name8      = 0xFE
	name32     = 0xFF

	nameShortMax = 127 // greatest number that takes one byte
	inlineMax    = name8 - nameInline - 1
)

// fixedBytes is the size of the value that begins with a tag, 0 if its length follows the
// tag, and kinds is what it is; Missing marks the tags that no document has.
var fixedBytes, kinds = tagTables()

func tagTables() (bytes [256]uint8, kinds [256]Kind) {
	for tag := range 256 {
		switch {
		case tag < tagSmall:
			bytes[tag], kinds[tag] = uint8(1+tag), String
		case tag < tagDecimal:
			bytes[tag], kinds[tag] = 1, Integer
		case tag < tagArray:
			bytes[tag], kinds[tag] = uint8(2+tag&7), Number
		case tag < tagObject:
			bytes[tag], kinds[tag] = uint8(1+tag&15), Array
		case tag < tagInteger:
			bytes[tag], kinds[tag] = uint8(1+tag&15), Object
		case tag < tagNull:
			bytes[tag], kinds[tag] = uint8(2+tag&7), Integer
		case tag == tagNull:
			bytes[tag], kinds[tag] = 1, Null
		case tag <= tagTrue:
			bytes[tag], kinds[tag] = 1, Bool
		case tag >= tagLong && tag&3 != 3:
			kinds[tag] = [...]Kind{Number, String, Array, Object}[tag>>2&3]
		}
	}
	return bytes, kinds
}

// after gives the offset behind the value at an offset.
func after(doc []byte, at int) int {
	if n := fixedBytes[doc[at]]; n != 0 {
		return at + int(n)
	}
	from, to := longBody(doc, at)
	_ = from
	return to
}

// longBody gives where the content of a value with a length behind its tag lies.
func longBody(doc []byte, at int) (from, to int) {
	switch doc[at] & 3 {
	case 0:
		from = at + 2
		return from, from + int(doc[at+1])
	case 1:
		from = at + 3
		return from, from + int(binary.LittleEndian.Uint16(doc[at+1:]))
	default:
		from = at + 5
		return from, from + int(binary.LittleEndian.Uint32(doc[at+1:]))
	}
}

// body gives where the content of a string, an array, an object or a number that is kept as
// text lies.
func body(doc []byte, at int) (from, to int) {
	if n := fixedBytes[doc[at]]; n != 0 {
		return at + 1, at + int(n)
	}
	return longBody(doc, at)
}

// headBytes is the size of tag and length of a value of n bytes.
func headBytes(f family, n int) int {
	switch {
	case f >= familyArray && n <= bodyMax, f == familyString && n <= stringMax:
		return 1
	case n < 1<<8:
		return 2
	case n < 1<<16:
		return 3
	}
	return 5
}

// putHead writes tag and length of a value of n bytes, for which headBytes made room.
func putHead(dst []byte, f family, n int) {
	tag := byte(tagLong) | byte(f)<<2
	switch headBytes(f, n) {
	case 1:
		dst[0] = [...]byte{0, tagString, tagArray, tagObject}[f] | byte(n)
	case 2:
		dst[0], dst[1] = tag, byte(n)
	case 3:
		dst[0] = tag | 1
		binary.LittleEndian.PutUint16(dst[1:], uint16(n))
	default:
		dst[0] = tag | 2
		binary.LittleEndian.PutUint32(dst[1:], uint32(n))
	}
}

// closeBody writes the head of a value whose content stands at the end of dst, behind room
// bytes that were left for the head at the offset at. The content moves if the head needs
// another room than was left, which whoever leaves it avoids for great ones.
func closeBody(dst []byte, at, room int, f family) []byte {
	n := len(dst) - at - room
	head := headBytes(f, n)
	if head > room {
		dst = append(dst, "....."[:head-room]...)
	}
	if head != room {
		copy(dst[at+head:at+head+n], dst[at+room:at+room+n])
		dst = dst[:at+head+n]
	}
	putHead(dst[at:], f, n)
	return dst
}

// afterName gives the offset behind the member name at an offset.
func afterName(doc []byte, at int) int {
	switch tag := doc[at]; {
	case tag < nameWide:
		return at + 1
	case tag < nameInline:
		return at + 2
	case tag < name8:
		return at + 1 + int(tag-nameInline)
	case tag == name8:
		return at + 2 + int(doc[at+1])
	}
	return at + 5 + int(binary.LittleEndian.Uint32(doc[at+1:]))
}

// nameNumber gives the number of the member name at an offset, or -1 if it stands inline.
func nameNumber(doc []byte, at int) int {
	switch tag := doc[at]; {
	case tag < nameWide:
		return int(tag)
	case tag < nameInline:
		return int(tag-nameWide)<<8 | int(doc[at+1])
	}
	return -1
}

// inlineName is the inline member name between two offsets.
func inlineName(doc []byte, at, end int) []byte {
	switch doc[at] {
	case name8:
		return doc[at+2 : end]
	case name32:
		return doc[at+5 : end]
	}
	return doc[at+1 : end]
}
