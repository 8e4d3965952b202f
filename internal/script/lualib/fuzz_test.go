// SPDX-License-Identifier: Apache-2.0

package lualib

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// call calls a function of a library. An error must be one that a script can catch, and short.
func call(t *testing.T, L *lua.LState, library, name string, args ...lua.LValue) (
	results []lua.LValue, ok bool) {
	t.Helper()
	base := L.GetTop()
	L.Push(L.GetField(L.GetGlobal(library), name))
	for _, arg := range args {
		L.Push(arg)
	}
	if err := L.PCall(len(args), lua.MultRet, nil); err != nil {
		var fault *lua.ApiError
		if !errors.As(err, &fault) || fault.Type != lua.ApiErrorRun {
			t.Fatalf("%s.%s is broken: %v", library, name, err)
		}
		return nil, false
	}
	for i := base + 1; i <= L.GetTop(); i++ {
		results = append(results, L.Get(i))
	}
	L.SetTop(base)
	return results, true
}

// FuzzJSON decodes any text. What is JSON for another reader too must be so here, and what was
// decoded is encoded and decoded again to the same text.
func FuzzJSON(f *testing.F) {
	for _, text := range []string{
		`{"a":[1,2.5e3,true,null,"x\u00e9\n"]}`, `[[[[]]]]`, `"\ud83d\ude00"`, `-0x1p4`, `nan`,
		`[1,]`, `{"a"`, "\x00", `[1e400]`, `{"":{}}`, `"\u12`, `infinity`, `[0.1,123456789012345]`,
	} {
		f.Add([]byte(text))
	}
	L := newState(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		values, ok := call(t, L, "cjson", "decode", lua.LString(text))
		known := json.Valid(text) && !bytes.Contains(bytes.ToLower(text), []byte(`\ud`)) &&
			bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) <= 1000
		if known && !ok {
			t.Fatalf("%q is JSON", text)
		}
		if !ok {
			return
		}
		first, ok := call(t, L, "cjson", "encode", values...)
		if !ok { // NaN and infinities
			return
		}
		values, _ = call(t, L, "cjson", "decode", first...)
		if again, _ := call(t, L, "cjson", "encode", values...); again[0] != first[0] {
			t.Fatalf("%q became %q and then %q", text, first[0], again[0])
		}
	})
}

// FuzzUnpack unpacks any data. What was unpacked is packed and unpacked again, from the second time
// on to the same data: at first, tables that lie too deep become nil, and arrays lose nil at the
// end.
func FuzzUnpack(f *testing.F) {
	for _, data := range []string{
		"\x93\x01\xa1x\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00", "\x82\xa1a\x01\x02\x90",
		"\xdd\xff\xff\xff\xff",
		"\xdf\xff\xff\xff\xff\x01\x01", "\xdb\xff\xff\xff\xff", "\x81\xce\x03\xff\xff\xff\x01", "\xc1",
		"\x81\xc0\x01", "\x81\xca\x7f\xc0\x00\x00\x01", strings.Repeat("\x91", 40) + "\x01",
	} {
		f.Add([]byte(data))
	}
	L := newState(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		call(t, L, "cmsgpack", "unpack_limit", lua.LString(data), lua.LNumber(2), lua.LNumber(1))
		values, ok := call(t, L, "cmsgpack", "unpack", lua.LString(data))
		if !ok || len(values) == 0 {
			return
		}
		var packed [3][]lua.LValue
		for i := range packed {
			if packed[i], ok = call(t, L, "cmsgpack", "pack", values...); !ok {
				t.Fatalf("%x: what was unpacked cannot be packed", data)
			}
			if values, ok = call(t, L, "cmsgpack", "unpack", packed[i]...); !ok {
				return // a key that lay too deep is nil now
			}
		}
		if packed[1][0] != packed[2][0] {
			t.Fatalf("%x became %x and then %x", data, packed[1][0], packed[2][0])
		}
	})
}

// FuzzStruct unpacks any data with any format. What was unpacked is packed again to as many bytes.
func FuzzStruct(f *testing.F) {
	for _, format := range []string{"bBhHlLiIfd", "!8bl", ">i3c0s", "bc0", "x !2h", "i16", "<T>T"} {
		f.Add(format, []byte("abcdefghijklmnopqrstuvwxyz\x00abcdefghijklmnopqrstuvwxyz\x00"))
	}
	L := newState(f)
	f.Fuzz(func(t *testing.T, format string, data []byte) {
		call(t, L, "struct", "size", lua.LString(format))
		values, ok := call(t, L, "struct", "unpack", lua.LString(format), lua.LString(data))
		if !ok || strings.ContainsAny(format, "cs") {
			return
		}
		end := values[len(values)-1].(lua.LNumber)
		values[len(values)-1] = lua.LNil
		packed, ok := call(t, L, "struct", "pack", append([]lua.LValue{lua.LString(format)},
			values...)...)
		if !ok || len(packed[0].(lua.LString)) != int(end)-1 {
			t.Fatalf("%q: %d bytes packed again are %q", format, int(end)-1, packed)
		}
	})
}
