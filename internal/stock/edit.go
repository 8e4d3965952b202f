// SPDX-License-Identifier: Apache-2.0

package stock

import (
	"stampede/internal/assert"
	"stampede/internal/container/arena"
)

// add changes count and sum on the way from level upwards.
func (t *tree) add(way *path, level int, count int, sum uint64) {
	for ; level < t.height; level++ {
		k := &t.inner(way[level].node).kids[way[level].pos]
		k.count += uint32(count)
		k.sum += sum
	}
}

// setLeast tells the nodes on the way from level upwards what the least entry below is.
func (t *tree) setLeast(way *path, level int, e entry) {
	for ; level < t.height; level++ {
		t.inner(way[level].node).setLeast(way[level].pos, e)
		if way[level].pos > 0 {
			return
		}
	}
}

// forward moves the way to the next leaf, which there must be, and returns that.
func (t *tree) forward(way *path) arena.Ref {
	level := 0
	for way[level].pos+1 == int(t.inner(way[level].node).n) {
		level++
		assert.That(level < t.height, "stock: nothing behind the last leaf")
	}
	way[level].pos++
	node := t.inner(way[level].node).kids[way[level].pos].node
	for level--; level >= 0; level-- {
		way[level] = step{node: node}
		node = t.inner(node).kids[0].node
	}
	return node
}

// unchain takes a leaf out of the chain of neighbours.
func (t *tree) unchain(l *leaf) {
	if l.prev != 0 {
		t.leaf(l.prev).next = l.next
	}
	if l.next != 0 {
		t.leaf(l.next).prev = l.prev
	}
}

// insertFull inserts an entry at a position of a leaf that has no room.
func (t *tree) insertFull(way *path, node arena.Ref, pos int, e entry, units uint64) {
	if pos == leafMax && t.leaf(node).next == 0 {
		t.addLeaf(way, node, 0, kid{least: e, count: 1, sum: units}).insert(0, e)
		return
	}
	if t.share(way, node) {
		t.insertAgain(e, units)
		return
	}
	l := t.leaf(node)
	const half = leafMax / 2
	moved := l.used()[half:]
	right := kid{least: moved[0], count: uint32(len(moved)), sum: t.sumOf(moved, t.single(way))}
	t.add(way, 0, -len(moved), -right.sum)
	r := t.addLeaf(way, node, len(moved), right)
	l = t.leaf(node)
	copy(r.used(), l.used()[half:])
	l.n = half
	t.insertAgain(e, units)
}

// insertAgain inserts an entry that is counted in the whole tree already, after room was
// made for it.
func (t *tree) insertAgain(e entry, units uint64) {
	p := t.placeOf(e.ref)
	var way path
	node, pos := t.descend(&p, &way)
	t.leaf(node).insert(pos, e)
	t.add(&way, 0, 1, units)
	if pos == 0 {
		t.setLeast(&way, 0, e)
	}
}

// addLeaf puts a leaf for n entries, which are the caller's to write, behind node; k is
// what its parent will know of it.
func (t *tree) addLeaf(way *path, node arena.Ref, n int, k kid) *leaf {
	k.node = t.newLeaf(leafMax)
	l, r := t.leaf(node), t.leaf(k.node)
	r.n, r.prev, r.next = uint16(n), node, l.next
	if l.next != 0 {
		t.leaf(l.next).prev = k.node
	}
	l.next = k.node
	if t.height == 0 {
		stays := l.used()[:int(l.n)-n]
		left := kid{least: stays[0], node: node, count: uint32(len(stays))}
		left.sum = t.sumOf(stays, t.single(way))
		t.newRoot(left, k)
		return r
	}
	t.addKid(way, 0, k)
	return r
}

// newRoot puts a node with two children above the root.
func (t *tree) newRoot(left, right kid) {
	t.root = t.newInner()
	in := t.inner(t.root)
	in.insert(0, left)
	in.insert(1, right)
	t.height++
	assert.That(t.height < heightMax, "stock: tree too high")
}

// addKid puts a child behind the one on the way at level, and counts it further up.
func (t *tree) addKid(way *path, level int, k kid) {
	node := way[level].node
	in := t.inner(node)
	t.add(way, level+1, int(k.count), k.sum)
	if in.n < innerMax {
		in.insert(way[level].pos+1, k)
		return
	}
	half, pos := innerMax/2, way[level].pos+1
	if pos == innerMax && level+1 >= t.height {
		half = innerMax - 1 // ascending: leave full nodes behind
	}
	rightNode := t.newInner()
	in = t.inner(node)
	right := t.inner(rightNode)
	right.append(in.keys[half:in.n], in.kids[half:in.n])
	in.n = uint16(half)
	if pos > half {
		right.insert(pos-half, k)
	} else {
		in.insert(pos, k)
	}
	r := right.total(rightNode)
	if level+1 == t.height {
		t.newRoot(in.total(node), r)
		return
	}
	t.add(way, level+1, -int(r.count), -r.sum)
	t.addKid(way, level+1, r)
}

// share moves entries of a full leaf to a neighbour below the same node, if that has
// room, and tells whether it did.
func (t *tree) share(way *path, node arena.Ref) bool {
	if t.height == 0 {
		return false
	}
	in, pos := t.inner(way[0].node), way[0].pos
	if pos+1 < int(in.n) {
		right := &in.kids[pos+1]
		if room := leafMax - int(right.count); room >= shareRoom {
			t.moveRight(&in.kids[pos], right, (room+1)/2)
			in.setLeast(pos+1, t.leaf(right.node).entries()[0])
			return true
		}
	}
	if pos > 0 {
		left := &in.kids[pos-1]
		if room := leafMax - int(left.count); room >= shareRoom {
			t.moveLeft(left, &in.kids[pos], (room+1)/2)
			in.setLeast(pos, t.leaf(in.kids[pos].node).entries()[0])
			return true
		}
	}
	return false
}

