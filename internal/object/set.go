// SPDX-License-Identifier: Apache-2.0

package object

import (
	"hash/maphash"

	"stampede/internal/container/arena"
	"stampede/internal/container/dict"
)

// BigSet is a set that outgrew its small forms: a dict whose values are empty.
type BigSet struct{ members *dict.Dict }

// NewSet returns an empty set whose parts lie in a.
func NewSet(a *arena.Arena, seed maphash.Seed) *BigSet { return &BigSet{dict.New(a, seed)} }

// Kind is [Set].
func (*BigSet) Kind() Kind { return Set }

// Encoding is what OBJECT ENCODING answers.
func (*BigSet) Encoding() string { return "hashtable" }

// Len is the number of members.
func (s *BigSet) Len() int { return s.members.Len() }

// Bytes is all the memory that the set holds; OutsideBytes is the part beside the arena.
func (s *BigSet) Bytes() int64 { return s.members.Bytes() }

// OutsideBytes is the memory beside the arena: a few words.
func (*BigSet) OutsideBytes() int64 { return dictBytes }

// Add lets the set have a member, which must not be a view of it, and tells whether it is
// new. Cost: O(1).
func (s *BigSet) Add(member []byte) (created bool) { return s.members.Set(member, nil) }

// Insert adds a member that is known to be new, and not a view of the set. Cost: O(1).
func (s *BigSet) Insert(member []byte) { s.members.Insert(member, nil) }

// Reserve makes room for n members in an empty set. Nothing depends on it but speed.
func (s *BigSet) Reserve(n int) { s.members.Reserve(n) }

// Remove removes a member and tells whether it was there. Cost: O(1).
func (s *BigSet) Remove(member []byte) bool { return s.members.Delete(member) }

// Has tells whether the set has a member. Cost: O(1).
func (s *BigSet) Has(member []byte) bool {
	_, ok := s.members.Get(member)
	return ok
}

// Random is a view of some member, each with nearly the same chance, chosen by 64 random
// bits. The set must not be empty.
func (s *BigSet) Random(r uint64) (member []byte) {
	member, _, _ = s.members.Random(r)
	return member
}

// Each visits all members, in no order, until visit says false. visit must not change the
// shard.
func (s *BigSet) Each(visit func(member []byte) bool) {
	s.members.Each(func(member, _ []byte) bool { return visit(member) })
}

// Scan visits a few members and returns where to go on; 0 begins and is the end. It has the
// guarantee of [dict.Dict.Scan].
func (s *BigSet) Scan(cursor uint64, visit func(member []byte)) (next uint64) {
	return s.members.Scan(cursor, func(member, _ []byte) { visit(member) })
}

// Elements visits every member.
func (s *BigSet) Elements(visit SaveFunc) {
	s.Each(func(member []byte) bool {
		visit(member, nil, 0)
		return true
	})
}

// BeginSave hands every member out once as the set is now; see [dict.Dict.BeginSave].
func (s *BigSet) BeginSave(save SaveFunc) {
	s.members.BeginSave(func(member, _ []byte) { save(member, nil, 0) })
}

// SaveStep hands about n members out and tells whether all have been.
func (s *BigSet) SaveStep(n int) (done bool) { return s.members.SaveStep(n) }

// Saving tells whether a save is under way.
func (s *BigSet) Saving() bool { return s.members.Saving() }

// FreeStep gives back about n members' memory and tells whether it was the last.
func (s *BigSet) FreeStep(n int) (done bool) { return s.members.FreeStep(n) }

// Copy makes an equal set in a. Cost: O(members).
func (s *BigSet) Copy(a *arena.Arena, seed maphash.Seed) Big {
	c := NewSet(a, seed)
	s.Each(func(member []byte) bool {
		c.Add(member)
		return true
	})
	return c
}
