// SPDX-License-Identifier: Apache-2.0

package script

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// stringLibrary is the table string. Strings are bytes: letters are those of ASCII.
func (m *machine) stringLibrary() *lua.LTable {
	t := m.functions(map[string]lua.LGFunction{
		"byte": m.stringByte, "char": m.stringChar, "dump": m.stringDump,
		"find": m.stringFind, "format": m.stringFormat, "gmatch": m.stringGmatch,
		"gsub": m.stringGsub, "len": m.stringLen, "lower": m.stringLower,
		"match": m.stringMatch, "rep": m.stringRep, "reverse": m.stringReverse,
		"sub": m.stringSub, "upper": m.stringUpper,
	})
	t.RawSetString("gfind", t.RawGetString("gmatch"))
	return t
}

// relative is a position in a string of n bytes, counted from the end if it is negative.
func relative(position, n int) int {
	if position >= 0 {
		return position
	}
	return max(n+position+1, 0)
}

func (m *machine) stringByte(L *lua.LState) int {
	s := m.checkString(L, 1, "byte")
	first := relative(m.optPosition(L, 2, 1, "byte"), len(s))
	last := relative(m.optPosition(L, 3, first, "byte"), len(s))
	first, last = max(first, 1), min(last, len(s))
	if first > last {
		return 0
	}
	if last-first >= unpackMax {
		m.fault(L, "string slice too long")
	}
	for _, c := range []byte(s[first-1 : last]) {
		L.Push(m.words.number(float64(c)))
	}
	return last - first + 1
}

func (m *machine) stringChar(L *lua.LState) int {
	m.text = m.text[:0]
	for i := 1; i <= L.GetTop(); i++ {
		c := m.checkInt(L, i, "char")
		if c < 0 || c > 255 {
			m.badArgument(L, i, "char", "invalid value")
		}
		m.text = append(m.text, byte(c))
	}
	L.Push(m.words.value(m.text))
	return 1
}

// stringDump refuses: there is no byte code of Lua here.
func (m *machine) stringDump(L *lua.LState) int {
	m.checkFunction(L, 1, "dump")
	m.fault(L, "unable to dump given function")
	return 0
}

func (m *machine) stringLen(L *lua.LState) int {
	L.Push(m.words.number(float64(len(m.checkString(L, 1, "len")))))
	return 1
}

func (m *machine) stringLower(L *lua.LState) int {
	s := m.checkString(L, 1, "lower")
	L.Push(lua.LString(mapBytes(s, func(c byte) byte {
		if 'A' <= c && c <= 'Z' {
			return c + 'a' - 'A'
		}
		return c
	})))
	return 1
}

func (m *machine) stringUpper(L *lua.LState) int {
	s := m.checkString(L, 1, "upper")
	L.Push(lua.LString(mapBytes(s, func(c byte) byte {
		if 'a' <= c && c <= 'z' {
			return c - ('a' - 'A')
		}
		return c
	})))
	return 1
}

func mapBytes(s string, f func(byte) byte) string {
	b := []byte(s)
	for i, c := range b {
		b[i] = f(c)
	}
	return string(b)
}

func (m *machine) stringRep(L *lua.LState) int {
	s := m.checkString(L, 1, "rep")
	n := m.checkInt(L, 2, "rep")
	if n <= 0 || s == "" {
		L.Push(lua.LString(""))
		return 1
	}
	if n > m.options.StringMax {
		n = m.options.StringMax + 1
	}
	m.checkLength(L, n*len(s))
	m.meter.steps(n * len(s) / 1024)
	L.Push(lua.LString(strings.Repeat(s, n)))
	return 1
}

func (m *machine) stringReverse(L *lua.LState) int {
	b := []byte(m.checkString(L, 1, "reverse"))
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	L.Push(lua.LString(b))
	return 1
}

func (m *machine) stringSub(L *lua.LState) int {
	s := m.checkString(L, 1, "sub")
	first := max(relative(int(integer(m.checkNumber(L, 2, "sub"))), len(s)), 1)
	last := min(relative(m.optPosition(L, 3, -1, "sub"), len(s)), len(s))
	if first > last {
		L.Push(lua.LString(""))
	} else {
		L.Push(lua.LString(s[first-1 : last]))
	}
	return 1
}
