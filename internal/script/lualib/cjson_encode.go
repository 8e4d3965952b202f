// SPDX-License-Identifier: Apache-2.0

package lualib

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

// jsonEscapes holds what stands for a byte in a JSON string, empty if the byte does.
var jsonEscapes = makeJSONEscapes()

func makeJSONEscapes() (escapes [256]string) {
	const digits = "0123456789abcdef"
	for c := range 0x20 {
		escapes[c] = `\u00` + string(digits[c>>4]) + string(digits[c&15])
	}
	escapes[0x7f] = `\u007f`
	for _, c := range []byte(`"\/`) {
		escapes[c] = `\` + string(rune(c))
	}
	escapes['\b'], escapes['\t'], escapes['\n'] = `\b`, `\t`, `\n`
	escapes['\f'], escapes['\r'] = `\f`, `\r`
	return escapes
}

// encode is cjson.encode(value).
func (c *cjson) encode(L *lua.LState) int {
	if L.GetTop() != 1 {
		raiseArg(L, 1, "expected 1 argument")
	}
	c.encoded = c.encoded[:0]
	c.appendValue(L, L.Get(1), 0, 1)
	L.Push(lua.LString(c.encoded))
	c.encoded = kept(c.encoded)
	if c.encodeKeep == 0 {
		c.encoded = nil
	}
	return 1
}

// appendValue encodes v, which lies in so many tables and would be that far up the stack.
func (c *cjson) appendValue(L *lua.LState, v lua.LValue, depth, slots int) {
	switch v := v.(type) {
	case lua.LString:
		c.encoded = appendJSONString(c.encoded, string(v))
	case lua.LNumber:
		c.appendNumber(L, float64(v))
	case lua.LBool:
		if v {
			c.encoded = append(c.encoded, "true"...)
		} else {
			c.encoded = append(c.encoded, "false"...)
		}
	case *lua.LTable:
		c.appendTable(L, v, depth+1, slots)
	case *lua.LNilType:
		c.encoded = append(c.encoded, "null"...)
	case *lua.LUserData:
		if v != c.null {
			c.refuse(L, v, "type not supported")
		}
		c.encoded = append(c.encoded, "null"...)
	default:
		c.refuse(L, v, "type not supported")
	}
}

// refuse ends encode because of v.
func (c *cjson) refuse(L *lua.LState, v lua.LValue, reason string) {
	c.encoded = kept(c.encoded)
	raise(L, "Cannot serialise %s: %s", v.Type(), reason)
}

// checkSize ends encode if the text has become too large: tables may hold each other many times.
func (c *cjson) checkSize(L *lua.LState, table *lua.LTable) {
	if len(c.encoded) > c.sizeMax {
		c.refuse(L, table, "too large")
	}
}

func (c *cjson) appendTable(L *lua.LState, table *lua.LTable, depth, slots int) {
	if depth > c.encodeDepthMax || slots+3 > stackSlotsMax {
		raise(L, "Cannot serialise, excessive nesting (%d)", depth)
	}
	if length := c.arrayLen(L, table); length > 0 {
		c.appendArray(L, table, length, depth, slots)
	} else {
		c.appendObject(L, table, depth, slots)
	}
}

// arrayLen is the length of the array that table is encoded as; zero or less for an object.
func (c *cjson) arrayLen(L *lua.LState, table *lua.LTable) int {
	length, elements := int32(0), int32(0)
	for e := newCursor(table); e.next(); {
		index, ok := e.number()
		if !ok || index < 1 || index != math.Floor(index) {
			return -1
		}
		if index > float64(length) {
			length = truncate32(index)
		}
		elements++
	}
	if c.sparseRatio > 0 && length > elements*int32(c.sparseRatio) && int(length) > c.sparseSafe {
		if c.sparseConvert == 0 {
			c.refuse(L, table, "excessively sparse array")
		}
		return -1
	}
	return int(length)
}

func (c *cjson) appendArray(L *lua.LState, table *lua.LTable, length, depth, slots int) {
	c.encoded = append(c.encoded, '[')
	for i := 1; i <= length; i++ {
		if i > 1 {
			c.encoded = append(c.encoded, ',')
		}
		c.checkSize(L, table)
		c.appendValue(L, element(table, i), depth, slots+1)
	}
	c.encoded = append(c.encoded, ']')
}

func (c *cjson) appendObject(L *lua.LState, table *lua.LTable, depth, slots int) {
	c.encoded = append(c.encoded, '{')
	first := true
	for e := newCursor(table); e.next(); first = false {
		if !first {
			c.encoded = append(c.encoded, ',')
		}
		if index, ok := e.number(); ok {
			c.encoded = append(c.encoded, '"')
			c.appendNumber(L, index)
			c.encoded = append(c.encoded, '"')
		} else if name, ok := e.key.(lua.LString); ok {
			c.encoded = appendJSONString(c.encoded, string(name))
		} else {
			c.refuse(L, e.key, "table key must be a number or string")
		}
		c.encoded = append(c.encoded, ':')
		c.checkSize(L, table)
		c.appendValue(L, e.value, depth, slots+2)
	}
	c.encoded = append(c.encoded, '}')
}

func (c *cjson) appendNumber(L *lua.LState, n float64) {
	if !math.IsInf(n, 0) && n == n {
		c.encoded = appendNumber(c.encoded, n, c.encodeDigits)
		return
	}
	switch {
	case c.encodeInvalid == invalidRefused:
		c.refuse(L, lua.LNumber(n), "must not be NaN or Inf")
	case c.encodeInvalid == invalidAsNull:
		c.encoded = append(c.encoded, "null"...)
	case n != n:
		c.encoded = append(c.encoded, "nan"...)
	default:
		c.encoded = appendNumber(c.encoded, n, c.encodeDigits)
	}
}

// appendJSONString quotes text. What is not UTF-8 passes as it is.
func appendJSONString(buf []byte, text string) []byte {
	buf = append(buf, '"')
	plain := 0
	for i := range len(text) {
		if escape := jsonEscapes[text[i]]; escape != "" {
			buf = append(buf, text[plain:i]...)
			buf = append(buf, escape...)
			plain = i + 1
		}
	}
	buf = append(buf, text[plain:]...)
	return append(buf, '"')
}
