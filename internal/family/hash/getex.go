// SPDX-License-Identifier: Apache-2.0

package hash

import (
	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

// ending is what becomes of the deadlines of fields that are read or set.
type ending struct {
	given      bool  // one of the words was there
	keep       bool  // PERSIST or KEEPTTL was
	deadlineMs int64 // 0: none was
}

const errEndings reply.Error = "ERR Only one of EX, PX, EXAT, PXAT or "

// readEnding reads one of EX, PX, EXAT, PXAT or keep, if it comes next, and tells whether it
// did.
func (e *ending) readEnding(c *command.Call, keep string) bool {
	read := func(unitMs, baseMs int64) { e.deadlineMs = readDeadline(c, unitMs, baseMs) }
	var again bool
	again, e.given = e.given, true
	switch {
	case c.Args.Opt("EX"):
		read(1000, c.NowMs)
	case c.Args.Opt("PX"):
		read(1, c.NowMs)
	case c.Args.Opt("EXAT"):
		read(1000, 0)
	case c.Args.Opt("PXAT"):
		read(1, 0)
	case c.Args.Opt(keep):
		e.keep = true
	default:
		e.given = again
		return false
	}
	if again {
		c.Args.Fail(errEndings + reply.Error(keep) + " arguments can be specified")
	}
	return true
}

// getEx is HGETEX.
func getEx(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	var end ending
	for end.readEnding(c, "PERSIST") {
	}
	fields := readFields(&c.Args, 1, errFields)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	h, ok := find(db, c, key)
	if !ok {
		return
	}
	var told changes
	c.Reply.Array(len(fields))
	for _, field := range fields {
		answer(c.Reply, &h, field)
		old, there := h.FieldDeadlineMs(field)
		switch {
		case !there || !end.given:
		case !end.keep:
			told.end(&h, field, end.deadlineMs, c.NowMs)
		case old != 0:
			h.SetFieldDeadline(field, 0)
			told.persisted++
		}
	}
	told.notify(db, &h, key)
}

// getDel is HGETDEL.
func getDel(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	fields := readFields(&c.Args, 1, errFields)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	h, ok := find(db, c, key)
	if !ok {
		return
	}
	var told changes
	c.Reply.Array(len(fields))
	for _, field := range fields {
		answer(c.Reply, &h, field)
		if h.Delete(field) {
			told.deleted++
		}
	}
	told.notify(db, &h, key)
}

// setEx is HSETEX: it sets all fields or none.
func setEx(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	var end ending
	onlyNew, onlyOld := false, false
	for more := true; more; {
		switch {
		case c.Args.Opt("FNX"):
			onlyNew = true
		case c.Args.Opt("FXX"):
			onlyOld = true
		default:
			more = end.readEnding(c, "KEEPTTL")
		}
	}
	if onlyNew && onlyOld {
		c.Args.Fail(reply.Error("ERR Only one of FXX or FNX arguments can be specified"))
	}
	pairs := readFields(&c.Args, 2, errFields)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	h, ok := find(db, c, key)
	if !ok {
		return
	}
	for i := 0; i < len(pairs); i += 2 {
		if _, there := h.FieldDeadlineMs(pairs[i]); there && onlyNew || !there && onlyOld {
			c.Reply.Int(0)
			return
		}
	}
	var told changes
	for i := 0; i < len(pairs); i += 2 {
		told.put(&h, pairs[i], pairs[i+1], &end, c.NowMs)
	}
	told.notify(db, &h, key)
	c.Reply.Int(1)
}

// put sets a field and its end.
func (n *changes) put(h *keyspace.Hash, field, value []byte, end *ending, nowMs int64) {
	n.set++
	if end.keep {
		h.Keep(field, value)
		return
	}
	if h.Set(field, value); end.given {
		n.end(h, field, end.deadlineMs, nowMs)
	}
}
