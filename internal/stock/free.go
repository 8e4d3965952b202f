// SPDX-License-Identifier: Apache-2.0

package stock

import (
	"hash/maphash"

	"stampede/internal/container/arena"
)

// freeing is how far FreeStep has come.
type freeing struct {
	cursor  uint64
	records bool // all are freed, and the index
}

// nodesPerStep is how many records' worth of work the memory of a node is.
const nodesPerStep = 4

// FreeStep gives back about n records' memory and tells whether it was the last. Nothing
// else may be called on the stock once FreeStep has been.
func (s *Stock) FreeStep(n int) (done bool) {
	free := func(ref uint32) {
		s.book.free(ref)
		n--
	}
	for n > 0 && !s.freeing.records {
		s.freeing.cursor = s.index.Scan(s.freeing.cursor, free)
		if s.freeing.cursor == 0 {
			s.freeing.records = true
			s.index.Free()
			s.indexBytes = 0
		}
	}
	if !s.freeing.records {
		return false
	}
	nodes := max(n, 1)/nodesPerStep + 1
	return s.ends.freeStep(nodes) && s.buyers.freeStep(nodes)
}

// Copy makes an equal stock whose parts lie in a, hashed by seed. Cost: O(n log n).
func (s *Stock) Copy(a *arena.Arena, seed maphash.Seed) *Stock {
	c, err := New(a, seed, s.units, s.terms, s.fence, s.book.openedMs)
	if err != nil {
		panic("stock: a stock is not as New makes them: " + err.Error())
	}
	c.clockMs, c.closedMs = s.clockMs, s.closedMs
	s.each(func(r *record) { c.add(r, false) })
	return c
}

// each visits all records: refusals in the order of the queue, holds but sold ones in that
// of their end.
func (s *Stock) each(visit func(r *record)) {
	var at Cursor
	for !at.Done() {
		at = s.visit(at, 1<<10, visit)
	}
}
