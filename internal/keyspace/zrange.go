// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"bytes"
	"sort"

	"stampede/internal/container/btree"
	"stampede/internal/object"
	"stampede/internal/resp"
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
// on. reverse says that they will be read from the last one on; it matters only where
// scores are not all equal, and so the range means little: then it is what a search that
// takes them for equal finds, in a small sorted set exactly as in Redis. Cost: O(log n).
func (z *ZSet) RangeByLex(r LexRange, reverse bool) (first, n int) {
	if !z.Exists() {
		return 0, 0
	}
	low, high := z.At(0), z.At(z.Len()-1)
	if big := z.big(); big != nil && low.Score() == high.Score() {
		first = lexRank(big, &r.Min, r.Min.Open)
		return first, max(lexRank(big, &r.Max, !r.Max.Open)-first, 0)
	}
	if r.empty() || r.above(low.Member()) || r.below(high.Member()) {
		return 0, 0
	}
	enter, leave := r.below, r.above
	if reverse {
		enter, leave = leave, enter
	}
	start := z.skip(0, reverse, enter)
	end := z.skip(start, reverse, func(name []byte) bool { return !leave(name) })
	if reverse {
		return z.Len() - end, end - start
	}
	return start, end - start
}

// empty tells whether the range can hold no name at all.
func (r *LexRange) empty() bool {
	if r.Min.Infinite != 0 || r.Max.Infinite != 0 {
		return r.Min.Infinite >= r.Max.Infinite
	}
	side := bytes.Compare(r.Min.Text, r.Max.Text)
	return side > 0 || side == 0 && (r.Min.Open || r.Max.Open)
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

// skipMax is how many members of a large sorted set are looked at one by one.
const skipMax = 128

// skip passes over members, beginning with number from, while their names are such, and
// returns the number of the next one. Members are numbered from the last one if reverse
// is set. In a large sorted set the search goes on by halves.
func (z *ZSet) skip(from int, reverse bool, such func(name []byte) bool) int {
	n := z.Len()
	end := n
	if z.e.form == formBig {
		end = min(n, from+skipMax)
	}
	c := z.nth(from, reverse)
	for ; from < end; from++ {
		if !such(c.Member()) {
			return from
		}
		c.step(reverse)
	}
	return from + sort.Search(n-from, func(i int) bool {
		c := z.nth(from+i, reverse)
		return !such(c.Member())
	})
}

// nth is the place of the member with a number, counted from the last one if reverse.
func (z *ZSet) nth(number int, reverse bool) ZCursor {
	if reverse {
		number = z.Len() - 1 - number
	}
	return z.At(number)
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

func (c *ZCursor) step(reverse bool) {
	if reverse {
		c.Prev()
	} else {
		c.Next()
	}
}

// Each visits all members in order until visit says false. visit must not change the
// Space.
func (z *ZSet) Each(visit func(member []byte, score float64) bool) {
	for c := z.At(0); c.Valid() && visit(c.Member(), c.Score()); {
		c.Next()
	}
}

// Scan visits some members, with the texts of their scores, and returns where to go on, 0
// at the end: all at once in a small sorted set. visit must not change the Space.
func (z *ZSet) Scan(cursor uint64, visit func(member, score []byte)) (next uint64) {
	if big := z.big(); big != nil {
		var buffer [scoreTextMax]byte
		return big.Scan(cursor, func(ref uint32) {
			visit(big.Member(ref), resp.FormatDouble(buffer[:0], big.Score(ref)))
		})
	}
	if !z.Exists() {
		return 0
	}
	p := z.pack()
	for off := p.First(); off >= 0; off = p.next(off) {
		visit(p.member(off), p.space.text(p.Get(p.Next(off)), 1))
	}
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
