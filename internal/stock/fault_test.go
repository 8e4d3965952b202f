// SPDX-License-Identifier: Apache-2.0

package stock_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"stampede/internal/seedtest"
	"stampede/internal/stock"
)

// searcher is a test in which something is wrong on purpose: it ends with what was found.
type searcher struct {
	testing.TB
	found string
}

// finding is what a searcher panics with.
type finding struct{}

func (s *searcher) Fatalf(format string, args ...any) {
	s.found = fmt.Sprintf(format, args...)
	panic(finding{})
}

func (s *searcher) Fatal(args ...any) { s.Fatalf("%s", fmt.Sprint(args...)) }

// search lets do run until something is found, which may be an assertion.
func (s *searcher) search(do func()) {
	defer func() {
		if r := recover(); r != nil && r != any(finding{}) {
			s.found = fmt.Sprint(r)
		}
	}()
	do()
}

// broken is a model whose stock makes a mistake, also after a restart.
func broken(t testing.TB, rng *rand.Rand, fault stock.Fault) *model {
	m := newModel(t, rng)
	m.fault = fault
	m.stock.Break(fault)
	return m
}

// TestTwinFindsFaults: the slow twin, or the replica, differs from a stock with any fault
// before long.
func TestTwinFindsFaults(t *testing.T) {
	const histories, steps = 20, 1000
	for _, fault := range stock.Faults() {
		s := &searcher{TB: t}
		rng := rand.New(rand.NewPCG(seedtest.Of(t), 4))
		calls := 0
		for n := 0; n < histories && s.found == ""; n++ {
			s.search(func() {
				m := broken(s, rng, fault)
				for range steps {
					calls++
					m.step()
				}
			})
		}
		if s.found == "" {
			t.Errorf("%v: %d calls have not shown it", fault, calls)
		}
		t.Logf("%v: after %d calls: %.200s", fault, calls, s.found)
	}
}

// TestAuditFindsFaults: the figures that a stock keeps are not those of its holds. An audit
// sees what is wrong with sums, not what was answered to whom.
func TestAuditFindsFaults(t *testing.T) {
	const histories, steps = 40, 300
	for fault, want := range map[stock.Fault]bool{
		stock.Oversells: true, stock.SellsLate: true, stock.KeepsBack: true,
		stock.NoFault: false, stock.Forgets: false, stock.ChangesMind: false, stock.Repeats: false,
	} {
		rng := rand.New(rand.NewPCG(seedtest.Of(t), 5))
		var found []stock.Difference
		for range histories {
			m := broken(t, rng, fault)
			for range steps {
				m.log.Effect = m.log.Effect[:0]
				m.anyCall()
				m.nowMs += m.rng.Int64N(4)
				if found = m.stock.Audit(m.nowMs).Differences; len(found) > 0 {
					break
				}
			}
			if len(found) > 0 {
				break
			}
		}
		if (len(found) > 0) != want {
			t.Errorf("%v: the audit says %v", fault, found)
		}
		t.Logf("%v: %v", fault, found)
	}
}

// anyCall makes a call whose answer nobody looks at.
func (m *model) anyCall() {
	id := m.id()
	switch m.rng.IntN(6) {
	case 0, 1, 2:
		_, _ = m.stock.Hold(m.nowMs, m.request(), &m.log)
	case 3, 4:
		m.stock.Confirm(m.nowMs, id, &m.log)
	default:
		m.stock.Release(m.nowMs, id, &m.log)
	}
}
