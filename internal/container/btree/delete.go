// SPDX-License-Identifier: Apache-2.0

package btree

// shrinkLeaves is how many leaves make it worth while to give memory back.
const shrinkLeaves = 8

// remove takes k pairs out, at pos of the leaf at the end of the way.
func (t *Tree) remove(way *path, number uint32, pos, k int) {
	l := t.leaves.at(number)
	l.remove(pos, k)
	t.len -= k
	t.addCounts(way, -k)
	if pos == 0 && l.n > 0 {
		t.setLeast(way, 0, l.scores[0], l.refs[0])
	}
	switch {
	case t.len == 0:
		t.Reset()
	case t.height > 0 && (l.n == 0 || l.n < leafMin && l.prev != none && l.next != none):
		t.refillLeaf(way)
	}
}

// refillLeaf makes the leaf at the end of the way one with a neighbour, or shares.
func (t *Tree) refillLeaf(way *path) {
	parent := t.inners.at(way[0].node)
	i := neighbour(parent, int(way[0].pos))
	left, right := parent.children[i], parent.children[i+1]
	a, b := t.leaves.at(left), t.leaves.at(right)
	way[0].pos = uint32(i)
	if sum := int(a.n + b.n); sum <= leafMerge || a.n == 0 || b.n == 0 {
		shareLeaves(a, b, sum)
		a.next = b.next
		if b.next != none {
			t.leaves.at(b.next).prev = left
		}
		t.leaves.put(right)
		parent.remove(i + 1)
	} else {
		shareLeaves(a, b, sum/2)
		parent.counts[i+1] = uint32(b.n)
		parent.scores[i+1], parent.refs[i+1] = b.scores[0], b.refs[0]
	}
	parent.counts[i] = uint32(a.n)
	t.setLeast(way, 0, a.scores[0], a.refs[0])
	t.refillInner(way, 0)
}

// refillInner does the same for the inner node at a level of the way, and upwards.
func (t *Tree) refillInner(way *path, level int) {
	for ; ; level++ {
		in := t.inners.at(way[level].node)
		if level+1 == int(t.height) {
			if in.n == 1 {
				t.root = in.children[0]
				t.height--
				t.inners.put(way[level].node)
			}
			return
		}
		if in.n >= innerMin ||
			in.n >= 2 && (t.atLeftEdge(way, level) || t.atRightEdge(way, level)) {
			return
		}
		parent := t.inners.at(way[level+1].node)
		i := neighbour(parent, int(way[level+1].pos))
		right := parent.children[i+1]
		a, b := t.inners.at(parent.children[i]), t.inners.at(right)
		if sum := int(a.n + b.n); sum <= innerMerge {
			shareInners(a, b, sum)
			t.inners.put(right)
			parent.remove(i + 1)
		} else {
			shareInners(a, b, sum/2)
			parent.set(i+1, branch{b.scores[0], b.refs[0], right, b.sum()})
		}
		parent.counts[i] = a.sum()
	}
}

// neighbour gives the left one of two children, of which one is at i and the other is the
// one beside it with fewer pairs.
func neighbour(parent *inner, i int) int {
	if i == 0 {
		return 0
	}
	if i+1 < int(parent.n) && parent.counts[i+1] < parent.counts[i-1] {
		return i
	}
	return i - 1
}

// shrink gives memory back when three quarters of the leaves are free: it moves the nodes
// into new pools, the leaves in order. The time is that of copying what is left.
func (t *Tree) shrink() {
	if t.leaves.used < shrinkLeaves || t.leaves.live() > int(t.leaves.used)/4 {
		return
	}
	old := *t
	t.leaves, t.inners = pool[leaf]{}, pool[inner]{}
	t.root = t.adopt(&old, old.root, old.height)
}

// adopt copies a node of old and all below it and gives its new number. It works from the
// left, so that the leaves get ascending numbers.
func (t *Tree) adopt(old *Tree, number uint32, height int32) uint32 {
	if height == 0 {
		copied := t.leaves.take()
		l := t.leaves.at(copied)
		*l = *old.leaves.at(number)
		if l.prev != none {
			l.prev = copied - 1
		}
		if l.next != none {
			l.next = copied + 1
		}
		return copied
	}
	copied, in := t.inners.take(), old.inners.at(number)
	*t.inners.at(copied) = *in
	for i, child := range in.children[:in.n] {
		child = t.adopt(old, child, height-1)
		t.inners.at(copied).children[i] = child
	}
	return copied
}
