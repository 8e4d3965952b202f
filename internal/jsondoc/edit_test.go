// SPDX-License-Identifier: Apache-2.0

package jsondoc

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"stampede/internal/seedtest"
)

// find follows names and indexes from the root.
func find(t testing.TB, v Value, path ...any) Value {
	t.Helper()
	for _, step := range path {
		switch s := step.(type) {
		case string:
			v = v.Member([]byte(s))
		case int:
			v = v.Element(s)
		}
	}
	if !v.Exists() {
		t.Fatalf("nothing at %v", path)
	}
	return v
}

func TestApply(t *testing.T) {
	const text = `{"a":1,"b":[10,20,30],"c":{"d":{"e":"x"}},"f":[]}`
	at := func(path ...any) []any { return path }
	type edit struct {
		path []any
		op   Op
		arg  any // the name of InsertMember, the index of InsertElements
		text string
	}
	for name, c := range map[string]struct {
		edits []edit
		want  string
	}{
		"nothing": {nil, text},
		"root":    {[]edit{{at(), Replace, nil, `[1]`}}, `[1]`},
		"root and within": {[]edit{{at("a"), Replace, nil, `2`}, {at(), Replace, nil, `0`}},
			`0`},
		"no root": {[]edit{{at(), Delete, nil, ``}}, ``},
		"number": {[]edit{{at("a"), Replace, nil, `100000`}},
			`{"a":100000,"b":[10,20,30],"c":{"d":{"e":"x"}},"f":[]}`},
		"deep": {[]edit{{at("c", "d", "e"), Replace, nil, `{"long":"` + strings.Repeat("y", 300) +
			`"}`}}, `{"a":1,"b":[10,20,30],"c":{"d":{"e":{"long":"` + strings.Repeat("y", 300) +
			`"}}},"f":[]}`},
		"last replacement counts": {[]edit{{at("a"), Replace, nil, `2`}, {at("f"), Replace, nil,
			`1`}, {at("a"), Replace, nil, `"3"`}}, `{"a":"3","b":[10,20,30],"c":{"d":{"e":"x"}},"f":1}`},
		"within what is replaced": {[]edit{{at("c", "d", "e"), Replace, nil, `1`}, {at("c"),
			Replace, nil, `0`}, {at("c", "d"), InsertMember, "z", `1`}, {at("f"), Delete, nil, ``}},
			`{"a":1,"b":[10,20,30],"c":0}`},
		"within what is deleted": {[]edit{{at("c", "d", "e"), Delete, nil, ``}, {at("c"), Delete,
			nil, ``}, {at("c"), Replace, nil, `7`}, {at("c"), InsertMember, "z", `1`}},
			`{"a":1,"b":[10,20,30],"f":[]}`},
		"all members": {[]edit{{at("a"), Delete, nil, ``}, {at("b"), Delete, nil, ``},
			{at("c"), Delete, nil, ``}, {at("f"), Delete, nil, ``}}, `{}`},
		"elements": {[]edit{{at("b", 0), Delete, nil, ``}, {at("b", 2), Delete, nil, ``}},
			`{"a":1,"b":[20],"c":{"d":{"e":"x"}},"f":[]}`},
		"members": {[]edit{{at(), InsertMember, "z", `1`}, {at("c", "d"), InsertMember, "y", `[]`},
			{at(), InsertMember, "q\n", `2`}},
			`{"a":1,"b":[10,20,30],"c":{"d":{"e":"x","y":[]}},"f":[],"z":1,"q\n":2}`},
		"insertions": {[]edit{{at("b"), InsertElements, 1, `[1,2]`}, {at("b"), InsertElements, 99,
			`[9]`}, {at("b"), InsertElements, 0, `["a"]`}, {at("b"), InsertElements, 1, `[3]`},
			{at("f"), InsertElements, 0, `[[],{}]`}, {at("b", 1), Delete, nil, ``}, {at("b", 2),
				Replace, nil, `"x"`}},
			`{"a":1,"b":["a",10,1,2,3,"x",9],"c":{"d":{"e":"x"}},"f":[[],{}]}`},
		"insertion into what is replaced": {[]edit{{at("b"), InsertElements, 0, `[1]`}, {at("b"),
			Replace, nil, `[]`}}, `{"a":1,"b":[],"c":{"d":{"e":"x"}},"f":[]}`},
	} {
		names := NewNames()
		doc := packed(t, text, names)
		var edits []Edit
		for _, e := range c.edits {
			one := Edit{At: find(t, Root(doc, names), e.path...).Offset(), Op: e.op}
			one.Index, _ = e.arg.(int)
			if s, ok := e.arg.(string); ok {
				one.Name = []byte(s)
			}
			if e.text != "" {
				one.Value = packed(t, e.text, names)
			}
			if e.op == InsertElements {
				from, _ := body(one.Value, 0)
				one.Value = one.Value[from:]
			}
			edits = append(edits, one)
		}
		got, err := Apply([]byte("before"), doc, edits, names)
		if err != nil || string(got[:6]) != "before" {
			t.Errorf("%s: %v", name, err)
		}
		if got = got[6:]; len(got) == 0 && c.want == "" {
			continue
		}
		if err := check(got, names); err != nil || textOf(got, names) != c.want {
			t.Errorf("%s: %s (%v), want %s", name, textOf(got, names), err, c.want)
		}
		if textOf(doc, names) != text {
			t.Errorf("%s: changed the document itself", name)
		}
	}
}

