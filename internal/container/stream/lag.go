// SPDX-License-Identifier: Apache-2.0

package stream

// hasTombstones tells whether entries from an ID on have been deleted on their own, as far
// as that can be known from the highest of those; before the first entry they do not matter.
func (s *Stream) hasTombstones(from ID) bool {
	deleted := s.state.MaxDeleted
	return s.len > 0 && !deleted.IsZero() && !deleted.Less(s.first) && !deleted.Less(from)
}

// ReadUpTo is how many entries were ever added up to an ID; [ReadUnknown] if that cannot be
// known.
func (s *Stream) ReadUpTo(id ID) int64 {
	deleted, toLast := s.state.MaxDeleted, id.Compare(s.state.Last)
	switch {
	case s.state.Added == 0:
		return 0
	case s.len == 0 && toLast <= 0, toLast == 0:
		return int64(s.state.Added)
	case toLast > 0:
		return ReadUnknown
	case !deleted.IsZero() && !deleted.Less(s.first): // there may be gaps ahead
		return ReadUnknown
	case id.Less(s.first):
		return int64(s.state.Added) - int64(s.len)
	case id == s.first:
		return int64(s.state.Added) - int64(s.len) + 1
	}
	return ReadUnknown
}

// Lag is how many entries a group has not read yet; ok is false if that cannot be known.
func (s *Stream) Lag(g *Group) (lag int64, ok bool) {
	if s.state.Added == 0 {
		return 0, true
	}
	read := g.Read
	if read == ReadUnknown || s.hasTombstones(g.Last) {
		read = s.ReadUpTo(g.Last)
	}
	return int64(s.state.Added) - read, read != ReadUnknown
}

// Advance lets a group have read an entry that comes behind those it has read so far.
func (s *Stream) Advance(g *Group, id ID) {
	if !g.Last.Less(id) {
		return
	}
	if g.Read != ReadUnknown && !s.hasTombstones(id) {
		g.Read++
	} else if s.state.Added > 0 {
		g.Read = s.ReadUpTo(id)
	}
	g.Last = id
}
