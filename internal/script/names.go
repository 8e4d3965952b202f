// SPDX-License-Identifier: Apache-2.0

package script

import (
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// The parts of an instruction, as gopher-lua packs them.
func opcode(inst uint32) int { return int(inst >> 26) }
func argA(inst uint32) int   { return int(inst>>18) & 0xff }
func argB(inst uint32) int   { return int(inst & 0x1ff) }
func argC(inst uint32) int   { return int(inst>>9) & 0x1ff }
func argBx(inst uint32) int  { return int(inst & 0x3ffff) }

// constantBit marks an operand that is a constant, not a register.
const constantBit = 1 << 8

// reworded translates what the evaluator says of instruction pc of a function.
func (m *machine) reworded(L *lua.LState, p *lua.FunctionProto, pc int, text string) string {
	if m.ended != nil {
		return m.ended.Error()
	}
	message := afterPlace(text)
	inst := p.Code[pc]
	operand := func(rk int, action string) string { return m.typeError(L, p, pc, rk, action) }
	switch {
	case strings.HasPrefix(message, "attempt to index a non-table object"):
		switch opcode(inst) {
		case lua.OP_GETTABLE, lua.OP_GETTABLEKS, lua.OP_SELF:
			return operand(argB(inst), "index")
		case lua.OP_SETTABLE, lua.OP_SETTABLEKS:
			return operand(argA(inst), "index")
		}
	case message == "attempt to call a non-function object":
		if opcode(inst) == lua.OP_TFORLOOP {
			return "attempt to call a " + typeName(register(L, p, argA(inst))) + " value"
		}
		return operand(argA(inst), "call")
	case strings.HasPrefix(message, "cannot perform "):
		return m.arithmeticError(L, p, pc, operandValue(L, p, argB(inst)))
	case message == "__unm undefined":
		return operand(argB(inst), "perform arithmetic on")
	case message == "__len undefined":
		return operand(argB(inst), "get length of")
	case strings.HasPrefix(message, "attempt to compare "):
		return compareError(message[len("attempt to compare "):])
	case message == "registry overflow":
		return "stack overflow"
	case strings.HasPrefix(message, "too many recursions in "):
		return "loop in " + message[len("too many recursions in "):]
	}
	return message
}

// operandFault is [arithmeticError] for the function that called the one that runs.
func (m *machine) operandFault(L *lua.LState, p *lua.FunctionProto, pc int, v lua.LValue) string {
	inst := p.Code[pc]
	operand := argB(inst)
	if _, ok := numberOf(v); ok {
		operand = argC(inst)
	}
	other := L.Get(2)
	kind := typeName(v)
	if operand == argC(inst) && opcode(inst) != lua.OP_UNM {
		kind = typeName(other)
	}
	name := m.operandName(p, pc, operand)
	if name == "" {
		return "attempt to perform arithmetic on a " + kind + " value"
	}
	return "attempt to perform arithmetic on " + name + " (a " + kind + " value)"
}

// arithmeticError words a wrong operand: the first, unless that is a number.
func (m *machine) arithmeticError(
	L *lua.LState, p *lua.FunctionProto, pc int, first lua.LValue,
) string {
	operand := argB(p.Code[pc])
	if _, ok := numberOf(first); ok {
		operand = argC(p.Code[pc])
	}
	return m.typeError(L, p, pc, operand, "perform arithmetic on")
}

// typeError says that something cannot be done with an operand, and how the script calls it.
func (m *machine) typeError(L *lua.LState, p *lua.FunctionProto, pc, rk int, action string) string {
	kind := typeName(operandValue(L, p, rk))
	name := m.operandName(p, pc, rk)
	if name == "" {
		return "attempt to " + action + " a " + kind + " value"
	}
	return "attempt to " + action + " " + name + " (a " + kind + " value)"
}

// operandName is how a script calls an operand; empty if it has no name.
func (m *machine) operandName(p *lua.FunctionProto, pc, rk int) string {
	if rk&constantBit != 0 {
		return m.names[p.Constants[rk&^constantBit]]
	}
	return m.registerName(p, pc, rk)
}

func operandValue(L *lua.LState, p *lua.FunctionProto, rk int) lua.LValue {
	if rk&constantBit != 0 {
		return p.Constants[rk&^constantBit]
	}
	return register(L, p, rk)
}

// register is the value of a register of the function that runs.
func register(L *lua.LState, _ *lua.FunctionProto, n int) lua.LValue {
	if v := L.Get(n + 1); v != nil {
		return v
	}
	return lua.LNil
}

// registerName is how a script calls what stands in a register before instruction pc: a local
// variable of that name, or what the last instruction that wrote it had fetched. It is empty if
// there is no name for it.
func (m *machine) registerName(p *lua.FunctionProto, pc, reg int) string {
	if name := localNameAt(p, pc, reg); name != "" {
		return "local '" + name + "'"
	}
	for i := pc - 1; i >= 0; i-- {
		inst := p.Code[i]
		if !writes(inst, reg) {
			continue
		}
		switch opcode(inst) {
		case lua.OP_MOVE:
			if argB(inst) < reg {
				return m.registerName(p, i, argB(inst))
			}
		case lua.OP_LOADK:
			return m.names[p.Constants[argBx(inst)]]
		case lua.OP_GETGLOBAL:
			return "global '" + constantName(p, argBx(inst)|constantBit<<16) + "'"
		case lua.OP_GETTABLE, lua.OP_GETTABLEKS:
			return "field '" + constantName(p, argC(inst)) + "'"
		case lua.OP_GETUPVAL:
			if n := argB(inst); n < len(p.DbgUpvalues) {
				return "upvalue '" + cText(p.DbgUpvalues[n]) + "'"
			}
		case lua.OP_SELF:
			return "method '" + constantName(p, argC(inst)) + "'"
		}
		return ""
	}
	return ""
}

// writes tells whether an instruction writes a register. Calls write all from theirs on.
func writes(inst uint32, reg int) bool {
	a := argA(inst)
	switch opcode(inst) {
	case lua.OP_SETGLOBAL, lua.OP_SETUPVAL, lua.OP_SETTABLE, lua.OP_SETTABLEKS, lua.OP_JMP,
		lua.OP_EQ, lua.OP_LT, lua.OP_LE, lua.OP_TEST, lua.OP_RETURN, lua.OP_SETLIST,
		lua.OP_CLOSE, lua.OP_NOP:
		return false
	case lua.OP_CALL, lua.OP_TAILCALL, lua.OP_VARARG:
		return reg >= a
	case lua.OP_LOADNIL:
		return a <= reg && reg <= argB(inst)
	case lua.OP_SELF:
		return reg == a || reg == a+1
	case lua.OP_TFORLOOP:
		return reg >= a+2
	}
	return reg == a
}

// constantName is the text of an operand that is a constant string, else "?".
func constantName(p *lua.FunctionProto, rk int) string {
	index := rk &^ constantBit
	if rk&(constantBit<<16) != 0 {
		index = rk &^ (constantBit << 16)
	} else if rk&constantBit == 0 {
		return "?"
	}
	if s, ok := p.Constants[index].(lua.LString); ok {
		return cText(string(s))
	}
	return "?"
}

// cText is what C would print of a text: it ends at a zero byte.
func cText(text string) string {
	text, _, _ = strings.Cut(text, "\x00")
	return text
}

// localNameAt is the name of the local variable in a register at instruction pc. Variables stand
// in the order of their declaration: whoever came last to a register has it, until one comes to
// a register below it.
func localNameAt(p *lua.FunctionProto, pc, reg int) (name string) {
	for _, local := range p.DbgLocals {
		if local.StartPc > pc {
			break
		}
		shown, number, marked := strings.Cut(local.Name, registerMark)
		at, err := strconv.Atoi(number)
		if !marked || err != nil {
			continue
		}
		switch {
		case at == reg:
			name = shown
		case at < reg:
			name = ""
		}
	}
	return name
}
