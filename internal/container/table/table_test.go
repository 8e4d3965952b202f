// SPDX-License-Identifier: Apache-2.0

package table_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"stampede/internal/container/arena"
	"stampede/internal/container/table"
	"stampede/internal/seedtest"
)

// hashOf hashes references themselves: what the tests store has no block.
func hashOf(ref uint32) uint64 {
	h := (uint64(ref) + 1) * 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

func find(t *table.Table, ref uint32) (table.Pos, bool) {
	for p := t.Probe(hashOf(ref)); p.Next(); {
		if p.Ref() == ref {
			return p.Pos(), true
		}
	}
	return table.Pos{}, false
}

// twin is a table and the set that it must be equal to.
type twin struct {
	table *table.Table
	want  map[uint32]bool
}

func (w *twin) insert(ref uint32) {
	if !w.want[ref] {
		w.table.Insert(hashOf(ref), ref)
		w.want[ref] = true
	}
}

func (w *twin) delete(ref uint32) {
	if pos, ok := find(w.table, ref); ok {
		w.table.Delete(pos)
		delete(w.want, ref)
	}
}

func (w *twin) compare(t *testing.T) {
	t.Helper()
	w.table.Check()
	if w.table.Len() != len(w.want) {
		t.Fatalf("Len = %d, want %d", w.table.Len(), len(w.want))
	}
	for ref := range w.want {
		if _, ok := find(w.table, ref); !ok {
			t.Fatalf("%d of %d is not found", ref, len(w.want))
		}
	}
}

func TestGrowAndShrink(t *testing.T) {
	a, err := arena.New(0)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	seed := seedtest.Of(t)
	random := rand.New(rand.NewPCG(seed, 0))
	for _, tab := range []*table.Table{table.New(hashOf), table.NewIn(a, hashOf)} {
		w := twin{table: tab, want: map[uint32]bool{}}
		empty := tab.Bytes()
		for i := range 20000 {
			w.insert(uint32(random.Uint64()))
			if i < 100 || i%1777 == 0 {
				w.compare(t)
			}
		}
		w.compare(t)
		for ref := range w.want {
			w.delete(ref)
			if len(w.want) < 100 || len(w.want)%1777 == 0 {
				w.compare(t)
			}
		}
		if tab.Bytes() > empty {
			t.Errorf("%d bytes after all is deleted, %d before", tab.Bytes(), empty)
		}
		tab.Free()
	}
	if a.Used() != 0 {
		t.Errorf("%d bytes of the arena are lost", a.Used())
	}
}

func TestDeletionInTheOrderOfHashes(t *testing.T) {
	tab := table.New(hashOf)
	empty := tab.Bytes()
	refs := make([]uint32, 20000)
	for i := range refs {
		refs[i] = uint32(i)
		tab.Insert(hashOf(refs[i]), refs[i])
	}
	slices.SortFunc(refs, func(a, b uint32) int { return cmp.Compare(hashOf(a), hashOf(b)) })
	for i, ref := range refs {
		pos, ok := find(tab, ref)
		if !ok {
			t.Fatalf("%d is not found", ref)
		}
		tab.Delete(pos)
		if i%999 == 0 {
			tab.Check()
		}
	}
	if tab.Check(); tab.Bytes() > empty {
		t.Errorf("%d bytes after all is deleted, %d before", tab.Bytes(), empty)
	}
}
