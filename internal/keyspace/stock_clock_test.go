// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"stampede/internal/seedtest"
	"stampede/internal/stock"
)

// shop is some stocks in two Spaces, and what should be told of them.
type shop struct {
	t      *testing.T
	rng    *rand.Rand
	wanted EventsWanted
	spaces [2]*Space
	nowMs  int64
	stocks map[shelf]*goods
	nextID int
	told   []string // "database key" for each hold that has ended
}

// shelf is where a stock is.
type shelf struct {
	space, db int
	key       string
}

// goods are the deadlines of a stock's holds, and how many have ended untold.
type goods struct {
	ends  map[string]int64
	ended int
}

func newShop(t *testing.T, rng *rand.Rand) *shop {
	s := &shop{t: t, rng: rng, nowMs: 1000, stocks: map[shelf]*goods{}}
	s.wanted.Set(EventModule | EventByName)
	for i := range s.spaces {
		space, err := New(Options{ReserveBytes: 1 << 28, Wanted: &s.wanted})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := space.Close(); err != nil {
				t.Error(err)
			}
		})
		space.Advance(s.nowMs)
		s.spaces[i] = space
	}
	return s
}

func (s *shop) find(at shelf) Stock {
	found, err := s.spaces[at.space].DB(at.db).FindStock([]byte(at.key))
	if err != nil {
		s.t.Fatal(err)
	}
	return found
}

// some is a place, and what is there if anything.
func (s *shop) some() (at shelf, there *goods) {
	at = shelf{s.rng.IntN(2), s.rng.IntN(2), string(rune('a' + s.rng.IntN(4)))}
	return at, s.stocks[at]
}

// advance lets time pass.
func (s *shop) advance(ms int64) {
	s.nowMs += ms
	for _, space := range s.spaces {
		space.Advance(s.nowMs)
	}
	for _, g := range s.stocks {
		for id, endMs := range g.ends {
			if endMs <= s.nowMs {
				delete(g.ends, id)
				g.ended++
			}
		}
	}
}

// noticed says that somebody has looked at a stock.
func (s *shop) noticed(at shelf) {
	g := s.stocks[at]
	for ; g.ended > 0; g.ended-- {
		if s.wanted.Classes() != 0 {
			s.told = append(s.told, fmt.Sprint(at.db, " ", at.key))
		}
	}
}

// step does something.
func (s *shop) step() string {
	at, g := s.some()
	switch what := s.rng.IntN(20); {
	case what == 0:
		s.wanted.Set(EventModule * EventClass(s.rng.IntN(2)))
		return "want"
	case what < 4:
		s.advance(s.rng.Int64N(60))
		return "advance"
	case g == nil:
		found := s.find(at)
		if err := found.Open(1000, stock.Terms{HoldMaxMs: 500, HoldMs: 100}); err != nil {
			s.t.Fatal(err)
		}
		s.stocks[at] = &goods{ends: map[string]int64{}}
		return "open"
	case what == 4:
		s.replace(at)
		return "replace"
	case what == 5:
		Swap(s.spaces[:], 0, 1)
		swapped := map[shelf]*goods{}
		for was, g := range s.stocks {
			was.db = 1 - was.db
			swapped[was] = g
		}
		s.stocks = swapped
		return "swap"
	case what < 8:
		return s.move(at)
	}
	s.sell(at, g)
	return "sell"
}

// replace drops a stock, or all of a database, or everything.
func (s *shop) replace(at shelf) {
	switch s.rng.IntN(6) {
	case 0:
		Flush(s.spaces[:], at.db)
		maps.DeleteFunc(s.stocks, func(was shelf, _ *goods) bool { return was.db == at.db })
	case 1:
		FlushAll(s.spaces[:])
		clear(s.stocks)
	default:
		found := s.find(at)
		found.Drop()
		delete(s.stocks, at)
	}
}

// move gives a stock another place, if that is free.
func (s *shop) move(at shelf) string {
	to, taken := s.some()
	if taken != nil {
		return "stay"
	}
	e := s.spaces[at.space].DB(at.db).Peek([]byte(at.key))
	e.MoveTo(s.spaces[to.space].DB(to.db), []byte(to.key))
	s.stocks[to] = s.stocks[at]
	delete(s.stocks, at)
	return "move"
}

