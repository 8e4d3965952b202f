// SPDX-License-Identifier: Apache-2.0

package rdb

import "encoding/binary"

// A ziplist, the form that the listpack took the place of:
//
//	| bytes in all (u32 LE) | offset of the last element (u32 LE) | elements (u16 LE) |
//	| element … | 0xFF |
//
//	element: | size of the one before (1, or 0xFE and u32 LE) | encoding | data |
//
//	00llllll data                    string of up to 63 bytes
//	01llllll l data                  string of up to 16383 bytes
//	10...... llll data               string, its length as u32, most significant byte first
//	11000000 11010000 11100000       integer of 16, 32, 64 bits, LE
//	11110000 11111110                integer of 24 bits, LE; of 8 bits
//	1111vvvv                         the integer v-1, v from 1 to 13
//
// A count of 65535 means that the elements have to be counted.

const (
	ziplistHead         = 10
	ziplistCountUnknown = 65535
	ziplistLongBefore   = 0xFE
	packEnd             = 0xFF
)

func (p *pack) openZiplist() error {
	n := len(p.blob)
	if n < ziplistHead+1 || binary.LittleEndian.Uint32(p.blob) != uint32(n) || p.blob[n-1] != packEnd {
		return malformed("ziplist")
	}
	p.off, p.end = ziplistHead, n-1
	return nil
}

func (p *pack) nextInZiplist(digits *[]byte) ([]byte, error) {
	b := p.blob[p.off:p.end]
	head, before := 1, int(b[0])
	if before == ziplistLongBefore {
		if head = 5; len(b) < head {
			return nil, malformed("ziplist: element cut off")
		}
		before = int(binary.LittleEndian.Uint32(b[1:]))
	}
	if before != p.before || len(b) == head {
		return nil, malformed("ziplist: chain of elements")
	}
	encoding := b[head]
	if encoding < 0xC0 {
		return p.ziplistString(b, head)
	}
	data := b[head+1:]
	width := ziplistIntBytes(encoding)
	if width < 0 || width > len(data) {
		return nil, malformed("ziplist: integer")
	}
	p.advance(head + 1 + width)
	return appendNumber(digits, ziplistInt(encoding, data)), nil
}

// advance goes on to the element behind one of n bytes.
func (p *pack) advance(n int) {
	p.off += n
	p.before = n
}

// ziplistString gives the string whose encoding stands at b[head].
func (p *pack) ziplistString(b []byte, head int) ([]byte, error) {
	var size int
	switch c := b[head]; {
	case c < 0x40:
		size = int(c)
		head++
	case c < 0x80 && len(b)-head >= 2:
		size = int(c&0x3F)<<8 | int(b[head+1])
		head += 2
	case c >= 0x80 && len(b)-head >= 5:
		size = int(binary.BigEndian.Uint32(b[head+1:]))
		head += 5
	default:
		return nil, malformed("ziplist: string cut off")
	}
	if size > len(b)-head {
		return nil, malformed("ziplist: string cut off")
	}
	p.advance(head + size)
	return b[head : head+size : head+size], nil
}

// ziplistIntBytes tells how many bytes follow the encoding of an integer, -1 if there is no
// such encoding.
func ziplistIntBytes(encoding byte) int {
	switch encoding {
	case 0xC0:
		return 2
	case 0xD0:
		return 4
	case 0xE0:
		return 8
	case 0xF0:
		return 3
	case 0xFE:
		return 1
	}
	if encoding >= 0xF1 && encoding <= 0xFD {
		return 0
	}
	return -1
}

func ziplistInt(encoding byte, b []byte) int64 {
	switch encoding {
	case 0xC0:
		return int64(int16(binary.LittleEndian.Uint16(b)))
	case 0xD0:
		return int64(int32(binary.LittleEndian.Uint32(b)))
	case 0xE0:
		return int64(binary.LittleEndian.Uint64(b))
	case 0xF0:
		return int64(int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24) >> 8)
	case 0xFE:
		return int64(int8(b[0]))
	}
	return int64(encoding&0x0F) - 1
}

// A zipmap, what small hashes were before Redis 2.6:
//
//	| fields (u8; 254 and more: not known) | field, value … | 0xFF |
//
//	field: | length (u8 below 254, or 0xFE and u32 LE) | data |
//	value: | length | free (u8) | data | free bytes |

const zipmapLong = 0xFE

func (p *pack) openZipmap() error {
	n := len(p.blob)
	if n < 2 || p.blob[n-1] != packEnd {
		return malformed("zipmap")
	}
	p.off, p.end = 1, n-1
	return nil
}

func (p *pack) nextInZipmap() ([]byte, error) {
	b := p.blob[p.off:p.end]
	head, size := 1, int(b[0])
	switch {
	case size == packEnd, size == zipmapLong && len(b) < 5:
		return nil, malformed("zipmap: length")
	case size == zipmapLong:
		head, size = 5, int(binary.LittleEndian.Uint32(b[1:]))
	}
	free, value := 0, p.before == 1
	if value {
		if len(b) == head {
			return nil, malformed("zipmap: value cut off")
		}
		free = int(b[head])
		head++
	}
	if size+free > len(b)-head {
		return nil, malformed("zipmap: data cut off")
	}
	p.off += head + size + free
	if p.before = 1; value {
		p.before = 0
	}
	return b[head : head+size : head+size], nil
}
