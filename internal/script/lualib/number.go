// SPDX-License-Identifier: Apache-2.0

package lualib

import (
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// luaDigits is how many significant digits Lua prints of a number.
const luaDigits = 14

// powersOfTen holds the integers below which a number of so many digits is printed without an
// exponent.
var powersOfTen = [luaDigits + 1]float64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14,
}

// smallNumbers are the values that need no memory of their own when they are handed to Lua.
var smallNumbers = boxNumbers()

func boxNumbers() (boxed [256]lua.LValue) {
	for i := range boxed {
		boxed[i] = lua.LNumber(i)
	}
	return boxed
}

// boxInt is n as a value of Lua, without an allocation for the smallest.
func boxInt(n int) lua.LValue {
	if uint(n) < uint(len(smallNumbers)) {
		return smallNumbers[n]
	}
	return lua.LNumber(n)
}

// boxNumber is boxInt for any number.
func boxNumber(n float64) lua.LValue {
	if n > 0 && n < float64(len(smallNumbers)) && n == math.Trunc(n) {
		return smallNumbers[int(n)]
	}
	return lua.LNumber(n)
}

// appendNumber prints n with at most that many significant digits, 1 to luaDigits, as C does with
// %g.
func appendNumber(buf []byte, n float64, digits int) []byte {
	if whole := int64(n); float64(whole) == n && math.Abs(n) < powersOfTen[digits] && whole != 0 {
		return strconv.AppendInt(buf, whole, 10)
	}
	switch {
	case math.IsInf(n, 1):
		return append(buf, "inf"...)
	case math.IsInf(n, -1):
		return append(buf, "-inf"...)
	case n != n && math.Signbit(n):
		return append(buf, "-nan"...)
	case n != n:
		return append(buf, "nan"...)
	}
	return strconv.AppendFloat(buf, n, 'g', digits, 64)
}

// parseNumber reads a whole text as Lua reads a number: spaces around it do not count, nor does
// what follows a zero byte, which ends a text of C.
func parseNumber(text string) (n float64, ok bool) {
	if end := strings.IndexByte(text, 0); end >= 0 {
		text = text[:end]
	}
	text = strings.Trim(text, " \t\n\v\f\r")
	n, length := scanNumber(text)
	return n, length > 0 && length == len(text)
}

// scanNumber reads the longest number that text begins with, as C's strtod does: decimal or
// hexadecimal, infinities and NaN too. The length is 0 if there is none.
func scanNumber(text string) (n float64, length int) {
	sign := 0
	if text != "" && (text[0] == '-' || text[0] == '+') {
		sign = 1
	}
	rest := text[sign:]
	switch {
	case rest == "":
		return 0, 0
	case rest[0] >= '0' && rest[0] <= '9' || rest[0] == '.':
		if n, length := scanHex(text, sign); length > 0 {
			return n, length
		}
		return scanDecimal(text, sign)
	}
	n, length = scanNamed(rest)
	if length == 0 {
		return 0, 0
	}
	if text[0] == '-' {
		n = math.Copysign(n, -1)
	}
	return n, sign + length
}

// scanDecimal is scanNumber for a number whose sign is that many bytes long.
func scanDecimal(text string, sign int) (n float64, length int) {
	whole := int64(0)
	i := sign
	for ; i < len(text) && i < sign+15 && isDigit(text[i]); i++ {
		whole = whole*10 + int64(text[i]-'0')
	}
	if i == len(text) || i > sign && !isDigit(text[i]) && text[i] != '.' && text[i]|0x20 != 'e' {
		n = float64(whole)
		if text[0] == '-' {
			n = -n
		}
		return n, i
	}
	end := mantissaEnd(text, sign, isDigit)
	if end == sign {
		return 0, 0
	}
	end = exponentEnd(text, end, 'e')
	n, _ = strconv.ParseFloat(text[:end], 64) // out of range is an infinity or a zero, as in C
	return n, end
}

// scanHex is scanDecimal for hexadecimal numbers: 0x1F, 0x.8p-3. The length is 0 if text is none.
func scanHex(text string, sign int) (n float64, length int) {
	digits := sign + 2
	if len(text) <= digits || text[sign] != '0' || text[sign+1]|0x20 != 'x' {
		return 0, 0
	}
	mantissa := mantissaEnd(text, digits, isHexDigit)
	if mantissa == digits {
		return 0, 0
	}
	end := exponentEnd(text, mantissa, 'p')
	number := text[:end]
	if end == mantissa {
		number += "p0"
	}
	n, _ = strconv.ParseFloat(number, 64)
	return n, end
}

// scanNamed reads inf, infinity, nan and nan(...), in any case.
func scanNamed(text string) (n float64, length int) {
	switch {
	case hasPrefixFold(text, "infinity"):
		return math.Inf(1), len("infinity")
	case hasPrefixFold(text, "inf"):
		return math.Inf(1), len("inf")
	case !hasPrefixFold(text, "nan"):
		return 0, 0
	}
	length = len("nan")
	if rest := text[length:]; strings.HasPrefix(rest, "(") {
		end := strings.IndexFunc(rest[1:], func(r rune) bool {
			return r >= 0x80 || !isHexDigit(byte(r)) && r != '_' && (r|0x20 < 'g' || r|0x20 > 'z')
		})
		if end >= 0 && rest[1+end] == ')' {
			length += end + len("()")
		}
	}
	return math.NaN(), length
}

// mantissaEnd is the end of the digits from start on, of which one may follow a point; start if
// there is not a single digit.
func mantissaEnd(text string, start int, digit func(byte) bool) int {
	digits, end, point := 0, start, false
	for ; end < len(text); end++ {
		switch {
		case digit(text[end]):
			digits++
		case text[end] == '.' && !point:
			point = true
		default:
			if digits == 0 {
				return start
			}
			return end
		}
	}
	if digits == 0 {
		return start
	}
	return end
}

// exponentEnd is the end of the exponent at start, or start if none is there.
func exponentEnd(text string, start int, letter byte) int {
	end := start
	if end == len(text) || text[end]|0x20 != letter {
		return start
	}
	end++
	if end < len(text) && (text[end] == '-' || text[end] == '+') {
		end++
	}
	if end == len(text) || !isDigit(text[end]) {
		return start
	}
	for end < len(text) && isDigit(text[end]) {
		end++
	}
	return end
}

func hasPrefixFold(text, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}

func isDigit(c byte) bool { return c-'0' <= 9 }

func isHexDigit(c byte) bool { return c-'0' <= 9 || (c|0x20)-'a' <= 5 }
