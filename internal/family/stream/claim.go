// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"math"

	"stampede/internal/command"
	"stampede/internal/container/stream"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

// claiming is a call of XCLAIM or XAUTOCLAIM.
type claiming struct {
	key, group, consumer []byte
	idleMs               int64 // what was given later than that stays where it is
	ids                  []stream.ID
	deliveredMs          int64
	retries              int64 // -1: one more than there were
	force, justID        bool
	last                 stream.ID

	from  stream.ID // of XAUTOCLAIM
	count int64

	s   keyspace.Stream
	g   keyspace.StreamGroup
	one *stream.Consumer // nil: it has not been needed yet
}

// in looks the group up in the stream that was found; it is false if the call has been answered.
func (w *claiming) in(s keyspace.Stream, err error, c *command.Call) (ok bool) {
	if err != nil {
		c.Reply.Err(err)
		return false
	}
	w.s = s
	if w.g, ok = w.s.Group(w.group); !ok {
		c.Reply.Fail(errNoKeyOrGroup(w.key, w.group))
	}
	return ok
}

func claim(db *keyspace.DB, c *command.Call) {
	w := claiming{key: c.Args.Bytes(), group: c.Args.Bytes(), consumer: c.Args.Bytes()}
	if s, err := db.ReadStream(w.key); !w.in(s, err, c) {
		return
	}
	if w.options(&c.Args, c.NowMs); failed(c) {
		return
	}
	if w.g.Last.Less(w.last) {
		w.g.SetLast(w.last)
	}
	at, n := c.Reply.Len(), 0
	for _, id := range w.ids {
		if w.claim(db, c, id) {
			n++
		}
	}
	c.Reply.ArrayAt(at, n)
	if n > 0 {
		w.g.Tell(w.one)
	}
}

// call lets the consumer be there.
func (w *claiming) call(db *keyspace.DB) {
	if w.one != nil {
		return
	}
	var made bool
	if w.one, made = w.g.Call(w.consumer); made {
		db.Notify(keyspace.EventStream, "xgroup-createconsumer", w.key)
	}
}

// options reads what stands behind the consumer.
func (w *claiming) options(a *command.Args, nowMs int64) {
	w.idleMs = max(a.IntOr("ERR Invalid min-idle-time argument for XCLAIM"), 0)
	for a.More() {
		id, ok := stream.Parse(a.Peek(), 0)
		if !ok {
			break
		}
		a.Bytes()
		w.ids = append(w.ids, id)
	}
	w.deliveredMs, w.retries = -1, -1
	for a.More() {
		switch {
		case a.Opt("FORCE"):
			w.force = true
		case a.Opt("JUSTID"):
			w.justID = true
		case a.Left() > 1 && a.Opt("IDLE"):
			w.deliveredMs = nowMs - a.IntOr("ERR Invalid IDLE option argument for XCLAIM")
		case a.Left() > 1 && a.Opt("TIME"):
			w.deliveredMs = a.IntOr("ERR Invalid TIME option argument for XCLAIM")
		case a.Left() > 1 && a.Opt("RETRYCOUNT"):
			w.retries = a.IntOr("ERR Invalid RETRYCOUNT option argument for XCLAIM")
		case a.Left() > 1 && a.Opt("LASTID"):
			w.last = readID(a)
		default:
			a.Fail(reply.Error("ERR Unrecognized XCLAIM option '" + string(a.Peek()) + "'"))
		}
	}
	if w.deliveredMs < 0 || w.deliveredMs > nowMs {
		w.deliveredMs = nowMs
	}
}

// claim gives one entry to a consumer and answers with it, if it may be claimed.
func (w *claiming) claim(db *keyspace.DB, c *command.Call, id stream.ID) bool {
	var e stream.Entry
	p := w.g.Find(id)
	if !w.s.Look().Find(id, &e) {
		if p != nil {
			w.g.Ack([]stream.ID{id})
		}
		return false
	}
	deliveries := uint64(1)
	switch {
	case p == nil && !w.force:
		return false
	case p != nil:
		if w.idleMs > 0 && c.NowMs-p.DeliveredMs < w.idleMs {
			return false
		}
		deliveries = p.Deliveries
	}
	if w.retries >= 0 {
		deliveries = uint64(w.retries)
	} else if !w.justID {
		deliveries++
	}
	if w.justID {
		writeID(c.Reply, id)
	} else {
		writeEntry(c.Reply, &e)
	}
	w.call(db)
	w.g.Put(w.one, w.deliveredMs, deliveries, id)
	return true
}

const errCount reply.Error = "ERR COUNT must be > 0"

const (
	claimCount    = 100 // entries that XAUTOCLAIM gives if the call does not say how many
	claimLooks    = 10  // times as many are looked at
	claimCountMax = math.MaxInt64 / 16
)

func autoclaim(db *keyspace.DB, c *command.Call) {
	a := &c.Args
	w := claiming{key: a.Bytes(), group: a.Bytes(), consumer: a.Bytes(), retries: -1,
		count: claimCount, deliveredMs: c.NowMs}
	s, err := db.ReadStream(w.key) // counts as a read even if the arguments are wrong
	w.idleMs = max(a.IntOr("ERR Invalid min-idle-time argument for XAUTOCLAIM"), 0)
	w.from = start(a)
	for a.More() {
		switch {
		case a.Left() > 1 && a.Opt("COUNT"):
			if w.count = a.IntOr(errCount); w.count < 1 || w.count > claimCountMax {
				a.Fail(errCount)
			}
		case a.Opt("JUSTID"):
			w.justID = true
		default:
			a.Fail(reply.ErrSyntax)
		}
	}
	if !failed(c) && w.in(s, err, c) {
		w.autoclaim(db, c)
	}
}

// autoclaim gives entries to a consumer, and answers with where to go on, those that were
// given, and those that are not there any more.
func (w *claiming) autoclaim(db *keyspace.DB, c *command.Call) {
	looked, next := w.look()
	c.Reply.Array(3)
	writeID(c.Reply, next)
	var gone []stream.ID
	at, n := c.Reply.Len(), 0
	for _, id := range looked {
		if !w.s.Look().Has(id) {
			gone = append(gone, id)
		} else if w.claim(db, c, id) {
			n++
		}
	}
	c.Reply.ArrayAt(at, n)
	c.Reply.Array(len(gone))
	for _, id := range gone {
		writeID(c.Reply, id)
	}
	w.g.Ack(gone)
	if n > 0 {
		w.g.Tell(w.one)
	}
}

// look gives the pending entries to be looked at, and the one behind them.
func (w *claiming) look() (ids []stream.ID, next stream.ID) {
	taken, attempts := int64(0), w.count*claimLooks
	nowMs := w.deliveredMs
	w.g.Each(w.from, func(p *stream.Pending) bool {
		if taken == w.count || attempts == 0 {
			next = p.ID
			return false
		}
		attempts--
		ids = append(ids, p.ID)
		if w.idleMs == 0 || nowMs-p.DeliveredMs >= w.idleMs || !w.s.Look().Has(p.ID) {
			taken++
		}
		return true
	})
	return ids, next
}
