// SPDX-License-Identifier: Apache-2.0

package script

import (
	"hash/maphash"

	lua "github.com/yuin/gopher-lua"
)

const (
	wordBytesMax = 64
	wordSlots    = 512 // a power of two
	smallNumbers = 1024
)

// wordCache gives the Lua string of some bytes. Short ones it may remember: the same names of
// keys and fields and the same small numbers come again and again, and a Lua string costs two
// allocations. It holds at most wordSlots of them.
type wordCache struct {
	seed    maphash.Seed
	slots   [wordSlots]lua.LValue
	numbers [smallNumbers]lua.LValue
}

func (w *wordCache) init() {
	w.seed = maphash.MakeSeed()
	for i := range w.numbers {
		w.numbers[i] = lua.LNumber(i)
	}
}

// number is the Lua number n; for small whole ones it allocates nothing.
func (w *wordCache) number(n float64) lua.LValue {
	if i := int(n); i >= 0 && i < smallNumbers && float64(i) == n {
		return w.numbers[i]
	}
	return lua.LNumber(n)
}

// value is the Lua string of b, which is copied.
func (w *wordCache) value(b []byte) lua.LValue {
	if len(b) > wordBytesMax {
		return lua.LString(b)
	}
	slot := &w.slots[maphash.Bytes(w.seed, b)&(wordSlots-1)]
	if s, ok := (*slot).(lua.LString); ok && string(s) == string(b) {
		return *slot
	}
	v := lua.LValue(lua.LString(b))
	*slot = v
	return v
}

// signed is [wordCache.number] for numbers that may be a zero with a sign.
func (w *wordCache) signed(n float64) lua.LValue {
	if n == 0 {
		return lua.LNumber(n)
	}
	return w.number(n)
}

// text is the Lua string of s.
func (w *wordCache) text(s string) lua.LValue {
	slot := &w.slots[maphash.String(w.seed, s)&(wordSlots-1)]
	if known, ok := (*slot).(lua.LString); ok && string(known) == s {
		return *slot
	}
	v := lua.LValue(lua.LString(s))
	*slot = v
	return v
}
