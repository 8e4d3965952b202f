// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"fmt"
	"math/bits"

	"stampede/internal/assert"
)

// The grain of the reservation.
const (
	unitBytes     = 64 << 10
	unitShift     = 16 - refShift // from a Ref to its unit
	chunkUnits    = 16            // units of a slab, which starts at a multiple of it
	chunkBytes    = chunkUnits * unitBytes
	regionUnits   = 1024 // units that are made accessible at once: 64 MiB
	hugePageBytes = 2 << 20
	smallUnits    = 4 * regionUnits // below that no huge pages are asked for
	spanBins      = 20              // free spans by the logarithm of their length
	fitTriesMax   = 32              // free spans that are looked at in the bin that may be too short
)

// unitKind says what a unit is. What has several units is marked in its first one, or in
// its first and last one; all other units are unused.
type unitKind uint8

const (
	unusedUnit unitKind = iota // never used, or inside of something
	freeUnit                   // the first or last unit of a free span
	slabUnit                   // the first unit of a slab
	warmUnit                   // the first unit of a chunk in the pool
	spanUnit                   // the first or last unit of a large block
)

// unit is what is known of 64 KiB. It has no pointer: next and prev are numbers of units.
type unit struct {
	kind       unitKind
	class      uint8  // slab: of its blocks
	next, prev uint32 // slab with room, free span: neighbours in their list
	free       Ref    // slab: the first freed block
	bumped     uint32 // slab: blocks ever used; those above were never touched
	live       uint32 // slab: live blocks. Span: its pages
	touched    uint32 // slab, warm: bytes in pages that were touched
	length     uint32 // free span: its units, in its first and last unit
}

// spans are the free parts of the reservation. No two of them are neighbours, and none
// ends at top.
type spans struct {
	bins      [spanBins]uint32 // bin i: free spans of 2^i … 2^(i+1)-1 units; 0: none
	top       uint32           // from here on nothing was ever used
	limit     uint32           // the end of the reservation
	freeUnits uint32           // in free spans
}

func unitOf(r Ref) uint32 { return uint32(r) >> unitShift }

// unitsFor is how many units a span of n bytes has. They go in eighths of a power of two,
// as the classes do, so that a block that grows by little at a time seldom moves. What is
// not used of them is addresses only, no memory.
func unitsFor(n int) uint32 {
	units := uint32((int64(n) + unitBytes - 1) / unitBytes)
	step := uint32(1) << max(bits.Len32(units)-4, 0)
	return (units + step - 1) &^ (step - 1)
}

// allocSpan is Alloc for a block above SlabBytesMax.
func (a *Arena) allocSpan(n int) Ref {
	assert.That(n <= BlockBytesMax, "arena: block too large")
	units := unitsFor(n)
	head, ok := a.takeSpan(units, 1)
	if !ok {
		panic("arena: the reservation is full")
	}
	a.markSpan(head, units, n)
	size := int64(SizeOf(n))
	a.usedBytes += size
	a.residentBytes += size
	r := Ref(head << unitShift)
	if assert.Slow {
		a.guardAlloc(r, int(size))
	}
	return r
}

// freeSpan is Free for a block above SlabBytesMax.
func (a *Arena) freeSpan(r Ref, n int) {
	head, size := unitOf(r), int64(SizeOf(n))
	assert.That(a.isSpan(r, n), "arena: free of a block of another size")
	discard(a.at(r), uintptr(size))
	a.usedBytes -= size
	a.residentBytes -= size
	a.putSpan(head, unitsFor(n))
}

// resizeSpan makes block r one of newN bytes where it is, if its units suffice or those
// behind it are free. Both sizes are above SlabBytesMax.
func (a *Arena) resizeSpan(r Ref, oldN, newN int) bool {
	assert.That(a.isSpan(r, oldN), "arena: realloc of a block of another size")
	head, had, wants := unitOf(r), unitsFor(oldN), unitsFor(newN)
	oldSize, newSize := int64(SizeOf(oldN)), int64(SizeOf(newN))
	if wants > had && !a.extendSpan(head+had, wants-had) {
		return false
	}
	a.clearEnds(head, had)
	a.markSpan(head, wants, newN)
	if newSize < oldSize {
		discard(a.at(r+Ref(newSize>>refShift)), uintptr(oldSize-newSize))
	}
	if wants < had {
		a.putSpan(head+wants, had-wants)
	}
	a.usedBytes += newSize - oldSize
	a.residentBytes += newSize - oldSize
	if assert.Slow {
		a.live[r] = int(newSize)
	}
	return true
}

