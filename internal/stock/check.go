// SPDX-License-Identifier: Apache-2.0

package stock

import (
	"stampede/internal/assert"
	"stampede/internal/container/arena"
)

// How many records there may be for everything to be checked at every change, and at which
// multiples of how many it is checked beyond that.
const (
	checkAlways = 64
	checkEvery  = 1021
)

// checkSometimes checks everything at every change while that is little, and now and then
// when it is much; under slowassert only.
func (s *Stock) checkSometimes() {
	if n := s.Len(); assert.Slow && s.fault == NoFault && (n < checkAlways || n%checkEvery == 0) {
		s.Verify()
	}
}

// Verify walks everything and panics where an invariant does not hold. Cost: O(n log n).
func (s *Stock) Verify() {
	s.ends.check()
	s.buyers.check()
	s.checkQueue()
	for _, nowMs := range [...]int64{s.clockMs, max(s.clockMs, s.passed.fromMs)} {
		r := s.Audit(nowMs)
		assert.That(len(r.Differences) == 0, "stock: the sums are not those of the holds")
		assert.That(r.Sums.Free >= 0, "stock: more is held and sold than there is")
	}
	bytes := int64(0)
	for cursor, first := uint64(0), true; first || cursor != 0; first = false {
		cursor = s.index.Scan(cursor, func(ref uint32) {
			bytes += int64(arena.SizeOf(s.book.size(ref)))
		})
	}
	assert.That(bytes == s.book.bytes, "stock: bytes of records")
}

func (s *Stock) checkQueue() {
	n, prev := int64(0), uint32(0)
	for ref := s.queue.first; ref != 0; ref = s.queue.next(ref) {
		assert.That(s.book.state(ref) == stateRefused, "stock: a hold among the refusals")
		assert.That(s.queue.prev(ref) == prev, "stock: links of a refusal")
		prev = ref
		n++
	}
	assert.That(prev == s.queue.last && n == s.queue.len, "stock: length of the queue")
}

// check panics where an invariant of the tree does not hold.
func (t *tree) check() {
	w := treeWalk{tree: t}
	if t.root != 0 {
		total := w.node(t.root, t.height)
		assert.That(int(total.count) == t.len && total.sum == t.sum, "stock: sums of a tree")
		assert.That(t.height == 0 || t.inner(t.root).n > 1, "stock: root with one child")
		assert.That(t.leaf(w.last).next == 0, "stock: end of the chain")
	} else {
		assert.That(t.len == 0 && t.sum == 0 && t.height == 0, "stock: tree without a root")
	}
	assert.That(w.bytes == t.bytes, "stock: bytes of a tree")
}

// treeWalk walks a tree in its order.
type treeWalk struct {
	tree   *tree
	last   arena.Ref // the leaf before
	before uint32    // the record before
	bytes  int64
}

// node checks a node and what is below it, and says what its parent must know.
func (w *treeWalk) node(node arena.Ref, height int) kid {
	if height == 0 {
		return w.leaf(node)
	}
	in := w.tree.inner(node)
	w.bytes += int64(arena.SizeOf(innerBytes))
	assert.That(in.n > 0 && in.n <= innerMax, "stock: number of children")
	for i := range in.kids[:in.n] {
		assert.That(w.node(in.kids[i].node, height-1) == in.kids[i], "stock: sums of a child")
		assert.That(in.keys[i] == in.kids[i].least.key, "stock: key of a child")
	}
	return in.total(node)
}

func (w *treeWalk) leaf(node arena.Ref) kid {
	t := w.tree
	l := t.leaf(node)
	assert.That(l.n > 0 && l.n <= l.cap && l.cap <= leafMax, "stock: number of entries")
	assert.That(l.cap == leafMax || t.height == 0, "stock: small leaf below a node")
	assert.That(l.prev == w.last, "stock: chain of leaves")
	if w.last != 0 {
		assert.That(t.leaf(w.last).next == node, "stock: chain of leaves")
	}
	w.last = node
	w.bytes += int64(arena.SizeOf(leafBytes(int(l.cap))))
	for _, e := range l.used() {
		p := t.placeOf(e.ref)
		assert.That(p.key == e.key, "stock: key of an entry")
		if w.before != 0 {
			before := t.placeOf(w.before)
			assert.That(t.entryBefore(entry{before.key, w.before}, &p), "stock: order of a tree")
		}
		w.before = e.ref
	}
	return kid{
		least: l.used()[0], node: node, count: uint32(l.n), sum: t.sumOf(l.used(), false),
	}
}
