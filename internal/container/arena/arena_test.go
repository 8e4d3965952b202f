// SPDX-License-Identifier: Apache-2.0

package arena_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"stampede/internal/assert"
	"stampede/internal/container/arena"
	"stampede/internal/seedtest"
)

const mib = 1 << 20

func newArena(t testing.TB, reserveBytes int64) *arena.Arena {
	t.Helper()
	a, err := arena.New(reserveBytes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

func TestNewRefusesWhatARefCannotReach(t *testing.T) {
	for _, n := range []int64{-1, arena.ReserveBytesMax + 1} {
		if _, err := arena.New(n); err == nil {
			t.Errorf("New(%d) gave no error", n)
		}
	}
}

func TestSizeOf(t *testing.T) {
	for _, c := range []struct{ n, want int }{
		{1, 8}, {8, 8}, {9, 16}, {128, 128}, {129, 144}, {256, 256}, {257, 288}, {4097, 4608},
		{128 << 10, 128 << 10}, {128<<10 + 1, 132 << 10}, {512 * mib, 512 * mib},
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

func TestReallocInPlace(t *testing.T) {
	for _, c := range []struct {
		name       string
		oldN, newN int
		same       bool
	}{
		{"one class", 100, 104, true},
		{"next class", 100, 105, false},
		{"slab to span", 100, mib, false},
		{"span to slab", mib, 100, false},
		{"span grows at the top", mib, 9 * mib, true},
		{"span shrinks", mib, 200 << 10, true},
	} {
		a := newArena(t, 64*mib)
		r := a.Alloc(c.oldN)
		keep := min(c.oldN, c.newN)
		for i := range a.Bytes(r, keep) {
			a.Bytes(r, keep)[i] = byte(i % 251)
		}
		got := a.Realloc(r, c.oldN, c.newN, keep)
		if (got == r) != c.same {
			t.Errorf("%s: moved from %d to %d", c.name, r, got)
		}
		for i, b := range a.Bytes(got, keep) {
			if b != byte(i%251) {
				t.Fatalf("%s: byte %d of %d is lost", c.name, i, keep)
			}
		}
		if want := int64(arena.SizeOf(c.newN)); a.Used() != want {
			t.Errorf("%s: Used = %d, want %d", c.name, a.Used(), want)
		}
		a.Free(got, c.newN)
		a.Check()
	}
}

func TestMemoryGoesBack(t *testing.T) {
	a := newArena(t, 0)
	var refs []arena.Ref
	for range 20 * mib / 128 {
		refs = append(refs, a.Alloc(128))
	}
	large := a.Alloc(50 * mib)
	if s := a.Stats(); s.Resident != 70*mib || s.Slabs != 20 || s.Spans != 50*mib || s.Free != 0 {
		t.Errorf("full: %+v", s)
	}
	for _, r := range refs {
		a.Free(r, 128)
	}
	a.Free(large, 50*mib)
	a.Check()
	if s := a.Stats(); s.Used != 0 || s.Blocks != 0 || s.Resident > 4*mib {
		t.Errorf("empty: %+v", s)
	}
}

func TestManySlabsOfOneClass(t *testing.T) {
	const size = 100 << 10 // nine to a slab
	seed := seedtest.Of(t)
	random := rand.New(rand.NewPCG(seed, 0))
	a := newArena(t, 0)
	var refs []arena.Ref
	for step := range 3000 {
		if random.IntN(1000) < 300+step%600 {
			i := random.IntN(len(refs) + 1)
			refs = slices.Insert(refs, i, a.Alloc(size))
		} else if len(refs) > 0 {
			a.Free(refs[len(refs)-1], size)
			refs = refs[:len(refs)-1]
		}
		if step%20 == 0 {
			a.Check()
		}
		if a.Used() != int64(len(refs)*arena.SizeOf(size)) {
			t.Fatalf("Used = %d with %d blocks", a.Used(), len(refs))
		}
	}
}

func TestRoom(t *testing.T) {
	a := newArena(t, 8*mib)
	if got := a.Room(); got != 7*mib {
		t.Fatalf("Room = %d at the start, want %d", got, 7*mib)
	}
	for _, n := range []int{1, 5 * mib, 1 << 17} {
		if !a.Fits(n) {
			t.Fatalf("%d bytes do not fit", n)
		}
		a.Alloc(n)
	}
	if a.Fits(300) || a.Room() != 0 {
		t.Errorf("a block of a new class fits in %d bytes", a.Room())
	}
	if !a.Fits(8) || !a.Fits(1<<17) {
		t.Error("nothing fits into slabs that have room")
	}
	defer func() {
		if recover() == nil {
			t.Error("a full reservation gave a block")
		}
	}()
	a.Alloc(300)
}

func TestReset(t *testing.T) {
	a := newArena(t, 64*mib)
	for round := range 3 {
		for n := 1; n < mib; n += n/3 + 1 {
			r := a.Alloc(n)
			a.Bytes(r, n)[n-1] = 1
		}
		if a.Check(); a.Used() < mib {
			t.Fatalf("round %d: Used = %d", round, a.Used())
		}
		a.Reset()
		a.Check()
		if s := a.Stats(); s.Used != 0 || s.Resident != 0 || a.Room() != 63*mib {
			t.Fatalf("round %d: %+v after Reset", round, s)
		}
	}
}

func TestGuards(t *testing.T) {
	if !assert.Slow {
		t.Skip("guards are compiled in by the build tag slowassert")
	}
	for name, do := range map[string]func(a *arena.Arena, r arena.Ref){
		"double free":         func(a *arena.Arena, r arena.Ref) { a.Free(r, 100); a.Free(r, 100) },
		"wrong size":          func(a *arena.Arena, r arena.Ref) { a.Free(r, 90) },
		"view of dead":        func(a *arena.Arena, r arena.Ref) { a.Free(r, 100); a.Bytes(r, 1) },
		"view beyond the end": func(a *arena.Arena, r arena.Ref) { a.Bytes(r, 105) },
		"free in the middle":  func(a *arena.Arena, r arena.Ref) { a.Free(r+1, 100) },
		"write after free": func(a *arena.Arena, r arena.Ref) {
			view := a.Bytes(r, 100)
			a.Free(r, 100)
			view[50] = 'x'
			a.Alloc(100)
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := newArena(t, 64*mib)
			a.Alloc(100)
			defer func() {
				if recover() == nil {
					t.Error("nothing panicked")
				}
			}()
			do(a, a.Alloc(100))
		})
	}
}
