// SPDX-License-Identifier: Apache-2.0

package stock

import (
	"bytes"

	"stampede/internal/assert"
	"stampede/internal/container/arena"
)

// tree orders records and knows, for each place in the order, how many records are before
// it and how many units they have: a B+ tree in the arena with counts and sums.
//
// An entry holds 32 bits that order most records without looking at them: those of the
// hash of the buyer, or the end in steps of 16 ms since the stock was made. Records for
// which they are equal are read.
//
// # Invariants
//
//  1. All leaves are at one depth, and the chain of neighbours visits them in order.
//  2. The entries along the chain are strictly ascending.
//  3. The least entry, the count and the sum that a node keeps of a child are exact; so no
//     record is referred to that is not in the tree.
//  4. No leaf is empty, and no inner node has no child, nor the root only one.
//  5. Of two neighbours below one node of which one was just made small, one of them alone
//     cannot hold seven eighths of a node.
type tree struct {
	book   *book
	order  order
	root   arena.Ref // a leaf if height is 0; 0 if the tree is empty
	height int
	len    int
	sum    uint64
	bytes  int64 // of all nodes
}

// order says by what a tree orders records.
type order uint8

const (
	byEnd   order = iota // end, fence, reference
	byBuyer              // hash of buyer, buyer, end, fence, reference; a sold hold ends never
)

// place is a point in the order: that of a record, or one between records.
type place struct {
	key   uint32
	buyer []byte // only with byBuyer
	endMs int64
	fence int64
	ref   uint32 // of a record; only what somebody forged has two equal fences
}

// step is a node on the way from the root to a leaf, and which child was taken.
type step struct {
	node arena.Ref
	pos  int
}

type path [heightMax]step

// endKey is the key of an end in a tree by end.
func (b *book) endKey(endMs int64) uint32 {
	return uint32(min(uint64(max(endMs-b.openedMs, 0))>>4, 1<<32-1))
}

func (b *book) buyerKey(buyer []byte) uint32 { return uint32(b.hash(buyer) >> 32) }

// at is the point in a tree by end before all that end at endMs or later.
func (b *book) at(endMs int64) place { return place{key: b.endKey(endMs), endMs: endMs} }

// atBuyer is that point among the holds of a buyer.
func (b *book) atBuyer(buyer []byte, endMs int64) place {
	return place{key: b.buyerKey(buyer), buyer: buyer, endMs: endMs}
}

// placeOf is the point where a record stands.
func (t *tree) placeOf(ref uint32) place {
	p := place{endMs: t.endIn(ref), fence: t.book.fenceOf(ref), ref: ref}
	if t.order == byEnd {
		p.key = t.book.endKey(p.endMs)
		return p
	}
	p.buyer = t.book.buyer(ref)
	p.key = t.book.buyerKey(p.buyer)
	return p
}

// endIn is the end of a record as the tree orders it.
func (t *tree) endIn(ref uint32) int64 {
	if t.order == byBuyer && t.book.state(ref) == stateSold {
		return endForever
	}
	return t.book.endMs(ref)
}

// before tells whether a record stands before p, which has the same key.
func (t *tree) before(ref uint32, p *place) bool {
	if t.order == byBuyer {
		if c := bytes.Compare(t.book.buyer(ref), p.buyer); c != 0 {
			return c < 0
		}
	}
	if endMs := t.endIn(ref); endMs != p.endMs {
		return endMs < p.endMs
	}
	if fence := t.book.fenceOf(ref); fence != p.fence {
		return fence < p.fence
	}
	return ref < p.ref
}

func (t *tree) entryBefore(e entry, p *place) bool {
	return e.key < p.key || e.key == p.key && t.before(e.ref, p)
}

func (t *tree) kidBefore(in *inner, i int, p *place) bool {
	key := in.keys[i]
	return key < p.key || key == p.key && t.before(in.kids[i].least.ref, p)
}

