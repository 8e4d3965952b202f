// SPDX-License-Identifier: Apache-2.0

package script

import (
	"sort"
	"strconv"

	lua "github.com/yuin/gopher-lua"
)

// tableLibrary is the table table.
func (m *machine) tableLibrary() *lua.LTable {
	return m.functions(map[string]lua.LGFunction{
		"concat": m.tableConcat, "insert": m.tableInsert, "remove": m.tableRemove,
		"sort": m.tableSort, "maxn": m.tableMaxN,
		"getn": func(L *lua.LState) int {
			L.Push(lua.LNumber(m.readTable(L, "getn").Len()))
			return 1
		},
		"setn": func(L *lua.LState) int {
			m.checkTable(L, 1, "setn")
			m.fault(L, "'setn' is obsolete")
			return 0
		},
		"foreach": m.tableForEach, "foreachi": m.tableForEachI,
	})
}

// readTable is the first argument, a table that is only read.
func (m *machine) readTable(L *lua.LState, function string) *lua.LTable {
	return m.behind(m.checkTable(L, 1, function))
}

// changeTable is the first argument, a table that is to be changed.
func (m *machine) changeTable(L *lua.LState, function string) *lua.LTable {
	t := m.checkTable(L, 1, function)
	if m.behind(t) != t {
		m.plainFault(L, readOnlyTable)
	}
	return t
}

func (m *machine) tableConcat(L *lua.LState) int {
	separator := ""
	if L.Get(2) != lua.LNil {
		separator = m.checkString(L, 2, "concat")
	}
	t := m.readTable(L, "concat")
	first := m.optInt(L, 3, 1, "concat")
	last := m.optInt(L, 4, t.Len(), "concat")
	text := m.text[:0]
	for i := first; i <= last; i++ {
		v := t.RawGet(lua.LNumber(i))
		switch v := v.(type) {
		case lua.LString:
			m.checkLength(L, len(text)+len(v)+len(separator))
			text = append(text, v...)
		case lua.LNumber:
			text = appendNumber(text, float64(v), textDigits)
		default:
			m.fault(L, "invalid value ("+typeName(v)+") at index "+strconv.Itoa(i)+
				" in table for 'concat'")
		}
		if i != last {
			text = append(text, separator...)
		}
	}
	m.text = text
	L.Push(m.words.value(text))
	return 1
}

func (m *machine) tableInsert(L *lua.LState) int {
	t := m.changeTable(L, "insert")
	n := t.Len()
	switch L.GetTop() {
	case 2:
		t.RawSetInt(n+1, L.Get(2))
	case 3:
		at := m.checkInt(L, 2, "insert")
		m.meter.steps(max(n-at, 0) / 64)
		if at >= 1 && at <= n {
			t.Insert(at, L.Get(3))
		} else {
			t.RawSetInt(at, L.Get(3))
		}
	default:
		m.fault(L, "wrong number of arguments to 'insert'")
	}
	return 0
}

func (m *machine) tableRemove(L *lua.LState) int {
	t := m.changeTable(L, "remove")
	n := t.Len()
	at := m.optInt(L, 2, n, "remove")
	if at < 1 || at > n {
		return 0
	}
	m.meter.steps((n - at) / 64)
	L.Push(t.Remove(at))
	return 1
}

func (m *machine) tableMaxN(L *lua.LState) int {
	most := 0.0
	t := m.readTable(L, "maxn")
	for key, _ := t.Next(lua.LNil); key != lua.LNil; key, _ = t.Next(key) {
		if n, ok := key.(lua.LNumber); ok {
			most = max(most, float64(n))
		}
	}
	L.Push(lua.LNumber(most))
	return 1
}

// tableForEach calls a function with each key and value until it returns something.
func (m *machine) tableForEach(L *lua.LState) int {
	t := m.readTable(L, "foreach")
	f := m.checkFunction(L, 2, "foreach")
	for key, v := t.Next(lua.LNil); key != lua.LNil; key, v = t.Next(key) {
		if m.visited(L, f, key, v) {
			return 1
		}
	}
	return 0
}

func (m *machine) tableForEachI(L *lua.LState) int {
	t := m.readTable(L, "foreachi")
	f := m.checkFunction(L, 2, "foreachi")
	for i := 1; i <= t.Len(); i++ {
		if m.visited(L, f, lua.LNumber(i), t.RawGetInt(i)) {
			return 1
		}
	}
	return 0
}

// visited calls a function, and leaves what it returned on the stack unless that is nil.
func (m *machine) visited(L *lua.LState, f *lua.LFunction, key, v lua.LValue) bool {
	L.Push(f)
	L.Push(key)
	L.Push(v)
	L.Call(2, 1)
	if L.Get(-1) != lua.LNil {
		return true
	}
	L.Pop(1)
	return false
}

func (m *machine) checkFunction(L *lua.LState, n int, function string) *lua.LFunction {
	f, ok := L.Get(n).(*lua.LFunction)
	if !ok {
		m.badType(L, n, function, "function")
	}
	return f
}

func (m *machine) tableSort(L *lua.LState) int {
	t := m.changeTable(L, "sort")
	s := sorter{m: m, L: L}
	if L.Get(2) != lua.LNil {
		s.less = m.checkFunction(L, 2, "sort")
	}
	n := t.Len()
	s.values = make([]lua.LValue, n)
	for i := range n {
		s.values[i] = t.RawGetInt(i + 1)
	}
	m.meter.steps(n)
	sort.Sort(&s)
	for i, v := range s.values {
		t.RawSetInt(i+1, v)
	}
	return 0
}

// sorter sorts values, by a function of the script if there is one.
type sorter struct {
	m      *machine
	L      *lua.LState
	less   *lua.LFunction
	values []lua.LValue
}

func (s *sorter) Len() int      { return len(s.values) }
func (s *sorter) Swap(i, j int) { s.values[i], s.values[j] = s.values[j], s.values[i] }

func (s *sorter) Less(i, j int) bool {
	a, b := s.values[i], s.values[j]
	if s.less != nil {
		s.L.Push(s.less)
		s.L.Push(a)
		s.L.Push(b)
		s.L.Call(2, 1)
		v := s.L.Get(-1)
		s.L.Pop(1)
		return lua.LVAsBool(v)
	}
	switch x := a.(type) {
	case lua.LNumber:
		if y, ok := b.(lua.LNumber); ok {
			return x < y
		}
	case lua.LString:
		if y, ok := b.(lua.LString); ok {
			return x < y
		}
	case *lua.LTable:
		if _, ok := b.(*lua.LTable); ok && s.m.event(a, "__lt") != lua.LNil {
			return s.L.LessThan(a, b)
		}
	}
	s.m.plainFault(s.L, compareError(typeName(a)+" with "+typeName(b)))
	return false
}
