// SPDX-License-Identifier: Apache-2.0

package jsondoc

import (
	"fmt"
	"strings"
	"testing"
)

// word makes a name without a digit.
func word(i int) string {
	return strings.NewReplacer("0", "a", "1", "b", "2", "c", "3", "d", "4", "e", "5", "f", "6", "g",
		"7", "h", "8", "i", "9", "j").Replace(fmt.Sprint("w", i))
}

func TestNames(t *testing.T) {
	n := NewNames()
	empty := n.Bytes()
	for i := range NamesMax + 100 {
		name := []byte(word(i))
		want := i
		if i >= NamesMax {
			want = -1
		}
		if got := n.take(name); got != want || n.find(name) != want {
			t.Fatalf("%s has number %d, want %d", name, got, want)
		}
	}
	for i := range NamesMax {
		if name := word(i); n.find([]byte(name)) != i || string(n.name(i)) != name ||
			string(n.text(i)) != `"`+name+`":` {
			t.Fatalf("number %d is %s", i, n.name(i))
		}
	}
	if n.Len() != NamesMax || n.Bytes() <= empty || n.Bytes() > 1<<20 {
		t.Errorf("%d names in %d bytes", n.Len(), n.Bytes())
	}
	n.Reset()
	if n.Len() != 0 || n.Bytes() != empty || n.find([]byte(word(1))) >= 0 {
		t.Errorf("%d names are left", n.Len())
	}
}

func TestNamesRefuse(t *testing.T) {
	n := NewNames()
	for _, name := range []string{"a\"", "\\", "\n", "\x1f", strings.Repeat("x", NameBytesMax+1)} {
		if n.take([]byte(name)) >= 0 {
			t.Errorf("took %q", name)
		}
	}
	for i := range 2 * namesWithDigitMax {
		if got := n.take(fmt.Append(nil, i)) >= 0; got != (i < namesWithDigitMax) {
			t.Fatalf("%d was taken: %v", i, got)
		}
	}
	for _, name := range []string{"", "ł", strings.Repeat("x", NameBytesMax)} {
		if n.take([]byte(name)) < 0 {
			t.Errorf("did not take %q", name)
		}
	}
	var none *Names
	if none.take([]byte("a")) >= 0 || none.find([]byte("a")) >= 0 || none.Len() != 0 {
		t.Error("no Names took a name")
	}
}

// TestFullNames: documents are as good when their names do not fit any more.
func TestFullNames(t *testing.T) {
	names := NewNames()
	for i := range NamesMax - 1 {
		names.take([]byte(word(i)))
	}
	const text = `{"fits":1,"does not":2,"w":{"fits":3,"does not":[]},"does not either":4}`
	doc := packed(t, text, names)
	if err := check(doc, names); err != nil || textOf(doc, names) != text {
		t.Errorf("%s (%v)", textOf(doc, names), err)
	}
	v := Root(doc, names).Member([]byte("w"))
	if v.Member([]byte("does not")).Kind() != Array || v.Member([]byte("fits")).Kind() != Integer {
		t.Error("a member is not found")
	}
	sameAsTwin(t, `{"new":1,"newer":2,"new":3,"newer":{"new":1}}`, names)
}

// TestBytesOfAnOrder keeps the promise of docs/decisions/0008-json.md.
func TestBytesOfAnOrder(t *testing.T) {
	names := NewNames()
	doc := packed(t, order, names)
	alone := AppendPortable(nil, Root(doc, names))
	if 100*len(doc) > 55*len(order) || 100*len(alone) > 85*len(order) {
		t.Errorf("text %d, document %d, with its names %d", len(order), len(doc), len(alone))
	}
	t.Logf("text %d, document %d, with its names %d", len(order), len(doc), len(alone))
}
