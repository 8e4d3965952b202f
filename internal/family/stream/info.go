// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"stampede/internal/command"
	"stampede/internal/container/stream"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

// infoCount is how many entries XINFO STREAM FULL shows if the call does not say.
const infoCount = 10

// look looks up the stream of a call of XINFO; ok is false if the call has been answered.
func look(db *keyspace.DB, c *command.Call, key []byte) (s *stream.Stream, ok bool) {
	handle, ok := read(db, c, key)
	if ok && !handle.Exists() {
		c.Reply.Fail(reply.ErrNoSuchKey)
		ok = false
	}
	if !ok {
		return nil, false
	}
	return handle.Look(), true
}

func infoStream(db *keyspace.DB, c *command.Call) {
	s, ok := look(db, c, c.Args.Bytes())
	if !ok {
		return
	}
	full, count := c.Args.More(), int64(infoCount)
	switch left := c.Args.Left(); {
	case left == 0:
	case left != 1 && left != 3, !c.Args.Opt("FULL"), left == 3 && !c.Args.Opt("COUNT"):
		c.Args.Fail(errSubcommand(c))
	case left == 3:
		if count = c.Args.Int(); count < 0 {
			count = infoCount
		}
	}
	if failed(c) {
		return
	}
	r, state := c.Reply, s.State()
	if full {
		r.Map(9)
	} else {
		r.Map(10)
	}
	writeInt(r, "length", int64(s.Len()))
	writeInt(r, "radix-tree-keys", int64(s.Nodes()))
	writeInt(r, "radix-tree-nodes", int64(s.RadixNodes()))
	writeNamedID(r, "last-generated-id", state.Last)
	writeNamedID(r, "max-deleted-entry-id", state.MaxDeleted)
	writeInt(r, "entries-added", int64(state.Added))
	writeNamedID(r, "recorded-first-entry-id", s.First())
	if full {
		writeFull(r, s, count)
		return
	}
	writeInt(r, "groups", int64(len(s.Groups())))
	ends := span{to: stream.Max()}
	r.Text("first-entry")
	ends.first(r, s)
	ends.reverse = true
	r.Text("last-entry")
	ends.first(r, s)
}

func writeInt(r *reply.Buffer, name string, n int64) {
	r.Text(name)
	r.Int(n)
}

func writeNamedID(r *reply.Buffer, name string, id stream.ID) {
	r.Text(name)
	writeID(r, id)
}

// writeFull answers with entries and groups, up to count of what there may be many of; 0: all.
func writeFull(r *reply.Buffer, s *stream.Stream, count int64) {
	r.Text("entries")
	entries := span{to: stream.Max(), count: count}
	entries.write(r, s)
	r.Text("groups")
	r.Array(len(s.Groups()))
	for _, g := range s.Groups() {
		r.Map(7)
		r.Text("name")
		r.Text(g.Name())
		writeProgress(r, s, g)
		writeInt(r, "pel-count", int64(g.Pending()))
		r.Text("pending")
		at, n := r.Len(), 0
		g.Each(stream.ID{}, func(p *stream.Pending) bool {
			if count > 0 && int64(n) == count {
				return false
			}
			r.Array(4)
			writeID(r, p.ID)
			r.Text(g.Owner(p).Name())
			r.Int(p.DeliveredMs)
			r.Int(int64(p.Deliveries))
			n++
			return true
		})
		r.ArrayAt(at, n)
		r.Text("consumers")
		r.Array(len(g.Consumers()))
		for _, one := range g.Consumers() {
			writeConsumer(r, g, one, count)
		}
	}
}

// writeProgress answers with how far a group has read.
func writeProgress(r *reply.Buffer, s *stream.Stream, g *stream.Group) {
	writeNamedID(r, "last-delivered-id", g.Last)
	r.Text("entries-read")
	if g.Read == stream.ReadUnknown {
		r.Null()
	} else {
		r.Int(g.Read)
	}
	r.Text("lag")
	if lag, ok := s.Lag(g); ok {
		r.Int(lag)
	} else {
		r.Null()
	}
}

// writeConsumer answers with a consumer and what is pending for it.
func writeConsumer(r *reply.Buffer, g *stream.Group, one *stream.Consumer, count int64) {
	r.Map(4)
	r.Text("name")
	r.Text(one.Name())
	writeInt(r, "seen-time", one.SeenMs)
	writeInt(r, "pel-count", int64(one.Pending()))
	r.Text("pending")
	at, n := r.Len(), 0
	g.EachOf(one, stream.ID{}, func(id stream.ID) bool {
		if count > 0 && int64(n) == count {
			return false
		}
		p := g.Find(id)
		r.Array(3)
		writeID(r, id)
		r.Int(p.DeliveredMs)
		r.Int(int64(p.Deliveries))
		n++
		return true
	})
	r.ArrayAt(at, n)
}

func infoGroups(db *keyspace.DB, c *command.Call) {
	s, ok := look(db, c, c.Args.Bytes())
	if !ok {
		return
	}
	c.Reply.Array(len(s.Groups()))
	for _, g := range s.Groups() {
		c.Reply.Map(6)
		c.Reply.Text("name")
		c.Reply.Text(g.Name())
		writeInt(c.Reply, "consumers", int64(len(g.Consumers())))
		writeInt(c.Reply, "pending", int64(g.Pending()))
		writeProgress(c.Reply, s, g)
	}
}

func infoConsumers(db *keyspace.DB, c *command.Call) {
	key, group := c.Args.Bytes(), c.Args.Bytes()
	s, ok := look(db, c, key)
	if !ok {
		return
	}
	g := s.Group(group)
	if g == nil {
		c.Reply.Fail(errNoSuchGroup(group, key))
		return
	}
	c.Reply.Array(len(g.Consumers()))
	for _, one := range g.Consumers() {
		c.Reply.Map(3)
		c.Reply.Text("name")
		c.Reply.Text(one.Name())
		writeInt(c.Reply, "pending", int64(one.Pending()))
		writeInt(c.Reply, "idle", max(c.NowMs-one.SeenMs, 0))
	}
}
