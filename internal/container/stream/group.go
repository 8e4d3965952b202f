// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"math"
	"slices"
	"strings"
	"unsafe"

	"stampede/internal/assert"
)

// Group is a group of consumers.
type Group struct {
	Last ID    // the highest that was delivered
	Read int64 // how many entries were read up to Last; ReadUnknown if nobody knows

	name      string
	stream    *Stream
	pending   paged[Pending]
	consumers []*Consumer // by name
	numbers   []*Consumer // by number; nil where free
}

// ReadUnknown is the Read of a group of whose progress nothing is known.
const ReadUnknown = -1

// Consumer is one of a group.
type Consumer struct {
	SeenMs int64 // when it called last, in Unix milliseconds

	name   string
	number uint32
	owned  paged[ID] // of the pending entries
}

// Pending is an entry that was delivered and that nobody has acknowledged.
type Pending struct {
	ID          ID
	DeliveredMs int64 // Unix time of the last delivery
	Deliveries  uint64
	owner       uint32 // number of the consumer
	_           uint32
}

const (
	groupBytes    = int64(unsafe.Sizeof(Group{})) + pointerBytes
	consumerBytes = int64(unsafe.Sizeof(Consumer{})) + 2*pointerBytes
	pointerBytes  = 8
)

// Groups are the groups in the order of their names, a view.
func (s *Stream) Groups() []*Group { return s.groups }

func (s *Stream) findGroup(name []byte) (at int, found bool) {
	return slices.BinarySearchFunc(s.groups, name, func(g *Group, name []byte) int {
		return strings.Compare(g.name, string(name))
	})
}

// Group is the group of a name, or nil. Cost: O(log groups).
func (s *Stream) Group(name []byte) *Group {
	if at, found := s.findGroup(name); found {
		return s.groups[at]
	}
	return nil
}

// SetGroup says how far a group has read, and makes it if there is none of the name.
func (s *Stream) SetGroup(name []byte, last ID, read int64) *Group {
	at, found := s.findGroup(name)
	if !found {
		made := &Group{name: string(name), stream: s}
		s.groups = slices.Insert(s.groups, at, made)
		s.mem.outside += groupBytes + int64(len(name))
	}
	g := s.groups[at]
	g.Last, g.Read = last, read
	return g
}

// DropGroup takes a group away with all that is pending, and tells whether it was there.
func (s *Stream) DropGroup(name []byte) bool {
	at, found := s.findGroup(name)
	if !found {
		return false
	}
	s.groups[at].freeStep(math.MaxInt)
	s.groups = slices.Delete(s.groups, at, at+1)
	return true
}

// freeStep gives back the memory of about k pending entries, and gives how many may still
// go: if any, the group is empty.
func (g *Group) freeStep(k int) (left int) {
	s := g.stream
	for k = g.pending.clear(s.arena, &s.mem, k); len(g.consumers) > 0 && k > 0; {
		last := g.consumers[len(g.consumers)-1]
		if k = last.owned.clear(s.arena, &s.mem, k) - 1; last.owned.len == 0 {
			g.removeConsumer(last)
		}
	}
	if len(g.consumers) == 0 && g.pending.len == 0 {
		s.mem.outside -= groupBytes + int64(len(g.name))
		return max(k, 1)
	}
	return 0
}

// Name is the group's name.
func (g *Group) Name() string { return g.name }

// Consumers are the consumers in the order of their names, a view.
func (g *Group) Consumers() []*Consumer { return g.consumers }

func (g *Group) findConsumer(name []byte) (at int, found bool) {
	return slices.BinarySearchFunc(g.consumers, name, func(c *Consumer, name []byte) int {
		return strings.Compare(c.name, string(name))
	})
}

// Consumer is the consumer of a name, or nil. Cost: O(log consumers).
func (g *Group) Consumer(name []byte) *Consumer {
	if at, found := g.findConsumer(name); found {
		return g.consumers[at]
	}
	return nil
}

// AddConsumer makes a consumer if there is none of the name; seenMs is when it called.
func (g *Group) AddConsumer(name []byte, seenMs int64) *Consumer {
	at, found := g.findConsumer(name)
	if !found {
		made := &Consumer{name: string(name), number: uint32(len(g.numbers))}
		if len(g.numbers) > len(g.consumers) {
			made.number = uint32(slices.Index(g.numbers, nil))
			g.numbers[made.number] = made
		} else {
			g.numbers = append(g.numbers, made)
		}
		g.consumers = slices.Insert(g.consumers, at, made)
		g.stream.mem.outside += consumerBytes + int64(len(name))
	}
	g.consumers[at].SeenMs = seenMs
	return g.consumers[at]
}

