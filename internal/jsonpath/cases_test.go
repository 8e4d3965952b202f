// SPDX-License-Identifier: Apache-2.0

package jsonpath

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stampede/internal/jsondoc"
)

// A group is a document and what paths find in it: testdata/*.json hold lists of them.
type group struct {
	Group    string
	Document json.RawMessage
	Cases    []struct {
		Path   string
		Result []json.RawMessage // what it finds, in this order
		At     []string          // where, as normalized paths; nil: not looked at

		// Invalid is the offset of the error, if the text is no path.
		Invalid *int

		// Beyond tells that Parse takes the path and ParseStrict does not.
		Beyond bool

		// Legacy tells that it is a path of the legacy form.
		Legacy bool
	}
}

func groups(t testing.TB) (list []group) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var some []group
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&some); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		list = append(list, some...)
	}
	return list
}

// document packs a JSON text.
func document(t testing.TB, text []byte) jsondoc.Value {
	t.Helper()
	names := jsondoc.NewNames()
	doc, err := jsondoc.Append(nil, text, names)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return jsondoc.Root(doc, names)
}

func textOf(v jsondoc.Value) string { return string(v.AppendText(nil, &jsondoc.Format{})) }

func textsOf(list []Match) (texts []string) {
	for _, m := range list {
		texts = append(texts, textOf(m.Value))
	}
	return texts
}

func TestCases(t *testing.T) {
	count := 0
	for _, g := range groups(t) {
		t.Run(g.Group, func(t *testing.T) {
			if g.Document == nil {
				g.Document = json.RawMessage("null")
			}
			root := document(t, g.Document)
			for _, c := range g.Cases {
				count++
				path, err := Parse(c.Path)
				_, strictErr := ParseStrict(c.Path)
				if (strictErr != nil) != (c.Invalid != nil || c.Beyond || c.Legacy) {
					t.Errorf("ParseStrict(%q): %v", c.Path, strictErr)
				}
				if c.Invalid != nil {
					wantSyntaxError(t, c.Path, err, *c.Invalid)
					continue
				}
				if err != nil {
					t.Errorf("Parse(%q): %v", c.Path, err)
					continue
				}
				if path.Legacy() != c.Legacy {
					t.Errorf("%q: legacy is %v", c.Path, path.Legacy())
				}
				var want []string
				for _, one := range c.Result {
					want = append(want, textOf(document(t, one)))
				}
				wantMatches(t, path, c.Path, root, want, c.At)
			}
		})
	}
	t.Logf("%d cases", count)
}

func wantSyntaxError(t *testing.T, text string, err error, offset int) {
	t.Helper()
	var fault *SyntaxError
	if !errors.As(err, &fault) {
		t.Errorf("Parse(%q) finds no fault, want one at %d", text, offset)
	} else if fault.Offset != offset {
		t.Errorf("Parse(%q): %v, want offset %d", text, err, offset)
	}
}

func wantMatches(t *testing.T, path *Path, text string, root jsondoc.Value, want, at []string) {
	t.Helper()
	list, err := path.Select(nil, root, Limits{})
	if err != nil {
		t.Errorf("%q: %v", text, err)
		return
	}
	if got := textsOf(list); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%q finds %v, want %v", text, got, want)
		return
	}
	for i, m := range list {
		location := string(AppendLocation(nil, root, m.Value))
		if at != nil && (len(at) <= i || location != at[i]) {
			t.Errorf("%q: match %d lies at %s, want %v", text, i, location, at)
		}
		wantAt(t, location, root, m)
	}
	again, err := Parse(path.String())
	if err != nil || again.String() != path.String() {
		t.Errorf("%q is %q and then %v %v", text, path, again, err)
		return
	}
	list, _ = again.Select(nil, root, Limits{})
	if got := textsOf(list); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%q as %q finds %v, want %v", text, path, got, want)
	}
	first, err := path.First(root, Limits{})
	if err != nil || len(list) > 0 && first.Value.Offset() != list[0].Value.Offset() ||
		first.Value.Exists() != (len(list) > 0) {
		t.Errorf("%q: the first of %v is %v, %v", text, want, first, err)
	}
}

// wantAt asks for the value at a normalized path, which must be a path of the RFC, and looks
// whether it is the one of a match with the parent of the match.
func wantAt(t *testing.T, location string, root jsondoc.Value, m Match) {
	t.Helper()
	path, err := ParseStrict(location)
	if err != nil {
		t.Errorf("location %q: %v", location, err)
		return
	}
	list, err := path.Select(nil, root, Limits{})
	if err != nil || len(list) != 1 || list[0].Value.Offset() != m.Value.Offset() ||
		list[0].Parent.Exists() != m.Parent.Exists() ||
		list[0].Parent.Offset() != m.Parent.Offset() {
		t.Errorf("at location %q is %v, not the match", location, textsOf(list))
	}
}
