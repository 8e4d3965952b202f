// SPDX-License-Identifier: Apache-2.0

package jsondoc

import (
	"cmp"
	"math/bits"
)

// Compare tells whether a number is less than another (-1), equal (0) or greater (1). It is
// exact for all that can be written, but that exponents beyond 2^60 count as 2^60. Both
// values must be of kind Integer or Number.
func (v Value) Compare(o Value) int {
	a, aScale, aOK := v.decimal()
	b, bScale, bOK := o.decimal()
	if aOK && bOK {
		return compareDecimals(a, aScale, b, bScale)
	}
	var aText, bText [48]byte
	return compareTexts(v.NumberText(aText[:0]), o.NumberText(bText[:0]))
}

// compareDecimals compares a/10^aScale with b/10^bScale.
func compareDecimals(a int64, aScale int, b int64, bScale int) int {
	if aScale == bScale || (a < 0) != (b < 0) {
		return cmp.Compare(a, b)
	}
	sign := 1
	aSize, bSize := uint64(a), uint64(b)
	if a < 0 {
		sign, aSize, bSize = -1, -aSize, -bSize
	}
	aHigh, aLow := bits.Mul64(aSize, tens[max(0, bScale-aScale)])
	bHigh, bLow := bits.Mul64(bSize, tens[max(0, aScale-bScale)])
	if c := cmp.Compare(aHigh, bHigh); c != 0 {
		return sign * c
	}
	return sign * cmp.Compare(aLow, bLow)
}

var tens = [scaleMax + 1]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8}

func compareTexts(a, b []byte) int {
	x, y := magnitudeOf(a), magnitudeOf(b)
	switch {
	case x.sign != y.sign:
		return cmp.Compare(x.sign, y.sign)
	case x.point != y.point:
		return x.sign * cmp.Compare(x.point, y.point)
	}
	return x.sign * compareDigits(x.digits, y.digits)
}

// A magnitude is a number as sign × 0.digits × 10^point. The digits begin with one that is
// not 0, and have the decimal point among them that was written there. Zero has sign 0.
type magnitude struct {
	sign   int
	digits []byte
	point  int64
}

func magnitudeOf(text []byte) magnitude {
	m := magnitude{sign: 1}
	if text[0] == '-' {
		m.sign = -1
		text = text[1:]
	}
	end, exponent := splitExponent(text)
	point := end // of the digits, if none is written
	for i, c := range text[:end] {
		if c == '.' {
			point = i
		} else if c != '0' && m.digits == nil {
			m.digits = text[i:end]
		}
	}
	if m.digits == nil {
		return magnitude{}
	}
	first := end - len(m.digits)
	m.point = exponent + int64(point-first)
	if first > point {
		m.point++ // the point itself is no digit
	}
	return m
}

// splitExponent gives where the digits of a number end, and its exponent.
func splitExponent(text []byte) (end int, exponent int64) {
	for end = 0; end < len(text) && text[end]|0x20 != 'e'; end++ {
	}
	if end == len(text) {
		return end, 0
	}
	isNegative := text[end+1] == '-'
	for _, c := range text[end+1:] {
		if c >= '0' {
			exponent = min(exponent*10+int64(c-'0'), 1<<60)
		}
		if exponent == 1<<60 {
			break
		}
	}
	if isNegative {
		exponent = -exponent
	}
	return end, exponent
}

// compareDigits compares digits behind the same decimal point, whatever zeros follow them.
func compareDigits(a, b []byte) int {
	for len(a) > 0 || len(b) > 0 {
		var x, y byte
		x, a = nextDigit(a)
		y, b = nextDigit(b)
		if x != y {
			return cmp.Compare(x, y)
		}
	}
	return 0
}

// nextDigit takes off the first digit, which is 0 behind the last.
func nextDigit(digits []byte) (digit byte, rest []byte) {
	if len(digits) > 0 && digits[0] == '.' {
		digits = digits[1:]
	}
	if len(digits) == 0 {
		return '0', nil
	}
	return digits[0], digits[1:]
}
