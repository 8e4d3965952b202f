// SPDX-License-Identifier: Apache-2.0

package intset_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"stampede/internal/container/intset"
)

// TestBytes holds the format against payloads that redis-server 7.0 gave to DUMP.
func TestBytes(t *testing.T) {
	insert := func(s intset.Set, v int64) intset.Set {
		i, ok := s.Find(v)
		if ok {
			t.Fatalf("%d is a member already", v)
		}
		return s.Insert(i, v)
	}
	s := intset.New(make([]byte, 0, 100))
	for _, c := range []struct {
		insert int64
		want   string
	}{
		{5, "\x02\x00\x00\x00\x01\x00\x00\x00\x05\x00"},
		{-1, "\x02\x00\x00\x00\x02\x00\x00\x00\xff\xff\x05\x00"},
		{70000, "\x04\x00\x00\x00\x03\x00\x00\x00\xff\xff\xff\xff\x05\x00\x00\x00p\x11\x01\x00"},
	} {
		if s = insert(s, c.insert); string(s) != c.want {
			t.Errorf("with %d: %q, want %q", c.insert, []byte(s), c.want)
		}
	}
	s = s.Delete(2)
	want := "\x04\x00\x00\x00\x02\x00\x00\x00\xff\xff\xff\xff\x05\x00\x00\x00"
	if string(s) != want {
		t.Errorf("without the widest: %q, want %q", []byte(s), want)
	}
}

func TestBoundsOfWidths(t *testing.T) {
	for _, v := range edges() {
		for _, w := range edges() {
			if v == w {
				continue
			}
			s := intset.New(make([]byte, 0, 64))
			s = s.Insert(0, v)
			i, _ := s.Find(w)
			grown := s.GrownBytes(w)
			if s = s.Insert(i, w); len(s) != grown {
				t.Errorf("%d to %d: %d bytes, GrownBytes is %d", w, v, len(s), grown)
			}
			if s.Len() != 2 || s.At(0) != min(v, w) || s.At(1) != max(v, w) {
				t.Errorf("%d and %d: %d, %d", v, w, s.At(0), s.At(1))
			}
		}
	}
}

func edges() []int64 {
	return []int64{
		0, 1, -1, math.MaxInt16, math.MinInt16, math.MaxInt16 + 1, math.MinInt16 - 1,
		math.MaxInt32, math.MinInt32, math.MaxInt32 + 1, math.MinInt32 - 1,
		math.MaxInt64, math.MinInt64,
	}
}

// FuzzSet does to a set and to a sorted slice what a seed says, and lets nothing be written
// outside of the set's bytes.
func FuzzSet(f *testing.F) {
	for seed := range uint64(30) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 0))
		memory := bytes.Repeat([]byte{0xA5}, 4096)
		s := intset.New(memory[:0:3000])
		var want []int64
		for range 300 {
			v := draw(random, seed)
			at, there := slices.BinarySearch(want, v)
			i, ok := s.Find(v)
			if i != at || ok != there {
				t.Fatalf("Find(%d) = %d, %v; want %d, %v", v, i, ok, at, there)
			}
			switch {
			case there:
				s, want = s.Delete(i), slices.Delete(want, i, i+1)
			default:
				grown := s.GrownBytes(v)
				s, want = s.Insert(i, v), slices.Insert(want, i, v)
				if len(s) != grown {
					t.Fatalf("%d bytes, GrownBytes said %d", len(s), grown)
				}
			}
			if s.Len() != len(want) {
				t.Fatalf("Len is %d, want %d", s.Len(), len(want))
			}
			for i, v := range want {
				if s.At(i) != v {
					t.Fatalf("At(%d) = %d, want %d", i, s.At(i), v)
				}
			}
		}
		if bytes.Count(memory[3000:], []byte{0xA5}) != len(memory)-3000 {
			t.Fatal("bytes behind the set were written")
		}
	})
}

// draw is a number that the set may well have; large ones are rare at first.
func draw(random *rand.Rand, seed uint64) int64 {
	if random.IntN(100) == 0 {
		return edges()[random.IntN(13)]
	}
	spread := []int64{50, 200, 100_000, 1 << 40}[seed%4]
	return random.Int64N(spread) - spread/2
}

func BenchmarkFind(b *testing.B) {
	s := intset.New(make([]byte, 0, 4096))
	for v := range int64(512) {
		s = s.Insert(int(v), v*7)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.Find(int64(i) % 3584)
	}
}
