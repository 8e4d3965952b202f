// SPDX-License-Identifier: Apache-2.0

package hash

import (
	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

// What is answered for a field.
const (
	noField    = -2 // there is no such field
	noDeadline = -1 // it has no deadline
	notMet     = 0  // the condition does not hold
	done       = 1
	ended      = 2 // the time is not in the future: the field is gone
)

// Refusals.
const (
	errNoFields reply.Error = "ERR Mandatory argument FIELDS is missing or not at the right position"
	errFields   reply.Error = "ERR Number of fields must be a positive integer"
	errNumber   reply.Error = "ERR Parameter `numFields` should be greater than 0"
	errMatch    reply.Error = "ERR The `numfields` parameter must match the number of arguments"
	errNegative reply.Error = "ERR invalid expire time, must be >= 0"
)

func expireSeconds(db *keyspace.DB, c *command.Call)   { expire(db, c, 1000, c.NowMs) }
func expireMillis(db *keyspace.DB, c *command.Call)    { expire(db, c, 1, c.NowMs) }
func expireAtSeconds(db *keyspace.DB, c *command.Call) { expire(db, c, 1000, 0) }
func expireAtMillis(db *keyspace.DB, c *command.Call)  { expire(db, c, 1, 0) }

// condition is when the deadline of a field is changed.
type condition uint8

const (
	always      condition = iota
	onlyNone              // NX: it has none
	onlyOld               // XX: it has one
	onlyGreater           // GT: it moves on; none is later than any
	onlyLess              // LT: it moves back
)

// readCondition reads NX, XX, GT or LT, or none of them.
func readCondition(args *command.Args) condition {
	switch {
	case args.Opt("NX"):
		return onlyNone
	case args.Opt("XX"):
		return onlyOld
	case args.Opt("GT"):
		return onlyGreater
	case args.Opt("LT"):
		return onlyLess
	}
	return always
}

// met tells whether deadlineMs may take the place of old (0: none).
func (when condition) met(old, deadlineMs int64) bool {
	switch when {
	case onlyNone:
		return old == 0
	case onlyOld:
		return old != 0
	case onlyGreater:
		return old != 0 && deadlineMs > old
	case onlyLess:
		return old == 0 || deadlineMs < old
	}
	return true
}

// readDeadline reads a time that counts from baseMs in units of unitMs.
func readDeadline(c *command.Call, unitMs, baseMs int64) (deadlineMs int64) {
	n := c.Args.Int()
	switch {
	case c.Args.Err() != nil:
		return 0
	case n < 0:
		c.Args.Fail(errNegative)
	case n > keyspace.FieldDeadlineMax/unitMs || n*unitMs > keyspace.FieldDeadlineMax-baseMs:
		c.Args.Fail(reply.ErrExpire(c.Row.Lower))
	}
	return n*unitMs + baseMs
}

// readFields reads FIELDS, a count, and so many groups of arguments up to the end.
func readFields(args *command.Args, group int, badCount reply.Error) [][]byte {
	if args.Err() == nil && !args.Opt("FIELDS") {
		args.Fail(errNoFields)
	}
	n := args.IntOr(badCount)
	switch {
	case args.Err() != nil:
	case n <= 0:
		args.Fail(badCount)
	case n > int64(args.Left()) || int(n)*group != args.Left():
		args.Fail(errMatch)
	}
	return args.Rest()
}

// expire is HEXPIRE and its relatives.
func expire(db *keyspace.DB, c *command.Call, unitMs, baseMs int64) {
	key := c.Args.Bytes()
	deadlineMs := readDeadline(c, unitMs, baseMs)
	when := readCondition(&c.Args)
	fields := readFields(&c.Args, 1, errNumber)
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
		old, there := h.FieldDeadlineMs(field)
		switch {
		case !there:
			c.Reply.Int(noField)
		case !when.met(old, deadlineMs):
			c.Reply.Int(notMet)
		case told.end(&h, field, deadlineMs, c.NowMs):
			c.Reply.Int(ended)
		default:
			c.Reply.Int(done)
		}
	}
	told.notify(db, &h, key)
}

// changes counts what was done to fields, for the events.
type changes struct{ set, timed, persisted, deleted int }

// end lets a field, which is there, end at a time; it tells whether that is over, and the field
// gone.
func (n *changes) end(h *keyspace.Hash, field []byte, deadlineMs, nowMs int64) (gone bool) {
	if deadlineMs <= nowMs {
		h.Delete(field)
		n.deleted++
		return true
	}
	h.SetFieldDeadline(field, deadlineMs)
	n.timed++
	return false
}

// notify tells of the changes.
func (n *changes) notify(db *keyspace.DB, h *keyspace.Hash, key []byte) {
	for _, one := range [...]struct {
		times int
		event string
	}{{n.set, "hset"}, {n.timed, "hexpire"}, {n.persisted, "hpersist"}, {n.deleted, "hdel"}} {
		if one.times > 0 {
			db.Notify(keyspace.EventHash, one.event, key)
		}
	}
	if n.deleted > 0 && !h.Exists() {
		db.Notify(keyspace.EventGeneric, "del", key)
	}
}

func persist(db *keyspace.DB, c *command.Call) {
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
		switch deadlineMs, there := h.FieldDeadlineMs(field); {
		case !there:
			c.Reply.Int(noField)
		case deadlineMs == 0:
			c.Reply.Int(noDeadline)
		default:
			h.SetFieldDeadline(field, 0)
			told.persisted++
			c.Reply.Int(done)
		}
	}
	told.notify(db, &h, key)
}

func ttl(db *keyspace.DB, c *command.Call) {
	answerTimes(db, c, func(deadlineMs int64) int64 { return seconds(deadlineMs - c.NowMs) })
}

func ttlMillis(db *keyspace.DB, c *command.Call) {
	answerTimes(db, c, func(deadlineMs int64) int64 { return deadlineMs - c.NowMs })
}

func expireTime(db *keyspace.DB, c *command.Call) { answerTimes(db, c, seconds) }

func expireTimeMillis(db *keyspace.DB, c *command.Call) {
	answerTimes(db, c, func(deadlineMs int64) int64 { return deadlineMs })
}

// seconds rounds up.
func seconds(ms int64) int64 { return (ms + 999) / 1000 }

// answerTimes answers something about the deadline of each field.
func answerTimes(db *keyspace.DB, c *command.Call, tell func(deadlineMs int64) int64) {
	key := c.Args.Bytes()
	fields := readFields(&c.Args, 1, errFields)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	h, err := db.ReadHash(key)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	c.Reply.Array(len(fields))
	for _, field := range fields {
		switch deadlineMs, there := h.FieldDeadlineMs(field); {
		case !there:
			c.Reply.Int(noField)
		case deadlineMs == 0:
			c.Reply.Int(noDeadline)
		default:
			c.Reply.Int(tell(deadlineMs))
		}
	}
}
