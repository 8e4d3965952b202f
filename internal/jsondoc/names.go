// SPDX-License-Identifier: Apache-2.0

package jsondoc

import "hash/maphash"

const (
	// NamesMax is how many names a Names holds at most.
	NamesMax = 16 << 10

	// NameBytesMax is the longest name that it takes.
	NameBytesMax = 64

	// namesWithDigitMax is how many names there may be for another one with a digit to be
	// taken: such names are more often keys of things (SKUs, UUIDs) than words of a schema,
	// and may not take all the room.
	namesWithDigitMax = NamesMax / 4

	slotsMin   = 256
	entryBytes = 12
)

// Names are the member names that the documents of a shard share: a document holds a number
// of one or two bytes instead of the name. Names are only ever added, NamesMax of them at
// most (a quarter of that if they hold a digit); a name that does not fit, is longer than
// NameBytesMax or would need an escape in JSON text is written out in its document. What has
// once been refused is refused until Reset, so within one Names a name has one form. A nil
// *Names takes none.
type Names struct {
	seed   maphash.Seed
	quoted []byte  // `"name":` of each
	list   []entry // by number
	slots  []uint16
	first  uint16 // what came first in a document, as the first of an entry
}

// An entry is where one name stands in quoted, and what was seen to follow it: documents
// come in few shapes, so a parser can mostly guess the next name and need not look it up.
type entry struct {
	at    uint32
	bytes uint8
	first uint16 // number + 1 of the first name in the object that is its value, or in one
	next  uint16 // number + 1 of the name behind it in its object
}

// NewNames makes a dictionary without names.
func NewNames() *Names {
	n := &Names{seed: maphash.MakeSeed()}
	n.Reset()
	return n
}

// Reset forgets all names. No document that was made with them may be read afterwards.
func (n *Names) Reset() {
	n.quoted, n.list, n.first = nil, nil, 0
	n.slots = make([]uint16, slotsMin)
}

// Len counts the names.
func (n *Names) Len() int {
	if n == nil {
		return 0
	}
	return len(n.list)
}

// Bytes is the memory that the names take.
func (n *Names) Bytes() int64 {
	return int64(cap(n.quoted)) + int64(cap(n.list))*entryBytes + int64(cap(n.slots))*2
}

// name gives the name of a number.
func (n *Names) name(number int) []byte {
	e := n.list[number]
	return n.quoted[e.at+1 : e.at+1+uint32(e.bytes)]
}

// text gives the name of a number with its quotes and the colon behind it.
func (n *Names) text(number int) []byte {
	e := n.list[number]
	return n.quoted[e.at : e.at+3+uint32(e.bytes)]
}

// follower is where to note which name follows another one in its object, or comes first in
// an object under the name parent if there is no other one (-1).
func (n *Names) follower(parent, previous int) *uint16 {
	switch {
	case previous >= 0:
		return &n.list[previous].next
	case parent >= 0:
		return &n.list[parent].first
	}
	return &n.first
}

// find gives the number of a name, or -1 if it has none.
func (n *Names) find(name []byte) int {
	if n == nil || len(name) > NameBytesMax {
		return -1
	}
	number, _ := n.probe(name)
	return number
}

// probe gives the number of a name and its slot, or -1 and the slot that it would take.
func (n *Names) probe(name []byte) (number, slot int) {
	mask := len(n.slots) - 1
	slot = int(maphash.Bytes(n.seed, name)) & mask
	for n.slots[slot] != 0 {
		number := int(n.slots[slot]) - 1
		if string(n.name(number)) == string(name) {
			return number, slot
		}
		slot = (slot + 1) & mask
	}
	return -1, slot
}

// take gives the number of a name, which it adds if it is new and fits, or -1.
func (n *Names) take(name []byte) int {
	if n == nil || len(name) > NameBytesMax {
		return -1
	}
	number, slot := n.probe(name)
	if number >= 0 {
		return number
	}
	if len(n.list) >= roomFor(name) {
		return -1
	}
	return n.add(name, slot)
}

// roomFor is how many names there may be so that another one is taken.
func roomFor(name []byte) int {
	room := NamesMax
	for _, c := range name {
		switch {
		case c < ' ', c == '"', c == '\\':
			return 0
		case c-'0' <= 9:
			room = namesWithDigitMax
		}
	}
	return room
}

func (n *Names) add(name []byte, slot int) int {
	at := len(n.quoted)
	n.quoted = append(n.quoted, '"')
	n.quoted = append(n.quoted, name...)
	n.quoted = append(n.quoted, '"', ':')
	n.list = append(n.list, entry{at: uint32(at), bytes: uint8(len(name))})
	n.slots[slot] = uint16(len(n.list))
	if len(n.list)*2 > len(n.slots) {
		n.grow()
	}
	return len(n.list) - 1
}

func (n *Names) grow() {
	n.slots = make([]uint16, 2*len(n.slots))
	for number := range n.list {
		_, slot := n.probe(n.name(number))
		n.slots[slot] = uint16(number + 1)
	}
}
