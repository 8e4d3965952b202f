// SPDX-License-Identifier: Apache-2.0

package listpack

import (
	"encoding/binary"
	"errors"
)

// What Check finds wrong. ErrMalformed covers the elements, the others the frame.
var (
	ErrSize      = errors.New("listpack: the total does not match the bytes")
	ErrEnd       = errors.New("listpack: the end mark is missing")
	ErrMalformed = errors.New("listpack: malformed element")
	ErrCount     = errors.New("listpack: the count does not match the elements")
)

// Check tells whether b, which may come from anywhere, is a well-formed pack: that the
// elements lie within it one behind the other up to its end, that each has the back length
// it must have, and that the header is right. It walks the whole of b.
func Check(b []byte) error {
	if len(b) < EmptyBytes || len(b) > MaxBytes || binary.LittleEndian.Uint32(b) != uint32(len(b)) {
		return ErrSize
	}
	end := len(b) - 1
	if b[end] != endMark {
		return ErrEnd
	}
	p, n := Pack(b), 0
	for off := headerBytes; off != end; n++ {
		size := p.checkElement(off, end)
		if size == 0 {
			return ErrMalformed
		}
		off += size
	}
	if count := p.count(); count != countUnknown && count != n {
		return ErrCount
	}
	return nil
}

// checkElement gives the bytes of the element at off, or 0 if it is malformed or goes
// beyond end.
func (p Pack) checkElement(off, end int) int {
	left := end - off
	if head := p.headBytes(off); head == 0 || head > left {
		return 0
	}
	head, data, _ := p.shape(off)
	n := head + data
	if total := withBackLen(n); total > left {
		return 0
	}
	var want [5]byte
	putBackLen(want[:], n)
	back := withBackLen(n) - n
	if string(p[off+n:off+n+back]) != string(want[:back]) {
		return 0
	}
	return n + back
}

// headBytes tells how many bytes must be there for shape to be asked, or 0 if there is no
// such encoding.
func (p Pack) headBytes(off int) int {
	switch c := p[off]; {
	case c < 0xE0:
		return 1
	case c < markString32:
		return 2
	case c == markString32:
		return 5
	case c <= markInt64:
		return 1
	}
	return 0
}
