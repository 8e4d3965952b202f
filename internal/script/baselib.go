// SPDX-License-Identifier: Apache-2.0

package script

import (
	"runtime/metrics"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// protectedMax is how many protected calls may stand within each other, as in Lua.
const protectedMax = 200

// baseLibrary is the functions that are globals.
func (m *machine) baseLibrary() map[string]lua.LGFunction {
	ipairs := m.state.NewFunction(ipairsNext)
	next := m.state.NewFunction(m.next)
	return map[string]lua.LGFunction{
		"assert": m.assert, "collectgarbage": m.collectGarbage, "error": m.error,
		"gcinfo": m.gcInfo, "getmetatable": m.getMetatable, "load": m.load,
		"loadstring": m.loadString, "next": m.next, "pcall": m.protectedCall,
		"rawequal": m.rawEqual, "rawget": m.rawGet, "rawset": m.rawSet, "select": m.selectArg,
		"setmetatable": m.setMetatable, "tonumber": m.toNumber, "tostring": m.toString,
		"type": m.typeOf, "unpack": m.unpack, "xpcall": m.handledCall,
		"ipairs": func(L *lua.LState) int {
			t := m.checkTable(L, 1, "ipairs")
			L.Push(ipairs)
			L.Push(t)
			L.Push(lua.LNumber(0))
			return 3
		},
		"pairs": func(L *lua.LState) int {
			t := m.checkTable(L, 1, "pairs")
			L.Push(next)
			L.Push(t)
			L.Push(lua.LNil)
			return 3
		},
	}
}

func (m *machine) assert(L *lua.LState) int {
	m.checkAny(L, 1, "assert")
	if lua.LVIsFalse(L.Get(1)) {
		text := "assertion failed!"
		if v := L.Get(2); v != lua.LNil {
			var ok bool
			if text, ok = stringOf(v); !ok {
				m.badType(L, 2, "assert", "string")
			}
			m.fault(L, text)
		}
		m.fault(L, text)
	}
	return L.GetTop()
}

func (m *machine) error(L *lua.LState) int {
	level := m.optInt(L, 2, 1, "error")
	L.SetTop(1)
	v := L.Get(1)
	if s, ok := stringOf(v); ok && level > 0 {
		v = lua.LString(where(L, level) + s)
	}
	m.raise(L, v)
	return 0
}

// collectGarbage knows the options of Lua. The garbage is Go's business.
func (m *machine) collectGarbage(L *lua.LState) int {
	option := "collect"
	if v := L.Get(1); v != lua.LNil {
		option = m.checkString(L, 1, "collectgarbage")
	}
	switch option {
	case "count":
		L.Push(lua.LNumber(heapBytes() / 1024))
	case "collect", "stop", "restart", "setpause", "setstepmul":
		L.Push(lua.LNumber(0))
	case "step":
		L.Push(lua.LTrue)
	default:
		m.badArgument(L, 1, "collectgarbage", "invalid option '"+option+"'")
	}
	return 1
}

func (m *machine) gcInfo(L *lua.LState) int {
	L.Push(lua.LNumber(int(heapBytes() / 1024)))
	return 1
}

func heapBytes() float64 {
	sample := []metrics.Sample{{Name: heapMetric}}
	metrics.Read(sample)
	return float64(sample[0].Value.Uint64())
}

func (m *machine) getMetatable(L *lua.LState) int {
	m.checkAny(L, 1, "getmetatable")
	v := L.Get(1)
	switch t := v.(type) {
	case lua.LString:
		L.Push(m.textGuard)
		return 1
	case *lua.LTable:
		if t == m.guard {
			L.Push(m.metaGuard())
			return 1
		}
		if m.behind(t) != t {
			L.Push(lua.LNil)
			return 1
		}
	}
	L.Push(L.GetMetatable(v))
	return 1
}

// metaGuard is what scripts see as the metatable of the globals.
func (m *machine) metaGuard() *lua.LTable { return m.guardOf(m.state.CreateTable(0, 0)) }

func (m *machine) setMetatable(L *lua.LState) int {
	t := m.checkTable(L, 1, "setmetatable")
	mt, isTable := L.Get(2).(*lua.LTable)
	if !isTable && (L.Get(2) != lua.LNil || L.GetTop() < 2) {
		m.badArgument(L, 2, "setmetatable", "nil or table expected")
	}
	if m.behind(t) != t {
		m.plainFault(L, readOnlyTable)
	}
	if old, ok := t.Metatable.(*lua.LTable); ok && old.RawGetString("__metatable") != lua.LNil {
		m.fault(L, "cannot change a protected metatable")
	}
	t.Metatable = lua.LNil
	if isTable {
		t.Metatable = mt
	}
	L.SetTop(1)
	return 1
}

func (m *machine) load(L *lua.LState) int {
	f, ok := L.Get(1).(*lua.LFunction)
	if !ok {
		m.badType(L, 1, "load", "function")
	}
	name := "=(load)"
	if L.Get(2) != lua.LNil {
		name = m.checkString(L, 2, "load")
	}
	var text strings.Builder
	for {
		L.Push(f)
		L.Call(0, 1)
		piece, isText := stringOf(L.Get(-1))
		if L.Get(-1) != lua.LNil && !isText {
			m.fault(L, "reader function must return a string")
		}
		L.Pop(1)
		if piece == "" {
			break
		}
		m.checkLength(L, text.Len()+len(piece))
		text.WriteString(piece)
	}
	return m.loaded(L, text.String(), name)
}

func (m *machine) loadString(L *lua.LState) int {
	text := m.checkString(L, 1, "loadstring")
	name := text
	if L.Get(2) != lua.LNil {
		name = m.checkString(L, 2, "loadstring")
	}
	return m.loaded(L, text, name)
}

// loaded returns the function of a text, or nil and what is wrong with it.
func (m *machine) loaded(L *lua.LState, text, name string) int {
	shown := chunkID(name)
	m.nameSource(name, shown)
	proto, err := m.compile(text, shown)
	if err != nil {
		L.Push(lua.LNil)
		L.Push(lua.LString(err.Error()))
		return 2
	}
	f := L.NewFunctionFromProto(proto)
	f.Env = m.globals
	L.Push(f)
	return 1
}

// chunkIDMax is how long the name of a text may be in errors, with the zero that ends it in C.
const chunkIDMax = 60

// chunkID is how errors call a text: by its name, or by its first line.
func chunkID(name string) string {
	switch {
	case strings.HasPrefix(name, "="):
		return name[1:min(len(name), chunkIDMax)]
	case strings.HasPrefix(name, "@"):
		name = name[1:]
		if most := chunkIDMax - len(" '...' ") - 1; len(name) > most {
			return "..." + name[len(name)-most:]
		}
		return name
	}
	line, _, cut := strings.Cut(name, "\n")
	if i := strings.IndexByte(line, '\r'); i >= 0 {
		line, cut = line[:i], true
	}
	if most := chunkIDMax - len(" [string \"...\"] ") - 1; len(line) > most {
		line, cut = line[:most], true
	}
	if cut {
		line += "..."
	}
	return `[string "` + line + `"]`
}

func ipairsNext(L *lua.LState) int {
	t, ok := L.Get(1).(*lua.LTable)
	n, isNumber := L.Get(2).(lua.LNumber)
	if !ok || !isNumber {
		return 0
	}
	v := t.RawGet(n + 1)
	if v == lua.LNil {
		return 0
	}
	L.Push(n + 1)
	L.Push(v)
	return 2
}

func (m *machine) next(L *lua.LState) int {
	t := m.behind(m.checkTable(L, 1, "next"))
	key := L.Get(2)
	next, v := t.Next(key)
	if next == lua.LNil {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(next)
	L.Push(v)
	return 2
}

// protectedCall is pcall. Of an error of a call it returns the text, not the table.
func (m *machine) protectedCall(L *lua.LState) int {
	m.checkAny(L, 1, "pcall")
	v, failed := m.protect(L, L.GetTop(), nil)
	if failed {
		if t, ok := v.(*lua.LTable); ok {
			if text, ok := stringOf(t.RawGetString("err")); ok {
				v = lua.LString(text)
			}
		}
		L.Push(lua.LFalse)
		L.Push(v)
		return 2
	}
	L.Insert(lua.LTrue, 1)
	return L.GetTop()
}

// handledCall is xpcall.
func (m *machine) handledCall(L *lua.LState) int {
	m.checkAny(L, 2, "xpcall")
	f, handler := L.Get(1), L.Get(2)
	L.SetTop(0)
	L.Push(f)
	h, _ := handler.(*lua.LFunction)
	if v, failed := m.protect(L, 1, h); failed {
		L.Push(lua.LFalse)
		L.Push(v)
		return 2
	}
	L.Insert(lua.LTrue, 1)
	return L.GetTop()
}

// protect calls the function at the bottom of the stack with what stands above it, n values in
// all. What it returns is on the stack; if it failed, nothing is, and v is the error.
func (m *machine) protect(
	L *lua.LState, n int, handler *lua.LFunction,
) (v lua.LValue, failed bool) {
	if m.depth >= protectedMax {
		m.fault(L, "C stack overflow")
	}
	m.depth++
	L.Insert(m.inside, 1)
	err := L.PCall(n, lua.MultRet, handler)
	m.depth--
	if err == nil {
		return nil, false
	}
	m.raised = false
	raised, ok := err.(*lua.ApiError)
	if !ok {
		return lua.LString(err.Error()), true
	}
	if raised.Type == lua.ApiErrorPanic {
		return lua.LString(m.panicText(raised.Object.String())), true
	}
	return raised.Object, true
}

func (m *machine) rawEqual(L *lua.LState) int {
	m.checkAny(L, 2, "rawequal")
	L.Push(lua.LBool(L.RawEqual(L.Get(1), L.Get(2))))
	return 1
}

func (m *machine) rawGet(L *lua.LState) int {
	t := m.behind(m.checkTable(L, 1, "rawget"))
	m.checkAny(L, 2, "rawget")
	L.Push(t.RawGet(L.Get(2)))
	return 1
}

func (m *machine) rawSet(L *lua.LState) int {
	t := m.checkTable(L, 1, "rawset")
	m.checkAny(L, 3, "rawset")
	if m.behind(t) != t {
		m.plainFault(L, readOnlyTable)
	}
	m.setElement(L, t, L.Get(2), L.Get(3))
	L.SetTop(1)
	return 1
}

// setElement sets an element of a table, without its metatable.
func (m *machine) setElement(L *lua.LState, t *lua.LTable, key, v lua.LValue) {
	switch k := key.(type) {
	case *lua.LNilType:
		m.plainFault(L, "table index is nil")
	case lua.LNumber:
		if k != k {
			m.plainFault(L, "table index is NaN")
		}
	}
	t.RawSet(key, v)
}

func (m *machine) selectArg(L *lua.LState) int {
	top := L.GetTop()
	if s, ok := L.Get(1).(lua.LString); ok && strings.HasPrefix(string(s), "#") {
		L.Push(lua.LNumber(top - 1))
		return 1
	}
	n := m.checkInt(L, 1, "select")
	if n < 0 {
		n += top
	} else if n > top {
		n = top
	}
	if n < 1 {
		m.badArgument(L, 1, "select", "index out of range")
	}
	return top - n
}

func (m *machine) toNumber(L *lua.LState) int {
	base := m.optInt(L, 2, 10, "tonumber")
	if base == 10 {
		m.checkAny(L, 1, "tonumber")
		if v, ok := L.Get(1).(lua.LNumber); ok {
			L.Push(v)
			return 1
		}
		if n, ok := numberOf(L.Get(1)); ok {
			L.Push(m.words.signed(n))
			return 1
		}
		L.Push(lua.LNil)
		return 1
	}
	text := m.checkString(L, 1, "tonumber")
	if base < 2 || base > 36 {
		m.badArgument(L, 2, "tonumber", "base out of range")
	}
	if n, ok := parseBase(text, base); ok {
		L.Push(lua.LNumber(n))
	} else {
		L.Push(lua.LNil)
	}
	return 1
}

// parseBase reads a whole number as C's strtoul does.
func parseBase(text string, base int) (n float64, ok bool) {
	text = strings.Trim(text, " \t\n\v\f\r")
	negative := strings.HasPrefix(text, "-")
	if negative || strings.HasPrefix(text, "+") {
		text = text[1:]
	}
	if base == 16 && len(text) > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X') {
		text = text[2:]
	}
	if strings.IndexByte(text, '_') >= 0 || strings.ContainsAny(text, "+-") {
		return 0, false
	}
	sum, err := strconv.ParseUint(text, base, 64)
	if err != nil && !isRange(err) {
		return 0, false
	}
	if negative {
		sum = -sum
	}
	return float64(sum), true
}

func (m *machine) toString(L *lua.LState) int {
	m.checkAny(L, 1, "tostring")
	v := L.Get(1)
	if t, ok := v.(*lua.LTable); ok {
		if mt, ok := t.Metatable.(*lua.LTable); ok && m.behind(t) == t {
			if f := mt.RawGetString("__tostring"); f != lua.LNil {
				L.Push(f)
				L.Push(t)
				L.Call(1, 1)
				return 1
			}
		}
	}
	if s, ok := v.(lua.LString); ok {
		L.Push(s)
		return 1
	}
	L.Push(lua.LString(textOf(v)))
	return 1
}

func (m *machine) typeOf(L *lua.LState) int {
	m.checkAny(L, 1, "type")
	L.Push(m.words.text(typeName(L.Get(1))))
	return 1
}

// unpackMax is how many values unpack may give.
const unpackMax = 7996

func (m *machine) unpack(L *lua.LState) int {
	t := m.behind(m.checkTable(L, 1, "unpack"))
	first := m.optInt(L, 2, 1, "unpack")
	last := m.optInt(L, 3, t.Len(), "unpack")
	if first > last {
		return 0
	}
	n := last - first + 1
	if n <= 0 || n > unpackMax {
		m.fault(L, "too many results to unpack")
	}
	for i := first; i <= last; i++ {
		L.Push(t.RawGet(lua.LNumber(i)))
	}
	return n
}
