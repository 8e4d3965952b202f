// SPDX-License-Identifier: Apache-2.0

package lualib

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

const (
	// msgpackLengthHint is up to how many entries a table is made for before they are read: what
	// a header says may be a lie.
	msgpackLengthHint = 64

	// msgpackGapMax is how many places of arrays may be left empty by the keys of maps in one
	// call. A table keeps a place for each.
	msgpackGapMax = 4 << 20
)

// msgpackReader reads values from data.
type msgpackReader struct {
	state *lua.LState
	data  string
	pos   int
	gaps  int // places that keys of maps left empty so far
}

// msgpackUnpack is cmsgpack.unpack(data): all the values in it.
func msgpackUnpack(L *lua.LState) int {
	return unpackValues(L, 0, 0)
}

// msgpackUnpackOne is cmsgpack.unpack_one(data, offset): where to go on, and one value.
func msgpackUnpackOne(L *lua.LState) int {
	offset := optInteger(L, 2, 0)
	L.SetTop(min(1, L.GetTop()))
	return unpackValues(L, 1, offset)
}

// msgpackUnpackLimit is cmsgpack.unpack_limit(data, limit, offset): where to go on, and up to limit
// values.
func msgpackUnpackLimit(L *lua.LState) int {
	limit, offset := checkInteger(L, 2), optInteger(L, 3, 0)
	L.SetTop(min(1, L.GetTop()))
	return unpackValues(L, limit, offset)
}

// unpackValues pushes up to limit values, or all if both limit and offset are zero. Otherwise the
// offset of what is left comes before them, -1 if nothing is.
func unpackValues(L *lua.LState, limit, offset int64) int {
	r := msgpackReader{state: L, data: checkString(L, 1)}
	size := int64(len(r.data))
	if offset < 0 || limit < 0 {
		raise(L, "Invalid request to unpack with offset of %d and limit of %d.",
			int32(offset), int32(size)) // sic
	}
	if offset > size {
		raise(L, "Start offset %d greater than input length %d.", int32(offset), int32(size))
	}
	all := limit == 0 && offset == 0
	if all {
		limit = math.MaxInt32
	}
	r.pos = int(offset)
	base := L.GetTop()
	if !all {
		L.Push(lua.LNil) // the place of the offset
	}
	count := 0
	for r.pos < len(r.data) && int64(count) < limit {
		L.Push(r.read(base + count))
		count++
	}
	if all {
		return count
	}
	r.room(base+count, "in function mp_unpack_full")
	next := r.pos
	if next == len(r.data) {
		next = -1
	}
	L.Replace(base+1, boxInt(next))
	return 1 + count
}

// read returns the next value. Redis would hold it with so many others.
func (r *msgpackReader) read(slots int) lua.LValue {
	r.need(1)
	r.room(slots, "too many return values at once; use unpack_one or unpack_limit instead.")
	kind := r.data[r.pos]
	switch {
	case kind < msgpackSmallMap:
		r.pos++
		return smallNumbers[kind]
	case kind >= msgpackNegative:
		r.pos++
		return lua.LNumber(int8(kind))
	case kind < msgpackSmallArray:
		r.pos++
		return r.readMap(int(kind&0xf), slots)
	case kind < msgpackSmallString:
		r.pos++
		return r.readArray(int(kind&0xf), slots)
	case kind < msgpackNil:
		r.pos++
		return r.readString(int(kind & 0x1f))
	}
	return r.readWide(kind, slots)
}

// readWide reads a value whose first byte is nothing but its kind.
func (r *msgpackReader) readWide(kind byte, slots int) lua.LValue {
	switch kind {
	case msgpackNil:
		r.pos++
		return lua.LNil
	case msgpackFalse, msgpackTrue:
		r.pos++
		return lua.LBool(kind == msgpackTrue)
	case msgpackString8:
		return r.readString(int(r.integer(1)))
	case msgpackString16:
		return r.readString(int(r.integer(2)))
	case msgpackString32:
		return r.readString(int(r.integer(4)))
	case msgpackArray16:
		return r.readArray(int(r.integer(2)), slots)
	case msgpackArray32:
		return r.readArray(int(r.integer(4)), slots)
	case msgpackMap16:
		return r.readMap(int(r.integer(2)), slots)
	case msgpackMap32:
		return r.readMap(int(r.integer(4)), slots)
	}
	return r.readNumber(kind)
}

