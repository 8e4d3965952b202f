// SPDX-License-Identifier: Apache-2.0

package script

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// conversion is one "%…" of a format.
type conversion struct {
	minus, plus, space, sharp, zero bool
	width, precision                int // precision -1: none
	verb                            byte
}

// stringFormat is string.format, in which C formats.
func (m *machine) stringFormat(L *lua.LState) int {
	format := m.checkString(L, 1, "format")
	var out []byte
	arg := 1
	for i := 0; i < len(format); i++ {
		c := format[i]
		if c != '%' {
			out = append(out, c)
			continue
		}
		i++
		if i < len(format) && format[i] == '%' {
			out = append(out, '%')
			continue
		}
		arg++
		if L.GetTop() < arg {
			m.badArgument(L, arg, "format", "no value")
		}
		conv, n := m.readConversion(L, format[i:])
		i += n - 1
		out = m.convert(L, out, conv, arg)
		m.checkLength(L, len(out))
	}
	L.Push(lua.LString(out))
	return 1
}

// readConversion reads what stands behind a "%" and how long it is.
func (m *machine) readConversion(L *lua.LState, text string) (c conversion, n int) {
	i := 0
flags:
	for ; i < len(text); i++ {
		switch text[i] {
		case '-':
			c.minus = true
		case '+':
			c.plus = true
		case ' ':
			c.space = true
		case '#':
			c.sharp = true
		case '0':
			c.zero = true
		default:
			break flags
		}
	}
	if i > 5 {
		m.fault(L, "invalid format (repeated flags)")
	}
	c.precision = -1
	begin := i
	c.width, i = twoDigits(text, i)
	if i < len(text) && text[i] == '.' {
		c.precision, i = twoDigits(text, i+1)
	}
	if i < len(text) && isDigitByte(text[i]) && i > begin {
		m.fault(L, "invalid format (width or precision too long)")
	}
	if i >= len(text) || strings.IndexByte("cdiouxXeEfgGqs", text[i]) < 0 {
		m.fault(L, "invalid option '%"+text[:min(i+1, len(text))]+"' to 'format'")
	}
	c.verb = text[i]
	return c, i + 1
}

func twoDigits(text string, i int) (n, next int) {
	for range 2 {
		if i < len(text) && isDigitByte(text[i]) {
			n = n*10 + int(text[i]-'0')
			i++
		}
	}
	return n, i
}

// convert appends an argument.
func (m *machine) convert(L *lua.LState, out []byte, c conversion, arg int) []byte {
	switch c.verb {
	case 'c':
		text := string([]byte{byte(m.checkInt(L, arg, "format"))})
		c.zero = false
		return c.pad(out, "", text)
	case 'd', 'i':
		return c.integer(out, integer(m.checkNumber(L, arg, "format")))
	case 'o', 'u', 'x', 'X':
		return c.unsigned(out, unsignedOf(m.checkNumber(L, arg, "format")))
	case 'q':
		return appendQuoted(out, m.checkString(L, arg, "format"))
	case 's':
		s := m.checkString(L, arg, "format")
		if c.precision >= 0 && c.precision < len(s) {
			s = s[:c.precision]
		}
		c.zero = false
		return c.pad(out, "", s)
	}
	return c.float(out, m.checkNumber(L, arg, "format"))
}

// unsignedOf is a number as C makes an unsigned integer of it.
func unsignedOf(n float64) uint64 {
	if n >= 1<<63 && n < 1<<64 {
		return uint64(n)
	}
	return uint64(integer(n))
}

// pad appends a sign or a prefix and a text, filled up to the width.
func (c *conversion) pad(out []byte, prefix, text string) []byte {
	fill := max(c.width-len(prefix)-len(text), 0)
	switch {
	case c.minus:
		out = append(append(out, prefix...), text...)
		return append(out, strings.Repeat(" ", fill)...)
	case c.zero:
		out = append(out, prefix...)
		out = append(out, strings.Repeat("0", fill)...)
		return append(out, text...)
	}
	out = append(out, strings.Repeat(" ", fill)...)
	return append(append(out, prefix...), text...)
}

func (c *conversion) sign(negative bool) string {
	switch {
	case negative:
		return "-"
	case c.plus:
		return "+"
	case c.space:
		return " "
	}
	return ""
}

func (c *conversion) integer(out []byte, n int64) []byte {
	size := uint64(n)
	if n < 0 {
		size = -size
	}
	return c.pad(out, c.sign(n < 0), c.digits(strconv.FormatUint(size, 10)))
}

// digits fills up to the precision, which takes the place of filling with zeros.
func (c *conversion) digits(text string) string {
	if c.precision < 0 {
		return text
	}
	c.zero = false
	if c.precision == 0 && text == "0" {
		return ""
	}
	return strings.Repeat("0", max(c.precision-len(text), 0)) + text
}

func (c *conversion) unsigned(out []byte, n uint64) []byte {
	prefix, base := "", 10
	switch c.verb {
	case 'o':
		base = 8
	case 'x', 'X':
		base = 16
		if c.sharp && n != 0 {
			prefix = "0x"
		}
	}
	text := c.digits(strconv.FormatUint(n, base))
	if c.verb == 'o' && c.sharp && !strings.HasPrefix(text, "0") {
		text = "0" + text
	}
	if c.verb == 'X' {
		prefix, text = strings.ToUpper(prefix), strings.ToUpper(text)
	}
	return c.pad(out, prefix, text)
}

// float appends a number in one of the formats e, f and g, for which Go's are those of C.
func (c *conversion) float(out []byte, n float64) []byte {
	negative := math.Signbit(n)
	if math.IsNaN(n) || math.IsInf(n, 0) {
		c.zero = false
		text := "inf"
		if math.IsNaN(n) {
			text = "nan"
		}
		if c.verb == 'E' || c.verb == 'G' {
			text = strings.ToUpper(text)
		}
		return c.pad(out, c.sign(negative), text)
	}
	precision := c.precision
	if precision < 0 {
		precision = 6
	}
	var text string
	if c.sharp {
		text = fmt.Sprintf("%#.*"+string(c.verb), precision, math.Abs(n))
	} else {
		text = strconv.FormatFloat(math.Abs(n), c.verb, precision, 64)
	}
	return c.pad(out, c.sign(negative), text)
}

// appendQuoted appends a string as Lua would read it back.
func appendQuoted(out []byte, s string) []byte {
	out = append(out, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\', '\n':
			out = append(out, '\\', c)
		case '\r':
			out = append(out, `\r`...)
		case 0:
			out = append(out, `\000`...)
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}
