// SPDX-License-Identifier: Apache-2.0

package stream

// Each visits the entries from the ID from on up to the ID to, backwards if reverse is set,
// until visit says false. visit must not change the stream. Cost: O(log nodes + entries of
// a node + visited).
func (s *Stream) Each(from, to ID, reverse bool, visit func(e *Entry) bool) {
	if s.len == 0 || to.Less(from) {
		return
	}
	if reverse {
		for i := s.nodes.find(to); i >= 0; i-- {
			if !s.eachBack(i, from, to, visit) {
				return
			}
		}
		return
	}
	for i := max(s.nodes.find(from), 0); i < s.nodes.len(); i++ {
		if !s.eachIn(i, from, to, visit) {
			return
		}
	}
}

// eachIn visits entries of one node; it is false if there are no more to be visited.
func (s *Stream) eachIn(i int, from, to ID, visit func(e *Entry) bool) bool {
	n := s.nodes.at(i)
	if to.Less(n.id) {
		return false
	}
	p := s.pack(n)
	h := readHead(p)
	var e, next Entry
	for at := h.entriesAt; at >= 0; {
		e.read(p, &h, n.id, at)
		next = e
		switch {
		case to.Less(e.ID):
			return false
		case e.deleted() || e.ID.Less(from):
		case !visit(&next):
			return false
		}
		at = e.after()
	}
	return true
}

// eachBack visits entries of one node backwards.
func (s *Stream) eachBack(i int, from, to ID, visit func(e *Entry) bool) bool {
	n := s.nodes.at(i)
	p := s.pack(n)
	h := readHead(p)
	if h.entriesAt < 0 {
		return true
	}
	var e Entry
	for end := p.Last(); ; {
		at := end
		for k := p.Get(end).Int; k > 0; k-- {
			at = p.Prev(at)
		}
		e.read(p, &h, n.id, at)
		switch {
		case e.ID.Less(from):
			return false
		case e.deleted() || to.Less(e.ID):
		case !visit(&e):
			return false
		}
		if at == h.entriesAt {
			return true
		}
		end = p.Prev(at)
	}
}

// Find lets e be the entry with an ID and tells whether there is one. Cost: O(log nodes +
// entries of a node).
func (s *Stream) Find(id ID, e *Entry) (found bool) {
	s.Each(id, id, false, func(one *Entry) bool {
		*e, found = *one, true
		return false
	})
	return found
}

// Has tells whether there is an entry with an ID.
func (s *Stream) Has(id ID) (found bool) {
	s.Each(id, id, false, func(*Entry) bool {
		found = true
		return false
	})
	return found
}
