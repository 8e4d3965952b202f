// SPDX-License-Identifier: Apache-2.0

// Package lualib is the four libraries that Redis gives to its scripts, for gopher-lua: cjson,
// cmsgpack, bit and struct, as redis-server 7.0.15 has them, with its limits, its oddities and its
// error texts.
//
// A library belongs to the state it was opened for, and so to the one goroutine that runs that
// state: nothing here is shared or locked. The settings of cjson (cjson.encode_max_depth and its
// like) live in the library, not in a script, and stay set until the state is closed, as they do
// in Redis.
//
// Where the two differ: Redis writes the fields of a JSON object in the order of its hash table;
// here they come in the order they were first set. Input that makes Redis write or read beyond
// its buffers, or allocate without bound, is an error here.
//
// Not here: putting the libraries into globals, protecting them, and what scripts see of Redis
// itself. The package script does that.
package lualib

import lua "github.com/yuin/gopher-lua"

// stackSlotsMax is how many values a library function of Redis may keep on the stack of Lua. It
// bounds how deep values nest and how many come back from one call.
const stackSlotsMax = 8000

// encodedMax is the size in bytes beyond which no text or data is made of tables. It is that of the
// largest string Redis stores.
const encodedMax = 512 << 20

// bufferKeptMax is the size in bytes up to which an output buffer stays for the next call.
const bufferKeptMax = 64 << 10

// newLibrary makes a table of functions.
func newLibrary(L *lua.LState, functions map[string]lua.LGFunction) *lua.LTable {
	library := L.CreateTable(0, len(functions))
	for name, function := range functions {
		library.RawSetString(name, L.NewFunction(function))
	}
	return library
}

// kept returns the buffer to keep after a call that filled buf: buf emptied, or none at all if one
// large value would hold on to its memory.
func kept(buf []byte) []byte {
	if cap(buf) > bufferKeptMax {
		return nil
	}
	return buf[:0]
}
