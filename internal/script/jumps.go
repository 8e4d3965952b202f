// SPDX-License-Identifier: Apache-2.0

package script

import "github.com/yuin/gopher-lua/ast"

// gopher-lua compiles a loop wrongly if the jump back to its begin lands on another jump: it
// follows that one with a number which no longer means what it did. What follows finds the loops
// that may begin with a jump, so that something else can be put there.

// parts is the expressions that an expression is made of, bodies of functions aside.
func parts(e ast.Expr) []ast.Expr {
	switch e := e.(type) {
	case *ast.AttrGetExpr:
		return []ast.Expr{e.Object, e.Key}
	case *ast.TableExpr:
		list := make([]ast.Expr, 0, 2*len(e.Fields))
		for _, f := range e.Fields {
			list = append(list, f.Key, f.Value)
		}
		return list
	case *ast.FuncCallExpr:
		return append([]ast.Expr{e.Func, e.Receiver}, e.Args...)
	case *ast.LogicalOpExpr:
		return []ast.Expr{e.Lhs, e.Rhs}
	case *ast.RelationalOpExpr:
		return []ast.Expr{e.Lhs, e.Rhs}
	case *ast.ArithmeticOpExpr:
		return []ast.Expr{e.Lhs, e.Rhs}
	case *ast.StringConcatOpExpr:
		return []ast.Expr{e.Lhs, e.Rhs}
	case *ast.UnaryMinusOpExpr:
		return []ast.Expr{e.Expr}
	case *ast.UnaryNotOpExpr:
		return []ast.Expr{e.Expr}
	case *ast.UnaryLenOpExpr:
		return []ast.Expr{e.Expr}
	}
	return nil
}

// mayJump tells whether the code of one of the expressions may begin with a jump: a constant
// decides where it goes on.
func mayJump(list ...ast.Expr) bool {
	for _, e := range list {
		if e == nil {
			continue
		}
		if logical, ok := e.(*ast.LogicalOpExpr); ok {
			if isConstant(logical.Lhs) || isConstant(logical.Rhs) {
				return true
			}
		}
		if mayJump(parts(e)...) {
			return true
		}
	}
	return false
}

func isConstant(e ast.Expr) bool {
	_, ok := e.(ast.ConstExpr)
	return ok
}

// jumpsFirst tells whether the code of a block may begin with a jump.
func jumpsFirst(block []ast.Stmt) bool {
	if len(block) == 0 {
		return true // the end of the loop comes first
	}
	switch s := block[0].(type) {
	case *ast.AssignStmt:
		return mayJump(s.Lhs...) || mayJump(s.Rhs...)
	case *ast.LocalAssignStmt:
		return mayJump(s.Exprs...)
	case *ast.FuncCallStmt:
		return mayJump(s.Expr)
	case *ast.FuncDefStmt:
		return mayJump(s.Name.Func, s.Name.Receiver)
	case *ast.ReturnStmt:
		return mayJump(s.Exprs...)
	case *ast.IfStmt:
		return isConstant(s.Condition) || mayJump(s.Condition)
	case *ast.GenericForStmt:
		return mayJump(s.Exprs...)
	case *ast.NumberForStmt:
		return mayJump(s.Init, s.Limit, s.Step)
	}
	return true
}
