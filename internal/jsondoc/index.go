// SPDX-License-Identifier: Apache-2.0

package jsondoc

import "hash/maphash"

// smallObject is how many members an object has at most whose names are looked at one by one.
const smallObject = 32

// A nameSet notices, while an object is built or read, that a name may have come before. It
// is sure that none has as long as mayRepeat is false.
type nameSet struct {
	from      int    // where the object's first member begins
	bits      uint64 // a mark for each name, or for several
	count     int
	mayRepeat bool
}

// add notes the name between two offsets, before which the members noted so far stand.
func (s *nameSet) add(doc []byte, at, end int) {
	s.count++
	if s.mayRepeat {
		return
	}
	mix := doc[end-1]
	if end-at > 1 {
		mix += doc[at] + 31*doc[end-2]
	}
	bit := uint64(1) << (mix & 63)
	if s.bits&bit != 0 {
		s.mayRepeat = s.count > smallObject || holdsName(doc, s.from, at, doc[at:end])
	}
	s.bits |= bit
}

// holdsName tells whether one of the members between two offsets has a name, given packed.
func holdsName(doc []byte, at, end int, packed []byte) bool {
	for at < end {
		behind := afterName(doc, at)
		if string(doc[at:behind]) == string(packed) {
			return true
		}
		at = after(doc, behind)
	}
	return false
}

// A nameIndex is a hash table over the members of one object, made for one call where the
// object is great or a name comes twice in it.
type nameIndex struct {
	doc   []byte
	names *Names
	seed  maphash.Seed
	slots []uint32 // offset of a member + 1, and slotDone
}

const slotDone = 1 << 31 // documents are shorter than that

// newNameIndex makes a table for the members between two offsets, without filling it.
func newNameIndex(doc []byte, from, end int, names *Names) nameIndex {
	slots := 8
	for at := from; at < end; slots += 2 {
		at = after(doc, afterName(doc, at))
	}
	for slots&(slots-1) != 0 {
		slots += slots & -slots
	}
	return nameIndex{doc, names, maphash.MakeSeed(), make([]uint32, slots)}
}

// slot gives the slot of a name: the one it has, or the empty one that it would get.
func (x *nameIndex) slot(name []byte) *uint32 {
	mask := len(x.slots) - 1
	for i := int(maphash.Bytes(x.seed, name)); ; i++ {
		slot := &x.slots[i&mask]
		if *slot == 0 {
			return slot
		}
		at := x.at(*slot)
		if string(nameAt(x.doc, at, afterName(x.doc, at), x.names)) == string(name) {
			return slot
		}
	}
}

func (x *nameIndex) at(slot uint32) int { return int(slot&^slotDone) - 1 }

// fill puts in the members between two offsets and tells whether a name comes twice; the
// last member of a name stays.
func (x *nameIndex) fill(from, end int) (repeats bool) {
	for at := from; at < end; {
		behind := afterName(x.doc, at)
		slot := x.slot(nameAt(x.doc, at, behind, x.names))
		repeats = repeats || *slot != 0
		*slot = uint32(at + 1)
		at = after(x.doc, behind)
	}
	return repeats
}

// unique takes out of the members that stand at the end of dst, from an offset on, those
// whose name comes again, and puts the last value in the place of the first.
func unique(dst []byte, from int, names *Names) []byte {
	end := len(dst)
	index := newNameIndex(dst, from, end, names)
	if !index.fill(from, end) {
		return dst
	}
	for at := from; at < end; {
		behind := afterName(dst, at)
		slot := index.slot(nameAt(dst, at, behind, names))
		if *slot&slotDone == 0 {
			value := afterName(dst, index.at(*slot))
			dst = append(dst, dst[at:behind]...)
			dst = append(dst, dst[value:after(dst, value)]...)
			*slot |= slotDone
		}
		at = after(dst, behind)
	}
	n := copy(dst[from:], dst[end:])
	return dst[:from+n]
}

// members find the members of one object by name, again and again.
type members struct {
	object Value
	index  nameIndex // without slots if the object is small
}

// membersOf makes them. Values that are no objects have none.
func membersOf(v Value) members {
	m := members{object: v}
	if v.Kind() != Object || v.Len() <= smallObject {
		return m
	}
	from, end := body(v.doc, v.at)
	m.index = newNameIndex(v.doc, from, end, v.names)
	m.index.fill(from, end)
	return m
}

// get gives the member with a name.
func (m *members) get(name []byte) Value {
	if m.index.slots == nil {
		return m.object.Member(name)
	}
	slot := *m.index.slot(name)
	if slot == 0 {
		return Value{}
	}
	v := m.object
	v.at = afterName(v.doc, m.index.at(slot))
	return v
}
