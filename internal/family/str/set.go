// SPDX-License-Identifier: Apache-2.0

package str

import (
	"math"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

// lifetime is what a call says about how long its key is to live.
type lifetime struct {
	given    bool
	n        int64 // as given
	unitMs   int64 // 1 or 1000
	absolute bool  // n is a Unix time rather than a duration
	keep     bool  // KEEPTTL
	persist  bool  // PERSIST
}

// opt reads one of EX, PX, EXAT, PXAT and tells whether it was there. Two different ones
// are a syntax error; the same one twice is not, as in Redis.
func (l *lifetime) opt(a *command.Args) bool {
	next := lifetime{given: true}
	switch {
	case a.Opt("EX"):
		next.unitMs = 1000
	case a.Opt("PX"):
		next.unitMs = 1
	case a.Opt("EXAT"):
		next.unitMs, next.absolute = 1000, true
	case a.Opt("PXAT"):
		next.unitMs, next.absolute = 1, true
	default:
		return false
	}
	if l.keep || l.persist || l.given && (l.unitMs != next.unitMs || l.absolute != next.absolute) {
		a.Fail(reply.ErrSyntax)
	}
	if !a.More() {
		a.Fail(reply.ErrSyntax)
	}
	*l = next
	l.n = 0
	l.raw(a)
	return true
}

// raw reads the number. A bad one is not yet the failure: syntax errors behind it come
// first, so the caller asks for it with [lifetime.deadline].
func (l *lifetime) raw(a *command.Args) {
	number := command.NewArgs(a.Take(1))
	l.n = number.Int()
	if number.Err() != nil {
		l.n, l.unitMs = 0, notInt
	}
}

// notInt in place of a unit marks a number that is none.
const notInt = -1

// deadline is the Unix time in milliseconds at which the key is to end; 0 for never.
func (l *lifetime) deadline(c *command.Call) (deadlineMs int64, failure reply.Error) {
	switch {
	case l.keep:
		return keyspace.KeepDeadline, ""
	case !l.given:
		return 0, ""
	case l.unitMs == notInt:
		return 0, reply.ErrNotInt
	case l.n <= 0 || l.n > math.MaxInt64/l.unitMs:
		return 0, reply.ErrExpire(c.Row.Lower)
	}
	deadlineMs = l.n * l.unitMs
	if !l.absolute {
		if deadlineMs > math.MaxInt64-c.NowMs {
			return 0, reply.ErrExpire(c.Row.Lower)
		}
		deadlineMs += c.NowMs
	}
	return deadlineMs, ""
}

type setOptions struct {
	onlyNew, onlyOld bool
	get              bool
	compare          comparison
	lifetime         lifetime
}

func parseSetOptions(a *command.Args) (o setOptions) {
	for a.More() {
		switch {
		case a.Opt("NX"):
			o.onlyNew = true
		case a.Opt("XX"):
			o.onlyOld = true
		case a.Opt("GET"):
			o.get = true
		case o.compare.opt(a):
		case a.Opt("KEEPTTL"):
			o.lifetime.keep = true
			if o.lifetime.given {
				a.Fail(reply.ErrSyntax)
			}
		case o.lifetime.opt(a):
		default:
			a.Fail(reply.ErrSyntax)
		}
	}
	if o.onlyNew && o.onlyOld || o.compare.given() && (o.onlyNew || o.onlyOld) {
		a.Fail(reply.ErrSyntax)
	}
	return o
}

func set(db *keyspace.DB, c *command.Call) {
	key, value := c.Args.Bytes(), c.Args.Bytes()
	if !c.Args.More() {
		if e := db.Find(key); mayPut(&e, c) {
			e.Set(key, value, 0)
			db.Notify(keyspace.EventString, "set", key)
			c.Reply.OK()
		}
		return
	}
	setWith(db, c, key, value)
}

// setWith is SET with options.
func setWith(db *keyspace.DB, c *command.Call, key, value []byte) {
	o := parseSetOptions(&c.Args)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	deadlineMs, failure := o.lifetime.deadline(c)
	if failure != "" {
		c.Reply.Fail(failure)
		return
	}
	e, err := db.Find(key), error(nil)
	if o.get || o.compare.given() {
		e, err = db.FindString(key)
		db.CountRead(&e, key)
	}
	if err != nil {
		c.Reply.Err(err)
		return
	}
	met := o.met(&e)
	if met && !mayPut(&e, c) {
		return
	}
	switch {
	case o.get && e.Exists():
		c.Reply.Bulk(e.Text())
	case o.get || !met:
		c.Reply.Null()
	default:
		c.Reply.OK()
	}
	if met {
		put(db, &e, key, value, deadlineMs)
	}
}

// put sets a string and tells of it, and of its deadline if it has been given one.
func put(db *keyspace.DB, e *keyspace.Entry, key, value []byte, deadlineMs int64) {
	e.Set(key, value, deadlineMs)
	db.Notify(keyspace.EventString, "set", key)
	if deadlineMs > 0 {
		db.Notify(keyspace.EventGeneric, "expire", key)
	}
}

// met tells whether the condition of the options holds for what is there.
func (o *setOptions) met(e *keyspace.Entry) bool {
	switch {
	case o.onlyNew:
		return !e.Exists()
	case o.onlyOld:
		return e.Exists()
	}
	return o.compare.met(e)
}

func setNX(db *keyspace.DB, c *command.Call) {
	key, value := c.Args.Bytes(), c.Args.Bytes()
	e := db.Find(key)
	if e.Exists() {
		c.Reply.Int(0)
		return
	}
	put(db, &e, key, value, 0)
	c.Reply.Int(1)
}

func setEX(db *keyspace.DB, c *command.Call)  { setFor(db, c, 1000) }
func psetEX(db *keyspace.DB, c *command.Call) { setFor(db, c, 1) }

func setFor(db *keyspace.DB, c *command.Call, unitMs int64) {
	key := c.Args.Bytes()
	l := lifetime{given: true, unitMs: unitMs}
	l.raw(&c.Args)
	value := c.Args.Bytes()
	deadlineMs, failure := l.deadline(c)
	if failure != "" {
		c.Reply.Fail(failure)
		return
	}
	if e := db.Find(key); mayPut(&e, c) {
		put(db, &e, key, value, deadlineMs)
		c.Reply.OK()
	}
}

// mayPut tells whether a string may take the place of what is there; if not, the call has
// been answered.
func mayPut(e *keyspace.Entry, c *command.Call) bool {
	if err := e.CheckOverwrite(); err != nil {
		c.Reply.Err(err)
		return false
	}
	return true
}

func mset(tx command.Tx, c *command.Call) {
	if c.Args.Left()%2 != 0 {
		c.Reply.Fail(reply.ErrArity(c.Row.Lower))
		return
	}
	pairs := c.Args.Rest()
	for i := 0; i < len(pairs); i += 2 {
		if e := tx.DB(c.DB, pairs[i]).Peek(pairs[i]); !mayPut(&e, c) {
			return
		}
	}
	putAll(tx, c, pairs)
	c.Reply.OK()
}

func msetNX(tx command.Tx, c *command.Call) {
	if c.Args.Left()%2 != 0 {
		c.Reply.Fail(reply.ErrArity(c.Row.Lower))
		return
	}
	pairs := c.Args.Rest()
	for i := 0; i < len(pairs); i += 2 {
		if e := tx.DB(c.DB, pairs[i]).Find(pairs[i]); e.Exists() {
			c.Reply.Int(0)
			return
		}
	}
	putAll(tx, c, pairs)
	c.Reply.Int(1)
}

// putAll sets the strings of pairs of key and value.
func putAll(tx command.Tx, c *command.Call, pairs [][]byte) {
	for i := 0; i < len(pairs); i += 2 {
		db := tx.DB(c.DB, pairs[i])
		e := db.Find(pairs[i])
		put(db, &e, pairs[i], pairs[i+1], 0)
	}
}
