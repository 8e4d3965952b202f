// SPDX-License-Identifier: Apache-2.0

package stock_test

import (
	"cmp"
	"slices"

	"stampede/internal/stock"
)

// ledger is the slow twin of a stock: a map of what was asked for and what became of it,
// with every figure counted from it each time. It shares the names of outcomes with the
// stock and nothing else.
type ledger struct {
	terms    stock.Terms // complete
	units    int64
	fence    int64
	openedMs int64
	clockMs  int64
	closedMs int64
	lines    map[string]*line
	arrivals int // of refusals
}

type line struct {
	id, buyer     string
	units, fence  int64
	heldMs, forMs int64
	endMs         int64         // deadline, release, sale, refusal
	fate          stock.Outcome // Held, Sold, Released or a refusal
	answer        stock.Answer
	arrival       int
}

func newLedger(units int64, terms stock.Terms, nowMs int64) *ledger {
	return &ledger{
		terms: terms, units: units, openedMs: nowMs, clockMs: nowMs, lines: map[string]*line{},
	}
}

func (l *ledger) clone() *ledger {
	c := *l
	c.lines = map[string]*line{}
	for id, one := range l.lines {
		copied := *one
		c.lines[id] = &copied
	}
	return &c
}

func (l *ledger) state(one *line, nowMs int64) stock.Outcome {
	if one.fate == stock.Held && nowMs >= one.endMs {
		return stock.Expired
	}
	return one.fate
}

// sum counts the units of the lines in a state; of a buyer, if one is given.
func (l *ledger) sum(nowMs int64, state stock.Outcome, buyer string) (units, lines int64) {
	for _, one := range l.lines {
		if l.state(one, nowMs) == state && (buyer == "" || buyer == one.buyer) {
			units += one.units
			lines++
		}
	}
	return units, lines
}

func (l *ledger) used(nowMs int64, buyer string) int64 {
	held, _ := l.sum(nowMs, stock.Held, buyer)
	sold, _ := l.sum(nowMs, stock.Sold, buyer)
	return held + sold
}

func (l *ledger) nextDeadline(nowMs int64) (next int64) {
	for _, one := range l.lines {
		if l.state(one, nowMs) == stock.Held && (next == 0 || one.endMs < next) {
			next = one.endMs
		}
	}
	return next
}

func (l *ledger) closedAt(nowMs int64) int64 {
	at := l.closedMs
	if until := l.terms.UntilMs; until > 0 && nowMs >= until && (at == 0 || until < at) {
		at = until
	}
	return at
}

func (l *ledger) sums(nowMs int64) stock.Sums {
	nowMs = max(nowMs, l.clockMs)
	s := stock.Sums{
		Units: l.units, Fence: l.fence, ClosedMs: l.closedAt(nowMs),
		NextDeadlineMs: l.nextDeadline(nowMs), OpenedMs: l.openedMs, ChangedMs: l.clockMs,
	}
	s.Held, s.HeldHolds = l.sum(nowMs, stock.Held, "")
	s.Sold, s.SoldHolds = l.sum(nowMs, stock.Sold, "")
	_, s.ExpiredHolds = l.sum(nowMs, stock.Expired, "")
	_, s.ReleasedHolds = l.sum(nowMs, stock.Released, "")
	s.Refusals = int64(len(l.lines)) - s.HeldHolds - s.SoldHolds - s.ExpiredHolds - s.ReleasedHolds
	s.Free = s.Units - s.Held - s.Sold
	return s
}

func (l *ledger) duration(forMs int64) int64 {
	if forMs == 0 {
		return l.terms.HoldMs
	}
	return min(forMs, l.terms.HoldMaxMs)
}

func (l *ledger) hold(nowMs int64, r stock.Request) (stock.Answer, error) {
	nowMs = max(nowMs, l.clockMs)
	if had := l.lines[string(r.ID)]; had != nil {
		if had.buyer != string(r.Buyer) || had.units != r.Units || had.forMs != l.duration(r.ForMs) {
			return stock.Answer{}, stock.ErrOther
		}
		return had.answer, nil
	}
	one := &line{
		id: string(r.ID), buyer: string(r.Buyer), units: r.Units, heldMs: nowMs,
		forMs: l.duration(r.ForMs), endMs: nowMs, answer: l.decide(nowMs, r),
	}
	one.fate = one.answer.Outcome
	if one.fate == stock.Held {
		l.fence++
		one.fence, one.endMs = l.fence, one.answer.AtMs
	} else {
		l.arrivals++
		one.arrival = l.arrivals
	}
	l.lines[one.id] = one
	l.changed(nowMs)
	return one.answer, nil
}

func (l *ledger) decide(nowMs int64, r stock.Request) stock.Answer {
	held, _ := l.sum(nowMs, stock.Held, "")
	sold, _ := l.sum(nowMs, stock.Sold, "")
	free := l.units - held - sold
	left := l.terms.PerBuyer - l.used(nowMs, string(r.Buyer))
	switch {
	case l.closedAt(nowMs) > 0:
		return stock.Answer{Outcome: stock.Closed, AtMs: l.closedAt(nowMs)}
	case nowMs < l.terms.FromMs:
		return stock.Answer{Outcome: stock.NotOpen, AtMs: l.terms.FromMs}
	case l.terms.PerBuyer > 0 && r.Units > left:
		return stock.Answer{Outcome: stock.OverLimit, Units: left}
	case r.Units <= free:
		deadline := nowMs + l.duration(r.ForMs)
		return stock.Answer{Outcome: stock.Held, Fence: l.fence + 1, AtMs: deadline}
	case free > 0:
		return stock.Answer{Outcome: stock.TooFew, Units: free}
	case held > 0:
		return stock.Answer{Outcome: stock.AllHeld, AtMs: l.nextDeadline(nowMs)}
	}
	return stock.Answer{Outcome: stock.SoldOut}
}

