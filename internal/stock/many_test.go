// SPDX-License-Identifier: Apache-2.0

package stock_test

import (
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"testing"

	"stampede/internal/container/arena"
	"stampede/internal/seedtest"
	"stampede/internal/stock"
)

// TestManyHolds lets the trees grow to several levels and shrink to nothing, and has all
// invariants checked on the way.
func TestManyHolds(t *testing.T) {
	if testing.Short() {
		t.Skip("slow under slowassert")
	}
	rng := rand.New(rand.NewPCG(seedtest.Of(t), 2))
	for _, perBuyer := range []int64{0, 50} {
		a := newArena(t)
		terms := stock.Terms{PerBuyer: perBuyer, HoldMs: 50_000, HoldMaxMs: 200_000, EndedMax: 500}
		s := open(t, a, 1<<40, terms, 1)
		nowMs, next := int64(1), 0
		log := stock.Log{}
		for _, size := range []int{3000, 30_000, 300, 8000, 0} {
			for i := 0; int(s.Sums(nowMs).HeldHolds) < size; i++ {
				next++
				r := stock.Request{
					ID: fmt.Appendf(nil, "%d", next), Buyer: fmt.Appendf(nil, "b%d", rng.IntN(4000)),
					Units: 1 + rng.Int64N(3), ForMs: 100_000 + rng.Int64N(1+int64(i%3)*40_000),
				}
				if _, err := s.Hold(nowMs, r, &log); err != nil {
					t.Fatal(err)
				}
				nowMs += rng.Int64N(2)
			}
			s.Verify()
			for tries := 0; int(s.Sums(nowMs).HeldHolds) > size/2 && tries < 50*next; tries++ {
				id := fmt.Appendf(nil, "%d", 1+rng.IntN(next))
				switch rng.IntN(8) {
				case 0:
					s.Confirm(nowMs, id, &log)
				case 1:
					if _, err := s.Extend(nowMs, id, 150_000, &log); err != nil {
						t.Fatal(err)
					}
				default:
					s.Release(nowMs, id, &log)
				}
				log.Effect = log.Effect[:0]
			}
			s.Verify()
		}
		nowMs += 1 << 20
		for s.Sweep(nowMs, 1000, &log) {
			s.Verify()
		}
		if sums := s.Sums(nowMs); sums.Held != 0 || sums.ExpiredHolds+sums.ReleasedHolds > 500 {
			t.Errorf("in the end %+v", sums)
		}
		free(s)
		if a.Used() != 0 {
			t.Errorf("%d bytes of the arena are lost", a.Used())
		}
	}
}

// TestAllEndAtOnce holds that end in one millisecond are free in that millisecond, before
// anything was done about them, and the calls after it still do little each.
func TestAllEndAtOnce(t *testing.T) {
	const holds, deadlineMs = 20_000, 1_000_000
	s := open(t, newArena(t), holds, stock.Terms{PerBuyer: 3, EndedMax: 10}, 1)
	log := stock.Log{}
	for i := range holds {
		r := stock.Request{
			ID: fmt.Appendf(nil, "%d", i), Buyer: fmt.Appendf(nil, "b%d", i/3), Units: 1,
			ForMs: deadlineMs - 1 - int64(i),
		}
		if a, err := s.Hold(1+int64(i), r, &log); err != nil || a.AtMs != deadlineMs {
			t.Fatal(a, err)
		}
	}
	ask := stock.Request{ID: []byte("late"), Buyer: []byte("b0"), Units: holds}
	before, _, _ := s.Check(deadlineMs-1, stock.Request{
		ID: []byte("early"), Buyer: []byte("other"), Units: 1,
	})
	if before.Outcome != stock.AllHeld || before.AtMs != deadlineMs {
		t.Errorf("a millisecond before: %+v", before)
	}
	if s.Used(deadlineMs-1, []byte("b0")) != 3 || s.Used(deadlineMs, []byte("b0")) != 0 {
		t.Error("the units of the buyer do not end with the holds")
	}
	ask.Units = 3
	records := s.Len()
	if a, err := s.Hold(deadlineMs, ask, &log); err != nil || a.Outcome != stock.Held {
		t.Errorf("in the millisecond itself: %+v %v", a, err)
	}
	if forgotten := records + 1 - s.Len(); forgotten > 8 {
		t.Errorf("one call forgot %d holds", forgotten)
	}
	sums := s.Sums(deadlineMs)
	if sums.Free != holds-3 || sums.Held != 3 {
		t.Errorf("afterwards %+v", sums)
	}
	s.Verify()
}

