// SPDX-License-Identifier: Apache-2.0

package listpack_test

import (
	"fmt"
	"slices"
	"testing"

	"stampede/internal/container/listpack"
)

func packOf(elements ...string) listpack.Pack {
	p := listpack.New(make([]byte, listpack.EmptyBytes, 4096))
	for _, element := range elements {
		p = p.Append([]byte(element))
	}
	return p
}

// TestInsertTail puts the last elements of a pack, from none to all, into another one, at its
// beginning and at its end: the same bytes as one by one.
func TestInsertTail(t *testing.T) {
	elements := []string{"a", "1", "b", "70000"}
	q := packOf(elements...)
	for n := range len(elements) + 1 {
		from := q.End()
		if n > 0 {
			from = q.At(-n)
		}
		tail := elements[len(elements)-n:]
		name := fmt.Sprintf("%q into %q", tail, "x")
		p, want := packOf("x"), packOf(append(slices.Clone(tail), "x")...)
		if got := p.InsertTail(p.First(), q, from, n); string(got) != string(want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		p, want = packOf("x"), packOf(append([]string{"x"}, tail...)...)
		if got := p.InsertTail(p.End(), q, from, n); string(got) != string(want) {
			t.Errorf("%s, at the end: %q, want %q", name, got, want)
		}
		p = packOf()
		if got := p.InsertTail(p.End(), q, from, n); string(got) != string(packOf(tail...)) {
			t.Errorf("%q alone: %q", tail, got)
		}
	}
}
