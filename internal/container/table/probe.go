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
// In all but a few percent of cases it yields what is sought, if that is there, and
// nothing else. It is valid until the next Insert or Delete.
type Probe struct {
	line   *line
	behind *line // where entries away from line are; nil: none, or searched already
	slots  uint32
	slot   uint32
	fine   uint32
	index  uint32
}

// Pos is where an entry is in a table. It is valid until the next Insert or Delete.
type Pos struct {
	line  *line
	slot  uint32
	index uint32
}

// Probe begins a search for the entries with that hash.
func (t *Table) Probe(hash uint64) Probe {
	index := hash >> t.shift
	s := &t.dir[index]
	fine := fineOf(hash, s.depth)
	home := s.home(fine)
	l := s.line(home)
	p := Probe{line: l, slots: l.match(fine) & l.marks & slotsMask, fine: fine, index: uint32(index)}
	if l.marks >= awayOne {
		p.behind = s.line(s.next(home))
	}
	return p
}

// Next goes to the next entry; false says that there is none.
func (p *Probe) Next() bool {
	if p.slots == 0 && !p.goBehind() {
		return false
	}
	p.slot = uint32(bits.TrailingZeros32(p.slots))
	p.slots &= p.slots - 1
	return true
}

// goBehind goes on to the line behind, if there may be entries there.
func (p *Probe) goBehind() bool {
	if p.behind == nil {
		return false
	}
	p.line, p.behind = p.behind, nil
	p.slots = p.line.match(p.fine) & p.line.guests()
	return p.slots != 0
}

// Ref is the reference of the entry.
func (p *Probe) Ref() uint32 { return p.line.refs[p.slot] }

// Pos is where the entry is.
func (p *Probe) Pos() Pos { return Pos{line: p.line, slot: p.slot, index: p.index} }