func (r *msgpackReader) readNumber(kind byte) lua.LValue {
	switch kind {
	case msgpackUint8:
		return boxInt(int(r.integer(1)))
	case msgpackUint16:
		return boxInt(int(r.integer(2)))
	case msgpackUint32:
		return boxInt(int(r.integer(4)))
	case msgpackUint64, msgpackInt64: // Redis takes both as signed
		return boxInt(int(r.integer(8)))
	case msgpackInt8:
		return boxInt(int(int8(r.integer(1))))
	case msgpackInt16:
		return boxInt(int(int16(r.integer(2))))
	case msgpackInt32:
		return boxInt(int(int32(r.integer(4))))
	case msgpackFloat:
		return lua.LNumber(math.Float32frombits(uint32(r.integer(4))))
	case msgpackDouble:
		return lua.LNumber(math.Float64frombits(r.integer(8)))
	}
	raise(r.state, "Bad data format in input.")
	return lua.LNil
}

// need raises an error unless so many bytes are left.
func (r *msgpackReader) need(size int) {
	if len(r.data)-r.pos < size {
		raise(r.state, "Missing bytes in input.")
	}
}

// room raises an error if Redis could not hold one value more.
func (r *msgpackReader) room(slots int, reason string) {
	if slots+1 > stackSlotsMax {
		raise(r.state, "stack overflow (%s)", reason)
	}
}

// integer reads the size bytes after a first one.
func (r *msgpackReader) integer(size int) (n uint64) {
	r.need(1 + size)
	for _, c := range []byte(r.data[r.pos+1 : r.pos+1+size]) {
		n = n<<8 | uint64(c)
	}
	r.pos += 1 + size
	return n
}

// readString returns a part of the data.
func (r *msgpackReader) readString(length int) lua.LValue {
	r.need(length)
	text := r.data[r.pos : r.pos+length]
	r.pos += length
	return lua.LString(text)
}

func (r *msgpackReader) readArray(length, slots int) lua.LValue {
	array := r.state.CreateTable(r.hint(length), 0)
	r.room(slots+1, "in function mp_decode_to_lua_array")
	for i := 1; i <= length; i++ {
		switch v := r.read(slots + 2); {
		case v == lua.LNil: // leaves a gap, which costs nothing at the end
		case i < lua.MaxArrayIndex:
			array.RawSetInt(i, v)
		default:
			array.RawSet(lua.LNumber(i), v)
		}
	}
	return array
}

func (r *msgpackReader) readMap(length, slots int) lua.LValue {
	table := r.state.CreateTable(0, r.hint(length))
	places := 0 // of the array part of the table
	for range length {
		key := r.read(slots + 1)
		v := r.read(slots + 2)
		if key == lua.LNil {
			raiseBare(r.state, "table index is nil")
		}
		if v == lua.LNil && table.RawGet(key) == lua.LNil && !isNaN(key) {
			continue
		}
		if number, ok := key.(lua.LNumber); ok {
			places = r.makePlace(places, number)
		}
		table.RawSet(key, v)
	}
	return table
}

// hint is for how many of so many entries a table is made at once.
func (r *msgpackReader) hint(length int) int {
	return min(length, len(r.data)-r.pos, msgpackLengthHint)
}

// makePlace returns how many places the array part of a table has once a key is set. It raises an
// error for a key that cannot be set, and if too many places before it would stay empty.
func (r *msgpackReader) makePlace(places int, key lua.LNumber) int {
	if key != key {
		raiseBare(r.state, "table index is NaN")
	}
	index := int(truncate(float64(key)))
	if lua.LNumber(index) != key || index <= places || index >= lua.MaxArrayIndex {
		return places
	}
	r.gaps += index - places - 1
	if r.gaps > msgpackGapMax {
		raise(r.state, "Keys of maps in input are too far apart.")
	}
	return index
}

func isNaN(v lua.LValue) bool {
	n, ok := v.(lua.LNumber)
	return ok && n != n
}
