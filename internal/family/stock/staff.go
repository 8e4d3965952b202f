// SPDX-License-Identifier: Apache-2.0

package stock

import (
	"errors"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
	rules "stampede/internal/stock"
)

const (
	errTaken    reply.Error = "BUSYKEY Target key name already exists."
	errUnits    reply.Error = "ERR the units of a stock are a number from 0 to 2^53-1"
	errPositive reply.Error = "ERR LIMIT, HOLD, HOLDMAX, FROM and UNTIL are numbers above 0"
)

func open(db *keyspace.DB, c *command.Call) {
	key, units := c.Args.Bytes(), c.Args.Int()
	terms := readTerms(&c.Args)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	s, err := db.FindStock(key)
	if err != nil || s.Exists() {
		c.Reply.Fail(errTaken)
		return
	}
	switch err = s.Open(units, terms); {
	case errors.Is(err, rules.ErrUnits):
		c.Reply.Fail(errUnits)
	case err != nil:
		fail(c, err)
	default:
		c.Reply.OK()
	}
}

// readTerms reads the options of STOCK.OPEN.
func readTerms(a *command.Args) (t rules.Terms) {
	for a.More() {
		var to *int64
		switch {
		case a.Opt("LIMIT"):
			to = &t.PerBuyer
		case a.Opt("HOLD"):
			to = &t.HoldMs
		case a.Opt("HOLDMAX"):
			to = &t.HoldMaxMs
		case a.Opt("FROM"):
			to = &t.FromMs
		case a.Opt("UNTIL"):
			to = &t.UntilMs
		default:
			a.Fail(reply.ErrSyntax)
			return t
		}
		if *to = a.Int(); *to < 1 && a.Err() == nil {
			a.Fail(errPositive)
		}
	}
	return t
}

func add(db *keyspace.DB, c *command.Call)  { setUnits(db, c, (*keyspace.Stock).Add) }
func take(db *keyspace.DB, c *command.Call) { setUnits(db, c, (*keyspace.Stock).Take) }

// setUnits puts units in or takes them out, and answers how many are free then.
func setUnits(
	db *keyspace.DB, c *command.Call, do func(*keyspace.Stock, int64) (rules.Answer, error),
) {
	key, units := c.Args.Bytes(), c.Args.Int()
	s, ok := find(db, c, key)
	if !ok {
		return
	}
	a, err := do(&s, units)
	if err != nil {
		fail(c, err)
		return
	}
	if a.Outcome == rules.Done {
		a.Units = s.Sums().Free
	}
	answer(c, a)
}

func closeStock(db *keyspace.DB, c *command.Call) {
	if s, ok := find(db, c, c.Args.Bytes()); ok {
		answer(c, s.Close())
	}
}

func drop(db *keyspace.DB, c *command.Call) {
	s, err := db.FindStock(c.Args.Bytes())
	switch {
	case err != nil:
		c.Reply.Err(err)
	case !s.Exists():
		c.Reply.Int(0)
	default:
		s.Drop()
		c.Reply.Int(1)
	}
}
