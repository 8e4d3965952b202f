// SPDX-License-Identifier: Apache-2.0

package script

import (
	lua "github.com/yuin/gopher-lua"
)

// hasState tells whether calls of functions may leave something that later calls see: whether they
// reach a variable that is assigned to after the library was loaded, or a table that could be
// changed. Where that is not clear they have state.
func hasState(functions []*lua.LFunction) bool {
	w := stateWalk{
		functions: make(map[*lua.LFunction]bool), tables: make(map[*lua.LTable]bool),
	}
	for _, f := range functions {
		if w.function(f) {
			return true
		}
	}
	return false
}

// stateWalk is the functions and tables that were looked at.
type stateWalk struct {
	functions map[*lua.LFunction]bool
	tables    map[*lua.LTable]bool
}

// upvalueUse says what a function must not do with an upvalue, or it has state.
type upvalueUse uint8

const (
	anyUse  upvalueUse = iota // it is a variable of a function that runs
	noWrite                   // it was there before: nobody may assign to it
	getOnly                   // besides, it is a table: all that may be done is to get a field
)

// function tells whether a function has state. Functions of Go are libraries', which have none.
func (w *stateWalk) function(f *lua.LFunction) bool {
	if f.IsG || w.functions[f] {
		return false
	}
	w.functions[f] = true
	uses := make([]upvalueUse, len(f.Upvalues))
	for i, up := range f.Upvalues {
		uses[i] = noWrite
		v := up.Value()
		if t, ok := v.(*lua.LTable); ok {
			uses[i] = getOnly
			if w.table(t) {
				return true
			}
		} else if w.value(v) {
			return true
		}
	}
	return misuses(f.Proto, uses)
}

// table tells whether something in a table has state. A table in a table counts as such, because
// it could be changed by who gets it.
func (w *stateWalk) table(t *lua.LTable) bool {
	if w.tables[t] {
		return false
	}
	w.tables[t] = true
	if t.Metatable != lua.LNil {
		return true
	}
	for key, v := t.Next(lua.LNil); key != lua.LNil; key, v = t.Next(key) {
		if w.value(key) || w.value(v) {
			return true
		}
	}
	return false
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

// misuses tells whether a function, or one within it, does with its upvalues what it must not.
func misuses(p *lua.FunctionProto, uses []upvalueUse) bool {
	for pc := 0; pc < len(p.Code); pc++ {
		inst := p.Code[pc]
		switch opcode(inst) {
		case lua.OP_SETUPVAL:
			if uses[argB(inst)] != anyUse {
				return true
			}
		case lua.OP_GETUPVAL:
			if uses[argB(inst)] == getOnly && !onlyGet(p.Code[pc+1:], argA(inst)) {
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
			if misuses(inner, passedOn(from, uses)) {
				return true
			}
		}
	}
	return false
}

// onlyGet tells whether all that code does with the table in a register is to get a field of it
// into that register, so that nobody has the table any more. The key may be made first.
func onlyGet(code []uint32, register int) bool {
	for _, inst := range code {
		a, b, c := argA(inst), argB(inst), argC(inst)
		switch opcode(inst) {
		case lua.OP_GETTABLE, lua.OP_GETTABLEKS:
			if b == register {
				return a == register && c != register
			}
			if c == register {
				return false
			}
		case lua.OP_MOVE:
			if b == register {
				return false
			}
		case lua.OP_GETUPVAL, lua.OP_LOADK:
		default:
			return false
		}
		if a <= register {
			return false
		}
	}
	return false
}

// passedOn is what an inner function must not do with its upvalues, which are variables or upvalues
// of the outer one.
func passedOn(from []uint32, uses []upvalueUse) []upvalueUse {
	inner := make([]upvalueUse, len(from))
	for i, inst := range from {
		if opcode(inst) == lua.OP_GETUPVAL {
			inner[i] = uses[argB(inst)]
		}
	}
	return inner
}