// position is the number of entries of a leaf before p.
func (t *tree) position(l *leaf, p *place) int {
	used := l.used()
	low, high := 0, len(used)
	if high > 0 && t.entryBefore(used[high-1], p) {
		return high // most are granted in the order of their ends
	}
	for low < high {
		if mid := int(uint(low+high) / 2); t.entryBefore(used[mid], p) {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// child is the last child whose least entry is before p, or the first one.
func (t *tree) child(in *inner, p *place) int {
	low, high := 1, int(in.n)
	if t.kidBefore(in, high-1, p) {
		return high - 1
	}
	for low < high {
		if mid := int(uint(low+high) / 2); t.kidBefore(in, mid, p) {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low - 1
}

// descend finds the leaf and the position in it of the first entry that is not before p,
// which may be behind the last entry of the leaf. way[0] is the node above the leaf. The
// tree must not be empty.
func (t *tree) descend(p *place, way *path) (node arena.Ref, pos int) {
	node = t.root
	for level := t.height - 1; level >= 0; level-- {
		in := t.inner(node)
		way[level] = step{node: node, pos: t.child(in, p)}
		node = in.kids[way[level].pos].node
	}
	return node, t.position(t.leaf(node), p)
}

// prefix is the number of entries before p and the sum of their units. Cost: O(log n).
func (t *tree) prefix(p place) (count int, sum uint64) {
	if t.root == 0 {
		return 0, 0
	}
	var way path
	node, pos := t.descend(&p, &way)
	whole := t.sum
	for level := t.height - 1; level >= 0; level-- {
		in := t.inner(way[level].node)
		for i := range in.kids[:way[level].pos] {
			count += int(in.kids[i].count)
			sum += in.kids[i].sum
		}
		whole = in.kids[way[level].pos].sum
	}
	used := t.leaf(node).used()
	count += pos
	single := whole == uint64(len(used))
	if pos <= len(used)/2 {
		return count, sum + t.sumOf(used[:pos], single)
	}
	return count, sum + whole - t.sumOf(used[pos:], single)
}

// sumOf is the units of some entries of a leaf. If all of the leaf have as many units as
// there are, each has one (single), and no record is read.
func (t *tree) sumOf(entries []entry, single bool) (sum uint64) {
	if single {
		return uint64(len(entries))
	}
	for _, e := range entries {
		sum += t.book.units(e.ref)
	}
	return sum
}

// cursor is a place in the chain of leaves. It is valid until the next change.
type cursor struct {
	tree *tree
	node arena.Ref
	pos  int
}

func (c *cursor) valid() bool { return c.node != 0 }

func (c *cursor) entry() entry { return c.tree.leaf(c.node).used()[c.pos] }

// ref is the record at the cursor.
func (c *cursor) ref() uint32 { return c.entry().ref }

func (c *cursor) next() {
	c.pos++
	c.settle()
}

// settle moves a cursor that is behind the last entry of its leaf to the next leaf.
func (c *cursor) settle() {
	if l := c.tree.leaf(c.node); c.pos >= int(l.n) {
		c.node, c.pos = l.next, 0
	}
}

// seek is where the first entry is that is not before p. Cost: O(log n).
func (t *tree) seek(p place) cursor {
	if t.root == 0 {
		return cursor{}
	}
	var way path
	c := cursor{tree: t}
	c.node, c.pos = t.descend(&p, &way)
	c.settle()
	return c
}

// from is the cursor at the entry of a rank, 0 … len. Cost: O(log n).
func (t *tree) from(rank int) cursor {
	if rank >= t.len {
		return cursor{}
	}
	node := t.root
	for range t.height {
		in := t.inner(node)
		for i := range in.kids[:in.n] {
			node = in.kids[i].node
			if rank < int(in.kids[i].count) {
				break
			}
			rank -= int(in.kids[i].count)
		}
	}
	return cursor{tree: t, node: node, pos: rank}
}

// insert adds a record that is not in the tree. Cost: O(log n).
func (t *tree) insert(ref uint32) {
	p := t.placeOf(ref)
	units := t.book.units(ref)
	if t.root == 0 {
		t.root = t.newLeaf(leafLeast)
	}
	var way path
	node, pos := t.descend(&p, &way)
	if l := t.leaf(node); l.n == l.cap && l.cap < leafMax {
		t.growRoot()
		node = t.root
	}
	t.len++
	t.sum += units
	e := entry{key: p.key, ref: ref}
	if t.leaf(node).n == leafMax {
		t.insertFull(&way, node, pos, e, units)
		return
	}
	t.leaf(node).insert(pos, e)
	t.add(&way, 0, 1, units)
	if pos == 0 {
		t.setLeast(&way, 0, e)
	}
}

// stays tells whether a record, which is in the tree, stands where it does with a later end,
// too, if its key is the same. Cost: O(log n).
func (t *tree) stays(ref uint32, endMs int64) bool {
	p := t.placeOf(ref)
	assert.That(endMs >= p.endMs, "stock: a hold that lives shorter")
	at := t.seek(p)
	assert.That(at.ref() == ref, "stock: record is not where its tree has it")
	at.next()
	if !at.valid() {
		return true
	}
	p.endMs = endMs
	behind := at.entry()
	return behind.key != p.key || !t.before(behind.ref, &p)
}

// delete takes a record out of the tree, where it must be. Cost: O(log n).
func (t *tree) delete(ref uint32) {
	p := t.placeOf(ref)
	units := t.book.units(ref)
	assert.That(t.root != 0, "stock: record to delete from an empty tree")
	var way path
	node, pos := t.descend(&p, &way)
	l := t.leaf(node)
	if pos == int(l.n) { // the least entry of the next leaf is the one: go there
		pos = 0
		node = t.forward(&way)
		l = t.leaf(node)
	}
	assert.That(l.used()[pos].ref == ref, "stock: record is not where its tree has it")
	t.len--
	t.sum -= units
	l.remove(pos)
	t.add(&way, 0, -1, -units)
	switch {
	case l.n == 0:
		t.unchain(l)
		t.freeLeaf(node)
		t.removeKid(&way, 0)
	case pos == 0:
		t.setLeast(&way, 0, l.used()[0])
		fallthrough
	default:
		if l.n < leafMin {
			t.mergeLeaf(&way)
		}
	}
}
