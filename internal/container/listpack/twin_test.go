// SPDX-License-Identifier: Apache-2.0

package listpack

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"stampede/internal/seedtest"
)

// twin is a pack and, beside it, the same elements as a slice of strings.
type twin struct {
	t        testing.TB
	pack     Pack
	elements []string
}

func newTwin(t testing.TB) *twin {
	return &twin{t: t, pack: New(make([]byte, 0, EmptyBytes))}
}

// reserve gives the pack room for a total, and no byte more, so that what is said to be
// needed is also enough.
func (w *twin) reserve(total int) {
	grown := make([]byte, len(w.pack), total)
	copy(grown, w.pack)
	w.pack = grown
}

// offset gives the offset of element i, that behind the last one included.
func (w *twin) offset(i int) int {
	if i == len(w.elements) {
		return w.pack.End()
	}
	return w.pack.At(i)
}

func (w *twin) insert(i int, s string) {
	total := len(w.pack) + EncodedLen([]byte(s))
	w.reserve(total)
	w.pack = w.pack.Insert(w.offset(i), []byte(s))
	w.elements = slices.Insert(w.elements, i, s)
	w.total("Insert", total)
}

func (w *twin) replace(i int, s string) {
	off := w.pack.At(i)
	total := w.pack.ReplacedBytes(off, []byte(s))
	w.reserve(max(total, len(w.pack)))
	w.pack = w.pack.Replace(off, []byte(s))
	w.elements[i] = s
	w.total("Replace", total)
}

func (w *twin) delete(i, n int) {
	w.pack = w.pack.Delete(w.offset(i), n)
	w.elements = slices.Delete(w.elements, i, min(i+n, len(w.elements)))
}

func (w *twin) total(what string, want int) {
	if len(w.pack) != want {
		w.t.Fatalf("%s: %d bytes, %d were announced", what, len(w.pack), want)
	}
}

// verify compares all elements in both directions, and all other ways to reach them.
func (w *twin) verify() {
	w.t.Helper()
	if err := Check(w.pack); err != nil {
		w.t.Fatal(err)
	}
	n := len(w.elements)
	if got := w.pack.Len(); got != n {
		w.t.Fatalf("Len: %d, want %d", got, n)
	}
	off := w.pack.First()
	for i, s := range w.elements {
		w.isElement("Next", off, s)
		w.isElement("At", w.pack.At(i), s)
		w.isElement("At from the end", w.pack.At(i-n), s)
		off = w.pack.Next(off)
	}
	if off >= 0 || w.pack.At(n) >= 0 || w.pack.At(-n-1) >= 0 {
		w.t.Fatal("an element behind the last or before the first")
	}
	off = w.pack.Last()
	for _, s := range slices.Backward(w.elements) {
		w.isElement("Prev", off, s)
		off = w.pack.Prev(off)
	}
	if off >= 0 {
		w.t.Fatal("Prev: an element before the first")
	}
}

func (w *twin) isElement(what string, off int, s string) {
	w.t.Helper()
	if off < 0 {
		w.t.Fatalf("%s: none, want %.50q", what, s)
	}
	v := w.pack.Get(off)
	got := string(v.Append(nil))
	if got != s || v.Len() != len(s) || !v.Equal([]byte(s)) || v.Equal([]byte(s+"0")) {
		w.t.Fatalf("%s: %.50q of length %d, want %.50q", what, got, v.Len(), s)
	}
	if size := w.pack.ElementBytes(off); size != EncodedLen([]byte(s)) {
		w.t.Fatalf("%s: %.50q takes %d bytes, not %d", what, s, size, EncodedLen([]byte(s)))
	}
}

// find compares Find, from element i on and with skip, with the slice.
func (w *twin) find(i, skip int, s string) {
	want := -1
	for j := i; j < len(w.elements); j += skip + 1 {
		if w.elements[j] == s {
			want = w.pack.At(j)
			break
		}
	}
	if got := w.pack.Find(w.pack.At(i), skip, []byte(s)); got != want {
		w.t.Fatalf("Find(%d, %d, %.50q): %d, want %d", i, skip, s, got, want)
	}
}

// borders are elements at and around all limits of the encodings, and text that is almost
// an integer.
func borders() []string {
	var list []string
	for _, v := range []int64{0, 1, 127, 128, 4095, 4096, -1, -4096, -4097, 1<<15 - 1, 1 << 15,
		-1 << 15, -1<<15 - 1, 1<<23 - 1, 1 << 23, -1 << 23, -1<<23 - 1, math.MaxInt32,
		math.MaxInt32 + 1, math.MinInt32, math.MinInt32 - 1, math.MaxInt64, math.MinInt64} {
		list = append(list, fmt.Sprint(v))
	}
	list = append(list, "", "-", "-0", "00", "01", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "-01",
		"9223372036854775808", "-9223372036854775809", "18446744073709551616",
		"99999999999999999999", "-99999999999999999999", "-1234567890123456789012")
	for _, n := range []int{62, 63, 64, 125, 126, 127, 128, 4094, 4095, 4096, 16377, 16378, 16379,
		16380, 65535} {
		list = append(list, strings.Repeat("x", n))
	}
	return list
}

