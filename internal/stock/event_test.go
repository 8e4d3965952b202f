// SPDX-License-Identifier: Apache-2.0

package stock_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"stampede/internal/stock"
)

// told is an event as text, of what its kind has.
func told(e stock.Event) string {
	switch e.What {
	case stock.HoldGranted:
		return fmt.Sprintf("%d granted %s %s %d fence %d until %d", e.AtMs, e.ID, e.Buyer, e.Units,
			e.Fence, e.EndMs)
	case stock.HoldRefused:
		return fmt.Sprintf("%d refused %s %s %d %s", e.AtMs, e.ID, e.Buyer, e.Units, e.State)
	case stock.HoldSold:
		return fmt.Sprintf("%d sold %s", e.AtMs, e.ID)
	case stock.HoldReleased:
		return fmt.Sprintf("%d released %s", e.AtMs, e.ID)
	case stock.HoldExtended:
		return fmt.Sprintf("%d extended %s until %d", e.AtMs, e.ID, e.EndMs)
	case stock.UnitsChanged:
		return fmt.Sprintf("%d units %d", e.AtMs, e.Units)
	case stock.SaleClosed:
		return fmt.Sprintf("%d closed", e.AtMs)
	case stock.TimePassed:
		return fmt.Sprintf("%d passed", e.AtMs)
	case stock.SumsRestored:
		return fmt.Sprintf("%d sums %d units fence %d closed %d", e.AtMs, e.Units, e.Fence, e.ClosedMs)
	case stock.IDForgotten:
		return fmt.Sprintf("forgotten %s", e.ID)
	case stock.IDRestored:
		return fmt.Sprintf("restored %s %s %s %d since %d until %d", e.ID, e.Buyer, e.State, e.Units,
			e.HeldMs, e.EndMs)
	}
	return "unknown"
}

func TestEventsAreWhatHappened(t *testing.T) {
	s := open(t, newArena(t), 5, stock.Terms{HoldMs: 100}, 0)
	log := stock.Log{WantUndo: true}
	hold := func(nowMs int64, id string, units int64) {
		r := stock.Request{ID: []byte(id), Buyer: []byte("ann"), Units: units}
		if _, err := s.Hold(nowMs, r, &log); err != nil {
			t.Fatal(err)
		}
	}
	hold(10, "a", 2)
	hold(11, "b", 9)
	if _, err := s.Extend(20, []byte("a"), 200, &log); err != nil {
		t.Fatal(err)
	}
	s.Confirm(30, []byte("a"), &log)
	hold(40, "c", 1)
	s.Release(50, []byte("c"), &log)
	if _, err := s.Add(60, 7, &log); err != nil {
		t.Fatal(err)
	}
	hold(70, "d", 1)
	s.Confirm(200, []byte("d"), &log)
	s.Close(300, &log)
	effects := log.Effect
	back, err := s.Undo(log.Undo, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for e, err := range stock.Events(append(effects, back...)) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, told(e))
	}
	text := strings.Join(got, "\n")
	const want = `10 granted a ann 2 fence 1 until 110
11 refused b ann 9 TOO_FEW
20 extended a until 220
30 sold a
40 granted c ann 1 fence 2 until 140
50 released c
60 units 12
70 granted d ann 1 fence 3 until 170
200 passed
300 closed
`
	if !strings.HasPrefix(text, want) {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	for _, line := range []string{
		"restored c ann HELD 1 since 40 until 140", "restored a ann HELD 2 since 10 until 110",
		"forgotten a", "0 sums 5 units fence 0 closed 0",
	} {
		if !strings.Contains(text, "\n"+line) {
			t.Errorf("nothing of %q in what was taken back:\n%s", line, text)
		}
	}
}

func TestAStockIsReadAsAWhole(t *testing.T) {
	s := lived(t, newArena(t))
	header, pieces := encode(s, 2)
	h, err := stock.ReadHeader(header)
	if err != nil {
		t.Fatal(err)
	}
	sums := s.Sums(1000)
	if h.Units != sums.Units || h.Fence != sums.Fence || h.Sold != sums.Sold ||
		h.OpenedMs != sums.OpenedMs || h.ChangedMs != sums.ChangedMs || h.Terms != s.Terms() {
		t.Errorf("got %+v of %+v", h, sums)
	}
	n := 0
	for _, piece := range pieces {
		for e, err := range stock.Entries(piece) {
			if err != nil {
				t.Fatal(err)
			}
			hold, ok := s.Find(1000, e.ID)
			if !ok || hold.Units != e.Units || string(hold.Buyer) != string(e.Buyer) ||
				hold.State != e.State && hold.State != stock.Expired {
				t.Errorf("%s of %+v", told(e), hold)
			}
			n++
		}
	}
	if n != s.Len() || int64(n) != h.Records {
		t.Errorf("%d entries of %d", n, s.Len())
	}
	if _, err := stock.ReadHeader(header[:len(header)-1]); !errors.Is(err, stock.ErrFormat) {
		t.Errorf("half a header: %v", err)
	}
}

// FuzzEvents reads anything: what a stock takes are events, and nothing else ends in a panic.
func FuzzEvents(f *testing.F) {
	s := lived(f, newArena(f))
	log := stock.Log{WantUndo: true}
	s.Confirm(1040, []byte("held"), &log)
	s.Close(1060, &log)
	f.Add(log.Effect)
	f.Fuzz(func(t *testing.T, effects []byte) {
		var bad error
		for e, err := range stock.Events(effects) {
			bad = errors.Join(bad, err)
			if err == nil && told(e) == "unknown" {
				t.Error("an event of no kind")
			}
		}
		if one := lived(t, newArena(t)); bad != nil && one.Apply(effects) == nil {
			t.Errorf("%x fits the stock, and is no events: %v", effects, bad)
		}
		for _, err := range stock.Entries(effects) {
			_ = err
		}
	})
}
