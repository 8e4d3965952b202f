// SPDX-License-Identifier: Apache-2.0

package lualib

import (
	"runtime"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// TestHostileInputCostsLittle passes input made to cost memory: each must be refused with no more
// than that many bytes allocated for a byte of input.
func TestHostileInputCostsLittle(t *testing.T) {
	const size = 1 << 20
	for _, c := range []struct {
		name, library, function, input string
		bytesPerByte                   uint64
	}{
		{"JSON arrays", "cjson", "decode", strings.Repeat("[", size), 1},
		{"JSON objects", "cjson", "decode", strings.Repeat(`{"a":`, size/5), 1},
		{"a string of escapes", "cjson", "decode", `"` + strings.Repeat(`\u0041`, size/6), 8},
		{"array headers", "cmsgpack", "unpack", strings.Repeat("\xdd\xff\xff\xff\xff", size/5), 16},
		{"map headers", "cmsgpack", "unpack", strings.Repeat("\xdf\xff\xff\xff\xff", size/5), 64},
		{"a short string", "cmsgpack", "unpack", "\xdb\xff\xff\xff\xff" + strings.Repeat("x", size), 1},
		{"arrays that go on", "cmsgpack", "unpack",
			strings.Repeat("\xdd\xff\xff\xff\xff\x01\x01\x01", size/8), 64},
		{"far keys", "cmsgpack", "unpack", strings.Repeat("\x81\xce\x03\xff\xff\xfe\x01", size/7), 16},
		{"keys at the limit", "cmsgpack", "unpack",
			"\x9f" + strings.Repeat("\x81\xce\x00\x3f\xff\xff\x01", size/7), 400},
		{"values without end", "cmsgpack", "unpack", strings.Repeat("\x01", size), 2},
		{"a format without end", "struct", "unpack", strings.Repeat("b", size), 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			L := newState(t)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			args := []lua.LValue{lua.LString(c.input)}
			if c.library == "struct" {
				args = append(args, lua.LString(c.input))
			}
			_, ok := call(t, L, c.library, c.function, args...)
			runtime.ReadMemStats(&after)
			if ok {
				t.Error("was not refused")
			}
			if spent := after.TotalAlloc - before.TotalAlloc; spent > c.bytesPerByte*size {
				t.Errorf("cost %d bytes for each", spent/size)
			}
		})
	}
}

// TestKeysOfMapsMayBeApart keeps what is not hostile: identifiers as keys.
func TestKeysOfMapsMayBeApart(t *testing.T) {
	L := newState(t)
	got := eval(t, L, `return cmsgpack.unpack(cmsgpack.pack({[1000000] = 'a', [2^31] = 'b'}))`)
	if want := `true {1000000="a",2147483648="b"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestTextOfSharedTablesIsBounded encodes tables that hold one table many times, so that the text
// is far larger than they are.
func TestTextOfSharedTablesIsBounded(t *testing.T) {
	L := newState(t)
	settings := newSettings(newNull(L))
	settings.sizeMax = 1 << 20
	L.SetGlobal("encode", L.NewFunction(settings.encode))
	L.SetGlobal("pack", L.NewFunction((&msgpacker{sizeMax: 1 << 20}).pack))
	for body, want := range map[string]string{
		`for i = 1, 64 do t = {t, t} end return encode(t)`:                      "serialise table",
		`for i = 1, 64 do t = {a = t, b = t} end return encode(t)`:              "serialise table",
		`for i = 1, 12 do t = {t, t, t, t, t, t, t, t} end return pack(t)`:      "pack",
		`for i = 1, 12 do t = {a = t, b = t, c = t, d = t} end return pack(t)`:  "pack",
		`for i = 1, 12 do t = {[t] = t, [{}] = t, b = t, t} end return pack(t)`: "pack",
	} {
		got := eval(t, L, "local t = {} "+body)
		if got != `false "user_script:1: Cannot `+want+`: too large"` {
			t.Errorf("%s gives %.200s", body, got)
		}
	}
}

// TestCallsAllocateOnlyResults holds the common calls to their results: a string is its bytes and
// its header, a number that is not small has eight bytes, a table costs what gopher-lua takes.
func TestCallsAllocateOnlyResults(t *testing.T) {
	L := newState(t)
	for _, c := range []struct {
		library, function string
		args              []lua.LValue
		allocs            float64
	}{
		{"cjson", "encode", []lua.LValue{table(L, 100)}, 2},
		{"cjson", "decode", []lua.LValue{lua.LString(`"a text of some length"`)}, 1},
		{"cjson", "decode", []lua.LValue{lua.LString(`12`)}, 0},
		{"cmsgpack", "pack", []lua.LValue{table(L, 100), lua.LString("a")}, 2},
		{"cmsgpack", "unpack", []lua.LValue{lua.LString("\x01\xa1a\xcc\x80")}, 1},
		{"bit", "band", []lua.LValue{lua.LNumber(255), lua.LNumber(15)}, 0},
		{"struct", "pack", []lua.LValue{lua.LString(">I4I2"), lua.LNumber(5), lua.LNumber(6)}, 2},
		{"struct", "unpack", []lua.LValue{lua.LString("bb"), lua.LString("ab")}, 0},
	} {
		function := L.GetField(L.GetGlobal(c.library), c.function)
		run := func() {
			L.Push(function)
			for _, arg := range c.args {
				L.Push(arg)
			}
			L.Call(len(c.args), lua.MultRet)
			L.SetTop(0)
		}
		if got := testing.AllocsPerRun(100, run); got > c.allocs {
			t.Errorf("%s.%s(%v): %v allocations, want %v", c.library, c.function, c.args, got, c.allocs)
		}
	}
}

// table is one with so many elements and two members.
func table(L *lua.LState, elements int) *lua.LTable {
	t := L.NewTable()
	for i := range elements {
		t.Append(lua.LNumber(i * 1000))
	}
	member := L.NewTable()
	member.RawSetString("name", lua.LString("value"))
	member.RawSetString("count", lua.LNumber(12.5))
	t.Append(member)
	return t
}
