// SPDX-License-Identifier: Apache-2.0

package stock

// Apply does what effects say, in their order. What does not fit the stock is ErrFormat,
// and the stock is then as the effects before left it. Cost: as of the calls.
func (s *Stock) Apply(effects []byte) error {
	r := reader{rest: effects}
	for len(r.rest) > 0 {
		if !s.applyOne(&r) {
			return ErrFormat
		}
		s.checkSometimes()
	}
	return nil
}

// effect is one effect that was read.
type effect struct {
	op             byte
	nowMs          int64
	record         record // of its id; endMs is what extend says
	units          int64
	ended, refused int64
}

func (s *Stock) applyOne(r *reader) bool {
	op := r.byte()
	switch op {
	case opMeta:
		return s.applyMeta(r)
	case opDrop:
		ref, ok := s.find(r.name())
		if ok {
			s.drop(ref)
		}
		return ok
	case opEntry:
		return s.applyEntry(r)
	}
	e, ok := readEffect(op, r)
	if !ok || e.nowMs < s.clockMs || !s.canForget(&e) || !s.act(&e) {
		return false
	}
	s.pass(e.nowMs)
	for range e.ended {
		first := s.ends.from(0)
		s.drop(first.ref())
	}
	for range e.refused {
		s.drop(s.queue.first)
	}
	return true
}

// canForget tells whether there is as much to forget as e says. What e itself adds stays.
func (s *Stock) canForget(e *effect) bool {
	s.pass(e.nowMs)
	return e.ended <= int64(s.passed.count) && e.refused <= s.queue.len
}

// readEffect reads what follows an op that a call wrote.
func readEffect(op byte, r *reader) (e effect, ok bool) {
	e.op, e.nowMs = op, r.number(TimeMsMax)
	h := &e.record
	switch op {
	case opGrant:
		h.id, h.buyer = r.name(), r.name()
		h.units, h.forMs = r.number(UnitsMax), r.number(HoldMsMax)
		h.fence = r.number(fenceMax)
		h.state, h.heldMs, h.endMs = stateHeld, e.nowMs, e.nowMs+h.forMs
	case opRefuse:
		h.id, h.buyer = r.name(), r.name()
		h.units, h.forMs = r.number(UnitsMax), r.number(HoldMsMax)
		h.outcome = Outcome(r.number(int64(outcomeEnd) - 1))
		h.number = r.number(UnitsMax)
		h.state, h.heldMs, h.endMs = stateRefused, e.nowMs, e.nowMs
	case opSell, opRelease:
		h.id = r.name()
	case opExtend:
		h.id = r.name()
		h.endMs = r.number(TimeMsMax + HoldMsMax)
	case opUnits:
		e.units = r.number(UnitsMax)
	case opClose, opSweep:
	default:
		return e, false
	}
	e.ended, e.refused = r.number(numberMax), r.number(numberMax)
	return e, r.ok()
}

// act does what e says apart from forgetting, if it fits.
func (s *Stock) act(e *effect) bool {
	switch e.op {
	case opGrant:
		if e.record.fence <= s.fence || !s.fitsNew(&e.record, e.nowMs) {
			return false
		}
		s.fence = e.record.fence
		s.add(&e.record, false)
	case opRefuse:
		if !s.fitsNew(&e.record, e.nowMs) {
			return false
		}
		s.add(&e.record, false)
	case opSell, opRelease, opExtend:
		if !s.changeFor(e) {
			return false
		}
	case opUnits:
		if e.units < s.sold+s.held(e.nowMs) {
			return false
		}
		s.units = e.units
	case opClose:
		if s.closedMs > 0 {
			return false
		}
		s.closedMs = max(e.nowMs, 1)
	}
	s.clockMs = e.nowMs
	return true
}

// fitsNew tells whether a record can be added at nowMs.
func (s *Stock) fitsNew(r *record, nowMs int64) bool {
	_, known := s.find(r.id)
	return !known && s.fits(r, nowMs)
}

// changeFor does what e says of a hold that lives.
func (s *Stock) changeFor(e *effect) bool {
	ref, ok := s.find(e.record.id)
	if !ok {
		return false
	}
	had := s.book.read(ref)
	if had.now(e.nowMs).Outcome != Held {
		return false
	}
	s.pass(e.nowMs)
	switch e.op {
	case opSell:
		s.change(ref, stateSold, e.nowMs)
	case opRelease:
		s.change(ref, stateReleased, e.nowMs)
	case opExtend:
		if e.record.endMs <= had.endMs || e.record.endMs > had.heldMs+HoldMsMax {
			return false
		}
		s.change(ref, stateHeld, e.record.endMs)
	}
	return true
}

// fits tells whether a record is one that a stock like this could have at nowMs, its id
// apart.
func (s *Stock) fits(r *record, nowMs int64) bool {
	switch {
	case r.state >= stateEnd, r.units < 1, r.forMs < 1,
		!validName(r.id), !validName(r.buyer):
		return false
	case r.state == stateRefused:
		return r.outcome.Refused() && r.endMs >= s.book.openedMs &&
			refusal(r.outcome, r.number).number() == r.number
	case r.fence < 1, r.heldMs < s.book.openedMs, r.endMs < r.heldMs,
		r.endMs > r.heldMs+HoldMsMax && r.state != stateSold:
		return false
	case r.state == stateHeld && r.endMs <= nowMs, r.state == stateReleased:
		return true
	}
	limit := s.terms.PerBuyer
	return r.units <= s.free(nowMs) && (limit == 0 || r.units <= limit-s.used(r.buyer, nowMs))
}

// fitsPast tells whether a record is one that a stock like this could have made before.
func (s *Stock) fitsPast(r *record) bool {
	return r.fence <= s.fence && r.heldMs <= s.clockMs && s.fits(r, s.clockMs) &&
		(r.state == stateHeld || r.endMs <= s.clockMs)
}

// applyMeta makes the stock what it was apart from its records.
func (s *Stock) applyMeta(r *reader) bool {
	clockMs, fence := r.number(TimeMsMax), r.number(fenceMax)
	units, closedMs := r.number(UnitsMax), r.number(TimeMsMax)
	if !r.ok() || clockMs < s.book.openedMs {
		return false
	}
	s.passed = passed{}
	if units < s.sold || units-s.sold < s.held(clockMs) {
		return false
	}
	s.clockMs, s.fence, s.units, s.closedMs = clockMs, fence, units, closedMs
	return true
}

// applyEntry makes an id what it was.
func (s *Stock) applyEntry(r *reader) bool {
	e := r.entry()
	if !r.ok() {
		return false
	}
	ref, known := s.find(e.id)
	if known {
		had := s.book.read(ref)
		if had.state == stateRefused || e.state == stateRefused {
			return false
		}
		// What it has now counts as free when it is asked whether it fits.
		before := appendEntry(nil, &had)
		s.drop(ref)
		if !s.fitsPast(&e) {
			back := reader{rest: before}
			old := back.entry()
			s.add(&old, false)
			return false
		}
	} else if !s.fitsPast(&e) {
		return false
	}
	s.add(&e, true)
	return true
}
