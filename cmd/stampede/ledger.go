// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"stampede/internal/engine"
	"stampede/internal/ledger"
	"stampede/internal/metrics"
)

// openLedger makes the ledger that the command line asks for, or nil.
func (c *ServeCmd) openLedger(store *engine.Engine, log *slog.Logger) (*ledger.Ledger, error) {
	if c.Postgres == "" {
		return nil, nil
	}
	if store.Journal() == nil {
		return nil, errors.New("--postgres needs the journal: it cannot go with --memory-only or " +
			"appendonly no")
	}
	host, err := os.Hostname()
	if err != nil {
		host = "a host without a name"
	}
	l, err := ledger.New(ledger.Options{
		URL: c.Postgres, Journal: store.Journal(), LagMax: c.LedgerLagMax, Log: log,
		Snapshot: store.Store().Stocks,
		Holder:   fmt.Sprintf("%s, process %d", host, os.Getpid()),
	})
	if err == nil {
		log.Info("ledger: what is sold is written to PostgreSQL", "database", l.Address())
	}
	return l, err
}

// ledgerInfo is the section Ledger of INFO.
func ledgerInfo(l *ledger.Ledger) string {
	s := l.Status()
	state := "connected"
	switch {
	case s.Failure != "":
		state = "failed"
	case !s.Connected:
		state = "trying"
	}
	var b strings.Builder
	line := func(name string, value any) { fmt.Fprintf(&b, "ledger_%s:%v\n", name, value) }
	line("state", state)
	line("database", l.Address())
	line("epoch", s.Epoch)
	line("position", s.Position)
	line("lag_seconds", fmt.Sprintf("%.3f", float64(s.LagMs)/1000))
	line("lag_bytes", s.LagBytes)
	line("late", bit(s.Late))
	line("batches", s.Batches)
	line("rows", s.Rows)
	line("batch_rows", s.BatchRows)
	line("batch_rows_max", s.BatchMax)
	line("batch_milliseconds", s.BatchMs)
	line("retries", s.Retries)
	oneLine := strings.NewReplacer("\r", " ", "\n", " ")
	if s.LastError != "" {
		line("last_error", oneLine.Replace(s.LastError))
	}
	if s.Failure != "" {
		line("failure", oneLine.Replace(s.Failure))
	}
	return b.String()
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// ledgerGauges are what the page of metrics says of the ledger; nil if there is none.
func ledgerGauges(l *ledger.Ledger) *metrics.Ledger {
	if l == nil {
		return nil
	}
	s := l.Status()
	return &metrics.Ledger{
		Connected: s.Connected, Failed: s.Failure != "", Late: s.Late,
		Position: uint64(s.Position), LagMs: s.LagMs, LagBytes: s.LagBytes,
		Batches: s.Batches, Rows: s.Rows, BatchRows: s.BatchRows, BatchMs: s.BatchMs,
		Retries: s.Retries,
	}
}
