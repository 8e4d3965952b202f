// SPDX-License-Identifier: Apache-2.0

package quicklist

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"stampede/internal/container/arena"
	"stampede/internal/container/listpack"
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

// twin does everything to a list and to a slice.
type twin struct {
	*rand.Rand
	t    *testing.T
	list *List
	want []string
	fill int
}

func (w *twin) element() string {
	switch w.IntN(20) {
	case 0:
		return string(bytes.Repeat([]byte{byte('a' + w.IntN(3))}, w.IntN(3)*9000))
	case 1, 2, 3:
		return fmt.Sprint(w.IntN(1<<w.IntN(60) + 1))
	case 4:
		return ""
	}
	return string(bytes.Repeat([]byte{byte('a' + w.IntN(3))}, w.IntN(60)))
}

func (w *twin) step() {
	n := len(w.want)
	e := w.element()
	switch w.IntN(10) {
	case 0, 1:
		w.list.Push(true, []byte(e), w.fill)
		w.want = slices.Insert(w.want, 0, e)
	case 2, 3:
		w.list.Push(false, []byte(e), w.fill)
		w.want = append(w.want, e)
	case 4:
		i := w.IntN(n + 1)
		w.list.Insert(i, []byte(e), w.fill)
		w.want = slices.Insert(w.want, i, e)
	case 5:
		k := min(w.IntN(4), n)
		front := w.IntN(2) == 0
		w.list.Pop(front, k)
		if front {
			w.want = w.want[k:]
		} else {
			w.want = w.want[:n-k]
		}
	case 6:
		if n > 0 {
			i := w.IntN(n)
			w.list.Set(i, []byte(e), w.fill)
			w.want[i] = e
		}
	case 7:
		if n > 0 {
			i := w.IntN(n)
			k := min(w.IntN(1+w.IntN(200)), n-i)
			w.list.Remove(i, k)
			w.want = slices.Delete(w.want, i, i+k)
		}
	case 8:
		w.removeEqual(e, 1+w.IntN(5), w.IntN(2) == 0)
	case 9:
		front := w.IntN(2) == 0
		for range w.IntN(150) {
			w.list.Push(front, []byte(e), w.fill)
			if front {
				w.want = slices.Insert(w.want, 0, e)
			} else {
				w.want = append(w.want, e)
			}
		}
	}
}

func (w *twin) removeEqual(e string, k int, front bool) {
	if got := w.list.Has([]byte(e)); got != slices.Contains(w.want, e) {
		w.t.Fatalf("has %q: %v", e, got)
	}
	got := w.list.RemoveEqual([]byte(e), k, front)
	want := 0
	kept := []string{}
	for i := range w.want {
		one := w.want[i]
		if !front {
			one = w.want[len(w.want)-1-i]
		}
		if one == e && want < k {
			want++
		} else {
			kept = append(kept, one)
		}
	}
	if !front {
		slices.Reverse(kept)
	}
	w.want = kept
	if got != want {
		w.t.Fatalf("%d removed, want %d", got, want)
	}
}

func (w *twin) check() {
	w.t.Helper()
	w.list.Check()
	if got := elements(w.list); !slices.Equal(got, w.want) {
		w.t.Fatalf("%d elements, want %d:\n%.300q\n%.300q", len(got), len(w.want), got, w.want)
	}
	w.list.EachNode(func(p listpack.Pack, _ []byte) {
		if p != nil && (w.fill >= 0 && p.Len() > w.fill || len(p) > packBytes(w.fill)) {
			w.t.Fatalf("a node of %d elements, %d bytes", p.Len(), len(p))
		}
	})
	if len(w.want) == 0 {
		return
	}
	i, back := w.IntN(len(w.want)), []string{}
	if got := string(w.list.Get(i)); got != w.want[i] {
		w.t.Fatalf("element %d is %.100q, want %.100q", i, got, w.want[i])
	}
	w.list.Each(i, true, func(e []byte) bool {
		back = append(back, string(e))
		return true
	})
	slices.Reverse(back)
	if !slices.Equal(back, w.want[:i+1]) {
		w.t.Fatalf("backwards from %d differs", i)
	}
}

func elements(l *List) (all []string) {
	l.Each(0, false, func(e []byte) bool {
		all = append(all, string(e))
		return true
	})
	return all
}

