// SPDX-License-Identifier: Apache-2.0

package lualib

import (
	"math"
	"math/bits"

	lua "github.com/yuin/gopher-lua"
)

// OpenBit returns the library bit: operations on numbers taken as 32 bits, whose results are
// signed.
func OpenBit(L *lua.LState) *lua.LTable {
	return newLibrary(L, map[string]lua.LGFunction{
		"tobit":   bitUnary(func(b uint32) uint32 { return b }),
		"bnot":    bitUnary(func(b uint32) uint32 { return ^b }),
		"bswap":   bitUnary(bits.ReverseBytes32),
		"band":    bitFold(func(a, b uint32) uint32 { return a & b }),
		"bor":     bitFold(func(a, b uint32) uint32 { return a | b }),
		"bxor":    bitFold(func(a, b uint32) uint32 { return a ^ b }),
		"lshift":  bitShift(func(b uint32, n int) uint32 { return b << n }),
		"rshift":  bitShift(func(b uint32, n int) uint32 { return b >> n }),
		"arshift": bitShift(func(b uint32, n int) uint32 { return uint32(int32(b) >> n) }),
		"rol":     bitShift(bits.RotateLeft32),
		"ror":     bitShift(func(b uint32, n int) uint32 { return bits.RotateLeft32(b, -n) }),
		"tohex":   bitToHex,
	})
}

// bitRound moves the low 32 bits of an integer to the low bits of a double when added to it.
const bitRound = 1<<52 + 1<<51

// checkBits returns argument n, rounded to an integer, modulo 2^32.
func checkBits(L *lua.LState, n int) uint32 {
	number, ok := numberOf(L.Get(n))
	if !ok {
		raiseArgType(L, n, "number")
	}
	return uint32(math.Float64bits(number + bitRound))
}

func pushBits(L *lua.LState, b uint32) int {
	L.Push(boxInt(int(int32(b))))
	return 1
}

func bitUnary(op func(b uint32) uint32) lua.LGFunction {
	return func(L *lua.LState) int { return pushBits(L, op(checkBits(L, 1))) }
}

func bitFold(op func(a, b uint32) uint32) lua.LGFunction {
	return func(L *lua.LState) int {
		result := checkBits(L, 1)
		for i := L.GetTop(); i > 1; i-- { // from the last, which a script sees in errors
			result = op(result, checkBits(L, i))
		}
		return pushBits(L, result)
	}
}

func bitShift(op func(b uint32, n int) uint32) lua.LGFunction {
	return func(L *lua.LState) int {
		b := checkBits(L, 1)
		return pushBits(L, op(b, int(checkBits(L, 2)&31)))
	}
}

// bitToHex prints the lowest digits of a number: eight, or so many as the second argument says,
// in capitals if that is negative.
func bitToHex(L *lua.LState) int {
	b, count, digits := checkBits(L, 1), int64(8), "0123456789abcdef"
	if L.GetTop() >= 2 {
		count = int64(int32(checkBits(L, 2)))
	}
	if count < 0 {
		count, digits = -count, "0123456789ABCDEF"
	}
	var text [8]byte
	count = min(count, int64(len(text)))
	for i := count - 1; i >= 0; i-- {
		text[i] = digits[b&15]
		b >>= 4
	}
	L.Push(lua.LString(text[:count]))
	return 1
}
