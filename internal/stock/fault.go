// SPDX-License-Identifier: Apache-2.0

package stock

import "math"

// Fault is a mistake that a stock makes because a test has told it to: whatever is to find
// mistakes must find these. docs/proof.md says what finds which.
type Fault uint8

// Faults. The program makes none: package archtest sees to it that only tests ask for any.
const (
	NoFault     Fault = iota
	Oversells         // what is held is free for others, too
	SellsLate         // a hold is sold though its deadline has passed
	Forgets           // a sale is not told to the log
	ChangesMind       // an id that was refused is answered anew when it is asked again
	KeepsBack         // what has expired is free an hour later only
	Repeats           // from the fifth grant on, all have the same fence
	faultEnd
)

// Faults are all of them.
func Faults() (all []Fault) {
	for f := NoFault + 1; f < faultEnd; f++ {
		all = append(all, f)
	}
	return all
}

// String is its name in docs/proof.md.
func (f Fault) String() string {
	return [faultEnd]string{
		"none", "oversells", "sells-late", "forgets", "changes-mind", "keeps-back", "repeats",
	}[f]
}

// Break lets the stock make a mistake from now on.
func (s *Stock) Break(f Fault) {
	s.fault = f
	s.passed = passed{}
}

// decideBroken is decide with a fault.
func (s *Stock) decideBroken(nowMs int64, r *Request) Answer {
	fault := s.fault
	s.fault = NoFault
	a := s.decide(nowMs, r)
	s.fault = fault
	lacks := a.Outcome == AllHeld || a.Outcome == TooFew
	if fault == Oversells && lacks && r.Units <= s.Unsold() {
		a = Answer{Outcome: Held, AtMs: nowMs + s.terms.durationMs(r.ForMs)}
	}
	if a.Outcome == Held {
		a.Fence = s.nextFence()
	}
	return a
}

// repeatedFence is the last one that Repeats gives only once.
const repeatedFence = 5

// nextFence is that of the next grant.
func (s *Stock) nextFence() int64 {
	if s.fault == Repeats && s.fence >= repeatedFence {
		return s.fence
	}
	return s.fence + 1
}

// keptBackMs is by how much KeepsBack is late.
const keptBackMs = 60 * 60 * 1000

// keepBack lets s.passed be what had ended an hour before, as far as units go.
func (s *Stock) keepBack(nowMs int64) {
	_, s.passed.sum = s.ends.prefix(s.book.at(nowMs + 1 - keptBackMs))
	s.passed.untilMs = math.MinInt64
}
