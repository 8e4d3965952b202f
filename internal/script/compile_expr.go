// SPDX-License-Identifier: Apache-2.0

package script

import (
	"fmt"
	"strconv"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

func (r *rewriter) exprs(list []ast.Expr) {
	for i := range list {
		list[i] = r.expr(list[i])
	}
}

// key changes the key of a table: a constant of ours must not stand there, because the compiler
// would take it for the name of a field.
func (r *rewriter) key(e ast.Expr) ast.Expr {
	e = r.expr(e)
	if s, ok := e.(*ast.StringExpr); ok && r.constants[s.Value] != nil {
		return inRegister(e)
	}
	return e
}

// expr changes an expression.
func (r *rewriter) expr(e ast.Expr) ast.Expr {
	switch e := e.(type) {
	case *ast.IdentExpr:
		return r.ident(e)
	case *ast.NumberExpr:
		r.number(e)
	case *ast.AttrGetExpr:
		return r.attr(e)
	case *ast.TableExpr:
		for _, f := range e.Fields {
			if f.Key != nil {
				f.Key = r.key(f.Key)
			}
			f.Value = r.expr(f.Value)
			if f.Key != nil {
				single(f.Value) // gopher-lua takes all values of a call that comes last
			}
		}
	case *ast.FuncCallExpr:
		if e.Func != nil {
			e.Func = r.expr(e.Func)
		}
		if e.Receiver != nil {
			e.Receiver = r.expr(e.Receiver)
		}
		r.exprs(e.Args)
	case *ast.LogicalOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
	case *ast.RelationalOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
	case *ast.ArithmeticOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
	case *ast.StringConcatOpExpr:
		return r.concat(e)
	case *ast.UnaryMinusOpExpr:
		e.Expr = r.expr(e.Expr)
	case *ast.UnaryNotOpExpr:
		e.Expr = r.expr(e.Expr)
	case *ast.UnaryLenOpExpr:
		e.Expr = r.expr(e.Expr)
	case *ast.FunctionExpr:
		r.function(e, false)
	}
	return e
}

// name remembers how scripts call a constant of the machine, for errors.
func (m *machine) name(v lua.LValue, name string) {
	switch v.(type) {
	case *lua.LTable, *lua.LFunction:
		m.names[v] = name
	}
}

// number writes a number so that gopher-lua reads it as Lua does: 010 is ten.
func (r *rewriter) number(e *ast.NumberExpr) {
	if n, ok := parseNumber(e.Value); ok {
		e.Value = strconv.FormatFloat(n, 'g', -1, 64)
	}
}

// ident makes a constant of a global that there is. What there is not stays, to be missed when
// it is used.
func (r *rewriter) ident(e *ast.IdentExpr) ast.Expr {
	if known := r.find(e.Value); known != "" {
		e.Value = known
		return e
	}
	v := r.m.global(e.Value)
	if v == nil {
		return e
	}
	r.m.name(v, "global '"+e.Value+"'")
	return r.constant(v, e.Line())
}

// attr makes a constant of a function of a library: redis.call.
func (r *rewriter) attr(e *ast.AttrGetExpr) ast.Expr {
	if object, ok := e.Object.(*ast.IdentExpr); ok && r.isGlobal(object.Value) {
		key, isString := e.Key.(*ast.StringExpr)
		if f := r.m.libraryFunction(object.Value, key, isString); f != nil {
			r.m.name(f, "field '"+key.Value+"'")
			return r.constant(f, e.Line())
		}
	}
	e.Object, e.Key = r.expr(e.Object), r.key(e.Key)
	return e
}

// libraryFunction is a function of a library, or nil. The libraries of package lualib are left
// alone, because they find their names for errors where the script has them.
func (m *machine) libraryFunction(library string, key *ast.StringExpr, ok bool) lua.LValue {
	switch library {
	case "redis", "string", "table", "math", "coroutine":
	default:
		ok = false
	}
	if !ok {
		return nil
	}
	t := m.libraries[library]
	if m.loading != nil {
		if library != "redis" {
			return nil
		}
		t = m.behind(m.loadRedis)
	}
	if f, ok := t.RawGetString(key.Value).(*lua.LFunction); ok {
		return f
	}
	return nil
}

// concat makes one call of all operands in a row.
func (r *rewriter) concat(e *ast.StringConcatOpExpr) ast.Expr {
	var operands []ast.Expr
	var names []string
	var last ast.Expr = e
	for {
		inner, ok := last.(*ast.StringConcatOpExpr)
		if !ok {
			break
		}
		names = append(names, r.described(inner.Lhs))
		operands = append(operands, r.expr(inner.Lhs))
		last = inner.Rhs
	}
	names = append(names, r.described(last))
	last = r.expr(last)
	single(last)
	call := &ast.FuncCallExpr{
		Func: r.constant(r.m.concatenation(names), e.Line()), Args: append(operands, last),
		AdjustRet: true,
	}
	setLines(call, e)
	return call
}

// single makes one value of an expression that may have many.
func single(e ast.Expr) {
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		e.AdjustRet = true
	case *ast.Comma3Expr:
		e.AdjustRet = true
	}
}

