// SPDX-License-Identifier: Apache-2.0

// Package arena gives out blocks of bytes that the garbage collector does not see.
//
// An [Arena] reserves a range of addresses once and never moves it. A block is named by a
// [Ref] of 32 bits, its distance from the base in units of 8 bytes, so that an index of
// ten million blocks is ten million words without a pointer among them.
//
// # Layout
//
// The range is cut into units of 64 KiB. Small blocks come from slabs: 16 units in a row
// (a chunk, 1 MiB), cut into blocks of one size class. Classes go in steps of 8 bytes up
// to 128 and in eighths of a power of two above. Blocks above 128 KiB are spans: whole
// pages at the start of units of their own. The first chunk stays closed, so that the Ref
// 0 is no block and reading it faults.
//
// Freed blocks of a slab are threaded into a list through their first bytes; the others
// have never been touched and lie above a mark. A slab without a live block goes to a
// small pool of warm chunks, then its memory goes back to the system.
//
// # Ownership
//
// An Arena belongs to one shard and is used by its owner only. It has no lock. A view made
// by [Arena.Bytes] is valid until the block is freed, and only while the shard is owned.
//
// # Guards
//
// Under the build tag slowassert freed blocks are poisoned, and a double free, a free with
// a wrong size, a write to a freed block and a view of a dead block panic.
//
// # What is not here
//
// Moving blocks to close gaps (only those who hold the references can), limits of memory
// below that of the reservation (package config), and what lies in the blocks.
package arena

import (
	"fmt"
	"unsafe"

	"stampede/internal/assert"
)

// Limits of an arena, in bytes.
const (
	ReserveBytesMax = 32 << 30  // what a Ref can reach; the default of New
	SlabBytesMax    = 128 << 10 // larger blocks are spans of their own
	BlockBytesMax   = 4 << 30   // the largest block
)

// Ref names a block: its distance from the base of the reservation in units of 8 bytes.
// Zero is no block.
type Ref uint32

// Arena is a range of addresses and the blocks in it. Make one with [New].
type Arena struct {
	base    unsafe.Pointer // where Ref 0 points; aligned to a huge page
	units   []unit         // what each unit of the opened part of the range is
	classes [classCount]class
	spans   spans
	warm    []uint32 // chunks without a block whose memory is kept for the next slab

	usedBytes     int64 // in live blocks, by the size of their class
	residentBytes int64 // in pages that were touched and not given back

	mapping      unsafe.Pointer // what the system gave, for Close
	mappingBytes uintptr
	huge         bool
	live         map[Ref]int // size of each live block; under slowassert only
}

// A class is the slabs of one block size.
type class struct {
	size     uint32 // bytes of a block
	perChunk uint32 // blocks in a slab
	room     uint32 // the first slab with room, a unit's number; 0: none
	blocks   int64  // live ones
}

// New reserves reserveBytes of addresses (0: [ReserveBytesMax]), rounded up to whole MiB
// of which the first is not used. No memory is used before there are blocks.
func New(reserveBytes int64) (*Arena, error) {
	if reserveBytes == 0 {
		reserveBytes = ReserveBytesMax
	}
	if reserveBytes < 0 || reserveBytes > ReserveBytesMax {
		return nil, fmt.Errorf("arena: cannot reserve %d bytes, the most is %d",
			reserveBytes, int64(ReserveBytesMax))
	}
	reserveBytes = max(roundUp(reserveBytes, chunkBytes), 2*chunkBytes)
	mappingBytes := uintptr(reserveBytes) + hugePageBytes
	mapping, err := reserve(mappingBytes)
	if err != nil {
		return nil, fmt.Errorf("arena: reserve %d bytes of addresses: %w", reserveBytes, err)
	}
	a := &Arena{mapping: mapping, mappingBytes: mappingBytes, huge: true}
	a.base = unsafe.Add(mapping, -uintptr(mapping)&(hugePageBytes-1))
	a.spans.limit = uint32(reserveBytes / unitBytes)
	a.clear()
	return a, nil
}

// clear puts a into its first state, apart from what is opened.
func (a *Arena) clear() {
	for i := range a.classes {
		size := classSize(i)
		a.classes[i] = class{size: uint32(size), perChunk: uint32(chunkBytes / size)}
	}
	a.spans.bins = [spanBins]uint32{}
	a.spans.top = chunkUnits
	a.spans.freeUnits = 0
	a.warm = a.warm[:0]
	a.usedBytes, a.residentBytes = 0, 0
	if assert.Slow {
		a.live = make(map[Ref]int)
	}
}

