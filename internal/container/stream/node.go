// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"encoding/binary"
	"errors"

	"stampede/internal/container/arena"
	"stampede/internal/container/listpack"
)

// A node is a listpack:
//
//	| entries | deleted ones | n | n fields | 0 |
//	| flags | ms | seq | n values | elements of this entry |                same fields
//	| flags | ms | seq | n | n fields and values | elements of this entry |
//	| …
//
// ms and seq are to be added to the node's ID. Deleted entries are not among the entries.
const (
	entryDeleted    = 1
	entrySameFields = 2

	// entryExtra is how many elements of an entry, beside fields and values, its last
	// number counts.
	entryExtra = 3
)

// pack is a view of the pack of a slot, with the capacity of its block.
func (s *Stream) pack(n *slot) listpack.Pack {
	block := s.arena.Bytes(n.ref, int(n.size))
	return listpack.Pack(block[:binary.LittleEndian.Uint32(block)])
}

// head is what stands before the entries of a node.
type head struct {
	live, deleted int
	deletedAt     int // offset of the number of deleted ones
	n             int // fields
	fieldsAt      int // offset of the first of them, or of the 0 where there are none
	entriesAt     int // offset of the first entry; negative if there is none
}

func readHead(p listpack.Pack) (h head) {
	at := p.First()
	h.live = int(p.Get(at).Int)
	h.deletedAt = p.Next(at)
	h.deleted = int(p.Get(h.deletedAt).Int)
	at = p.Next(h.deletedAt)
	h.n = int(p.Get(at).Int)
	h.fieldsAt = p.Next(at)
	at = h.fieldsAt
	for range h.n {
		at = p.Next(at)
	}
	h.entriesAt = p.Next(at)
	return h
}

// Entry is an entry of a stream: a view.
type Entry struct {
	ID ID

	pack    listpack.Pack
	at      int // offset of the flags
	flags   int64
	pairs   int
	fieldAt int // of the next field
	valueAt int // of the next value; with own fields that behind the next field
	own     bool
}

// Pairs is the number of fields.
func (e *Entry) Pairs() int { return e.pairs }

// Next is the next field and its value, views; it may be called [Entry.Pairs] times.
func (e *Entry) Next() (field, value listpack.Value) {
	field = e.pack.Get(e.fieldAt)
	if e.own {
		e.valueAt = e.pack.Next(e.fieldAt)
	}
	value = e.pack.Get(e.valueAt)
	if e.own {
		e.fieldAt = e.pack.Next(e.valueAt)
	} else {
		e.fieldAt, e.valueAt = e.pack.Next(e.fieldAt), e.pack.Next(e.valueAt)
	}
	return field, value
}

func (e *Entry) deleted() bool { return e.flags&entryDeleted != 0 }

// read lets e be the entry at offset at of a node with the ID base.
func (e *Entry) read(p listpack.Pack, h *head, base ID, at int) {
	e.pack, e.at = p, at
	e.flags = p.Get(at).Int
	at = p.Next(at)
	e.ID.Ms = base.Ms + uint64(p.Get(at).Int)
	at = p.Next(at)
	e.ID.Seq = base.Seq + uint64(p.Get(at).Int)
	at = p.Next(at)
	e.own = e.flags&entrySameFields == 0
	if e.own {
		e.pairs = int(p.Get(at).Int)
		e.fieldAt = p.Next(at)
		return
	}
	e.pairs, e.fieldAt, e.valueAt = h.n, h.fieldsAt, at
}

// after is the offset of the entry behind e, which has just been read; negative if it is the
// last one.
func (e *Entry) after() int {
	at, n := e.valueAt, e.pairs
	if e.own {
		at, n = e.fieldAt, 2*e.pairs
	}
	for range n {
		at = e.pack.Next(at)
	}
	return e.pack.Next(at)
}

// lastID is the ID of the last entry of a node, deleted or not.
func lastID(p listpack.Pack, base ID) ID {
	at := p.Last()
	for n := p.Get(at).Int; n > 0; n-- {
		at = p.Prev(at)
	}
	ms := p.Next(at)
	return ID{base.Ms + uint64(p.Get(ms).Int), base.Seq + uint64(p.Get(p.Next(ms)).Int)}
}

// ErrNode is a node that is none.
var ErrNode = errors.New("stream: a node that is malformed, or out of order")

// AppendNode puts a node behind all others: a pack as it is drawn above, which may come from
// anywhere and is copied. The stream's last ID becomes that of its last entry if it was
// lower. The error is ErrNode. Cost: O(bytes).
func (s *Stream) AppendNode(id ID, pack []byte) error {
	if listpack.Check(pack) != nil || s.nodes.len() > 0 && !s.nodeEnd(s.nodes.len()-1).Less(id) {
		return ErrNode
	}
	p := listpack.Pack(pack)
	live, last, ok := checkNode(p, id)
	if !ok {
		return ErrNode
	}
	made := slot{id: id, ref: s.alloc(len(p)), size: uint32(len(p)), count: uint32(live)}
	copy(s.arena.Bytes(made.ref, len(p)), p)
	s.nodes.insert(s.arena, &s.mem, s.nodes.len(), made)
	if s.len == 0 && live > 0 {
		s.len = live
		s.findFirst()
	} else {
		s.len += live
	}
	if s.state.Last.Less(last) {
		s.state.Last = last
	}
	return nil
}