// function changes the body of a function.
func (r *rewriter) function(e *ast.FunctionExpr, method bool) {
	r.fn = &functionScope{outer: r.fn}
	r.open(0)
	if method {
		r.declareAs("self")
	}
	r.declare(e.ParList.Names)
	if e.ParList.HasVargs {
		r.declareAs("arg")
	}
	e.Stmts = r.stmts(e.Stmts)
	r.fn = r.fn.outer
}

// checkDepth refuses what is nested so deep that compiling it would need too much of the stack:
// for gopher-lua each operator of a long sum is one level.
func checkDepth(chunk []ast.Stmt, name string) error {
	c := depthChecker{name: name}
	c.block(chunk)
	return c.err
}

type depthChecker struct {
	name  string
	depth int
	err   error
}

func (c *depthChecker) fail(line int, text string) {
	if c.err == nil {
		c.err = fmt.Errorf("%s:%d: %s", c.name, line, text)
	}
}

// enter goes one level deeper, and tells whether it may.
func (c *depthChecker) enter(line int) bool {
	c.depth++
	if c.depth > syntaxDepthMax {
		c.fail(line, "chunk has too many syntax levels")
	}
	return c.err == nil
}

func (c *depthChecker) block(stmts []ast.Stmt) {
	for _, s := range stmts {
		if c.enter(s.Line()) {
			c.stmt(s)
		}
		c.depth--
	}
}

func (c *depthChecker) stmt(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.AssignStmt:
		c.exprs(s.Lhs...)
		c.exprs(s.Rhs...)
	case *ast.LocalAssignStmt:
		c.exprs(s.Exprs...)
	case *ast.FuncCallStmt:
		c.exprs(s.Expr)
	case *ast.DoBlockStmt:
		c.block(s.Stmts)
	case *ast.WhileStmt:
		c.exprs(s.Condition)
		c.block(s.Stmts)
	case *ast.RepeatStmt:
		c.block(s.Stmts)
		c.exprs(s.Condition)
	case *ast.IfStmt:
		c.exprs(s.Condition)
		c.block(s.Then)
		c.block(s.Else)
	case *ast.NumberForStmt:
		c.exprs(s.Init, s.Limit, s.Step)
		c.block(s.Stmts)
	case *ast.GenericForStmt:
		c.exprs(s.Exprs...)
		c.block(s.Stmts)
	case *ast.FuncDefStmt:
		c.exprs(s.Name.Func, s.Name.Receiver, s.Func)
	case *ast.ReturnStmt:
		c.exprs(s.Exprs...)
	}
}

func (c *depthChecker) exprs(list ...ast.Expr) {
	for _, e := range list {
		if e == nil {
			continue
		}
		if c.enter(e.Line()) {
			c.expr(e)
		}
		c.depth--
	}
}

func (c *depthChecker) expr(e ast.Expr) {
	if f, ok := e.(*ast.FunctionExpr); ok {
		c.block(f.Stmts)
		return
	}
	c.exprs(parts(e)...)
}
