// SPDX-License-Identifier: Apache-2.0

package lualib

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

// numberOf returns the number that v is, or that it reads as if it is a string.
func numberOf(v lua.LValue) (n float64, ok bool) {
	switch v := v.(type) {
	case lua.LNumber:
		return float64(v), true
	case lua.LString:
		return parseNumber(string(v))
	}
	return 0, false
}

// checkNumber returns argument n, which must be a number.
func checkNumber(L *lua.LState, n int) float64 {
	number, ok := numberOf(L.Get(n))
	if !ok {
		raiseArgType(L, n, "number")
	}
	return number
}

// checkInteger returns argument n, which must be a number, without its fraction.
func checkInteger(L *lua.LState, n int) int64 {
	return truncate(checkNumber(L, n))
}

// optInteger is checkInteger with a value for an argument that is missing or nil.
func optInteger(L *lua.LState, n int, missing int64) int64 {
	if L.Get(n) == lua.LNil {
		return missing
	}
	return checkInteger(L, n)
}

// checkString returns argument n, which must be a string or a number.
func checkString(L *lua.LState, n int) string {
	switch v := L.Get(n).(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return string(appendNumber(nil, float64(v), luaDigits))
	}
	raiseArgType(L, n, "string")
	return ""
}

// truncate is a C conversion to a 64 bit integer as amd64 does it: what does not fit becomes the
// smallest integer.
func truncate(n float64) int64 {
	if n >= -(1<<63) && n < 1<<63 {
		return int64(n)
	}
	return math.MinInt64
}

// truncateUnsigned is truncate to 64 bits without a sign: of what is negative the bits are taken,
// and what is too large becomes zero.
func truncateUnsigned(n float64) uint64 {
	switch {
	case n >= 1<<64:
		return 0
	case n >= 1<<63:
		return uint64(n)
	}
	return uint64(truncate(n))
}

// truncate32 is truncate to 32 bits.
func truncate32(n float64) int32 {
	if n > math.MinInt32-1 && n < math.MaxInt32+1 {
		return int32(n)
	}
	return math.MinInt32
}