// sell does what changes a stock.
func (s *shop) sell(at shelf, g *goods) {
	found := s.find(at)
	s.noticed(at)
	ids := slices.Sorted(maps.Keys(g.ends))
	if len(ids) == 0 || s.rng.IntN(2) == 0 {
		s.nextID++
		id := strconv.Itoa(s.nextID)
		a, err := found.Hold(stock.Request{
			ID: []byte(id), Buyer: []byte("b"), Units: 1, ForMs: 1 + s.rng.Int64N(200),
		})
		if err == nil && a.Outcome == stock.Held {
			g.ends[id] = a.AtMs
		}
		return
	}
	id := ids[s.rng.IntN(len(ids))]
	switch s.rng.IntN(3) {
	case 0:
		found.Confirm([]byte(id))
		delete(g.ends, id)
	case 1:
		found.Release([]byte(id))
		delete(g.ends, id)
	default:
		a, err := found.Extend([]byte(id), 1+s.rng.Int64N(300))
		if err != nil || a.Outcome != stock.Held {
			s.t.Fatal(a, err)
		}
		g.ends[id] = a.AtMs
	}
}

// ended takes what was told of holds that have ended.
func (s *shop) ended() (told []string) {
	for _, space := range s.spaces {
		for _, e := range space.TakeEvents(nil) {
			if e.Name == "stock:expired" {
				told = append(told, fmt.Sprint(e.DB, " ", e.Key))
			}
		}
	}
	return told
}

// TestItIsToldOnceWhichHoldsHaveEnded, under the key that the stock has then, whatever has
// become of the stock since it was sold from.
func TestItIsToldOnceWhichHoldsHaveEnded(t *testing.T) {
	s := newShop(t, rand.New(rand.NewPCG(seedtest.Of(t), 0)))
	told := 0
	var calls []string
	for range 20_000 {
		calls = append(calls, s.step())
		if s.rng.IntN(5) > 0 {
			continue
		}
		for _, space := range s.spaces {
			for space.SweepStocks() {
				continue
			}
		}
		for at := range s.stocks {
			s.noticed(at)
		}
		got := s.ended()
		slices.Sort(got)
		slices.Sort(s.told)
		if !slices.Equal(got, s.told) {
			t.Fatalf("told: %q, want %q, after %q", got, s.told, calls[max(0, len(calls)-20):])
		}
		told += len(got)
		s.told = s.told[:0]
	}
	if told < 1000 {
		t.Errorf("only %d holds have ended", told)
	}
	for i, space := range s.spaces {
		clocks, stocks := &space.stocks.clocks, 0
		for at := range s.stocks {
			if at.space == i {
				stocks++
			}
		}
		if len(clocks.of) != stocks || clocks.queue.Len() != stocks {
			t.Errorf("%d and %d clocks of %d stocks", len(clocks.of), clocks.queue.Len(), stocks)
		}
	}
}

// TestManyHoldsThatEndAtOnceAreToldInPortions: no step of the clock is long.
func TestManyHoldsThatEndAtOnceAreToldInPortions(t *testing.T) {
	const holds = 5*endsMax + 1
	s := newShop(t, nil)
	at := shelf{0, 0, "k"}
	found := s.find(at)
	if err := found.Open(holds, stock.Terms{}); err != nil {
		t.Fatal(err)
	}
	for i := range holds {
		if _, err := found.Hold(stock.Request{
			ID: []byte(strconv.Itoa(i)), Buyer: []byte("b"), Units: 1, ForMs: 50,
		}); err != nil {
			t.Fatal(err)
		}
	}
	s.advance(49)
	if s.spaces[0].SweepStocks() || len(s.ended()) > 0 {
		t.Fatal("told before the time")
	}
	s.advance(1)
	told := 0
	for more := true; more; {
		more = s.spaces[0].SweepStocks()
		n := len(s.ended())
		if n > endsMax || n == 0 && more {
			t.Fatalf("a step has told of %d", n)
		}
		told += n
	}
	if told != holds {
		t.Errorf("told of %d, want %d", told, holds)
	}
}
