// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"stampede/internal/command"
	"stampede/internal/container/stream"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

const (
	errTwoTrims reply.Error = "ERR syntax error, MAXLEN and MINID options at the same time " +
		"are not compatible"
	errMaxLen reply.Error = "ERR The MAXLEN argument must be >= 0."
	errLimit  reply.Error = "ERR The LIMIT argument must be >= 0."
	errNoTrim reply.Error = "ERR syntax error, LIMIT cannot be used without specifying a " +
		"trimming strategy"
	errMustTrim reply.Error = "ERR syntax error, XTRIM must be called with a trimming strategy"
	errNoApprox reply.Error = "ERR syntax error, LIMIT cannot be used without the special ~ option"
)

// wantedTrim is how a stream is to be trimmed, if at all.
type wantedTrim struct {
	stream.Trim
	given   bool
	limited bool // the call says a limit
}

// readTrim reads the options of XADD, up to the ID, or those of XTRIM. [wantedTrim.check] must
// follow.
func readTrim(a *command.Args, adding bool) (t wantedTrim, noMake bool) {
	for a.More() {
		switch {
		case a.Left() > 1 && a.Opt("MAXLEN"):
			t.begin(a)
			n := a.Int()
			if n < 0 {
				a.Fail(errMaxLen)
			}
			t.Len, t.given = int(n), true
		case a.Left() > 1 && a.Opt("MINID"):
			t.begin(a)
			t.MinID, t.ByID, t.given = readID(a), true, true
		case a.Left() > 1 && a.Opt("LIMIT"):
			limit := a.Int()
			if limit < 0 {
				a.Fail(errLimit)
			}
			t.LimitTo, t.limited = int(limit), true
		case adding && a.Opt("NOMKSTREAM"):
			noMake = true
		case adding:
			return t, noMake
		default:
			a.Fail(reply.ErrSyntax)
		}
	}
	return t, noMake
}

// begin reads what may stand before the threshold.
func (t *wantedTrim) begin(a *command.Args) {
	if t.given {
		a.Fail(errTwoTrims)
	}
	t.Approx = false
	if a.Left() > 1 {
		if t.Approx = a.Opt("~"); !t.Approx {
			a.Opt("=")
		}
	}
}

// The limits of what is trimmed by whole nodes if the call does not say one: so many nodes,
// or so many entries.
const (
	trimNodes      = 100
	trimEntries    = 10_000 // where nodes have no limit
	trimEntriesMax = 1_000_000
)

// check looks whether the limit has a meaning, and sets it where it is not given.
func (t *wantedTrim) check(a *command.Args, db *keyspace.DB) {
	switch {
	case t.LimitTo != 0 && !t.given:
		a.Fail(errNoTrim)
	case t.limited && !t.Approx:
		a.Fail(errNoApprox)
	case !t.limited && t.Approx:
		t.LimitTo = trimNodes * min(db.Space().Limits.StreamNode.Entries, trimEntriesMax)
		if t.LimitTo <= 0 {
			t.LimitTo = trimEntries
		}
		t.LimitTo = min(t.LimitTo, trimEntriesMax)
	}
}

// trimTo trims a stream and tells how many entries went.
func trimTo(db *keyspace.DB, s *keyspace.Stream, key []byte, t *wantedTrim) (removed int) {
	if removed = s.Trim(t.Trim); removed > 0 {
		db.Notify(keyspace.EventStream, "xtrim", key)
	}
	return removed
}

func trim(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	t, _ := readTrim(&c.Args, false)
	if !t.given && t.LimitTo == 0 {
		c.Args.Fail(errMustTrim)
	}
	if t.check(&c.Args, db); failed(c) {
		return
	}
	s, ok := find(db, c, key)
	switch {
	case !ok:
	case !s.Exists():
		c.Reply.Int(0)
	default:
		c.Reply.Int(int64(trimTo(db, &s, key, &t)))
	}
}

func del(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	s, ok := find(db, c, key)
	switch {
	case !ok:
		return
	case !s.Exists():
		c.Reply.Int(0)
		return
	}
	ids := readIDs(&c.Args)
	if failed(c) {
		return
	}
	deleted := s.Delete(ids)
	if deleted > 0 {
		db.Notify(keyspace.EventStream, "xdel", key)
	}
	c.Reply.Int(int64(deleted))
}
