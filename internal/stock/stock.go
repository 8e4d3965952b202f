// SPDX-License-Identifier: Apache-2.0

// Package stock is the rules of selling: units of one product at one place, put in once,
// held for buyers, sold or given back. At every moment
//
//	units = free + held + sold
//
// A [Stock] is a pure state machine. The time comes in with each call, what a call changed
// goes out as an effect (a few bytes in a [Log]), and [Stock.Apply] of the same effects in
// the same order gives the same state: journal, replicas and simulator run this code. What
// is where and why is in docs/decisions/0011-stock.md; the bytes are in docs/formats/stock.md.
//
// # Time
//
// A hold lives while now is before its deadline and counts as expired from that very
// millisecond on. Nothing has to happen for that: a hold stands in a tree at the time at
// which it ends, and what is held now is the sum of the units behind now. So a million
// holds that end at once cost one search. A call whose time is before that of a change
// that the stock has seen is taken to come at the time of that change.
//
// # What is remembered
//
// An id names one attempt. Asked again, it is answered as the first time, whatever has
// become of it since; with other arguments it is an error. Sold holds are remembered for
// ever, other ended holds and refusals at least within the bounds of [Terms]: forgetting is
// an effect, too, so that it happens everywhere alike.
//
// # Memory
//
// Everything that grows lies in the shard's arena: a block for each hold, found by id
// through a table, by its end through a tree and, where buyers have a limit, by its buyer
// through another one.
//
// # Ownership
//
// A Stock belongs to one shard and is used by its owner only: no locks, no clock. Views in
// a [Hold] are valid until the next change of the stock.
//
// # What is not here
//
// Who waits for units (package engine; [Stock.Check] and [Stock.NextDeadline] are what it
// needs), baskets over several stocks (they check all, then hold all), keys and replies.
package stock

import (
	"hash/maphash"
	"unsafe"

	"stampede/internal/container/arena"
	"stampede/internal/container/table"
)

// Limits of arguments.
const (
	NameBytesMax = 64          // of an id and of a buyer; none may be empty
	UnitsMax     = 1<<53 - 1   // of a stock, and of a hold
	TimeMsMax    = 1<<47 - 1   // of any time in unix milliseconds
	HoldMsMax    = 366 * dayMs // of a hold from its beginning
	dayMs        = 24 * 60 * 60 * 1000
	fenceMax     = 1 << 62 // that anything read may say
)

// Terms are the rules of one stock. They do not change while it lives. New fills in what
// is zero.
type Terms struct {
	PerBuyer  int64 // units that a buyer may hold and have bought together; 0: no limit
	HoldMs    int64 // how long a hold lives that does not say; 0: 10 minutes
	HoldMaxMs int64 // how long a hold may live with all extensions; 0: 1 hour, or HoldMs
	FromMs    int64 // nobody may hold before this time; 0: at once
	UntilMs   int64 // nobody may hold from this time on; 0: for ever

	// A hold that was released or has expired is remembered until EndedMs have passed
	// since, or EndedMax others have ended after it; refusals likewise. Memory is freed
	// with the changes that follow, a few at a time, and by Sweep.
	EndedMax   int64 // 0: 262144
	EndedMs    int64 // 0: 24 hours
	RefusedMax int64 // 0: 131072
	RefusedMs  int64 // 0: 10 minutes
}

// Request asks for units. The same request is one with the same ID, Buyer, Units and
// duration of the hold, whether that was said or is the stock's own.
type Request struct {
	ID    []byte // names the attempt
	Buyer []byte // whose limit counts
	Units int64  // 1 … UnitsMax
	ForMs int64  // how long to hold; 0: Terms.HoldMs; more than HoldMaxMs counts as that
}

// Outcome says what an answer is about, or in which state a hold is. The numbers are on
// disks: they never change.
type Outcome uint8

// Outcomes. Those from SoldOut to Elsewhere are refusals.
const (
	Unknown     Outcome = 0  // no hold of this id is known
	Held        Outcome = 1  // Fence, AtMs: the deadline
	Sold        Outcome = 2  // Fence
	AlreadySold Outcome = 3  // Fence: it was confirmed before
	Expired     Outcome = 4  // AtMs: when
	Released    Outcome = 5  // AtMs: when
	SoldOut     Outcome = 6  // nothing is free or held
	AllHeld     Outcome = 7  // nothing is free; AtMs: the next deadline
	TooFew      Outcome = 8  // Units: how many are free
	OverLimit   Outcome = 9  // Units: how many the buyer may still hold
	NotOpen     Outcome = 10 // AtMs: when it opens
	Closed      Outcome = 11 // AtMs: when it closed
	Elsewhere   Outcome = 12 // another product of the same basket was refused
	Done        Outcome = 13 // units were added or taken
	outcomeEnd  Outcome = 14
)

