// SPDX-License-Identifier: Apache-2.0

package jsondoc

import (
	"strings"
	"testing"
)

func packed(t testing.TB, text string, names *Names) []byte {
	t.Helper()
	doc, err := Append(nil, []byte(text), names)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return doc
}

func BenchmarkAppend(b *testing.B) {
	names, text := NewNames(), []byte(order)
	dst := make([]byte, 0, 2048)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = Append(dst[:0], text, names)
	}
	b.ReportMetric(float64(len(dst))/float64(len(text)), "bytes/text")
}

func BenchmarkAppendText(b *testing.B) {
	names := NewNames()
	doc := packed(b, order, names)
	dst := make([]byte, 0, 2048)
	b.SetBytes(int64(len(order)))
	b.ReportAllocs()
	for b.Loop() {
		dst = Root(doc, names).AppendText(dst[:0], nil)
	}
}

func BenchmarkMember(b *testing.B) {
	names := NewNames()
	doc := packed(b, order, names)
	total := []byte("total")
	b.ReportAllocs()
	for b.Loop() {
		if !Root(doc, names).Member(total).Exists() {
			b.Fatal("no total")
		}
	}
}

func BenchmarkPath(b *testing.B) { // items[0].quantity
	names := NewNames()
	doc := packed(b, order, names)
	items, quantity := []byte("items"), []byte("quantity")
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := Root(doc, names).Member(items).Element(0).Member(quantity).Int(); !ok {
			b.Fatal("no quantity")
		}
	}
}

func BenchmarkApply(b *testing.B) {
	names := NewNames()
	doc := packed(b, order, names)
	at := Root(doc, names).Member([]byte("items")).Element(0).Member([]byte("quantity")).Offset()
	edits := []Edit{{At: at, Op: Replace, Value: AppendInt(nil, 300)}}
	dst := make([]byte, 0, 2048)
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = Apply(dst[:0], doc, edits, names)
	}
}

func BenchmarkEqual(b *testing.B) {
	names := NewNames()
	doc, other := packed(b, order, names), packed(b, order, names)
	b.ReportAllocs()
	for b.Loop() {
		if !Root(doc, names).Equal(Root(other, names)) {
			b.Fatal("differs from itself")
		}
	}
}

func BenchmarkAppendPortable(b *testing.B) {
	names := NewNames()
	doc := packed(b, order, names)
	dst := make([]byte, 0, 2048)
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendPortable(dst[:0], Root(doc, names))
	}
}

func BenchmarkImport(b *testing.B) {
	names := NewNames()
	portable := AppendPortable(nil, Root(packed(b, order, names), names))
	dst := make([]byte, 0, 2048)
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = Import(dst[:0], portable, names)
	}
}

// BenchmarkApplyGreat changes the last of a thousand orders in one document of 1 MB of text.
func BenchmarkApplyGreat(b *testing.B) {
	names := NewNames()
	doc := packed(b, "["+strings.Repeat(order+",", 999)+order+"]", names)
	dst := make([]byte, 0, 2*len(doc))
	value := AppendInt(nil, 300)
	b.ReportAllocs()
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		v := Root(doc, names).Element(999).Member([]byte("version"))
		dst, _ = Apply(dst[:0], doc, []Edit{{At: v.Offset(), Value: value}}, names)
	}
}

func BenchmarkElement(b *testing.B) { // the last of 10 000 numbers
	doc := packed(b, "["+strings.Repeat("17.50,", 9_999)+"0]", nil)
	for b.Loop() {
		if !Root(doc, nil).Element(9_999).Exists() {
			b.Fatal("too short")
		}
	}
}
