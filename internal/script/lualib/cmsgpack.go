// SPDX-License-Identifier: Apache-2.0

package lualib

import (
	"encoding/binary"
	"math"

	lua "github.com/yuin/gopher-lua"
)

// msgpackDepthMax is how many tables may lie in each other; what is deeper is packed as nil.
const msgpackDepthMax = 16

// The first bytes of MessagePack values. The small ones hold a length or a number as well.
const (
	msgpackSmallMap    = 0x80
	msgpackSmallArray  = 0x90
	msgpackSmallString = 0xa0
	msgpackNil         = 0xc0
	msgpackFalse       = 0xc2
	msgpackTrue        = 0xc3
	msgpackFloat       = 0xca
	msgpackDouble      = 0xcb
	msgpackUint8       = 0xcc
	msgpackUint16      = 0xcd
	msgpackUint32      = 0xce
	msgpackUint64      = 0xcf
	msgpackInt8        = 0xd0
	msgpackInt16       = 0xd1
	msgpackInt32       = 0xd2
	msgpackInt64       = 0xd3
	msgpackString8     = 0xd9
	msgpackString16    = 0xda
	msgpackString32    = 0xdb
	msgpackArray16     = 0xdc
	msgpackArray32     = 0xdd
	msgpackMap16       = 0xde
	msgpackMap32       = 0xdf
	msgpackNegative    = 0xe0
)

// msgpacker is the writing half of the library: the buffer that calls use one after another.
type msgpacker struct {
	sizeMax int // bytes, of data made of tables
	packed  []byte
}

// OpenCMsgpack returns the library cmsgpack.
func OpenCMsgpack(L *lua.LState) *lua.LTable {
	p := &msgpacker{sizeMax: encodedMax}
	library := newLibrary(L, map[string]lua.LGFunction{
		"pack":         p.pack,
		"unpack":       msgpackUnpack,
		"unpack_one":   msgpackUnpackOne,
		"unpack_limit": msgpackUnpackLimit,
	})
	library.RawSetString("_NAME", lua.LString("cmsgpack"))
	library.RawSetString("_VERSION", lua.LString("lua-cmsgpack 0.4.0"))
	library.RawSetString("_COPYRIGHT", lua.LString("Copyright (C) 2012, Salvatore Sanfilippo"))
	library.RawSetString("_DESCRIPTION", lua.LString("MessagePack C implementation for Lua"))
	return library
}

// pack is cmsgpack.pack(value, …): the values one after another.
func (p *msgpacker) pack(L *lua.LState) int {
	count := L.GetTop()
	if count == 0 {
		raiseArg(L, 0, "MessagePack pack needs input.")
	}
	if 2*count > stackSlotsMax {
		raiseArg(L, 0, "Too many arguments for MessagePack pack.")
	}
	p.packed = p.packed[:0]
	for i := 1; i <= count; i++ {
		p.appendValue(L, L.Get(i), 0)
	}
	L.Push(lua.LString(p.packed))
	p.packed = kept(p.packed)
	return 1
}

// appendValue packs v, which lies in so many tables. What MessagePack does not know is nil.
func (p *msgpacker) appendValue(L *lua.LState, v lua.LValue, depth int) {
	switch v := v.(type) {
	case lua.LString:
		p.appendString(string(v))
	case lua.LNumber:
		p.appendNumber(float64(v))
	case lua.LBool:
		if v {
			p.packed = append(p.packed, msgpackTrue)
		} else {
			p.packed = append(p.packed, msgpackFalse)
		}
	case *lua.LTable:
		if depth < msgpackDepthMax {
			p.appendTable(L, v, depth+1)
			return
		}
		p.packed = append(p.packed, msgpackNil)
	default:
		p.packed = append(p.packed, msgpackNil)
	}
}

func (p *msgpacker) appendString(text string) {
	switch length := len(text); {
	case length < 32:
		p.packed = append(p.packed, msgpackSmallString|byte(length))
	case length <= math.MaxUint8:
		p.packed = append(p.packed, msgpackString8, byte(length))
	case length <= math.MaxUint16:
		p.packed = append16(p.packed, msgpackString16, uint16(length))
	default:
		p.packed = append32(p.packed, msgpackString32, uint32(length))
	}
	p.packed = append(p.packed, text...)
}

