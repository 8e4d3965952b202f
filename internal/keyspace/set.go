// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"strconv"

	"stampede/internal/container/intset"
	"stampede/internal/container/listpack"
	"stampede/internal/object"
	"stampede/internal/rdb"
	"stampede/internal/reply"
)

// Set is the set under a key that was looked up; an absent key is an empty set. The first
// member that is added makes the key, and with the last one that is removed it goes.
//
// A set of integers is an [intset.Set] while it has few members. Other small sets are a
// pack of members (formMembers), and large ones an [object.BigSet]: Redis keeps both as a
// hash table, and so they are called. A set never goes back, but see [Set.Refit].
//
// Members that are passed in must not be views of the same Space.
type Set struct {
	e   Entry
	key []byte // as the caller gave it
}

// The largest set that is a pack: a search looks at all of it.
const (
	packMembersMax     = 64
	packMemberBytesMax = 64
)

// ReadSet looks key up for a call that reads a set.
func (db *DB) ReadSet(key []byte) (s Set, err error) {
	s.key = key
	db.read(&s.e, key)
	return s, s.checkKind()
}

// FindSet looks key up for a call that changes a set.
func (db *DB) FindSet(key []byte) (s Set, err error) {
	s.key = key
	db.find(&s.e, key)
	return s, s.checkKind()
}

func (s *Set) checkKind() error {
	if s.e.Exists() && s.e.kind != object.Set {
		return reply.ErrWrongType
	}
	return nil
}

// big is the large form; the set must have it.
func (s *Set) big() *object.BigSet { return s.e.big().(*object.BigSet) }

func (e *Entry) ints() intset.Set { return intset.Set(e.value()) }

// Exists tells whether the key is there.
func (s *Set) Exists() bool { return s.e.Exists() }

// Len is the number of members.
func (s *Set) Len() int {
	if !s.Exists() {
		return 0
	}
	switch s.e.form {
	case formPacked:
		return s.e.ints().Len()
	case formMembers:
		return s.e.pack().Len()
	}
	return s.big().Len()
}

// FitsInts tells whether a set with these members would be kept as one of integers. Cost:
// O(members) if this one is not.
func (s *Set) FitsInts() bool {
	if !s.Exists() || s.e.form == formPacked {
		return true
	}
	fits := s.Len() <= s.e.db.space.intsMax()
	s.Each(func(member []byte) bool {
		_, isInt := asInt(member)
		fits = fits && isInt
		return fits
	})
	return fits
}

// Has tells whether the set has a member. Cost: O(1), or that of a small set.
func (s *Set) Has(member []byte) bool {
	if !s.Exists() {
		return false
	}
	switch s.e.form {
	case formPacked:
		n, ok := asInt(member)
		if ok {
			_, ok = s.e.ints().Find(n)
		}
		return ok
	case formMembers:
		p := s.e.pack()
		return p.Find(p.First(), 0, member) >= 0
	}
	return s.big().Has(member)
}

// Add lets the set have a member and tells whether it is new.
func (s *Set) Add(member []byte) (created bool) {
	s.e.saveFirst()
	if !s.add(member) {
		return false
	}
	s.e.db.space.Effects.SetAdd(s.e.db.index, s.key, member)
	s.e.db.changed(s.key)
	return true
}

func (s *Set) add(member []byte) (created bool) {
	n, isInt := asInt(member)
	if !s.Exists() {
		s.create(isInt)
	}
	if s.e.form == formPacked {
		if isInt {
			return s.addInt(n)
		}
		s.Loosen()
	}
	if s.e.form == formMembers {
		p := s.e.pack()
		switch {
		case p.Find(p.First(), 0, member) >= 0:
			return false
		case p.Len() < packMembersMax && len(member) <= packMemberBytesMax:
			p = s.e.growPack(len(p) + listpack.EncodedLen(member))
			s.e.fitPack(p.Append(member))
			return true
		}
		s.Enlarge()
	}
	return s.big().Add(member)
}

// create makes an absent key hold an empty set, which must get a member.
func (s *Set) create(ints bool) {
	if ints {
		s.e.create(s.key, shape{kind: object.Set, form: formPacked, valueLen: intset.EmptyBytes})
		intset.New(s.e.value())
		return
	}
	s.e.create(s.key, shape{kind: object.Set, form: formMembers, valueLen: listpack.EmptyBytes})
	listpack.New(s.e.value())
}

func (s *Set) addInt(n int64) (created bool) {
	set := s.e.ints()
	i, ok := set.Find(n)
	if ok {
		return false
	}
	set = intset.Set(s.e.growPack(set.GrownBytes(n))).Insert(i, n)
	if set.Len() > s.e.db.space.intsMax() {
		s.Loosen()
	}
	return true
}

// intsMax is how many members a set of integers may have.
func (s *Space) intsMax() int { return min(s.Limits.SetIntsMax, intset.MaxLen-1) }

