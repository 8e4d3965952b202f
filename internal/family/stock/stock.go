// SPDX-License-Identifier: Apache-2.0

// Package stock is the family of stocks: units of a product that are held, sold and given
// back, one product at a time (STOCK.*) or several at once (BASKET.*).
//
// An answer is an array that begins with the word for what is so now (HELD, SOLD_OUT …);
// the numbers that belong to it follow. What clients must know is in docs/stock.md.
//
// A handler runs while the shards of its keys are owned and touches nothing else. The rules
// are package stock's, how a key holds a stock is package keyspace's.
package stock

import (
	"errors"
	"strings"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
	rules "stampede/internal/stock"
)

const (
	read  = command.Read | command.Fast
	write = command.Write | command.Fast
	grow  = command.Write | command.DenyOOM | command.Fast
)

// Commands gives the rows of this family. ledger is the database of record, or nil; it is
// asked again and again.
func Commands(ledger func() Ledger) []command.Spec {
	var rows []command.Spec
	f := family{ledger}
	for _, part := range [][]command.Spec{f.saleRows(), staffRows(), lookRows(), f.basketRows()} {
		rows = append(rows, part...)
	}
	for i := range rows {
		rows[i].Group, rows[i].Since = command.GroupStock, command.Own
	}
	return rows
}

// saleRows are the commands of a sale.
func (f family) saleRows() []command.Spec {
	return []command.Spec{{
		Name: "STOCK.CONFIRM", Args: "@key id [ACK <MEMORY | JOURNAL | LEDGER>]",
		Summary: "Sells the units that an id holds.",
		Flags:   write, Cost: "O(log N) in holds",
		KeyUse: "RW access update", Inner: 2,
		Do: command.Waiting{Try: f.confirm, MayWait: wantsLedger, Acks: true},
	}, {
		Name: "STOCK.EXTEND", Args: "@key id milliseconds:int",
		Summary: "Lets a hold live until some milliseconds from now.",
		Flags:   write | command.Steady, Cost: "O(log N) in holds",
		KeyUse: "RW access update", Inner: 2,
		Do: command.OnShard(extend),
	}, {
		Name:    "STOCK.HOLD",
		Args:    "@key id buyer units:int [FOR milliseconds:int] [WAIT milliseconds:int]",
		Summary: "Holds units for a buyer, or says why not.",
		Flags:   grow | command.Steady | command.Blocking, Cost: "O(log N) in holds",
		KeyUse: "RW access update", Inner: 2,
		Do: command.Waiting{
			Try: f.tryHold, TimeUp: holdTimeUp, MayWait: mayWait, InOrder: true,
		},
	}, {
		Name: "STOCK.RELEASE", Args: "@key id",
		Summary: "Gives back the units that an id holds.",
		Flags:   write | command.Steady, Cost: "O(log N) in holds",
		KeyUse: "RW access update", Inner: 2,
		Do: command.OnShard(release),
	}}
}

// staffRows are the commands of those who run a sale.
func staffRows() []command.Spec {
	return []command.Spec{{
		Name: "STOCK.ADD", Args: "@key units:int", Summary: "Puts units into a stock.",
		Flags: write, Cost: "O(1)",
		KeyUse: "RW access update",
		Do:     command.OnShard(add),
	}, {
		Name: "STOCK.CLOSE", Args: "@key", Summary: "Ends the holding of units for ever.",
		Flags: write, Cost: "O(1)",
		KeyUse: "RW access update",
		Do:     command.OnShard(closeStock),
	}, {
		Name: "STOCK.DROP", Args: "@key", Summary: "Removes a stock with all its holds.",
		Flags: write, Cost: "O(1)",
		KeyUse: "RM delete",
		Do:     command.OnShard(drop),
	}, {
		Name: "STOCK.OPEN",
		Args: "@key units:int [LIMIT per-buyer:int] [HOLD milliseconds:int] [HOLDMAX milliseconds:int] " +
			"[FROM unix-time-milliseconds:unix-time] [UNTIL unix-time-milliseconds:unix-time]",
		Summary: "Makes a stock of units that can be held and sold.",
		Flags:   grow, Cost: "O(1)",
		KeyUse: "OW insert",
		Do:     command.OnShard(open),
	}, {
		Name: "STOCK.TAKE", Args: "@key units:int", Summary: "Takes free units out of a stock.",
		Flags: write, Cost: "O(1)",
		KeyUse: "RW access update",
		Do:     command.OnShard(take),
	}}
}

