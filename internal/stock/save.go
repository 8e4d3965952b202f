// SPDX-License-Identifier: Apache-2.0

package stock

import "encoding/binary"

// A stock is handed out as it was at one moment while it changes: a bit in each record, its
// phase, tells whether it has been. To begin turns the phase of the stock round, so that all
// records differ from it; what is handed out or new has the phase of the stock. A record that
// is about to change or to be forgotten is handed out first.

// saving is how far a save has come.
type saving struct {
	take    func(entries []byte)
	entries []byte // that wait to be taken
	stage   stage
	place   Place  // of the last hold by its end
	cursor  uint64 // in the index
	refusal uint32 // the next of the queue
}

// savePiece is how many bytes of entries are given at once.
const savePiece = 8 << 10

// BeginSave hands every record out once, as it is now, as pieces of entries: those that are
// about to change at once, the others in steps that must follow until one is the last. With
// the header of this moment ([Stock.AppendHeader]) the pieces are the whole state. take must
// not change the stock. No other save may be under way.
func (s *Stock) BeginSave(take func(entries []byte)) {
	s.book.phase ^= phaseBit
	s.saving = &saving{take: take, refusal: s.queue.first}
}

// Saving tells whether a save is under way.
func (s *Stock) Saving() bool { return s.saving != nil }

// SaveStep hands about n records out and tells whether all have been. Cost: O(n + log len).
func (s *Stock) SaveStep(n int) (done bool) {
	on := s.saving
	for on != nil && n > 0 && on.stage != doneStage {
		end := false
		switch on.stage {
		case endsStage:
			n, end = s.saveEnds(n)
		case soldStage:
			on.cursor = s.index.Scan(on.cursor, func(ref uint32) {
				if s.book.state(ref) == stateSold {
					s.saveFirst(ref)
				}
				n--
			})
			end = on.cursor == 0
		case refusedStage:
			for ; n > 0 && on.refusal != 0; n-- {
				ref := on.refusal
				on.refusal = s.queue.next(ref)
				s.saveFirst(ref)
			}
			end = on.refusal == 0
		}
		if end {
			on.stage++
		}
	}
	if on == nil || on.stage == doneStage {
		s.flushSave()
		s.saving = nil
		return true
	}
	return false
}

// saveEnds hands out up to n holds in the order of their end, and returns how many it did
// not need.
func (s *Stock) saveEnds(n int) (left int, end bool) {
	on := s.saving
	p := s.book.at(on.place.EndMs)
	p.fence, p.ref = on.place.Fence, 1<<32-1
	c := s.ends.seek(p)
	for ; n > 0 && c.valid(); n-- {
		ref := c.ref()
		on.place = Place{EndMs: s.book.endMs(ref), Fence: s.book.fenceOf(ref)}
		s.saveFirst(ref)
		c.next()
	}
	return n, !c.valid()
}

// saveFirst must come before every change of a record.
func (s *Stock) saveFirst(ref uint32) {
	on := s.saving
	if on == nil {
		return
	}
	if ref == on.refusal { // it is about to be forgotten
		on.refusal = s.queue.next(ref)
	}
	if !s.book.turn(ref) {
		return
	}
	r := s.book.read(ref)
	if on.entries = appendEntry(on.entries, &r); len(on.entries) >= savePiece {
		s.flushSave()
	}
}

// flushSave gives the entries that wait.
func (s *Stock) flushSave() {
	if on := s.saving; on != nil && len(on.entries) > 0 {
		on.take(on.entries)
		on.entries = on.entries[:0]
	}
}

// turn gives a record the phase of the stock; it is false if that was so already.
func (b *book) turn(ref uint32) bool {
	block := b.block(ref)
	head := binary.LittleEndian.Uint16(block)
	if head&phaseBit == b.phase {
		return false
	}
	binary.LittleEndian.PutUint16(block, head^phaseBit)
	return true
}