// Loosen lets the set be one that need not be of integers.
func (s *Set) Loosen() {
	if !s.Exists() {
		s.create(false)
	}
	if s.e.form != formPacked {
		return
	}
	ints := s.e.ints()
	if ints.Len() > packMembersMax {
		s.Enlarge()
		return
	}
	members := listpack.New(make([]byte, 0, listpack.EmptyBytes+ints.Len()*intTextMax))
	for i := range ints.Len() {
		members = members.AppendInt(ints.At(i))
	}
	shape := s.e.shape()
	shape.form, shape.valueLen = formMembers, len(members)
	s.e.reshape(shape, 0)
	copy(s.e.value(), members)
}

// Enlarge lets a small set continue in its large form.
func (s *Set) Enlarge() {
	space := s.e.db.space
	if !s.Exists() {
		s.create(false)
	}
	if s.e.form == formBig {
		return
	}
	big := object.NewSet(space.arena, space.seed)
	s.Each(func(member []byte) bool {
		big.Add(member)
		return true
	})
	s.e.becomeBig(big)
}

// Refit gives a set that lost most of its members the form of one that never had more.
// Cost: O(members).
func (s *Set) Refit() {
	if !s.Exists() || s.e.form == formPacked {
		return
	}
	members := s.Members(nil)
	if s.e.saveFirst(); s.e.form == formBig {
		s.e.db.space.dropBig(s.e.bigIndex())
	}
	shape := s.e.shape()
	shape.form, shape.valueLen = formPacked, intset.EmptyBytes
	s.e.reshape(shape, 0)
	intset.New(s.e.value())
	for _, member := range members {
		s.add(member)
	}
}

// Remove removes a member and tells whether it was there.
func (s *Set) Remove(member []byte) bool {
	if !s.remove(member) {
		return false
	}
	if s.Len() == 0 {
		s.e.Remove()
		return true
	}
	s.e.db.space.Effects.SetRemove(s.e.db.index, s.key, member)
	s.e.db.changed(s.key)
	return true
}

func (s *Set) remove(member []byte) bool {
	if !s.Exists() {
		return false
	}
	switch s.e.form {
	case formPacked:
		n, ok := asInt(member)
		if !ok {
			return false
		}
		i, ok := s.e.ints().Find(n)
		if ok {
			s.e.saveFirst()
			s.e.fitPack(listpack.Pack(s.e.ints().Delete(i)))
		}
		return ok
	case formMembers:
		p := s.e.pack()
		off := p.Find(p.First(), 0, member)
		if off >= 0 {
			s.e.saveFirst()
			s.e.fitPack(p.Delete(off, 1))
		}
		return off >= 0
	}
	s.e.saveFirst()
	return s.big().Remove(member)
}

// Each visits all members until visit says false: views that are good for that long, those
// of integers in ascending order. visit must not change the Space.
func (s *Set) Each(visit func(member []byte) bool) {
	if !s.Exists() {
		return
	}
	switch space := s.e.db.space; s.e.form {
	case formPacked:
		for i, ints := 0, s.e.ints(); i < ints.Len(); i++ {
			if !visit(space.digitsOf(ints.At(i))) {
				return
			}
		}
	case formMembers:
		p := s.e.pack()
		for off := p.First(); off >= 0; off = p.Next(off) {
			if !visit(space.text(p.Get(off), 0)) {
				return
			}
		}
	default:
		s.big().Each(visit)
	}
}

// digitsOf is the text of an integer, a view that is good until the next one is asked for.
func (s *Space) digitsOf(n int64) []byte {
	return strconv.AppendInt(s.digits[0][:0], n, 10)
}

// Members appends copies of all members to dst.
func (s *Set) Members(dst [][]byte) [][]byte {
	s.Each(func(member []byte) bool {
		dst = append(dst, append([]byte(nil), member...))
		return true
	})
	return dst
}

// Scan visits some members and returns where to go on, 0 at the end: all at once in a small
// set. visit must not change the Space.
func (s *Set) Scan(cursor uint64, visit func(member []byte)) (next uint64) {
	if s.Exists() && s.e.form == formBig {
		return s.big().Scan(cursor, visit)
	}
	s.Each(func(member []byte) bool {
		visit(member)
		return true
	})
	return 0
}

// Random is some member, each with nearly the same chance, chosen by 64 random bits: a view
// that is good until the next one is asked for. The set must not be empty.
func (s *Set) Random(r uint64) (member []byte) {
	space := s.e.db.space
	switch s.e.form {
	case formPacked:
		ints := s.e.ints()
		return space.digitsOf(ints.At(int(r % uint64(ints.Len()))))
	case formMembers:
		p := s.e.pack()
		return space.text(p.Get(p.At(int(r%uint64(p.Len())))), 0)
	}
	return s.big().Random(r)
}

// Pop removes some member, chosen as by [Set.Random], and appends it to dst.
func (s *Set) Pop(r uint64, dst []byte) []byte {
	start := len(dst)
	dst = append(dst, s.Random(r)...)
	s.Remove(dst[start:])
	return dst
}

// appendSet appends a small set as RDB has it.
func (e *Entry) appendSet(dst []byte) []byte {
	if e.form == formPacked {
		return rdb.AppendText(dst, e.value())
	}
	s := Set{e: *e}
	dst = rdb.AppendLen(dst, s.Len())
	s.Each(func(member []byte) bool {
		dst = rdb.AppendString(dst, member)
		return true
	})
	return dst
}
