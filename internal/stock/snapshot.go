// SPDX-License-Identifier: Apache-2.0

package stock

import (
	"hash/maphash"

	"stampede/internal/container/arena"
)

// formatVersion is the first byte of a header.
const formatVersion = 1

// AppendHeader appends what a stock is apart from its records. With the pieces of
// AppendEntries it is the whole state: docs/formats/stock.md.
func (s *Stock) AppendHeader(dst []byte) []byte {
	t := &s.terms
	dst = append(dst, formatVersion)
	dst = appendNumbers(dst, s.book.openedMs, s.clockMs, s.closedMs, s.fence, s.units)
	dst = appendNumbers(dst, t.PerBuyer, t.HoldMs, t.HoldMaxMs, t.FromMs, t.UntilMs)
	dst = appendNumbers(dst, t.EndedMax, t.EndedMs, t.RefusedMax, t.RefusedMs)
	return appendNumbers(dst, int64(s.index.Len()), s.queue.len, s.sold)
}

// Cursor is how far AppendEntries has come. The zero Cursor begins. It is valid until the
// next change of the stock.
type Cursor struct {
	stage stage
	at    uint64 // a rank, a cursor of the index, or a reference
}

type stage uint8

const (
	endsStage stage = iota
	soldStage
	refusedStage
	doneStage
)

// Done tells whether there is nothing behind the cursor.
func (c Cursor) Done() bool { return c.stage == doneStage }

// AppendEntries appends about n entries, those from the cursor on, and returns the cursor
// for the next piece. A piece may be empty.
func (s *Stock) AppendEntries(dst []byte, at Cursor, n int) ([]byte, Cursor) {
	at = s.visit(at, n, func(r *record) { dst = appendEntry(dst, r) })
	return dst, at
}

// visit visits about n records from the cursor on.
func (s *Stock) visit(at Cursor, n int, visit func(r *record)) Cursor {
	see := func(ref uint32) {
		r := s.book.read(ref)
		visit(&r)
	}
	for n > 0 && at.stage != doneStage {
		end := false
		switch at.stage {
		case endsStage:
			c := s.ends.from(int(at.at))
			for ; n > 0 && c.valid(); n-- {
				see(c.ref())
				at.at++
				c.next()
			}
			end = !c.valid()
		case soldStage:
			at.at = s.index.Scan(at.at, func(ref uint32) {
				if s.book.state(ref) == stateSold {
					see(ref)
				}
				n--
			})
			end = at.at == 0
		case refusedStage:
			ref := uint32(at.at)
			if ref == 0 {
				ref = s.queue.first
			}
			for ; n > 0 && ref != 0; n-- {
				see(ref)
				ref = s.queue.next(ref)
			}
			at.at, end = uint64(ref), ref == 0
		}
		if end {
			at = Cursor{stage: at.stage + 1}
		}
	}
	return at
}

// Loader makes a stock of a header and pieces. What no stock has written is ErrFormat, and
// all memory is given back.
type Loader struct {
	stock    *Stock
	records  int64
	refusals int64
	sold     int64
}

// NewLoader reads a header.
func NewLoader(a *arena.Arena, seed maphash.Seed, header []byte) (*Loader, error) {
	r := reader{rest: header}
	if r.byte() != formatVersion {
		return nil, ErrFormat
	}
	openedMs, clockMs, closedMs := r.number(TimeMsMax), r.number(TimeMsMax), r.number(TimeMsMax)
	fence, units := r.number(fenceMax), r.number(UnitsMax)
	number := func() int64 { return r.number(numberMax) }
	t := Terms{
		PerBuyer: number(), HoldMs: number(), HoldMaxMs: number(), FromMs: number(),
		UntilMs: number(), EndedMax: number(), EndedMs: number(), RefusedMax: number(),
		RefusedMs: number(),
	}
	l := &Loader{records: number(), refusals: number(), sold: number()}
	if !r.ok() || len(r.rest) > 0 || clockMs < openedMs || t.HoldMs == 0 || t.HoldMaxMs == 0 ||
		t.EndedMax == 0 || t.EndedMs == 0 || t.RefusedMax == 0 || t.RefusedMs == 0 {
		return nil, ErrFormat
	}
	s, err := New(a, seed, units, t, fence, openedMs)
	if err != nil {
		return nil, ErrFormat
	}
	s.clockMs, s.closedMs = clockMs, closedMs
	l.stock = s
	return l, nil
}

// Add takes a piece: whole entries, in the order in which they were written.
func (l *Loader) Add(piece []byte) error {
	if l.stock == nil {
		return ErrFormat
	}
	s, r := l.stock, reader{rest: piece}
	for len(r.rest) > 0 {
		e := r.entry()
		_, known := s.find(e.id)
		if !r.ok() || known || !s.fitsPast(&e) || int64(s.Len()) == l.records {
			l.Drop()
			return ErrFormat
		}
		s.add(&e, false)
	}
	return nil
}

// Done returns the stock once all pieces have been added. The Loader is empty afterwards.
func (l *Loader) Done() (*Stock, error) {
	s := l.stock
	if s == nil || int64(s.Len()) != l.records || s.queue.len != l.refusals ||
		s.sold != l.sold || !s.fencesDiffer() {
		l.Drop()
		return nil, ErrFormat
	}
	l.stock = nil
	return s, nil
}

// Drop gives all memory back, if Done has not given the stock away.
func (l *Loader) Drop() {
	if l.stock != nil {
		for !l.stock.FreeStep(1 << 16) {
		}
		l.stock = nil
	}
}

// fencesDiffer tells whether no two holds that end together have one fence.
func (s *Stock) fencesDiffer() bool {
	last := Place{}
	for c := s.ends.from(0); c.valid(); c.next() {
		at := Place{EndMs: s.book.endMs(c.ref()), Fence: s.book.fenceOf(c.ref())}
		if at == last {
			return false
		}
		last = at
	}
	return true
}
