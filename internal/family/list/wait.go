// SPDX-License-Identifier: Apache-2.0

package list

import (
	"stampede/internal/command"
	"stampede/internal/keyspace"
)

// noElements answers a call that waited for elements in vain, noElement one that would have
// moved one: that is null in a transaction.
func noElements(_ command.Tx, c *command.Call) { c.Reply.NullArray() }

func noElement(_ command.Tx, c *command.Call) {
	if c.InExec {
		c.Reply.Null()
	} else {
		c.Reply.NullArray()
	}
}

func blpop(tx command.Tx, c *command.Call) bool { return bpop(tx, c, true) }
func brpop(tx command.Tx, c *command.Call) bool { return bpop(tx, c, false) }

func bpop(tx command.Tx, c *command.Call, front bool) (done bool) {
	keys := c.Args.Take(c.Args.Left() - 1)
	until := c.Args.Timeout(c.NowMs)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return true
	}
	c.Wait.UntilMs = until
	return command.AwaitFirst(tx, c, keys, (*keyspace.DB).FindList, func(
		db *keyspace.DB, key []byte, l *keyspace.List,
	) {
		c.Reply.Array(2)
		c.Reply.Bulk(key)
		takeOne(db, c.Reply, key, l, front)
	})
}

func blmpop(tx command.Tx, c *command.Call) (done bool) {
	timeout := c.Args.Bytes()
	keys, front, count := parseMPop(&c.Args)
	until := c.Args.TimeoutOf(timeout, c.NowMs)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return true
	}
	c.Wait.UntilMs = until
	return command.AwaitFirst(tx, c, keys, (*keyspace.DB).FindList, func(
		db *keyspace.DB, key []byte, l *keyspace.List,
	) {
		c.Reply.Array(2)
		c.Reply.Bulk(key)
		take(db, c.Reply, key, l, front, count)
	})
}

func blmove(tx command.Tx, c *command.Call) (done bool) {
	return bmove(tx, c, parseMove(&c.Args))
}

func brpoplpush(tx command.Tx, c *command.Call) (done bool) {
	return bmove(tx, c, move{from: c.Args.Bytes(), to: c.Args.Bytes(), toFront: true})
}

func bmove(tx command.Tx, c *command.Call, m move) (done bool) {
	until := c.Args.Timeout(c.NowMs)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return true
	}
	c.Wait.UntilMs, c.Wait.Keys = until, [][]byte{m.from}
	if c.Ready != nil || c.Others {
		l, err := tx.DB(c.DB, m.from).FindList(m.from)
		if c.Ready != nil && err != nil || c.Others && err == nil && l.Exists() {
			return false
		}
	}
	return m.run(tx, c)
}
