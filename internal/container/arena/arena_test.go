// SPDX-License-Identifier: Apache-2.0

package arena_test

import (
	"testing"

	"stampede/internal/container/arena"
)

func TestSizeOf(t *testing.T) {
	for _, c := range []struct{ n, want int }{
		{1, 8}, {8, 8}, {9, 16}, {128, 128}, {129, 144}, {256, 256}, {257, 288}, {4097, 4608},
		{128 << 10, 128 << 10}, {128<<10 + 1, 132 << 10}, {512 << 20, 512 << 20},
	} {
		if got := arena.SizeOf(c.n); got != c.want {
			t.Errorf("SizeOf(%d) = %d, want %d", c.n, got, c.want)
		}
	}
	for n := 1; n <= arena.SlabBytesMax; n++ {
		size := arena.SizeOf(n)
		if size < n || size > n+n/8+8 || arena.SizeOf(size) != size {
			t.Fatalf("SizeOf(%d) = %d, SizeOf(%d) = %d", n, size, size, arena.SizeOf(size))
		}
	}
}

func TestAllocFree(t *testing.T) {
	a, err := arena.New(0)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	r := a.Alloc(100)
	copy(a.Bytes(r, 100), "hello")
	s := a.Alloc(1 << 20)
	copy(a.Bytes(s, 1<<20)[1<<20-5:], "world")
	if got := string(a.Bytes(r, 5)); got != "hello" {
		t.Errorf("got %q", got)
	}
	s = a.Realloc(s, 1<<20, 3<<20, 1<<20)
	if got := string(a.Bytes(s, 1<<20)[1<<20-5:]); got != "world" {
		t.Errorf("got %q", got)
	}
	a.Free(r, 104)
	a.Free(s, 3<<20)
	if a.Used() != 0 {
		t.Errorf("Used = %d after all is freed", a.Used())
	}
}