// lookRows are the commands that change nothing.
func lookRows() []command.Spec {
	return []command.Spec{{
		Name: "STOCK.AUDIT", Args: "@key",
		Summary: "Counts all holds anew and compares that with the figures.",
		Flags:   command.Read, Cost: "O(N log N) in holds",
		Do: command.OnShard(audit),
	}, {
		Name: "STOCK.GET", Args: "@key id", Summary: "Tells what is known of an id.",
		Flags: read, Cost: "O(1)",
		Do: command.OnShard(get),
	}, {
		Name: "STOCK.INFO", Args: "@key", Summary: "Tells the figures, limits and times of a stock.",
		Flags: read, Cost: "O(log N) in holds",
		Do: command.OnShard(info),
	}, {
		Name: "STOCK.SCAN", Args: "@key cursor:int [COUNT count:int] [STATE state]",
		Summary: "Lists the holds and refusals of a stock in steps.",
		Flags:   command.Read, Cost: "O(1) a call, O(N) in all",
		Tips: "nondeterministic_output",
		Do:   command.OnShard(scan),
	}}
}

// errKey is the answer to a call on a key that is absent.
const errKey = reply.ErrNoSuchKey

// find looks up the stock of a call that changes it; ok is false if the call has been
// answered.
func find(db *keyspace.DB, c *command.Call, key []byte) (s keyspace.Stock, ok bool) {
	if c.Args.Err() != nil {
		c.Reply.Err(c.Args.Err())
		return s, false
	}
	s, err := db.FindStock(key)
	return s, found(c, &s, err)
}

// look is find for a call that changes nothing.
func look(db *keyspace.DB, c *command.Call, key []byte) (s keyspace.Stock, ok bool) {
	if c.Args.Err() != nil {
		c.Reply.Err(c.Args.Err())
		return s, false
	}
	s, err := db.ReadStock(key)
	return s, found(c, &s, err)
}

func found(c *command.Call, s *keyspace.Stock, err error) bool {
	switch {
	case err != nil:
		c.Reply.Err(err)
	case !s.Exists():
		c.Reply.Fail(errKey)
	default:
		return true
	}
	return false
}

// fail answers with what is wrong with a call.
func fail(c *command.Call, err error) {
	if own := reply.Error(""); errors.As(err, &own) {
		c.Reply.Fail(own)
		return
	}
	c.Reply.Fail(reply.Error("ERR " + strings.TrimPrefix(err.Error(), "stock: ")))
}

// answer writes what a call was answered: the word, and the numbers that belong to it.
func answer(c *command.Call, a rules.Answer) { answerFor(c, nil, a) }

// answerFor is answer with the key between the word and the numbers; nil: with none.
func answerFor(c *command.Call, key []byte, a rules.Answer) {
	r, n := c.Reply, 1
	if key != nil {
		n++
	}
	head := func(numbers int) {
		r.Array(n + numbers)
		r.Simple(a.Outcome.String())
		if key != nil {
			r.Bulk(key)
		}
	}
	switch a.Outcome {
	case rules.Held:
		head(2)
		r.Int(a.Fence)
		r.Int(a.AtMs)
	case rules.Sold, rules.AlreadySold:
		head(1)
		r.Int(a.Fence)
	case rules.AllHeld, rules.NotOpen, rules.Closed:
		head(1)
		r.Int(a.AtMs)
	case rules.TooFew, rules.OverLimit, rules.Done:
		head(1)
		r.Int(a.Units)
	default:
		head(0)
	}
}
