// SPDX-License-Identifier: Apache-2.0

package zset

import (
	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

// addOptions are the words between key and scores of ZADD.
type addOptions struct {
	rule         keyspace.AddRule
	countChanged bool // CH
}

func parseAddOptions(a *command.Args) (o addOptions) {
	for {
		switch {
		case a.Opt("NX"):
			o.rule |= keyspace.OnlyNew
		case a.Opt("XX"):
			o.rule |= keyspace.OnlyOld
		case a.Opt("GT"):
			o.rule |= keyspace.OnlyGreater
		case a.Opt("LT"):
			o.rule |= keyspace.OnlyLess
		case a.Opt("CH"):
			o.countChanged = true
		case a.Opt("INCR"):
			o.rule |= keyspace.Increment
		default:
			return o
		}
	}
}

func (o *addOptions) has(rule keyspace.AddRule) bool { return o.rule&rule == rule }

// conflict is the failure of options that exclude each other; pairs is the number of
// scores and members behind them.
func (o *addOptions) conflict(pairs int) reply.Error {
	switch {
	case o.has(keyspace.OnlyNew | keyspace.OnlyOld):
		return "ERR XX and NX options at the same time are not compatible"
	case o.has(keyspace.OnlyGreater | keyspace.OnlyNew), o.has(keyspace.OnlyLess | keyspace.OnlyNew),
		o.has(keyspace.OnlyGreater | keyspace.OnlyLess):
		return "ERR GT, LT, and/or NX options at the same time are not compatible"
	case o.has(keyspace.Increment) && pairs > 1:
		return "ERR INCR option supports a single increment-element pair"
	}
	return ""
}

func add(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	o := parseAddOptions(&c.Args)
	pairs := c.Args.Left()
	if pairs == 0 || pairs%2 != 0 {
		c.Reply.Fail(reply.ErrSyntax)
		return
	}
	if failure := o.conflict(pairs / 2); failure != "" {
		c.Reply.Fail(failure)
		return
	}
	// A bad score lets nothing be added, so all are read before the first is used.
	ahead := c.Args
	for ahead.More() {
		ahead.Float()
		ahead.Bytes()
	}
	if err := ahead.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	z, err := db.FindZSet(key)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	if o.has(keyspace.Increment) {
		incr(db, c, key, &z, o.rule)
		return
	}
	created, updated := addPairs(&c.Args, &z, o.rule)
	if created+updated > 0 {
		db.Notify(keyspace.EventZSet, "zadd", key)
	}
	if o.countChanged {
		created += updated
	}
	c.Reply.Int(created)
}

func addPairs(a *command.Args, z *keyspace.ZSet, rule keyspace.AddRule) (created, updated int64) {
	for a.More() {
		score := a.Float()
		switch outcome, _ := z.AddIf(rule, score, a.Bytes()); outcome {
		case keyspace.AddCreated:
			created++
		case keyspace.AddUpdated:
			updated++
		}
	}
	return created, updated
}

func incrBy(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	ahead := c.Args
	ahead.Float()
	if err := ahead.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	z, err := db.FindZSet(key)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	incr(db, c, key, &z, keyspace.Increment)
}

// incr adds to the score of one member and answers with the sum, or null if the rule did
// not allow it.
func incr(
	db *keyspace.DB, c *command.Call, key []byte, z *keyspace.ZSet, rule keyspace.AddRule,
) {
	by := c.Args.Float()
	outcome, score := z.AddIf(rule, by, c.Args.Bytes())
	if outcome == keyspace.AddCreated || outcome == keyspace.AddUpdated {
		db.Notify(keyspace.EventZSet, "zincr", key)
	}
	switch outcome {
	case keyspace.AddNaN:
		c.Reply.Fail(reply.ErrNaN)
	case keyspace.AddRefused:
		c.Reply.Null()
	default:
		c.Reply.Double(score)
	}
}
