// SPDX-License-Identifier: Apache-2.0

package stock_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"stampede/internal/container/arena"
	"stampede/internal/stock"
)

// lived is a stock with all kinds of records, at time 1000.
func lived(t testing.TB, a *arena.Arena) *stock.Stock {
	s := open(t, a, 10, stock.Terms{PerBuyer: 8, HoldMs: 100, HoldMaxMs: 300}, 500)
	log := stock.Log{}
	ask := func(nowMs int64, id, buyer string, units int64) {
		r := stock.Request{ID: []byte(id), Buyer: []byte(buyer), Units: units}
		if _, err := s.Hold(nowMs, r, &log); err != nil {
			t.Fatal(err)
		}
	}
	ask(600, "expired", "ann", 4)
	ask(700, "sold", "bob", 2)
	s.Confirm(700, []byte("sold"), &log)
	ask(700, "released", "ann", 1)
	s.Release(710, []byte("released"), &log)
	ask(720, "refused", "cem", 9)
	ask(950, "held", "ann", 3)
	ask(960, "too much", "ann", 6)
	ask(1000, "too many", "dan", 6)
	return s
}

// FuzzLoad loads anything: either it is refused, or it is a stock that is right.
func FuzzLoad(f *testing.F) {
	header, pieces := encode(lived(f, newArena(f)), 100)
	f.Add(header, bytes.Join(pieces, nil))
	empty := open(f, newArena(f), 0, stock.Terms{}, 0)
	f.Add(empty.AppendHeader(nil), []byte{})
	a := newArena(f)
	f.Fuzz(func(t *testing.T, header, piece []byte) {
		a.Reset()
		s, err := load(a, header, [][]byte{piece})
		if err != nil {
			if !errors.Is(err, stock.ErrFormat) || a.Used() != 0 {
				t.Fatalf("%v, and %d bytes are lost", err, a.Used())
			}
			return
		}
		s.Verify()
		again, pieces := encode(s, 1000)
		if !bytes.Equal(again, header) || len(bytes.Join(pieces, nil)) != len(piece) {
			t.Fatal("written again it is something else")
		}
		free(s)
		if a.Used() != 0 {
			t.Fatalf("%d bytes are lost", a.Used())
		}
	})
}

// FuzzApply applies anything: whatever of it is accepted leaves sums that are right.
func FuzzApply(f *testing.F) {
	var log stock.Log
	log.WantUndo = true
	s := lived(f, newArena(f))
	r := stock.Request{ID: []byte("new"), Buyer: []byte("eve"), Units: 1}
	calls := []func(){
		func() { _, _ = s.Hold(1010, r, &log) },
		func() { _, _ = s.Extend(1020, []byte("new"), 200, &log) },
		func() { s.Release(1030, []byte("new"), &log) },
		func() { s.Confirm(1040, []byte("held"), &log) },
		func() { _, _ = s.Take(1050, 3, &log) },
		func() { s.Close(1060, &log) },
		func() { s.Sweep(1<<40, 2, &log) },
	}
	for _, call := range calls {
		begin := len(log.Effect)
		call()
		f.Add(log.Effect[begin:])
	}
	f.Add(log.Effect)
	back, err := s.Undo(log.Undo, log.Effect)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(back)
	a := newArena(f)
	f.Fuzz(func(t *testing.T, effects []byte) {
		a.Reset()
		s := lived(t, a)
		_ = s.Apply(effects)
		const opMeta = 9 // who forges what undoes something else can forge a time, too
		if report := s.Audit(0); !bytes.Contains(effects, []byte{opMeta}) {
			for _, d := range report.Differences {
				t.Error(d)
			}
		}
		free(s)
		if a.Used() != 0 {
			t.Fatalf("%d bytes are lost", a.Used())
		}
	})
}

// FuzzCalls is TestAnyCalls with any seed.
func FuzzCalls(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) {
		m := newModel(t, rand.New(rand.NewPCG(seed, 3)))
		for range 300 {
			m.step()
		}
	})
}

func TestWhatIsCutShortIsRefused(t *testing.T) {
	a := newArena(t)
	s := lived(t, a)
	header, pieces := encode(s, 100)
	whole := bytes.Join(pieces, nil)
	free(s)
	for n := range len(whole) {
		if _, err := load(a, header, [][]byte{whole[:n]}); !errors.Is(err, stock.ErrFormat) {
			t.Errorf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
	for n := range len(header) {
		if _, err := load(a, header[:n], [][]byte{whole}); !errors.Is(err, stock.ErrFormat) {
			t.Errorf("header of %d bytes of %d: %v", n, len(header), err)
		}
	}
	if a.Used() != 0 {
		t.Errorf("%d bytes are lost", a.Used())
	}
}
