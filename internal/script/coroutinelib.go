// SPDX-License-Identifier: Apache-2.0

package script

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"stampede/internal/assert"
)

// coroutineLibrary is the table coroutine: the evaluator's, with our errors, and with the meter
// in each coroutine.
func (m *machine) coroutineLibrary() *lua.LTable {
	L := m.state
	L.Push(L.NewFunction(lua.OpenCoroutine))
	L.Call(0, 1)
	original := L.Get(-1).(*lua.LTable)
	L.SetTop(0)
	function := func(name string) lua.LGFunction {
		return original.RawGetString(name).(*lua.LFunction).GFunction
	}
	create, resume := function("create"), function("resume")
	begin := m.beginning()
	newThread := func(L *lua.LState, name string) *lua.LState {
		f := m.checkFunction(L, 1, name)
		L.Push(begin)
		L.Push(f)
		L.Call(1, 1)
		body := L.Get(-1)
		L.SetTop(0)
		L.Push(body)
		create(L)
		thread := L.Get(-1).(*lua.LState)
		thread.SetContext(&m.meter)
		return thread
	}
	return m.functions(map[string]lua.LGFunction{
		"running": function("running"), "status": function("status"),
		"yield": func(L *lua.LState) int {
			if L == m.state {
				m.plainFault(L, "attempt to yield across metamethod/C-call boundary")
			}
			return function("yield")(L)
		},
		"create": func(L *lua.LState) int { newThread(L, "create"); return 1 },
		"resume": func(L *lua.LState) int {
			if _, ok := L.Get(1).(*lua.LState); !ok {
				m.badArgument(L, 1, "resume", "coroutine expected")
			}
			return m.resumed(L, resume(L))
		},
		"wrap": func(L *lua.LState) int {
			thread := newThread(L, "wrap")
			L.Push(L.NewFunction(func(L *lua.LState) int {
				L.Insert(thread, 1)
				n := m.resumed(L, resume(L))
				if lua.LVAsBool(L.Get(-n)) {
					return n - 1
				}
				v := L.Get(-1)
				if s, ok := stringOf(v); ok {
					v = lua.LString(where(L, 1) + s)
				}
				m.raise(L, v)
				return 0
			}))
			return 1
		},
	})
}

// resumed ends what was on its way when a coroutine failed. The results of resume, n values, are
// on the stack.
func (m *machine) resumed(_ *lua.LState, n int) int {
	m.raised = false
	return n
}

// coroutineText makes of a function one that is to be the first of a coroutine: it lets errors be
// worded by us in there. It is in Lua because a coroutine cannot yield across a function of Go.
const coroutineText = `local prepare = ... return function(f)
	return function(...) prepare() return f(...) end
end`

func (m *machine) beginning() *lua.LFunction {
	L := m.state
	f, err := L.Load(strings.NewReader(coroutineText), chunkName)
	assert.That(err == nil, "the text of a coroutine does not compile")
	L.Push(f)
	L.Push(L.NewFunction(func(L *lua.LState) int { L.Panic = m.onPanic; return 0 }))
	L.Call(1, 1)
	begin := L.Get(-1).(*lua.LFunction)
	L.SetTop(0)
	return begin
}
