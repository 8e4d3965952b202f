// SPDX-License-Identifier: Apache-2.0

package zset

import (
	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

// read looks up the sorted set under key; ok is false if the call has been answered with
// an error.
func read(db *keyspace.DB, c *command.Call, key []byte) (z keyspace.ZSet, ok bool) {
	z, err := db.ReadZSet(key)
	if err != nil {
		c.Reply.Err(err)
		return z, false
	}
	return z, true
}

// find is read for a call that changes the sorted set.
func find(db *keyspace.DB, c *command.Call, key []byte) (z keyspace.ZSet, ok bool) {
	z, err := db.FindZSet(key)
	if err != nil {
		c.Reply.Err(err)
		return z, false
	}
	return z, true
}

func card(db *keyspace.DB, c *command.Call) {
	if z, ok := read(db, c, c.Args.Bytes()); ok {
		c.Reply.Int(int64(z.Len()))
	}
}

func score(db *keyspace.DB, c *command.Call) {
	if z, ok := read(db, c, c.Args.Bytes()); ok {
		answerScore(c.Reply, &z, c.Args.Bytes())
	}
}

func mscore(db *keyspace.DB, c *command.Call) {
	z, ok := read(db, c, c.Args.Bytes())
	if !ok {
		return
	}
	c.Reply.Array(c.Args.Left())
	for c.Args.More() {
		answerScore(c.Reply, &z, c.Args.Bytes())
	}
}

// answerScore gives the score of a member, or null.
func answerScore(r *reply.Buffer, z *keyspace.ZSet, member []byte) {
	if score, ok := z.Score(member); ok {
		r.Double(score)
	} else {
		r.Null()
	}
}

func rank(db *keyspace.DB, c *command.Call)    { answerRank(db, c, false) }
func revRank(db *keyspace.DB, c *command.Call) { answerRank(db, c, true) }

func answerRank(db *keyspace.DB, c *command.Call, reverse bool) {
	z, ok := read(db, c, c.Args.Bytes())
	if !ok {
		return
	}
	if rank, there := z.Rank(c.Args.Bytes(), reverse); there {
		c.Reply.Int(int64(rank))
	} else {
		c.Reply.Null()
	}
}

func count(db *keyspace.DB, c *command.Call) {
	key, r := c.Args.Bytes(), span{by: byScore}
	answerCount(db, c, key, &r)
}

func lexCount(db *keyspace.DB, c *command.Call) {
	key, r := c.Args.Bytes(), span{by: byLex}
	answerCount(db, c, key, &r)
}

func answerCount(db *keyspace.DB, c *command.Call, key []byte, r *span) {
	r.parseBounds(&c.Args, c.Args.Bytes(), c.Args.Bytes())
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	if z, ok := read(db, c, key); ok {
		c.Reply.Int(int64(r.of(&z).n))
	}
}

func scan(db *keyspace.DB, c *command.Call) {
	key, cursor := c.Args.Bytes(), c.Args.Cursor()
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	z, ok := read(db, c, key)
	switch {
	case !ok:
	case !z.Exists():
		command.ScanReply(c.Reply, 0, &reply.Buffer{}, 0)
	default:
		c.ScanPairs(cursor, z.Scan)
	}
}
