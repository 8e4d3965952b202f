// SPDX-License-Identifier: Apache-2.0

package script

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"stampede/internal/reply"
	"stampede/internal/resp"
)

// replyDepthMax is how deep the tables that a script returns may stand in each other.
const replyDepthMax = 7995

// writeReply answers with what a script returned: numbers without their fraction, strings,
// tables up to the first nil, and the tables that stand for other kinds of replies.
func (m *machine) writeReply(v lua.LValue, out *reply.Buffer) {
	m.writeValue(v, out, replyDepthMax)
}

func (m *machine) writeValue(v lua.LValue, out *reply.Buffer, depth int) {
	if depth == 0 {
		out.Fail("ERR reached lua stack limit")
		return
	}
	switch v := v.(type) {
	case lua.LString:
		out.Text(string(v))
	case lua.LNumber:
		out.Int(integer(float64(v)))
	case lua.LBool:
		switch {
		case m.proto == resp.RESP3:
			out.Bool(bool(v))
		case bool(v):
			out.Int(1)
		default:
			out.Null()
		}
	case *lua.LTable:
		m.writeTable(v, out, depth-1)
	default:
		out.Null()
	}
}

// writeTable answers with a table: one of its fields may say what it stands for.
func (m *machine) writeTable(t *lua.LTable, out *reply.Buffer, depth int) {
	if err, ok := t.RawGetString("err").(lua.LString); ok {
		out.Fail(reply.Error(err))
		return
	}
	if status, ok := t.RawGetString("ok").(lua.LString); ok {
		out.Simple(string(status))
		return
	}
	if n, ok := t.RawGetString("double").(lua.LNumber); ok {
		out.Double(float64(n))
		return
	}
	if inner, ok := t.RawGetString("map").(*lua.LTable); ok {
		m.writeMap(inner, out, depth)
		return
	}
	if inner, ok := t.RawGetString("set").(*lua.LTable); ok {
		m.writeSet(inner, out, depth)
		return
	}
	if digits, ok := t.RawGetString("big_number").(lua.LString); ok {
		out.B = resp.AppendBigNumber(out.B, oneLine.Replace(string(digits)), out.Proto)
		return
	}
	if inner, ok := t.RawGetString("verbatim_string").(*lua.LTable); ok {
		format, isFormat := inner.RawGetString("format").(lua.LString)
		text, isText := inner.RawGetString("string").(lua.LString)
		if isFormat && isText {
			out.Verbatim(verbatimFormat(string(format)), string(text))
			return
		}
	}
	m.writeArray(t, out, depth)
}

// oneLine makes one line of several, as is done with everything that is a line on the wire.
var oneLine = strings.NewReplacer("\r", " ", "\n", " ")

// verbatimFormat is the three letters that a format has on the wire.
func verbatimFormat(format string) string { return (format + "   ")[:3] }

func (m *machine) writeArray(t *lua.LTable, out *reply.Buffer, depth int) {
	n := 0
	for t.RawGetInt(n+1) != lua.LNil {
		n++
	}
	out.Array(n)
	for i := range n {
		m.writeValue(t.RawGetInt(i+1), out, depth)
	}
}

func (m *machine) writeMap(t *lua.LTable, out *reply.Buffer, depth int) {
	out.Map(count(t))
	for key, value := t.Next(lua.LNil); key != lua.LNil; key, value = t.Next(key) {
		m.writeValue(key, out, depth)
		m.writeValue(value, out, depth)
	}
}

func (m *machine) writeSet(t *lua.LTable, out *reply.Buffer, depth int) {
	out.Set(count(t))
	for key, _ := t.Next(lua.LNil); key != lua.LNil; key, _ = t.Next(key) {
		m.writeValue(key, out, depth)
	}
}

// count is the number of all elements of a table.
func count(t *lua.LTable) (n int) {
	for key, _ := t.Next(lua.LNil); key != lua.LNil; key, _ = t.Next(key) {
		n++
	}
	return n
}
