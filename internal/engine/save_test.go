// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"stampede/internal/config"
	"stampede/internal/disk/faulty"
	"stampede/internal/reply"
	"stampede/internal/session"
)

// TestSaveKeepsNobodyWaiting: while one client waits for its snapshot, the thread that has read
// the call serves others.
func TestSaveKeepsNobodyWaiting(t *testing.T) {
	fs := faulty.New(1)
	begun, goOn := make(chan struct{}), make(chan struct{})
	stop := sync.OnceFunc(func() {
		close(begun)
		<-goOn
	})
	fs.Hook(func(op faulty.Op) error {
		if strings.HasSuffix(op.Name, ".rdb.tmp") {
			stop()
		}
		return nil
	})
	s := &store{t: t, nowMs: 1_700_000_000_000}
	registry := session.NewRegistry(nil)
	var err error
	s.engine, err = New(Options{
		Shards: 2, Config: config.New(), Registry: registry, Clock: func() int64 { return s.nowMs },
		Durability: &Durability{
			FS: fs, Dir: "store", Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		},
	})
	if err == nil {
		err = s.engine.Load()
	}
	if err != nil {
		t.Fatal(err)
	}
	s.runner = s.engine.NewRunner()
	woken := make(chan struct{}, 1)
	wake := func() { woken <- struct{}{} }
	patient := registry.Open(session.Link{Authenticated: true, Wake: wake}, s.nowMs)
	s.session = registry.Open(session.Link{Authenticated: true}, s.nowMs)
	s.want("+OK\r\n", "SET k v")

	var out reply.Buffer
	waiter := s.runner.Do(patient, batchOf([][]string{{"SAVE"}}), &out).Waiter
	if waiter == nil {
		t.Fatalf("SAVE does not wait: %q", out.B)
	}
	<-begun
	s.want("+OK\r\n$1\r\nw\r\n", "SET k w", "GET k")
	s.want("-ERR Background save already in progress\r\n", "BGSAVE")
	if _, done := s.runner.Finish(waiter, &out); done {
		t.Errorf("SAVE has ended: %q", out.B)
	}
	close(goOn)
	<-woken
	if _, done := s.runner.Finish(waiter, &out); !done || string(out.B) != "+OK\r\n" {
		t.Errorf("SAVE: %q, done: %v", out.B, done)
	}
	if status := s.engine.Store().Status(); status.Saves != 1 {
		t.Errorf("%d snapshots", status.Saves)
	}
	if err := s.engine.Free(); err != nil {
		t.Error(err)
	}
}
