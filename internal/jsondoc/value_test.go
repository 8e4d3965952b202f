// SPDX-License-Identifier: Apache-2.0

package jsondoc

import (
	"math"
	"strconv"
	"testing"

	"stampede/internal/seedtest"
)

func TestValue(t *testing.T) {
	names := NewNames()
	doc := packed(t, `{"n":null,"t":true,"f":false,"i":-5,"d":1.50,"s":"x\ny","a":[1,[],3],`+
		`"o":{"x":1,"y\n":2}}`, names)
	root := Root(doc, names)
	for name, want := range map[string]struct {
		kind  Kind
		len   int
		text  string
		float float64
	}{
		"n": {kind: Null}, "t": {kind: Bool}, "f": {kind: Bool}, "i": {kind: Integer, float: -5},
		"d": {kind: Number, float: 1.5}, "s": {kind: String, text: "x\ny"},
		"a": {kind: Array, len: 3}, "o": {kind: Object, len: 2}, "?": {kind: Missing},
	} {
		v := root.Member([]byte(name))
		n, isInt := v.Int()
		if v.Kind() != want.kind || v.Len() != want.len || string(v.Text()) != want.text ||
			v.Float() != want.float || v.Exists() != (want.kind != Missing) ||
			v.Bool() != (name == "t") || isInt != (name == "i") || isInt && n != -5 {
			t.Errorf("%s: %v of %d, text %q, %v", name, v.Kind(), v.Len(), v.Text(), v.Float())
		}
		if v.Member([]byte("x")).Exists() != (name == "o") || v.Element(2).Exists() != (name == "a") ||
			v.Element(-1).Exists() || v.Element(3).Exists() {
			t.Errorf("%s: wrong children", name)
		}
	}
	if got := root.Member([]byte("?")).AppendText(nil, nil); got != nil {
		t.Errorf("what does not exist is written as %s", got)
	}
	if n, _ := root.Member([]byte("a")).Element(2).Int(); n != 3 {
		t.Errorf("element 2 is %d", n)
	}
	if n, _ := root.Member([]byte("o")).Member([]byte("y\n")).Int(); n != 2 {
		t.Errorf("member y is %d", n)
	}
	if String.String() != "string" || Missing.String() != "missing" {
		t.Error("kinds have other names")
	}
}

func TestIter(t *testing.T) {
	for _, names := range []*Names{nil, NewNames()} {
		doc := packed(t, `{"x":1,"y\n":[7,8],"z":{}}`, names)
		var got string
		for it := Root(doc, names).Children(); it.Next(); {
			got += strconv.Itoa(it.Index()) + string(it.Name()) + it.Value().Kind().String()
			if it.Offset() >= it.Value().Offset() {
				t.Error("a member begins behind its value")
			}
		}
		if got != "0xinteger1y\narray2zobject" {
			t.Errorf("%q", got)
		}
		for it := Root(doc, names).Member([]byte("y\n")).Children(); it.Next(); {
			n, _ := it.Value().Int()
			if it.Name() != nil || it.Offset() != it.Value().Offset() || n != int64(7+it.Index()) {
				t.Errorf("element %d is %d with name %q", it.Index(), n, it.Name())
			}
		}
	}
	it := Root(packed(t, `"text"`, nil), nil).Children()
	if it.Next() {
		t.Error("a string has children")
	}
}

func TestFloat(t *testing.T) {
	r := newSource(seedtest.Of(t), 6)
	texts := []string{"1e400", "-1e400", "1e-400", "9007199254740993", "90071992547409.93",
		"9223372036854775807", "92233720368547758.07", "0.1", "-0", "123456789012345678901"}
	for range 5000 {
		texts = append(texts, r.number())
	}
	for _, text := range texts {
		want, _ := strconv.ParseFloat(text, 64)
		got := Root(packed(t, text, nil), nil).Float()
		if math.Float64bits(got) != math.Float64bits(want) {
			t.Errorf("%s is %v, want %v", text, got, want)
		}
	}
}

func TestAppendNumber(t *testing.T) {
	for _, text := range []string{"", "-", "1.", "x", "1x", "NaN", " 1", "1 ", "01", "+1"} {
		if dst, ok := AppendNumber([]byte("before"), []byte(text)); ok || string(dst) != "before" {
			t.Errorf("%q is taken for a number", text)
		}
	}
	for _, text := range []string{"0", "-0", "1.5", "1e5", "-70000"} {
		dst, ok := AppendNumber(nil, []byte(text))
		if !ok || string(dst) != string(packed(t, text, nil)) {
			t.Errorf("%s becomes %x", text, dst)
		}
	}
}

func TestBuild(t *testing.T) {
	names := NewNames()
	dst, object := OpenObject([]byte("before"))
	dst = AppendInt(AppendName(dst, []byte("i"), names), math.MinInt64)
	dst, array := OpenArray(AppendName(dst, []byte("a"), names))
	for i := range 100 {
		dst = AppendString(AppendBool(AppendNull(dst), i%2 == 0), []byte("text"))
	}
	dst = Close(Close(dst, array), object)
	v := Root(dst[6:], names)
	if err := check(dst[6:], names); err != nil {
		t.Error(err)
	}
	if n, _ := v.Member([]byte("i")).Int(); n != math.MinInt64 {
		t.Errorf("i is %d", n)
	}
	if a := v.Member([]byte("a")); a.Len() != 300 || !a.Element(1).Bool() || a.Element(4).Bool() ||
		string(a.Element(299).Text()) != "text" || a.Element(3).Kind() != Null {
		t.Errorf("built %s", v.AppendText(nil, nil))
	}
}

func TestAppendTextWithFormat(t *testing.T) {
	names := NewNames()
	v := Root(packed(t, `{"a":[1,[],{}],"b":{"c":null}}`, names), names)
	f := Format{Indent: []byte("\t"), Newline: []byte("\n"), Space: []byte(" ")}
	const want = "{\n\t\"a\": [\n\t\t1,\n\t\t[],\n\t\t{}\n\t],\n\t\"b\": {\n\t\t\"c\": null\n\t}\n}"
	if got := v.AppendText(nil, &f); string(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
	f = Format{Space: []byte("_"), Newline: []byte("|"), Indent: []byte("."), Depth: 1}
	if got := v.Member([]byte("b")).AppendText(nil, &f); string(got) != `{|..`+`"c":_null|.}` {
		t.Errorf("%s", got)
	}
	if got := v.AppendText(nil, &Format{}); string(got) != `{"a":[1,[],{}],"b":{"c":null}}` {
		t.Errorf("%s", got)
	}
}

func TestNothingAllocates(t *testing.T) {
	names := NewNames()
	doc := packed(t, order, names)
	text, dst := []byte(order), make([]byte, 0, 4096)
	items, quantity := []byte("items"), []byte("quantity")
	edit := Edit{At: Root(doc, names).Member(items).Element(0).Member(quantity).Offset(),
		Value: AppendInt(nil, 1000)}
	edits := make([]Edit, 0, 1)
	allocs := testing.AllocsPerRun(100, func() {
		dst, _ = Append(dst[:0], text, names)
		dst = Root(doc, names).AppendText(dst[:0], nil)
		dst, _ = Apply(dst[:0], doc, append(edits, edit), names)
		dst = AppendPortable(dst[:0], Root(doc, names))
		dst, _ = Import(dst, dst, names)
		Root(doc, names).Equal(Root(dst, names))
		for it := Root(doc, names).Member(items).Children(); it.Next(); {
			it.Value().Member(quantity).Int()
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
