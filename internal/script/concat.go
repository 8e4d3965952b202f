// SPDX-License-Identifier: Apache-2.0

package script

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

// concatenation is the function that puts values together at one place of a script. names is
// how the script calls them, for errors.
func (m *machine) concatenation(names []string) *lua.LFunction {
	return m.state.NewFunction(func(L *lua.LState) int {
		if !m.joined(L) {
			m.concatSlowly(L, names)
		}
		return 1
	})
}

// joined pushes all arguments as one string; false if one of them is no string or number.
func (m *machine) joined(L *lua.LState) bool {
	m.text = m.text[:0]
	n := L.GetTop()
	for i := 1; i <= n; i++ {
		switch v := L.Get(i).(type) {
		case lua.LString:
			m.checkLength(L, len(m.text)+len(v))
			m.text = append(m.text, v...)
		case lua.LNumber:
			m.text = appendNumber(m.text, float64(v), textDigits)
		default:
			return false
		}
	}
	L.Push(m.words.value(m.text))
	return true
}

// concatSlowly puts two values together at a time, from the right, and asks metatables.
func (m *machine) concatSlowly(L *lua.LState, names []string) {
	right := L.Get(-1)
	for i := L.GetTop() - 1; i >= 1; i-- {
		left := L.Get(i)
		a, okA := stringOf(left)
		b, okB := stringOf(right)
		if okA && okB {
			m.checkLength(L, len(a)+len(b))
			right = lua.LString(a + b)
			continue
		}
		f := m.event(left, "__concat")
		if f == lua.LNil {
			f = m.event(right, "__concat")
		}
		if f == lua.LNil {
			m.cannotConcat(L, names, i, okA, left, right)
		}
		L.Push(f)
		L.Push(left)
		L.Push(right)
		L.Call(2, 1)
		right = L.Get(-1)
		L.Pop(1)
	}
	L.Push(right)
}

// cannotConcat raises what is wrong with operand i or the one behind it.
func (m *machine) cannotConcat(L *lua.LState, names []string, i int, leftOK bool, l, r lua.LValue) {
	culprit, name := l, names[i-1]
	if leftOK {
		culprit, name = r, ""
		if i == len(names)-1 {
			name = names[i]
		}
	}
	kind := "a " + typeName(culprit) + " value"
	if name != "" {
		kind = name + " (" + kind + ")"
	}
	m.fault(L, "attempt to concatenate "+kind)
}

// event is the handler of an event in the metatable of a value, or nil.
func (m *machine) event(v lua.LValue, name string) lua.LValue {
	if t, ok := v.(*lua.LTable); ok {
		if mt, ok := t.Metatable.(*lua.LTable); ok {
			return mt.RawGetString(name)
		}
	}
	return lua.LNil
}

// forNumber is the function that makes sure of a number of a for loop: what says which.
func (m *machine) forNumber(what string) *lua.LFunction {
	return m.state.NewFunction(func(L *lua.LState) int {
		v := L.Get(1)
		if _, ok := v.(lua.LNumber); ok {
			L.SetTop(1)
			return 1
		}
		n, ok := numberOf(v)
		if !ok {
			m.fault(L, "'for' "+what+" must be a number")
		}
		L.Push(lua.LNumber(n))
		return 1
	})
}

// calculate is the result of an arithmetic instruction.
func calculate(op int, a, b float64) float64 {
	switch op {
	case lua.OP_ADD:
		return a + b
	case lua.OP_SUB:
		return a - b
	case lua.OP_MUL:
		return a * b
	case lua.OP_DIV:
		return a / b
	case lua.OP_MOD:
		return modulo(a, b)
	}
	return math.Pow(a, b)
}

// modulo is Lua's: the result has the sign of b.
func modulo(a, b float64) float64 { return a - math.Floor(a/b)*b }