// appendNumber packs an integer in as few bytes as will do, others as a float if that says the
// same.
func (p *msgpacker) appendNumber(n float64) {
	if whole := truncate(n); float64(whole) == n {
		p.appendInteger(whole)
		return
	}
	if short := float32(n); float64(short) == n {
		p.packed = append32(p.packed, msgpackFloat, math.Float32bits(short))
		return
	}
	p.packed = append64(p.packed, msgpackDouble, math.Float64bits(n))
}

func (p *msgpacker) appendInteger(n int64) {
	switch {
	case n >= -32 && n <= math.MaxInt8:
		p.packed = append(p.packed, byte(n))
	case n >= 0 && n <= math.MaxUint8:
		p.packed = append(p.packed, msgpackUint8, byte(n))
	case n >= 0 && n <= math.MaxUint16:
		p.packed = append16(p.packed, msgpackUint16, uint16(n))
	case n >= 0 && n <= math.MaxUint32:
		p.packed = append32(p.packed, msgpackUint32, uint32(n))
	case n >= 0:
		p.packed = append64(p.packed, msgpackUint64, uint64(n))
	case n >= math.MinInt8:
		p.packed = append(p.packed, msgpackInt8, byte(n))
	case n >= math.MinInt16:
		p.packed = append16(p.packed, msgpackInt16, uint16(n))
	case n >= math.MinInt32:
		p.packed = append32(p.packed, msgpackInt32, uint32(n))
	default:
		p.packed = append64(p.packed, msgpackInt64, uint64(n))
	}
}

// checkSize ends pack if the data has become too large: tables may hold each other many times.
func (p *msgpacker) checkSize(L *lua.LState) {
	if len(p.packed) > p.sizeMax {
		p.packed = nil
		raise(L, "Cannot pack: too large")
	}
}

// appendTable packs a table whose keys are exactly 1 to n as an array, an empty one too, and any
// other as a map.
func (p *msgpacker) appendTable(L *lua.LState, table *lua.LTable, depth int) {
	entries, array := countEntries(table)
	if array {
		p.appendLength(entries, msgpackSmallArray, msgpackArray16)
		for i := 1; i <= entries; i++ {
			p.checkSize(L)
			p.appendValue(L, element(table, i), depth)
		}
		return
	}
	p.appendLength(entries, msgpackSmallMap, msgpackMap16)
	for e := newCursor(table); e.next(); {
		p.checkSize(L)
		if e.key == nil {
			p.appendInteger(int64(e.index))
		} else {
			p.appendValue(L, e.key, depth)
		}
		p.appendValue(L, e.value, depth)
	}
}

// countEntries counts the entries of a table and tells whether they are an array.
func countEntries(table *lua.LTable) (entries int, array bool) {
	last := 0.0
	array = true
	for e := newCursor(table); e.next(); entries++ {
		key, ok := e.number()
		if !ok || key <= 0 || float64(truncate32(key)) != key {
			array = false
		}
		last = max(last, key)
	}
	return entries, array && last == float64(entries)
}

// appendLength begins an array or a map. The wide form of 32 bits follows that of 16.
func (p *msgpacker) appendLength(length int, small, wide byte) {
	switch {
	case length <= 15:
		p.packed = append(p.packed, small|byte(length))
	case length <= math.MaxUint16:
		p.packed = append16(p.packed, wide, uint16(length))
	default:
		p.packed = append32(p.packed, wide+1, uint32(length))
	}
}

func append16(buf []byte, kind byte, n uint16) []byte {
	return binary.BigEndian.AppendUint16(append(buf, kind), n)
}

func append32(buf []byte, kind byte, n uint32) []byte {
	return binary.BigEndian.AppendUint32(append(buf, kind), n)
}

func append64(buf []byte, kind byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64(append(buf, kind), n)
}
