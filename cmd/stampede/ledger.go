// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"stampede/internal/config"
	"stampede/internal/engine"
	"stampede/internal/ledger"
	"stampede/internal/metrics"
)

// openLedger makes the ledger that the command line asks for, or nil.
func (c *ServeCmd) openLedger(
	store *engine.Engine, parameters *config.Config, log *slog.Logger,
) (*ledger.Ledger, error) {
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
		URL: c.Postgres, Journal: store.Journal(), Log: log, Snapshot: store.Store().Stocks,
		Holder:  fmt.Sprintf("%s, process %d", host, os.Getpid()),
		Limits:  func() ledger.Limits { return ledgerLimits(parameters) },
		Changed: store.LedgerChanged,
		Committed: func(took time.Duration) {
			threshold := parameters.Int(config.LatencyMonitorThreshold)
			if ms := took.Milliseconds(); threshold > 0 && ms >= threshold {
				store.Stats().Latency.Add("ledger-commit", time.Now().Unix(), ms)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	store.SetLedger(l)
	log.Info("ledger: what is sold is written to PostgreSQL", "database", l.Address())
	return l, nil
}

// ledgerLimits are how far the ledger may be behind.
func ledgerLimits(parameters *config.Config) ledger.Limits {
	return ledger.Limits{
		Lag:    time.Duration(parameters.Int(config.LedgerLagMaxSeconds)) * time.Second,
		Bytes:  parameters.Int(config.LedgerLagMaxBytes),
		Refuse: parameters.Text(config.LedgerLagPolicy) == "refuse",
	}
}

// follow runs a ledger. Whoever waits for it when it ends is told that.
func follow(l *ledger.Ledger, store *engine.Engine) func(context.Context) error {
	return func(ctx context.Context) error {
		defer store.EndLedger()
		return l.Run(ctx)
	}
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
	line("refusing", bit(s.Refusing))
	line("batches", s.Batches)
	line("rows", s.Rows)
	line("batch_rows", s.BatchRows)
	line("batch_rows_max", s.BatchMax)
	line("batch_milliseconds", s.BatchMs)
	line("retries", s.Retries)
	line("setbacks", s.Setbacks)
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
		Connected: s.Connected, Failed: s.Failure != "", Late: s.Late, Refusing: s.Refusing,
		Position: uint64(s.Position), LagMs: s.LagMs, LagBytes: s.LagBytes,
		Batches: s.Batches, Rows: s.Rows, BatchRows: s.BatchRows, BatchMs: s.BatchMs,
		Retries: s.Retries, Setbacks: s.Setbacks,
	}
}
