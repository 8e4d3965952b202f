// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"bytes"

	"stampede/internal/container/btree"
	"stampede/internal/object"
)

// ScoreRange is a range of scores. A bound that is open does not belong to it.
type ScoreRange struct {
	Min, Max         float64
	MinOpen, MaxOpen bool
}

func (r *ScoreRange) below(score float64) bool {
	return score < r.Min || r.MinOpen && score == r.Min
}

func (r *ScoreRange) above(score float64) bool {
	return score > r.Max || r.MaxOpen && score == r.Max
}

// LexBound is an end of a [LexRange]: a name, or what is before or behind all names.
type LexBound struct {
	Infinite int // -1: before all names; 1: behind all; 0: Text counts
	Text     []byte
	Open     bool // Text does not belong to the range
}

// LexRange is a range of names. It makes sense where all scores are equal.
type LexRange struct{ Min, Max LexBound }

// compare tells on which side of the bound a name is.
func (b *LexBound) compare(name []byte) int {
	if b.Infinite != 0 {
		return -b.Infinite
	}
	return bytes.Compare(name, b.Text)
}

func (r *LexRange) below(name []byte) bool {
	side := r.Min.compare(name)
	return side < 0 || r.Min.Open && side == 0
}

func (r *LexRange) above(name []byte) bool {
	side := r.Max.compare(name)
	return side > 0 || r.Max.Open && side == 0
}

// RangeByScore gives the ranks of the members with scores in a range: n of them from
// first on. Cost: O(log n).
func (z *ZSet) RangeByScore(r ScoreRange) (first, n int) {
	if !z.Exists() {
		return 0, 0
	}
	if big := z.big(); big != nil {
		first = big.RankOfScore(r.Min, r.MinOpen)
		return first, max(big.RankOfScore(r.Max, !r.MaxOpen)-first, 0)
	}
	p := z.pack()
	off := p.First()
	for off >= 0 && r.below(p.score(off)) {
		off = p.next(off)
		first++
	}
	for off >= 0 && !r.above(p.score(off)) {
		off = p.next(off)
		n++
	}
	return first, n
}

// RangeByLex gives the ranks of the members with names in a range: n of them from first
// on. Where scores are not equal the result means nothing, but it is that of Redis in a
// small sorted set; only then reverse, which says that the members will be read from the
// last one on, matters. Cost: O(log n).
func (z *ZSet) RangeByLex(r LexRange, reverse bool) (first, n int) {
	if !z.Exists() {
		return 0, 0
	}
	if big := z.big(); big != nil {
		first = lexRank(big, &r.Min, r.Min.Open)
		return first, max(lexRank(big, &r.Max, !r.Max.Open)-first, 0)
	}
	p := z.pack()
	if r.above(p.member(p.First())) || r.below(p.member(p.prev(p.End()))) || r.empty() {
		return 0, 0
	}
	if reverse {
		return p.lexBackwards(&r)
	}
	off := p.First()
	for off >= 0 && r.below(p.member(off)) {
		off = p.next(off)
		first++
	}
	for off >= 0 && !r.above(p.member(off)) {
		off = p.next(off)
		n++
	}
	return first, n
}

// empty tells whether the range can hold no name at all.
func (r *LexRange) empty() bool {
	if r.Min.Infinite != 0 || r.Max.Infinite != 0 {
		return r.Min.Infinite >= r.Max.Infinite
	}
	side := bytes.Compare(r.Min.Text, r.Max.Text)
	return side > 0 || side == 0 && (r.Min.Open || r.Max.Open)
}

// lexBackwards looks for the range from the last member on.
func (p zpack) lexBackwards(r *LexRange) (first, n int) {
	first = p.Len() / 2
	off := p.prev(p.End())
	for off >= 0 && r.above(p.member(off)) {
		off = p.prev(off)
		first--
	}
	for off >= 0 && !r.below(p.member(off)) {
		off = p.prev(off)
		first--
		n++
	}
	return first, n
}

// lexRank is how many members are before a bound, those equal to it included if after.
func lexRank(big *object.BigZSet, b *LexBound, after bool) int {
	switch {
	case b.Infinite < 0:
		return 0
	case b.Infinite > 0:
		return big.Len()
	}
	return big.RankOfMember(b.Text, after)
}

// ZCursor is a place in a sorted set. It is a view: good until the next change of the
// Space, and so are the members that it gives. It is a value without memory of its own.
type ZCursor struct {
	big  *object.BigZSet // nil: the sorted set is small
	at   btree.Cursor
	pack zpack
	off  int
}

// At is the place of a rank; it is not valid if there is none. Cost: O(log n).
func (z *ZSet) At(rank int) ZCursor {
	if !z.Exists() {
		return ZCursor{off: -1}
	}
	if big := z.big(); big != nil {
		return ZCursor{big: big, at: big.At(rank)}
	}
	p := z.pack()
	if rank < 0 {
		return ZCursor{off: -1}
	}
	return ZCursor{pack: p, off: p.At(2 * rank)}
}

// Valid tells whether the cursor is at a member.
func (c *ZCursor) Valid() bool {
	if c.big != nil {
		return c.at.Valid()
	}
	return c.off >= 0
}

// Member is the member at the cursor, good until the next one is asked for.
func (c *ZCursor) Member() []byte {
	if c.big != nil {
		return c.big.Member(c.at.Ref())
	}
	return c.pack.member(c.off)
}

// Score is the score of the member at the cursor.
func (c *ZCursor) Score() float64 {
	if c.big != nil {
		return c.at.Score()
	}
	return c.pack.score(c.off)
}

// Next goes to the next member. The cursor must be valid.
func (c *ZCursor) Next() {
	if c.big != nil {
		c.at.Next()
	} else {
		c.off = c.pack.next(c.off)
	}
}

// Prev goes to the member before. The cursor must be valid.
func (c *ZCursor) Prev() {
	if c.big != nil {
		c.at.Prev()
	} else {
		c.off = c.pack.prev(c.off)
	}
}

// Each visits all members in order until visit says false. visit must not change the
// Space.
func (z *ZSet) Each(visit func(member []byte, score float64) bool) {
	for c := z.At(0); c.Valid() && visit(c.Member(), c.Score()); {
		c.Next()
	}
}

// Scan visits some members and returns where to go on, 0 at the end: all at once in a
// small sorted set. visit must not change the Space.
func (z *ZSet) Scan(cursor uint64, visit func(member []byte, score float64)) (next uint64) {
	if big := z.big(); big != nil {
		return big.Scan(cursor, func(ref uint32) { visit(big.Member(ref), big.Score(ref)) })
	}
	z.Each(func(member []byte, score float64) bool {
		visit(member, score)
		return true
	})
	return 0
}

// Random is some member, each with nearly the same chance, chosen by 64 random bits. The
// sorted set must not be empty.
func (z *ZSet) Random(r uint64) (member []byte, score float64) {
	if big := z.big(); big != nil {
		ref := big.Random(r)
		return big.Member(ref), big.Score(ref)
	}
	c := z.At(int(r % uint64(z.Len())))
	return c.Member(), c.Score()
}
