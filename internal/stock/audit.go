// SPDX-License-Identifier: Apache-2.0

package stock

import (
	"fmt"
)

// Difference is a figure that a stock keeps and that its holds do not bear out.
type Difference struct {
	What          string
	Kept, Counted int64
}

// String is one line for a person.
func (d Difference) String() string {
	return fmt.Sprintf("%s: kept %d, counted %d", d.What, d.Kept, d.Counted)
}

// differencesMax bounds what an audit reports.
const differencesMax = 100

// Report is what an audit found.
type Report struct {
	Sums        Sums  // as they were counted anew
	Records     int64 // that were looked at
	Buyers      int64 // that hold or have bought something, where buyers have a limit
	Differences []Difference
	Truncated   bool // there are more differences
}

func (r *Report) compare(what string, kept, counted int64) {
	switch {
	case kept == counted:
	case len(r.Differences) == differencesMax:
		r.Truncated = true
	default:
		r.Differences = append(r.Differences, Difference{what, kept, counted})
	}
}

// Audit counts everything anew from the holds and compares. It looks at every record, so
// it takes about as long as all of them took to be made.
func (s *Stock) Audit(nowMs int64) Report {
	nowMs = s.now(nowMs)
	r := Report{}
	fence := int64(0)
	inEnds, inBuyers := 0, 0
	count := func(ref uint32) {
		h := s.hold(ref, nowMs)
		r.count(&h)
		fence = max(fence, h.Fence)
		if h.State != Sold && !h.State.Refused() {
			inEnds++
		}
		if h.State != Released && !h.State.Refused() && s.terms.PerBuyer > 0 {
			inBuyers++
		}
		if found, ok := s.find(h.ID); !ok || found != ref {
			r.compare("index entry of "+string(h.ID), int64(found), int64(ref))
		}
	}
	for cursor := s.index.Scan(0, count); cursor != 0; {
		cursor = s.index.Scan(cursor, count)
	}
	kept, counted := s.Sums(nowMs), &r.Sums
	counted.Units, counted.Free = kept.Units, kept.Units-counted.Held-counted.Sold
	r.compare("free units", kept.Free, counted.Free)
	r.compare("held units", kept.Held, counted.Held)
	r.compare("sold units", kept.Sold, counted.Sold)
	r.compare("held holds", kept.HeldHolds, counted.HeldHolds)
	r.compare("sold holds", kept.SoldHolds, counted.SoldHolds)
	r.compare("expired holds", kept.ExpiredHolds, counted.ExpiredHolds)
	r.compare("released holds", kept.ReleasedHolds, counted.ReleasedHolds)
	r.compare("refusals", kept.Refusals, counted.Refusals)
	r.compare("holds by end", int64(s.ends.len), int64(inEnds))
	r.compare("holds by buyer", int64(s.buyers.len), int64(inBuyers))
	if counted.Free < 0 {
		r.compare("units that are there", counted.Units, counted.Held+counted.Sold)
	}
	if fence > s.fence {
		r.compare("latest fence", s.fence, fence)
	}
	counted.Fence, counted.ClosedMs = kept.Fence, kept.ClosedMs
	counted.OpenedMs, counted.ChangedMs = kept.OpenedMs, kept.ChangedMs
	s.auditBuyers(nowMs, &r)
	return r
}

// count counts one record.
func (r *Report) count(h *Hold) {
	r.Records++
	sums := &r.Sums
	switch h.State {
	case Held:
		sums.Held += h.Units
		sums.HeldHolds++
		if sums.NextDeadlineMs == 0 || h.EndMs < sums.NextDeadlineMs {
			sums.NextDeadlineMs = h.EndMs
		}
	case Sold:
		sums.Sold += h.Units
		sums.SoldHolds++
	case Expired:
		sums.ExpiredHolds++
	case Released:
		sums.ReleasedHolds++
	default:
		sums.Refusals++
	}
}

// auditBuyers compares what each buyer has with what the tree says of that.
func (s *Stock) auditBuyers(nowMs int64, r *Report) {
	next, _ := s.NextDeadline(nowMs)
	r.compare("next deadline", next, r.Sums.NextDeadlineMs)
	s.eachBuyer(nowMs, func(buyer []byte, kept, units int64) {
		if units > 0 {
			r.Buyers++
		}
		if kept != units {
			r.compare("units of buyer "+string(buyer), kept, units)
		}
		if units > s.terms.PerBuyer {
			r.compare("limit of buyer "+string(buyer), s.terms.PerBuyer, units)
		}
	})
}

// eachBuyer visits all buyers, with what the sums of the tree say of them and what their
// holds say, both at nowMs.
func (s *Stock) eachBuyer(nowMs int64, visit func(buyer []byte, kept, units int64)) {
	for c := s.buyers.from(0); c.valid(); {
		buyer, units := s.book.buyer(c.ref()), int64(0)
		first := s.book.atBuyer(buyer, nowMs+1)
		last := first
		last.endMs = endForever + 1
		for c.valid() && string(s.book.buyer(c.ref())) == string(buyer) {
			if s.buyers.endIn(c.ref()) > nowMs {
				units += int64(s.book.units(c.ref()))
			}
			c.next()
		}
		_, before := s.buyers.prefix(first)
		_, all := s.buyers.prefix(last)
		visit(buyer, int64(all-before), units)
	}
}
