// SPDX-License-Identifier: Apache-2.0

package generic

import (
	"math"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/object"
	"stampede/internal/reply"
)

func expireSeconds(db *keyspace.DB, c *command.Call)   { expire(db, c, 1000, c.NowMs) }
func expireMillis(db *keyspace.DB, c *command.Call)    { expire(db, c, 1, c.NowMs) }
func expireAtSeconds(db *keyspace.DB, c *command.Call) { expire(db, c, 1000, 0) }
func expireAtMillis(db *keyspace.DB, c *command.Call)  { expire(db, c, 1, 0) }

// expireOptions are the conditions under which a lifetime is changed.
type expireOptions struct{ onlyNone, onlyOld, onlyGreater, onlyLess bool }

func parseExpireOptions(a *command.Args) (o expireOptions) {
	for a.More() {
		switch {
		case a.Opt("NX"):
			o.onlyNone = true
		case a.Opt("XX"):
			o.onlyOld = true
		case a.Opt("GT"):
			o.onlyGreater = true
		case a.Opt("LT"):
			o.onlyLess = true
		default:
			a.Fail(reply.Error("ERR Unsupported option " + string(a.Peek())))
		}
	}
	if o.onlyNone && (o.onlyOld || o.onlyGreater || o.onlyLess) {
		a.Fail(reply.Error("ERR NX and XX, GT or LT options at the same time are not compatible"))
	}
	if o.onlyGreater && o.onlyLess {
		a.Fail(reply.Error("ERR GT and LT options at the same time are not compatible"))
	}
	return o
}

// met tells whether the conditions let deadlineMs take the place of old (0: none).
func (o expireOptions) met(old, deadlineMs int64) bool {
	switch {
	case o.onlyNone && old != 0, o.onlyOld && old == 0:
		return false
	case o.onlyGreater && (old == 0 || deadlineMs <= old):
		return false
	}
	return !(o.onlyLess && old != 0 && deadlineMs >= old)
}

// expire is EXPIRE and its relatives: the time counts from baseMs in units of unitMs.
func expire(db *keyspace.DB, c *command.Call, unitMs, baseMs int64) {
	key, number := c.Args.Bytes(), command.NewArgs(c.Args.Take(1))
	o := parseExpireOptions(&c.Args)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	n := number.Int()
	if err := number.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	if n > math.MaxInt64/unitMs || n < math.MinInt64/unitMs || n*unitMs > math.MaxInt64-baseMs {
		c.Reply.Fail(reply.ErrExpire(c.Row.Lower))
		return
	}
	deadlineMs := n*unitMs + baseMs
	e := db.Find(key)
	if !e.Exists() || !o.met(e.DeadlineMs(), deadlineMs) {
		c.Reply.Int(0)
		return
	}
	if e.Kind() == object.Stock {
		c.Reply.Fail(keyspace.ErrStockTTL)
		return
	}
	if deadlineMs == 0 {
		deadlineMs = 1 // 0 would mean none; both are long past
	}
	e.SetDeadline(deadlineMs)
	if e.Exists() {
		db.Notify(keyspace.EventGeneric, "expire", key)
	} else {
		db.Notify(keyspace.EventGeneric, "del", key)
	}
	c.Reply.Int(1)
}

func persist(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	e := db.Find(key)
	if !e.Exists() || e.DeadlineMs() == 0 {
		c.Reply.Int(0)
		return
	}
	e.SetDeadline(0)
	db.Notify(keyspace.EventGeneric, "persist", key)
	c.Reply.Int(1)
}

func ttl(db *keyspace.DB, c *command.Call) {
	answerTime(db, c, func(deadlineMs int64) int64 { return seconds(deadlineMs - c.NowMs) })
}

func ttlMillis(db *keyspace.DB, c *command.Call) {
	answerTime(db, c, func(deadlineMs int64) int64 { return deadlineMs - c.NowMs })
}

func expireTime(db *keyspace.DB, c *command.Call) {
	answerTime(db, c, func(deadlineMs int64) int64 { return seconds(deadlineMs) })
}

// seconds rounds to the nearest, without an overflow.
func seconds(ms int64) int64 { return ms/1000 + (ms%1000+500)/1000 }

func expireTimeMillis(db *keyspace.DB, c *command.Call) {
	answerTime(db, c, func(deadlineMs int64) int64 { return deadlineMs })
}

// What TTL and its relatives answer where there is no time to tell.
const (
	noKey      = -2
	noDeadline = -1
)

func answerTime(db *keyspace.DB, c *command.Call, tell func(deadlineMs int64) int64) {
	e := db.Look(c.Args.Bytes())
	switch {
	case !e.Exists():
		c.Reply.Int(noKey)
	case e.DeadlineMs() == 0:
		c.Reply.Int(noDeadline)
	default:
		c.Reply.Int(tell(e.DeadlineMs()))
	}
}
