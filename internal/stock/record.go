// SPDX-License-Identifier: Apache-2.0

package stock

import (
	"math"

	"stampede/internal/assert"
)

// passed is what has ended: the figures of the tree by end for all times from fromMs to
// before untilMs. Between changes one search serves all calls until the next deadline.
type passed struct {
	fromMs  int64
	untilMs int64
	count   int
	sum     uint64
}

// now is the time of a call: never before a change that was seen.
func (s *Stock) now(nowMs int64) int64 { return min(max(nowMs, s.clockMs), TimeMsMax) }

// pass brings s.passed up to nowMs.
func (s *Stock) pass(nowMs int64) {
	p := &s.passed
	if nowMs < p.fromMs || nowMs >= p.untilMs {
		p.count, p.sum = s.ends.prefix(s.book.at(nowMs + 1))
		p.untilMs = math.MaxInt64
		if first := s.ends.from(p.count); first.valid() {
			p.untilMs = s.book.endMs(first.ref())
		}
	}
	p.fromMs = nowMs
	if s.fault == KeepsBack {
		s.keepBack(nowMs)
	}
}

// held is how many units are held at nowMs.
func (s *Stock) held(nowMs int64) int64 {
	s.pass(nowMs)
	return int64(s.ends.sum - s.passed.sum)
}

// free is how many units are neither held nor sold at nowMs.
func (s *Stock) free(nowMs int64) int64 { return s.units - s.sold - s.held(nowMs) }

// buyersWalkMax is how many holds of a buyer are summed one by one.
const buyersWalkMax = 16

// used is how many units a buyer holds at nowMs or has bought. The stock must have a limit.
func (s *Stock) used(buyer []byte, nowMs int64) int64 {
	first := s.book.atBuyer(buyer, nowMs+1)
	used := int64(0)
	c := s.buyers.seek(first)
	for range buyersWalkMax {
		if !c.valid() {
			return used
		}
		// Most buyers have nothing yet: their key alone says so.
		e := c.entry()
		if e.key != first.key || string(s.book.buyer(e.ref)) != string(buyer) {
			return used
		}
		used += int64(s.book.units(e.ref))
		c.next()
	}
	last := first
	last.endMs = endForever + 1
	_, before := s.buyers.prefix(first)
	_, all := s.buyers.prefix(last)
	return int64(all - before)
}

// find looks a record up by id.
func (s *Stock) find(id []byte) (ref uint32, ok bool) {
	for p := s.index.Probe(s.book.hash(id)); p.Next(); {
		if string(s.book.id(p.Ref())) == string(id) {
			return p.Ref(), true
		}
	}
	return 0, false
}

// add makes a record whose id is not known. A refusal goes to the end of the queue, or to
// its beginning if it is one that was forgotten.
func (s *Stock) add(r *record, oldest bool) {
	ref := s.book.create(r)
	used := s.book.arena.Used()
	s.index.Insert(s.book.hash(r.id), ref)
	s.indexBytes += s.book.arena.Used() - used
	switch {
	case r.state != stateRefused:
		s.enter(ref)
	case oldest:
		s.queue.prepend(ref)
	default:
		s.queue.append(ref)
	}
}

// drop forgets a record.
func (s *Stock) drop(ref uint32) {
	s.saveFirst(ref)
	if s.book.state(ref) == stateRefused {
		s.queue.remove(ref)
	} else {
		s.leave(ref)
	}
	for p := s.index.Probe(s.book.hash(s.book.id(ref))); p.Next(); {
		if p.Ref() == ref {
			used := s.book.arena.Used()
			s.index.Delete(p.Pos())
			s.indexBytes += s.book.arena.Used() - used
			s.book.free(ref)
			return
		}
	}
	panic("stock: record is not in the index")
}

// change gives a hold another state and another end.
func (s *Stock) change(ref uint32, to state, endMs int64) {
	s.saveFirst(ref)
	stays := s.staysWithBuyer(ref, to, endMs)
	s.leaveEnds(ref)
	if !stays {
		s.leaveBuyer(ref)
	}
	s.book.set(ref, to, endMs)
	s.enterEnds(ref)
	if !stays {
		s.enterBuyer(ref)
	}
}

// staysWithBuyer tells whether a change leaves the tree by buyer as it is: a hold that ends
// later, or never, mostly has no other one of its buyer behind it.
func (s *Stock) staysWithBuyer(ref uint32, to state, endMs int64) bool {
	if !s.byBuyer(s.book.state(ref)) || !s.byBuyer(to) {
		return false
	}
	if to == stateSold {
		endMs = endForever
	}
	return s.buyers.stays(ref, endMs)
}

// byBuyer tells whether holds of a state stand in the tree by buyer.
func (s *Stock) byBuyer(st state) bool { return s.terms.PerBuyer > 0 && st != stateReleased }

// enter counts a hold by its state and puts it into the trees where that belongs.
func (s *Stock) enter(ref uint32) {
	s.enterEnds(ref)
	s.enterBuyer(ref)
}

// leave undoes enter.
func (s *Stock) leave(ref uint32) {
	s.leaveEnds(ref)
	s.leaveBuyer(ref)
}

func (s *Stock) enterEnds(ref uint32) {
	st := s.book.state(ref)
	s.count(ref, st, 1)
	if st != stateSold {
		s.ends.insert(ref)
		s.shift(ref, 1)
	}
}

func (s *Stock) leaveEnds(ref uint32) {
	st := s.book.state(ref)
	s.count(ref, st, -1)
	if st != stateSold {
		s.ends.delete(ref)
		s.shift(ref, -1)
	}
}

func (s *Stock) enterBuyer(ref uint32) {
	if s.byBuyer(s.book.state(ref)) {
		s.buyers.insert(ref)
	}
}

func (s *Stock) leaveBuyer(ref uint32) {
	if s.byBuyer(s.book.state(ref)) {
		s.buyers.delete(ref)
	}
}

func (s *Stock) count(ref uint32, st state, sign int64) {
	assert.That(st < stateRefused, "stock: refusal counted as a hold")
	switch st {
	case stateSold:
		s.soldHolds += sign
		s.sold += sign * int64(s.book.units(ref))
	case stateReleased:
		s.released += sign
	}
}

// shift keeps s.passed right when a hold came into the tree by end or went out of it.
func (s *Stock) shift(ref uint32, sign int) {
	p := &s.passed
	switch endMs := s.book.endMs(ref); {
	case endMs <= p.fromMs:
		p.count += sign
		p.sum += uint64(sign) * s.book.units(ref)
	case sign > 0 && endMs < p.untilMs:
		p.untilMs = endMs
	}
}