// moveRight moves the last n entries of a leaf to the next one.
func (t *tree) moveRight(from, to *kid, n int) {
	l, r := t.leaf(from.node), t.leaf(to.node)
	moved := l.used()[int(l.n)-n:]
	all := r.entries()
	copy(all[n:], r.used())
	copy(all, moved)
	t.account(from, to, moved)
	l.n -= uint16(n)
	r.n += uint16(n)
}

// moveLeft moves the first n entries of a leaf to the one before.
func (t *tree) moveLeft(to, from *kid, n int) {
	l, r := t.leaf(to.node), t.leaf(from.node)
	moved := r.used()[:n]
	copy(l.entries()[l.n:], moved)
	t.account(from, to, moved)
	copy(r.used(), r.used()[n:])
	l.n += uint16(n)
	r.n -= uint16(n)
}

// single tells whether each entry of the leaf on the way has one unit.
func (t *tree) single(way *path) bool {
	if t.height == 0 {
		return t.sum == uint64(t.len)
	}
	k := &t.inner(way[0].node).kids[way[0].pos]
	return k.sum == uint64(k.count)
}

// account moves the count and the sum of entries from one child to another.
func (t *tree) account(from, to *kid, moved []entry) {
	sum := t.sumOf(moved, from.sum == uint64(from.count))
	from.count -= uint32(len(moved))
	from.sum -= sum
	to.count += uint32(len(moved))
	to.sum += sum
}

// mergeLeaf makes one leaf of the small one on the way and a neighbour, if that is well
// possible.
func (t *tree) mergeLeaf(way *path) {
	if t.height == 0 {
		return
	}
	in := t.inner(way[0].node)
	left := min(way[0].pos, int(in.n)-2)
	if left >= 0 && !t.joinLeaves(way, left) && left == way[0].pos && left > 0 {
		t.joinLeaves(way, left-1)
	}
}

// joinLeaves puts the entries of the leaf behind position left into the one there.
func (t *tree) joinLeaves(way *path, left int) bool {
	in := t.inner(way[0].node)
	a, b := &in.kids[left], &in.kids[left+1]
	if a.count+b.count > leafMerge {
		return false
	}
	l, r := t.leaf(a.node), t.leaf(b.node)
	copy(l.entries()[l.n:], r.used())
	l.n += r.n
	a.count += b.count
	a.sum += b.sum
	t.unchain(r)
	t.freeLeaf(b.node)
	way[0].pos = left + 1
	t.removeKid(way, 0)
	return true
}

// removeKid takes the child on the way at level out of its node. What it held is not
// counted any more, or counted in its neighbour.
func (t *tree) removeKid(way *path, level int) {
	if level == t.height {
		t.root = 0
		return
	}
	node, pos := way[level].node, way[level].pos
	in := t.inner(node)
	in.remove(pos)
	if in.n == 0 {
		t.freeInner(node)
		if level+1 == t.height {
			t.height = 0
			t.root = 0
			return
		}
		t.removeKid(way, level+1)
		return
	}
	if pos == 0 {
		t.setLeast(way, level+1, in.kids[0].least)
	}
	if level+1 < t.height {
		if in.n < innerMin {
			t.mergeInner(way, level+1)
		}
		return
	}
	for t.height > 0 && t.inner(t.root).n == 1 {
		old := t.root
		t.root = t.inner(old).kids[0].node
		t.freeInner(old)
		t.height--
	}
}

// mergeInner makes one node of the small one on the way at level and a neighbour, if that
// is well possible.
func (t *tree) mergeInner(way *path, level int) {
	in := t.inner(way[level].node)
	left := min(way[level].pos, int(in.n)-2)
	if left < 0 {
		return
	}
	if !t.joinInners(way, level, left) && left == way[level].pos && left > 0 {
		t.joinInners(way, level, left-1)
	}
}

func (t *tree) joinInners(way *path, level, left int) bool {
	in := t.inner(way[level].node)
	a, b := &in.kids[left], &in.kids[left+1]
	l, r := t.inner(a.node), t.inner(b.node)
	if int(l.n+r.n) > innerMerge {
		return false
	}
	l.append(r.keys[:r.n], r.kids[:r.n])
	a.count += b.count
	a.sum += b.sum
	t.freeInner(b.node)
	way[level].pos = left + 1
	t.removeKid(way, level)
	return true
}

// freeStep gives back about n nodes' memory, from the end of the tree, and tells whether
// that was the last. Nothing else may be called on the tree once it has been.
func (t *tree) freeStep(n int) (done bool) {
	for ; n > 0 && t.root != 0; n-- {
		var way path
		node := t.root
		for level := t.height - 1; level >= 0; level-- {
			in := t.inner(node)
			way[level] = step{node: node, pos: int(in.n) - 1}
			node = in.kids[in.n-1].node
		}
		t.freeLeaf(node)
		level := 0
		for ; level < t.height; level++ {
			in := t.inner(way[level].node)
			in.n--
			if in.n > 0 {
				break
			}
			t.freeInner(way[level].node)
		}
		if level == t.height {
			t.root, t.height = 0, 0
		}
	}
	return t.root == 0
}
