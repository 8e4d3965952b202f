// SPDX-License-Identifier: Apache-2.0

package stock

// Add puts units in, 1 … UnitsMax, also after the stock has closed: it returns Done.
func (s *Stock) Add(nowMs int64, units int64, log *Log) (Answer, error) {
	if units < 1 || units > UnitsMax {
		return Answer{}, ErrUnits
	}
	if units > UnitsMax-s.units {
		return Answer{}, ErrOverflow
	}
	s.setUnits(s.now(nowMs), s.units+units, log)
	return Answer{Outcome: Done}, nil
}

// Take takes units out that are free, also after the stock has closed: it returns Done, or
// TooFew and changes nothing.
func (s *Stock) Take(nowMs int64, units int64, log *Log) (Answer, error) {
	if units < 1 || units > UnitsMax {
		return Answer{}, ErrUnits
	}
	nowMs = s.now(nowMs)
	if free := s.free(nowMs); units > free {
		return Answer{Outcome: TooFew, Units: free}, nil
	}
	s.setUnits(nowMs, s.units-units, log)
	return Answer{Outcome: Done}, nil
}

func (s *Stock) setUnits(nowMs, units int64, log *Log) {
	s.undoMeta(log)
	s.units, s.clockMs = units, nowMs
	log.begin(opUnits, nowMs).numbers(units)
	s.finish(nowMs, log)
}

// Close ends the sale for ever: nobody may hold any more. What is held may be confirmed,
// extended and released as before. It returns Closed with the time since when.
func (s *Stock) Close(nowMs int64, log *Log) Answer {
	nowMs = s.now(nowMs)
	if _, closed := s.closedAt(nowMs); !closed {
		s.undoMeta(log)
		s.clockMs, s.closedMs = nowMs, max(nowMs, 1)
		log.begin(opClose, nowMs)
		s.finish(nowMs, log)
	}
	atMs, _ := s.closedAt(nowMs)
	return Answer{Outcome: Closed, AtMs: atMs}
}

// forgetEach is how many ended holds, and how many refusals, a change forgets at most: more
// than it can add, so that the bounds of Terms are kept or come nearer.
const forgetEach = 4

// finish ends an effect: it forgets what need not be remembered any more.
func (s *Stock) finish(nowMs int64, log *Log) {
	ended, refused := s.forget(nowMs, forgetEach, log)
	log.numbers(int64(ended), int64(refused))
	s.checkSometimes()
}

// Sweep forgets up to n ended holds and n refusals that need not be remembered any more
// (Terms), and tells whether there are more. Cost: O(n log n).
func (s *Stock) Sweep(nowMs int64, n int, log *Log) (more bool) {
	nowMs = s.now(nowMs)
	if !s.endedOver(nowMs) && !s.refusedOver(nowMs) {
		return false
	}
	s.undoMeta(log)
	s.clockMs = nowMs
	log.begin(opSweep, nowMs)
	ended, refused := s.forget(nowMs, max(n, 1), log)
	log.numbers(int64(ended), int64(refused))
	return s.endedOver(nowMs) || s.refusedOver(nowMs)
}

// forget drops up to most ended holds and refusals, the oldest first.
func (s *Stock) forget(nowMs int64, most int, log *Log) (ended, refused int) {
	for ; ended < most && s.endedOver(nowMs); ended++ {
		first := s.ends.from(0)
		s.forgetOne(first.ref(), log)
	}
	for ; refused < most && s.refusedOver(nowMs); refused++ {
		s.forgetOne(s.queue.first, log)
	}
	return ended, refused
}

func (s *Stock) forgetOne(ref uint32, log *Log) {
	if log.WantUndo {
		r := s.book.read(ref)
		s.undoEntry(&r, log)
	}
	s.drop(ref)
}

// endedOver tells whether the hold that ended first need not be remembered.
func (s *Stock) endedOver(nowMs int64) bool {
	s.pass(nowMs)
	if s.passed.count == 0 {
		return false
	}
	first := s.ends.from(0)
	return int64(s.passed.count) > s.terms.EndedMax ||
		nowMs-s.book.endMs(first.ref()) >= s.terms.EndedMs
}

// refusedOver tells whether the oldest refusal need not be remembered.
func (s *Stock) refusedOver(nowMs int64) bool {
	return s.queue.len > s.terms.RefusedMax ||
		s.queue.len > 0 && nowMs-s.book.endMs(s.queue.first) >= s.terms.RefusedMs
}
