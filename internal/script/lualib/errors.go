// SPDX-License-Identifier: Apache-2.0

package lualib

import (
	"fmt"
	"strconv"

	lua "github.com/yuin/gopher-lua"
)

// raise ends the running library function with an error that says where in the script it was
// called. It does not return.
func raise(L *lua.LState, format string, args ...any) {
	raiseBare(L, where(L)+fmt.Sprintf(format, args...))
}

// raiseBare is raise without a place. Errors of tables themselves have none.
func raiseBare(L *lua.LState, message string) {
	L.Error(lua.LString(message), 0)
}

// where is the place in a script that called the running library function, as "chunk:line: ", or
// nothing if no script did: pcall(cjson.encode) calls from pcall.
func where(L *lua.LState) string {
	caller, ok := L.GetStack(1)
	if !ok {
		return ""
	}
	if _, err := L.GetInfo("Sl", caller, lua.LNil); err != nil || caller.CurrentLine <= 0 {
		return ""
	}
	return caller.Source + ":" + strconv.Itoa(caller.CurrentLine) + ": "
}

// raiseArg ends the running library function because of its argument n, counted from one.
func raiseArg(L *lua.LState, n int, message string) {
	raise(L, "bad argument #%d to '%s' (%s)", n, functionName(L), message)
}

// raiseArgType is raiseArg for an argument that is not a want.
func raiseArgType(L *lua.LState, n int, want string) {
	got := "no value"
	if n <= L.GetTop() {
		got = L.Get(n).Type().String()
	}
	raiseArg(L, n, want+" expected, got "+got)
}

// functionName is the name under which the script called the running library function.
func functionName(L *lua.LState) string {
	self, ok := L.GetStack(0)
	if !ok {
		return "?"
	}
	if caller, ok := L.GetStack(1); ok {
		if _, err := L.GetInfo("S", caller, lua.LNil); err != nil || caller.Source == "" {
			return "?"
		}
	}
	if _, err := L.GetInfo("n", self, lua.LNil); err != nil {
		return "?"
	}
	return self.Name
}
