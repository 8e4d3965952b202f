// SPDX-License-Identifier: Apache-2.0

package table_test

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"stampede/internal/container/table"
)

// FuzzTable compares a table with a map. Each byte of phases says for some hundred steps
// how often something is inserted and, where it is odd, that deletions go in the order of
// the hashes; a scan goes on meanwhile and must keep its guarantee.
func FuzzTable(f *testing.F) {
	f.Add(uint64(1), []byte{255, 255, 255, 0, 0, 0})
	f.Add(uint64(4), append(bytes.Repeat([]byte{254}, 20), bytes.Repeat([]byte{1, 201}, 10)...))
	f.Add(uint64(2), []byte{250, 200, 128, 128, 100, 20, 250, 250, 10, 10})
	f.Add(uint64(3), []byte{255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, seed uint64, phases []byte) {
		random := rand.New(rand.NewPCG(seed, 0))
		w := twin{table: table.New(hashOf), want: map[uint32]bool{}}
		s := scan{twin: &w, steady: map[uint32]bool{}}
		for _, growth := range phases[:min(len(phases), 40)] {
			for range 500 {
				if int(growth) > random.IntN(255) {
					w.insert(uint32(random.Uint64()))
				} else if ref, ok := s.choose(growth%2 == 1, random.Uint64()); ok {
					w.delete(ref)
					delete(s.steady, ref)
				}
				if random.IntN(8) == 0 {
					s.step(t)
				}
			}
			w.compare(t)
		}
	})
}

// A scan walks a table that changes between its steps. steady is what was there when it
// began, is there still, and was not visited yet.
type scan struct {
	*twin
	cursor uint64
	steady map[uint32]bool
	victim uint64 // the cursor of those that are deleted in the order of their hashes
}

// choose finds an entry to delete: the next one by its hash, or any.
func (s *scan) choose(next bool, r uint64) (ref uint32, ok bool) {
	if !next || len(s.want) == 0 {
		return s.table.Random(r)
	}
	for !ok {
		at := s.table.Scan(s.victim, func(found uint32) { ref, ok = found, true })
		if !ok {
			s.victim = at
		}
	}
	return ref, true
}

func (s *scan) step(t *testing.T) {
	if s.cursor == 0 {
		s.steady = maps.Clone(s.want)
	}
	s.cursor = s.table.Scan(s.cursor, func(ref uint32) {
		if !s.want[ref] {
			t.Fatalf("Scan visits %d, which is not there", ref)
		}
		delete(s.steady, ref)
	})
	if s.cursor>>44 != 0 {
		t.Fatalf("cursor %x has more than 44 bits", s.cursor)
	}
	if s.cursor == 0 && len(s.steady) > 0 {
		t.Fatalf("Scan left out %d of those that were there all the time", len(s.steady))
	}
}

func TestScanVisitsEachOnceInAQuietTable(t *testing.T) {
	for _, n := range []uint32{0, 1, 5, 12, 13, 50, 1000, 30000} {
		tab, visits := table.New(hashOf), map[uint32]int{}
		for ref := range n {
			tab.Insert(hashOf(ref), ref)
		}
		calls, most := 0, 0
		for cursor := uint64(0); cursor != 0 || calls == 0; calls++ {
			visited := 0
			cursor = tab.Scan(cursor, func(ref uint32) { visits[ref]++; visited++ })
			most = max(most, visited)
		}
		if len(visits) != int(n) || most > 24 || calls > int(n)+1 {
			t.Errorf("%d entries: visited %d in %d calls, at most %d at once",
				n, len(visits), calls, most)
		}
		for ref, times := range visits {
			if times != 1 {
				t.Fatalf("%d was visited %d times", ref, times)
			}
		}
	}
}

func TestScanOfACursorThatWasNeverGiven(t *testing.T) {
	tab := table.New(hashOf)
	for ref := range uint32(5000) {
		tab.Insert(hashOf(ref), ref)
	}
	for _, cursor := range []uint64{1, 1<<44 - 1, 1 << 44, 1<<64 - 1, 0xabcdef} {
		for steps := 0; cursor != 0; steps++ {
			cursor = tab.Scan(cursor, func(uint32) {})
			if steps > 5000 {
				t.Fatal("scan does not end")
			}
		}
	}
}

func TestRandomIsNearlyUniform(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []uint32{1, 7, 100, 3000} {
		tab, hits := table.New(hashOf), make([]int, n)
		for ref := range n {
			tab.Insert(hashOf(ref), ref)
		}
		const mean = 200
		for range mean * n {
			ref, ok := tab.Random(random.Uint64())
			if !ok {
				t.Fatal("nothing in a table with entries")
			}
			hits[ref]++
		}
		if least, most := slices.Min(hits), slices.Max(hits); least < mean/2 || most > mean*2 {
			t.Errorf("%d entries: hit %d to %d times, %d on average", n, least, most, mean)
		}
	}
	if _, ok := table.New(hashOf).Random(1); ok {
		t.Error("an empty table has an entry")
	}
}

func TestReplace(t *testing.T) {
	moved := map[uint32]uint32{} // where entries were before
	tab := table.New(func(ref uint32) uint64 {
		if old, ok := moved[ref]; ok {
			ref = old
		}
		return hashOf(ref)
	})
	for ref := range uint32(3000) {
		tab.Insert(hashOf(ref), ref)
		if ref%3 == 0 {
			pos, _ := find(tab, ref)
			moved[ref+1<<20] = ref
			tab.Replace(pos, ref+1<<20)
		}
	}
	tab.Check()
	for ref := range uint32(3000) {
		_, here := find(tab, ref)
		if here == (ref%3 == 0) {
			t.Fatalf("%d is found: %v", ref, here)
		}
	}
}

func TestSmallTablesAreSmall(t *testing.T) {
	for _, c := range []struct {
		entries  uint32
		bytesMax int64
	}{{0, 200}, {5, 200}, {12, 200}, {50, 600}, {500, 4300}, {5000, 37000}, {50000, 360000}} {
		tab := table.New(hashOf)
		for ref := range c.entries {
			tab.Insert(hashOf(ref), ref)
		}
		if got := tab.Bytes(); got > c.bytesMax {
			t.Errorf("%d entries in %d bytes, want at most %d", c.entries, got, c.bytesMax)
		}
	}
}

func TestNothingAllocates(t *testing.T) {
	tab := table.New(hashOf)
	for ref := range uint32(5000) {
		tab.Insert(hashOf(ref), ref)
	}
	ref := uint32(0)
	allocs := testing.AllocsPerRun(1000, func() {
		if pos, ok := find(tab, ref); ok {
			tab.Replace(pos, ref)
		}
		tab.Random(uint64(ref))
		tab.Scan(uint64(ref), func(uint32) {})
		ref++
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
