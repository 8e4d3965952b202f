// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"testing"

	"stampede/internal/seedtest"
	"stampede/internal/stock"
)

// searcher is a test in which something is wrong on purpose: it keeps what was found first.
type searcher struct {
	testing.TB
	found string
}

func (s *searcher) Errorf(format string, args ...any) {
	if s.found == "" {
		s.found = fmt.Sprintf(format, args...)
	}
}

// stop is what a searcher panics with where a test would end.
type stop struct{}

func (s *searcher) Error(args ...any) { s.Errorf("%s", fmt.Sprint(args...)) }

func (s *searcher) Fatalf(format string, args ...any) {
	s.Errorf(format, args...)
	panic(stop{})
}

func (s *searcher) Fatal(args ...any)   { s.Fatalf("%s", fmt.Sprint(args...)) }
func (s *searcher) Failed() bool        { return s.found != "" }
func (s *searcher) Logf(string, ...any) {}

// simulate runs a history.
func (s *searcher) simulate(seed uint64, fault stock.Fault) {
	defer func() {
		if r := recover(); r != nil && r != any(stop{}) {
			s.Errorf("%v", r)
		}
	}()
	w := newWorld(s, seed)
	w.fault = fault
	w.history()
}

// TestSimulationFindsFaults: a store whose stocks make a mistake is found out before long.
func TestSimulationFindsFaults(t *testing.T) {
	const histories = 400
	for _, fault := range stock.Faults() {
		s := &searcher{TB: t}
		seed := seedtest.Of(t) * 1_000_000
		n := uint64(0)
		for ; n < histories && s.found == ""; n++ {
			s.simulate(seed+n, fault)
		}
		if s.found == "" {
			t.Errorf("%v: %d histories have not shown it", fault, n)
		}
		t.Logf("%v: after %d histories: %.300s", fault, n, s.found)
	}
}
