// SPDX-License-Identifier: Apache-2.0

package stock

// Find gives what is remembered of an id. Cost: O(1).
func (s *Stock) Find(nowMs int64, id []byte) (h Hold, ok bool) {
	ref, ok := s.find(id)
	if !ok {
		return Hold{}, false
	}
	return s.hold(ref, s.now(nowMs)), true
}

// hold is a record as others see it.
func (s *Stock) hold(ref uint32, nowMs int64) Hold {
	r := s.book.read(ref)
	return Hold{
		ID: r.id, Buyer: r.buyer, State: r.now(nowMs).Outcome, Units: r.units, Fence: r.fence,
		HeldMs: r.heldMs, ForMs: r.forMs, EndMs: r.endMs, Answer: r.answer(),
	}
}

// Scan visits a few holds and refusals and returns the cursor for the next call. The first
// call takes 0, and 0 is returned when all is done. What is remembered all the time is
// visited, whatever happens between the calls; seldom it is visited twice. A cursor means
// something to this stock only, until the next restart. visit must not change the stock.
func (s *Stock) Scan(nowMs int64, cursor uint64, visit func(Hold)) (next uint64) {
	nowMs = s.now(nowMs)
	return s.index.Scan(cursor, func(ref uint32) { visit(s.hold(ref, nowMs)) })
}

// NextDeadline is when the next hold ends that lives at nowMs; ok is false if none does.
// Cost: O(log n).
func (s *Stock) NextDeadline(nowMs int64) (atMs int64, ok bool) {
	s.pass(s.now(nowMs))
	first := s.ends.from(s.passed.count)
	if !first.valid() {
		return 0, false
	}
	return s.book.endMs(first.ref()), true
}

// Unsold is how many units are free or held: nobody can hold more unless some are added.
func (s *Stock) Unsold() int64 { return s.units - s.sold }

// Used is how many units a buyer holds or has bought; 0 where buyers have no limit. Cost:
// O(log n).
func (s *Stock) Used(nowMs int64, buyer []byte) int64 {
	if s.terms.PerBuyer == 0 || !validName(buyer) {
		return 0
	}
	return s.used(buyer, s.now(nowMs))
}

// Sums are the figures at nowMs. Cost: O(log n).
func (s *Stock) Sums(nowMs int64) Sums {
	nowMs = s.now(nowMs)
	held := s.held(nowMs)
	closedMs, _ := s.closedAt(nowMs)
	next, _ := s.NextDeadline(nowMs)
	return Sums{
		Units: s.units, Free: s.units - s.sold - held, Held: held, Sold: s.sold,
		HeldHolds: int64(s.ends.len - s.passed.count), SoldHolds: s.soldHolds,
		ExpiredHolds: int64(s.passed.count) - s.released, ReleasedHolds: s.released,
		Refusals: s.queue.len, Fence: s.fence, ClosedMs: closedMs, NextDeadlineMs: next,
		OpenedMs: s.book.openedMs, ChangedMs: s.clockMs,
	}
}

// Place is a place among the holds by their end: one that was visited by Expired.
type Place struct {
	EndMs, Fence int64
}

// Expired visits, in the order in which they ended, up to n holds that have expired by
// nowMs and stand behind after, and returns the place of the last one. It is how events
// are told: by a place that package keyspace keeps. Cost: O(n + log len), and as much for each
// released hold on the way. visit must not change the stock.
func (s *Stock) Expired(nowMs int64, after Place, n int, visit func(Hold)) (last Place) {
	nowMs = s.now(nowMs)
	p := s.book.at(after.EndMs)
	p.fence, p.ref = after.Fence, 1<<32-1
	last = after
	for c := s.ends.seek(p); n > 0 && c.valid(); c.next() {
		h := s.hold(c.ref(), nowMs)
		if h.EndMs > nowMs {
			break
		}
		last = Place{EndMs: h.EndMs, Fence: h.Fence}
		if h.State == Expired {
			visit(h)
			n--
		}
	}
	return last
}
