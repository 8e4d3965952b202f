// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"stampede/internal/assert"
	"stampede/internal/container/listpack"
)

// Visitor takes a stream that is handed out, in the order in which files have it: all nodes,
// then Head, then for each group Group, its Pending entries, and for each of its consumers
// Consumer and Owned for each ID, and End at last. What is passed are views.
type Visitor interface {
	Node(id ID, pack listpack.Pack)
	Head(length int, first ID, state State, groups int)
	Group(name string, last ID, read int64, pending int)
	Pending(p *Pending)
	Consumers(n int)
	Consumer(name string, seenMs int64, owned int)
	Owned(id ID)
	End()
}

// save is a stream that is handed out while it changes. Beginning freezes the rows of all
// its blocks, 32 bytes each; no block changes then before it has been handed out.
type save struct {
	visitor Visitor
	parts   []part // in order
	at      int
}

// part is blocks that are handed out behind one another, and what is told before them.
type part struct {
	begin   func(v Visitor)
	nodes   *row
	pending *paged[Pending]
	owned   *paged[ID]
}

// Visit hands everything out at once. The stream may be handed out in steps meanwhile.
func (s *Stream) Visit(v Visitor) {
	for i := range s.nodes.len() {
		n := s.nodes.at(i)
		v.Node(n.id, s.pack(n))
	}
	v.Head(s.len, s.first, s.state, len(s.groups))
	for _, g := range s.groups {
		v.Group(g.name, g.Last, g.Read, g.pending.len)
		g.Each(ID{}, func(p *Pending) bool { v.Pending(p); return true })
		v.Consumers(len(g.consumers))
		for _, c := range g.consumers {
			v.Consumer(c.name, c.SeenMs, c.owned.len)
			g.EachOf(c, ID{}, func(id ID) bool { v.Owned(id); return true })
		}
	}
	v.End()
}

// BeginSave begins to hand everything out as it is now: the rest follows in
// [Stream.SaveStep], which must be called until all has been. No other save may be under
// way. Cost: O(nodes + pages of what is pending + consumers), some nanoseconds each.
func (s *Stream) BeginSave(v Visitor) {
	assert.That(s.save == nil, "stream: handed out twice at once")
	s.save = &save{visitor: v, parts: []part{{nodes: &s.nodes}}}
	s.nodes.freeze(&s.mem)
	length, first, state, groups := s.len, s.first, s.state, len(s.groups)
	s.save.add(part{begin: func(v Visitor) { v.Head(length, first, state, groups) }})
	for _, g := range s.groups {
		name, last, read, pending := g.name, g.Last, g.Read, g.pending.len
		s.save.add(part{
			begin:   func(v Visitor) { v.Group(name, last, read, pending) },
			pending: &g.pending,
		})
		g.pending.row.freeze(&s.mem)
		consumers := len(g.consumers)
		s.save.add(part{begin: func(v Visitor) { v.Consumers(consumers) }})
		for _, c := range g.consumers {
			name, seenMs, owned := c.name, c.SeenMs, c.owned.len
			s.save.add(part{
				begin: func(v Visitor) { v.Consumer(name, seenMs, owned) },
				owned: &c.owned,
			})
			c.owned.row.freeze(&s.mem)
		}
	}
}

func (s *save) add(p part) { s.parts = append(s.parts, p) }

// Saving tells whether the stream is being handed out.
func (s *Stream) Saving() bool { return s.save != nil }

// SaveStep hands out about k entries, or what is as long, and tells whether all has been.
func (s *Stream) SaveStep(k int) (done bool) {
	for s.save != nil && k > 0 {
		if s.save.at == len(s.save.parts) {
			s.save.visitor.End()
			s.save = nil
			break
		}
		p := &s.save.parts[s.save.at]
		if p.begin != nil {
			p.begin(s.save.visitor)
			p.begin = nil
			k--
		}
		if k = s.handOut(p, k); k > 0 {
			*p = part{}
			s.save.at++
		}
	}
	return s.save == nil
}

// handOut visits blocks of one part, and gives how many entries may still be visited: if
// any, the part has ended.
func (s *Stream) handOut(p *part, k int) (left int) {
	v := s.save.visitor
	visit := func(n *slot) {
		k -= int(n.count) + 1
		switch {
		case p.nodes != nil:
			v.Node(n.id, s.pack(n))
		case p.pending != nil:
			for i := range n.count {
				v.Pending(&p.pending.records(s.arena, n)[i])
			}
		default:
			for _, id := range p.owned.records(s.arena, n)[:n.count] {
				v.Owned(id)
			}
		}
	}
	blocks := p.blocks()
	for blocks != nil && k > 0 {
		if !blocks.thaw(s.arena, &s.mem, visit) {
			return k
		}
	}
	return k
}

func (p *part) blocks() *row {
	switch {
	case p.nodes != nil:
		return p.nodes
	case p.pending != nil:
		return &p.pending.row
	case p.owned != nil:
		return &p.owned.row
	}
	return nil
}

// check adds the blocks to m that only the save still holds: those of groups and consumers
// that are gone.
func (s *save) check(live map[*row]bool, m *memory) {
	for i := range s.parts {
		if r := s.parts[i].blocks(); r != nil && !live[r] {
			m.arena += r.check().arena
		}
	}
}
