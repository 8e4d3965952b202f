// SPDX-License-Identifier: Apache-2.0

package hash

import (
	"math"
	"strconv"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/longdouble"
	"stampede/internal/reply"
	"stampede/internal/resp"
)

func set(db *keyspace.DB, c *command.Call) {
	if created, ok := setAll(db, c); ok {
		c.Reply.Int(int64(created))
	}
}

func mset(db *keyspace.DB, c *command.Call) {
	if _, ok := setAll(db, c); ok {
		c.Reply.OK()
	}
}

// setAll sets the pairs of the call and counts the new ones; ok is false if the call has
// been answered with an error.
func setAll(db *keyspace.DB, c *command.Call) (created int, ok bool) {
	if c.Args.Left()%2 == 0 {
		c.Reply.Fail(reply.ErrArity(c.Row.Lower))
		return 0, false
	}
	key := c.Args.Bytes()
	h, ok := find(db, c, key)
	if !ok {
		return 0, false
	}
	for c.Args.More() {
		field, value := c.Args.Bytes(), c.Args.Bytes()
		if h.Set(field, value) {
			created++
		}
	}
	db.Notify(keyspace.EventHash, "hset", key)
	return created, true
}

func setNX(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	h, ok := find(db, c, key)
	if !ok {
		return
	}
	field, value := c.Args.Bytes(), c.Args.Bytes()
	if _, there := h.Get(field); there {
		c.Reply.Int(0)
		return
	}
	h.Set(field, value)
	db.Notify(keyspace.EventHash, "hset", key)
	c.Reply.Int(1)
}

func del(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	h, ok := find(db, c, key)
	if !ok {
		return
	}
	deleted := 0
	for c.Args.More() {
		if h.Delete(c.Args.Bytes()) {
			deleted++
		}
	}
	if deleted > 0 {
		db.NotifyRemoved(keyspace.EventHash, "hdel", key, h.Exists())
	}
	c.Reply.Int(int64(deleted))
}

func incrBy(db *keyspace.DB, c *command.Call) {
	key, field, by := c.Args.Bytes(), c.Args.Bytes(), c.Args.Int()
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	h, ok := find(db, c, key)
	if !ok {
		return
	}
	n := int64(0)
	if old, there := h.Get(field); there {
		if n, ok = resp.ParseInt(old); !ok {
			c.Reply.Fail("ERR hash value is not an integer")
			return
		}
	}
	if by < 0 && n < math.MinInt64-by || by > 0 && n > math.MaxInt64-by {
		c.Reply.Fail(reply.ErrOverflow)
		return
	}
	var digits [20]byte
	h.Keep(field, strconv.AppendInt(digits[:0], n+by, 10))
	db.Notify(keyspace.EventHash, "hincrby", key)
	c.Reply.Int(n + by)
}

func incrByFloat(db *keyspace.DB, c *command.Call) {
	key, field, increment := c.Args.Bytes(), c.Args.Bytes(), c.Args.Bytes()
	by, ok := longdouble.Parse(string(increment))
	if !ok {
		c.Reply.Fail(reply.ErrNotFloat)
		return
	}
	if by.IsInf() {
		c.Reply.Fail("ERR value is NaN or Infinity")
		return
	}
	h, ok := find(db, c, key)
	if !ok {
		return
	}
	old := "0"
	if value, there := h.Get(field); there {
		old = string(value)
	}
	n, ok := longdouble.Parse(old)
	if !ok {
		c.Reply.Fail("ERR hash value is not a float")
		return
	}
	sum, ok := longdouble.Add(n, by)
	if !ok {
		c.Reply.Fail(reply.ErrNaNOrInf)
		return
	}
	text := longdouble.Text(sum)
	h.Keep(field, []byte(text))
	db.Notify(keyspace.EventHash, "hincrbyfloat", key)
	c.Reply.Text(text)
}
