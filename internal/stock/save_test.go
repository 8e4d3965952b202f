// SPDX-License-Identifier: Apache-2.0

package stock

import (
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"slices"
	"testing"

	"stampede/internal/container/arena"
	"stampede/internal/seedtest"
)

// stir makes some random calls.
func stir(rng *rand.Rand, s *Stock, nowMs *int64, calls int) {
	log := Log{}
	for range calls {
		log.Effect, log.Undo, log.WantUndo = log.Effect[:0], log.Undo[:0], rng.IntN(4) == 0
		id := fmt.Append(nil, "id", rng.IntN(4000))
		switch rng.IntN(12) {
		case 0, 1, 2, 3, 4:
			_, _ = s.Hold(*nowMs, Request{
				ID: id, Buyer: fmt.Append(nil, rng.IntN(50)), Units: 1 + rng.Int64N(3),
				ForMs: 1 + rng.Int64N(400),
			}, &log)
		case 5, 6:
			s.Confirm(*nowMs, id, &log)
		case 7:
			s.Release(*nowMs, id, &log)
		case 8:
			_, _ = s.Extend(*nowMs, id, 1+rng.Int64N(900), &log)
		case 9:
			_, _ = s.Add(*nowMs, 1+rng.Int64N(3), &log)
		case 10:
			s.Sweep(*nowMs, 3, &log)
		case 11:
			*nowMs += rng.Int64N(5)
		}
		if log.WantUndo && rng.IntN(2) == 0 {
			if _, err := s.Undo(log.Undo, nil); err != nil {
				panic(err)
			}
		}
	}
}

// all is everything that is remembered: in order of queue the refusals, sorted the rest.
func all(s *Stock) (lines []string) {
	note := func(h Hold) { lines = append(lines, fmt.Sprintf("%+v", h)) }
	for cursor := s.Scan(0, 0, note); cursor != 0; {
		cursor = s.Scan(0, cursor, note)
	}
	slices.Sort(lines)
	for ref := s.queue.first; ref != 0; ref = s.queue.next(ref) {
		lines = append(lines, string(s.book.id(ref)))
	}
	return lines
}

// load makes a stock of a header and pieces.
func load(t *testing.T, a *arena.Arena, header []byte, pieces ...[]byte) *Stock {
	t.Helper()
	l, err := NewLoader(a, maphash.MakeSeed(), header)
	if err != nil {
		t.Fatal(err)
	}
	for _, piece := range pieces {
		if err := l.Add(piece); err != nil {
			t.Fatal(err)
		}
	}
	s, err := l.Done()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSaveIsOfTheMomentItBegan changes a stock between the steps of a save, over and over.
func TestSaveIsOfTheMomentItBegan(t *testing.T) {
	a, err := arena.New(1 << 30)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	rng := rand.New(rand.NewPCG(seedtest.Of(t), 3))
	for round := range 40 {
		nowMs := int64(1000)
		terms := Terms{PerBuyer: 9, EndedMax: 100, RefusedMax: 60, RefusedMs: 300, EndedMs: 2000}
		s, err := New(a, maphash.MakeSeed(), 200, terms, 0, nowMs)
		if err != nil {
			t.Fatal(err)
		}
		for range 4 { // each save turns the phase round
			stir(rng, s, &nowMs, rng.IntN(1500))
			header := s.AppendHeader(nil)
			entries, _ := s.AppendEntries(nil, Cursor{}, 1<<30)
			want := all(load(t, a, header, entries))

			var pieces [][]byte
			s.BeginSave(func(entries []byte) { pieces = append(pieces, slices.Clone(entries)) })
			for !s.SaveStep(1 + rng.IntN(60)) {
				stir(rng, s, &nowMs, rng.IntN(60))
			}
			if got := all(load(t, a, header, pieces...)); !slices.Equal(got, want) {
				t.Fatalf("round %d: saved %d lines, want %d", round, len(got), len(want))
			}
			s.Verify()
		}
	}
}
