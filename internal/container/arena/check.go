// SPDX-License-Identifier: Apache-2.0

package arena

import "stampede/internal/assert"

// check walks all records and panics where they do not agree with each other. It takes
// time by the number of units and freed blocks.
func (a *Arena) check() {
	w := walk{arena: a}
	afterFree := false
	for u := uint32(chunkUnits); u < a.spans.top; {
		length := w.item(u)
		free := a.units[u].kind == freeUnit
		assert.That(!free || !afterFree, "arena: free spans side by side")
		for inner := u + 1; inner < u+length-1; inner++ {
			assert.That(a.units[inner] == unit{}, "arena: mark inside of an item")
		}
		afterFree = free
		u += length
		assert.That(u <= a.spans.top, "arena: item beyond the top")
	}
	assert.That(!afterFree, "arena: free span at the top")
	for u := a.spans.top; u < uint32(len(a.units)); u++ {
		assert.That(a.units[u] == unit{}, "arena: mark beyond the top")
	}
	assert.That(w.used == a.usedBytes, "arena: used bytes")
	assert.That(w.resident == a.residentBytes, "arena: resident bytes")
	assert.That(w.freeUnits == a.spans.freeUnits, "arena: free units")
	assert.That(w.warm == len(a.warm), "arena: warm chunks")
	a.checkLists(&w)
}

// A walk sums up what it sees in the units.
type walk struct {
	arena      *Arena
	used       int64
	resident   int64
	freeUnits  uint32
	freeSpans  int
	warm       int
	roomySlabs int
	blocks     [classCount]int64
}

// item checks what begins at unit u and returns its length in units.
func (w *walk) item(u uint32) (length uint32) {
	record := &w.arena.units[u]
	switch record.kind {
	case freeUnit:
		w.freeSpans++
		w.freeUnits += record.length
		last := w.arena.units[u+record.length-1]
		assert.That(last.kind == freeUnit && last.length == record.length, "arena: free span")
		return record.length
	case warmUnit:
		w.warm++
		w.resident += int64(record.touched)
		return chunkUnits
	case slabUnit:
		w.resident += int64(record.touched)
		w.slab(record)
		return chunkUnits
	case spanUnit:
		w.used += int64(record.live) * pageBytes
		w.resident += int64(record.live) * pageBytes
		length := unitsFor(int(record.live) * pageBytes)
		assert.That(w.arena.units[u+length-1].kind == spanUnit, "arena: end of a block")
		return length
	}
	panic("arena: unit of no kind")
}

func (w *walk) slab(record *unit) {
	k := &w.arena.classes[record.class]
	freed := uint32(0)
	for r := record.free; r != 0; r = *(*Ref)(w.arena.at(r)) {
		freed++
	}
	assert.That(record.live > 0 && record.live+freed == record.bumped, "arena: blocks of a slab")
	assert.That(record.bumped*k.size <= record.touched, "arena: touched bytes of a slab")
	if record.live < k.perChunk {
		w.roomySlabs++
	}
	w.blocks[record.class] += int64(record.live)
	w.used += int64(record.live) * int64(k.size)
}

func (a *Arena) checkLists(w *walk) {
	slabs, spans := 0, 0
	for i := range a.classes {
		k := &a.classes[i]
		assert.That(k.blocks == w.blocks[i], "arena: blocks of a class")
		for u := k.room; u != 0; u = a.units[u].next {
			slab := &a.units[u]
			assert.That(slab.kind == slabUnit && int(slab.class) == i && slab.live < k.perChunk,
				"arena: not a slab with room")
			slabs++
		}
	}
	for bin, u := range a.spans.bins {
		for ; u != 0; u = a.units[u].next {
			span := &a.units[u]
			assert.That(span.kind == freeUnit && binOf(span.length) == bin, "arena: wrong bin")
			spans++
		}
	}
	assert.That(slabs == w.roomySlabs, "arena: slabs with room")
	assert.That(spans == w.freeSpans, "arena: free spans")
}