// isSpan tells whether r is a large block of the pages of n bytes.
func (a *Arena) isSpan(r Ref, n int) bool {
	head := &a.units[unitOf(r)]
	return head.kind == spanUnit && int64(head.live) == int64(SizeOf(n))/pageBytes
}

// markSpan writes down that a block of n bytes has the units from head on.
func (a *Arena) markSpan(head, units uint32, n int) {
	a.units[head+units-1] = unit{kind: spanUnit}
	a.units[head] = unit{kind: spanUnit, live: uint32(SizeOf(n) / pageBytes)}
}

// takeSpan finds length units that start at a multiple of align, a power of two. They are
// opened, and of no kind: the caller marks the first and the last.
func (a *Arena) takeSpan(length, align uint32) (head uint32, ok bool) {
	if span, head, ok := a.findSpan(length, align); ok {
		spanLength := a.units[span].length
		a.dropSpan(span)
		a.keepRest(span, head-span)
		a.keepRest(head+length, span+spanLength-head-length)
		return head, true
	}
	top := a.spans.top
	head = (top + align - 1) &^ (align - 1)
	if length > a.spans.limit || head > a.spans.limit-length {
		return 0, false
	}
	a.open(head + length)
	a.spans.top = head + length
	a.keepRest(top, head-top)
	return head, true
}

// findSpan finds a free span in which length units fit from head on, a multiple of align.
// In the bins above the first two, the first span always fits.
func (a *Arena) findSpan(length, align uint32) (span, head uint32, ok bool) {
	for bin := binOf(length); bin < spanBins; bin++ {
		span := a.spans.bins[bin]
		for tries := 0; span != 0 && tries < fitTriesMax; tries++ {
			s := &a.units[span]
			head := (span + align - 1) &^ (align - 1)
			if head+length <= span+s.length {
				return span, head, true
			}
			span = s.next
		}
	}
	return 0, 0, false
}

// extendSpan takes the length units from at on, if they are free.
func (a *Arena) extendSpan(at, length uint32) bool {
	if at == a.spans.top {
		if length > a.spans.limit-at {
			return false
		}
		a.open(at + length)
		a.spans.top += length
		return true
	}
	next := a.units[at]
	if next.kind != freeUnit || next.length < length {
		return false
	}
	a.dropSpan(at)
	a.keepRest(at+length, next.length-length)
	return true
}

// putSpan makes units free that have no memory any more, together with free neighbours.
func (a *Arena) putSpan(head, length uint32) {
	a.clearEnds(head, length)
	if before := a.units[head-1]; before.kind == freeUnit {
		head -= before.length
		length += before.length
		a.dropSpan(head)
	}
	if end := head + length; end < a.spans.top && a.units[end].kind == freeUnit {
		length += a.units[end].length
		a.dropSpan(end)
	}
	if head+length == a.spans.top {
		a.spans.top = head
		return
	}
	a.keepRest(head, length)
}

// keepRest lists length units, perhaps none, as a free span. Its neighbours are not free.
func (a *Arena) keepRest(head, length uint32) {
	if length == 0 {
		return
	}
	bin := &a.spans.bins[binOf(length)]
	a.units[head+length-1] = unit{kind: freeUnit, length: length}
	a.units[head] = unit{kind: freeUnit, length: length, next: *bin}
	if *bin != 0 {
		a.units[*bin].prev = head
	}
	*bin = head
	a.spans.freeUnits += length
}

// dropSpan takes the free span at head off its list.
func (a *Arena) dropSpan(head uint32) {
	s := a.units[head]
	if s.prev != 0 {
		a.units[s.prev].next = s.next
	} else {
		a.spans.bins[binOf(s.length)] = s.next
	}
	if s.next != 0 {
		a.units[s.next].prev = s.prev
	}
	a.spans.freeUnits -= s.length
	a.clearEnds(head, s.length)
}

func (a *Arena) clearEnds(head, length uint32) {
	a.units[head], a.units[head+length-1] = unit{}, unit{}
}

// open makes the range up to unit end accessible, a region at a time.
func (a *Arena) open(end uint32) {
	opened := uint32(len(a.units))
	if end <= opened {
		return
	}
	start := max(opened, chunkUnits) // the first chunk stays closed
	end = min(uint32(roundUp(int64(end), regionUnits)), a.spans.limit)
	p, n := a.unitPointer(start), uintptr(end-start)*unitBytes
	if err := makeAccessible(p, n); err != nil {
		panic(fmt.Sprintf("arena: the system refuses %d bytes: %v", n, err))
	}
	if a.huge && opened >= smallUnits {
		adviseHuge(p, n)
	}
	a.units = append(a.units, make([]unit, end-opened)...)
}

func binOf(length uint32) int { return bits.Len32(length) - 1 }
