// SPDX-License-Identifier: Apache-2.0

// Package quicklist is a long list of byte strings that grows and shrinks at both ends at
// once: a row of nodes, each of which is a listpack of some kilobytes, or one element that
// is too long for a pack.
//
// The nodes' bytes are blocks of an arena, and so is the row itself, with 16 bytes a node
// (package ring): the ends are reached in constant time, and to find an element by its number
// 16 bytes are looked at for some hundred elements.
//
// While a list is handed out (save.go), a node that has yet to be is not changed any more:
// who changes it gets a copy.
//
// # Ownership
//
// A [List] belongs to whoever owns its arena and is used by its owner only: no locks, no
// clock. Bytes that a method gives are views, good until the next call of the list, and may
// not be what a change puts into it.
//
// # What is not here
//
// Short lists, which are one listpack inside of their key's block, and keys (both package
// keyspace), files (package rdb).
package quicklist

import (
	"encoding/binary"
	"unsafe"

	"stampede/internal/assert"
	"stampede/internal/container/arena"
	"stampede/internal/container/listpack"
	"stampede/internal/container/ring"
)

// List is a list. Make one with [New].
//
// Invariant: no node is empty, and len is the sum of their counts.
type List struct {
	arena *arena.Arena
	nodes ring.Ring[node]
	len   int
	bytes int64 // of the nodes' blocks

	digits [24]byte // the text of an integer that a view was asked of

	save   Visit  // who is given the nodes, while they are handed out
	frozen []node // the nodes as they were then; seq tells whether one is no longer used
	saved  int    // how many of frozen have been handed out
}

// node is a block of the arena.
type node struct {
	ref   arena.Ref
	size  uint32 // of the block, in bytes: as many as the pack has, or more
	count uint32 // of elements; plain for one that is no pack
	seq   uint32 // its place in frozen, from 1; 0: it is not there
}

// plain is the count of a node that is one long element, without a pack.
const plain = ^uint32(0)

func (n *node) len() int {
	if n.count == plain {
		return 1
	}
	return int(n.count)
}

// Visit takes a node: a pack, or else one element.
type Visit func(pack listpack.Pack, element []byte)

// New returns an empty list whose nodes lie in a.
func New(a *arena.Arena) *List { return &List{arena: a} }

// Len is the number of elements.
func (l *List) Len() int { return l.len }

// Nodes is the number of nodes.
func (l *List) Nodes() int { return l.nodes.Len() }

// Bytes is all the memory that the list holds, OutsideBytes the part beside the arena.
func (l *List) Bytes() int64 { return l.bytes + l.nodes.Bytes() + l.OutsideBytes() }

// OutsideBytes is the memory beside the arena: little, but while the list is handed out.
func (l *List) OutsideBytes() int64 {
	return int64(unsafe.Sizeof(*l)) + int64(cap(l.frozen))*int64(unsafe.Sizeof(node{}))
}

// safeBytes is the size of a pack whose fill limits the number of its elements.
const safeBytes = 8192

// packBytes is the size up to which a pack is filled.
func packBytes(fill int) int {
	if fill >= 0 {
		return safeBytes
	}
	return 4096 << min(-fill-1, 4)
}

// headBytes is what Redis counts beside the text of an element.
const headBytes = 8

// Fits tells whether a pack of so many bytes and elements takes one more element of
// elementLen bytes. fill is the parameter list-max-listpack-size: a number of elements, or
// -1 … -5 for 4 to 64 kilobytes.
func Fits(fill, bytes, count, elementLen int) bool {
	if fill >= 0 && count >= max(fill, 1) {
		return false
	}
	return bytes+elementLen+headBytes <= packBytes(fill)
}

// fits tells whether node i takes an element.
func (l *List) fits(i, fill, elementLen int) bool {
	n := l.nodes.At(i)
	return n.count != plain && Fits(fill, len(l.pack(n)), int(n.count), elementLen)
}

// pack is a view of the pack of n, with the capacity of its block.
func (l *List) pack(n *node) listpack.Pack {
	block := l.arena.Bytes(n.ref, int(n.size))
	return listpack.Pack(block[:binary.LittleEndian.Uint32(block)])
}

// element is a view of the element that n is.
func (l *List) element(n *node) []byte { return l.arena.Bytes(n.ref, int(n.size)) }

// Push puts b at an end of the list. Cost: O(1).
func (l *List) Push(front bool, b []byte, fill int) {
	if front && l.isFrontFull() {
		l.fillSecond(fill)
		if l.isFrontFull() {
			l.addNode(0, b, fill)
			return
		}
	}
	at, next := l.nodes.Len()-1, l.nodes.Len()
	if front {
		at, next = 0, 0
	}
	if l.nodes.Len() > 0 && l.fits(at, fill, len(b)) {
		n := l.edit(at)
		off := l.pack(n).End()
		if front {
			off = l.pack(n).First()
		}
		l.insertInto(n, off, b, fill)
		return
	}
	if l.nodes.Len() > 0 && l.nodes.At(at).count != plain {
		l.trim(at)
	}
	l.addNode(next, b, fill)
}

// frontBytes is the size up to which elements are pushed into the first node: each of them moves
// all that stands behind it there. Elements of a first node that is full go to the second.
const frontBytes = 1024

func (l *List) isFrontFull() bool {
	if l.nodes.Len() == 0 {
		return false
	}
	n := l.nodes.At(0)
	return n.count != plain && len(l.pack(n)) >= frontBytes
}

