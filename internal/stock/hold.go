// SPDX-License-Identifier: Apache-2.0

package stock

// Check says how Hold would answer at nowMs, and changes nothing. known tells that the id
// is remembered, so that the answer is the one of before. Cost: O(log n).
func (s *Stock) Check(nowMs int64, r Request) (a Answer, known bool, err error) {
	if err := r.validate(); err != nil {
		return Answer{}, false, err
	}
	if ref, ok := s.find(r.ID); ok {
		had := s.book.read(ref)
		if !had.matches(&r, &s.terms) {
			return Answer{}, true, ErrOther
		}
		if s.fault == ChangesMind && had.state == stateRefused {
			return s.decide(s.now(nowMs), &r), true, nil
		}
		return had.answer(), true, nil
	}
	return s.decide(s.now(nowMs), &r), false, nil
}

// Hold asks for units. The answer is Held or a refusal, and the same one whenever the id
// is asked again. Cost: O(log n).
func (s *Stock) Hold(nowMs int64, r Request, log *Log) (Answer, error) {
	a, known, err := s.Check(nowMs, r)
	if err != nil || known {
		return a, err
	}
	nowMs = s.now(nowMs)
	if a.Outcome == Held {
		s.grant(nowMs, &r, log)
	} else {
		s.refuse(nowMs, &r, a, log)
	}
	return a, nil
}

// Refuse remembers a refusal that was not made here: of a basket, another line of which
// was refused. An id that is known keeps its answer, which is returned.
func (s *Stock) Refuse(nowMs int64, r Request, a Answer, log *Log) (Answer, error) {
	if !a.Outcome.Refused() || a.Fence != 0 || a.number() < 0 || a != refusal(a.Outcome, a.number()) {
		return Answer{}, ErrAnswer
	}
	had, known, err := s.Check(nowMs, r)
	if err != nil || known {
		return had, err
	}
	s.refuse(s.now(nowMs), &r, a, log)
	return a, nil
}

// validate says what is wrong with the arguments.
func (r *Request) validate() error {
	switch {
	case !validName(r.ID), !validName(r.Buyer):
		return ErrName
	case r.Units < 1 || r.Units > UnitsMax:
		return ErrUnits
	case r.ForMs < 0 || r.ForMs > TimeMsMax:
		return ErrTime
	}
	return nil
}

func validName(name []byte) bool { return len(name) >= 1 && len(name) <= NameBytesMax }

// matches tells whether a record came of this request.
func (had *record) matches(r *Request, t *Terms) bool {
	return had.units == r.Units && had.forMs == t.durationMs(r.ForMs) &&
		string(had.buyer) == string(r.Buyer)
}

// answer is what the request of a record was answered.
func (had *record) answer() Answer {
	if had.state == stateRefused {
		return refusal(had.outcome, had.number)
	}
	return Answer{Outcome: Held, Fence: had.fence, AtMs: had.heldMs + had.forMs}
}

// refusal makes an answer of an outcome and the one number that it has.
func refusal(o Outcome, number int64) Answer {
	a := Answer{Outcome: o}
	switch o {
	case AllHeld, NotOpen, Closed:
		a.AtMs = number
	case TooFew, OverLimit:
		a.Units = number
	}
	return a
}

// number is the inverse of refusal.
func (a Answer) number() int64 {
	if a.AtMs != 0 {
		return a.AtMs
	}
	return a.Units
}

// decide says what an id that is not known is answered. What concerns the stock as a whole
// comes first, then what concerns the buyer, then what is there.
func (s *Stock) decide(nowMs int64, r *Request) Answer {
	if s.fault != NoFault {
		return s.decideBroken(nowMs, r)
	}
	if atMs, closed := s.closedAt(nowMs); closed {
		return Answer{Outcome: Closed, AtMs: atMs}
	}
	if nowMs < s.terms.FromMs {
		return Answer{Outcome: NotOpen, AtMs: s.terms.FromMs}
	}
	if limit := s.terms.PerBuyer; limit > 0 {
		if used := s.used(r.Buyer, nowMs); r.Units > limit-used {
			return Answer{Outcome: OverLimit, Units: max(0, limit-used)}
		}
	}
	held := s.held(nowMs)
	free := s.units - s.sold - held
	switch {
	case r.Units <= free:
		return Answer{
			Outcome: Held, Fence: s.fence + 1, AtMs: nowMs + s.terms.durationMs(r.ForMs),
		}
	case free > 0:
		return Answer{Outcome: TooFew, Units: free}
	case held > 0:
		next, _ := s.NextDeadline(nowMs)
		return Answer{Outcome: AllHeld, AtMs: next}
	}
	return Answer{Outcome: SoldOut}
}

func (s *Stock) grant(nowMs int64, r *Request, log *Log) {
	s.undoMeta(log)
	forMs := s.terms.durationMs(r.ForMs)
	s.fence = s.nextFence()
	s.clockMs = nowMs
	s.pass(nowMs)
	s.add(&record{
		state: stateHeld, id: r.ID, buyer: r.Buyer, units: r.Units, fence: s.fence,
		heldMs: nowMs, forMs: forMs, endMs: nowMs + forMs,
	}, false)
	s.undoDrop(r.ID, log)
	e := log.begin(opGrant, nowMs)
	e.name(r.ID)
	e.name(r.Buyer)
	e.numbers(r.Units, forMs, s.fence)
	s.finish(nowMs, log)
}

