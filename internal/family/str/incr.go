// SPDX-License-Identifier: Apache-2.0

package str

import (
	"math"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/longdouble"
	"stampede/internal/reply"
)

func incr(db *keyspace.DB, c *command.Call) { add(db, c, c.Args.Bytes(), 1) }
func decr(db *keyspace.DB, c *command.Call) { add(db, c, c.Args.Bytes(), -1) }

func incrBy(db *keyspace.DB, c *command.Call) {
	key, by := c.Args.Bytes(), c.Args.Int()
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	add(db, c, key, by)
}

func decrBy(db *keyspace.DB, c *command.Call) {
	key, by := c.Args.Bytes(), c.Args.Int()
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	if by == math.MinInt64 {
		c.Reply.Fail("ERR decrement would overflow")
		return
	}
	add(db, c, key, -by)
}

func add(db *keyspace.DB, c *command.Call, key []byte, by int64) {
	e, err := db.FindString(key)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	n, ok := e.Int()
	switch {
	case !ok:
		c.Reply.Fail(reply.ErrNotInt)
	case by < 0 && n < math.MinInt64-by || by > 0 && n > math.MaxInt64-by:
		c.Reply.Fail(reply.ErrOverflow)
	default:
		e.SetInt(key, n+by, keyspace.KeepDeadline)
		db.Notify(keyspace.EventString, "incrby", key)
		c.Reply.Int(n + by)
	}
}

func incrByFloat(db *keyspace.DB, c *command.Call) {
	key, increment := c.Args.Bytes(), c.Args.Bytes()
	e, err := db.FindString(key)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	old := "0"
	if e.Exists() {
		old = string(e.Text())
	}
	a, okOld := longdouble.Parse(old)
	b, okIncrement := longdouble.Parse(string(increment))
	if !okOld || !okIncrement {
		c.Reply.Fail(reply.ErrNotFloat)
		return
	}
	sum, ok := longdouble.Add(a, b)
	if !ok {
		c.Reply.Fail(reply.ErrNaNOrInf)
		return
	}
	text := longdouble.Text(sum)
	e.SetText(key, []byte(text), keyspace.KeepDeadline)
	db.Notify(keyspace.EventString, "incrbyfloat", key)
	c.Reply.Text(text)
}
