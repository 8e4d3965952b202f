// SPDX-License-Identifier: Apache-2.0

package btree

// insertFull adds a pair at pos of a full leaf: in a new leaf if it extends the tree at one
// of its ends, else after sharing with a neighbour that has room, else after a split. The
// counts along the way already include the pair.
func (t *Tree) insertFull(way *path, number uint32, pos int, score float64, ref uint32) {
	l := t.leaves.at(number)
	switch {
	case pos == leafSlots && l.next == none:
		right := t.splitLeaf(number, leafSlots)
		t.leaves.at(right).insert(0, score, ref)
		t.linkLeaf(way, number, right)
	case pos == 0 && l.prev == none:
		right := t.splitLeaf(number, 0)
		t.leaves.at(number).insert(0, score, ref)
		t.setLeast(way, 0, score, ref)
		t.linkLeaf(way, number, right)
	case t.height > 0 && t.insertShared(way, pos, score, ref):
	default:
		right := t.splitLeaf(number, leafSlots/2)
		if pos <= leafSlots/2 {
			t.leaves.at(number).insert(pos, score, ref)
		} else {
			t.leaves.at(right).insert(pos-leafSlots/2, score, ref)
		}
		t.linkLeaf(way, number, right)
	}
}

// insertShared adds a pair at pos of the full leaf at the end of the way, if a neighbour
// below the same parent has room: both are half as full as together afterwards.
func (t *Tree) insertShared(way *path, pos int, score float64, ref uint32) bool {
	parent, i := t.inners.at(way[0].node), int(way[0].pos)
	left, room := -1, leafRoom-1
	if i > 0 {
		if r := leafSlots - int(parent.counts[i-1]); r > room {
			left, room = i-1, r
		}
	}
	if i+1 < int(parent.n) {
		if r := leafSlots - int(parent.counts[i+1]); r > room {
			left = i
		}
	}
	if left < 0 {
		return false
	}
	a, b := t.leaves.at(parent.children[left]), t.leaves.at(parent.children[left+1])
	if left < i {
		pos += int(a.n)
	}
	shareLeaves(a, b, int(a.n+b.n)/2)
	if pos <= int(a.n) {
		a.insert(pos, score, ref)
	} else {
		b.insert(pos-int(a.n), score, ref)
	}
	parent.counts[left], parent.counts[left+1] = uint32(a.n), uint32(b.n)
	parent.scores[left+1], parent.refs[left+1] = b.scores[0], b.refs[0]
	return true
}

// splitLeaf moves the pairs from place keep on into a new leaf to the right of a full one.
func (t *Tree) splitLeaf(number uint32, keep int) (right uint32) {
	right = t.newLeaf()
	l, r := t.leaves.at(number), t.leaves.at(right)
	shareLeaves(l, r, keep)
	r.prev, r.next = number, l.next
	if l.next != none {
		t.leaves.at(l.next).prev = right
	}
	l.next = right
	return right
}

// linkLeaf makes the leaf that splitLeaf made known to the parent.
func (t *Tree) linkLeaf(way *path, number, right uint32) {
	if t.height == 0 {
		l := t.leaves.at(number)
		t.growRoot(way, branch{score: l.scores[0], ref: l.refs[0], child: number})
	}
	parent, i := t.inners.at(way[0].node), way[0].pos
	l, r := t.leaves.at(number), t.leaves.at(right)
	parent.counts[i] = uint32(l.n)
	t.addChild(way, 0, int(i)+1, branch{r.scores[0], r.refs[0], right, uint32(r.n)})
}

// growRoot puts a new root with one child above the old one; its count is still missing.
func (t *Tree) growRoot(way *path, child branch) {
	root := t.newInner()
	t.inners.at(root).insert(0, child)
	way[t.height] = step{root, 0}
	t.root = root
	t.height++
}

// addChild adds a branch at pos of the inner node at a level of the way, and splits the
// node if it is full: in halves, or with two branches beyond if the tree grows at an end.
func (t *Tree) addChild(way *path, level, pos int, b branch) {
	number := way[level].node
	if in := t.inners.at(number); in.n < innerSlots {
		in.insert(pos, b)
		return
	}
	keep := innerSlots / 2
	if pos == innerSlots && t.atRightEdge(way, level) {
		keep = innerSlots - 1
	} else if pos == 1 && t.atLeftEdge(way, level) {
		keep = 1
	}
	right := t.newInner()
	in, r := t.inners.at(number), t.inners.at(right)
	shareInners(in, r, keep)
	if pos <= keep {
		in.insert(pos, b)
	} else {
		r.insert(pos-keep, b)
	}
	if level+1 == int(t.height) {
		t.growRoot(way, branch{score: in.scores[0], ref: in.refs[0], child: number})
		in, r = t.inners.at(number), t.inners.at(right)
	}
	parent, i := t.inners.at(way[level+1].node), way[level+1].pos
	parent.counts[i] = in.sum()
	t.addChild(way, level+1, int(i)+1, branch{r.scores[0], r.refs[0], right, r.sum()})
}
