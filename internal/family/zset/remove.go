// SPDX-License-Identifier: Apache-2.0

package zset

import (
	"math"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

func rem(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	z, ok := find(db, c, key)
	if !ok {
		return
	}
	removed := int64(0)
	for c.Args.More() {
		if z.Remove(c.Args.Bytes()) {
			removed++
		}
	}
	if removed > 0 {
		db.NotifyRemoved(keyspace.EventZSet, "zrem", key, z.Exists())
	}
	c.Reply.Int(removed)
}

func remRangeByRank(db *keyspace.DB, c *command.Call) {
	remRange(db, c, byRank, "zremrangebyrank")
}

func remRangeByScore(db *keyspace.DB, c *command.Call) {
	remRange(db, c, byScore, "zremrangebyscore")
}

func remRangeByLex(db *keyspace.DB, c *command.Call) {
	remRange(db, c, byLex, "zremrangebylex")
}

// remRange removes a range, and tells of it as event.
func remRange(db *keyspace.DB, c *command.Call, by by, event string) {
	key, s := c.Args.Bytes(), span{by: by}
	s.parseBounds(&c.Args, c.Args.Bytes(), c.Args.Bytes())
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	if z, ok := find(db, c, key); ok {
		r := s.of(&z)
		z.RemoveRange(r.from, r.n)
		if r.n > 0 {
			db.NotifyRemoved(keyspace.EventZSet, event, key, z.Exists())
		}
		c.Reply.Int(int64(r.n))
	}
}

func popMin(db *keyspace.DB, c *command.Call) { pop(db, c, false) }
func popMax(db *keyspace.DB, c *command.Call) { pop(db, c, true) }

// pop answers without a count with one pair, in RESP3 not nested; else with nested pairs.
func pop(db *keyspace.DB, c *command.Call, reverse bool) {
	if c.Args.Left() > 2 {
		c.Reply.Fail(reply.ErrSyntax)
		return
	}
	key, count, single := c.Args.Bytes(), int64(1), true
	if c.Args.More() {
		single = false
		count = c.Args.IntFrom(0, reply.ErrNotPositive)
	}
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	z, ok := find(db, c, key)
	if !ok {
		return
	}
	r := end(&z, count, reverse)
	if !single || r.n == 0 {
		answer(c.Reply, &z, r, true)
	} else {
		at := z.At(r.from)
		c.Reply.Array(2)
		c.Reply.Bulk(at.Member())
		c.Reply.Double(at.Score())
	}
	r.pop(db, key, &z)
}

// end is up to count members from one end of z.
func end(z *keyspace.ZSet, count int64, reverse bool) run {
	r := run{n: int(min(count, int64(z.Len()))), reverse: reverse}
	if reverse {
		r.from = z.Len() - 1
	}
	return r
}

// pop removes the members of the run, which is one end of z, and tells of it.
func (r run) pop(db *keyspace.DB, key []byte, z *keyspace.ZSet) {
	if r.n == 0 {
		return
	}
	event := "zpopmin"
	if r.reverse {
		event = "zpopmax"
		r.from -= r.n - 1
	}
	z.RemoveRange(r.from, r.n)
	db.NotifyRemoved(keyspace.EventZSet, event, key, z.Exists())
}

func mpop(tx command.Tx, c *command.Call) {
	keys, reverse, count := parseMPop(&c.Args)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	if !command.First(tx, c, keys, (*keyspace.DB).FindZSet, func(
		db *keyspace.DB, key []byte, z *keyspace.ZSet,
	) {
		answerMPop(db, c.Reply, key, z, count, reverse)
	}) {
		c.Reply.NullArray()
	}
}

// answerMPop answers with a key and up to count members, which are removed.
func answerMPop(
	db *keyspace.DB, out *reply.Buffer, key []byte, z *keyspace.ZSet, count int64, reverse bool,
) {
	r := end(z, count, reverse)
	out.Array(2)
	out.Bulk(key)
	out.Array(r.n)
	r.each(z, func(member []byte, score float64) {
		out.Array(2)
		out.Bulk(member)
		out.Double(score)
	})
	r.pop(db, key, z)
}

func parseMPop(a *command.Args) (keys [][]byte, reverse bool, count int64) {
	n := a.IntFrom(1, "ERR numkeys should be greater than 0")
	keys = a.Take(int(min(n, math.MaxInt32)))
	switch {
	case a.Opt("MIN"):
	case a.Opt("MAX"):
		reverse = true
	default:
		a.Fail(reply.ErrSyntax)
	}
	count = 1
	if a.Left() > 1 && a.Opt("COUNT") {
		count = a.IntFrom(1, "ERR count should be greater than 0")
	}
	if a.More() {
		a.Fail(reply.ErrSyntax)
	}
	return keys, reverse, count
}
