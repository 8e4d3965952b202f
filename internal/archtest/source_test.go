// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// module is the path that our imports begin with.
const module = "stampede/"

// root is the folder of the module, seen from this package.
const root = "../.."

type pkg struct {
	name    string // its folder below the root
	files   []file
	imports []string // packages of ours that its files, tests left out, import
}

type file struct {
	path   string // below the root
	test   bool
	syntax *ast.File
	lines  int
	fset   *token.FileSet
}

// packages reads all packages of the module.
func packages(t *testing.T) []*pkg {
	t.Helper()
	byName := map[string]*pkg{}
	var list []*pkg
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || d.Name() == "tools") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		name, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		p := byName[name]
		if p == nil {
			p = &pkg{name: filepath.ToSlash(name)}
			byName[name] = p
			list = append(list, p)
		}
		return p.add(path)
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func (p *pkg) add(path string) error {
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
	if err != nil {
		return err
	}
	f := file{
		path: strings.TrimPrefix(filepath.ToSlash(path), root+"/"), fset: fset, syntax: syntax,
		test: strings.HasSuffix(path, "_test.go"), lines: fset.File(syntax.Pos()).LineCount(),
	}
	p.files = append(p.files, f)
	if f.test {
		return nil
	}
	for _, spec := range syntax.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		if ours, ok := strings.CutPrefix(imported, module); ok && !contains(p.imports, ours) {
			p.imports = append(p.imports, ours)
		}
	}
	return nil
}
