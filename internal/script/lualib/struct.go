// SPDX-License-Identifier: Apache-2.0

package lualib

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

const (
	structIntegerMax = 32 // bytes
	structAlignment  = 8  // bytes, of a ! without a number
)

// OpenStruct returns the library struct, which reads and writes the bytes of C structures as they
// are on amd64.
func OpenStruct(L *lua.LState) *lua.LTable {
	return newLibrary(L, map[string]lua.LGFunction{
		"pack":   structPack,
		"unpack": structUnpack,
		"size":   structSize,
	})
}

// structFormat walks the options of a format.
type structFormat struct {
	state     *lua.LState
	rest      string // what is left of it
	bigEndian bool
	align     uint

	option byte // the last one read
	size   uint // of what it stands for; zero if that depends on the value
}

// newStructFormat begins with argument 1. A zero byte ends it.
func newStructFormat(L *lua.LState) structFormat {
	format, _, _ := strings.Cut(checkString(L, 1), "\x00")
	return structFormat{state: L, rest: format, align: 1}
}

// next reads an option and returns false if there is none.
func (f *structFormat) next() bool {
	if f.rest == "" {
		return false
	}
	f.option, f.rest = f.rest[0], f.rest[1:]
	switch f.option {
	case 'b', 'B', 'x':
		f.size = 1
	case 'h', 'H':
		f.size = 2
	case 'f':
		f.size = 4
	case 'l', 'L', 'T', 'd':
		f.size = 8
	case 'c':
		f.size = f.number(1)
	case 'i', 'I':
		f.size = f.number(4)
		if f.size > structIntegerMax {
			raise(f.state, "integral size %d is larger than limit of %d", f.size, structIntegerMax)
		}
	default:
		f.size = 0
	}
	return true
}

// number reads the number after an option, if there is one.
func (f *structFormat) number(missing uint) uint {
	if f.rest == "" || !isDigit(f.rest[0]) {
		return missing
	}
	n := uint(0)
	for f.rest != "" && isDigit(f.rest[0]) {
		n = n*10 + uint(f.rest[0]-'0')
		if n > math.MaxInt32 {
			raise(f.state, "integral size overflow")
		}
		f.rest = f.rest[1:]
	}
	return n
}

// padding is how many bytes come before the option's value at a position.
func (f *structFormat) padding(pos uint) uint {
	if f.size == 0 || f.option == 'c' {
		return 0
	}
	size := min(f.size, f.align)
	return (size - pos&(size-1)) & (size - 1)
}

// control follows an option that stands for no value.
func (f *structFormat) control() {
	switch f.option {
	case ' ':
	case '>':
		f.bigEndian = true
	case '<':
		f.bigEndian = false
	case '!':
		align := f.number(structAlignment)
		if align == 0 || align&(align-1) != 0 {
			raise(f.state, "alignment %d is not a power of 2", align)
		}
		f.align = align
	default:
		raiseArg(f.state, 1, "invalid format option '"+string([]byte{f.option})+"'")
	}
}

// structPack is struct.pack(format, value, …).
func structPack(L *lua.LState) int {
	f := newStructFormat(L)
	L.Push(lua.LNil) // as errors call a missing value
	var short [64]byte
	buf := short[:0]
	for arg := 2; f.next(); {
		for range f.padding(uint(len(buf))) {
			buf = append(buf, 0)
		}
		switch f.option {
		case 'b', 'B', 'h', 'H', 'l', 'L', 'T', 'i', 'I':
			buf = f.appendInteger(buf, checkNumber(L, arg))
			arg++
		case 'x':
			buf = append(buf, 0)
		case 'f':
			n := math.Float32bits(float32(checkNumber(L, arg)))
			buf = f.ordered(binary.LittleEndian.AppendUint32(buf, n), 4)
			arg++
		case 'd':
			n := math.Float64bits(checkNumber(L, arg))
			buf = f.ordered(binary.LittleEndian.AppendUint64(buf, n), 8)
			arg++
		case 'c', 's':
			text := checkString(L, arg)
			arg++
			buf = f.appendText(buf, text, arg)
		default:
			f.control()
		}
	}
	L.Push(lua.LString(buf))
	return 1
}

// appendInteger writes the lowest bytes of a number, and zeros beyond the first eight.
func (f *structFormat) appendInteger(buf []byte, n float64) []byte {
	value := truncateUnsigned(n)
	for range f.size {
		buf = append(buf, byte(value))
		value >>= 8
	}
	return f.ordered(buf, int(f.size))
}

