// SPDX-License-Identifier: Apache-2.0

package script

import (
	lua "github.com/yuin/gopher-lua"

	"stampede/internal/resp"
)

const (
	noArguments    = "Please specify at least one argument for this redis lib call"
	wrongArguments = "Lua redis lib command arguments must be strings or integers"
)

// call is redis.call: an error reply is raised.
func (m *machine) call(L *lua.LState) int {
	v, failed := m.invoke(L)
	if failed {
		m.raise(L, v)
	}
	L.Push(v)
	return 1
}

// pcall is redis.pcall: an error reply is returned.
func (m *machine) pcall(L *lua.LState) int {
	v, _ := m.invoke(L)
	L.Push(v)
	return 1
}

// invoke makes a call of the arguments on the stack and a value of its reply; failed tells that
// it is an error.
func (m *machine) invoke(L *lua.LState) (v lua.LValue, failed bool) {
	if text := m.readArguments(L); text != "" {
		return m.errorTable("ERR " + text), true
	}
	m.reply.B, m.reply.Proto = m.reply.B[:0], m.proto
	m.callHost()
	if len(m.reply.B) == 0 {
		return lua.LNil, false
	}
	v, _ = m.replyValue(m.reply.B)
	return v, m.reply.B[0] == byte(resp.KindError)
}

// callHost lets the host run the call of argv.
func (m *machine) callHost() {
	defer m.caught()
	m.host.Call(m.argv, &m.reply)
}

// readArguments makes argv of the arguments of a library function. It returns what is wrong
// with them.
func (m *machine) readArguments(L *lua.LState) string {
	n := L.GetTop()
	if n == 0 {
		return noArguments
	}
	m.arena, m.argv = m.arena[:0], m.argv[:0]
	for i := 1; i <= n; i++ {
		begin := len(m.arena)
		switch v := L.Get(i).(type) {
		case lua.LString:
			m.arena = append(m.arena, v...)
		case lua.LNumber:
			m.arena = appendNumber(m.arena, float64(v), callDigits)
		default:
			return wrongArguments
		}
		m.argv = append(m.argv, m.arena[begin:])
	}
	end := 0 // the arena may have moved while it grew
	for i, arg := range m.argv {
		begin := end
		end += len(arg)
		m.argv[i] = m.arena[begin:end:end]
	}
	return ""
}
