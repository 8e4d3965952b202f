// SPDX-License-Identifier: Apache-2.0

package script

import (
	"math"

	lua "github.com/yuin/gopher-lua"

	"stampede/internal/assert"
	"stampede/internal/resp"
)

const okWord = lua.LString("OK")

// replyValue makes a Lua value of the reply at the start of b, which is whole and well formed
// because it is our own, and returns what stands behind it.
//
// In RESP2 there are numbers, strings, tables of elements, {ok=…}, {err=…} and false for what
// is not there. RESP3 adds {map=…}, {set=…}, {double=…}, {big_number=…}, {verbatim_string=…},
// true, false, and nil for what is not there.
func (m *machine) replyValue(b []byte) (v lua.LValue, rest []byte) {
	kind, line, rest := splitLine(b)
	switch kind {
	case resp.KindInt:
		return m.words.number(float64(parseLength(line))), rest
	case resp.KindBulk:
		n := parseLength(line)
		if n < 0 {
			return lua.LFalse, rest
		}
		return m.words.value(rest[:n]), rest[n+2:]
	case resp.KindSimple:
		return m.status(line), rest
	case resp.KindError:
		t := m.errorTable(string(line))
		t.RawSetString("ignore_error_stats_update", lua.LTrue)
		return t, rest
	case resp.KindArray, resp.KindPush:
		n := parseLength(line)
		if n < 0 {
			return lua.LFalse, rest
		}
		if n >= arrayMax {
			return m.errorTable("ERR too many elements for a table"), nil
		}
		t := m.state.CreateTable(n, 0)
		for i := range n {
			v, rest = m.replyValue(rest)
			t.RawSetInt(i+1, v)
		}
		return t, rest
	case resp.KindNull:
		return lua.LNil, rest
	case resp.KindBool:
		return lua.LBool(line[0] == 't'), rest
	}
	return m.replyValue3(kind, line, rest)
}

// replyValue3 is [machine.replyValue] for what only RESP3 has and a table stands for.
func (m *machine) replyValue3(kind resp.Kind, line, rest []byte) (lua.LValue, []byte) {
	switch kind {
	case resp.KindMap:
		return m.mapValue(line, rest)
	case resp.KindSet:
		return m.setValue(line, rest)
	case resp.KindDouble:
		n, ok := parseNumber(string(line))
		if !ok {
			n = math.NaN()
		}
		return m.tagged("double", lua.LNumber(n)), rest
	case resp.KindBigNumber:
		return m.tagged("big_number", lua.LString(line)), rest
	case resp.KindVerbatim:
		n := parseLength(line)
		t := m.state.CreateTable(0, 2)
		t.RawSetString("format", lua.LString(rest[:3]))
		t.RawSetString("string", lua.LString(rest[4:n]))
		return m.tagged("verbatim_string", t), rest[n+2:]
	}
	assert.That(false, "a reply of a kind that the store does not write")
	return lua.LNil, rest
}

// mapValue makes {map={…}}. A value that is not there is not in the table.
func (m *machine) mapValue(line, rest []byte) (lua.LValue, []byte) {
	n := parseLength(line)
	t := m.state.CreateTable(0, n)
	var key, value lua.LValue
	for range n {
		key, rest = m.replyValue(rest)
		value, rest = m.replyValue(rest)
		if key != lua.LNil {
			t.RawSet(key, value)
		}
	}
	return m.tagged("map", t), rest
}

// setValue makes {set={member=true, …}}.
func (m *machine) setValue(line, rest []byte) (lua.LValue, []byte) {
	n := parseLength(line)
	t := m.state.CreateTable(0, n)
	var member lua.LValue
	for range n {
		member, rest = m.replyValue(rest)
		if member != lua.LNil {
			t.RawSet(member, lua.LTrue)
		}
	}
	return m.tagged("set", t), rest
}

func (m *machine) tagged(tag string, v lua.LValue) *lua.LTable {
	t := m.state.CreateTable(0, 1)
	t.RawSetString(tag, v)
	return t
}

// status makes {ok=…}. Most are OK and nobody looks at them: the first of a run is a table that
// is kept for it.
func (m *machine) status(line []byte) *lua.LTable {
	if string(line) != string(okWord) {
		return m.tagged("ok", lua.LString(line))
	}
	t := m.okay
	m.okay = nil
	if t == nil {
		t = m.tagged("ok", okWord)
	}
	m.given = t
	return t
}

// isOkay tells whether a table is {ok="OK"} and nothing else.
func isOkay(t *lua.LTable) bool {
	if t.Metatable != lua.LNil || t.RawGetString("ok") != lua.LValue(okWord) {
		return false
	}
	first, _ := t.Next(lua.LNil)
	if first != lua.LValue(lua.LString("ok")) {
		return false
	}
	second, _ := t.Next(first)
	return second == lua.LNil
}

// splitLine parts the first line of a reply from what follows.
func splitLine(b []byte) (kind resp.Kind, line, rest []byte) {
	end := 1
	for b[end] != '\r' {
		end++
	}
	return resp.Kind(b[0]), b[1:end], b[end+2:]
}

// parseLength reads an integer that is known to be one.
func parseLength(line []byte) int {
	n, negative := 0, false
	for i, c := range line {
		if i == 0 && c == '-' {
			negative = true
			continue
		}
		n = n*10 + int(c-'0')
	}
	if negative {
		return -n
	}
	return n
}
