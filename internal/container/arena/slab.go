// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"unsafe"

	"stampede/internal/assert"
)

// warmChunksMax is how many empty chunks keep their memory, so that a shard whose use
// swings around the edge of a chunk does not fault it in again and again.
const warmChunksMax = 4

// openSlab makes a chunk the first slab with room of class number.
func (a *Arena) openSlab(number int) uint32 {
	var head, touched uint32
	if n := len(a.warm); n > 0 {
		head, a.warm = a.warm[n-1], a.warm[:n-1]
		touched = a.units[head].touched
	} else {
		var ok bool
		if head, ok = a.takeSpan(chunkUnits, chunkUnits); !ok {
			panic("arena: the reservation is full")
		}
	}
	a.units[head] = unit{kind: slabUnit, class: uint8(number), touched: touched}
	a.list(&a.classes[number], head)
	return head
}

// closeSlab takes the slab at head, which has no live block, out of its class.
func (a *Arena) closeSlab(k *class, head uint32) {
	a.unlist(k, head)
	touched := a.units[head].touched
	a.units[head] = unit{kind: warmUnit, touched: touched}
	if len(a.warm) < warmChunksMax {
		a.warm = append(a.warm, head)
		return
	}
	discard(a.unitPointer(head), uintptr(touched))
	a.residentBytes -= int64(touched)
	a.putSpan(head, chunkUnits)
}

// bump takes the next block of slab, the one at head, that was never used.
func (a *Arena) bump(head uint32, slab *unit, k *class) Ref {
	offset := slab.bumped * k.size
	slab.bumped++
	if end := offset + k.size; end > slab.touched {
		end = uint32(roundUp(int64(end), pageBytes))
		a.residentBytes += int64(end - slab.touched)
		slab.touched = end
	}
	assert.That(slab.bumped <= k.perChunk, "arena: slab with room has none")
	return Ref(head<<unitShift + offset>>refShift)
}

// list puts the slab at head in front of those with room: blocks that were used before
// are used again before untouched memory is.
func (a *Arena) list(k *class, head uint32) {
	slab := &a.units[head]
	slab.prev, slab.next = 0, k.room
	if k.room != 0 {
		a.units[k.room].prev = head
	}
	k.room = head
}

// unlist takes the slab at head out of those with room.
func (a *Arena) unlist(k *class, head uint32) {
	slab := &a.units[head]
	if slab.prev != 0 {
		a.units[slab.prev].next = slab.next
	} else {
		k.room = slab.next
	}
	if slab.next != 0 {
		a.units[slab.next].prev = slab.prev
	}
	slab.prev, slab.next = 0, 0
}

func (a *Arena) unitPointer(u uint32) unsafe.Pointer {
	return unsafe.Add(a.base, uintptr(u)*unitBytes)
}
