// SPDX-License-Identifier: Apache-2.0

package script

import (
	"errors"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"
)

const (
	// chunkName is what errors call a script.
	chunkName = "user_script"
	// syntaxDepthMax is how deep expressions and blocks may stand in each other.
	syntaxDepthMax = 5000
)

// checkChunk finds what is wrong with a text. The error is worded as Lua would, with name and
// line before it.
func checkChunk(source, name string) error {
	chunk, err := parseChunk(source, name)
	if err != nil {
		return err
	}
	if _, err := translate(chunk, name); err != nil {
		return syntaxError(source, name, err)
	}
	return nil
}

// translate is gopher-lua's compiler, whose panics are errors here.
func translate(chunk []ast.Stmt, name string) (proto *lua.FunctionProto, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("this script cannot be compiled")
		}
	}()
	return lua.Compile(chunk, name)
}

func parseChunk(source, name string) ([]ast.Stmt, error) {
	if err := checkGrammar(source, name); err != nil {
		return nil, err
	}
	chunk, err := parse.Parse(strings.NewReader(source), name)
	if err != nil {
		return nil, syntaxError(source, name, err)
	}
	return chunk, checkDepth(chunk, name)
}

// compile makes a function of a text for machine m, changed so that it does what Redis' Lua
// does where gopher-lua differs:
//
//   - what the globals are is known, so they become constants of the machine, and an assignment
//     to one becomes an assignment to a table that refuses it;
//   - the concatenation of strings becomes a call of ours: it writes numbers as Lua does, knows
//     how long a string may become, and names its operands in errors;
//   - the numbers of a for loop may be strings.
func (m *machine) compile(source, name string) (*lua.FunctionProto, error) {
	chunk, err := parseChunk(source, name)
	if err != nil {
		return nil, err
	}
	r := &rewriter{m: m, fn: &functionScope{}}
	chunk, _ = r.block(chunk, 0, nil)
	proto, err := translate(chunk, name)
	if err != nil {
		return nil, syntaxError(source, name, err)
	}
	// A chunk has no table arg in Lua 5.1; to make one took a fifth of a short script's time.
	proto.IsVarArg &^= lua.VarArgNeedsArg
	r.patch(proto)
	return proto, nil
}

// constantMark begins the text of a string that stands in the syntax tree for a value that the
// syntax has no word for; the number of the value follows.
const constantMark = "\x00\xff\xfe constant of the machine "

// rewriter changes a syntax tree.
type rewriter struct {
	m         *machine
	fn        *functionScope
	constants map[string]lua.LValue // by the text that stands for them
}

// functionScope is the names that are visible in a function.
type functionScope struct {
	outer  *functionScope
	blocks []blockScope
}

// blockScope is the names of a block.
type blockScope struct {
	names []localName
	next  int  // register of the name that comes next
	ended bool // its last statement ended a scope
}

// localName is a local variable. Its register is written into the name by which gopher-lua knows
// it, because gopher-lua does not say reliably where the scope of a variable ends, and errors
// want to know who owns a register.
type localName struct{ name, known string }

// registerMark stands between a name and the number of its register.
const registerMark = "\x00"

// find is the name by which gopher-lua knows a local variable; empty if there is none.
func (f *functionScope) find(name string) string {
	for i := len(f.blocks) - 1; i >= 0; i-- {
		names := f.blocks[i].names
		for j := len(names) - 1; j >= 0; j-- {
			if names[j].name == name {
				return names[j].known
			}
		}
	}
	return ""
}

// find is [functionScope.find] for this function and those around it.
func (r *rewriter) find(name string) string {
	for f := r.fn; f != nil; f = f.outer {
		if known := f.find(name); known != "" {
			return known
		}
	}
	return ""
}

// isGlobal tells whether name is no local variable here.
func (r *rewriter) isGlobal(name string) bool { return r.find(name) == "" }

// described is how Lua's errors call the value of an expression: "local 'x'"; empty if they
// say no more than its type.
func (r *rewriter) described(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.IdentExpr:
		switch {
		case r.fn.find(e.Value) != "":
			return "local '" + e.Value + "'"
		case r.isGlobal(e.Value):
			return "global '" + e.Value + "'"
		}
		return "upvalue '" + e.Value + "'"
	case *ast.AttrGetExpr:
		if key, ok := e.Key.(*ast.StringExpr); ok {
			return "field '" + cText(key.Value) + "'"
		}
		return "field '?'"
	}
	return ""
}

// constant is an expression whose value is v.
func (r *rewriter) constant(v lua.LValue, line int) ast.Expr {
	text := constantMark + strconv.Itoa(len(r.constants))
	if r.constants == nil {
		r.constants = make(map[string]lua.LValue)
	}
	r.constants[text] = v
	e := &ast.StringExpr{Value: text}
	e.SetLine(line)
	return e
}

