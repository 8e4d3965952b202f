// SPDX-License-Identifier: Apache-2.0

package btree

// Cursor is a place in the order: at a pair, behind the last, or before the first. It is a
// value without memory of its own and is valid until the next edit of the tree.
type Cursor struct {
	tree *Tree
	leaf uint32 // none: behind the last pair, or before the first if pos is negative
	pos  int32
}

// At gives the pair with a rank, or the place behind the last if there are not so many; a
// negative rank gives the place before the first. It takes logarithmic time.
func (t *Tree) At(rank int) Cursor {
	if rank < 0 {
		return Cursor{tree: t, leaf: none, pos: -1}
	}
	if rank >= t.len {
		return Cursor{tree: t, leaf: none}
	}
	var way path
	number, pos := t.descendTo(rank, &way)
	return Cursor{tree: t, leaf: number, pos: int32(pos)}
}

// SeekScore gives the first pair whose score is not less than the one given or, if after is
// set, greater; and its rank. Without such a pair the cursor is behind the last one, from
// where Prev goes back. It takes logarithmic time and touches no member.
func (t *Tree) SeekScore(score float64, after bool) (c Cursor, rank int) {
	if after {
		return t.seek(&probe{score: score, tie: tieLast}, false)
	}
	return t.seek(&probe{score: score, tie: tieFirst}, false)
}

// Seek gives the first pair that is not less than that of a score and a member, whether it
// is there or not, or, if after is set, that is greater; and its rank, as SeekScore.
func (t *Tree) Seek(score float64, member []byte, after bool) (c Cursor, rank int) {
	return t.seek(&probe{score: score, tie: tieMember, member: member}, after)
}

func (t *Tree) seek(p *probe, after bool) (Cursor, int) {
	if t.root == none {
		return Cursor{tree: t, leaf: none}, 0
	}
	var way path
	number, pos := t.descend(p, &way)
	rank := t.rank(&way, pos)
	l := t.leaves.at(number)
	c := Cursor{tree: t, leaf: number, pos: int32(pos)}
	if pos == int(l.n) {
		c.leaf, c.pos = l.next, 0
	}
	if after && c.Valid() && p.isAt(c) {
		c.Next()
		rank++
	}
	return c, rank
}

// isAt tells whether the pair of the cursor is the one that the probe describes.
func (p *probe) isAt(c Cursor) bool {
	return c.Score() == p.score && string(c.tree.members.Member(c.Ref())) == string(p.member)
}

// Valid tells whether the cursor is at a pair.
func (c Cursor) Valid() bool { return c.leaf != none }

// Score is the score of the pair.
func (c Cursor) Score() float64 { return c.tree.leaves.at(c.leaf).scores[c.pos] }

// Ref is the member of the pair.
func (c Cursor) Ref() uint32 { return c.tree.leaves.at(c.leaf).refs[c.pos] }

// Next goes to the next pair, or behind the last one and stays there.
func (c *Cursor) Next() {
	if c.leaf == none {
		if c.pos < 0 {
			*c = c.tree.At(0)
		}
		return
	}
	l := c.tree.leaves.at(c.leaf)
	if c.pos++; int(c.pos) == int(l.n) {
		c.leaf, c.pos = l.next, 0
	}
}

// Prev goes to the pair before, or before the first one and stays there.
func (c *Cursor) Prev() {
	if c.leaf == none {
		if c.pos >= 0 {
			*c = c.tree.At(c.tree.len - 1)
		}
		return
	}
	if c.pos--; c.pos >= 0 {
		return
	}
	if c.leaf = c.tree.leaves.at(c.leaf).prev; c.leaf != none {
		c.pos = int32(c.tree.leaves.at(c.leaf).n) - 1
	}
}

// Each calls fn for every pair in order, until fn gives false. fn must not edit the tree.
func (t *Tree) Each(fn func(score float64, ref uint32) bool) {
	for c := t.At(0); c.leaf != none; {
		l := t.leaves.at(c.leaf)
		for i := range int(l.n) {
			if !fn(l.scores[i], l.refs[i]) {
				return
			}
		}
		c.leaf = l.next
	}
}
