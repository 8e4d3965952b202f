// SPDX-License-Identifier: Apache-2.0

package btree

import (
	"bytes"

	"stampede/internal/assert"
)

// checkSometimes checks the tree after an edit if slow checks are compiled in: always while
// it is small, now and then when it is large.
func (t *Tree) checkSometimes() {
	if assert.Slow && (t.len <= 300 || t.len%1021 == 0) {
		t.check()
	}
}

// walker carries what check has seen so far.
type walker struct {
	tree   *Tree
	last   uint32 // the leaf before
	leaves int
	inners int
}

// check asserts all invariants of the package comment by a walk of the whole tree.
func (t *Tree) check() {
	w := walker{tree: t, last: none}
	if t.root == none {
		assert.That(t.len == 0 && t.height == 0, "btree: pairs without a root")
	} else {
		n := w.node(t.root, int(t.height), true, true)
		assert.That(n == t.len && n > 0, "btree: wrong length")
		assert.That(t.leaves.at(w.last).next == none, "btree: the chain goes on")
	}
	assert.That(w.leaves == t.leaves.live(), "btree: leaves lost")
	assert.That(w.inners == t.inners.live(), "btree: inner nodes lost")
}

// node checks a node and all below it, tells how many pairs there are, and leaves the last
// leaf in w. left and right tell whether the node is at that edge.
func (w *walker) node(number uint32, height int, left, right bool) int {
	if height == 0 {
		return w.leaf(number, left || right)
	}
	w.inners++
	t := w.tree
	in := t.inners.at(number)
	least := innerMin
	if left || right {
		least = 2
	}
	n := int(in.n)
	assert.That(n >= least && n <= innerSlots, "btree: an inner node is too empty")
	sum := 0
	for i := range n {
		child := in.children[i]
		count := w.node(child, height-1, left && i == 0, right && i == n-1)
		assert.That(count == int(in.counts[i]), "btree: wrong count")
		score, ref := t.least(child, height-1)
		assert.That(score == in.scores[i] && ref == in.refs[i], "btree: wrong least pair")
		sum += count
	}
	return sum
}

func (w *walker) leaf(number uint32, edge bool) int {
	w.leaves++
	t := w.tree
	l := t.leaves.at(number)
	least := leafMin
	if edge {
		least = 1
	}
	assert.That(int(l.n) >= least && l.n <= leafSlots, "btree: a leaf is too empty")
	assert.That(l.prev == w.last, "btree: wrong neighbour before")
	if w.last != none {
		prev := t.leaves.at(w.last)
		assert.That(prev.next == number, "btree: wrong neighbour behind")
		assert.That(t.less(prev, int(prev.n)-1, l, 0), "btree: leaves out of order")
	}
	for i := 1; i < int(l.n); i++ {
		assert.That(t.less(l, i-1, l, i), "btree: pairs out of order")
	}
	w.last = number
	return int(l.n)
}

// least gives the first pair below a node.
func (t *Tree) least(number uint32, height int) (score float64, ref uint32) {
	for ; height > 0; height-- {
		number = t.inners.at(number).children[0]
	}
	l := t.leaves.at(number)
	return l.scores[0], l.refs[0]
}

// less compares pair i of a with pair j of b.
func (t *Tree) less(a *leaf, i int, b *leaf, j int) bool {
	if a.scores[i] != b.scores[j] {
		return a.scores[i] < b.scores[j]
	}
	return bytes.Compare(t.members.Member(a.refs[i]), t.members.Member(b.refs[j])) < 0
}
