// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"strings"
	"testing"
)

func TestPageOfALedger(t *testing.T) {
	text := page(t, Gauges{Ledger: &Ledger{
		Connected: true, Late: true, Position: 4096, LagMs: 1500, LagBytes: 77, Batches: 3, Rows: 90,
		BatchRows: 30, BatchMs: 250, Retries: 2, Setbacks: 1, Refusing: true,
	}})
	for _, line := range []string{
		"stampede_ledger_connected 1", "stampede_ledger_failed 0", "stampede_ledger_late 1",
		"stampede_ledger_position_bytes_total 4096", "stampede_ledger_lag_seconds 1.5",
		"stampede_ledger_lag_bytes 77", "stampede_ledger_batches_total 3",
		"stampede_ledger_rows_total 90", "stampede_ledger_batch_rows 30",
		"stampede_ledger_batch_seconds 0.25", "stampede_ledger_retries_total 2",
		"stampede_ledger_setbacks_total 1", "stampede_ledger_refusing 1",
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("the page lacks %s", line)
		}
	}
	if strings.Contains(page(t, Gauges{}), "stampede_ledger_") {
		t.Error("a ledger is on the page of a store without one")
	}
}
