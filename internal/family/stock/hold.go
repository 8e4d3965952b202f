// SPDX-License-Identifier: Apache-2.0

package stock

import (
	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
	rules "stampede/internal/stock"
)

const (
	errWait    reply.Error = "ERR WAIT is a number of milliseconds from 0 to 2^47-1"
	errAck     reply.Error = "ERR ACK is one of MEMORY, JOURNAL, LEDGER"
	errJournal reply.Error = "ERR there is no journal that could acknowledge: see appendonly"
)

// holdArgs is how many words a call of STOCK.HOLD has before its options.
const holdArgs = 5

// mayWait tells whether a call of STOCK.HOLD says WAIT.
func mayWait(argv [][]byte) bool {
	for i := holdArgs; i < len(argv); i += 2 {
		if command.EqualFold(argv[i], "WAIT") {
			return true
		}
	}
	return false
}

// wish is what STOCK.HOLD asks for.
type wish struct {
	request rules.Request
	waitMs  int64
}

func (w *wish) read(a *command.Args) {
	w.request.ID, w.request.Buyer, w.request.Units = a.Bytes(), a.Bytes(), a.Int()
	for a.More() {
		switch {
		case a.Opt("FOR"):
			if w.request.ForMs = a.Int(); w.request.ForMs < 1 && a.Err() == nil {
				fail := reply.Error("ERR FOR is a number of milliseconds above 0")
				a.Fail(fail)
			}
		case a.Opt("WAIT"):
			if w.waitMs = a.Int(); (w.waitMs < 0 || w.waitMs > rules.TimeMsMax) && a.Err() == nil {
				a.Fail(errWait)
			}
		default:
			a.Fail(reply.ErrSyntax)
		}
	}
}

// tryHold is STOCK.HOLD, as far as it need not wait.
func (f family) tryHold(tx command.Tx, c *command.Call) (done bool) {
	var w wish
	key := c.Args.Bytes()
	w.read(&c.Args)
	db := tx.DB(c.DB, key)
	s, ok := find(db, c, key)
	if !ok || f.refuses(&s, c, &w.request) {
		return true
	}
	behind := c.Others || c.InExec && db.Awaited(key)
	if !behind && (w.waitMs == 0 || c.InExec) {
		hold(&s, c, &w.request)
		return true
	}
	a, known, err := s.Check(w.request)
	switch {
	case err != nil:
		fail(c, err)
		return true
	case known, !behind && a.Outcome == rules.Held, !worthWaiting(&s, &w.request, a.Outcome):
		hold(&s, c, &w.request)
		return true
	case w.waitMs == 0 || c.InExec:
		yield(&s, c, &w.request)
		return true
	}
	if c.Wait.UntilMs == 0 {
		c.Wait.UntilMs = c.NowMs + w.waitMs
	}
	if c.Wait.RetryMs = 0; !behind {
		// Who stands behind others is looked at when they have been served.
		c.Wait.RetryMs, _ = s.Look().NextDeadline(c.NowMs)
	}
	return false
}

// worthWaiting tells whether time or a release may bring what was refused. What is sold does
// not come back: those who can only hope for a restock are told at once, and no longer stand
// before others who want less.
func worthWaiting(s *keyspace.Stock, r *rules.Request, o rules.Outcome) bool {
	scarce := o == rules.Held || o == rules.AllHeld || o == rules.TooFew
	return scarce && r.Units <= s.Look().Unsold()
}

// hold answers a call for good.
func hold(s *keyspace.Stock, c *command.Call, r *rules.Request) {
	a, err := s.Hold(*r)
	if err != nil {
		fail(c, err)
		return
	}
	answer(c, a)
}

// yield answers, for good, a call behind others who wait: nothing is free for it, whatever
// is free.
func yield(s *keyspace.Stock, c *command.Call, r *rules.Request) {
	a, known, err := s.Check(*r)
	if err == nil && (known || a.Outcome != rules.Held) {
		hold(s, c, r)
		return
	}
	if err == nil {
		a = rules.Answer{Outcome: rules.TooFew}
		if next, held := s.Look().NextDeadline(c.NowMs); held {
			a = rules.Answer{Outcome: rules.AllHeld, AtMs: next}
		}
		a, err = s.Refuse(*r, a)
	}
	if err != nil {
		fail(c, err)
		return
	}
	answer(c, a)
}

// holdTimeUp ends the wait of STOCK.HOLD. Whatever is free then is for those before it, or it
// would have been served.
func holdTimeUp(tx command.Tx, c *command.Call) {
	var w wish
	key := c.Args.Bytes()
	w.read(&c.Args)
	if s, ok := find(tx.DB(c.DB, key), c, key); ok {
		yield(&s, c, &w.request)
	}
}

// confirmArgs is how many words a call of STOCK.CONFIRM has before its options.
const confirmArgs = 3

// wantsLedger tells whether a call of STOCK.CONFIRM says ACK LEDGER.
func wantsLedger(argv [][]byte) bool {
	return len(argv) > confirmArgs+1 && command.EqualFold(argv[confirmArgs+1], "LEDGER")
}

// confirm is STOCK.CONFIRM.
func (f family) confirm(tx command.Tx, c *command.Call) (done bool) {
	key, id := c.Args.Bytes(), c.Args.Bytes()
	db := tx.DB(c.DB, key)
	ack := f.readAck(db, &c.Args)
	s, ok := find(db, c, key)
	if !ok || !named(c, id) {
		return true
	}
	c.Durable, c.AtOnce = ack.durable, ack.atOnce
	a := s.Confirm(id)
	c.Ledger = ack.ledger && (a.Outcome == rules.Sold || a.Outcome == rules.AlreadySold)
	answer(c, a)
	return true
}

// ack is what must have a sale before it is told.
type ack struct{ durable, atOnce, ledger bool }

// readAck reads what must have a sale before it is told: the journal where there is one,
// unless the call wants to be told at once.
func (f family) readAck(db *keyspace.DB, a *command.Args) (want ack) {
	journal := db.Space().Journaled()
	want.durable = journal
	switch {
	case !a.More():
	case !a.Opt("ACK"):
		a.Fail(reply.ErrSyntax)
	case a.Opt("MEMORY"):
		want.durable, want.atOnce = false, true
	case a.Opt("JOURNAL"):
		if !journal {
			a.Fail(errJournal)
		}
	case a.Opt("LEDGER"):
		want.ledger = true
		if err := f.noLedger(); err != "" {
			a.Fail(err)
		}
	default:
		a.Fail(errAck)
	}
	if a.More() {
		a.Fail(reply.ErrSyntax)
	}
	return want
}

// named tells whether an id may be one; if not, the call has been answered.
func named(c *command.Call, id []byte) bool {
	if len(id) < 1 || len(id) > rules.NameBytesMax {
		fail(c, rules.ErrName)
		return false
	}
	return true
}

func release(db *keyspace.DB, c *command.Call) {
	key, id := c.Args.Bytes(), c.Args.Bytes()
	if s, ok := find(db, c, key); ok && named(c, id) {
		answer(c, s.Release(id))
	}
}

func extend(db *keyspace.DB, c *command.Call) {
	key, id, ms := c.Args.Bytes(), c.Args.Bytes(), c.Args.Int()
	s, ok := find(db, c, key)
	if !ok || !named(c, id) {
		return
	}
	a, err := s.Extend(id, ms)
	if err != nil {
		fail(c, err)
		return
	}
	answer(c, a)
}
