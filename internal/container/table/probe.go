// SPDX-License-Identifier: Apache-2.0

package table

import "math/bits"

// Probe walks the entries whose keys may have a given hash:
//
//	for p := t.Probe(hash); p.Next(); {
//		if equal(p.Ref()) {
//			return p.Pos()
//		}
//	}
//
// It yields what is sought, if that is there, and in 7 of 100 searches an entry beside it.
// It is valid until the next Insert or Delete.
type Probe struct {
	line   *line
	behind *line
	slots  uint32 // not yet visited: 12 bits for line, then 12 for guests in behind
	slot   uint32 // the one visited, by the same count
	index  uint32
}

// Pos is where an entry is in a table. It is valid until the next Insert or Delete.
type Pos struct {
	line  *line
	slot  uint32
	index uint32
}

// Probe begins a search for the entries with that hash. Both lines are read, whether
// entries are away or not: a second line next to the first costs less than a branch that
// cannot be foreseen.
func (t *Table) Probe(hash uint64) Probe {
	index := t.indexOf(hash)
	s := &t.dir[index]
	fine := fineOf(hash, s.depth)
	home := s.home(fine)
	l, behind := s.line(home), s.line(s.next(home))
	away := behind.match(fine) & behind.guests()
	return Probe{
		line: l, behind: behind, index: uint32(index),
		slots: l.match(fine)&l.homes() | away<<guestShift,
	}
}

// Next goes to the next entry; false says that there is none.
func (p *Probe) Next() bool {
	if p.slots == 0 {
		return false
	}
	p.slot = uint32(bits.TrailingZeros32(p.slots))
	p.slots &= p.slots - 1
	return true
}

// Ref is the reference of the entry.
func (p *Probe) Ref() uint32 {
	if p.slot < lineSlots {
		return p.line.refs[p.slot]
	}
	return p.behind.refs[p.slot-lineSlots]
}

// Pos is where the entry is.
func (p *Probe) Pos() Pos {
	if p.slot < lineSlots {
		return Pos{line: p.line, slot: p.slot, index: p.index}
	}
	return Pos{line: p.behind, slot: p.slot - lineSlots, index: p.index}
}
