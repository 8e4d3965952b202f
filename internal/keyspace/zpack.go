// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"bytes"
	"math"
	"strconv"

	"stampede/internal/container/listpack"
	"stampede/internal/resp"
)

// zpack is a small sorted set: Redis' listpack of member, score, member, score … in order.
// A score is kept as Redis keeps it: a whole number of up to 2^62 as an integer element, by
// which minus zero becomes zero, another one as its text. A pair is addressed by the offset
// of its member.
type zpack struct {
	space *Space
	listpack.Pack
}

// scoreTextMax is enough for the text of any score.
const scoreTextMax = 32

// wholeMax is the largest whole number that is kept as an integer.
const wholeMax = 1 << 62

func scoreText(dst []byte, score float64) []byte {
	if math.Abs(score) <= wholeMax && score == math.Trunc(score) {
		return strconv.AppendInt(dst, int64(score), 10)
	}
	return resp.FormatDouble(dst, score)
}

// find is where a member stands; negative if nowhere.
func (p zpack) find(member []byte) int { return p.Find(p.First(), 1, member) }

// score is the score of the pair at off.
func (p zpack) score(off int) float64 {
	v := p.Get(p.Next(off))
	if v.IsInt {
		return float64(v.Int)
	}
	score, _ := resp.ParseDouble(v.Bytes)
	return score
}

// member is the member of the pair at off, good until the next one is asked for.
func (p zpack) member(off int) []byte { return p.space.text(p.Get(off), 0) }

// next is the pair behind the one at off, prev the one before it; negative if none.
func (p zpack) next(off int) int { return p.Next(p.Next(off)) }

func (p zpack) prev(off int) int {
	if off = p.Prev(off); off >= 0 {
		off = p.Prev(off)
	}
	return off
}

// rank is how many pairs stand before the one at off.
func (p zpack) rank(off int) (n int) {
	for off = p.prev(off); off >= 0; off = p.prev(off) {
		n++
	}
	return n
}

// seek is where a pair belongs: before the pair at the offset that it returns, or at the
// end.
func (p zpack) seek(score float64, member []byte) int {
	for off := p.First(); off >= 0; off = p.next(off) {
		other := p.score(off)
		if other > score || other == score && bytes.Compare(p.member(off), member) > 0 {
			return off
		}
	}
	return p.End()
}

// put inserts a pair where it belongs. The capacity must hold it.
func (p zpack) put(score, member []byte, value float64) listpack.Pack {
	off := p.seek(value, member)
	edited := p.Insert(off, member)
	return edited.Insert(off+edited.ElementBytes(off), score)
}

// packTakes tells whether the sorted set stays small with one more member.
func (z *ZSet) packTakes(member []byte) bool {
	limits, p := &z.e.db.space.Limits, z.e.pack()
	return len(member) <= limits.ZSetValueMax && p.Len()/2 < limits.ZSetEntriesMax &&
		len(p)+2*(len(member)+scoreTextMax) <= listpack.MaxBytes
}

// packInsert adds a member that is not there.
func (z *ZSet) packInsert(score float64, member []byte) {
	var buffer [scoreTextMax]byte
	text := scoreText(buffer[:0], score)
	n := len(z.e.pack()) + listpack.EncodedLen(member) + listpack.EncodedLen(text)
	p := z.e.growPack(n)
	z.e.fitPack(zpack{z.e.db.space, p}.put(text, member, score))
}

// packMove gives the member at off another score.
func (z *ZSet) packMove(off int, score float64, member []byte) {
	var buffer [scoreTextMax]byte
	text := scoreText(buffer[:0], score)
	p := z.e.pack()
	p = z.e.growPack(p.ReplacedBytes(p.Next(off), text))
	p = p.Delete(off, 2)
	z.e.fitPack(zpack{z.e.db.space, p}.put(text, member, score))
}