// DropConsumer takes a consumer away with all that is pending for it, and tells how many
// entries that were; ok is false if it was not there. Cost: O(pending of it).
func (g *Group) DropConsumer(name []byte) (pending int, ok bool) {
	c := g.Consumer(name)
	if c == nil {
		return 0, false
	}
	s := g.stream
	pending = c.owned.len
	c.owned.each(s.arena, ID{}, func(id *ID) bool {
		g.pending.remove(s.arena, &s.mem, *id)
		return true
	})
	c.owned.clear(s.arena, &s.mem, math.MaxInt)
	g.removeConsumer(c)
	return pending, true
}

// removeConsumer forgets a consumer for whom nothing is pending.
func (g *Group) removeConsumer(c *Consumer) {
	at, _ := g.findConsumer([]byte(c.name))
	g.consumers = slices.Delete(g.consumers, at, at+1)
	g.numbers[c.number] = nil
	g.stream.mem.outside -= consumerBytes + int64(len(c.name))
}

// Name is the consumer's name.
func (c *Consumer) Name() string { return c.name }

// Pending is how many entries are pending for the consumer.
func (c *Consumer) Pending() int { return c.owned.len }

// Pending is how many entries are pending in the group.
func (g *Group) Pending() int { return g.pending.len }

// Bounds are the first and the last ID of what is pending; zero if nothing is.
func (g *Group) Bounds() (first, last ID) {
	r, a := &g.pending.row, g.stream.arena
	if r.len() == 0 {
		return ID{}, ID{}
	}
	end := r.at(r.len() - 1)
	return r.at(0).id, g.pending.records(a, end)[end.count-1].ID
}

// Find is the pending entry with an ID, a view, or nil. Cost: O(log pending).
func (g *Group) Find(id ID) *Pending { return g.pending.get(g.stream.arena, id) }

// Owner is the consumer of a pending entry.
func (g *Group) Owner(p *Pending) *Consumer { return g.numbers[p.owner] }

// Each visits the pending entries from an ID on, in order, until visit says false. visit
// must not change the stream.
func (g *Group) Each(from ID, visit func(p *Pending) bool) {
	g.pending.each(g.stream.arena, from, visit)
}

// EachOf visits the IDs of those of one consumer.
func (g *Group) EachOf(c *Consumer, from ID, visit func(id ID) bool) {
	c.owned.each(g.stream.arena, from, func(id *ID) bool { return visit(*id) })
}

// Put lets an entry be pending for a consumer, whoever's it was. Cost: O(log pending).
func (g *Group) Put(p Pending, c *Consumer) {
	s := g.stream
	p.owner = c.number
	if old := g.pending.edit(s.arena, &s.mem, p.ID); old != nil {
		before := g.Owner(old)
		*old = p
		if before == c {
			return
		}
		before.owned.remove(s.arena, &s.mem, p.ID)
	} else {
		g.pending.add(s.arena, &s.mem, p)
	}
	c.owned.add(s.arena, &s.mem, p.ID)
}

// Ack lets an entry be pending no more, and tells whether it was. Cost: O(log pending).
func (g *Group) Ack(id ID) bool {
	p := g.Find(id)
	if p == nil {
		return false
	}
	s := g.stream
	g.Owner(p).owned.remove(s.arena, &s.mem, id)
	g.pending.remove(s.arena, &s.mem, id)
	return true
}

// check panics where an invariant does not hold, adds the blocks to m, and the
// rows to live.
func (g *Group) check(m *memory, live map[*row]bool) {
	a, owned := g.stream.arena, 0
	m.arena += g.pending.check(a).arena
	live[&g.pending.row] = true
	for _, c := range g.consumers {
		live[&c.owned.row] = true
		m.arena += c.owned.check(a).arena
		owned += c.owned.len
		assert.That(g.numbers[c.number] == c, "stream: a consumer under a wrong number")
		g.EachOf(c, ID{}, func(id ID) bool {
			p := g.Find(id)
			assert.That(p != nil && p.owner == c.number, "stream: what is pending is another's")
			return true
		})
	}
	assert.That(owned == g.pending.len, "stream: what is pending has no owner")
}
