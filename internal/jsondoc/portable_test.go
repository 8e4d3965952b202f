// SPDX-License-Identifier: Apache-2.0

package jsondoc

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"stampede/internal/seedtest"
)

func TestPortable(t *testing.T) {
	r := newSource(seedtest.Of(t), 10)
	from, to := NewNames(), NewNames()
	for range 1000 {
		text := r.text(4)
		doc := packed(t, text, from)
		portable := AppendPortable([]byte("before"), Root(doc, from))[6:]
		if err := check(portable, nil); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		got, err := Import([]byte("before"), portable, to)
		if err != nil || string(got[:6]) != "before" {
			t.Fatalf("%s: %v", text, err)
		}
		if err := check(got[6:], to); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if string(got[6:]) != string(packed(t, text, to)) ||
			string(Transcode(nil, Root(doc, from), to)) != string(got[6:]) {
			t.Fatalf("%s came over as %s", text, textOf(got[6:], to))
		}
		back := Transcode(nil, Root(got[6:], to), from)
		if string(back) != string(doc) {
			t.Fatalf("%s came back as %s", text, textOf(back, from))
		}
	}
}

func TestTranscodePart(t *testing.T) {
	from, to := NewNames(), NewNames()
	to.take([]byte("other"))
	doc := packed(t, `{"a":{"b":[{"c":1}]}}`, from)
	part := Transcode(nil, find(t, Root(doc, from), "a", "b"), to)
	if got := textOf(part, to); got != `[{"c":1}]` {
		t.Error(got)
	}
}

func TestImportRefuses(t *testing.T) {
	bytes := func(parts ...any) (b []byte) {
		for _, part := range parts {
			switch p := part.(type) {
			case int:
				b = append(b, byte(p))
			case string:
				b = append(b, p...)
			}
		}
		return b
	}
	long := strings.Repeat("x", 300)
	for name, b := range map[string][]byte{
		"nothing":            {},
		"unknown tag":        {0xEB},
		"unknown long tag":   {0xF3, 0},
		"behind":             {tagNull, tagNull},
		"string cut off":     bytes(5, "abc"),
		"length cut off":     {0xF5, 1},
		"u32 cut off":        {0xF6, 0, 0, 0},
		"great length":       {0xFA, 255, 255, 255, 255},
		"integer cut off":    {tagInteger | 7, 1, 2, 3},
		"small as wide":      {tagInteger, 63},
		"wide as wider":      {tagInteger | 1, 100, 0},
		"decimal too wide":   {tagDecimal | 1, 5, 0},
		"string too long":    bytes(0xF4, 3, "abc"),
		"array too long":     {0xF8, 0},
		"array in u32":       append([]byte{0xFA, 20, 0, 0, 0}, make([]byte, 20)...),
		"integer as text":    bytes(0xF0, 2, "12"),
		"decimal as text":    bytes(0xF0, 3, "1.5"),
		"no number":          bytes(0xF0, 3, "1e "),
		"no number at all":   {0xF0, 0},
		"bad text":           {1, 0xFF},
		"element beyond":     bytes(tagArray|2, 2, "a"),
		"member cut off":     bytes(tagObject|2, nameInline+1, "a"),
		"name cut off":       bytes(tagObject|2, nameInline+9, "a"),
		"name length off":    bytes(tagObject|1, name8),
		"name of u32 off":    bytes(tagObject|3, name32, 1, 0),
		"great name":         bytes(tagObject|6, name32, 255, 255, 255, 255, 1),
		"name in u8":         bytes(tagObject|4, name8, 1, "a", tagNull),
		"bad name":           bytes(tagObject|3, nameInline+1, 0xFF, tagNull),
		"name by number":     bytes(tagObject|2, 0, tagNull),
		"name by wide":       bytes(tagObject|3, nameWide, 200, tagNull),
		"name twice":         bytes(tagObject|6, nameInline+1, "a", 1, nameInline+1, "a", 1),
		"object without end": bytes(0xFD, 44, 1, name32, 44, 1, 0, 0, long),
		"too deep":           packedDeep(DepthMax + 1),
	} {
		got, err := Import([]byte("before"), b, NewNames())
		if !errors.Is(err, errMalformed) || string(got) != "before" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Import(nil, packedDeep(DepthMax), nil); err != nil {
		t.Error(err)
	}
}

func packedDeep(depth int) (b []byte) {
	for range depth {
		b = closeBody(append([]byte("....."), b...), 0, 5, familyArray)
	}
	return b
}

// TestCheckSeesEveryByte: no byte of a document is without meaning to check, so whatever it
// passes is a document, and a different one.
func TestCheckSeesEveryByte(t *testing.T) {
	r := newSource(seedtest.Of(t), 11)
	var names *Names
	for range 300 {
		doc := packed(t, r.text(3), names)
		if len(doc) > 2000 {
			continue
		}
		text := textOf(doc, names)
		for at := range doc {
			other := slices.Clone(doc)
			other[at] ^= byte(1) << r.IntN(8)
			if check(other, names) != nil {
				continue
			}
			again := packed(t, textOf(other, names), names)
			if string(again) != string(other) || textOf(other, names) == text {
				t.Fatalf("%x passes for a document, as does %x", other, doc)
			}
		}
	}
}

func FuzzImport(f *testing.F) {
	r := newSource(1, 12)
	for range 30 {
		doc, _ := Append(nil, []byte(r.text(3)), nil)
		f.Add(doc)
	}
	doc, _ := Append(nil, []byte(order), nil)
	f.Add(doc)
	f.Fuzz(func(t *testing.T, portable []byte) {
		names := NewNames()
		doc, err := Import(nil, portable, names)
		if err != nil {
			return
		}
		if err := check(doc, names); err != nil {
			t.Fatalf("%x: %v", portable, err)
		}
		v := Root(doc, names)
		if again := AppendPortable(nil, v); string(again) != string(portable) {
			t.Fatalf("%x is written again as %x", portable, again)
		}
		sameAsTwin(t, string(v.AppendText(nil, nil)), names)
	})
}
