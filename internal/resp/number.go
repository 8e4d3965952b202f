// SPDX-License-Identifier: Apache-2.0

package resp

import (
	"math"
	"strconv"
)

const (
	// doubleBytesMax is enough for what FormatDouble appends.
	doubleBytesMax = 32
	// exactIntMax is below which every whole number is a float64 of at most 17 digits.
	exactIntMax = 1 << 53
	// shortDigitsMax is how many decimal digits a float64 holds exactly, whatever they are.
	shortDigitsMax = 15
	// intDigitsMax is how many decimal digits an int64 may have.
	intDigitsMax = 19
)

// FormatDouble appends value with up to 17 digits, as Redis 7.0 writes scores: 3, 1.5,
// 0.10000000000000001, 1e+21, inf, -inf, nan.
func FormatDouble(dst []byte, value float64) []byte {
	switch {
	case value == math.Trunc(value) && math.Abs(value) < exactIntMax:
		if value == 0 && math.Signbit(value) {
			return append(dst, "-0"...)
		}
		return strconv.AppendInt(dst, int64(value), 10)
	case math.IsInf(value, 1):
		return append(dst, "inf"...)
	case math.IsInf(value, -1):
		return append(dst, "-inf"...)
	case math.IsNaN(value) && math.Signbit(value):
		return append(dst, "-nan"...)
	case math.IsNaN(value):
		return append(dst, "nan"...)
	}
	return strconv.AppendFloat(dst, value, 'g', 17, 64)
}

// ParseInt reads a decimal integer. It takes exactly the one form that writing the
// number gives: no blank, no plus, no zero in front.
func ParseInt(text []byte) (value int64, ok bool) {
	digits := text
	negative := len(text) > 1 && text[0] == '-'
	if negative {
		digits = text[1:]
	}
	if len(digits) == 0 || len(digits) > intDigitsMax {
		return 0, false
	}
	if digits[0] == '0' {
		return 0, len(text) == 1
	}
	var sum uint64 // 19 digits do not overflow it
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		sum = sum*10 + uint64(c-'0')
	}
	switch {
	case negative && sum <= 1<<63:
		return int64(-sum), true
	case !negative && sum < 1<<63:
		return int64(sum), true
	}
	return 0, false
}

// ParseDouble reads a floating-point number: what C's strtod takes as a whole, decimal,
// hexadecimal or infinite, without a blank in front. It refuses what is not a number,
// what is too large, and what is not zero but too small.
func ParseDouble(text []byte) (value float64, ok bool) {
	if value, ok := parseShort(text); ok {
		return value, true
	}
	unsigned := text
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		unsigned = text[1:]
	}
	form := numberForm(unsigned)
	if form == formNone {
		return 0, false
	}
	number := string(text)
	if form == formHexBare {
		number += "p0"
	}
	value, err := strconv.ParseFloat(number, 64)
	if err != nil || (value == 0 && hasDigit(unsigned, form)) {
		return 0, false
	}
	return value, true
}

// parseShort reads a number of few enough digits, perhaps with a point among them, that it
// is the quotient of two whole numbers which a float64 holds exactly: so it is rounded
// only once, and right. It takes no other form.
func parseShort(text []byte) (value float64, ok bool) {
	digits := text
	negative := len(text) > 0 && text[0] == '-'
	if negative {
		digits = text[1:]
	}
	if len(digits) > shortDigitsMax {
		return 0, false
	}
	var sum, count int
	point := -1 // how many digits stand before it
	for _, c := range digits {
		switch {
		case isDigit(c):
			sum = sum*10 + int(c-'0')
			count++
		case c == '.' && point < 0:
			point = count
		default:
			return 0, false
		}
	}
	value = float64(sum)
	if point >= 0 {
		value /= math.Pow10(count - point)
	}
	if negative {
		value = -value
	}
	return value, count > 0
}

// form is how a number is written.
type form uint8

const (
	formNone    form = iota // it is no number
	formDecimal             // digits, perhaps with a point and a power of ten
	formHex                 // hexadecimal digits with a power of two
	formHexBare             // hexadecimal digits without one
	formWord                // infinity
)

// numberForm tells how text, a number without its sign, is written.
func numberForm(text []byte) form {
	if len(text) > 1 && text[0] == '0' && text[1]|0x20 == 'x' {
		rest, ok := skipMantissa(text[2:], isHex)
		switch {
		case !ok:
			return formNone
		case len(rest) == 0:
			return formHexBare
		case isExponent(rest, 'p'):
			return formHex
		}
		return formNone
	}
	if isInfinity(text) {
		return formWord
	}
	rest, ok := skipMantissa(text, isDigit)
	if !ok || (len(rest) > 0 && !isExponent(rest, 'e')) {
		return formNone
	}
	return formDecimal
}

// skipMantissa returns what follows the digits and the point with which text begins; ok
// tells whether there is a digit.
func skipMantissa(text []byte, digit func(byte) bool) (rest []byte, ok bool) {
	point := false
	for i, c := range text {
		switch {
		case digit(c):
			ok = true
		case c == '.' && !point:
			point = true
		default:
			return text[i:], ok
		}
	}
	return nil, ok
}

// isExponent tells whether text is the letter, perhaps a sign, and digits.
func isExponent(text []byte, letter byte) bool {
	if text[0]|0x20 != letter {
		return false
	}
	text = text[1:]
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		text = text[1:]
	}
	for _, c := range text {
		if !isDigit(c) {
			return false
		}
	}
	return len(text) > 0
}

// isInfinity tells whether text is one of the two words for it, in any case.
func isInfinity(text []byte) bool {
	const long, short = "infinity", 3
	if len(text) != short && len(text) != len(long) {
		return false
	}
	for i, c := range text {
		if c|0x20 != long[i] {
			return false
		}
	}
	return true
}

// hasDigit tells whether the mantissa of text has a digit other than 0, so that only
// rounding can have made it zero.
func hasDigit(text []byte, form form) bool {
	letter := byte('e')
	if form != formDecimal {
		letter, text = 'p', text[2:]
	}
	for _, c := range text {
		if c|0x20 == letter {
			return false
		}
		if c != '0' && c != '.' {
			return true
		}
	}
	return false
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
