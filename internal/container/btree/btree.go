// SPDX-License-Identifier: Apache-2.0

// Package btree orders the members of a sorted set: a counted B+ tree of pairs of a score
// and a reference to a member.
//
// The order is that of the scores and, where they are equal, of the bytes of the members,
// which the tree asks [Members] for. It asks only then: with different scores no member is
// touched. Zero and minus zero are equal; the infinities are scores like others; NaN is none
// and never enters.
//
// # Shape
//
// A leaf holds up to 63 pairs and knows its neighbours. An inner node holds, for each of up
// to 28 children, the least pair below the child, the child, and how many pairs are below
// it; the counts make rank and access by rank logarithmic. Nodes are addressed by 32-bit
// numbers in pools without pointers, so that a collector has nothing to follow; numbers of
// freed nodes are given out again, and the pools shrink when most of them is free.
//
// # Invariants
//
//  1. All leaves are at the same depth, and the chain of neighbours visits them in order.
//  2. The pairs in a leaf, and those of all leaves along the chain, are strictly ascending.
//  3. The least pair and the count that an inner node keeps for a child are exact; so no
//     member is referred to that is not in the tree.
//  4. No leaf is empty and no inner node has fewer than two children. Apart from the root
//     and the nodes at the left and the right edge, a leaf has 21 pairs or more and an inner
//     node 9 children or more. The edges are exempt so that ascending and descending inserts
//     leave full nodes behind and taking from either end moves nothing.
//  5. A tree without pairs has no nodes.
//
// With the build tag slowassert they are checked after the edits.
//
// # Ownership
//
// A [Tree] belongs to whoever owns the sorted set and has no locks. [Cursor]s are values
// and are valid until the next edit. The members belong to the caller: the tree neither
// makes nor frees them, and a member must stay what it is while it is in the tree.
//
// # What is not here
//
// Which score a member has (the index of the sorted set knows), and where members lie.
package btree

import (
	"bytes"
	"unsafe"

	"stampede/internal/assert"
)

// Members gives the bytes of members. The tree calls it to order equal scores and does not
// keep what it returns.
type Members interface {
	Member(ref uint32) []byte
}

// Tree is a counted B+ tree. New makes one.
type Tree struct {
	members Members
	leaves  pool[leaf]
	inners  pool[inner]
	root    uint32 // a leaf if height is 0; none if the tree is empty
	height  int32  // levels of inner nodes above the leaves
	len     int
}

// New makes an empty tree of members that m knows.
func New(m Members) *Tree { return &Tree{members: m, root: none} }

// Len is the number of pairs.
func (t *Tree) Len() int { return t.len }

// Bytes is the memory that the tree takes, its free nodes included and the members not.
func (t *Tree) Bytes() int64 {
	return int64(unsafe.Sizeof(*t)) + t.leaves.bytes() + t.inners.bytes()
}

// Reset makes the tree empty and gives its memory back.
func (t *Tree) Reset() { *t = Tree{members: t.members, root: none} }

// Insert adds a pair whose member is not in the tree. It takes logarithmic time.
func (t *Tree) Insert(score float64, ref uint32) {
	assert.That(score == score, "btree: the score is not a number")
	if t.root == none {
		t.root = t.newLeaf()
	}
	var way path
	at := probe{score: score, tie: tieMember, member: t.members.Member(ref)}
	number, pos := t.descend(&at, &way)
	t.len++
	t.addCounts(&way, 1)
	if l := t.leaves.at(number); l.n < leafSlots {
		l.insert(pos, score, ref)
		if pos == 0 {
			t.setLeast(&way, 0, score, ref)
		}
	} else {
		t.insertFull(&way, number, pos, score, ref)
	}
	t.checkSometimes()
}

// Delete takes the pair of a member out and gives its reference; ok tells whether it was
// there with this score. It takes logarithmic time.
func (t *Tree) Delete(score float64, member []byte) (ref uint32, ok bool) {
	var way path
	number, pos, ok := t.find(score, member, &way)
	if !ok {
		return 0, false
	}
	ref = t.leaves.at(number).refs[pos]
	t.remove(&way, number, pos, 1)
	t.shrink()
	t.checkSometimes()
	return ref, true
}

// Move gives the member, which must be in the tree with oldScore, another score. Within a
// leaf this moves only what is between the two places.
func (t *Tree) Move(oldScore, newScore float64, member []byte) {
	assert.That(newScore == newScore, "btree: the score is not a number")
	var way path
	number, pos, ok := t.find(oldScore, member, &way)
	assert.That(ok, "btree: the member to move is not there")
	to, ok := t.placeInLeaf(&way, number, pos, newScore, member)
	if !ok {
		ref := t.leaves.at(number).refs[pos]
		t.remove(&way, number, pos, 1)
		t.Insert(newScore, ref)
		return
	}
	l := t.leaves.at(number)
	l.move(pos, to, newScore)
	if pos == 0 || to == 0 {
		t.setLeast(&way, 0, l.scores[0], l.refs[0])
	}
	t.checkSometimes()
}

// placeInLeaf tells where in its leaf the pair at pos belongs with another score, if it
// belongs there for certain.
func (t *Tree) placeInLeaf(
	way *path, number uint32, pos int, score float64, member []byte,
) (to int, ok bool) {
	l, n := t.leaves.at(number), 0
	at := probe{score: score, tie: tieMember, member: member}
	if score < l.scores[pos] {
		n = t.position(l.scores[:pos], l.refs[:pos], &at, false)
		return n, n > 0 || l.prev == none
	}
	rest := int(l.n) - pos - 1
	n = t.position(l.scores[pos+1:l.n], l.refs[pos+1:l.n], &at, false)
	if n < rest || l.next == none {
		return pos + n, true
	}
	parent, i := t.inners.at(way[0].node), int(way[0].pos)
	return pos + n, i+1 < int(parent.n) && score < parent.scores[i+1]
}

// Rank tells how many pairs are before that of a member; ok tells whether it is there with
// this score. It takes logarithmic time.
func (t *Tree) Rank(score float64, member []byte) (rank int, ok bool) {
	var way path
	number, pos, ok := t.find(score, member, &way)
	if !ok {
		return 0, false
	}
	assert.That(number != none, "btree: found in no leaf")
	return t.rank(&way, pos), true
}

// DeleteRange takes out n pairs, or as many as there are, beginning with the one at a rank,
// and tells how many. It calls fn, if there is one, for each of them in order; fn may free
// the member and must not use the tree. It takes logarithmic time for every leaf touched.
func (t *Tree) DeleteRange(from, n int, fn func(score float64, ref uint32)) int {
	assert.That(from >= 0, "btree: negative rank")
	deleted, end := 0, min(n, t.len-from)
	for deleted < end {
		var way path
		number, pos := t.descendTo(from, &way)
		l := t.leaves.at(number)
		k := min(end-deleted, int(l.n)-pos)
		if fn != nil {
			for i := pos; i < pos+k; i++ {
				fn(l.scores[i], l.refs[i])
			}
		}
		t.remove(&way, number, pos, k)
		deleted += k
	}
	t.shrink()
	t.checkSometimes()
	return deleted
}

// find looks for the pair of a member and leaves the way to it in way.
func (t *Tree) find(score float64, member []byte, way *path) (number uint32, pos int, ok bool) {
	if t.root == none {
		return none, 0, false
	}
	at := probe{score: score, tie: tieMember, member: member}
	number, pos = t.descend(&at, way)
	l := t.leaves.at(number)
	ok = pos < int(l.n) && l.scores[pos] == score &&
		bytes.Equal(t.members.Member(l.refs[pos]), member)
	return number, pos, ok
}
