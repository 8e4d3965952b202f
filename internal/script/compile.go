// SPDX-License-Identifier: Apache-2.0

package script

import (
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
	if _, err := lua.Compile(chunk, name); err != nil {
		return syntaxError(source, name, err)
	}
	return nil
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
	r.block(chunk)
	proto, err := lua.Compile(chunk, name)
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
	blocks [][]string
}

func (f *functionScope) has(name string) bool {
	for _, names := range f.blocks {
		for _, known := range names {
			if known == name {
				return true
			}
		}
	}
	return false
}

// isGlobal tells whether name is no local variable here.
func (r *rewriter) isGlobal(name string) bool {
	for f := r.fn; f != nil; f = f.outer {
		if f.has(name) {
			return false
		}
	}
	return true
}

// described is how Lua's errors call the value of an expression: "local 'x'"; empty if they
// say no more than its type.
func (r *rewriter) described(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.IdentExpr:
		switch {
		case r.fn.has(e.Value):
			return "local '" + e.Value + "'"
		case r.isGlobal(e.Value):
			return "global '" + e.Value + "'"
		}
		return "upvalue '" + e.Value + "'"
	case *ast.AttrGetExpr:
		if key, ok := e.Key.(*ast.StringExpr); ok {
			return "field '" + key.Value + "'"
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
	for _, inner := range proto.FunctionPrototypes {
		r.patch(inner)
	}
}

func (r *rewriter) declare(names ...string) {
	top := len(r.fn.blocks) - 1
	r.fn.blocks[top] = append(r.fn.blocks[top], names...)
}

// block changes statements in a scope of their own, in which the given names are known.
func (r *rewriter) block(stmts []ast.Stmt, names ...string) {
	r.open(names...)
	for _, s := range stmts {
		r.stmt(s)
	}
	r.close()
}

func (r *rewriter) open(names ...string) {
	r.fn.blocks = append(r.fn.blocks, append([]string(nil), names...))
}

func (r *rewriter) close() { r.fn.blocks = r.fn.blocks[:len(r.fn.blocks)-1] }

func (r *rewriter) stmt(s ast.Stmt) {
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
	case *ast.DoBlockStmt:
		r.block(s.Stmts)
	case *ast.WhileStmt:
		s.Condition = r.expr(s.Condition)
		r.block(s.Stmts)
	case *ast.RepeatStmt:
		r.open()
		for _, inner := range s.Stmts {
			r.stmt(inner)
		}
		s.Condition = r.expr(s.Condition)
		r.close()
	case *ast.IfStmt:
		s.Condition = r.expr(s.Condition)
		r.block(s.Then)
		r.block(s.Else)
	case *ast.NumberForStmt:
		s.Init = r.forNumber(s.Init, "initial value")
		s.Limit = r.forNumber(s.Limit, "limit")
		if s.Step != nil {
			s.Step = r.forNumber(s.Step, "step")
		}
		r.block(s.Stmts, s.Name)
	case *ast.GenericForStmt:
		r.exprs(s.Exprs)
		r.block(s.Stmts, s.Names...)
	case *ast.FuncDefStmt:
		r.functionName(s.Name)
		r.function(s.Func, s.Name.Receiver != nil)
	case *ast.ReturnStmt:
		r.exprs(s.Exprs)
	}
}

// localAssign knows that a function may name itself.
func (r *rewriter) localAssign(s *ast.LocalAssignStmt) {
	if len(s.Names) == 1 && len(s.Exprs) == 1 {
		if _, ok := s.Exprs[0].(*ast.FunctionExpr); ok {
			r.declare(s.Names...)
		}
	}
	r.exprs(s.Exprs)
	r.declare(s.Names...)
}

// forNumber lets a number of a for loop be a string.
func (r *rewriter) forNumber(e ast.Expr, what string) ast.Expr {
	if _, ok := e.(*ast.NumberExpr); ok {
		return e
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
		if !r.isGlobal(e.Value) {
			return e
		}
		key := &ast.StringExpr{Value: e.Value}
		field := &ast.AttrGetExpr{Object: inRegister(r.constant(r.m.guard, e.Line())), Key: key}
		setLines(field, e)
		setLines(key, e)
		return field
	case *ast.AttrGetExpr:
		if _, ok := e.Object.(*ast.IdentExpr); !ok {
			e.Object = inRegister(r.expr(e.Object))
		}
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
