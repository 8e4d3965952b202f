// SPDX-License-Identifier: Apache-2.0

package script

import (
	lua "github.com/yuin/gopher-lua"
)

// What follows reads arguments of library functions as Lua's own library does: numbers stand
// for strings and strings for numbers.

func (m *machine) checkAny(L *lua.LState, n int, function string) {
	if L.GetTop() < n {
		m.badArgument(L, n, function, "value expected")
	}
}

func (m *machine) checkTable(L *lua.LState, n int, function string) *lua.LTable {
	t, ok := L.Get(n).(*lua.LTable)
	if !ok {
		m.badType(L, n, function, "table")
	}
	return t
}

func (m *machine) checkString(L *lua.LState, n int, function string) string {
	if s, ok := L.Get(n).(lua.LString); ok {
		return string(s)
	}
	s, ok := stringOf(L.Get(n))
	if !ok {
		m.badType(L, n, function, "string")
	}
	return s
}

func (m *machine) checkNumber(L *lua.LState, n int, function string) float64 {
	if v, ok := L.Get(n).(lua.LNumber); ok {
		return float64(v)
	}
	v, ok := numberOf(L.Get(n))
	if !ok {
		m.badType(L, n, function, "number")
	}
	return v
}

// checkInt is an argument that C has in 32 bits: of a larger number it keeps the lowest.
func (m *machine) checkInt(L *lua.LState, n int, function string) int {
	return int(int32(integer(m.checkNumber(L, n, function))))
}

// optPosition is a place in a string, or fallback if there is none. It has 64 bits.
func (m *machine) optPosition(L *lua.LState, n, fallback int, function string) int {
	if L.Get(n) == lua.LNil {
		return fallback
	}
	return int(integer(m.checkNumber(L, n, function)))
}

// optInt is a whole number, or fallback if there is none.
func (m *machine) optInt(L *lua.LState, n, fallback int, function string) int {
	if L.Get(n) == lua.LNil {
		return fallback
	}
	return m.checkInt(L, n, function)
}

// checkLength refuses to make a string of n bytes if that is too long.
func (m *machine) checkLength(L *lua.LState, n int) {
	if n > m.options.StringMax || n < 0 {
		m.plainFault(L, "not enough memory")
	}
}
