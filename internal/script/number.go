// SPDX-License-Identifier: Apache-2.0

package script

import (
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

const (
	// textDigits is with how many digits Lua writes numbers ("%.14g").
	textDigits = 14
	// callDigits is with how many digits numbers are written for calls ("%.17g").
	callDigits = 17
	// wholeMax is below which whole numbers are written by either as they are.
	wholeMax = 1e14
)

// appendNumber appends n as C does with the format "%.<digits>g".
func appendNumber(dst []byte, n float64, digits int) []byte {
	if n == math.Trunc(n) && math.Abs(n) < wholeMax && (n != 0 || !math.Signbit(n)) {
		return strconv.AppendInt(dst, int64(n), 10)
	}
	switch {
	case math.IsInf(n, 1):
		return append(dst, "inf"...)
	case math.IsInf(n, -1):
		return append(dst, "-inf"...)
	case math.IsNaN(n) && math.Signbit(n):
		return append(dst, "-nan"...)
	case math.IsNaN(n):
		return append(dst, "nan"...)
	}
	return strconv.AppendFloat(dst, n, 'g', digits, 64)
}

// numberText is what tostring makes of a number.
func numberText(n float64) string {
	var b [32]byte
	return string(appendNumber(b[:0], n, textDigits))
}

// parseNumber reads a number as Lua does: what C's strtod takes, blanks around it, and
// hexadecimal integers.
func parseNumber(text string) (n float64, ok bool) {
	if len(text) > 0 && len(text) <= 15 { // whole and small: the common case
		if n, ok := parseDigits(text); ok {
			return n, true
		}
	}
	if i := strings.IndexByte(text, 0); i >= 0 {
		text = text[:i]
	}
	text = strings.Trim(text, " \t\n\v\f\r")
	if text == "" || strings.IndexByte(text, '_') >= 0 {
		return 0, false
	}
	unsigned := strings.TrimLeft(text[:1], "+-") + text[1:]
	switch {
	case len(unsigned) > 1 && (unsigned[1] == 'x' || unsigned[1] == 'X') && unsigned[0] == '0':
		if !strings.ContainsAny(unsigned, "pP") {
			text += "p0"
		}
	case unsigned == "" || strings.IndexByte("0123456789.iInN", unsigned[0]) < 0:
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil && !isRange(err) {
		return 0, false
	}
	return n, true
}

func isRange(err error) bool {
	e, ok := err.(*strconv.NumError)
	return ok && e.Err == strconv.ErrRange
}

// parseDigits reads a whole number that has nothing around it.
func parseDigits(text string) (n float64, ok bool) {
	var sum int64
	for i := range len(text) {
		c := text[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		sum = sum*10 + int64(c-'0')
	}
	return float64(sum), true
}

// numberOf is the number that a value is, or that its text stands for.
func numberOf(v lua.LValue) (n float64, ok bool) {
	switch v := v.(type) {
	case lua.LNumber:
		return float64(v), true
	case lua.LString:
		return parseNumber(string(v))
	}
	return 0, false
}

// stringOf is the text that a value is, or that stands for its number.
func stringOf(v lua.LValue) (s string, ok bool) {
	switch v := v.(type) {
	case lua.LString:
		return string(v), true
	case lua.LNumber:
		return numberText(float64(v)), true
	}
	return "", false
}

// integer is n without its fraction, as C makes it on the machines that Redis runs on: what
// does not fit is the least of all integers.
func integer(n float64) int64 {
	if n >= -(1<<63) && n < 1<<63 {
		return int64(n)
	}
	return math.MinInt64
}

// textOf is what tostring makes of a value without metatables.
func textOf(v lua.LValue) string {
	switch v := v.(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return numberText(float64(v))
	}
	return v.String()
}

// typeName is what type makes of a value.
func typeName(v lua.LValue) string { return v.Type().String() }
