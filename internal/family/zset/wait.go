// SPDX-License-Identifier: Apache-2.0

package zset

import (
	"stampede/internal/command"
	"stampede/internal/keyspace"
)

// noMembers answers a call that waited in vain.
func noMembers(_ command.Tx, c *command.Call) { c.Reply.NullArray() }

func bpopMin(tx command.Tx, c *command.Call) bool { return bpop(tx, c, false) }
func bpopMax(tx command.Tx, c *command.Call) bool { return bpop(tx, c, true) }

func bpop(tx command.Tx, c *command.Call, reverse bool) (done bool) {
	keys := c.Args.Take(c.Args.Left() - 1)
	until := c.Args.Timeout(c.NowMs)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return true
	}
	c.Wait.UntilMs = until
	return command.AwaitFirst(tx, c, keys, (*keyspace.DB).FindZSet, func(
		db *keyspace.DB, key []byte, z *keyspace.ZSet,
	) {
		r := end(z, 1, reverse)
		at := z.At(r.from)
		c.Reply.Array(3)
		c.Reply.Bulk(key)
		c.Reply.Bulk(at.Member())
		c.Reply.Double(at.Score())
		r.pop(db, key, z)
	})
}

func bmpop(tx command.Tx, c *command.Call) (done bool) {
	timeout := c.Args.Bytes()
	keys, reverse, count := parseMPop(&c.Args)
	until := c.Args.TimeoutOf(timeout, c.NowMs)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return true
	}
	c.Wait.UntilMs = until
	return command.AwaitFirst(tx, c, keys, (*keyspace.DB).FindZSet, func(
		db *keyspace.DB, key []byte, z *keyspace.ZSet,
	) {
		answerMPop(db, c.Reply, key, z, count, reverse)
	})
}