// ordered puts the last bytes of buf, little endian so far, into the order of the format.
func (f *structFormat) ordered(buf []byte, size int) []byte {
	if f.bigEndian {
		slices.Reverse(buf[len(buf)-size:])
	}
	return buf
}

// appendText writes as much of a text as the option says, or all of it; with s, a zero follows.
// Errors name the argument after it.
func (f *structFormat) appendText(buf []byte, text string, next int) []byte {
	if f.size > uint(len(text)) {
		raiseArg(f.state, next, "string too short")
	}
	if f.size > 0 {
		text = text[:f.size]
	}
	buf = append(buf, text...)
	if f.option == 's' {
		buf = append(buf, 0)
	}
	return buf
}

// structUnpack is struct.unpack(format, data, position): the values, and the position after them.
func structUnpack(L *lua.LState) int {
	f := newStructFormat(L)
	data, pos := checkString(L, 2), uint(optInteger(L, 3, 1))
	if pos == 0 {
		raiseArg(L, 3, "offset must be 1 or greater")
	}
	pos--
	L.SetTop(2)
	for f.next() {
		pos += f.padding(pos)
		f.need(data, pos)
		if L.GetTop()+2 > stackSlotsMax {
			raise(L, "stack overflow (too many results)")
		}
		switch f.option {
		case 'b', 'B', 'h', 'H', 'l', 'L', 'T', 'i', 'I':
			L.Push(boxNumber(f.integer(data[pos : pos+f.size])))
		case 'x':
		case 'f':
			bits := f.bits(data[pos : pos+f.size])
			L.Push(lua.LNumber(math.Float32frombits(uint32(bits))))
		case 'd':
			L.Push(lua.LNumber(math.Float64frombits(f.bits(data[pos : pos+f.size]))))
		case 'c':
			if f.size == 0 {
				f.popSize()
				f.need(data, pos)
			}
			L.Push(lua.LString(data[pos : pos+f.size]))
		case 's':
			end := strings.IndexByte(data[pos:], 0)
			if end < 0 {
				raise(L, "unfinished string in data")
			}
			L.Push(lua.LString(data[pos : pos+uint(end)]))
			f.size = uint(end) + 1
		default:
			f.control()
		}
		pos += f.size
	}
	L.Push(boxInt(int(pos + 1)))
	return L.GetTop() - 2
}

// need raises an error unless the option's value lies in data.
func (f *structFormat) need(data string, pos uint) {
	if size := uint(len(data)); f.size > size || pos > size-f.size {
		raiseArg(f.state, 2, "data string too short")
	}
}

// popSize makes the last value read the size of the option.
func (f *structFormat) popSize() {
	size, ok := numberOf(f.state.Get(-1))
	if f.state.GetTop() <= 2 || !ok {
		raise(f.state, "format 'c0' needs a previous size")
	}
	f.state.Pop(1)
	f.size = uint(truncateUnsigned(size)) // negative ones are far too long
}

// bits reads up to eight bytes, of more the lowest.
func (f *structFormat) bits(data string) (n uint64) {
	for i := range len(data) {
		if f.bigEndian {
			n = n<<8 | uint64(data[i])
		} else {
			n = n<<8 | uint64(data[len(data)-1-i])
		}
	}
	return n
}

// integer is the number in data. Signs of integers of more than eight bytes are looked for at the
// place that the shift of amd64 makes of theirs.
func (f *structFormat) integer(data string) float64 {
	n := f.bits(data)
	if f.option < 'a' {
		return float64(n)
	}
	if above := ^uint64(0) << ((f.size*8 - 1) % 64); n&above != 0 {
		n |= above
	}
	return float64(int64(n))
}

// structSize is struct.size(format).
func structSize(L *lua.LState) int {
	f := newStructFormat(L)
	pos := uint(0)
	for f.next() {
		pos += f.padding(pos)
		if f.size == 0 && (f.option == 's' || f.option == 'c') {
			option := string(f.option)
			if f.option == 'c' {
				option = "c0"
			}
			raiseArg(L, 1, fmt.Sprintf("option '%s' has no fixed size", option))
		}
		if !isDigit(f.option) && (f.option|0x20 < 'a' || f.option|0x20 > 'z') {
			f.control()
		}
		pos += f.size
	}
	L.Push(boxInt(int(pos)))
	return 1
}
