// SPDX-License-Identifier: Apache-2.0

package hll

import (
	"strconv"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

func count(tx command.Tx, c *command.Call) {
	keys := c.Args.Rest()
	if len(keys) == 1 {
		countOne(tx.DB(c.DB, keys[0]), c, keys[0])
		return
	}
	var m maxima
	if _, err := m.mergeKeys(tx, c.DB, keys); err != nil {
		c.Reply.Err(err)
		return
	}
	h := m.histogram()
	c.Reply.Int(int64(h.estimate()))
}

// countOne keeps the estimate in the sketch for the next call.
func countOne(db *keyspace.DB, c *command.Call, key []byte) {
	e, err := db.ReadString(key)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	s, err := sketchOf(&e)
	switch {
	case err != nil:
		c.Reply.Err(err)
		return
	case s == nil:
		c.Reply.Int(0)
		return
	case !s.isStale():
		c.Reply.Int(int64(s.cached()))
		e.Loosen(key, len(s))
		return
	}
	h, ok := s.histogram()
	if !ok {
		e.Loosen(key, len(s))
		c.Reply.Fail(errCorrupt)
		return
	}
	estimate := h.estimate()
	putCached(&e, key, estimate)
	c.Reply.Int(int64(estimate))
}

// mergeKeys takes in the sketches of several keys, those that are there; dense tells whether
// one of them is.
func (m *maxima) mergeKeys(tx command.Tx, n int, keys [][]byte) (dense bool, err error) {
	for _, key := range keys {
		e, err := tx.DB(n, key).ReadString(key)
		if err != nil {
			return false, err
		}
		s, err := sketchOf(&e)
		if err != nil {
			return false, err
		}
		if s == nil {
			continue
		}
		dense = dense || s.isDense()
		if !m.merge(s) {
			return false, errCorrupt
		}
	}
	return dense, nil
}

func merge(tx command.Tx, c *command.Call) {
	keys := c.Args.Rest()
	var m maxima
	dense, err := m.mergeKeys(tx, c.DB, keys)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	key := keys[0]
	db := tx.DB(c.DB, key)
	e, view, err := find(db, key)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	s := clone(view)
	if view == nil {
		s = newSketch(nil)
	}
	if dense && !s.isDense() {
		s, _ = s.dense() // it was merged, so it makes sense
	}
	for register, value := range m {
		if value > 0 {
			s, _ = s.raise(register, value, db.Space().Limits.SketchBytesMax)
		}
	}
	s[staleAt] |= stale
	if view != nil && string(s) == string(view) {
		e.Splice(key, staleAt, []byte{s[staleAt]}) // Redis counts it as a change
	} else {
		put(&e, key, s)
	}
	db.Notify(keyspace.EventString, "pfadd", key)
	c.Reply.OK()
}

const (
	errNoKey     reply.Error = "ERR The specified key does not exist"
	errNotSparse reply.Error = "ERR HLL encoding is not sparse"
)

func debug(db *keyspace.DB, c *command.Call) {
	what, key := c.Args, c.Argv[2]
	e, s, err := find(db, key)
	switch {
	case err != nil:
		c.Reply.Err(err)
		return
	case s == nil:
		c.Reply.Fail(errNoKey)
		return
	}
	e.Loosen(key, len(s))
	s = sketch(e.Text())
	switch {
	case what.Opt("GETREG"):
		if _, ok := becomeDense(&e, key, s); !ok {
			c.Reply.Fail(errCorrupt)
			return
		}
		c.Reply.Array(registers)
		for i := range registers {
			c.Reply.Int(int64(sketch(e.Text()).register(i)))
		}
	case what.Opt("DECODE"):
		if s.isDense() {
			c.Reply.Fail(errNotSparse)
			return
		}
		c.Reply.Bulk(s.decoded())
	case what.Opt("ENCODING"):
		c.Reply.Simple([...]string{denseEncoding: "dense", runsEncoding: "sparse"}[s[encodingAt]])
	case what.Opt("TODENSE"):
		changed, ok := becomeDense(&e, key, s)
		if !ok {
			c.Reply.Fail(errCorrupt)
			return
		}
		n := int64(0)
		if changed {
			n = 1
		}
		c.Reply.Int(n)
	default:
		c.Reply.Fail(reply.Error("ERR Unknown PFDEBUG subcommand '" + string(c.Argv[1]) + "'"))
	}
}

// becomeDense lets the sketch of a key be dense; ok is false if its runs make no sense.
func becomeDense(e *keyspace.Entry, key []byte, s sketch) (changed, ok bool) {
	if s.isDense() {
		return false, true
	}
	d, ok := s.dense()
	if ok {
		put(e, key, d)
	}
	return ok, ok
}

// decoded is the runs of a sparse sketch as PFDEBUG DECODE writes them.
func (s sketch) decoded() []byte {
	var text []byte
	for body := s[headBytes:]; len(body) > 0; {
		r := runAt(body)
		switch {
		case r.value > 0:
			text = append(text, "v:"...)
			text = strconv.AppendInt(text, int64(r.value), 10)
			text = append(text, ',')
		case r.bytes == 1:
			text = append(text, "z:"...)
		default:
			text = append(text, "Z:"...)
		}
		text = append(strconv.AppendInt(text, int64(r.n), 10), ' ')
		body = body[min(r.bytes, len(body)):]
	}
	if len(text) > 0 {
		text = text[:len(text)-1]
	}
	return text
}
