// SPDX-License-Identifier: Apache-2.0

package script

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"stampede/internal/script/lualib"
)

const readOnlyTable = "Attempt to modify a readonly table"

// openLibraries makes the globals of scripts. gopher-lua has no tables that refuse to be
// written, so scripts see guards: empty tables that pass every question on to the real one.
func (m *machine) openLibraries() {
	L := m.state
	m.words.init()
	m.guarded = make(map[*lua.LTable]*lua.LTable)
	m.keys, m.args = L.CreateTable(4, 0), L.CreateTable(4, 0)
	text := m.stringLibrary()
	m.libraries = map[string]*lua.LTable{
		"redis": m.redisLibrary(), "string": text, "table": m.tableLibrary(),
		"math": m.mathLibrary(), "coroutine": m.coroutineLibrary(),
		"bit": lualib.OpenBit(L), "struct": lualib.OpenStruct(L),
		"cmsgpack": lualib.OpenCMsgpack(L), "cjson": m.jsonLibrary(),
	}
	m.globals = m.functions(m.baseLibrary())
	for name, library := range m.libraries {
		m.globals.RawSetString(name, m.guardOf(library))
	}
	if m.kind == scriptMachine {
		m.globals.RawSetString("KEYS", m.keys)
		m.globals.RawSetString("ARGV", m.args)
		m.globals.RawSetString("__redis__err__handler", m.identity)
	}
	m.globals.RawSetString("_VERSION", lua.LString(lua.LuaVersion))
	m.globals.Metatable = m.functions(map[string]lua.LGFunction{"__index": m.missing})
	m.openLoading()
	m.guard = m.guardOf(m.globals)
	m.globals.RawSetString("_G", m.guard)

	m.texts = m.functions(m.arithmetic())
	m.texts.RawSetString("__index", text)
	shown := L.CreateTable(0, 1)
	shown.RawSetString("__index", m.globals.RawGetString("string"))
	m.textGuard = m.guardOf(shown)
	L.SetMetatable(lua.LString(""), m.texts)
}

// openLoading makes the globals of libraries that are being loaded.
func (m *machine) openLoading() {
	m.loadRedis = m.guardOf(m.loadLibrary())
	m.loadGlobals = m.state.CreateTable(0, 0)
	m.loadGlobals.Metatable = m.globals.Metatable
}

// functions makes a table of Go functions.
func (m *machine) functions(named map[string]lua.LGFunction) *lua.LTable {
	t := m.state.CreateTable(0, len(named))
	for name, f := range named {
		t.RawSetString(name, m.state.NewFunction(f))
	}
	return t
}

// global is the value of a global, or nil if there is none of that name.
func (m *machine) global(name string) lua.LValue {
	if m.loading != nil {
		if name == "redis" {
			return m.loadRedis
		}
		return nil
	}
	if v := m.globals.RawGetString(name); v != lua.LNil {
		return v
	}
	return nil
}

// guardOf makes the guard of a table.
func (m *machine) guardOf(real *lua.LTable) *lua.LTable {
	guard := m.state.CreateTable(0, 0)
	guard.Metatable = m.functions(map[string]lua.LGFunction{"__newindex": m.refuseWrite})
	guard.Metatable.(*lua.LTable).RawSetString("__index", real)
	m.guarded[guard] = real
	return guard
}

// behind is the table behind a guard; any other table is its own.
func (m *machine) behind(t *lua.LTable) *lua.LTable {
	if t.Metatable != lua.LNil {
		if real, ok := m.guarded[t]; ok {
			return real
		}
	}
	return t
}

func (m *machine) refuseWrite(L *lua.LState) int {
	m.fault(L, readOnlyTable)
	return 0
}

// missing is asked for a global that there is not.
func (m *machine) missing(L *lua.LState) int {
	name, ok := stringOf(L.Get(2))
	if !ok {
		m.fault(L, "Second argument to luaProtectedTableError must be a string or number")
	}
	m.fault(L, "Script attempted to access nonexistent global variable '"+name+"'")
	return 0
}

// jsonLibrary is cjson. A script that changes its settings spoils the machine, so that the
// next script finds them as they were.
func (m *machine) jsonLibrary() *lua.LTable {
	library := lualib.OpenCJSON(m.state)
	for key, v := library.Next(lua.LNil); key != lua.LNil; key, v = library.Next(key) {
		name, isName := key.(lua.LString)
		f, isFunction := v.(*lua.LFunction)
		if !isName || !isFunction || !isSetting(string(name)) {
			continue
		}
		library.RawSet(name, m.state.NewFunction(func(L *lua.LState) int {
			m.spoiled = m.spoiled || L.GetTop() > 0
			return f.GFunction(L)
		}))
	}
	return library
}

func isSetting(name string) bool {
	return strings.HasPrefix(name, "encode_") || strings.HasPrefix(name, "decode_")
}

// arithmetic is what Lua does with strings that stand where numbers should.
func (m *machine) arithmetic() map[string]lua.LGFunction {
	return map[string]lua.LGFunction{
		"__add": m.arith(lua.OP_ADD), "__sub": m.arith(lua.OP_SUB),
		"__mul": m.arith(lua.OP_MUL), "__div": m.arith(lua.OP_DIV),
		"__mod": m.arith(lua.OP_MOD), "__pow": m.arith(lua.OP_POW),
		"__unm": m.negate,
	}
}

func (m *machine) arith(op int) lua.LGFunction {
	return func(L *lua.LState) int {
		a, okA := numberOf(L.Get(1))
		b, okB := numberOf(L.Get(2))
		if !okA || !okB {
			m.wrongOperand(L, L.Get(1))
		}
		L.Push(lua.LNumber(calculate(op, a, b)))
		return 1
	}
}

func (m *machine) negate(L *lua.LState) int {
	n, ok := numberOf(L.Get(1))
	if !ok {
		m.wrongOperand(L, L.Get(1))
	}
	L.Push(lua.LNumber(-n))
	return 1
}

// wrongOperand raises what Lua says of the instruction that the calling function runs.
func (m *machine) wrongOperand(L *lua.LState, first lua.LValue) {
	frame, _ := L.GetStack(1)
	f, ok := luaFunction(L, frame)
	if !ok {
		m.fault(L, "attempt to perform arithmetic on a string value")
	}
	m.fault(L, m.operandFault(L, f.Proto, pcOf(frame), first))
}
