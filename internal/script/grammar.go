// SPDX-License-Identifier: Apache-2.0

package script

import (
	"errors"
	"fmt"
)

// nestingMax is how deep blocks and expressions may stand in each other, as in Lua.
const nestingMax = 200

// grammar tells whether a text is a chunk of Lua 5.1, and if not, what Lua would say. It makes
// nothing of the text: gopher-lua's own parser does, but it has other words for what is wrong,
// and takes what later versions of Lua have.
type grammar struct {
	lexer
	depth    int
	function *grammarFunction
}

// grammarFunction is what counts of the function that is being read.
type grammarFunction struct {
	outer  *grammarFunction
	vararg bool
	loops  int // within each other, up to here
}

// checkGrammar finds what is wrong with a text.
func checkGrammar(text, name string) (err error) {
	g := grammar{lexer: lexer{text: text, name: name, line: 1}}
	g.function = &grammarFunction{vararg: true}
	defer func() {
		r := recover()
		if fault, ok := r.(syntaxFault); ok {
			err = errors.New(string(fault))
		} else if r != nil {
			panic(r)
		}
	}()
	g.next()
	g.chunk()
	g.check(tokenEOF)
	return nil
}

// wrong stops at the present token.
func (g *grammar) wrong(message string) { g.fail(message, g.near()) }

func (g *grammar) enter() {
	if g.depth++; g.depth > nestingMax {
		g.fail("chunk has too many syntax levels", "")
	}
}

func (g *grammar) leave() { g.depth-- }

// check wants the present token to be t.
func (g *grammar) check(t token) {
	if g.token != t {
		g.wrong("'" + shown(t) + "' expected")
	}
}

// take reads over a token, which must be t.
func (g *grammar) take(t token) {
	g.check(t)
	g.next()
}

// accept reads over t if it is there.
func (g *grammar) accept(t token) bool {
	if g.token != t {
		return false
	}
	g.next()
	return true
}

// close reads what closes something that was opened in some line.
func (g *grammar) close(t, opened token, line int) {
	if g.token != t && line != g.line {
		g.wrong(fmt.Sprintf("'%s' expected (to close '%s' at line %d)", t, opened, line))
	}
	g.take(t)
}

// chunk reads statements up to the end of their block.
func (g *grammar) chunk() {
	g.enter()
	for last := false; !last; {
		switch g.token {
		case "else", "elseif", "end", "until", tokenEOF:
			g.leave()
			return
		}
		last = g.statement()
		g.accept(";")
	}
	g.leave()
}

// loop reads the block of a loop.
func (g *grammar) loop() {
	g.function.loops++
	g.chunk()
	g.function.loops--
}

// statement tells whether it must be the last of its block.
func (g *grammar) statement() (last bool) {
	line := g.line
	switch g.token {
	case "if":
		g.branches(line)
	case "while":
		g.next()
		g.expression()
		g.take("do")
		g.loop()
		g.close("end", "while", line)
	case "do":
		g.next()
		g.chunk()
		g.close("end", "do", line)
	case "for":
		g.forLoop(line)
	case "repeat":
		g.next()
		g.loop()
		g.close("until", "repeat", line)
		g.expression()
	case "function":
		g.next()
		g.take(tokenName)
		for g.accept(".") {
			g.take(tokenName)
		}
		if g.accept(":") {
			g.take(tokenName)
		}
		g.body(line)
	case "local":
		g.next()
		g.local()
	case "return":
		g.next()
		switch g.token {
		case "else", "elseif", "end", "until", tokenEOF, ";":
		default:
			g.expressions()
		}
		return true
	case "break":
		g.next()
		if g.function.loops == 0 {
			g.wrong("no loop to break")
		}
		return true
	default:
		g.callOrAssignment()
	}
	return false
}

func (g *grammar) branches(line int) {
	for {
		g.next() // if, elseif
		g.expression()
		g.take("then")
		g.chunk()
		if g.token != "elseif" {
			break
		}
	}
	if g.accept("else") {
		g.chunk()
	}
	g.close("end", "if", line)
}

func (g *grammar) forLoop(line int) {
	g.next()
	g.take(tokenName)
	switch g.token {
	case "=":
		g.next()
		g.expression()
		g.take(",")
		g.expression()
		if g.accept(",") {
			g.expression()
		}
	case ",", "in":
		for g.accept(",") {
			g.take(tokenName)
		}
		g.take("in")
		g.expressions()
	default:
		g.wrong("'=' or 'in' expected")
	}
	g.take("do")
	g.loop()
	g.close("end", "for", line)
}

