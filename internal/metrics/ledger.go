// SPDX-License-Identifier: Apache-2.0

package metrics

import "github.com/prometheus/client_golang/prometheus"

// Ledger is what the page says of the database of record.
type Ledger struct {
	Connected bool
	Failed    bool   // it has ended, for a reason that only people can mend
	Late      bool   // the lag is beyond its bound
	Refusing  bool   // nothing more is held until it has caught up
	Position  uint64 // of the journal, committed in the database
	LagMs     int64  // that the oldest change has been waiting
	LagBytes  int64
	Batches   int64 // since the start
	Rows      int64 // in them
	BatchRows int64 // in the last one
	BatchMs   int64 // that it took
	Retries   int64 // failures of the database since the start
	Setbacks  int64 // how often the database has gone back
}

// ledgerMetrics are the numbers of a ledger.
func ledgerMetrics() []metric {
	of := func(kind prometheus.ValueType, name, help string, value func(*Ledger) float64) metric {
		return metric{prometheus.NewDesc("stampede_ledger_"+name, help, nil, nil), kind,
			func(s *scrape) float64 { return value(s.Ledger) }}
	}
	gauge, counter := prometheus.GaugeValue, prometheus.CounterValue
	return []metric{
		of(gauge, "connected", "1: the database answers.",
			func(l *Ledger) float64 { return bit(l.Connected) }),
		of(gauge, "failed", "1: nothing is written any more; the log says why.",
			func(l *Ledger) float64 { return bit(l.Failed) }),
		of(gauge, "late", "1: the lag is an alarm.",
			func(l *Ledger) float64 { return bit(l.Late) }),
		of(gauge, "refusing", "1: nothing is held until it has caught up.",
			func(l *Ledger) float64 { return bit(l.Refusing) }),
		of(counter, "position_bytes_total", "Up to where the journal is in the database.",
			func(l *Ledger) float64 { return float64(l.Position) }),
		of(gauge, "lag_seconds", "How long the oldest change waits that is not there.",
			func(l *Ledger) float64 { return float64(l.LagMs) / 1000 }),
		of(gauge, "lag_bytes", "Bytes of journal that are not there.",
			func(l *Ledger) float64 { return float64(l.LagBytes) }),
		of(counter, "batches_total", "Transactions.",
			func(l *Ledger) float64 { return float64(l.Batches) }),
		of(counter, "rows_total", "Rows that they wrote.",
			func(l *Ledger) float64 { return float64(l.Rows) }),
		of(gauge, "batch_rows", "Rows of the last transaction.",
			func(l *Ledger) float64 { return float64(l.BatchRows) }),
		of(gauge, "batch_seconds", "What it took.",
			func(l *Ledger) float64 { return float64(l.BatchMs) / 1000 }),
		of(counter, "retries_total", "Failures of the database.",
			func(l *Ledger) float64 { return float64(l.Retries) }),
		of(counter, "setbacks_total", "How often the database had gone back.",
			func(l *Ledger) float64 { return float64(l.Setbacks) }),
	}
}