func TestTwin(t *testing.T) {
	seed := seedtest.Of(t)
	r := rand.New(rand.NewPCG(seed, 0))
	list := borders()
	for range 15 {
		w := newTwin(t)
		for range 120 {
			w.step(r, list)
			w.verify()
		}
	}
}

func (w *twin) step(r *rand.Rand, list []string) {
	s := list[r.IntN(len(list))]
	if r.IntN(2) == 0 {
		s = fmt.Sprint(r.Int64()>>r.IntN(64) - 1<<r.IntN(8))
	}
	n := len(w.elements)
	switch what := r.IntN(10); {
	case what < 5 || n == 0:
		w.insert(r.IntN(n+1), s)
	case what < 7:
		w.replace(r.IntN(n), s)
	case what < 8:
		w.delete(r.IntN(n+1), r.IntN(4))
	default:
		w.find(r.IntN(n), r.IntN(3), s)
		w.find(r.IntN(n), r.IntN(3), w.elements[r.IntN(n)])
	}
}

// TestUnknownCount goes beyond what the header can count, and back.
func TestUnknownCount(t *testing.T) {
	const n = 65540
	p := New(make([]byte, EmptyBytes+2*n))
	for i := range n {
		p = p.AppendInt(int64(i % 100))
		if i > 65530 {
			if got := p.Len(); got != i+1 {
				t.Fatalf("Len: %d, want %d", got, i+1)
			}
		}
	}
	if err := Check(p); err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 1, 65534, 65535, n - 1} {
		for _, off := range []int{p.At(i), p.At(i - n)} {
			if v := p.Get(off); v.Int != int64(i%100) {
				t.Errorf("At(%d): %d", i, v.Int)
			}
		}
	}
	if p.At(n) >= 0 || p.At(-n-1) >= 0 {
		t.Error("At: an element that is not there")
	}
	p = p.Delete(p.First(), 100)
	if got := p.Len(); got != n-100 {
		t.Errorf("Len after Delete: %d, want %d", got, n-100)
	}
}

func TestNoRoom(t *testing.T) {
	p := New(make([]byte, EmptyBytes, EmptyBytes+3))
	p = p.Append([]byte("a"))
	before := bytes.Clone(p)
	defer func() {
		if recover() == nil {
			t.Error("Append went beyond the capacity")
		}
		if !bytes.Equal(p, before) {
			t.Error("the failed edit left traces")
		}
	}()
	p.Append([]byte("b"))
}

func TestAllocatesNothing(t *testing.T) {
	block := make([]byte, 1024)
	field, value, text := []byte("field"), []byte("12345"), make([]byte, 0, 64)
	allocs := testing.AllocsPerRun(100, func() {
		p := New(block)
		p = p.Append(field).Append(value).AppendInt(7).Insert(headerBytes, value)
		off := p.Find(p.First(), 0, field)
		text = p.Get(p.Next(off)).Append(text[:0])
		p = p.Replace(off, value).ReplaceInt(off, -1).Delete(off, 2)
		if Check(p) != nil {
			t.Error("malformed")
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func FuzzTwin(f *testing.F) {
	f.Add([]byte("\x00\x00\x0212\x00\x00\x03abc\x05\x01\x02-7\x07\x00\x01"))
	f.Fuzz(func(t *testing.T, script []byte) {
		w := newTwin(t)
		for len(script) >= 3 {
			what, i, size := script[0]%10, int(script[1]), int(script[2])
			script = script[3:]
			s := string(script[:min(size, len(script))])
			script = script[len(s):]
			n := len(w.elements)
			switch {
			case what < 5 || n == 0:
				w.insert(i%(n+1), s)
			case what < 7:
				w.replace(i%n, s)
			case what < 8:
				w.delete(i%(n+1), size%5)
			default:
				w.find(i%n, size%3, s)
			}
		}
		w.verify()
	})
}

func BenchmarkFind(b *testing.B) {
	p := New(make([]byte, 8192))
	for i := range 64 {
		p = p.Append(fmt.Appendf(nil, "field:%d", i)).Append(fmt.Appendf(nil, "%d", i*1000))
	}
	field := []byte("field:63")
	for b.Loop() {
		if p.Find(p.First(), 1, field) < 0 {
			b.Fatal("not found")
		}
	}
}
