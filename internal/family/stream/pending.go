// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"stampede/internal/command"
	"stampede/internal/container/stream"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

func ack(db *keyspace.DB, c *command.Call) {
	key, group := c.Args.Bytes(), c.Args.Bytes()
	s, ok := read(db, c, key)
	if !ok {
		return
	}
	g, ok := s.Group(group)
	if !ok {
		c.Reply.Int(0)
		return
	}
	ids := readIDs(&c.Args)
	if failed(c) {
		return
	}
	c.Reply.Int(int64(g.Ack(ids)))
}

// pendingWish is what XPENDING is told.
type pendingWish struct {
	span
	consumer []byte // nil: all of them
	idleMs   int64
}

// read reads everything behind the group, if there is anything.
func (w *pendingWish) read(a *command.Args) {
	n := a.Left()
	if n < 3 || n > 6 {
		a.Fail(reply.ErrSyntax)
	}
	if a.Opt("IDLE") {
		w.idleMs = a.Int()
		if a.Left() < 3 {
			a.Fail(reply.ErrSyntax)
		}
	}
	ends := a.Take(2)
	w.count = max(a.Int(), 0)
	if a.Err() != nil {
		return
	}
	bounds := command.NewArgs(ends)
	w.from, w.to = start(&bounds), stop(&bounds)
	if bounds.Err() != nil {
		a.Fail(bounds.Err())
	} else if a.More() {
		w.consumer = a.Bytes()
	}
}

func pending(db *keyspace.DB, c *command.Call) {
	key, group := c.Args.Bytes(), c.Args.Bytes()
	w, summary := pendingWish{}, !c.Args.More()
	if !summary {
		w.read(&c.Args)
	}
	if failed(c) {
		return
	}
	s, ok := read(db, c, key)
	if !ok {
		return
	}
	g, ok := s.Group(group)
	switch {
	case !ok:
		c.Reply.Fail(errNoKeyOrGroup(key, group))
	case summary:
		writeSummary(c.Reply, g.Group)
	default:
		w.write(c, g.Group)
	}
}

// writeSummary answers with how much is pending, and for whom.
func writeSummary(r *reply.Buffer, g *stream.Group) {
	r.Array(4)
	r.Int(int64(g.Pending()))
	if g.Pending() == 0 {
		r.Null()
		r.Null()
		r.NullArray()
		return
	}
	first, last := g.Bounds()
	writeID(r, first)
	writeID(r, last)
	at, n := r.Len(), 0
	for _, one := range g.Consumers() {
		if one.Pending() > 0 {
			r.Array(2)
			r.Text(one.Name())
			r.IntText(int64(one.Pending()))
			n++
		}
	}
	r.ArrayAt(at, n)
}

// write answers with pending entries.
func (w *pendingWish) write(c *command.Call, g *stream.Group) {
	r, at, n := c.Reply, c.Reply.Len(), 0
	one := func(p *stream.Pending) bool {
		idle := c.NowMs - p.DeliveredMs
		if w.to.Less(p.ID) || int64(n) >= w.count {
			return false
		}
		if w.idleMs != 0 && idle < w.idleMs {
			return true
		}
		r.Array(4)
		writeID(r, p.ID)
		r.Text(g.Owner(p).Name())
		r.Int(max(idle, 0))
		r.Int(int64(p.Deliveries))
		n++
		return true
	}
	if w.consumer == nil {
		g.Each(w.from, one)
	} else if of := g.Consumer(w.consumer); of != nil {
		g.EachOf(of, w.from, func(id stream.ID) bool { return one(g.Find(id)) })
	}
	r.ArrayAt(at, n)
}
