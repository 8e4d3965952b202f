// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"stampede/internal/metrics"
	"stampede/internal/persist"
)

// headerTimeout bounds how long a client may take to say what it wants.
const headerTimeout = 10 * time.Second

// serveHTTP returns what serves handler on an address until its context ends.
func serveHTTP(address string, handler http.Handler) func(context.Context) error {
	return func(ctx context.Context) error {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		s := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout}
		stop := context.AfterFunc(ctx, func() { _ = s.Close() })
		defer stop()
		if err := s.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}
}

// metricsPage puts the page where Prometheus looks for it.
func metricsPage(page http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/metrics", page)
	return mux
}

// profiles are Go's own.
func profiles() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	return mux
}

// diskGauges are what the page of metrics says of the disk; nil if nothing is kept on it.
func diskGauges(store *persist.Store, changes int64) *metrics.Disk {
	if store == nil {
		return nil
	}
	s := store.Status()
	d := &metrics.Disk{
		Loading: s.LoadingSinceMs != 0, LoadedBytes: s.LoadedBytes, LoadTotal: s.LoadTotalBytes,
		Saving: s.Saving, SavingForMs: -1, LastSaveMs: s.LastSaveMs, SaveOK: s.SaveOK,
		SaveTookMs: s.SaveTookMs, Saves: s.Saves, Changes: changes - s.SavedChanges,
		SnapshotBytes: s.SnapshotBytes,
		Journal:       s.Journal, Fsync: s.Fsync.String(), JournalBytes: s.JournalBytes,
		Position: uint64(s.Position), Durable: uint64(s.Durable),
		JournalFailure: s.JournalError != "",
	}
	if s.SavingSinceMs != 0 {
		d.SavingForMs = max(time.Now().UnixMilli()-s.SavingSinceMs, 0)
	}
	return d
}