// patch puts the values in place of the texts that stand for them.
func (r *rewriter) patch(proto *lua.FunctionProto) {
	for i, c := range proto.Constants {
		if text, ok := c.(lua.LString); ok && strings.HasPrefix(string(text), constantMark) {
			if v, ok := r.constants[string(text)]; ok {
				proto.Constants[i] = v
			}
		}
	}
	for i := range proto.DbgCalls {
		proto.DbgCalls[i].Name = cText(proto.DbgCalls[i].Name)
	}
	for _, inner := range proto.FunctionPrototypes {
		r.patch(inner)
	}
}

// declare gives names their registers, and changes them into those that gopher-lua is to know.
func (r *rewriter) declare(names []string) {
	block := &r.fn.blocks[len(r.fn.blocks)-1]
	for i, name := range names {
		known := name + registerMark + strconv.Itoa(block.next)
		block.names = append(block.names, localName{name, known})
		block.next++
		names[i] = known
	}
}

// declareAs knows a variable that gopher-lua declares by itself under the given name.
func (r *rewriter) declareAs(name string) {
	block := &r.fn.blocks[len(r.fn.blocks)-1]
	block.names = append(block.names, localName{name, name})
	block.next++
}

// block changes statements in a scope of their own, in which the given names are known, behind
// so many registers that have none. ended tells whether registers lost their names with it.
func (r *rewriter) block(
	list []ast.Stmt, hidden int, names []string,
) (changed []ast.Stmt, ended bool) {
	r.open(hidden)
	r.declare(names)
	changed = r.stmts(list)
	return changed, r.close()
}

func (r *rewriter) open(hidden int) {
	next := hidden
	if n := len(r.fn.blocks); n > 0 {
		next += r.fn.blocks[n-1].next
	}
	r.fn.blocks = append(r.fn.blocks, blockScope{next: next})
}

// close ends a scope. It tells whether registers lost their names with it.
func (r *rewriter) close() bool {
	last := len(r.fn.blocks) - 1
	block := r.fn.blocks[last]
	r.fn.blocks = r.fn.blocks[:last]
	return len(block.names) > 0 || block.ended
}

// nameless is a statement that takes their names from all registers not in use: it declares a
// variable without a name, and forgets it.
func (r *rewriter) nameless(line int) ast.Stmt { return r.namelessFrom(0, line) }

// namelessFrom leaves so many of them their names.
func (r *rewriter) namelessFrom(kept, line int) ast.Stmt {
	next := r.fn.blocks[len(r.fn.blocks)-1].next + kept
	local := &ast.LocalAssignStmt{Names: []string{registerMark + strconv.Itoa(next)}}
	block := &ast.DoBlockStmt{Stmts: []ast.Stmt{local}}
	for _, s := range []ast.Stmt{local, block} {
		s.SetLine(line)
		s.SetLastLine(line)
	}
	return block
}

// stmts changes the statements of a block. Behind one in which a scope ended, there is one that
// says so, unless the block ends as well.
func (r *rewriter) stmts(list []ast.Stmt) []ast.Stmt {
	changed := make([]ast.Stmt, 0, len(list))
	for i, s := range list {
		ended := r.stmt(s)
		changed = append(changed, s)
		switch {
		case ended && i+1 < len(list):
			changed = append(changed, r.nameless(s.LastLine()))
		case ended:
			r.fn.blocks[len(r.fn.blocks)-1].ended = true
		}
	}
	return changed
}

// stmt changes a statement. It tells whether a scope ended in it.
func (r *rewriter) stmt(s ast.Stmt) (ended bool) {
	switch s := s.(type) {
	case *ast.AssignStmt:
		for i := range s.Lhs {
			s.Lhs[i] = r.target(s.Lhs[i])
		}
		r.exprs(s.Rhs)
	case *ast.LocalAssignStmt:
		r.localAssign(s)
	case *ast.FuncCallStmt:
		s.Expr = r.expr(s.Expr)
	case *ast.FuncDefStmt:
		r.functionName(s.Name)
		r.function(s.Func, s.Name.Receiver != nil)
	case *ast.ReturnStmt:
		r.exprs(s.Exprs)
	default:
		return r.compound(s)
	}
	return false
}

