// SPDX-License-Identifier: Apache-2.0

package jsonpath

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"stampede/internal/jsondoc"
)

func mustParse(t testing.TB, text string) *Path {
	t.Helper()
	path, err := Parse(text)
	if err != nil {
		t.Fatalf("Parse(%q): %v", text, err)
	}
	return path
}

// TestPathsTellWhatTheyAre: text, canonical text, what the path is, its last name, the rest.
func TestPathsTellWhatTheyAre(t *testing.T) {
	const none = "(none)"
	for _, c := range []struct {
		text, canonical                string
		singular, isRoot, legacy       bool
		lastName, parent, grandParents string
	}{
		{"$", "$", true, true, false, none, none, none},
		{".", ".", true, true, true, none, none, none},
		{"$.a", "$['a']", true, false, false, "a", "$", none},
		{"$.a.b[-1]['c d']", "$['a']['b'][-1]['c d']", true, false, false, "c d",
			"$['a']['b'][-1]", "$['a']['b']"},
		{"a.b", "['a']['b']", true, false, true, "b", "['a']", "."},
		{"$.a[0]", "$['a'][0]", true, false, false, none, "$['a']", "$"},
		{"$.a[*].b", "$['a'][*]['b']", false, false, false, "b", "$['a'][*]", "$['a']"},
		{"$..a", "$..['a']", false, false, false, none, "$", none},
		{"..a.b", "..['a']['b']", false, false, true, "b", "..['a']", "."},
		{"$['a','b']", "$['a','b']", false, false, false, none, "$", none},
		{"$.a[?@.b=='x'&&(@.c>1||!@.d)]", "$['a'][?@['b'] == 'x' && (@['c'] > 1 || !@['d'])]", false,
			false, false, none, "$['a']", "$"},
		{"$[1:2:1,::-1,5:]", "$[1:2,::-1,5:]", false, false, false, none, "$", none},
		{`$["\u0061\n\u0001'"]`, `$['a\n\u0001\'']`, true, false, false, "a\n\x01'", "$", none},
		{"$[?(((@.a)) || (@.b && @.c)) && @.d]", "$[?(@['a'] || @['b'] && @['c']) && @['d']]", false,
			false, false, none, "$", none},
		{"$[?!(@.a==1e2)]", "$[?!(@['a'] == 1e2)]", false, false, false, none, "$", none},
		{"$[?(length(@.a)<count(@.*))]", "$[?length(@['a']) < count(@[*])]", false, false, false, none,
			"$", none},
		{"$[?search(value(@..a),$.p)]", "$[?search(value(@..['a']), $['p'])]", false, false, false, none,
			"$", none},
		{"$[?@ =~ 'x']", "$[?@ =~ 'x']", false, false, false, none, "$", none},
		{"$[?!(@ =~ 'x')]", "$[?!(@ =~ 'x')]", false, false, false, none, "$", none},
	} {
		p := mustParse(t, c.text)
		name, ok := p.LastName()
		got := fmt.Sprintln(p, p.Singular(), p.IsRoot(), p.Legacy(), ok, string(name))
		if want := fmt.Sprintln(c.canonical, c.singular, c.isRoot, c.legacy, c.lastName != none,
			strings.TrimPrefix(c.lastName, none)); got != want {
			t.Errorf("%q is %s, want %s", c.text, got, want)
		}
		for _, want := range []string{c.parent, c.grandParents} {
			if p = p.Parent(); p == nil || want == none {
				if p != nil && c.parent == none {
					t.Errorf("%q has a parent, %s", c.text, p)
				}
				break
			}
			if p.String() != want || p.Legacy() != c.legacy {
				t.Errorf("%q has the parent %s, want %s", c.text, p, want)
			}
		}
	}
}

// TestParentOfWhatIsMissing is how a command finds where to put a new member.
func TestParentOfWhatIsMissing(t *testing.T) {
	root := document(t, []byte(`{"items":[{"sku":"A"},7,{"sku":"B","new":1}]}`))
	p := mustParse(t, "$.items[*].new")
	list, err := p.Parent().Select(nil, root, Limits{})
	if got := strings.Join(textsOf(list), " "); err != nil ||
		got != `{"sku":"A"} 7 {"sku":"B","new":1}` {
		t.Errorf("parents are %s, %v", got, err)
	}
	if name, ok := p.LastName(); !ok || string(name) != "new" {
		t.Errorf("last name is %q, %v", name, ok)
	}
}

