// SPDX-License-Identifier: Apache-2.0

package rdb

import (
	"encoding/binary"
	"strconv"

	"stampede/internal/container/listpack"
)

// form is how elements are packed into one string.
type form byte

const (
	formNone form = iota
	formListpack
	formZiplist
	formZipmap
	formInts
)

// pack is a walk over the elements in a string.
type pack struct {
	blob []byte
	form form
	off  int // of the next element
	end  int // behind the last
	// before is the size of the element before off in a ziplist; in a zipmap it tells
	// whether a value comes next.
	before int
}

// openPack begins a walk over blob. A listpack is checked as a whole, the other forms as the
// walk goes on.
func openPack(f form, blob []byte) (pack, error) {
	p := pack{form: f, blob: blob}
	switch f {
	case formZiplist:
		return p, p.openZiplist()
	case formZipmap:
		return p, p.openZipmap()
	case formInts:
		return p, p.openInts()
	}
	if err := listpack.Check(blob); err != nil {
		return pack{}, malformed(err.Error())
	}
	p.off, p.end = listpackHead, len(blob)-1
	return p, nil
}

// listpackHead is what stands before the first element of a listpack.
const listpackHead = 6

func (p *pack) more() bool { return p.off < p.end }

// fresh tells whether nothing has been read yet.
func (p *pack) fresh() bool { return p.form == formListpack && p.off == listpackHead }

// elements tells how many there are in all, -1 if that is not written anywhere.
func (p *pack) elements() int {
	switch p.form {
	case formListpack:
		return listpack.Pack(p.blob).Len()
	case formZiplist:
		if n := int(binary.LittleEndian.Uint16(p.blob[8:])); n != ziplistCountUnknown {
			return n
		}
	case formInts:
		return (p.end - p.off) / p.before
	}
	return -1
}

// next gives the next element: a view of the string, or a number that it writes to digits.
func (p *pack) next(digits *[]byte) ([]byte, error) {
	switch p.form {
	case formZiplist:
		return p.nextInZiplist(digits)
	case formZipmap:
		return p.nextInZipmap()
	case formInts:
		return p.nextInt(digits), nil
	}
	list := listpack.Pack(p.blob)
	element := list.Get(p.off)
	if p.off = list.Next(p.off); p.off < 0 {
		p.off = p.end
	}
	if element.IsInt {
		return appendNumber(digits, element.Int), nil
	}
	return element.Bytes, nil
}

func appendNumber(digits *[]byte, v int64) []byte {
	*digits = strconv.AppendInt((*digits)[:0], v, 10)
	return *digits
}

// An intset:
//
//	| bytes of each number (u32 LE) | how many (u32 LE) | numbers, LE, ascending |

func (p *pack) openInts() error {
	if len(p.blob) < intsHeadBytes {
		return malformed("intset")
	}
	width := binary.LittleEndian.Uint32(p.blob)
	n := uint64(binary.LittleEndian.Uint32(p.blob[4:]))
	if width != 2 && width != 4 && width != 8 ||
		uint64(len(p.blob)-intsHeadBytes) != n*uint64(width) {
		return malformed("intset")
	}
	p.before, p.off, p.end = int(width), intsHeadBytes, len(p.blob)
	return nil
}

func (p *pack) nextInt(digits *[]byte) []byte {
	b := p.blob[p.off:]
	p.off += p.before
	switch p.before {
	case 2:
		return appendNumber(digits, int64(int16(binary.LittleEndian.Uint16(b))))
	case 4:
		return appendNumber(digits, int64(int32(binary.LittleEndian.Uint32(b))))
	}
	return appendNumber(digits, int64(binary.LittleEndian.Uint64(b)))
}
