// SPDX-License-Identifier: Apache-2.0

package table_test

import (
	"math/rand/v2"
	"testing"

	"stampede/internal/container/table"
	"stampede/internal/seedtest"
)

// TestReserve: a table for which room was made holds what it is given, whether that is as
// much as was said, more or less, and takes no more memory than one that grew.
func TestReserve(t *testing.T) {
	random := rand.New(rand.NewPCG(seedtest.Of(t), 0))
	hashes := make([]uint64, 40_000)
	for i := range hashes {
		hashes[i] = random.Uint64()
	}
	hashOf := func(ref uint32) uint64 { return hashes[ref] }
	for _, reserved := range []int{0, 1, 10, 12, 13, 700, 1300, 20_000, 40_000} {
		for _, n := range []int{1, 500, 20_000, 40_000} {
			tab := table.New(hashOf)
			tab.Reserve(reserved)
			for ref := range uint32(n) {
				tab.Insert(hashes[ref], ref)
			}
			tab.Check()
			for ref := range uint32(n) {
				if !holds(tab, hashes[ref], ref) {
					t.Fatalf("room for %d: %d of %d is not found", reserved, ref, n)
				}
			}
			if n == reserved && float64(tab.Bytes()) > 8*float64(n)+1000 {
				t.Errorf("%d entries take %d bytes", n, tab.Bytes())
			}
			for ref := range uint32(n) {
				remove(tab, hashes[ref], ref)
			}
			tab.Check()
			if tab.Len() != 0 {
				t.Fatalf("%d are left", tab.Len())
			}
		}
	}
}

func holds(tab *table.Table, hash uint64, ref uint32) bool {
	for p := tab.Probe(hash); p.Next(); {
		if p.Ref() == ref {
			return true
		}
	}
	return false
}

func remove(tab *table.Table, hash uint64, ref uint32) {
	for p := tab.Probe(hash); p.Next(); {
		if p.Ref() == ref {
			tab.Delete(p.Pos())
			return
		}
	}
}
