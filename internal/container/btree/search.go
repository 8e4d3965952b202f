// SPDX-License-Identifier: Apache-2.0

package btree

import "bytes"

// heightMax is enough for 2^32 pairs in nodes that are filled to the least.
const heightMax = 12

// path is the way from the root to a leaf: for each level of inner nodes, the lowest at 0,
// the node and the place of the child in it.
type path [heightMax]step

type step struct {
	node uint32
	pos  uint32
}

// probe is a place in the order to look for.
type probe struct {
	score  float64
	tie    tie
	member []byte
}

// tie tells where among equal scores the probe is.
type tie uint8

const (
	tieFirst  tie = iota // before all of them
	tieMember            // where the member belongs
	tieLast              // behind all of them
)

// descend follows the probe to the leaf where it belongs and gives the place of the first
// pair there that is not less; the place may be behind the last. The tree has a root.
func (t *Tree) descend(p *probe, way *path) (number uint32, pos int) {
	number = t.root
	for level := t.height - 1; level >= 0; level-- {
		in := t.inners.at(number)
		i := t.position(in.scores[:in.n], in.refs[:in.n], p, true)
		i = max(i-1, 0)
		way[level] = step{number, uint32(i)}
		number = in.children[i]
	}
	l := t.leaves.at(number)
	return number, t.position(l.scores[:l.n], l.refs[:l.n], p, false)
}

// descendTo follows a rank, which must be less than the length, to its leaf and place.
func (t *Tree) descendTo(rank int, way *path) (number uint32, pos int) {
	number = t.root
	left := uint32(rank)
	for level := t.height - 1; level >= 0; level-- {
		in, i := t.inners.at(number), 0
		for left >= in.counts[i] {
			left -= in.counts[i]
			i++
		}
		way[level] = step{number, uint32(i)}
		number = in.children[i]
	}
	return number, int(left)
}

// position gives the place of the first pair that is not less than the probe or, if after
// is set, that is greater than its member.
func (t *Tree) position(scores []float64, refs []uint32, p *probe, after bool) int {
	score := p.score
	low, high := 0, len(scores)
	for low < high {
		mid := int(uint(low+high) >> 1)
		if scores[mid] < score {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low == len(scores) || scores[low] != score || p.tie == tieFirst {
		return low
	}
	return t.positionInTie(scores, refs, low, p, after)
}

// positionInTie is position among the pairs with the score of the probe; first is the place
// of the first of them.
func (t *Tree) positionInTie(
	scores []float64, refs []uint32, first int, p *probe, after bool,
) int {
	low, high := first+1, len(scores)
	for low < high {
		mid := int(uint(low+high) >> 1)
		if scores[mid] == p.score {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if p.tie == tieLast {
		return high
	}
	for low = first; low < high; {
		mid := int(uint(low+high) >> 1)
		c := bytes.Compare(t.members.Member(refs[mid]), p.member)
		if c < 0 || c == 0 && after {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// rank counts the pairs before place pos of the leaf at the end of the way.
func (t *Tree) rank(way *path, pos int) int {
	rank := pos
	for level := range t.height {
		in := t.inners.at(way[level].node)
		for _, count := range in.counts[:way[level].pos] {
			rank += int(count)
		}
	}
	return rank
}

// addCounts adds delta to the counts along the way.
func (t *Tree) addCounts(way *path, delta int) {
	for level := range t.height {
		t.inners.at(way[level].node).counts[way[level].pos] += uint32(delta)
	}
}

// setLeast notes along the way, from a level upwards, the new least pair of the child there.
func (t *Tree) setLeast(way *path, level int, score float64, ref uint32) {
	for ; level < int(t.height); level++ {
		in, i := t.inners.at(way[level].node), way[level].pos
		in.scores[i], in.refs[i] = score, ref
		if i > 0 {
			return
		}
	}
}

// atLeftEdge and atRightEdge tell whether the node of a level of the way has no neighbour
// on that side.
func (t *Tree) atLeftEdge(way *path, level int) bool {
	for level++; level < int(t.height); level++ {
		if way[level].pos > 0 {
			return false
		}
	}
	return true
}

func (t *Tree) atRightEdge(way *path, level int) bool {
	for level++; level < int(t.height); level++ {
		if in := t.inners.at(way[level].node); int(way[level].pos) < int(in.n)-1 {
			return false
		}
	}
	return true
}