// nodesText is the elements of nodes.
func nodesText(all *[]string) Visit {
	return func(p listpack.Pack, e []byte) {
		if p == nil {
			*all = append(*all, string(e))
			return
		}
		for off := p.First(); off >= 0; off = p.Next(off) {
			*all = append(*all, string(p.Get(off).Append(nil)))
		}
	}
}

func TestTwin(t *testing.T) {
	for i, fill := range []int{-2, -1, -5, 1, 3, 128} {
		a := newArena(t)
		w := &twin{rand.New(rand.NewPCG(seedtest.Of(t), uint64(i))), t, New(a), nil, fill}
		for round := range 500 {
			w.step()
			if round%8 == 0 {
				w.check()
			}
		}
		c := w.list.Copy(a)
		c.Check()
		if !slices.Equal(elements(c), w.want) {
			t.Fatal("the copy differs")
		}
		for _, l := range []*List{w.list, c} {
			for !l.FreeStep(100) {
			}
		}
		if a.Used() != 0 {
			t.Fatalf("%d bytes of the arena are lost", a.Used())
		}
	}
}

// TestSave: what is handed out while everything changes is the list as it was, in order.
func TestSave(t *testing.T) {
	a := newArena(t)
	w := &twin{rand.New(rand.NewPCG(seedtest.Of(t), 9)), t, New(a), nil, -1}
	for range 400 {
		w.step()
	}
	for range 12 {
		for len(w.want) < 2000 {
			w.step()
		}
		want, got := slices.Clone(w.want), []string{}
		nodes := w.list.Nodes()
		seen := 0
		visit := nodesText(&got)
		w.list.BeginSave(func(p listpack.Pack, e []byte) {
			seen++
			visit(p, e)
		})
		for range w.IntN(30) {
			w.step() // before the nodes in front are handed out
		}
		for !w.list.SaveStep(1 + w.IntN(300)) {
			for range w.IntN(12) {
				w.step()
			}
			w.check()
		}
		if !slices.Equal(got, want) || seen != nodes {
			t.Fatalf("%d nodes of %d, %d elements of %d", seen, nodes, len(got), len(want))
		}
		w.check()
	}
	for !w.list.FreeStep(100) {
	}
	if a.Used() != 0 {
		t.Fatalf("%d bytes of the arena are lost", a.Used())
	}
}

// TestSaveBeforeEachPush hands a list out around each of its pushes to the front, also those
// that move elements from the first node to the second.
func TestSaveBeforeEachPush(t *testing.T) {
	l, want := New(newArena(t)), []string{}
	for i := range 450 {
		got := []string{}
		l.BeginSave(nodesText(&got))
		e := fmt.Sprintf("element:%032d", i)
		l.Push(true, []byte(e), -2)
		for !l.SaveStep(100) {
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%d elements, want %d", len(got), len(want))
		}
		want = slices.Insert(want, 0, e)
		l.Check()
	}
}

// TestEndsAllocateNothing: a queue moves on without work for the garbage collector.
func TestEndsAllocateNothing(t *testing.T) {
	l := New(newArena(t))
	b := []byte("an element of a queue")
	for range 100_000 {
		l.Push(true, b, -2)
	}
	if n := testing.AllocsPerRun(10_000, func() {
		l.Push(true, b, -2)
		l.Pop(false, 1)
	}); n > 0 {
		t.Errorf("%v allocations a call", n)
	}
	l.Check()
}

// TestMemory: an element costs what its pack takes, and a little, whichever end it came to.
func TestMemory(t *testing.T) {
	const elements = 200_000
	packed := int64(elements * listpack.EncodedLen([]byte("element:000000000000")))
	for _, front := range []bool{false, true} {
		l := New(newArena(t))
		for i := range elements {
			l.Push(front, fmt.Appendf(nil, "element:%012d", i), -2)
		}
		l.Check()
		if l.Bytes() > packed*101/100 {
			t.Errorf("front %v: %d bytes for %d in packs", front, l.Bytes(), packed)
		}
	}
}

func BenchmarkPushPop(b *testing.B) {
	l := New(newArena(b))
	element := []byte("an element of a queue")
	for range 100_000 {
		l.Push(true, element, -2)
	}
	b.ReportAllocs()
	for b.Loop() {
		l.Push(true, element, -2)
		l.Pop(false, 1)
	}
}
