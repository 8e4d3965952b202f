// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"go/ast"
	"go/token"
	"path"
	"strings"
	"testing"
)

// Limits of the house. A test that fails because of one is asked to look again, not to
// cut a story into pieces.
const (
	fileLinesMax     = 800
	testFileLinesMax = 1000
	functionLinesMax = 90
	spdx             = "// SPDX-License-Identifier: Apache-2.0"
)

// emptyNames are names of packages that say nothing.
var emptyNames = []string{"util", "utils", "common", "helper", "helpers", "misc", "lib", "base"}

func TestHouse(t *testing.T) {
	for _, p := range packages(t) {
		if contains(emptyNames, path.Base(p.name)) {
			t.Errorf("%s: name it by what it provides", p.name)
		}
		comments := 0
		for _, f := range p.files {
			checkFile(t, f)
			if !f.test && f.syntax.Doc != nil {
				comments++
			}
		}
		if comments != 1 {
			t.Errorf("%s has %d package comments, want exactly one", p.name, comments)
		}
	}
}

func checkFile(t *testing.T, f file) {
	limit := fileLinesMax
	if f.test {
		limit = testFileLinesMax
	}
	if f.lines > limit {
		t.Errorf("%s has %d lines; look again beyond %d", f.path, f.lines, limit)
	}
	if len(f.syntax.Comments) == 0 || f.syntax.Comments[0].List[0].Text != spdx {
		t.Errorf("%s does not begin with %s", f.path, spdx)
	}
	for _, group := range f.syntax.Comments {
		for _, word := range []string{"TODO", "FIXME", "XXX"} {
			if strings.Contains(group.Text(), word) && !strings.Contains(f.path, "archtest") {
				t.Errorf("%s: a %s belongs into an issue", f.fset.Position(group.Pos()), word)
			}
		}
	}
	for _, d := range f.syntax.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			checkFunc(t, f, d)
		case *ast.GenDecl:
			checkVariables(t, f, d)
		}
	}
}

func checkFunc(t *testing.T, f file, d *ast.FuncDecl) {
	at := f.fset.Position(d.Pos())
	if d.Name.Name == "init" && d.Recv == nil {
		t.Errorf("%s: wiring is explicit: no init", at)
	}
	if lines := f.fset.Position(d.End()).Line - at.Line; lines > functionLinesMax {
		t.Errorf("%s: %s has %d lines; look again beyond %d", at, d.Name.Name, lines, functionLinesMax)
	}
	if !f.test && d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
		t.Errorf("%s: %s is exported and says nothing about itself", at, d.Name.Name)
	}
	if f.test && strings.HasSuffix(f.path, "_test.go") {
		ast.Inspect(d, func(n ast.Node) bool {
			if call, ok := n.(*ast.SelectorExpr); ok && call.Sel.Name == "Sleep" {
				if x, ok := call.X.(*ast.Ident); ok && x.Name == "time" {
					t.Errorf("%s: tests do not sleep", f.fset.Position(call.Pos()))
				}
			}
			return true
		})
	}
}

// exportedReceiver tells whether a function is one, or a method of an exported type.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	receiver := d.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	name, ok := receiver.(*ast.Ident)
	return ok && name.IsExported()
}

// checkVariables wants package-level variables to be tables, errors or blanks: values that
// nobody changes. Code that assigns to one of them is found by [TestNobodyAssigns].
func checkVariables(t *testing.T, f file, d *ast.GenDecl) {
	if d.Tok != token.VAR || f.test {
		return
	}
	for _, spec := range d.Specs {
		v := spec.(*ast.ValueSpec)
		if len(v.Values) == 0 && v.Names[0].Name != "_" && v.Type != nil {
			if _, embedded := embedOf(d, v); !embedded {
				t.Errorf("%s: a variable of the package without a value is state",
					f.fset.Position(v.Pos()))
			}
		}
	}
}

// embedOf tells whether a variable is filled by go:embed.
func embedOf(d *ast.GenDecl, v *ast.ValueSpec) (text string, ok bool) {
	for _, doc := range []*ast.CommentGroup{d.Doc, v.Doc} {
		if doc == nil {
			continue
		}
		for _, line := range doc.List {
			if strings.HasPrefix(line.Text, "//go:embed ") {
				return line.Text, true
			}
		}
	}
	return "", false
}

// TestNobodyAssigns finds functions that assign to a variable of their package.
func TestNobodyAssigns(t *testing.T) {
	for _, p := range packages(t) {
		variables := map[string]bool{}
		for _, f := range p.files {
			for name, object := range f.syntax.Scope.Objects {
				if object.Kind == ast.Var && !f.test {
					variables[name] = true
				}
			}
		}
		for _, f := range p.files {
			if f.test {
				continue
			}
			ast.Inspect(f.syntax, func(n ast.Node) bool {
				assign, ok := n.(*ast.AssignStmt)
				if !ok || assign.Tok == token.DEFINE {
					return true
				}
				for _, left := range assign.Lhs {
					if id, ok := left.(*ast.Ident); ok && variables[id.Name] && id.Obj != nil &&
						id.Obj.Decl != nil && isPackageVar(f, id) {
						t.Errorf("%s: assigns to %s, a variable of the package",
							f.fset.Position(id.Pos()), id.Name)
					}
				}
				return true
			})
		}
	}
}

func isPackageVar(f file, id *ast.Ident) bool {
	object, ok := f.syntax.Scope.Objects[id.Name]
	return ok && object == id.Obj
}
