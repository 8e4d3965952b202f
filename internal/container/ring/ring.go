// SPDX-License-Identifier: Apache-2.0

// Package ring is a row of small records in one block of an arena, which begins somewhere in
// it and goes on at its start: a row grows and shrinks at both ends at once.
//
// A block that is full is replaced by one that has an eighth more room, so that a long row
// takes hardly more than its records do, and leaves no garbage behind.
//
// # Ownership
//
// A [Ring] belongs to whoever owns its arena and is used by its owner only: no locks. It
// must not be copied. What [Ring.At] gives is good until the ring changes.
//
// # What is not here
//
// What the records are: package quicklist has rows of nodes, package stream of nodes and
// of pages.
package ring

import (
	"unsafe"

	"stampede/internal/assert"
	"stampede/internal/container/arena"
)

// Ring is a row of records, which are structs without pointers. The zero Ring is empty and
// takes nothing of the arena; all calls must be given the same one.
type Ring[T any] struct {
	slots []T // all of the block, whose class has no more room; nil: there is none
	ref   arena.Ref
	head  int // where record 0 is
	n     int
}

// Len is the number of records.
func (r *Ring[T]) Len() int { return r.n }

// Bytes is what the ring takes of the arena.
func (r *Ring[T]) Bytes() int64 {
	if r.slots == nil {
		return 0
	}
	return int64(arena.SizeOf(bytesOf[T](len(r.slots))))
}

func bytesOf[T any](n int) int {
	var one T
	return n * int(unsafe.Sizeof(one))
}

// At is record i, to be read and to be changed.
func (r *Ring[T]) At(i int) *T {
	if i += r.head; i >= len(r.slots) {
		i -= len(r.slots)
	}
	return &r.slots[i]
}

// Insert lets v be record i; those from i on move up. Cost: that of the shorter side.
func (r *Ring[T]) Insert(a *arena.Arena, i int, v T) {
	if r.n == len(r.slots) {
		r.resize(a, withRoom(r.n+1))
	}
	r.n++
	if i < r.n/2 {
		if r.head--; r.head < 0 {
			r.head = len(r.slots) - 1
		}
		for k := range i {
			*r.At(k) = *r.At(k + 1)
		}
	} else {
		for k := r.n - 1; k > i; k-- {
			*r.At(k) = *r.At(k - 1)
		}
	}
	*r.At(i) = v
}

// Remove takes k records from record i on away. Cost: that of the shorter side.
func (r *Ring[T]) Remove(a *arena.Arena, i, k int) {
	if k == 0 {
		return
	}
	if i < r.n-i-k {
		for j := i - 1; j >= 0; j-- {
			*r.At(j + k) = *r.At(j)
		}
		if r.head += k; r.head >= len(r.slots) {
			r.head -= len(r.slots)
		}
	} else {
		for j := i + k; j < r.n; j++ {
			*r.At(j - k) = *r.At(j)
		}
	}
	r.n -= k
	r.shrink(a)
}

// Truncate keeps the first n records, of which there are so many.
func (r *Ring[T]) Truncate(a *arena.Arena, n int) {
	assert.That(n <= r.n, "ring: truncated to more than there is")
	r.n = n
	r.shrink(a)
}

// Reserve makes room for at least n records in all.
func (r *Ring[T]) Reserve(a *arena.Arena, n int) {
	if n > len(r.slots) {
		r.resize(a, n)
	}
}

// withRoom is how many records a block has room for when n of them are to go on growing.
func withRoom(n int) int { return n + max(n/8, min(n-1, 8)) }

// shrink gives memory back where half of the block is free.
func (r *Ring[T]) shrink(a *arena.Arena) {
	switch room := withRoom(r.n); {
	case r.n == 0 && r.slots != nil:
		r.resize(a, 0)
	case r.n <= len(r.slots)/2 && room < len(r.slots):
		r.resize(a, room)
	}
}

// resize moves the records into a block with room for size of them, or as many as its class
// has.
func (r *Ring[T]) resize(a *arena.Arena, size int) {
	old, oldRef := *r, r.ref
	r.slots, r.ref, r.head = nil, 0, 0
	if size > 0 {
		size = arena.SizeOf(bytesOf[T](size)) / bytesOf[T](1)
		r.ref = a.Alloc(bytesOf[T](size))
		r.slots = unsafe.Slice((*T)(a.Pointer(r.ref)), size)
	}
	if r.n > 0 {
		behind := copy(r.slots, old.slots[old.head:min(old.head+old.n, len(old.slots))])
		copy(r.slots[behind:], old.slots[:old.n-behind])
	}
	if old.slots != nil {
		a.Free(oldRef, bytesOf[T](len(old.slots)))
	}
}
