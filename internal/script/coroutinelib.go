// SPDX-License-Identifier: Apache-2.0

package script

import (
	lua "github.com/yuin/gopher-lua"
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
	newThread := func(L *lua.LState, name string) *lua.LState {
		m.checkFunction(L, 1, name)
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

// resumed puts the error of a coroutine, if it ended in one, into our words. The results of
// resume, n values, are on the stack.
func (m *machine) resumed(L *lua.LState, n int) int {
	m.raised = false
	if n == 2 && L.Get(-2) == lua.LFalse {
		if s, ok := L.Get(-1).(lua.LString); ok && m.ended == nil {
			L.Pop(1)
			L.Push(s)
		}
	}
	return n
}
