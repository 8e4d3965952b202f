// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"stampede/internal/container/intset"
	"stampede/internal/object"
)

// AppendInts appends the members in ascending order, if it is a set of integers or absent; if
// not, ok is false. Cost: O(members).
func (s *Set) AppendInts(dst []int64) (ints []int64, ok bool) {
	if !s.Exists() {
		return dst, true
	}
	if s.e.form != formPacked {
		return dst, false
	}
	return s.e.ints().AppendTo(dst), true
}

// PutInts lets an absent set have the given members, which are in ascending order, each once.
// Cost: O(members).
func (s *Set) PutInts(ints []int64) {
	space := s.e.db.space
	switch n := len(ints); {
	case n == 0:
		return
	case n <= space.intsMax():
		bytes := intset.FilledBytes(ints)
		s.e.create(s.key, shape{kind: object.Set, form: formPacked, valueLen: bytes})
		intset.Fill(s.e.value(), ints)
	case n <= packMembersMax:
		s.create(false)
		for _, n := range ints {
			s.add(space.digitsOf(n))
		}
	default:
		s.Enlarge()
		big := s.big()
		big.Reserve(n)
		for _, n := range ints {
			big.Insert(space.digitsOf(n))
		}
	}
	if space.Effects != nil {
		for _, n := range ints {
			space.Effects.SetAdd(s.e.db.index, s.key, space.digitsOf(n))
		}
	}
	s.e.db.changed(s.key)
}
