// SPDX-License-Identifier: Apache-2.0

package hash

import (
	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

// read looks up the hash that the call's first argument names; ok is false if the call
// has been answered with an error.
func read(db *keyspace.DB, c *command.Call) (h keyspace.Hash, ok bool) {
	h, err := db.ReadHash(c.Args.Bytes())
	if err != nil {
		c.Reply.Err(err)
		return h, false
	}
	return h, true
}

// find is read for a call that changes the hash.
func find(db *keyspace.DB, c *command.Call, key []byte) (h keyspace.Hash, ok bool) {
	h, err := db.FindHash(key)
	if err != nil {
		c.Reply.Err(err)
		return h, false
	}
	return h, true
}

func get(db *keyspace.DB, c *command.Call) {
	if h, ok := read(db, c); ok {
		answer(c.Reply, &h, c.Args.Bytes())
	}
}

// answer gives the value of a field, or null.
func answer(r *reply.Buffer, h *keyspace.Hash, field []byte) {
	if value, ok := h.Get(field); ok {
		r.Bulk(value)
	} else {
		r.Null()
	}
}

func mget(db *keyspace.DB, c *command.Call) {
	h, ok := read(db, c)
	if !ok {
		return
	}
	c.Reply.Array(c.Args.Left())
	for c.Args.More() {
		answer(c.Reply, &h, c.Args.Bytes())
	}
}

func exists(db *keyspace.DB, c *command.Call) {
	h, ok := read(db, c)
	if !ok {
		return
	}
	if _, there := h.Get(c.Args.Bytes()); there {
		c.Reply.Int(1)
	} else {
		c.Reply.Int(0)
	}
}

func strlen(db *keyspace.DB, c *command.Call) {
	if h, ok := read(db, c); ok {
		value, _ := h.Get(c.Args.Bytes())
		c.Reply.Int(int64(len(value)))
	}
}

func length(db *keyspace.DB, c *command.Call) {
	if h, ok := read(db, c); ok {
		c.Reply.Int(int64(h.Len()))
	}
}

func getAll(db *keyspace.DB, c *command.Call) {
	if h, ok := read(db, c); ok {
		c.Reply.Map(h.Len())
		h.Each(func(field, value []byte) bool {
			c.Reply.Bulk(field)
			c.Reply.Bulk(value)
			return true
		})
	}
}

func keys(db *keyspace.DB, c *command.Call) {
	if h, ok := read(db, c); ok {
		c.Reply.Array(h.Len())
		h.Each(func(field, _ []byte) bool {
			c.Reply.Bulk(field)
			return true
		})
	}
}

func vals(db *keyspace.DB, c *command.Call) {
	if h, ok := read(db, c); ok {
		c.Reply.Array(h.Len())
		h.Each(func(_, value []byte) bool {
			c.Reply.Bulk(value)
			return true
		})
	}
}

func scan(db *keyspace.DB, c *command.Call) {
	key, cursor := c.Args.Bytes(), c.Args.Cursor()
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	h, err := db.ReadHash(key)
	switch {
	case err != nil:
		c.Reply.Err(err)
	case !h.Exists():
		command.ScanReply(c.Reply, 0, &reply.Buffer{}, 0)
	default:
		c.ScanPairs(cursor, h.Scan)
	}
}
