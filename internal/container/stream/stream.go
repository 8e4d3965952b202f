// SPDX-License-Identifier: Apache-2.0

// Package stream is an append-only log of entries, each of which is fields and values under
// an ascending [ID], and the groups of consumers who read it.
//
// # Layout
//
// Entries lie in nodes: a listpack of up to some kilobytes whose head has the fields of its
// first entry, so that entries with the same fields hold their values only, and IDs as a
// distance from the node's own. The packs are byte for byte those of Redis, and a node is
// closed where Redis closes it, so files carry them as they lie in memory and a stream that
// is trimmed by whole nodes has the length that it would have there.
//
// What a group has delivered and nobody has acknowledged yet (its pending entries) lies in
// pages of sorted records, and so do the IDs of those of each consumer.
//
// All blocks are in an arena. A row (row.go) is the ascending sequence of blocks of one
// kind: a block itself, with 32 bytes for each, in which one is found by bisection.
//
// # Invariants
//
// IDs of entries ascend, and none is above the stream's last one. A node's first ID is that
// of its first entry, deleted or not. The length is the sum of what the nodes say. Every
// pending entry of a group belongs to one of its consumers, who has its ID among its own. A
// pending entry need not be in the stream any more.
//
// # Ownership
//
// A [Stream] belongs to whoever owns its arena and is used by its owner only: no locks, no
// clock. Views are good until the next change.
//
// # What is not here
//
// What the words of a call mean (package family/stream), keys and who waits for them
// (package keyspace, the engine), and files (package rdb).
package stream

import (
	"unsafe"

	"stampede/internal/container/arena"
)

// Stream is a stream. Make one with [New].
type Stream struct {
	arena *arena.Arena
	mem   memory
	nodes row
	state State
	len   int
	first ID // of the entries; zero if there are none

	groups []*Group // by name
	save   *save    // while the stream is handed out
}

// State is what a stream knows beside its entries.
type State struct {
	Last       ID     // the highest that was ever given
	MaxDeleted ID     // the highest that was deleted on its own; zero: none
	Added      uint64 // how many entries there have been
}

// memory is what the parts of a stream hold, in bytes.
type memory struct {
	arena   int64
	outside int64
}

// Fill says when a node is full.
type Fill struct {
	Bytes   int // stream-node-max-bytes; 0: no limit
	Entries int // stream-node-max-entries; 0: no limit
}

// New returns an empty stream whose parts lie in a.
func New(a *arena.Arena) *Stream {
	s := &Stream{arena: a}
	s.mem.outside = int64(unsafe.Sizeof(*s))
	return s
}

// Len is the number of entries.
func (s *Stream) Len() int { return s.len }

// Nodes is the number of nodes.
func (s *Stream) Nodes() int { return s.nodes.len() }

// State is what the stream knows beside its entries.
func (s *Stream) State() State { return s.state }

// SetState replaces it. The last ID must not be below that of an entry; deleted entries above
// it, which still lie in their nodes, go.
func (s *Stream) SetState(state State) {
	for i := s.nodes.len() - 1; i >= 0 && state.Last.Less(s.nodeEnd(i)); i = s.nodes.len() - 1 {
		s.cutDeleted(i)
	}
	s.state = state
}

// First is the ID of the first entry; zero if there are none.
func (s *Stream) First() ID { return s.first }

// Top is the ID of the last entry; zero if there are none. Cost: O(entries of a node).
func (s *Stream) Top() (top ID) {
	if s.len == 0 {
		return ID{}
	}
	s.Each(ID{}, Max(), true, func(e *Entry) bool {
		top = e.ID
		return false
	})
	return top
}

// Bytes is all the memory that the stream holds, OutsideBytes the part beside the arena.
func (s *Stream) Bytes() int64 { return s.mem.arena + s.mem.outside }

// OutsideBytes is the memory beside the arena.
func (s *Stream) OutsideBytes() int64 { return s.mem.outside }

// findFirst brings first up to date after entries have gone.
func (s *Stream) findFirst() {
	s.first = ID{}
	if s.len == 0 {
		return
	}
	s.Each(ID{}, Max(), false, func(e *Entry) bool {
		s.first = e.ID
		return false
	})
}

// Copy makes an equal stream in a. Cost: O(bytes).
func (s *Stream) Copy(a *arena.Arena) *Stream {
	c := New(a)
	c.state, c.len, c.first = s.state, s.len, s.first
	for i := range s.nodes.len() {
		n := s.nodes.at(i)
		p := s.pack(n)
		made := slot{id: n.id, ref: c.alloc(len(p)), size: uint32(len(p)), count: n.count}
		copy(a.Bytes(made.ref, len(p)), p)
		c.nodes.insert(a, &c.mem, c.nodes.len(), made)
	}
	for _, g := range s.groups {
		made := c.SetGroup([]byte(g.name), g.Last, g.Read)
		for _, one := range g.consumers {
			made.AddConsumer([]byte(one.name), one.SeenMs)
		}
		g.Each(ID{}, func(p *Pending) bool {
			made.Put(*p, made.Consumer([]byte(g.Owner(p).name)))
			return true
		})
	}
	return c
}

// FreeStep gives back the memory of about k elements and tells whether it was the last.
// Nothing else may be called once it has been.
func (s *Stream) FreeStep(k int) (done bool) {
	for s.nodes.len() > 0 && k > 0 {
		k -= int(s.nodes.at(s.nodes.len()-1).count) + 1
		s.dropNodes(s.nodes.len()-1, 1)
	}
	for len(s.groups) > 0 && k > 0 {
		last := s.groups[len(s.groups)-1]
		if k = last.freeStep(k); k > 0 {
			s.groups = s.groups[:len(s.groups)-1]
		}
	}
	return s.nodes.len() == 0 && len(s.groups) == 0
}

func (s *Stream) alloc(size int) arena.Ref {
	s.mem.arena += int64(arena.SizeOf(size))
	return s.arena.Alloc(size)
}
