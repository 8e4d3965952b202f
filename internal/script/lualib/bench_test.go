// SPDX-License-Identifier: Apache-2.0

package lualib

import (
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// BenchmarkCalls is the cost of a call with an order as scripts pass it on.
func BenchmarkCalls(b *testing.B) {
	const order = `{"id":123456,"state":"paid","lines":[{"sku":"A-1","count":2,"price":19.95},` +
		`{"sku":"B-7","count":1,"price":5}],"note":null}`
	L := newState(b)
	decoded := func() lua.LValue {
		L.Push(L.GetField(L.GetGlobal("cjson"), "decode"))
		L.Push(lua.LString(order))
		L.Call(1, 1)
		defer L.Pop(1)
		return L.Get(-1)
	}()
	packed := "\x84\xa2id\xce\x00\x01\xe2\x40\xa5state\xa4paid\xa5count\x02\xa5lines\x93\x01\x02\x03"
	for _, c := range []struct {
		library, function string
		args              []lua.LValue
	}{
		{"cjson", "encode", []lua.LValue{decoded}},
		{"cjson", "decode", []lua.LValue{lua.LString(order)}},
		{"cmsgpack", "pack", []lua.LValue{decoded}},
		{"cmsgpack", "unpack", []lua.LValue{lua.LString(packed)}},
		{"struct", "pack", []lua.LValue{lua.LString(">I4I2"), lua.LNumber(5), lua.LNumber(6)}},
		{"bit", "band", []lua.LValue{lua.LNumber(255), lua.LNumber(15)}},
	} {
		b.Run(c.library+"."+c.function, func(b *testing.B) {
			b.ReportAllocs()
			function := L.GetField(L.GetGlobal(c.library), c.function)
			for b.Loop() {
				L.Push(function)
				for _, arg := range c.args {
					L.Push(arg)
				}
				L.Call(len(c.args), lua.MultRet)
				L.SetTop(0)
			}
		})
	}
}