// HugePages says whether the system is asked for pages of 2 MiB behind what is opened from
// now on beyond the first 256 MiB. New asks for them: with 4 M keys, a lookup at random
// takes 0.8 to 0.85 of the time, and memory grows by 1 %. A small arena, whose slabs
// would each fill a page of that size for a few blocks, never has them.
func (a *Arena) HugePages(on bool) { a.huge = on }

// Reset frees all blocks at once and gives their memory back to the system.
func (a *Arena) Reset() {
	if end := a.spans.top; end > chunkUnits {
		discard(a.unitPointer(chunkUnits), uintptr(end-chunkUnits)*unitBytes)
	}
	clear(a.units)
	a.clear()
}

// Close gives the range back. Any later use of the arena or of a view faults.
func (a *Arena) Close() error {
	if a.mapping == nil {
		return nil
	}
	err := release(a.mapping, a.mappingBytes)
	*a = Arena{}
	if err != nil {
		return fmt.Errorf("arena: release: %w", err)
	}
	return nil
}

// Bytes is a view of the first n bytes of block r, with capacity n. It is valid until the
// block is freed.
func (a *Arena) Bytes(r Ref, n int) []byte {
	if assert.Slow {
		a.guardView(r, n)
	}
	return unsafe.Slice((*byte)(a.at(r)), n)
}

// Pointer is where block r begins. It is aligned to 8 bytes, and to 64 where the size
// class of the block is a multiple of 64.
func (a *Arena) Pointer(r Ref) unsafe.Pointer {
	if assert.Slow {
		a.guardView(r, 1)
	}
	return a.at(r)
}

func (a *Arena) at(r Ref) unsafe.Pointer {
	return unsafe.Add(a.base, uintptr(r)<<refShift)
}

// Alloc returns a block of at least n bytes, n >= 1, with undefined content. It panics
// when the reservation has no room (see [Arena.Fits]) or the system refuses memory.
func (a *Arena) Alloc(n int) Ref {
	assert.That(n > 0, "arena: alloc of less than a byte")
	if n > SlabBytesMax {
		return a.allocSpan(n)
	}
	number := classOf(n)
	k := &a.classes[number]
	head := k.room
	if head == 0 {
		head = a.openSlab(number)
	}
	slab := &a.units[head]
	r := slab.free
	if r != 0 {
		slab.free = *(*Ref)(a.at(r))
		if assert.Slow {
			a.guardReuse(r, int(k.size))
		}
	} else {
		r = a.bump(head, slab, k)
	}
	slab.live++
	if slab.live == k.perChunk {
		a.unlist(k, head)
	}
	k.blocks++
	a.usedBytes += int64(k.size)
	if assert.Slow {
		a.guardAlloc(r, int(k.size))
	}
	return r
}

// Free gives block r back. n is what was asked for, or any size of the same class.
func (a *Arena) Free(r Ref, n int) {
	if assert.Slow {
		a.guardFree(r, n)
	}
	if n > SlabBytesMax {
		a.freeSpan(r, n)
		return
	}
	number := classOf(n)
	head := unitOf(r) &^ (chunkUnits - 1)
	slab := &a.units[head]
	assert.That(slab.kind == slabUnit && int(slab.class) == number,
		"arena: free of a block of another size")
	k := &a.classes[number]
	*(*Ref)(a.at(r)) = slab.free
	slab.free = r
	if slab.live == k.perChunk {
		a.list(k, head)
	}
	slab.live--
	k.blocks--
	a.usedBytes -= int64(k.size)
	if slab.live == 0 {
		a.closeSlab(k, head)
	}
}

// Resize makes block r, of oldN bytes, one of newN bytes where it is, and tells whether it
// could: both sizes are of one class, or it is a span that can shrink or grow.
func (a *Arena) Resize(r Ref, oldN, newN int) bool {
	if oldN > SlabBytesMax && newN > SlabBytesMax {
		return a.resizeSpan(r, oldN, newN)
	}
	return SizeOf(oldN) == SizeOf(newN)
}

// Realloc makes block r, of oldN bytes, one of newN bytes and keeps its first keep bytes.
// The result is r itself where [Arena.Resize] can do it; otherwise r is freed.
func (a *Arena) Realloc(r Ref, oldN, newN, keep int) Ref {
	assert.That(keep <= oldN && keep <= newN, "arena: realloc keeps more than there is")
	if a.Resize(r, oldN, newN) {
		return r
	}
	moved := a.Alloc(newN)
	copy(a.Bytes(moved, keep), a.Bytes(r, keep))
	a.Free(r, oldN)
	return moved
}
