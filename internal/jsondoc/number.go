// SPDX-License-Identifier: Apache-2.0

package jsondoc

import (
	"encoding/binary"
	"math"
	"strconv"
)

// digitsMax is how many decimal digits fit an uint64 whatever they are.
const digitsMax = 19

// A numeral is a number as it stands in a text.
type numeral struct {
	end      int    // offset behind it
	digits   uint64 // all of them, without the point; of no use unless isPlain
	scale    int    // how many stand behind the point
	negative bool
	isPlain  bool // no exponent, and not too many digits
}

// scanNumeral reads the number that begins at an offset of text. If there is none, end is
// where it fails and ok is false.
func scanNumeral(text []byte, at int) (n numeral, ok bool) {
	if at < len(text) && text[at] == '-' {
		n.negative = true
		at++
	}
	first := at
	if at < len(text) && text[at] == '0' {
		at++
	} else {
		n.digits, at = scanDigits(text, at, 0)
	}
	n.end = at
	if at == first {
		return n, false
	}
	count := at - first
	n.isPlain = count <= digitsMax
	if at == len(text) || text[at] != '.' && text[at]|0x20 != 'e' {
		return n, true
	}
	if text[at] == '.' {
		n.digits, n.end = scanDigits(text, at+1, n.digits)
		n.scale = n.end - at - 1
		n.isPlain = count+n.scale <= digitsMax
		if n.scale == 0 {
			return n, false
		}
	}
	return n.scanExponent(text)
}

// scanExponent goes on behind the digits, where an exponent may stand.
func (n numeral) scanExponent(text []byte) (numeral, bool) {
	at := n.end
	if at == len(text) || text[at]|0x20 != 'e' {
		return n, true
	}
	n.isPlain = false
	at++
	if at < len(text) && (text[at] == '+' || text[at] == '-') {
		at++
	}
	_, n.end = scanDigits(text, at, 0)
	return n, n.end > at
}

// scanDigits reads digits, as many as there are, and appends them to n.
func scanDigits(text []byte, at int, n uint64) (digits uint64, end int) {
	for at < len(text) && text[at]-'0' <= 9 {
		n = n*10 + uint64(text[at]-'0')
		at++
	}
	return n, at
}

// signed is the plain numeral without its point, if that fits 64 bits and says all: there is
// no integer -0.
func (n numeral) signed() (value int64, ok bool) {
	switch {
	case !n.isPlain:
		return 0, false
	case !n.negative:
		return int64(n.digits), n.digits <= math.MaxInt64
	}
	return -int64(n.digits), n.digits != 0 && n.digits <= 1<<63
}

// AppendNumber appends a number in packed form, given as JSON writes it, and tells whether
// it is a number at all; if not, dst comes back as it was.
func AppendNumber(dst, text []byte) (out []byte, ok bool) {
	n, ok := scanNumeral(text, 0)
	if !ok || n.end != len(text) {
		return dst, false
	}
	return n.appendPacked(dst, text), true
}

// appendPacked appends the numeral that text is in packed form.
func (n numeral) appendPacked(dst, text []byte) []byte {
	if value, ok := n.signed(); ok && n.scale <= scaleMax {
		return appendDecimal(dst, value, n.scale)
	}
	return append(appendHead(dst, familyNumber, len(text)), text...)
}

// low reads an integer of width bytes.
func low(b []byte, width int) int64 {
	shift := 64 - 8*width
	if len(b) >= 8 {
		return int64(binary.LittleEndian.Uint64(b)) << shift >> shift
	}
	var n uint64
	for i := range width {
		n |= uint64(b[i]) << (8 * i)
	}
	return int64(n) << shift >> shift
}

// Int is the value of an Integer; ok is false for every other kind.
func (v Value) Int() (n int64, ok bool) {
	if v.Kind() != Integer {
		return 0, false
	}
	return v.integer(), true
}

func (v Value) integer() int64 {
	tag := v.doc[v.at]
	if tag < tagDecimal {
		return int64(tag - tagSmall)
	}
	return low(v.doc[v.at+1:], int(tag&7)+1)
}

// decimal gives a number as digits to be divided by ten scale times; ok is false if the
// number is kept as text.
func (v Value) decimal() (digits int64, scale int, ok bool) {
	switch tag := v.doc[v.at]; {
	case tag >= tagLong:
		return 0, 0, false
	case tag >= tagDecimal && tag < tagArray:
		return low(v.doc[v.at+1:], int(tag&7)+1), int(tag>>3&7) + 1, true
	}
	return v.integer(), 0, true
}

// Float is the double that is nearest to an Integer or Number, infinite beyond the range of
// doubles; 0 for every other kind.
func (v Value) Float() float64 {
	if kind := v.Kind(); kind != Integer && kind != Number {
		return 0
	}
	digits, scale, ok := v.decimal()
	if ok && scale == 0 {
		return float64(digits)
	}
	if ok && digits > -1<<53 && digits < 1<<53 {
		return float64(digits) / powersOfTen[scale] // both exact, so rounded once
	}
	var text [32]byte
	f, _ := strconv.ParseFloat(string(v.NumberText(text[:0])), 64)
	return f
}

var powersOfTen = [scaleMax + 1]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8}

// NumberText appends an Integer or Number as it was written.
func (v Value) NumberText(dst []byte) []byte {
	digits, scale, ok := v.decimal()
	switch {
	case !ok:
		from, to := body(v.doc, v.at)
		return append(dst, v.doc[from:to]...)
	case scale == 0:
		return strconv.AppendInt(dst, digits, 10)
	}
	return appendDecimalText(dst, digits, scale)
}

// appendDecimalText writes a number of scale digits behind the point and one or more before.
func appendDecimalText(dst []byte, digits int64, scale int) []byte {
	left := uint64(digits)
	if digits < 0 {
		dst = append(dst, '-')
		left = -left
	}
	var text [digitsMax + 2]byte
	at := len(text)
	for count := 0; left != 0 || count <= scale; count++ {
		if count == scale {
			at--
			text[at] = '.'
		}
		at--
		text[at] = '0' + byte(left%10)
		left /= 10
	}
	return append(dst, text[at:]...)
}