// fillSecond moves elements from the end of the first node, a pack, to the beginning of the
// second one: all of them, or as many as there is room for.
func (l *List) fillSecond(fill int) {
	if l.nodes.Len() == 1 || l.nodes.At(1).count == plain {
		return
	}
	from, k := l.movable(fill)
	if k == 0 {
		l.trim(1)
		return
	}
	second, first := l.edit(1), l.pack(l.nodes.At(0))
	p := l.pack(second)
	if need := len(p) + first.End() - from; need > cap(p) {
		l.resize(second, max(need, min(2*cap(p), packBytes(fill))))
		p = l.pack(second)
	}
	p.InsertTail(p.First(), first, from, k)
	second.count += uint32(k)
	l.len += k
	if k < l.nodes.At(0).len() {
		l.deleteFrom(l.edit(0), from, k)
		return
	}
	l.drop(l.nodes.At(0))
	l.nodes.Remove(l.arena, 0, 1)
}

// movable is how many elements at the end of the first node the second one, a pack too, has
// room for, and where they begin.
func (l *List) movable(fill int) (from, k int) {
	p, second := l.pack(l.nodes.At(0)), l.nodes.At(1)
	room, most := packBytes(fill)-len(l.pack(second)), l.nodes.At(0).len()
	if fill >= 0 {
		most = min(most, max(fill, 1)-second.len())
	}
	if most == l.nodes.At(0).len() && p.End()-p.First() <= room {
		return p.First(), most
	}
	for from = p.End(); k < most; k++ {
		at := p.Prev(from)
		if p.End()-at > room {
			break
		}
		from = at
	}
	return from, k
}

// AppendPack puts all elements of a pack, which is copied, at the end.
func (l *List) AppendPack(p listpack.Pack) {
	if p.Len() == 0 {
		return
	}
	n := node{ref: l.alloc(len(p)), size: uint32(len(p)), count: uint32(p.Len())}
	copy(l.arena.Bytes(n.ref, len(p)), p)
	l.nodes.Insert(l.arena, l.nodes.Len(), n)
	l.len += int(n.count)
}

// addNode makes a node with the element b and lets it be node i.
func (l *List) addNode(i int, b []byte, fill int) {
	l.len++
	if !Fits(fill, listpack.EmptyBytes, 0, len(b)) {
		n := node{ref: l.alloc(len(b)), size: uint32(len(b)), count: plain}
		copy(l.arena.Bytes(n.ref, len(b)), b)
		l.nodes.Insert(l.arena, i, n)
		return
	}
	size := listpack.EmptyBytes + listpack.EncodedLen(b)
	n := node{ref: l.alloc(size), size: uint32(size), count: 1}
	listpack.New(l.arena.Bytes(n.ref, size)).Append(b)
	l.nodes.Insert(l.arena, i, n)
}

// insertInto puts b into the pack of n, which may be changed and has room by its fill.
func (l *List) insertInto(n *node, off int, b []byte, fill int) {
	p := l.pack(n)
	if need := len(p) + listpack.EncodedLen(b); need > cap(p) {
		l.resize(n, max(need, min(2*cap(p), packBytes(fill))))
		p = l.pack(n)
	}
	p.Insert(off, b)
	n.count++
	l.len++
}

// deleteFrom takes k elements from off on out of the pack of n, which may be changed, and
// has more elements than that.
func (l *List) deleteFrom(n *node, off, k int) {
	p := l.pack(n).Delete(off, k)
	n.count -= uint32(k)
	l.len -= k
	if len(p) <= cap(p)/2 {
		l.resize(n, len(p))
	}
}

// trim gives back the room that the pack of node i does not take.
func (l *List) trim(i int) {
	n := l.nodes.At(i)
	if size := len(l.pack(n)); arena.SizeOf(size) < arena.SizeOf(int(n.size)) {
		l.resize(l.edit(i), size)
	}
}

// resize moves the pack of n, which may be changed, into a block of size bytes.
func (l *List) resize(n *node, size int) {
	l.bytes += int64(arena.SizeOf(size) - arena.SizeOf(int(n.size)))
	used := min(int(n.size), size)
	n.ref, n.size = l.arena.Realloc(n.ref, int(n.size), size, used), uint32(size)
}

func (l *List) alloc(size int) arena.Ref {
	l.bytes += int64(arena.SizeOf(size))
	return l.arena.Alloc(size)
}

func (l *List) free(n *node) {
	l.bytes -= int64(arena.SizeOf(int(n.size)))
	l.arena.Free(n.ref, int(n.size))
}

// Pop takes the k elements at an end of the list away; so many must be there. Cost: O(k).
func (l *List) Pop(front bool, k int) {
	if front {
		l.Remove(0, k)
	} else {
		l.Remove(l.len-k, k)
	}
}

// FreeStep gives back the memory of about k elements and tells whether it was the last.
// Nothing else may be called once it has been.
func (l *List) FreeStep(k int) (done bool) {
	assert.That(l.save == nil, "quicklist: freed while it is handed out")
	for ; k > 0 && l.nodes.Len() > 0; k-- {
		n := l.nodes.At(0)
		k -= n.len() - 1
		l.free(n)
		l.nodes.Remove(l.arena, 0, 1)
	}
	if l.nodes.Len() > 0 {
		return false
	}
	l.len = 0
	return true
}

// Copy makes an equal list in a. Cost: O(bytes).
func (l *List) Copy(a *arena.Arena) *List {
	c := New(a)
	c.nodes.Reserve(a, l.nodes.Len())
	for i := range l.nodes.Len() {
		n := *l.nodes.At(i)
		bytes := l.element(&n)
		if n.count != plain {
			bytes = l.pack(&n)
		}
		n.ref, n.size, n.seq = c.alloc(len(bytes)), uint32(len(bytes)), 0
		copy(a.Bytes(n.ref, len(bytes)), bytes)
		c.nodes.Insert(a, i, n)
	}
	c.len = l.len
	return c
}