// TestMatchesAreEdits: the offset of a match is what jsondoc wants to replace or to delete.
func TestMatchesAreEdits(t *testing.T) {
	const text = `{"a":[1,{"b":2,"c":3},[4,5]],"b":6,"d":{"b":{"b":7}}}`
	for _, c := range []struct{ path, deleted, replaced string }{
		{"$.b", `{"a":[1,{"b":2,"c":3},[4,5]],"d":{"b":{"b":7}}}`,
			`{"a":[1,{"b":2,"c":3},[4,5]],"b":0,"d":{"b":{"b":7}}}`},
		{"$..b", `{"a":[1,{"c":3},[4,5]],"d":{}}`,
			`{"a":[1,{"b":0,"c":3},[4,5]],"b":0,"d":{"b":0}}`},
		{"$.a[::2]", `{"a":[{"b":2,"c":3}],"b":6,"d":{"b":{"b":7}}}`,
			`{"a":[0,{"b":2,"c":3},0],"b":6,"d":{"b":{"b":7}}}`},
		{"$..[?@ > 3]", `{"a":[1,{"b":2,"c":3},[]],"d":{"b":{}}}`,
			`{"a":[1,{"b":2,"c":3},[0,0]],"b":0,"d":{"b":{"b":0}}}`},
		{"$.d.*", `{"a":[1,{"b":2,"c":3},[4,5]],"b":6,"d":{}}`,
			`{"a":[1,{"b":2,"c":3},[4,5]],"b":6,"d":{"b":0}}`},
		{"$.a[-1][-1]", `{"a":[1,{"b":2,"c":3},[4]],"b":6,"d":{"b":{"b":7}}}`,
			`{"a":[1,{"b":2,"c":3},[4,0]],"b":6,"d":{"b":{"b":7}}}`},
	} {
		names := jsondoc.NewNames()
		doc, err := jsondoc.Append(nil, []byte(text), names)
		if err != nil {
			t.Fatal(err)
		}
		list, err := mustParse(t, c.path).Select(nil, jsondoc.Root(doc, names), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		wants := map[jsondoc.Op]string{jsondoc.Delete: c.deleted, jsondoc.Replace: c.replaced}
		for op, want := range wants {
			var edits []jsondoc.Edit
			for _, m := range list {
				edits = append(edits, jsondoc.Edit{At: m.Value.Offset(), Op: op,
					Value: jsondoc.AppendInt(nil, 0)})
			}
			changed, err := jsondoc.Apply(nil, doc, edits, names)
			if got := textOf(jsondoc.Root(changed, names)); err != nil || got != want {
				t.Errorf("%s: op %d makes %s, %v, want %s", c.path, op, got, err, want)
			}
		}
	}
}

func TestTextsThatAreTooMuch(t *testing.T) {
	nested := func(open, middle, end string, depth int) string {
		return "$[?" + strings.Repeat(open, depth) + middle + strings.Repeat(end, depth) + "]"
	}
	lengths := func(depth int) string {
		return strings.TrimSuffix(nested("length(", "@", ")", depth), "]") + "==1]"
	}
	for _, c := range []struct {
		text   string
		offset int // of the error, -1 for none
	}{
		{"$" + strings.Repeat(".a", TextBytesMax/2-1), -1},
		{"$" + strings.Repeat(".a", TextBytesMax/2) + "b", TextBytesMax},
		{"$['" + strings.Repeat("a", TextBytesMax) + "']", TextBytesMax},
		{"$" + strings.Repeat("..*", TextBytesMax/4), -1},
		{nested("(", "@", ")", NestingMax-2), -1},
		{nested("(", "@", ")", NestingMax), 3 + NestingMax - 1},
		{nested("!(", "@", ")", NestingMax-2), -1},
		{nested("!(", "@", ")", NestingMax), 3 + 2*(NestingMax-1)},
		{nested("@[?", "@", "]", NestingMax/2-2), -1},
		{nested("@[?", "@", "]", NestingMax/2), 3 * (NestingMax/2 + 1)},
		{lengths(NestingMax - 2), -1},
		{lengths(NestingMax), 3 + 7*(NestingMax-2) + 6},
		{"$.a\xff", 3},
		{"$['\xc3']", 3},
		{"$.\xed\xa0\x80", 2},
		{"$.a\xf4\x90\x80\x80", 3},
		{"\xff", 0},
	} {
		path, err := Parse(c.text)
		var fault *SyntaxError
		switch {
		case c.offset < 0 && err != nil:
			t.Errorf("Parse(%.60q…): %v", c.text, err)
		case c.offset < 0:
			if _, err := Parse(path.String()); err != nil && len(path.String()) <= TextBytesMax {
				t.Errorf("Parse(%.60q…) as it is written out: %v", c.text, err)
			}
		case !errors.As(err, &fault) || fault.Offset != c.offset:
			t.Errorf("Parse(%.60q…): %v, want an error at %d", c.text, err, c.offset)
		}
	}
	err := &SyntaxError{Offset: 3, Reason: "expected ]"}
	if err.Error() != "expected ] at offset 3" {
		t.Error(err)
	}
}
