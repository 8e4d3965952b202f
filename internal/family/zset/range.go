// SPDX-License-Identifier: Apache-2.0

package zset

import (
	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
	"stampede/internal/resp"
)

// rangeForm is what the name of a command fixes of a range.
type rangeForm struct {
	by      by
	reverse bool
	free    bool // BYSCORE, BYLEX and REV are for the call to say
	store   bool // the result becomes a sorted set
}

func rangeOf(db *keyspace.DB, c *command.Call)      { rangeAs(db, c, rangeForm{free: true}) }
func revRange(db *keyspace.DB, c *command.Call)     { rangeAs(db, c, rangeForm{reverse: true}) }
func rangeByScore(db *keyspace.DB, c *command.Call) { rangeAs(db, c, rangeForm{by: byScore}) }
func rangeByLex(db *keyspace.DB, c *command.Call)   { rangeAs(db, c, rangeForm{by: byLex}) }

func revRangeByScore(db *keyspace.DB, c *command.Call) {
	rangeAs(db, c, rangeForm{by: byScore, reverse: true})
}

func revRangeByLex(db *keyspace.DB, c *command.Call) {
	rangeAs(db, c, rangeForm{by: byLex, reverse: true})
}

func rangeAs(db *keyspace.DB, c *command.Call, form rangeForm) {
	key := c.Args.Bytes()
	s, withScores := form.parse(&c.Args)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	if z, ok := read(db, c, key); ok {
		answer(c.Reply, &z, s.of(&z), withScores)
	}
}

func rangeStore(tx command.Tx, c *command.Call) {
	dst, src := c.Args.Bytes(), c.Args.Bytes()
	s, _ := rangeForm{free: true, store: true}.parse(&c.Args)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	z, ok := read(tx.DB(c.DB, src), c, src)
	if !ok {
		return
	}
	r := s.of(&z)
	found := make([]element, 0, r.n)
	r.each(&z, func(member []byte, score float64) {
		found = append(found, element{score, string(member)})
	})
	if e := tx.DB(c.DB, dst).Peek(dst); e.CheckOverwrite() != nil {
		c.Reply.Err(e.CheckOverwrite())
		return
	}
	replace(tx.DB(c.DB, dst), dst, found, false, "zrangestore")
	c.Reply.Int(int64(len(found)))
}

// parse reads the bounds and the options behind them. A failure of the options comes
// before one of the bounds.
func (f rangeForm) parse(a *command.Args) (s span, withScores bool) {
	low, high := a.Bytes(), a.Bytes()
	s = span{by: f.by, reverse: f.reverse, limit: -1}
	freeBy, freeReverse := f.free, f.free
	for a.More() {
		switch {
		case !f.store && a.Opt("WITHSCORES"):
			withScores = true
		case a.Left() > 2 && a.Opt("LIMIT"):
			s.offset, s.limit, s.limited = a.Int(), a.Int(), true
		case freeReverse && a.Opt("REV"):
			s.reverse, freeReverse = true, false
		case freeBy && a.Opt("BYLEX"):
			s.by, freeBy = byLex, false
		case freeBy && a.Opt("BYSCORE"):
			s.by, freeBy = byScore, false
		default:
			a.Fail(reply.ErrSyntax)
		}
	}
	switch {
	case s.limit != -1 && s.by == byRank:
		a.Fail(reply.Error("ERR syntax error, LIMIT is only supported in combination with " +
			"either BYSCORE or BYLEX"))
	case withScores && s.by == byLex:
		a.Fail(reply.Error("ERR syntax error, WITHSCORES not supported in combination with BYLEX"))
	}
	s.parseBounds(a, low, high)
	return s, withScores
}

// each visits the members of the run in its direction.
func (r run) each(z *keyspace.ZSet, visit func(member []byte, score float64)) {
	if r.n == 0 {
		return
	}
	c := z.At(r.from)
	for range r.n {
		visit(c.Member(), c.Score())
		if r.reverse {
			c.Prev()
		} else {
			c.Next()
		}
	}
}

// announce begins a reply of n members, with their scores or without.
func announce(r *reply.Buffer, n int, withScores bool) {
	if withScores && r.Proto < resp.RESP3 {
		n *= 2
	}
	r.Array(n)
}

// pair answers with a member, and its score if it is wanted.
func pair(r *reply.Buffer, member []byte, score float64, withScores bool) {
	if withScores && r.Proto >= resp.RESP3 {
		r.Array(2)
	}
	r.Bulk(member)
	if withScores {
		r.Double(score)
	}
}

func answer(r *reply.Buffer, z *keyspace.ZSet, members run, withScores bool) {
	announce(r, members.n, withScores)
	members.each(z, func(member []byte, score float64) { pair(r, member, score, withScores) })
}
