// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"stampede/internal/assert"
	"stampede/internal/container/listpack"
)

// nodeBytesMax is the size that no node exceeds, whatever the parameters say.
const nodeBytesMax = 1 << 30

// Fits tells whether an entry is not too large for a node of its own.
func Fits(pairs [][]byte) bool { return textBytes(pairs) <= nodeBytesMax }

func textBytes(pairs [][]byte) (total int) {
	for _, b := range pairs {
		total += len(b)
	}
	return total
}

// Add puts an entry at the end: fields and values in pairs. id must be above the last one,
// and [Fits] must have said so of the pairs. Cost: O(bytes of the entry).
func (s *Stream) Add(id ID, pairs [][]byte, fill Fill) {
	assert.That(s.state.Last.Less(id), "stream: an entry that is not behind the others")
	last := s.nodes.len() - 1
	if last >= 0 && s.takes(last, textBytes(pairs), fill) {
		s.appendTo(last, id, pairs, fill)
	} else {
		s.addNode(id, pairs, fill)
	}
	s.state.Last = id
	s.state.Added++
	if s.len++; s.len == 1 {
		s.first = id
	}
	if assert.Slow && s.len < slowLen {
		s.Check()
	}
}

// takes tells whether node i takes one more entry with so many bytes of text.
func (s *Stream) takes(i, textBytes int, fill Fill) bool {
	p := s.pack(s.nodes.at(i))
	most := fill.Bytes
	if most <= 0 || most > nodeBytesMax {
		most = nodeBytesMax
	}
	if len(p)+textBytes >= most {
		return false
	}
	if fill.Entries <= 0 {
		return true
	}
	at := p.First()
	return p.Get(at).Int+p.Get(p.Next(at)).Int < int64(fill.Entries)
}

// addNode makes a node with an entry.
func (s *Stream) addNode(id ID, pairs [][]byte, fill Fill) {
	need := listpack.EmptyBytes + newNodeBytes
	for _, b := range pairs {
		need += listpack.EncodedLen(b)
	}
	size := max(need, nodeMin)
	if last := s.nodes.len() - 1; last >= 0 {
		size = max(need, min(len(s.pack(s.nodes.at(last)))*9/8, max(fill.Bytes, nodeMin)))
		s.trim(last)
	}
	n := slot{id: id, ref: s.alloc(size), size: uint32(size), count: 1}
	p := listpack.New(s.arena.Bytes(n.ref, size))
	p = p.AppendInt(1).AppendInt(0).AppendInt(int64(len(pairs) / 2))
	for i := 0; i < len(pairs); i += 2 {
		p = p.Append(pairs[i])
	}
	p = p.AppendInt(0)
	p = p.AppendInt(entrySameFields).AppendInt(0).AppendInt(0)
	for i := 1; i < len(pairs); i += 2 {
		p = p.Append(pairs[i])
	}
	p.AppendInt(int64(len(pairs)/2 + entryExtra))
	s.nodes.insert(s.arena, &s.mem, s.nodes.len(), n)
}

// numberBytes is the most that a number takes in a pack.
const numberBytes = 10

// newNodeBytes is the most that the numbers of a node with one entry take.
const newNodeBytes = 8 * numberBytes

// appendTo puts an entry into node i.
func (s *Stream) appendTo(i int, id ID, pairs [][]byte, fill Fill) {
	n := s.nodes.edit(s.arena, &s.mem, i)
	p := s.pack(n)
	h := readHead(p)
	same := h.sameFields(p, pairs)
	need := len(p) + 6*numberBytes
	for k, b := range pairs {
		if !same || k%2 == 1 {
			need += listpack.EncodedLen(b)
		}
	}
	s.grow(n, need, max(fill.Bytes, nodeMin))
	p = s.pack(n)
	p = p.ReplaceInt(p.First(), int64(h.live+1))
	flags, elements := int64(0), entryExtra+1+len(pairs)
	if same {
		flags, elements = entrySameFields, entryExtra+len(pairs)/2
	}
	p = p.AppendInt(flags).AppendInt(int64(id.Ms - n.id.Ms)).AppendInt(int64(id.Seq - n.id.Seq))
	if !same {
		p = p.AppendInt(int64(len(pairs) / 2))
	}
	for k, b := range pairs {
		if !same || k%2 == 1 {
			p = p.Append(b)
		}
	}
	p.AppendInt(int64(elements))
	n.count++
}

// sameFields tells whether the fields of the pairs are those of the node, in its order.
func (h *head) sameFields(p listpack.Pack, pairs [][]byte) bool {
	if len(pairs) != 2*h.n {
		return false
	}
	at := h.fieldsAt
	for i := 0; i < len(pairs); i += 2 {
		if !p.Get(at).Equal(pairs[i]) {
			return false
		}
		at = p.Next(at)
	}
	return true
}
