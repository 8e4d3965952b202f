// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"strings"
	"testing"

	"stampede/internal/config"
	"stampede/internal/session"
	"stampede/internal/stock"
)

// TestAuditTellsOfFaults: a client who asks for an audit is told that the figures are not those
// of the holds.
func TestAuditTellsOfFaults(t *testing.T) {
	for fault, want := range map[stock.Fault]string{
		stock.NoFault:   "ok 1 ",
		stock.Oversells: "units that are there",
		stock.KeepsBack: "held units",
	} {
		s := &store{t: t, nowMs: 1_700_000_000_000}
		registry := session.NewRegistry(nil)
		var err error
		s.engine, err = New(Options{
			Config: config.New(), Registry: registry, StockFault: fault,
			Clock: func() int64 { return s.nowMs },
		})
		if err != nil {
			t.Fatal(err)
		}
		s.runner = s.engine.NewRunner()
		s.session = registry.Open(session.Link{Authenticated: true}, s.nowMs)
		s.do("STOCK.OPEN k 4")
		for i := range 6 {
			s.do(fmt.Sprintf("STOCK.HOLD k id%d ann 1 FOR 1000", i))
		}
		for i := range 6 {
			s.do(fmt.Sprintf("STOCK.CONFIRM k id%d", i))
		}
		s.do("STOCK.ADD k 1", "STOCK.HOLD k last ann 1 FOR 1000")
		s.nowMs += 2000
		report := short(s.do("STOCK.AUDIT k"))
		if !strings.Contains(report, want) {
			t.Errorf("%v: %s", fault, report)
		}
		if err := s.engine.Free(); err != nil {
			t.Error(err)
		}
	}
}