// compound is [rewriter.stmt] for statements with blocks.
func (r *rewriter) compound(s ast.Stmt) (ended bool) {
	switch s := s.(type) {
	case *ast.DoBlockStmt:
		s.Stmts, ended = r.block(s.Stmts, 0, nil)
	case *ast.WhileStmt:
		s.Condition = r.expr(s.Condition)
		if mayJump(s.Condition) {
			s.Condition = r.asCall(s.Condition)
		}
		s.Stmts, ended = r.block(s.Stmts, 0, nil)
		s.Stmts = r.loop(s.Stmts, 0, s.Line())
	case *ast.RepeatStmt:
		r.open(0)
		s.Stmts = r.stmts(s.Stmts)
		s.Condition = r.expr(s.Condition)
		ended = r.close()
		s.Stmts = r.loop(s.Stmts, 0, s.Line())
	case *ast.IfStmt:
		s.Condition = r.expr(s.Condition)
		s.Then, ended = r.block(s.Then, 0, nil)
		otherwise, also := r.block(s.Else, 0, nil)
		if ended && len(otherwise) > 0 {
			otherwise = append([]ast.Stmt{r.nameless(otherwise[0].Line())}, otherwise...)
		}
		s.Else, ended = otherwise, ended || also
	case *ast.NumberForStmt:
		s.Init = r.forNumber(s.Init, "initial value")
		s.Limit = r.forNumber(s.Limit, "limit")
		if s.Step != nil {
			s.Step = r.forNumber(s.Step, "step")
		}
		names := []string{s.Name}
		s.Stmts, ended = r.block(s.Stmts, forRegisters, names)
		s.Name = names[0]
	case *ast.GenericForStmt:
		r.exprs(s.Exprs)
		s.Stmts, ended = r.block(s.Stmts, forRegisters, s.Names)
		s.Stmts = r.loop(s.Stmts, forRegisters+len(s.Names), s.Line())
	}
	return ended
}

// loop keeps the code of a loop, which has so many registers for itself, from beginning with a
// jump.
func (r *rewriter) loop(body []ast.Stmt, registers, line int) []ast.Stmt {
	if !jumpsFirst(body) {
		return body
	}
	return append([]ast.Stmt{r.namelessFrom(registers, line)}, body...)
}

// asCall makes an expression the argument of a call that returns it.
func (r *rewriter) asCall(e ast.Expr) ast.Expr {
	call := &ast.FuncCallExpr{
		Func: r.constant(r.m.identity, e.Line()), Args: []ast.Expr{e}, AdjustRet: true,
	}
	single(e)
	setLines(call, e)
	return call
}

// forRegisters is how many registers a loop has for itself.
const forRegisters = 3

// localAssign knows that a function may name itself.
func (r *rewriter) localAssign(s *ast.LocalAssignStmt) {
	if len(s.Names) == 1 && len(s.Exprs) == 1 {
		if _, ok := s.Exprs[0].(*ast.FunctionExpr); ok {
			r.declare(s.Names)
			r.exprs(s.Exprs)
			return
		}
	}
	r.exprs(s.Exprs)
	r.declare(s.Names)
}

// forNumber lets a number of a for loop be a string.
func (r *rewriter) forNumber(e ast.Expr, what string) ast.Expr {
	if _, ok := e.(*ast.NumberExpr); ok {
		return r.expr(e)
	}
	call := &ast.FuncCallExpr{
		Func: r.constant(r.m.forNumber(what), e.Line()), Args: []ast.Expr{r.expr(e)},
		AdjustRet: true,
	}
	setLines(call, e)
	return call
}

func (r *rewriter) functionName(n *ast.FuncName) {
	if n.Func != nil {
		n.Func = r.target(n.Func)
	}
	if n.Receiver != nil {
		n.Receiver = r.expr(n.Receiver)
	}
}

// target changes what stands on the left of an assignment.
func (r *rewriter) target(e ast.Expr) ast.Expr {
	switch e := e.(type) {
	case *ast.IdentExpr:
		if known := r.find(e.Value); known != "" {
			e.Value = known
			return e
		}
		key := &ast.StringExpr{Value: e.Value}
		field := &ast.AttrGetExpr{Object: inRegister(r.constant(r.m.guard, e.Line())), Key: key}
		setLines(field, e)
		setLines(key, e)
		return field
	case *ast.AttrGetExpr:
		e.Object = inRegister(r.expr(e.Object))
		e.Key = r.key(e.Key)
	}
	return e
}

// inRegister keeps the compiler from using a constant where it takes none of our kind.
func inRegister(e ast.Expr) ast.Expr {
	if _, ok := e.(*ast.StringExpr); !ok {
		return e
	}
	both := &ast.LogicalOpExpr{Operator: "and", Lhs: &ast.TrueExpr{}, Rhs: e}
	setLines(both, e)
	setLines(both.Lhs, e)
	return both
}

func setLines(e, from ast.Expr) {
	e.SetLine(from.Line())
	e.SetLastLine(from.LastLine())
}
