// SPDX-License-Identifier: Apache-2.0

package str

import (
	"bytes"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/object"
	"stampede/internal/reply"
)

// comparison is a condition on the string that is there: IFEQ or IFNE, as Redis 8.4 has
// them. The zero value is none.
type comparison struct {
	kind compareKind
	with []byte
}

type compareKind uint8

const (
	compareNot     compareKind = iota // there is no condition
	compareEqual                      // IFEQ
	compareUnequal                    // IFNE
)

// opt reads a condition and tells whether there was one. Two are a syntax error.
func (c *comparison) opt(a *command.Args) bool {
	kind := compareEqual
	if !a.Opt("IFEQ") {
		if !a.Opt("IFNE") {
			return false
		}
		kind = compareUnequal
	}
	if c.given() {
		a.Fail(reply.ErrSyntax)
	}
	c.kind, c.with = kind, a.Bytes()
	return true
}

func (c *comparison) given() bool { return c.kind != compareNot }

// met tells whether the condition holds for a string, or for its absence: what is not there
// is unequal to everything.
func (c *comparison) met(e *keyspace.Entry) bool {
	switch c.kind {
	case compareEqual:
		return e.Exists() && bytes.Equal(e.Text(), c.with)
	case compareUnequal:
		return !e.Exists() || !bytes.Equal(e.Text(), c.with)
	}
	return true
}

// The refusals of DELEX; the first in Redis' words.
const (
	errNotString reply.Error = "ERR Key should be of string type if conditions are specified"
	errCondition reply.Error = "ERR Invalid condition. Use IFEQ or IFNE"
)

// delIf is DELEX: a missing key and a condition that does not hold both answer 0.
func delIf(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	var condition comparison
	switch left := c.Args.Left(); {
	case left != 0 && left != 2:
		c.Args.Fail(reply.ErrArity(c.Row.Lower))
	case left == 2 && !condition.opt(&c.Args):
		c.Args.Fail(errCondition)
	}
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	e := db.Find(key)
	switch {
	case !e.Exists():
		c.Reply.Int(0)
	case condition.given() && e.Kind() != object.String:
		c.Reply.Fail(errNotString)
	case !condition.met(&e):
		c.Reply.Int(0)
	case e.HoldsOpenStock():
		c.Reply.Fail(keyspace.ErrStockOpen)
	default:
		e.Remove()
		db.Notify(keyspace.EventGeneric, "del", key)
		c.Reply.Int(1)
	}
}

// isCompared tells whether a call has a condition behind its first n arguments.
func isCompared(argv [][]byte, n int) bool {
	for _, arg := range argv[min(n, len(argv)):] {
		if command.EqualFold(arg, "IFEQ") || command.EqualFold(arg, "IFNE") {
			return true
		}
	}
	return false
}

// useOfDelIf is what a call of DELEX does with its key: with a condition it looks at it.
func useOfDelIf(argv [][]byte) command.KeyUse {
	if isCompared(argv, 2) {
		return command.KeyRW | command.KeyAccess | command.KeyDelete
	}
	return command.KeyRM | command.KeyDelete
}
