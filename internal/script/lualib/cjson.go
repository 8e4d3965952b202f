// SPDX-License-Identifier: Apache-2.0

package lualib

import (
	"fmt"
	"math"

	lua "github.com/yuin/gopher-lua"
)

// cjson is one copy of the library: its settings and the buffers that calls use one after another.
type cjson struct {
	null *lua.LUserData

	sparseConvert  int // 1: a sparse array becomes an object, 0: it is an error
	sparseRatio    int // an array of more than that many times its elements is sparse; 0: none is
	sparseSafe     int // an array of so many elements never is
	encodeDepthMax int
	encodeInvalid  int // what becomes of NaN and infinities: an index into invalidNumbers
	encodeDigits   int
	encodeKeep     int // 1: the buffer of encode stays for the next call
	decodeDepthMax int
	decodeInvalid  int // 1: decode reads NaN, infinities and hexadecimal numbers

	sizeMax            int // bytes, of a text that encode makes of tables
	encoded, unescaped []byte
}

// The settings of encode_invalid_numbers.
const (
	invalidRefused = iota
	invalidAsText
	invalidAsNull
)

var (
	offOn          = []string{"off", "on"}
	invalidNumbers = []string{"off", "on", "null"}
)

// OpenCJSON returns the library cjson with its settings as a new server has them. JSON's null is
// the field null, a value of its own in each state.
func OpenCJSON(L *lua.LState) *lua.LTable {
	return newCJSON(L, newNull(L))
}

// newNull makes a value that prints as the null pointer, which is what Redis has in its place.
func newNull(L *lua.LState) *lua.LUserData {
	null := L.NewUserData()
	metatable := L.CreateTable(0, 1)
	metatable.RawSetString("__tostring", L.NewFunction(func(L *lua.LState) int {
		L.Push(lua.LString("userdata: (nil)"))
		return 1
	}))
	metatable.RawSetString("__metatable", lua.LFalse)
	null.Metatable = metatable
	return null
}

// newSettings is the library as a new server has it.
func newSettings(null *lua.LUserData) *cjson {
	return &cjson{
		null:           null,
		sparseRatio:    2,
		sparseSafe:     10,
		encodeDepthMax: 1000,
		encodeDigits:   luaDigits,
		encodeKeep:     1,
		decodeDepthMax: 1000,
		decodeInvalid:  1,
		sizeMax:        encodedMax,
	}
}

func newCJSON(L *lua.LState, null *lua.LUserData) *lua.LTable {
	c := newSettings(null)
	library := newLibrary(L, map[string]lua.LGFunction{
		"encode":              c.encode,
		"decode":              c.decode,
		"encode_sparse_array": c.encodeSparseArray,
		"new":                 func(L *lua.LState) int { L.Push(newCJSON(L, null)); return 1 },

		"encode_max_depth":        integerSetting(&c.encodeDepthMax, 1, math.MaxInt32),
		"decode_max_depth":        integerSetting(&c.decodeDepthMax, 1, math.MaxInt32),
		"encode_number_precision": integerSetting(&c.encodeDigits, 1, luaDigits),
		"encode_keep_buffer":      choiceSetting(&c.encodeKeep, offOn),
		"encode_invalid_numbers":  choiceSetting(&c.encodeInvalid, invalidNumbers),
		"decode_invalid_numbers":  choiceSetting(&c.decodeInvalid, offOn),
	})
	library.RawSetString("null", null)
	library.RawSetString("_NAME", lua.LString("cjson"))
	library.RawSetString("_VERSION", lua.LString("2.1.0"))
	return library
}

// encodeSparseArray is cjson.encode_sparse_array(convert, ratio, safe).
func (c *cjson) encodeSparseArray(L *lua.LState) int {
	checkArgCount(L, 3)
	setChoice(L, 1, &c.sparseConvert, offOn)
	setInteger(L, 2, &c.sparseRatio, 0, math.MaxInt32)
	setInteger(L, 3, &c.sparseSafe, 0, math.MaxInt32)
	return 3
}

// integerSetting is a function that sets and returns an integer within bounds.
func integerSetting(setting *int, least, most int) lua.LGFunction {
	return func(L *lua.LState) int {
		checkArgCount(L, 1)
		setInteger(L, 1, setting, least, most)
		return 1
	}
}

// choiceSetting is a function that sets and returns one of several texts.
func choiceSetting(setting *int, choices []string) lua.LGFunction {
	return func(L *lua.LState) int {
		checkArgCount(L, 1)
		setChoice(L, 1, setting, choices)
		return 1
	}
}

// checkArgCount refuses more arguments than that and makes up for fewer.
func checkArgCount(L *lua.LState, most int) {
	if L.GetTop() > most {
		raiseArg(L, most+1, "found too many arguments")
	}
	L.SetTop(most)
}

// setInteger sets an integer to argument n, unless that is nil, and pushes it. Errors name the
// first argument whatever n is.
func setInteger(L *lua.LState, n int, setting *int, least, most int) {
	if L.Get(n) != lua.LNil {
		value := int(int32(checkInteger(L, n)))
		if value < least || value > most {
			raiseArg(L, 1, fmt.Sprintf("expected integer between %d and %d", least, most))
		}
		*setting = value
	}
	L.Push(boxInt(*setting))
}

// setChoice sets a choice to argument n, unless that is nil, and pushes it: "off" and "on" as
// booleans, which are understood too, and any other as text.
func setChoice(L *lua.LState, n int, setting *int, choices []string) {
	switch v := L.Get(n).(type) {
	case *lua.LNilType:
	case lua.LBool:
		*setting = 0
		if v {
			*setting = 1
		}
	default:
		*setting = checkChoice(L, n, choices)
	}
	if *setting <= 1 {
		L.Push(lua.LBool(*setting == 1))
		return
	}
	L.Push(lua.LString(choices[*setting]))
}

func checkChoice(L *lua.LState, n int, choices []string) int {
	name := checkString(L, n)
	for i, choice := range choices {
		if choice == name {
			return i
		}
	}
	raiseArg(L, n, "invalid option '"+name+"'")
	return 0
}