func (s *Stock) refuse(nowMs int64, r *Request, a Answer, log *Log) {
	s.undoMeta(log)
	forMs := s.terms.durationMs(r.ForMs)
	s.clockMs = nowMs
	s.add(&record{
		state: stateRefused, id: r.ID, buyer: r.Buyer, units: r.Units, forMs: forMs,
		endMs: nowMs, outcome: a.Outcome, number: a.number(),
	}, false)
	s.undoDrop(r.ID, log)
	e := log.begin(opRefuse, nowMs)
	e.name(r.ID)
	e.name(r.Buyer)
	e.numbers(r.Units, forMs, int64(a.Outcome), a.number())
	s.finish(nowMs, log)
}

// Confirm sells what the id holds: Sold, AlreadySold, Expired, Released or Unknown. Cost:
// O(log n).
func (s *Stock) Confirm(nowMs int64, id []byte, log *Log) Answer {
	nowMs = s.now(nowMs)
	ref, r, a := s.live(nowMs, id, log)
	if a.Outcome == Expired && s.fault == SellsLate {
		a.Outcome = Held
	}
	switch a.Outcome {
	case Held:
		s.become(nowMs, ref, &r, stateSold, nowMs, opSell, log)
		return Answer{Outcome: Sold, Fence: r.fence}
	case Sold:
		a.Outcome = AlreadySold
	}
	return a
}

// Release gives back what the id holds and returns the state that it leaves: Released,
// also if it was before; Sold, Expired or Unknown. Cost: O(log n).
func (s *Stock) Release(nowMs int64, id []byte, log *Log) Answer {
	nowMs = s.now(nowMs)
	ref, r, a := s.live(nowMs, id, log)
	if a.Outcome != Held {
		return a
	}
	s.become(nowMs, ref, &r, stateReleased, nowMs, opRelease, log)
	return Answer{Outcome: Released, AtMs: nowMs}
}

// Extend lets the hold live until ms from now, but not beyond Terms.HoldMaxMs since it was
// granted, and never shortens it. It returns the state that it leaves: Held with the new
// deadline, or what Release would. Cost: O(log n).
func (s *Stock) Extend(nowMs int64, id []byte, ms int64, log *Log) (Answer, error) {
	if ms < 1 || ms > HoldMsMax {
		return Answer{}, ErrTime
	}
	nowMs = s.now(nowMs)
	ref, r, a := s.live(nowMs, id, log)
	if a.Outcome != Held {
		return a, nil
	}
	endMs := max(r.endMs, min(nowMs+ms, r.heldMs+s.terms.HoldMaxMs))
	if endMs > r.endMs {
		s.become(nowMs, ref, &r, stateHeld, endMs, opExtend, log)
	}
	a.AtMs = endMs
	return a, nil
}

// live finds what an id holds and in which state it is. That a hold was seen to be expired
// is an effect, so that no clock that went back revives it after a restart.
func (s *Stock) live(nowMs int64, id []byte, log *Log) (ref uint32, r record, a Answer) {
	ref, ok := s.find(id)
	if !ok {
		return 0, r, Answer{}
	}
	r = s.book.read(ref)
	a = r.now(nowMs)
	if a.Outcome == Expired && s.clockMs < r.endMs {
		s.tick(nowMs, log)
	}
	if a.Outcome.Refused() {
		a = Answer{}
	}
	return ref, r, a
}

// now is the state of a record at nowMs.
func (had *record) now(nowMs int64) Answer {
	switch {
	case had.state == stateRefused:
		return had.answer()
	case had.state == stateSold:
		return Answer{Outcome: Sold, Fence: had.fence}
	case had.state == stateReleased:
		return Answer{Outcome: Released, AtMs: had.endMs}
	case had.endMs <= nowMs:
		return Answer{Outcome: Expired, AtMs: had.endMs}
	}
	return Answer{Outcome: Held, Fence: had.fence, AtMs: had.endMs}
}

// become changes the state of a live hold.
func (s *Stock) become(
	nowMs int64, ref uint32, r *record, to state, endMs int64, op byte, log *Log,
) {
	s.undoMeta(log)
	s.undoEntry(r, log)
	begins := len(log.Effect)
	e := log.begin(op, nowMs)
	e.name(r.id)
	if op == opExtend {
		e.numbers(endMs)
	}
	s.clockMs = nowMs
	s.pass(nowMs)
	s.change(ref, to, endMs)
	s.finish(nowMs, log)
	if s.fault == Forgets && to == stateSold {
		log.Effect = log.Effect[:begins]
	}
}

// Tick lets what has ended by nowMs have ended for good, as an effect: no clock that goes back
// revives it after a restart. It is for whoever tells that a hold has expired. Cost: O(log n).
func (s *Stock) Tick(nowMs int64, log *Log) {
	if nowMs = s.now(nowMs); s.clockMs < nowMs {
		s.tick(nowMs, log)
	}
}

func (s *Stock) tick(nowMs int64, log *Log) {
	s.undoMeta(log)
	s.clockMs = nowMs
	log.begin(opSweep, nowMs)
	s.finish(nowMs, log)
}