// String is the word of the protocol.
func (o Outcome) String() string {
	return [outcomeEnd]string{
		"UNKNOWN", "HELD", "SOLD", "ALREADY SOLD", "EXPIRED", "RELEASED", "SOLD_OUT", "ALL_HELD",
		"TOO_FEW", "LIMIT", "NOT_OPEN", "CLOSED", "ELSEWHERE", "OK",
	}[o]
}

// Refused tells whether o is a refusal of a hold.
func (o Outcome) Refused() bool { return o >= SoldOut && o <= Elsewhere }

// Answer is what a call is answered. Which of the numbers counts stands at the outcome;
// the others are zero.
type Answer struct {
	Outcome Outcome
	Fence   int64 // of the hold; grows with every grant of this stock
	AtMs    int64 // unix milliseconds
	Units   int64
}

// Hold is one attempt, as it is now.
type Hold struct {
	ID, Buyer []byte  // views, valid until the next change
	State     Outcome // Held, Sold, Expired, Released, or a refusal
	Units     int64
	Fence     int64  // 0 for a refusal
	HeldMs    int64  // when it was granted or refused
	ForMs     int64  // for how long it was granted or asked for
	EndMs     int64  // when it ends or has ended: deadline, release, sale, refusal
	Answer    Answer // what its id was and is answered
}

// Sums are the figures of a stock at one moment.
type Sums struct {
	Units, Free, Held, Sold int64 // Units = Free + Held + Sold

	HeldHolds, SoldHolds        int64
	ExpiredHolds, ReleasedHolds int64 // those remembered
	Refusals                    int64 // those remembered
	Fence                       int64 // of the latest grant
	ClosedMs                    int64 // when it closed; 0: it has not
	NextDeadlineMs              int64 // 0: nothing is held
	OpenedMs, ChangedMs         int64 // when it was made; the time of the latest change
}

// Log takes what a call changed; every call that may change something needs one. Both parts
// are appended to, and a call that changes nothing appends nothing.
type Log struct {
	Effect   []byte // for Apply: here after a restart, or on a replica
	Undo     []byte // for Undo; only if WantUndo
	WantUndo bool
}

// Stock is the units of one product at one place. Make one with [New] or [Loader]; give
// its memory back with [Stock.FreeStep].
type Stock struct {
	book   book
	terms  Terms
	index  *table.Table // all records by id
	ends   tree         // all but sold ones and refusals, by their end
	buyers tree         // all but released ones and refusals, by buyer; with a limit only
	queue  queue        // the refusals, in order of arrival

	units     int64
	sold      int64
	soldHolds int64
	released  int64 // released holds that are remembered
	fence     int64
	clockMs   int64 // the time of the latest change
	closedMs  int64
	passed    passed
	fault     Fault // of tests only

	indexBytes int64 // of the arena, in the index
	freeing    freeing
	saving     *saving // under way, or nil
}

// New makes a stock of units, 0 … UnitsMax, all of them free. Its fences will be greater
// than fence, so that a key which is made anew can go on where it was. Its parts lie in a,
// hashed by seed.
func New(
	a *arena.Arena, seed maphash.Seed, units int64, terms Terms, fence, nowMs int64,
) (*Stock, error) {
	if units < 0 || units > UnitsMax {
		return nil, ErrUnits
	}
	if fence < 0 || fence > fenceMax || nowMs < 0 || nowMs > TimeMsMax {
		return nil, ErrTime
	}
	if err := terms.Complete(); err != nil {
		return nil, err
	}
	s := &Stock{
		book: book{arena: a, seed: seed, openedMs: nowMs}, terms: terms,
		units: units, fence: fence, clockMs: nowMs,
	}
	used := a.Used()
	s.index = table.NewIn(a, func(ref uint32) uint64 { return s.book.hash(s.book.id(ref)) })
	s.indexBytes = a.Used() - used
	s.ends = tree{book: &s.book, order: byEnd}
	s.buyers = tree{book: &s.book, order: byBuyer}
	s.queue = queue{book: &s.book}
	return s, nil
}

// Terms are the rules, with the defaults filled in.
func (s *Stock) Terms() Terms { return s.terms }

// Len is the number of holds and refusals that are remembered.
func (s *Stock) Len() int { return s.index.Len() }

// Encoding is what OBJECT ENCODING answers.
func (*Stock) Encoding() string { return "stock" }

// Bytes is all the memory that the stock holds, in the arena and beside it. Cost: O(len /
// 3000), as of OutsideBytes.
func (s *Stock) Bytes() int64 {
	return s.book.bytes + s.indexBytes + s.ends.bytes + s.buyers.bytes + s.OutsideBytes()
}

// OutsideBytes is the memory beside the arena.
func (s *Stock) OutsideBytes() int64 {
	directory := s.index.Bytes() - s.indexBytes
	return int64(unsafe.Sizeof(*s)) + directory
}
