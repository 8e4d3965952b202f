// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"stampede/internal/container/stream"
	"stampede/internal/effect"
)

// SetGroup says how far a group has read, and makes it if there is none of the name.
func (s *Stream) SetGroup(name []byte, last stream.ID, read int64) {
	s.change().SetGroup(name, last, read)
	b, db := s.effects()
	b.StreamGroup(db, s.key, name, last, read)
	s.noted()
}

// DropGroup takes a group away and tells whether it was there. Who waits for the key is
// looked at then.
func (s *Stream) DropGroup(name []byte) bool {
	if !s.change().DropGroup(name) {
		return false
	}
	b, db := s.effects()
	b.StreamUngroup(db, s.key, name)
	s.noted()
	if s.e.db.Awaited(s.key) {
		s.e.db.markReady(string(s.key))
	}
	return true
}

// StreamGroup is a group of a stream for calls that change it. It is valid until the group
// or the key goes.
type StreamGroup struct {
	*stream.Group
	stream Stream
	name   []byte
}

// Group is the group of a name; ok is false if there is none.
func (s *Stream) Group(name []byte) (g StreamGroup, ok bool) {
	if s.Exists() {
		g = StreamGroup{s.Look().Group(name), *s, name}
	}
	return g, g.Group != nil
}

// Call lets a consumer call, who is made if there is none of the name. When it called is
// told to the effects only with what it has changed: see [StreamGroup.Tell].
func (g *StreamGroup) Call(name []byte) (c *stream.Consumer, made bool) {
	nowMs := g.stream.e.db.space.NowMs
	on := g.change()
	if c = on.Consumer(name); c == nil {
		c, made = on.AddConsumer(name, nowMs), true
		g.Tell(c)
	}
	c.SeenMs = nowMs
	return c, made
}

// Tell tells the effects when a consumer called.
func (g *StreamGroup) Tell(c *stream.Consumer) {
	b, db := g.stream.effects()
	b.StreamConsumer(db, g.stream.key, g.name, []byte(c.Name()), c.SeenMs)
	g.stream.noted()
}

// change must come before every change of the group.
func (g *StreamGroup) change() *stream.Group {
	g.stream.change()
	return g.Group
}

// DropConsumer takes a consumer away, with all that is pending for it, and tells how many
// entries that were.
func (g *StreamGroup) DropConsumer(name []byte) (pending int, ok bool) {
	if pending, ok = g.change().DropConsumer(name); ok {
		b, db := g.stream.effects()
		b.StreamUnconsumer(db, g.stream.key, g.name, name)
		g.stream.noted()
	}
	return pending, ok
}

// Advance lets the group have read entries, in order.
func (g *StreamGroup) Advance(ids []stream.ID) {
	if len(ids) == 0 {
		return
	}
	on := g.change()
	for _, id := range ids {
		g.stream.Look().Advance(on, id)
	}
	b, db := g.stream.effects()
	b.StreamGroup(db, g.stream.key, g.name, on.Last, on.Read)
	g.stream.noted()
}

// SetLast says which entry the group has read last.
func (g *StreamGroup) SetLast(last stream.ID) {
	g.stream.SetGroup(g.name, last, g.Read)
}

// Put lets entries be pending for a consumer, whoever's they were, with the given time and
// number of deliveries.
func (g *StreamGroup) Put(c *stream.Consumer, deliveredMs int64, deliveries uint64,
	ids ...stream.ID) {
	on := g.change()
	for _, id := range ids {
		on.Put(stream.Pending{ID: id, DeliveredMs: deliveredMs, Deliveries: deliveries}, c)
	}
	if len(ids) > 0 {
		b, db := g.stream.effects()
		p := effect.Pending{Consumer: []byte(c.Name()), DeliveredMs: deliveredMs,
			Deliveries: deliveries, IDs: ids}
		b.StreamPending(db, g.stream.key, g.name, &p)
		g.stream.noted()
	}
}

// Ack lets entries be pending no more and tells how many were. IDs that are not are left out
// of ids.
func (g *StreamGroup) Ack(ids []stream.ID) (acked int) {
	on := g.change()
	gone := ids[:0]
	for _, id := range ids {
		if on.Ack(id) {
			gone = append(gone, id)
		}
	}
	if len(gone) > 0 {
		b, db := g.stream.effects()
		b.StreamAck(db, g.stream.key, g.name, gone)
		g.stream.noted()
	}
	return len(gone)
}

// applyGroup does what an effect on a group of the stream says, which is there.
func (s *Stream) applyGroup(e *effect.Effect) error {
	if e.Op == effect.StreamGroup {
		last, read, ok := e.StreamGroup()
		if !ok {
			return errBeyond
		}
		s.SetGroup(e.Field, last, read)
		return nil
	}
	g, ok := s.Group(e.Field)
	if !ok {
		return errBeyond
	}
	switch e.Op {
	case effect.StreamUngroup:
		s.DropGroup(e.Field)
	case effect.StreamConsumer:
		var name []byte
		var seenMs int64
		if name, seenMs, ok = e.StreamConsumer(); ok {
			g.Tell(g.change().AddConsumer(name, seenMs))
		}
	case effect.StreamUnconsumer:
		_, ok = g.DropConsumer(e.Value)
	case effect.StreamPending:
		ok = g.applyPending(e)
	case effect.StreamAck:
		var ids []stream.ID
		ok = e.StreamIDs(func(id stream.ID) { ids = append(ids, id) }) && g.Ack(ids) == len(ids)
	}
	if !ok {
		return errBeyond
	}
	return nil
}

func (g *StreamGroup) applyPending(e *effect.Effect) bool {
	var p effect.Pending
	var ids []stream.ID
	ok := e.StreamPending(func(head *effect.Pending, id stream.ID) {
		p, ids = *head, append(ids, id)
	})
	c := g.Consumer(p.Consumer)
	if !ok || c == nil {
		return false
	}
	g.Put(c, p.DeliveredMs, p.Deliveries, ids...)
	return true
}
