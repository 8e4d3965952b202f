// SPDX-License-Identifier: Apache-2.0

package jsondoc

import (
	"errors"
	"slices"
	"testing"
)

// applyElsewhere carries out edits, by their portable form, in a copy of the document whose names
// have other numbers, and gives its text.
func applyElsewhere(t testing.TB, doc []byte, edits []Edit, names *Names) string {
	t.Helper()
	others := NewNames()
	for _, name := range []string{"n1", "other", "n0"} {
		AppendName(nil, []byte(name), others)
	}
	portable := AppendEdits(nil, doc, slices.Clone(edits), names)
	doc = Transcode(nil, Root(doc, names), others)
	got, err := ImportEdits(nil, portable, doc, others)
	if err != nil {
		t.Fatalf("edits %+v as %x: %v", edits, portable, err)
	}
	if doc, err = Apply(nil, doc, got, others); err != nil {
		t.Fatal(err)
	}
	if err := check(doc, others); err != nil {
		t.Fatal(err)
	}
	return textOf(doc, others)
}

func TestPortableEditsAreShort(t *testing.T) {
	names := NewNames()
	doc := packed(t, `{"id":7,"items":[{"sku":"a","quantity":1},{"sku":"b","quantity":2}]}`, names)
	at := find(t, Root(doc, names), "items", 1, "quantity").Offset()
	edits := []Edit{{At: at, Value: packed(t, "3", names)}}
	if got := AppendEdits(nil, doc, edits, names); string(got) != "\x00\x02\x02\x02\x00\x01\x43" {
		t.Errorf("%x", got)
	}
}

func TestImportEditsRefuses(t *testing.T) {
	doc := packed(t, `{"a":[1,2],"b":"text"}`, nil)
	for what, portable := range map[string]string{
		"an op that is not known":          "\x04\x00",
		"no path":                          "\x00",
		"a path without an end":            "\x00\x01\x01",
		"a path into a number":             "\x00\x01\x01\x01\x00\x01\x41",
		"a child that is not there":        "\x00\x03\x00\x01\x41",
		"no value":                         "\x00\x01\x00",
		"a value cut short":                "\x00\x01\x00\x02\x41",
		"a value that is two":              "\x00\x01\x00\x02\x41\x41",
		"a value that is none":             "\x00\x01\x00\x01\xff",
		"the root deleted":                 "\x01\x00",
		"a member that is there":           "\x02\x00\x01a\x01\x41",
		"a member twice":                   "\x02\x00\x01c\x01\x41\x02\x00\x01c\x01\x41",
		"a member of an array":             "\x02\x01\x00\x01c\x01\x41",
		"elements of an object":            "\x03\x00\x00\x01\x01\x41",
		"elements that are missing":        "\x03\x01\x00\x00\x02\x01\x41",
		"a number that does not fit":       "\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		"more edits than there may be, 17": repeated("\x00\x01\x00\x01\x41", PortableEditsMax+1),
	} {
		if _, err := ImportEdits(nil, []byte(portable), doc, nil); !errors.Is(err, errMalformed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := ImportEdits(nil, []byte(repeated("\x00\x01\x00\x01\x41", PortableEditsMax)),
		doc, nil); err != nil {
		t.Error(err)
	}
}

func repeated(s string, n int) (all string) {
	for range n {
		all += s
	}
	return all
}

func FuzzImportEdits(f *testing.F) {
	f.Add([]byte(`{"a":[1,2],"b":"text"}`), []byte("\x00\x01\x02\x00\x01\x43"))
	f.Add([]byte(`[[],{}]`), []byte("\x02\x02\x00\x01c\x01\x41\x03\x01\x00\x05\x02\x01\x41\x01\x42"))
	f.Fuzz(func(t *testing.T, text, portable []byte) {
		names := NewNames()
		doc, err := Append(nil, text, names)
		if err != nil {
			return
		}
		edits, err := ImportEdits(nil, portable, doc, names)
		if err != nil {
			return
		}
		out, err := Apply(nil, doc, edits, names)
		if err != nil {
			return
		}
		if err := check(out, names); err != nil {
			t.Fatalf("%s by %x: %v", text, portable, err)
		}
	})
}
