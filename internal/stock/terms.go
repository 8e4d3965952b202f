// SPDX-License-Identifier: Apache-2.0

package stock

import "errors"

// What is wrong with a call. None of these changes anything or is remembered.
var (
	ErrName     = errors.New("an id or a buyer has 1 to 64 bytes")
	ErrUnits    = errors.New("units are a number from 1 to 2^53-1")
	ErrTime     = errors.New("a time or a duration is out of range")
	ErrTerms    = errors.New("the terms of a stock contradict each other")
	ErrOther    = errors.New("this id was used with other arguments")
	ErrOverflow = errors.New("a stock has at most 2^53-1 units")
	ErrAnswer   = errors.New("only a refusal can be remembered as one")
	// ErrFormat is what Apply, Undo and Loader say of bytes that no stock has written, or
	// not this one in this state.
	ErrFormat = errors.New("stock: the bytes do not fit")
)

// Defaults of Terms.
const (
	defaultHoldMs     = 10 * 60 * 1000
	defaultHoldMaxMs  = 60 * 60 * 1000
	defaultEndedMax   = 1 << 18
	defaultEndedMs    = dayMs
	defaultRefusedMax = 1 << 17
	defaultRefusedMs  = 10 * 60 * 1000
	rememberedMax     = 1 << 30 // of EndedMax and RefusedMax
)

// Complete fills in the defaults and says what is wrong.
func (t *Terms) Complete() error {
	fill := func(field *int64, value int64) {
		if *field == 0 {
			*field = value
		}
	}
	fill(&t.HoldMs, min(defaultHoldMs, orElse(t.HoldMaxMs, defaultHoldMs)))
	fill(&t.HoldMaxMs, max(defaultHoldMaxMs, t.HoldMs))
	fill(&t.EndedMax, defaultEndedMax)
	fill(&t.EndedMs, defaultEndedMs)
	fill(&t.RefusedMax, defaultRefusedMax)
	fill(&t.RefusedMs, defaultRefusedMs)
	within := func(value, least, most int64) bool { return value >= least && value <= most }
	switch {
	case !within(t.PerBuyer, 0, UnitsMax):
		return ErrUnits
	case !within(t.HoldMs, 1, HoldMsMax), !within(t.HoldMaxMs, 1, HoldMsMax),
		!within(t.FromMs, 0, TimeMsMax), !within(t.UntilMs, 0, TimeMsMax),
		!within(t.EndedMs, 1, TimeMsMax), !within(t.RefusedMs, 1, TimeMsMax):
		return ErrTime
	case !within(t.EndedMax, 1, rememberedMax), !within(t.RefusedMax, 1, rememberedMax):
		return ErrTerms
	case t.HoldMs > t.HoldMaxMs, t.UntilMs > 0 && t.FromMs >= t.UntilMs:
		return ErrTerms
	}
	return nil
}

func orElse(value, otherwise int64) int64 {
	if value == 0 {
		return otherwise
	}
	return value
}

// durationMs is how long a hold is granted for that asks for forMs.
func (t *Terms) durationMs(forMs int64) int64 {
	if forMs == 0 {
		return t.HoldMs
	}
	return min(forMs, t.HoldMaxMs)
}

// closedAt tells whether nobody may hold any more, and since when.
func (s *Stock) closedAt(nowMs int64) (atMs int64, closed bool) {
	byTime := s.terms.UntilMs > 0 && nowMs >= s.terms.UntilMs
	switch {
	case s.closedMs > 0 && byTime:
		return min(s.closedMs, s.terms.UntilMs), true
	case byTime:
		return s.terms.UntilMs, true
	}
	return s.closedMs, s.closedMs > 0
}
