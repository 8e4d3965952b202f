// SPDX-License-Identifier: Apache-2.0

package jsondoc

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// A tree is the slow twin of a document: encoding/json's tokens in the order of the text.
type tree struct {
	scalar   any // nil, bool, string or json.Number
	kind     byte
	names    []string // of an object
	children []*tree
}

const (
	scalarTree = 's'
	arrayTree  = '['
	objectTree = '{'
)

// treeOf parses text, which must be valid.
func treeOf(text string) *tree {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	return readTree(d)
}

func readTree(d *json.Decoder) *tree {
	token, err := d.Token()
	if err != nil {
		panic(err)
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return &tree{kind: scalarTree, scalar: token}
	}
	t := &tree{kind: byte(delim)}
	for d.More() {
		if t.kind == arrayTree {
			t.children = append(t.children, readTree(d))
			continue
		}
		name, _ := d.Token()
		t.set(name.(string), readTree(d))
	}
	if _, err := d.Token(); err != nil {
		panic(err)
	}
	return t
}

// set gives a member another value, or adds it.
func (t *tree) set(name string, value *tree) {
	if i := slices.Index(t.names, name); i >= 0 {
		t.children[i] = value
		return
	}
	t.names, t.children = append(t.names, name), append(t.children, value)
}

func (t *tree) text() string {
	var b strings.Builder
	t.write(&b)
	return b.String()
}

func (t *tree) write(b *strings.Builder) {
	if t.kind == scalarTree {
		b.WriteString(scalarText(t.scalar))
		return
	}
	b.WriteByte(t.kind)
	for i, child := range t.children {
		if i > 0 {
			b.WriteByte(',')
		}
		if t.kind == objectTree {
			b.WriteString(scalarText(t.names[i]) + ":")
		}
		child.write(b)
	}
	b.WriteByte(t.kind + 2)
}

func scalarText(scalar any) string {
	switch s := scalar.(type) {
	case nil:
		return "null"
	case string:
		return quoted(s)
	default:
		return fmt.Sprint(s)
	}
}

func quoted(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch letter := strings.IndexRune("\b\t\n\f\r\"\\", r); {
		case letter >= 0:
			b.WriteString(`\` + string(`btnfr"\`[letter]))
		case r < ' ':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return `"` + b.String() + `"`
}

// equal is what Value.Equal is to find.
func (t *tree) equal(o *tree) bool {
	if t.kind != o.kind || len(t.children) != len(o.children) {
		return false
	}
	if t.kind == scalarTree {
		return equalScalars(t.scalar, o.scalar)
	}
	for i, child := range t.children {
		j := i
		if t.kind == objectTree {
			j = slices.Index(o.names, t.names[i])
		}
		if j < 0 || !child.equal(o.children[j]) {
			return false
		}
	}
	return true
}

func equalScalars(a, b any) bool {
	x, ok := a.(json.Number)
	y, also := b.(json.Number)
	if !ok || !also {
		return a == b
	}
	return compareExactly(string(x), string(y)) == 0
}

// compareExactly compares numbers of exponents that are not great.
func compareExactly(a, b string) int {
	x, ok := new(big.Rat).SetString(a)
	y, also := new(big.Rat).SetString(b)
	if !ok || !also {
		panic(a + " " + b)
	}
	return x.Cmp(y)
}

// merge is RFC 7396.
func (t *tree) merge(patch *tree) *tree {
	if patch.kind != objectTree {
		return patch
	}
	out := &tree{kind: objectTree}
	if t != nil && t.kind == objectTree {
		for i, name := range t.names {
			change := patch.member(name)
			switch {
			case change == nil:
				out.set(name, t.children[i])
			case change.kind != scalarTree || change.scalar != nil:
				out.set(name, t.children[i].merge(change))
			}
		}
	}
	for i, name := range patch.names {
		change := patch.children[i]
		if t.member(name) == nil && (change.kind != scalarTree || change.scalar != nil) {
			out.set(name, (*tree)(nil).merge(change))
		}
	}
	return out
}

func (t *tree) member(name string) *tree {
	if t == nil {
		return nil
	}
	if i := slices.Index(t.names, name); i >= 0 {
		return t.children[i]
	}
	return nil
}