// touch finds a line that lives. Where it has expired, that is remembered.
func (l *ledger) touch(nowMs int64, id string) (*line, stock.Answer) {
	one := l.lines[id]
	if one == nil || one.fate.Refused() {
		return nil, stock.Answer{}
	}
	switch l.state(one, nowMs) {
	case stock.Sold:
		return nil, stock.Answer{Outcome: stock.Sold, Fence: one.fence}
	case stock.Released:
		return nil, stock.Answer{Outcome: stock.Released, AtMs: one.endMs}
	case stock.Expired:
		answer := stock.Answer{Outcome: stock.Expired, AtMs: one.endMs}
		if l.clockMs < one.endMs {
			l.changed(nowMs)
		}
		return nil, answer
	}
	return one, stock.Answer{Outcome: stock.Held, Fence: one.fence, AtMs: one.endMs}
}

func (l *ledger) confirm(nowMs int64, id string) stock.Answer {
	nowMs = max(nowMs, l.clockMs)
	one, answer := l.touch(nowMs, id)
	if one == nil {
		if answer.Outcome == stock.Sold {
			answer.Outcome = stock.AlreadySold
		}
		return answer
	}
	one.fate, one.endMs = stock.Sold, nowMs
	l.changed(nowMs)
	return stock.Answer{Outcome: stock.Sold, Fence: one.fence}
}

func (l *ledger) release(nowMs int64, id string) stock.Answer {
	nowMs = max(nowMs, l.clockMs)
	one, answer := l.touch(nowMs, id)
	if one == nil {
		return answer
	}
	one.fate, one.endMs = stock.Released, nowMs
	l.changed(nowMs)
	return stock.Answer{Outcome: stock.Released, AtMs: nowMs}
}

func (l *ledger) extend(nowMs int64, id string, ms int64) stock.Answer {
	nowMs = max(nowMs, l.clockMs)
	one, answer := l.touch(nowMs, id)
	if one == nil {
		return answer
	}
	if end := min(nowMs+ms, one.heldMs+l.terms.HoldMaxMs); end > one.endMs {
		one.endMs = end
		answer.AtMs = end
		l.changed(nowMs)
	}
	return answer
}

func (l *ledger) add(nowMs, units int64) stock.Answer {
	l.units += units
	l.changed(max(nowMs, l.clockMs))
	return stock.Answer{Outcome: stock.Done}
}

func (l *ledger) take(nowMs, units int64) stock.Answer {
	nowMs = max(nowMs, l.clockMs)
	if free := l.sums(nowMs).Free; units > free {
		return stock.Answer{Outcome: stock.TooFew, Units: free}
	}
	l.units -= units
	l.changed(nowMs)
	return stock.Answer{Outcome: stock.Done}
}

func (l *ledger) close(nowMs int64) stock.Answer {
	nowMs = max(nowMs, l.clockMs)
	if l.closedAt(nowMs) == 0 {
		l.closedMs = nowMs
		l.changed(nowMs)
	}
	return stock.Answer{Outcome: stock.Closed, AtMs: l.closedAt(nowMs)}
}

// changed ends a change: four ended lines and four refusals may be forgotten.
func (l *ledger) changed(nowMs int64) {
	l.clockMs = nowMs
	l.forget(nowMs, 4)
}

func (l *ledger) sweep(nowMs int64, n int) {
	nowMs = max(nowMs, l.clockMs)
	if l.forget(nowMs, n) > 0 {
		l.clockMs = nowMs
	}
}

func (l *ledger) forget(nowMs int64, most int) (forgotten int) {
	ended, refused := l.ended(nowMs), l.refused()
	over := func(lines []*line, max, ms int64) {
		for i := 0; i < most && i < len(lines); i++ {
			if int64(len(lines)-i) > max || nowMs-lines[i].endMs >= ms {
				delete(l.lines, lines[i].id)
				forgotten++
			}
		}
	}
	over(ended, l.terms.EndedMax, l.terms.EndedMs)
	over(refused, l.terms.RefusedMax, l.terms.RefusedMs)
	return forgotten
}

// ended are the lines that expired or were released, the first to end first.
func (l *ledger) ended(nowMs int64) (lines []*line) {
	for _, one := range l.lines {
		if s := l.state(one, nowMs); s == stock.Expired || s == stock.Released {
			lines = append(lines, one)
		}
	}
	slices.SortFunc(lines, func(a, b *line) int {
		return cmp.Or(cmp.Compare(a.endMs, b.endMs), cmp.Compare(a.fence, b.fence))
	})
	return lines
}

func (l *ledger) refused() (lines []*line) {
	for _, one := range l.lines {
		if one.fate.Refused() {
			lines = append(lines, one)
		}
	}
	slices.SortFunc(lines, func(a, b *line) int { return cmp.Compare(a.arrival, b.arrival) })
	return lines
}
