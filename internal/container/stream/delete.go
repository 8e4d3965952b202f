// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"stampede/internal/assert"
	"stampede/internal/container/listpack"
)

// Delete takes an entry away and tells whether there was one. Cost: that of Find.
func (s *Stream) Delete(id ID) bool {
	i := s.nodes.find(id)
	var e Entry
	if i < 0 || s.len == 0 || !s.Find(id, &e) {
		return false
	}
	if s.nodes.at(i).count == 1 {
		s.dropNodes(i, 1)
	} else {
		n := s.nodes.edit(s.arena, &s.mem, i)
		p := s.pack(n)
		h := readHead(p)
		p.ReplaceInt(e.at, e.flags|entryDeleted)
		s.setHead(n, h.live-1, h.deleted+1)
	}
	if s.state.MaxDeleted.Less(id) {
		s.state.MaxDeleted = id
	}
	if id == s.first {
		s.findFirst()
	}
	if assert.Slow && s.len < slowLen {
		s.Check()
	}
	return true
}

// cutDeleted takes the last entry of node i out of it, which is deleted.
func (s *Stream) cutDeleted(i int) {
	n := s.nodes.edit(s.arena, &s.mem, i)
	p := s.pack(n)
	h := readHead(p)
	if h.live+h.deleted == 1 {
		s.dropNodes(i, 1)
		return
	}
	end := p.Last()
	elements := int(p.Get(end).Int)
	at := end
	for range elements {
		at = p.Prev(at)
	}
	assert.That(p.Get(at).Int&entryDeleted != 0, "stream: an entry above the last ID")
	p.Delete(at, elements+1)
	s.setHead(n, h.live, h.deleted-1)
}

// Trim is how a stream is cut off at its beginning.
type Trim struct {
	Len     int  // so many entries stay, unless ByID is set
	ByID    bool // entries from MinID on stay
	MinID   ID
	Approx  bool // only whole nodes go
	LimitTo int  // ends as soon as more entries would have gone with a whole node; 0: no limit
}

// Trim takes entries away from the beginning and tells how many. Deleted entries of a node
// that stays in part lie in it until it goes. Cost: O(nodes that go + bytes of a node).
func (s *Stream) Trim(t Trim) (removed int) {
	nodes := 0
	for ; nodes < s.nodes.len(); nodes++ {
		n := s.nodes.at(nodes)
		live := int(n.count)
		left := s.len - removed
		if !t.ByID && left <= t.Len || t.LimitTo > 0 && removed+live > t.LimitTo {
			break
		}
		if t.ByID && !s.nodeEnd(nodes).Less(t.MinID) || !t.ByID && left-live < t.Len {
			if !t.Approx {
				s.dropNodes(0, nodes)
				removed += s.trimIn(&t)
				nodes = 0
			}
			break
		}
		removed += live
	}
	s.dropNodes(0, nodes)
	if removed > 0 {
		s.findFirst()
	}
	if assert.Slow && s.len < slowLen {
		s.Check()
	}
	return removed
}

// trimIn marks entries of the first node, which stays, as deleted.
func (s *Stream) trimIn(t *Trim) (removed int) {
	n := s.nodes.edit(s.arena, &s.mem, 0)
	p := s.pack(n)
	h := readHead(p)
	var e Entry
	for at := h.entriesAt; at >= 0; at = e.after() {
		e.read(p, &h, n.id, at)
		if t.ByID && !e.ID.Less(t.MinID) || !t.ByID && s.len-removed <= t.Len {
			break
		}
		if !e.deleted() {
			removed++
			p.ReplaceInt(at, e.flags|entryDeleted)
		}
	}
	if removed > 0 {
		s.setHead(n, h.live-removed, h.deleted+removed)
	}
	return removed
}

// slowLen is up to which length a stream is checked at every step, under slowassert.
const slowLen = 500

// Check walks everything and panics where an invariant does not hold. Cost: O(bytes).
func (s *Stream) Check() {
	total, last := 0, ID{}
	mem := s.nodes.check()
	for i := range s.nodes.len() {
		n := s.nodes.at(i)
		p := s.pack(n)
		live, end, ok := checkNode(p, n.id)
		assert.That(listpack.Check(p) == nil && ok, "stream: a node that is none")
		assert.That(live == int(n.count), "stream: a node with a wrong count")
		assert.That(i == 0 || last.Less(n.id), "stream: nodes out of order")
		total, last = total+live, end
	}
	assert.That(total == s.len, "stream: the length is not that of the nodes")
	assert.That(!s.state.Last.Less(last), "stream: an entry above the last ID")
	first := s.first
	s.findFirst()
	assert.That(first == s.first, "stream: the first ID is not that of the first entry")
	live := map[*row]bool{&s.nodes: true}
	for _, g := range s.groups {
		g.check(&mem, live)
	}
	if s.save != nil {
		s.save.check(live, &mem)
	}
	assert.That(mem.arena == s.mem.arena, "stream: the bytes are not those of the blocks")
}
