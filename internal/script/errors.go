// SPDX-License-Identifier: Apache-2.0

package script

import (
	"reflect"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// place is where an error was raised.
type place struct {
	text string // the name of the text, as errors show it
	line int
}

// goPlace is where functions of Go stand.
const goPlace = "[C]"

// source is the name of the text at a place as Lua knows it: that of a text that a script has
// compiled is what the script has called it, any other begins with "@".
func (m *machine) source(at place) string {
	if at.text == goPlace {
		return "=" + goPlace
	}
	if given, ok := m.sources[at.text]; ok {
		return given
	}
	return "@" + at.text
}

// sourcesMax is how many names of texts a machine remembers.
const sourcesMax = 100

// nameSource remembers what a script has called a text.
func (m *machine) nameSource(given, shown string) {
	if len(m.sources) >= sourcesMax || m.sources == nil {
		m.sources = make(map[string]string)
	}
	m.sources[shown] = given
}

// raise raises v as it is.
func (m *machine) raise(L *lua.LState, v lua.LValue) {
	m.raised = true
	L.Error(v, 0)
}

// fault raises a text with the place of the Lua function that called before it, as functions
// of the standard library do.
func (m *machine) fault(L *lua.LState, text string) {
	m.raise(L, lua.LString(where(L, 1)+text))
}

// plainFault raises a text without a place, as Lua does for what a function in C has done.
func (m *machine) plainFault(L *lua.LState, text string) { m.raise(L, lua.LString(text)) }

// refuse raises an error of the redis library: a table whose field err is the text, with the
// code ERR before it.
func (m *machine) refuse(L *lua.LState, text string) {
	m.raise(L, m.errorTable("ERR "+text))
}

// errorTable is the table that stands for an error.
func (m *machine) errorTable(text string) *lua.LTable {
	t := m.state.CreateTable(0, 1)
	t.RawSetString("err", lua.LString(text))
	return t
}

// badArgument raises what Lua says of a wrong argument of a library function.
func (m *machine) badArgument(L *lua.LState, n int, function, text string) {
	m.fault(L, "bad argument #"+strconv.Itoa(n)+" to '"+function+"' ("+text+")")
}

// badType is [machine.badArgument] for an argument of the wrong type.
func (m *machine) badType(L *lua.LState, n int, function, want string) {
	got := "no value"
	if n <= L.GetTop() {
		got = typeName(L.Get(n))
	}
	m.badArgument(L, n, function, want+" expected, got "+got)
}

// where is the place of the function that stands level calls above the one that runs, as
// errors begin with it: "user_script:1: ". Functions of Go have none.
func where(L *lua.LState, level int) string {
	at, ok := placeOf(L, level)
	if !ok {
		return ""
	}
	return at.text + ":" + strconv.Itoa(at.line) + ": "
}

func placeOf(L *lua.LState, level int) (place, bool) {
	frame, ok := L.GetStack(level)
	if !ok {
		return place{}, false
	}
	f, err := L.GetInfo("Slf", frame, lua.LNil)
	if err != nil || f.(*lua.LFunction).IsG {
		return place{}, false
	}
	return place{text: frame.Source, line: frame.CurrentLine}, true
}

// panicked is what gopher-lua calls to raise the error on top of the stack, before anything is
// unwound: so the place of the error can be seen, and what the evaluator says can be put into
// the words of Lua.
func (m *machine) panicked(L *lua.LState) {
	v := L.Get(-1)
	if !m.raised {
		v = m.translated(L, v)
	}
	m.raised = false
	at, ok := placeOf(L, 0)
	if !ok {
		at, ok = placeOf(L, 1)
	}
	if !ok {
		at = place{text: goPlace, line: -1}
	}
	m.place = at
	panic(&lua.ApiError{Type: lua.ApiErrorRun, Object: v, StackTrace: "-"})
}

// translated is an error of the evaluator in the words of Lua.
func (m *machine) translated(L *lua.LState, v lua.LValue) lua.LValue {
	text, ok := v.(lua.LString)
	if !ok {
		return v
	}
	frame, _ := L.GetStack(0)
	if f, isLua := luaFunction(L, frame); isLua {
		return lua.LString(where(L, 0) + m.reworded(L, f.Proto, pcOf(frame), string(text)))
	}
	if types, ok := strings.CutPrefix(afterPlace(string(text)), "attempt to compare "); ok {
		return lua.LString(compareError(types))
	}
	return v
}

// luaFunction is the function of a frame; ok tells whether it is one of Lua.
func luaFunction(L *lua.LState, frame *lua.Debug) (f *lua.LFunction, ok bool) {
	v, err := L.GetInfo("f", frame, lua.LNil)
	if err != nil {
		return nil, false
	}
	f, ok = v.(*lua.LFunction)
	return f, ok && !f.IsG
}

// pcOf is the index of the instruction that a frame runs. gopher-lua shows its line only, and
// the names in errors need the instruction itself.
func pcOf(frame *lua.Debug) int {
	pc := reflect.ValueOf(frame).Elem().FieldByName("frame").Elem().FieldByName("Pc")
	return int(pc.Int()) - 1
}

// afterPlace cuts the place off a text of the evaluator.
func afterPlace(text string) string {
	rest := text
	for range 2 { // the name of the text and the line
		_, after, found := strings.Cut(rest, ":")
		if !found {
			return text
		}
		rest = after
	}
	return strings.TrimLeft(rest, ": ")
}

// compareError words the comparison of "a with b".
func compareError(types string) string {
	a, b, _ := strings.Cut(types, " with ")
	if a == b {
		return "attempt to compare two " + a + " values"
	}
	return "attempt to compare " + a + " with " + b
}

// panicText is what the client is told of a panic: our own trouble, or too deep a stack.
func (m *machine) panicText(text string) string {
	if strings.Contains(text, "stack overflow") {
		return m.chunk() + ":1: stack overflow"
	}
	return "internal error in the script machine"
}
