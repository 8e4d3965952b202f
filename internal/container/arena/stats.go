// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"unsafe"

	"stampede/internal/assert"
)

// Stats says where the memory of an arena is. All figures are exact, and in bytes where
// nothing else is said.
type Stats struct {
	Used     int64 // in live blocks, by the size of their class
	Blocks   int64 // number of live blocks
	Slabs    int64 // number of chunks that are slabs
	Spans    int64 // in live blocks above SlabBytesMax; part of Used
	Free     int64 // in pages that were touched, but not in a live block: fragmentation
	Resident int64 // in pages that were touched and not given back; without huge pages
	Opened   int64 // of the reservation that was made accessible
	Reserved int64 // of addresses
	Beside   int64 // of the arena's own records, outside of the reservation
}

// Used is the number of bytes in live blocks, by the size of their class. It costs nothing.
func (a *Arena) Used() int64 { return a.usedBytes }

// Stats counts. It takes time by the number of units opened: 16 for each MiB.
func (a *Arena) Stats() Stats {
	if assert.Slow {
		a.check()
	}
	s := Stats{
		Used:     a.usedBytes,
		Free:     a.residentBytes - a.usedBytes,
		Resident: a.residentBytes,
		Opened:   max(0, int64(len(a.units))-chunkUnits) * unitBytes,
		Reserved: int64(a.spans.limit) * unitBytes,
		Beside:   int64(cap(a.units))*int64(unsafe.Sizeof(unit{})) + int64(unsafe.Sizeof(*a)),
	}
	for i := range a.classes {
		s.Blocks += a.classes[i].blocks
	}
	for i := range a.units {
		switch u := &a.units[i]; {
		case u.kind == slabUnit:
			s.Slabs++
		case u.kind == spanUnit && u.live > 0:
			s.Blocks++
			s.Spans += int64(u.live) * pageBytes
		}
	}
	return s
}

// Room is the number of bytes of the reservation that no slab or large block has taken.
// They need not be in one piece: see [Arena.Fits].
func (a *Arena) Room() int64 {
	units := int64(a.spans.limit-a.spans.top) + int64(a.spans.freeUnits)
	return units*unitBytes + int64(len(a.warm))*chunkBytes
}

// Fits tells whether the reservation has room for a block of n bytes.
func (a *Arena) Fits(n int) bool {
	if n > BlockBytesMax {
		return false
	}
	length, align := unitsFor(n), uint32(1)
	if n <= SlabBytesMax {
		if a.classes[classOf(n)].room != 0 || len(a.warm) > 0 {
			return true
		}
		length, align = chunkUnits, chunkUnits
	}
	if length <= a.spans.limit {
		top := (a.spans.top + align - 1) &^ (align - 1)
		if top <= a.spans.limit-length {
			return true
		}
	}
	_, _, ok := a.findSpan(length, align)
	return ok
}
