// SPDX-License-Identifier: Apache-2.0

package stock

import (
	"unsafe"

	"stampede/internal/container/arena"
)

// Sizes of nodes. A leaf of 62 entries has 512 bytes and an inner node 1024. While the root
// is a leaf it may be smaller, so that a stock with a few holds is a few hundred bytes.
const (
	leafHead  = 16
	leafMax   = 62
	leafLeast = 6
	leafMin   = leafMax / 3
	innerMax  = 36
	innerMin  = innerMax / 3
	heightMax = 12 // levels of inner nodes: 14^12 leaves are more than an arena has

	// Two nodes become one if that leaves an eighth of it free.
	leafMerge  = leafMax - leafMax/8
	innerMerge = innerMax - innerMax/8
	// shareRoom is how much room a neighbour must have to be given entries before a split.
	shareRoom = leafMax / 6
)

// entry is a record in a leaf: the first bits of its place, and where it is.
type entry struct {
	key uint32
	ref uint32
}

// leaf is the head of a leaf; the entries follow it. Neighbours are 0 at the ends.
type leaf struct {
	n, cap     uint16
	_          uint32
	prev, next arena.Ref
}

// kid is what an inner node knows of a child: the least entry below it, how many entries
// there are, and the sum of their units. Sums are modulo 2^64, as differences are all that
// is asked for.
type kid struct {
	least entry
	node  arena.Ref
	count uint32
	sum   uint64
}

// inner is a node above others. The keys of the least entries stand once more at its
// beginning, so that a search reads two or three lines of the cache.
type inner struct {
	n    uint16
	_    [6]byte
	keys [innerMax]uint32
	kids [innerMax]kid
}

const innerBytes = int(unsafe.Sizeof(inner{}))

func leafBytes(capacity int) int { return leafHead + capacity*int(unsafe.Sizeof(entry{})) }

func (t *tree) leaf(r arena.Ref) *leaf { return (*leaf)(t.book.arena.Pointer(r)) }

func (t *tree) inner(r arena.Ref) *inner { return (*inner)(t.book.arena.Pointer(r)) }

// entries are all places of the leaf, of which the first n are used.
func (l *leaf) entries() []entry {
	return unsafe.Slice((*entry)(unsafe.Add(unsafe.Pointer(l), leafHead)), l.cap)
}

func (l *leaf) used() []entry { return l.entries()[:l.n] }

// insert puts an entry at pos; there must be room.
func (l *leaf) insert(pos int, e entry) {
	all := l.entries()
	copy(all[pos+1:int(l.n)+1], all[pos:l.n])
	all[pos] = e
	l.n++
}

func (l *leaf) remove(pos int) {
	all := l.used()
	copy(all[pos:], all[pos+1:])
	l.n--
}

func (in *inner) insert(pos int, k kid) {
	copy(in.keys[pos+1:in.n+1], in.keys[pos:in.n])
	copy(in.kids[pos+1:in.n+1], in.kids[pos:in.n])
	in.keys[pos], in.kids[pos] = k.least.key, k
	in.n++
}

func (in *inner) remove(pos int) {
	copy(in.keys[pos:], in.keys[pos+1:in.n])
	copy(in.kids[pos:], in.kids[pos+1:in.n])
	in.n--
}

// setLeast says what the least entry below a child is.
func (in *inner) setLeast(pos int, e entry) { in.keys[pos], in.kids[pos].least = e.key, e }

// append puts the children of another node behind those of this one.
func (in *inner) append(keys []uint32, kids []kid) {
	copy(in.keys[in.n:], keys)
	in.n += uint16(copy(in.kids[in.n:], kids))
}

// total is the kid that stands for the whole node.
func (in *inner) total(node arena.Ref) kid {
	k := kid{least: in.kids[0].least, node: node}
	for i := range in.kids[:in.n] {
		k.count += in.kids[i].count
		k.sum += in.kids[i].sum
	}
	return k
}

func (t *tree) newLeaf(capacity int) arena.Ref {
	r := t.book.arena.Alloc(leafBytes(capacity))
	t.bytes += int64(arena.SizeOf(leafBytes(capacity)))
	*t.leaf(r) = leaf{cap: uint16(capacity)}
	return r
}

func (t *tree) freeLeaf(r arena.Ref) {
	size := leafBytes(int(t.leaf(r).cap))
	t.bytes -= int64(arena.SizeOf(size))
	t.book.arena.Free(r, size)
}

func (t *tree) newInner() arena.Ref {
	r := t.book.arena.Alloc(innerBytes)
	t.bytes += int64(arena.SizeOf(innerBytes))
	t.inner(r).n = 0
	return r
}

func (t *tree) freeInner(r arena.Ref) {
	t.bytes -= int64(arena.SizeOf(innerBytes))
	t.book.arena.Free(r, innerBytes)
}

// growRoot doubles the root, which is a full leaf that is smaller than others.
func (t *tree) growRoot() {
	old := int(t.leaf(t.root).cap)
	capacity := min(leafMax, 2*old+2)
	oldBytes, newBytes := leafBytes(old), leafBytes(capacity)
	t.root = t.book.arena.Realloc(t.root, oldBytes, newBytes, oldBytes)
	t.leaf(t.root).cap = uint16(capacity)
	t.bytes += int64(arena.SizeOf(newBytes) - arena.SizeOf(oldBytes))
}
