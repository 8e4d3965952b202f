// SPDX-License-Identifier: Apache-2.0

package str

import (
	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

func appendTo(db *keyspace.DB, c *command.Call) {
	key, more := c.Args.Bytes(), c.Args.Bytes()
	e, err := db.FindString(key)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	if !e.Exists() {
		e.Set(key, more, 0)
		db.Notify(keyspace.EventString, "append", key)
		c.Reply.Int(int64(len(more)))
		return
	}
	n := e.TextLen()
	if n+len(more) > db.Space().Limits.StringBytesMax {
		c.Reply.Fail(reply.ErrStringTooBig)
		return
	}
	e.Splice(key, n, more)
	db.Notify(keyspace.EventString, "append", key)
	c.Reply.Int(int64(n + len(more)))
}

func setRange(db *keyspace.DB, c *command.Call) {
	key, offset, part := c.Args.Bytes(), c.Args.Int(), c.Args.Bytes()
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	if offset < 0 {
		c.Reply.Fail(reply.ErrOffset)
		return
	}
	e, err := db.FindString(key)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	n := e.TextLen()
	if len(part) == 0 {
		c.Reply.Int(int64(n))
		return
	}
	if limit := db.Space().Limits.StringBytesMax; offset > int64(limit-len(part)) {
		c.Reply.Fail(reply.ErrStringTooBig)
		return
	}
	e.Splice(key, int(offset), part)
	db.Notify(keyspace.EventString, "setrange", key)
	c.Reply.Int(int64(max(n, int(offset)+len(part))))
}

func getRange(db *keyspace.DB, c *command.Call) {
	key, start, end := c.Args.Bytes(), c.Args.Int(), c.Args.Int()
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	e, err := db.ReadString(key)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	c.Reply.Bulk(clip(e.Text(), start, end))
}

// clip is the part of text from start to end, both included, counted from the end where
// negative.
func clip(text []byte, start, end int64) []byte {
	n := int64(len(text))
	if start < 0 && end < 0 && start > end {
		return nil
	}
	if start < 0 {
		start = max(start+n, 0)
	}
	if end < 0 {
		end = max(end+n, 0)
	}
	end = min(end, n-1)
	if start > end || n == 0 {
		return nil
	}
	return text[start : end+1]
}