// NodeEnd is the ID of the last entry of a node that may come from anywhere; ok is false if
// it is none.
func NodeEnd(id ID, pack []byte) (end ID, ok bool) {
	if listpack.Check(pack) != nil {
		return ID{}, false
	}
	_, end, ok = checkNode(pack, id)
	return end, ok
}

// nodeEnd is the ID of the last entry of node i.
func (s *Stream) nodeEnd(i int) ID {
	n := s.nodes.at(i)
	return lastID(s.pack(n), n.id)
}

// nodeCheck walks a well-formed pack that may be no node.
type nodeCheck struct {
	p   listpack.Pack
	at  int // offset of the next element; negative behind the last
	bad bool
}

// int reads an element that must be a number.
func (c *nodeCheck) int() int64 {
	if c.at < 0 {
		c.bad = true
		return 0
	}
	v := c.p.Get(c.at)
	c.bad = c.bad || !v.IsInt
	c.at = c.p.Next(c.at)
	return v.Int
}

// skip reads n elements, whatever they are.
func (c *nodeCheck) skip(n int64) {
	for ; n > 0 && !c.bad; n-- {
		if c.bad = c.at < 0; !c.bad {
			c.at = c.p.Next(c.at)
		}
	}
}

// checkNode tells whether p is a node, and gives how many entries it has and the last ID.
func checkNode(p listpack.Pack, base ID) (live int, last ID, ok bool) {
	c := nodeCheck{p: p, at: p.First()}
	left, deleted, n := c.int(), c.int(), c.int()
	if left < 0 || deleted < 0 || n < 0 || left > int64(len(p)) {
		return 0, ID{}, false
	}
	live = int(left)
	c.skip(n)
	c.bad = c.int() != 0 || c.bad
	for first := true; c.at >= 0 && !c.bad; first = false {
		flags := c.int()
		id := ID{base.Ms + uint64(c.int()), base.Seq + uint64(c.int())}
		elements := n
		if flags&entrySameFields == 0 {
			pairs := c.int()
			c.bad = c.bad || pairs < 0 || pairs > int64(len(p))
			elements = 2*pairs + 1
			c.skip(2 * pairs)
		} else {
			c.skip(n)
		}
		c.bad = c.int() != elements+entryExtra || c.bad
		c.bad = c.bad || flags&^(entryDeleted|entrySameFields) != 0
		c.bad = c.bad || first && id != base || !first && !last.Less(id)
		if last = id; flags&entryDeleted != 0 {
			deleted--
		} else {
			left--
		}
	}
	return live, last, !c.bad && left == 0 && deleted == 0 && last != ID{}
}

// setHead writes the numbers of entries and deleted ones of node i, which may be changed.
func (s *Stream) setHead(n *slot, live, deleted int) {
	p := s.pack(n)
	at := p.Next(p.First())
	need := p.ReplacedBytesInt(p.First(), int64(live)) +
		p.ReplacedBytesInt(at, int64(deleted)) - len(p)
	if need > cap(p) {
		realloc(s.arena, &s.mem, n, need, len(p))
		p = s.pack(n)
	}
	p = p.ReplaceInt(p.First(), int64(live))
	p.ReplaceInt(p.Next(p.First()), int64(deleted))
	s.len += live - int(n.count)
	n.count = uint32(live)
}

// dropNodes takes k nodes from node i on away.
func (s *Stream) dropNodes(i, k int) {
	for j := i; j < i+k; j++ {
		n := s.nodes.at(j)
		s.len -= int(n.count)
		s.nodes.drop(s.arena, &s.mem, n)
	}
	s.nodes.remove(s.arena, &s.mem, i, k)
}

// nodeMin is the size of the first block of a stream's first node.
const nodeMin = 128

// grow lets the pack of a slot have room for need bytes, and in the end for no more than
// most.
func (s *Stream) grow(n *slot, need, most int) {
	if need > int(n.size) {
		size := max(need, min(2*int(n.size), most))
		realloc(s.arena, &s.mem, n, size, int(n.size))
	}
}

// trim gives back the room that the pack of node i does not take.
func (s *Stream) trim(i int) {
	n := s.nodes.at(i)
	if used := len(s.pack(n)); arena.SizeOf(used) < arena.SizeOf(int(n.size)) {
		n = s.nodes.edit(s.arena, &s.mem, i)
		realloc(s.arena, &s.mem, n, used, used)
	}
}
