// SPDX-License-Identifier: Apache-2.0

package listpack_test

import (
	"fmt"
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

// TestInsertAll puts one pack into another at each place: the same bytes as one by one.
func TestInsertAll(t *testing.T) {
	for _, c := range []struct{ p, q, want listpack.Pack }{
		{packOf(), packOf(), packOf()},
		{packOf(), packOf("a", "1"), packOf("a", "1")},
		{packOf("x", "70000"), packOf(), packOf("x", "70000")},
		{packOf("x", "70000"), packOf("a", "1", "b"), packOf("a", "1", "b", "x", "70000")},
	} {
		off := c.p.End()
		if c.p.Len() > 0 {
			off = c.p.First()
		}
		name := fmt.Sprintf("%q into %q", c.q, c.p)
		if got := c.p.InsertAll(off, c.q); string(got) != string(c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	p := packOf("x")
	if got, want := p.InsertAll(p.End(), packOf("y", "2")), packOf("x", "y", "2"); string(got) !=
		string(want) {
		t.Errorf("at the end: %q, want %q", got, want)
	}
}
