// SPDX-License-Identifier: Apache-2.0

package listpack

import "strconv"

// Value is one element as it is stored: an integer, or bytes that belong to the pack and
// are valid until its next edit.
type Value struct {
	Bytes []byte // the string; nil if the element is an integer
	Int   int64  // the integer
	IsInt bool   // tells which of the two it is
}

// Get gives the element at off.
func (p Pack) Get(off int) Value {
	head, _, size := p.shape(off)
	if size < 0 {
		return Value{Int: p.number(off), IsInt: true}
	}
	return Value{Bytes: p[off+head : off+head+size : off+head+size]}
}

// Append adds the text of the value to dst.
func (v Value) Append(dst []byte) []byte {
	if v.IsInt {
		return strconv.AppendInt(dst, v.Int, 10)
	}
	return append(dst, v.Bytes...)
}

// Len is the length of the text of the value in bytes.
func (v Value) Len() int {
	if !v.IsInt {
		return len(v.Bytes)
	}
	n, u := 1, uint64(v.Int)
	if v.Int < 0 {
		n, u = 2, -u
	}
	for ; u >= 10; u /= 10 {
		n++
	}
	return n
}

// Equal tells whether the text of the value is b.
func (v Value) Equal(b []byte) bool {
	if !v.IsInt {
		return string(v.Bytes) == string(b)
	}
	number, ok := parseInt(b)
	return ok && number == v.Int
}

// Int64 gives the value as an integer, if its text is one in normal form.
func (v Value) Int64() (n int64, ok bool) {
	if v.IsInt {
		return v.Int, true
	}
	return parseInt(v.Bytes)
}
