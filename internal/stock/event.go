// SPDX-License-Identifier: Apache-2.0

package stock

import "iter"

// Happening is a kind of [Event].
type Happening uint8

// Kinds of events, with the fields that each has beside What. AtMs is when it happened.
const (
	HoldGranted  Happening = iota + 1 // AtMs ID Buyer Units Fence HeldMs ForMs EndMs State
	HoldRefused                       // AtMs ID Buyer Units State
	HoldSold                          // AtMs ID
	HoldReleased                      // AtMs ID
	HoldExtended                      // AtMs ID EndMs
	UnitsChanged                      // AtMs Units: what there are now
	SaleClosed                        // AtMs
	TimePassed                        // AtMs: what ends by then has ended
	SumsRestored                      // AtMs Units Fence ClosedMs: something was taken back
	IDForgotten                       // ID: likewise; it is as if it had never been
	IDRestored                        // ID and all of a hold or refusal: it is so again
)

// Event is one thing that happened to a stock, as its effects tell it. That a hold expired
// is never told: it has once AtMs of any later event is not before its EndMs.
type Event struct {
	What      Happening
	AtMs      int64  // unix milliseconds, in ascending order but where time is taken back
	ID, Buyer []byte // views into the effects
	Units     int64
	Fence     int64
	HeldMs    int64   // when it was granted
	ForMs     int64   // for how long, extensions apart
	EndMs     int64   // the deadline; of a restored hold, when it was sold or released
	ClosedMs  int64   // 0: open
	State     Outcome // Held, Sold, Released or a refusal
}

// Events reads effects, as [Stock.Apply] takes them, without a stock: whether they fit one is
// not asked. Bytes that are no effects end it with [ErrFormat].
func Events(effects []byte) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for r := (reader{rest: effects}); len(r.rest) > 0; {
			e, ok := readEvent(&r)
			if !ok {
				yield(Event{}, ErrFormat)
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

func readEvent(r *reader) (e Event, ok bool) {
	op := r.byte()
	switch op {
	case opMeta:
		e = Event{What: SumsRestored, AtMs: r.number(TimeMsMax), Fence: r.number(fenceMax)}
		e.Units, e.ClosedMs = r.number(UnitsMax), r.number(TimeMsMax)
		return e, r.ok()
	case opDrop:
		e = Event{What: IDForgotten, ID: r.name()}
		return e, r.ok()
	case opEntry:
		had := r.entry()
		return eventOf(IDRestored, &had), r.ok() && had.state < stateEnd
	}
	read, ok := readEffect(op, r)
	if !ok {
		return e, false
	}
	kinds := [...]Happening{
		opGrant: HoldGranted, opRefuse: HoldRefused, opSell: HoldSold, opRelease: HoldReleased,
		opExtend: HoldExtended, opUnits: UnitsChanged, opClose: SaleClosed, opSweep: TimePassed,
	}
	e = eventOf(kinds[op], &read.record)
	e.AtMs = read.nowMs
	if op == opUnits {
		e.Units = read.units
	}
	return e, true
}

// eventOf is an event with what a record says.
func eventOf(what Happening, r *record) Event {
	e := Event{
		What: what, AtMs: r.endMs, ID: r.id, Buyer: r.buyer, Units: r.units, Fence: r.fence,
		HeldMs: r.heldMs, ForMs: r.forMs, EndMs: r.endMs,
	}
	switch r.state {
	case stateHeld:
		e.State = Held
	case stateSold:
		e.State = Sold
	case stateReleased:
		e.State = Released
	case stateRefused:
		e.State = r.outcome
	}
	return e
}

// A stock can also come as a whole: a value [WholeBegins] and the header, values [WholeGrows]
// and a piece of entries each, and a value [WholeEnds]. No effect begins with these bytes.
const (
	WholeBegins byte = 0x80
	WholeGrows  byte = 0x81
	WholeEnds   byte = 0x82
)

// Header is what a stock is apart from its holds: the beginning of a whole state.
type Header struct {
	OpenedMs, ChangedMs int64 // unix milliseconds
	ClosedMs            int64 // 0: open
	Fence               int64 // the latest
	Units               int64
	Terms               Terms
	Records             int64 // holds and refusals that follow
	Refusals            int64 // among them
	Sold                int64 // units
}

// ReadHeader reads what [Stock.AppendHeader] wrote; anything else is [ErrFormat].
func ReadHeader(header []byte) (h Header, err error) {
	r := reader{rest: header}
	if r.byte() != formatVersion {
		return h, ErrFormat
	}
	h.OpenedMs, h.ChangedMs = r.number(TimeMsMax), r.number(TimeMsMax)
	h.ClosedMs = r.number(TimeMsMax)
	h.Fence, h.Units = r.number(fenceMax), r.number(UnitsMax)
	t := &h.Terms
	for _, number := range []*int64{
		&t.PerBuyer, &t.HoldMs, &t.HoldMaxMs, &t.FromMs, &t.UntilMs, &t.EndedMax, &t.EndedMs,
		&t.RefusedMax, &t.RefusedMs, &h.Records, &h.Refusals, &h.Sold,
	} {
		*number = r.number(numberMax)
	}
	if !r.ok() || len(r.rest) > 0 || h.ChangedMs < h.OpenedMs {
		return Header{}, ErrFormat
	}
	return h, nil
}

// Entries reads a piece that [Stock.AppendEntries] wrote: each entry is an event
// [IDRestored]. Bytes that are none end it with [ErrFormat].
func Entries(piece []byte) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for r := (reader{rest: piece}); len(r.rest) > 0; {
			had := r.entry()
			if !r.ok() || had.state >= stateEnd {
				yield(Event{}, ErrFormat)
				return
			}
			if !yield(eventOf(IDRestored, &had), nil) {
				return
			}
		}
	}
}
