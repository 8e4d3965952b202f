// SPDX-License-Identifier: Apache-2.0

package str

import (
	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/object"
	"stampede/internal/reply"
)

func get(db *keyspace.DB, c *command.Call) {
	e, err := db.ReadString(c.Args.Bytes())
	if err != nil {
		c.Reply.Err(err)
		return
	}
	answer(c, &e)
}

// answer gives the string, or null if there is none.
func answer(c *command.Call, e *keyspace.Entry) {
	if !e.Exists() {
		c.Reply.Null()
		return
	}
	c.Reply.Bulk(e.Text())
}

func mget(tx command.Tx, c *command.Call) {
	c.Reply.Array(c.Args.Left())
	for c.Args.More() {
		key := c.Args.Bytes()
		e := tx.DB(c.DB, key).Read(key)
		if e.Kind() != object.String {
			c.Reply.Null()
			continue
		}
		c.Reply.Bulk(e.Text())
	}
}

func getSet(db *keyspace.DB, c *command.Call) {
	key, value := c.Args.Bytes(), c.Args.Bytes()
	e, err := db.FindString(key)
	db.CountRead(&e, key)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	answer(c, &e)
	e.Set(key, value, 0)
	db.Notify(keyspace.EventString, "set", key)
}

func getDel(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	e, err := db.FindString(key)
	db.CountRead(&e, key)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	answer(c, &e)
	if e.Exists() {
		e.Remove()
		db.Notify(keyspace.EventGeneric, "del", key)
	}
}

func getEx(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	l := parseGetEx(&c.Args)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	e, err := db.ReadString(key)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	if !e.Exists() {
		c.Reply.Null()
		return
	}
	deadlineMs, failure := l.deadline(c)
	if failure != "" {
		c.Reply.Fail(failure)
		return
	}
	answer(c, &e)
	if !l.given && !l.persist {
		return
	}
	had := e.DeadlineMs() != 0
	e.SetDeadline(deadlineMs)
	switch {
	case !e.Exists():
		db.Notify(keyspace.EventGeneric, "del", key)
	case l.given:
		db.Notify(keyspace.EventGeneric, "expire", key)
	case had:
		db.Notify(keyspace.EventGeneric, "persist", key)
	}
}

func parseGetEx(a *command.Args) (l lifetime) {
	for a.More() {
		switch {
		case a.Opt("PERSIST"):
			if l.given {
				a.Fail(reply.ErrSyntax)
			}
			l.persist = true
		case l.opt(a):
		default:
			a.Fail(reply.ErrSyntax)
		}
	}
	return l
}

func strlen(db *keyspace.DB, c *command.Call) {
	e, err := db.ReadString(c.Args.Bytes())
	if err != nil {
		c.Reply.Err(err)
		return
	}
	c.Reply.Int(int64(e.TextLen()))
}
