// SPDX-License-Identifier: Apache-2.0

package btree

import "unsafe"

const (
	// leafSlots makes a leaf 768 bytes and innerSlots an inner node 576: both are sizes
	// that the allocator of Go hands out without waste.
	leafSlots  = 63
	innerSlots = 28

	leafMin  = leafSlots / 3
	innerMin = innerSlots / 3

	// Two nodes become one if that leaves an eighth of it free; otherwise they share.
	leafMerge  = leafSlots - leafSlots/8
	innerMerge = innerSlots - innerSlots/8

	// leafRoom is how much room a neighbour must have to be given pairs before a split.
	leafRoom = leafSlots / 8

	// none is the number of no node.
	none = 1<<32 - 1
)

type leaf struct {
	scores     [leafSlots]float64
	refs       [leafSlots]uint32
	prev, next uint32
	n          uint16
}

type inner struct {
	scores   [innerSlots]float64 // scores and refs are the least pair below each child
	refs     [innerSlots]uint32
	children [innerSlots]uint32
	counts   [innerSlots]uint32 // pairs below each child
	n        uint16
}

// branch is what an inner node knows about one child.
type branch struct {
	score float64
	ref   uint32
	child uint32
	count uint32
}

// insert puts a pair at pos; there must be room.
func (l *leaf) insert(pos int, score float64, ref uint32) {
	n := int(l.n)
	copy(l.scores[pos+1:n+1], l.scores[pos:n])
	copy(l.refs[pos+1:n+1], l.refs[pos:n])
	l.scores[pos], l.refs[pos] = score, ref
	l.n++
}

// remove takes k pairs at pos out.
func (l *leaf) remove(pos, k int) {
	n := int(l.n)
	copy(l.scores[pos:], l.scores[pos+k:n])
	copy(l.refs[pos:], l.refs[pos+k:n])
	l.n -= uint16(k)
}

// move takes the pair at from to another place of the leaf, with another score.
func (l *leaf) move(from, to int, score float64) {
	ref := l.refs[from]
	if from < to {
		copy(l.scores[from:to], l.scores[from+1:to+1])
		copy(l.refs[from:to], l.refs[from+1:to+1])
	} else {
		copy(l.scores[to+1:from+1], l.scores[to:from])
		copy(l.refs[to+1:from+1], l.refs[to:from])
	}
	l.scores[to], l.refs[to] = score, ref
}

// shareLeaves moves pairs between neighbours so that the left one has want of them.
func shareLeaves(left, right *leaf, want int) {
	a, b := int(left.n), int(right.n)
	if k := a - want; k > 0 {
		copy(right.scores[k:], right.scores[:b])
		copy(right.refs[k:], right.refs[:b])
		copy(right.scores[:k], left.scores[want:a])
		copy(right.refs[:k], left.refs[want:a])
	} else {
		copy(left.scores[a:want], right.scores[:-k])
		copy(left.refs[a:want], right.refs[:-k])
		copy(right.scores[:], right.scores[-k:b])
		copy(right.refs[:], right.refs[-k:b])
	}
	left.n, right.n = uint16(want), uint16(a+b-want)
}

func (in *inner) insert(pos int, b branch) {
	n := int(in.n)
	copy(in.scores[pos+1:n+1], in.scores[pos:n])
	copy(in.refs[pos+1:n+1], in.refs[pos:n])
	copy(in.children[pos+1:n+1], in.children[pos:n])
	copy(in.counts[pos+1:n+1], in.counts[pos:n])
	in.n++
	in.set(pos, b)
}

func (in *inner) remove(pos int) {
	n := int(in.n)
	copy(in.scores[pos:], in.scores[pos+1:n])
	copy(in.refs[pos:], in.refs[pos+1:n])
	copy(in.children[pos:], in.children[pos+1:n])
	copy(in.counts[pos:], in.counts[pos+1:n])
	in.n--
}

func (in *inner) set(pos int, b branch) {
	in.scores[pos], in.refs[pos] = b.score, b.ref
	in.children[pos], in.counts[pos] = b.child, b.count
}

func (in *inner) branch(pos int) branch {
	return branch{in.scores[pos], in.refs[pos], in.children[pos], in.counts[pos]}
}

// sum counts the pairs below the node.
func (in *inner) sum() uint32 {
	var sum uint32
	for _, count := range in.counts[:in.n] {
		sum += count
	}
	return sum
}

// shareInners moves branches between neighbours so that the left one has want of them.
// Branches move rarely, so that one at a time is fast enough.
func shareInners(left, right *inner, want int) {
	for int(left.n) > want {
		left.n--
		right.insert(0, left.branch(int(left.n)))
	}
	for int(left.n) < want {
		left.insert(int(left.n), right.branch(0))
		right.remove(0)
	}
}

const (
	chunkBits  = 6
	chunkNodes = 1 << chunkBits
)

// pool holds nodes by number, in chunks of 64. The last chunk grows by steps, so that few
// nodes take little memory.
type pool[N leaf | inner] struct {
	chunks [][]N
	free   []uint32 // numbers of nodes that are not in use
	used   uint32   // numbers given out so far
}

// at gives a node. The pointer is valid until the next take.
func (p *pool[N]) at(number uint32) *N {
	return &p.chunks[number>>chunkBits][number&(chunkNodes-1)]
}

// take gives the number of a node with arbitrary content.
func (p *pool[N]) take() uint32 {
	if n := len(p.free); n > 0 {
		number := p.free[n-1]
		p.free = p.free[:n-1]
		return number
	}
	last := int(p.used >> chunkBits)
	if last == len(p.chunks) {
		p.chunks = append(p.chunks, nil)
	}
	if chunk := p.chunks[last]; int(p.used&(chunkNodes-1)) == len(chunk) {
		grown := make([]N, min(chunkNodes, len(chunk)+max(1, int(p.used/4))))
		copy(grown, chunk)
		p.chunks[last] = grown
	}
	p.used++
	return p.used - 1
}

func (p *pool[N]) put(number uint32) { p.free = append(p.free, number) }

// live is the number of nodes in use.
func (p *pool[N]) live() int { return int(p.used) - len(p.free) }

func (p *pool[N]) bytes() int64 {
	var node N
	nodes := 0
	for _, chunk := range p.chunks {
		nodes += len(chunk)
	}
	return int64(nodes)*int64(unsafe.Sizeof(node)) +
		int64(cap(p.chunks))*int64(unsafe.Sizeof(p.chunks)) + int64(cap(p.free))*4
}

// newLeaf takes a leaf without pairs and neighbours.
func (t *Tree) newLeaf() uint32 {
	number := t.leaves.take()
	l := t.leaves.at(number)
	l.n, l.prev, l.next = 0, none, none
	return number
}

// newInner takes an inner node without children.
func (t *Tree) newInner() uint32 {
	number := t.inners.take()
	t.inners.at(number).n = 0
	return number
}
