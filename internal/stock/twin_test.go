// SPDX-License-Identifier: Apache-2.0

package stock_test

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"stampede/internal/container/arena"
	"stampede/internal/seedtest"
	"stampede/internal/stock"
)

func newArena(t testing.TB) *arena.Arena {
	t.Helper()
	a, err := arena.New(1 << 30)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

func open(t testing.TB, a *arena.Arena, units int64, terms stock.Terms, nowMs int64) *stock.Stock {
	t.Helper()
	s, err := stock.New(a, maphash.MakeSeed(), units, terms, 0, nowMs)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func free(s *stock.Stock) {
	for !s.FreeStep(100) {
	}
}

// dump is all that can be known of a stock at a time: equal stocks, equal dumps.
func dump(s *stock.Stock, nowMs int64) string {
	var lines []string
	for cursor, first := uint64(0), true; first || cursor != 0; first = false {
		cursor = s.Scan(nowMs, cursor, func(h stock.Hold) {
			lines = append(lines, fmt.Sprintf("%q %q %v %d %d %d %d %d %v", h.ID, h.Buyer, h.State,
				h.Units, h.Fence, h.HeldMs, h.ForMs, h.EndMs, h.Answer))
		})
	}
	slices.Sort(lines)
	return fmt.Sprintf("%+v\n%+v\n%s", s.Terms(), s.Sums(nowMs), strings.Join(lines, "\n"))
}

// dump of a ledger is the same text.
func (l *ledger) dump(nowMs int64) string {
	var lines []string
	now := max(nowMs, l.clockMs)
	for _, one := range l.lines {
		lines = append(lines, fmt.Sprintf("%q %q %v %d %d %d %d %d %v", one.id, one.buyer,
			l.state(one, now), one.units, one.fence, one.heldMs, one.forMs, one.endMs, one.answer))
	}
	slices.Sort(lines)
	return fmt.Sprintf("%+v\n%+v\n%s", l.terms, l.sums(nowMs), strings.Join(lines, "\n"))
}

// encode is the whole state, in pieces of n entries.
func encode(s *stock.Stock, n int) (header []byte, pieces [][]byte) {
	header = s.AppendHeader(nil)
	for at := (stock.Cursor{}); !at.Done(); {
		var piece []byte
		piece, at = s.AppendEntries(nil, at, n)
		pieces = append(pieces, piece)
	}
	return header, pieces
}

func load(a *arena.Arena, header []byte, pieces [][]byte) (*stock.Stock, error) {
	l, err := stock.NewLoader(a, maphash.MakeSeed(), header)
	if err != nil {
		return nil, err
	}
	for _, piece := range pieces {
		if err := l.Add(piece); err != nil {
			return nil, err
		}
	}
	return l.Done()
}

// model drives a stock, its twin and a replica by random calls.
type model struct {
	testing.TB
	rng     *rand.Rand
	arena   *arena.Arena
	stock   *stock.Stock
	replica *stock.Stock
	twin    *ledger
	nowMs   int64
	ids     int
	log     stock.Log
	fault   stock.Fault // of the stock, not of its replica
}

func newModel(t testing.TB, rng *rand.Rand) *model {
	m := &model{TB: t, rng: rng, arena: newArena(t), nowMs: 1000 + rng.Int64N(1<<40), ids: 20}
	if rng.IntN(3) == 0 {
		m.ids = 400
	}
	terms := stock.Terms{
		HoldMs: 1 + rng.Int64N(60), PerBuyer: rng.Int64N(3) * (2 + rng.Int64N(40)),
		EndedMax: 1 + rng.Int64N(60), EndedMs: 1 + rng.Int64N(300),
		RefusedMax: 1 + rng.Int64N(60), RefusedMs: 1 + rng.Int64N(300),
	}
	terms.HoldMaxMs = terms.HoldMs + rng.Int64N(60)
	if rng.IntN(4) == 0 {
		terms.FromMs = m.nowMs + rng.Int64N(100)
	}
	if rng.IntN(4) == 0 {
		terms.UntilMs = max(m.nowMs, terms.FromMs) + 1 + rng.Int64N(5000)
	}
	units := rng.Int64N(60)
	if rng.IntN(3) == 0 {
		units *= 10
	}
	m.stock = open(t, m.arena, units, terms, m.nowMs)
	m.replica = open(t, m.arena, units, terms, m.nowMs)
	m.twin = newLedger(units, m.stock.Terms(), m.nowMs)
	return m
}

func (m *model) id() []byte { return fmt.Appendf(nil, "id-%d", m.rng.IntN(m.ids)) }

func (m *model) request() stock.Request {
	r := stock.Request{
		ID: m.id(), Buyer: fmt.Appendf(nil, "b%d", m.rng.IntN(6)), Units: 1 + m.rng.Int64N(3),
	}
	if m.rng.IntN(5) > 0 { // most ids come again with the same arguments
		n := int64(r.ID[len(r.ID)-1])
		r.Buyer, r.Units = fmt.Appendf(nil, "b%d", n%6), 1+n%3
	}
	if m.rng.IntN(8) == 0 {
		r.ForMs = 1 + m.rng.Int64N(100)
	}
	return r
}

// call makes one random call on stock and twin and compares the answers.
func (m *model) call() {
	var got, want stock.Answer
	var err, wantErr error
	what := ""
	switch n := m.rng.IntN(100); {
	case n < 50:
		r := m.request()
		what = fmt.Sprintf("HOLD %s %s %d FOR %d", r.ID, r.Buyer, r.Units, r.ForMs)
		first, known, firstErr := m.stock.Check(m.nowMs, r)
		got, err = m.stock.Hold(m.nowMs, r, &m.log)
		if first != got || firstErr != err || known != (m.twin.lines[string(r.ID)] != nil) {
			m.Fatalf("%s: Check says %v %v %v, Hold %v %v", what, first, known, firstErr, got, err)
		}
		want, wantErr = m.twin.hold(m.nowMs, r)
	case n < 65:
		id := m.id()
		what = fmt.Sprintf("CONFIRM %s", id)
		got, want = m.stock.Confirm(m.nowMs, id, &m.log), m.twin.confirm(m.nowMs, string(id))
	case n < 78:
		id := m.id()
		what = fmt.Sprintf("RELEASE %s", id)
		got, want = m.stock.Release(m.nowMs, id, &m.log), m.twin.release(m.nowMs, string(id))
	case n < 86:
		id, ms := m.id(), 1+m.rng.Int64N(150)
		what = fmt.Sprintf("EXTEND %s %d", id, ms)
		got, err = m.stock.Extend(m.nowMs, id, ms, &m.log)
		want = m.twin.extend(m.nowMs, string(id), ms)
	case n < 91:
		units := 1 + m.rng.Int64N(10)
		what = fmt.Sprintf("ADD %d", units)
		got, err = m.stock.Add(m.nowMs, units, &m.log)
		want = m.twin.add(m.nowMs, units)
	case n < 95:
		units := 1 + m.rng.Int64N(10)
		what = fmt.Sprintf("TAKE %d", units)
		got, err = m.stock.Take(m.nowMs, units, &m.log)
		want = m.twin.take(m.nowMs, units)
	case n < 99:
		n := 1 + m.rng.IntN(5)
		what = fmt.Sprintf("sweep %d", n)
		m.stock.Sweep(m.nowMs, n, &m.log)
		m.twin.sweep(m.nowMs, n)
	case m.rng.IntN(40) == 0:
		what = "CLOSE"
		got, want = m.stock.Close(m.nowMs, &m.log), m.twin.close(m.nowMs)
	}
	if got != want || err != wantErr {
		m.Fatalf("at %d %s: got %v %v, want %v %v", m.nowMs, what, got, err, want, wantErr)
	}
}

// step lets time pass and makes a call, a few that are taken back, or a restart.
func (m *model) step() {
	switch m.rng.IntN(12) {
	case 0:
		m.nowMs += m.rng.Int64N(80)
	case 1, 2, 3:
		m.nowMs += m.rng.Int64N(4)
	case 4:
		m.takenBack()
	}
	m.log.Effect = m.log.Effect[:0]
	m.call()
	m.apply(m.log.Effect)
	m.compare()
}

func (m *model) apply(effect []byte) {
	if err := m.replica.Apply(effect); err != nil {
		m.Fatalf("the replica refuses %q: %v", effect, err)
	}
}

// takenBack makes some calls and takes them back.
func (m *model) takenBack() {
	before, twin := dump(m.stock, 0), m.twin.clone()
	m.log = stock.Log{WantUndo: true}
	for range 1 + m.rng.IntN(6) {
		m.call()
		m.nowMs += m.rng.Int64N(10)
	}
	if m.rng.IntN(2) == 0 {
		m.apply(m.log.Effect) // and what took it back
	}
	effect, err := m.stock.Undo(m.log.Undo, nil)
	if err != nil {
		m.Fatal(err)
	}
	if dump(m.replica, 0) != before {
		m.apply(effect)
	}
	m.log = stock.Log{}
	m.twin = twin
	if got := dump(m.stock, 0); got != before {
		m.Fatalf("taken back, but not as before:\n%s\n\n%s", got, before)
	}
}

// compare compares all that can be seen of the stock, the twin and the replica.
func (m *model) compare() {
	if got, want := m.stock.Sums(m.nowMs), m.twin.sums(m.nowMs); got != want {
		m.Fatalf("at %d sums are\n%+v, want\n%+v", m.nowMs, got, want)
	}
	for i := range 6 {
		want := int64(0)
		buyer := fmt.Sprintf("b%d", i)
		if m.twin.terms.PerBuyer > 0 {
			want = m.twin.used(max(m.nowMs, m.twin.clockMs), buyer)
		}
		if got := m.stock.Used(m.nowMs, []byte(buyer)); got != want {
			m.Fatalf("at %d %s has %d units, want %d", m.nowMs, buyer, got, want)
		}
	}
	if m.rng.IntN(20) > 0 {
		return
	}
	m.stock.Verify()
	want := m.twin.dump(m.nowMs)
	if got := dump(m.stock, m.nowMs); got != want {
		m.Fatalf("at %d got\n%s\n\nwant\n%s", m.nowMs, got, want)
	}
	if got := dump(m.replica, m.nowMs); got != want {
		m.Fatalf("at %d the replica has\n%s\n\nwant\n%s", m.nowMs, got, want)
	}
	m.restart(want)
}

// restart goes on with a stock that was loaded, or copied.
func (m *model) restart(want string) {
	var again *stock.Stock
	if m.rng.IntN(2) == 0 {
		again = m.stock.Copy(m.arena, maphash.MakeSeed())
	} else {
		header, pieces := encode(m.stock, 1+m.rng.IntN(100))
		var err error
		if again, err = load(m.arena, header, pieces); err != nil {
			m.Fatalf("load: %v", err)
		}
		nextHeader, _ := encode(again, 1000)
		if !bytes.Equal(header, nextHeader) {
			m.Fatal("a loaded stock has another header")
		}
	}
	free(m.stock)
	m.stock = again
	again.Verify()
	again.Break(m.fault)
	if got := dump(again, m.nowMs); got != want {
		m.Fatalf("after a restart\n%s\n\nwant\n%s", got, want)
	}
}

func TestAnyCalls(t *testing.T) {
	rng := rand.New(rand.NewPCG(seedtest.Of(t), 1))
	histories, steps := 40, 1000
	if testing.Short() {
		histories = 10
	}
	for range histories {
		m := newModel(t, rng)
		for range steps {
			m.step()
		}
		free(m.stock)
		free(m.replica)
		if used := m.arena.Used(); used != 0 {
			t.Fatalf("%d bytes of the arena are lost", used)
		}
	}
}