// TestBuyersOfOneKey has two buyers whom the tree by buyer tells apart only by reading them.
func TestBuyersOfOneKey(t *testing.T) {
	seed := maphash.MakeSeed()
	byKey := map[uint32]int{}
	buyer := func(i int) []byte { return fmt.Appendf(nil, "b%d", i) }
	first, second := 0, 0
	for found := false; !found; {
		second++
		key := uint32(maphash.Bytes(seed, buyer(second)) >> 32)
		if first, found = byKey[key]; !found {
			byKey[key] = second
		}
	}
	terms := stock.Terms{PerBuyer: 30, HoldMs: 100}
	s, err := stock.New(newArena(t), seed, 1000, terms, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	log := stock.Log{}
	for i := range 60 {
		r := stock.Request{ID: buyer(-i), Buyer: buyer(first), Units: 1}
		if i%2 == 1 {
			r.Buyer = buyer(second)
		}
		if a, err := s.Hold(1+int64(i), r, &log); err != nil || a.Outcome != stock.Held {
			t.Fatalf("hold %d: %+v %v", i, a, err)
		}
		if i%4 < 2 {
			s.Confirm(1+int64(i), r.ID, &log)
		}
		s.Verify()
		for n, name := range [][]byte{buyer(first), buyer(second)} {
			if got, want := s.Used(1+int64(i), name), int64(i+2-n)/2; got != want {
				t.Fatalf("after %d holds %s has %d units, want %d", i+1, name, got, want)
			}
		}
	}
	if got := s.Used(1000, buyer(first)); got != 15 {
		t.Errorf("in the end %d units are sold, want 15", got)
	}
}

// TestBytesOfAHold has the figures of decision 0011.
func TestBytesOfAHold(t *testing.T) {
	if testing.Short() {
		t.Skip("needs many holds")
	}
	for _, c := range []struct {
		name     int
		perBuyer int64
		most     float64
	}{{16, 0, 76}, {16, 2, 88}, {26, 0, 92}, {26, 2, 104}} {
		s, a := filled(t, 200_000, c.name, c.perBuyer)
		bytes := float64(s.Bytes()) / 200_000
		t.Logf("%d bytes of id and of buyer, limit %d: %.1f bytes a hold", c.name, c.perBuyer, bytes)
		if bytes > c.most {
			t.Errorf("%.1f bytes a hold, the most is %.0f", bytes, c.most)
		}
		if got := a.Used() + s.OutsideBytes(); got != s.Bytes() {
			t.Errorf("Bytes = %d, but %d are used", s.Bytes(), got)
		}
	}
}

// filled is a stock with n holds, each of a buyer of its own, granted two in a millisecond.
func filled(t testing.TB, n, nameBytes int, perBuyer int64) (*stock.Stock, *arena.Arena) {
	a := newArena(t)
	s := open(t, a, 1<<50, stock.Terms{PerBuyer: perBuyer, EndedMax: 1000}, 1_700_000_000_000)
	log := stock.Log{}
	for i := range n {
		log.Effect = log.Effect[:0]
		if a, err := s.Hold(at(i), request(i, nameBytes), &log); err != nil ||
			a.Outcome != stock.Held {
			t.Fatal(a, err)
		}
	}
	return s, a
}

// at is when the i-th hold of filled is granted.
func at(i int) int64 { return 1_700_000_000_000 + int64(i)/2 }

// request is the i-th request of filled; its names look like random ones.
func request(i, nameBytes int) stock.Request {
	h := uint64(i) * 0x9e3779b97f4a7c15
	name := func(prefix string) []byte {
		return fmt.Appendf(nil, "%s%0*d", prefix, nameBytes-2, h>>8)[:nameBytes]
	}
	return stock.Request{ID: name("i-"), Buyer: name("b-"), Units: 1, ForMs: 3_000_000}
}
