// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"stampede/internal/container/arena"
	"stampede/internal/seedtest"
)

func newArena(t testing.TB) *arena.Arena {
	t.Helper()
	a, err := arena.New(0)
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

// record is one of 24 bytes, of which no class of blocks above 128 bytes is a multiple.
type record struct {
	value uint64
	_     [2]uint64
}

// twin does everything to a ring and to a slice.
type twin struct {
	t     *testing.T
	arena *arena.Arena
	ring  Ring[record]
	want  []uint64
}

// step does what two numbers say.
func (w *twin) step(what, where int, value uint64) {
	n := len(w.want)
	switch what % 8 {
	case 0, 1, 2:
		i := []int{0, n, where % (n + 1)}[what%8]
		w.ring.Insert(w.arena, i, record{value: value})
		w.want = slices.Insert(w.want, i, value)
	case 3, 4:
		if n == 0 {
			return
		}
		i := where % n
		k := min(1+what/8%5, n-i)
		w.ring.Remove(w.arena, i, k)
		w.want = slices.Delete(w.want, i, i+k)
	case 5:
		keep := n - min(where%3, n)
		w.ring.Truncate(w.arena, keep)
		w.want = w.want[:keep]
	case 6:
		w.ring.Reserve(w.arena, n+where%20)
	case 7:
		for range where % 20 {
			w.ring.Insert(w.arena, 0, record{value: value})
			w.want = slices.Insert(w.want, 0, value)
		}
	}
	w.check()
}

func (w *twin) check() {
	w.t.Helper()
	if w.ring.Len() != len(w.want) {
		w.t.Fatalf("%d records, want %d", w.ring.Len(), len(w.want))
	}
	for i, want := range w.want {
		if got := w.ring.At(i).value; got != want {
			w.t.Fatalf("record %d of %d is %d, want %d", i, len(w.want), got, want)
		}
	}
	if w.ring.Bytes() != w.arena.Used() {
		w.t.Fatalf("%d bytes, but %d of the arena", w.ring.Bytes(), w.arena.Used())
	}
}

func TestTwin(t *testing.T) {
	w := &twin{t: t, arena: newArena(t)}
	r := rand.New(rand.NewPCG(seedtest.Of(t), 1))
	for range 5000 {
		w.step(r.IntN(40), r.IntN(1000), r.Uint64())
	}
	if len(w.want) < 20 {
		t.Fatalf("only %d records at the end", len(w.want))
	}
	w.ring.Remove(w.arena, 0, len(w.want))
	if w.arena.Used() != 0 {
		t.Errorf("%d bytes of the arena are lost", w.arena.Used())
	}
}

func FuzzTwin(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 7, 19, 3, 1, 5, 2})
	f.Fuzz(func(t *testing.T, steps []byte) {
		w := &twin{t: t, arena: newArena(t)}
		for i := 0; i+1 < min(len(steps), 2000); i += 2 {
			w.step(int(steps[i]), int(steps[i+1]), uint64(i))
		}
		w.ring.Truncate(w.arena, 0)
		w.want = nil
		w.check()
	})
}

// TestRoom: a long row has little room to spare, growing and shrinking, at either end.
func TestRoom(t *testing.T) {
	a := newArena(t)
	for _, front := range []bool{false, true} {
		var r Ring[record]
		end := func() int {
			if front {
				return 0
			}
			return r.Len()
		}
		for i := range 100_000 {
			r.Insert(a, end(), record{value: uint64(i)})
			if tight := int64(bytesOf[record](i + 1)); i > 100 && r.Bytes() > tight*130/100 {
				t.Fatalf("%d bytes for %d", r.Bytes(), tight)
			}
		}
		for r.Len() > 0 {
			r.Remove(a, max(end()-1, 0), 1)
			most := max(int64(bytesOf[record](r.Len()))*225/100, 10*int64(unsafe.Sizeof(record{})))
			if r.Bytes() > most {
				t.Fatalf("%d bytes for %d records", r.Bytes(), r.Len())
			}
		}
	}
	if a.Used() != 0 {
		t.Errorf("%d bytes of the arena are lost", a.Used())
	}
}