func (g *grammar) local() {
	if g.token == "function" {
		g.next()
		g.take(tokenName)
		g.body(g.line)
		return
	}
	g.take(tokenName)
	for g.accept(",") {
		g.take(tokenName)
	}
	if g.accept("=") {
		g.expressions()
	}
}

func (g *grammar) callOrAssignment() {
	kind := g.suffixed()
	if kind == kindCall {
		return
	}
	for {
		if kind != kindVariable {
			g.wrong("syntax error")
		}
		if !g.accept(",") {
			break
		}
		kind = g.suffixed()
	}
	g.take("=")
	g.expressions()
}

// body reads the parameters and the block of a function.
func (g *grammar) body(line int) {
	g.function = &grammarFunction{outer: g.function}
	g.take("(")
	for g.token != ")" {
		if g.accept("...") {
			g.function.vararg = true
			break
		}
		if g.token != tokenName {
			g.wrong("<name> or '...' expected")
		}
		g.next()
		if !g.accept(",") {
			break
		}
		if g.token == ")" {
			g.wrong("<name> or '...' expected")
		}
	}
	g.take(")")
	g.chunk()
	g.close("end", "function", line)
	g.function = g.function.outer
}

func (g *grammar) expressions() {
	g.expression()
	for g.accept(",") {
		g.expression()
	}
}

// priorities are how strong an operator binds to its left and to its right; 0 if it is none.
func priorities(t token) (left, right int) {
	switch t {
	case "or":
		return 1, 1
	case "and":
		return 2, 2
	case "<", ">", "<=", ">=", "~=", "==":
		return 3, 3
	case "..":
		return 5, 4
	case "+", "-":
		return 6, 6
	case "*", "/", "%":
		return 7, 7
	case "^":
		return 10, 9
	}
	return 0, 0
}

const unaryPriority = 8

func (g *grammar) expression() { g.operation(0) }

// operation reads an expression whose operators bind stronger than limit.
func (g *grammar) operation(limit int) {
	g.enter()
	switch g.token {
	case "not", "-", "#":
		g.next()
		g.operation(unaryPriority)
	default:
		g.simple()
	}
	for {
		left, right := priorities(g.token)
		if left <= limit {
			break
		}
		g.next()
		g.operation(right)
	}
	g.leave()
}

func (g *grammar) simple() {
	switch g.token {
	case tokenNumber, tokenString, "nil", "true", "false":
		g.next()
	case "...":
		if !g.function.vararg {
			g.wrong("cannot use '...' outside a vararg function")
		}
		g.next()
	case "{":
		g.table()
	case "function":
		g.next()
		g.body(g.line)
	default:
		g.suffixed()
	}
}

func (g *grammar) table() {
	line := g.line
	g.take("{")
	for g.token != "}" {
		switch g.token {
		case tokenName:
			g.nameField()
		case "[":
			g.next()
			g.expression()
			g.take("]")
			g.take("=")
			g.expression()
		default:
			g.expression()
		}
		if !g.accept(",") && !g.accept(";") {
			break
		}
	}
	g.close("}", "{", line)
}

// nameField reads a field that begins with a name: it may be the key, or part of a value.
func (g *grammar) nameField() {
	ahead := g.lexer
	ahead.next()
	if ahead.token != "=" {
		g.expression()
		return
	}
	g.next()
	g.next()
	g.expression()
}

// suffixKind is what a name with all that is behind it is.
type suffixKind uint8

const (
	kindValue suffixKind = iota
	kindVariable
	kindCall
)

// suffixed reads a name or an expression in brackets, and indexes and calls behind it.
func (g *grammar) suffixed() suffixKind {
	kind := kindVariable
	switch line := g.line; g.token {
	case tokenName:
		g.next()
	case "(":
		g.next()
		g.expression()
		g.close(")", "(", line)
		kind = kindValue
	default:
		g.wrong("unexpected symbol")
	}
	for {
		switch g.token {
		case ".":
			g.next()
			g.take(tokenName)
			kind = kindVariable
		case "[":
			g.next()
			g.expression()
			g.take("]")
			kind = kindVariable
		case ":":
			g.next()
			g.take(tokenName)
			g.arguments()
			kind = kindCall
		case "(", tokenString, "{":
			g.arguments()
			kind = kindCall
		default:
			return kind
		}
	}
}

// arguments reads those of a call.
func (g *grammar) arguments() {
	line := g.line
	switch g.token {
	case "(":
		if line != g.before {
			g.wrong("ambiguous syntax (function call x new statement)")
		}
		g.next()
		if g.token != ")" {
			g.expressions()
		}
		g.close(")", "(", line)
	case "{":
		g.table()
	case tokenString:
		g.next()
	default:
		g.wrong("function arguments expected")
	}
}