func TestApplyKeepsTheDepth(t *testing.T) {
	doc := packed(t, nest("[", "]", DepthMax), nil)
	inner := Root(doc, nil)
	for range DepthMax - 1 {
		inner = inner.Element(0)
	}
	insert := func(text string) error {
		edits := []Edit{{At: inner.Offset(), Op: InsertElements, Value: packed(t, text, nil)}}
		got, err := Apply([]byte("before"), doc, edits, nil)
		if err != nil && string(got) != "before" {
			t.Errorf("left %x behind", got)
		}
		return err
	}
	if err := insert(`"x"`); err != nil {
		t.Error(err)
	}
	if err := insert(`[]`); !errors.Is(err, ErrDepth) {
		t.Errorf("%v, want %v", err, ErrDepth)
	}
}

func TestOverwrite(t *testing.T) {
	names := NewNames()
	doc := packed(t, `{"a":1,"b":[true,"ab"],"c":1.50,"d":{}}`, names)
	root := Root(doc, names)
	edits := []Edit{
		{At: find(t, root, "a").Offset(), Value: packed(t, `63`, names)},
		{At: find(t, root, "b", 0).Offset(), Value: packed(t, `null`, names)},
		{At: find(t, root, "b", 1).Offset(), Value: packed(t, `"xy"`, names)},
		{At: find(t, root, "c").Offset(), Value: packed(t, `2.60`, names)},
	}
	if !Overwrite(doc, edits) {
		t.Error("did not overwrite values of the same size")
	}
	const want = `{"a":63,"b":[null,"xy"],"c":2.60,"d":{}}`
	for _, e := range []Edit{
		{At: find(t, root, "a").Offset(), Value: packed(t, `64`, names)},
		{At: find(t, root, "d").Offset(), Value: packed(t, `1`, names)},
		{At: find(t, root, "a").Offset(), Value: packed(t, `[]`, names)},
		{At: find(t, root, "a").Offset(), Op: Delete},
		{At: 0, Op: InsertMember, Name: []byte("z"), Value: packed(t, `1`, names)},
	} {
		first := Edit{At: find(t, root, "a").Offset(), Value: packed(t, `9`, names)}
		if Overwrite(doc, []Edit{first, e}) {
			t.Errorf("overwrote %+v", e)
		}
	}
	if got := textOf(doc, names); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// A place is a value of a document with its node in the twin.
type place struct {
	value  Value
	offset int // of the child, with its name
	node   *tree
}

func places(list []place, v Value, offset int, node *tree) []place {
	list = append(list, place{v, offset, node})
	for it := v.Children(); it.Next(); {
		list = places(list, it.Value(), it.Offset(), node.children[it.Index()])
	}
	return list
}

// A change is an Edit with its text, for the twin.
type change struct {
	Edit
	texts []string
}

// randomChange makes an edit of some place, which packs what it puts in.
func randomChange(r source, all []place, names *Names, serial int) (*tree, change) {
	p := all[r.IntN(len(all))]
	c := change{Edit: Edit{At: p.value.Offset(), Op: Replace}}
	texts := 1
	switch kind := p.value.Kind(); {
	case len(all) > 1 && r.IntN(3) == 0:
		p = all[1+r.IntN(len(all)-1)]
		c.Op, c.At, texts = Delete, p.value.Offset(), 0
		if r.IntN(2) == 0 {
			c.At = p.offset
		}
	case kind == Object && r.IntN(4) > 0:
		c.Op, c.Name = InsertMember, fmt.Appendf(nil, "new %d", serial)
	case kind == Array && r.IntN(4) > 0:
		c.Op, c.Index, texts = InsertElements, r.IntN(8), r.IntN(3)
	}
	for range texts {
		text := r.text(2)
		c.Value, _ = Append(c.Value, []byte(text), names)
		c.texts = append(c.texts, text)
	}
	return p.node, c
}

// apply is what Apply is to do; nil is a value that is deleted.
func (t *tree) apply(changes map[*tree][]change) *tree {
	mine := changes[t]
	var replaced *tree
	for _, c := range mine {
		switch c.Op {
		case Delete:
			return nil
		case Replace:
			replaced = treeOf(c.texts[0])
		}
	}
	if replaced != nil {
		return replaced
	}
	if t.kind == scalarTree {
		return t
	}
	out := &tree{kind: t.kind}
	slices.SortStableFunc(mine, func(a, b change) int { return a.Index - b.Index })
	insert := func(index int) {
		for ; len(mine) > 0 && mine[0].Index <= index; mine = mine[1:] {
			for _, text := range mine[0].texts {
				if t.kind == objectTree {
					out.names = append(out.names, string(mine[0].Name))
				}
				out.children = append(out.children, treeOf(text))
			}
		}
	}
	for i, child := range t.children {
		if t.kind == arrayTree {
			insert(i)
		}
		if child = child.apply(changes); child == nil {
			continue
		}
		if t.kind == objectTree {
			out.names = append(out.names, t.names[i])
		}
		out.children = append(out.children, child)
	}
	insert(1 << 30)
	return out
}

// applyAsTwin makes random edits of a document and compares what becomes of it.
func applyAsTwin(t testing.TB, r source, text string, count int) {
	t.Helper()
	names := NewNames()
	doc := packed(t, text, names)
	twin := treeOf(text)
	all := places(nil, Root(doc, names), 0, twin)
	changes := map[*tree][]change{}
	var edits []Edit
	for i := range count {
		node, c := randomChange(r, all, names, i)
		changes[node] = append(changes[node], c)
		edits = append(edits, c.Edit)
	}
	wanted := twin.apply(changes)
	var elsewhere string
	if wanted != nil && count <= PortableEditsMax {
		elsewhere = applyElsewhere(t, doc, edits, names)
	}
	got, err := Apply(nil, doc, edits, names)
	if err != nil {
		t.Fatal(err)
	}
	if wanted == nil {
		if len(got) != 0 {
			t.Fatalf("%s: the root was deleted, but %x is left", text, got)
		}
		return
	}
	if err := check(got, names); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if want := wanted.text(); textOf(got, names) != want {
		t.Fatalf("%s\nbecame %s\nwant   %s\nby %+v", text, textOf(got, names), want, edits)
	} else if elsewhere != "" && elsewhere != want {
		t.Fatalf("%s\nbecame %s elsewhere\nwant   %s\nby %+v", text, elsewhere, want, edits)
	}
}

func TestApplyAsTwin(t *testing.T) {
	r := newSource(seedtest.Of(t), 4)
	for range 4000 {
		applyAsTwin(t, r, r.text(4), r.IntN(6))
	}
}

func FuzzApply(f *testing.F) {
	f.Add([]byte(order), uint64(1), byte(3))
	f.Add([]byte(`{"a":[1,{"b":2}]}`), uint64(2), byte(9))
	f.Fuzz(func(t *testing.T, text []byte, seed uint64, count byte) {
		doc, err := Append(nil, text, nil)
		if err != nil || depthOf(doc, 0) > DepthMax-3 {
			return
		}
		r := newSource(seed, 5)
		text = Root(doc, nil).AppendText(nil, nil) // without names that come twice
		applyAsTwin(t, r, string(text), int(count%16))
	})
}
