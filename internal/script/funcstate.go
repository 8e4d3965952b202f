// SPDX-License-Identifier: Apache-2.0

package script

import (
	lua "github.com/yuin/gopher-lua"
)

// hasState tells whether calls of functions may leave something that later calls see: whether they
// reach a variable that is assigned to after the library was loaded, or a table. Where that is not
// clear they have state.
func hasState(functions []*lua.LFunction) bool {
	w := stateWalk{seen: make(map[*lua.LFunction]bool)}
	for _, f := range functions {
		if w.function(f) {
			return true
		}
	}
	return false
}

type stateWalk struct{ seen map[*lua.LFunction]bool }

// function tells whether a function has state. Functions of Go are libraries', which have none.
func (w *stateWalk) function(f *lua.LFunction) bool {
	if f.IsG || w.seen[f] {
		return false
	}
	w.seen[f] = true
	outside := make([]bool, len(f.Upvalues))
	for i, up := range f.Upvalues {
		outside[i] = true
		if w.value(up.Value()) {
			return true
		}
	}
	return assigns(f.Proto, outside)
}

func (w *stateWalk) value(v lua.LValue) bool {
	switch v := v.(type) {
	case *lua.LFunction:
		return w.function(v)
	case *lua.LNilType, lua.LBool, lua.LNumber, lua.LString:
		return false
	}
	return true
}

// assigns tells whether a function, or one within it, assigns to an upvalue of it that is marked.
func assigns(p *lua.FunctionProto, marked []bool) bool {
	for pc := 0; pc < len(p.Code); pc++ {
		inst := p.Code[pc]
		switch opcode(inst) {
		case lua.OP_SETUPVAL:
			if marked[argB(inst)] {
				return true
			}
		case lua.OP_SETLIST:
			if argC(inst) == 0 {
				pc++ // a number follows
			}
		case lua.OP_CLOSURE:
			inner := p.FunctionPrototypes[argBx(inst)]
			from := p.Code[pc+1:][:inner.NumUpvalues] // where its upvalues come from
			pc += len(from)
			if assigns(inner, passedOn(from, marked)) {
				return true
			}
		}
	}
	return false
}

// passedOn marks those upvalues of an inner function that are marked ones of the outer function.
func passedOn(from []uint32, marked []bool) []bool {
	inner := make([]bool, len(from))
	for i, inst := range from {
		inner[i] = opcode(inst) == lua.OP_GETUPVAL && marked[argB(inst)]
	}
	return inner
}
