// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"io"
	"log/slog"
	"strconv"
	"strings"
	"testing"

	"stampede/internal/config"
	"stampede/internal/session"
)

// reopen is a store that keeps its data in dir, at some time.
func reopen(t *testing.T, dir string, shards int, nowMs int64) *store {
	t.Helper()
	s := &store{t: t, nowMs: nowMs}
	registry := session.NewRegistry(nil)
	var err error
	s.engine, err = New(Options{
		Shards: shards, Config: config.New(), Registry: registry, Clock: func() int64 { return s.nowMs },
		Durability: &Durability{Dir: dir, Log: slog.New(slog.NewTextHandler(io.Discard, nil))},
	})
	if err == nil {
		err = s.engine.Load()
	}
	if err != nil {
		t.Fatal(err)
	}
	s.runner = s.engine.NewRunner()
	s.session = registry.Open(session.Link{Authenticated: true}, nowMs)
	return s
}

// fenceOf takes a lock and gives its fence.
func fenceOf(s *store, name, token string) int64 {
	s.t.Helper()
	reply := s.do("LOCK.ACQUIRE " + name + " " + token + " 1000")
	fence, err := strconv.ParseInt(strings.Trim(reply, ":\r\n"), 10, 64)
	if err != nil {
		s.t.Fatalf("%s of %s: %q", name, token, reply)
	}
	return fence
}

// TestFencesGrowThoughTheClockGoesBack: a fence is never given again, whether the journal or
// a snapshot has it, on however many shards; and a lease is not revived.
func TestFencesGrowThoughTheClockGoesBack(t *testing.T) {
	dir, latest := t.TempDir(), map[string]int64{}
	const startMs = 1_700_000_000_000
	for life := range 8 {
		s := reopen(t, dir, 1+life%3, startMs-3_600_000*int64(life))
		for _, name := range []string{"a", "b", "c", "d"} {
			for range 1 + life%2 {
				fence := fenceOf(s, name, "token")
				if fence <= latest[name] {
					t.Fatalf("life %d: fence %d of %s, after %d", life, fence, name, latest[name])
				}
				latest[name] = fence
				s.want(":1\r\n", "LOCK.RELEASE "+name+" token")
			}
		}
		if life%2 == 1 {
			if err := s.engine.Store().Save(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.engine.Free(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestALeaseEndsAtItsMillisecond: not one later, and it is over even if nobody has looked,
// also for a server that starts with a clock behind.
func TestALeaseEndsAtItsMillisecond(t *testing.T) {
	dir := t.TempDir()
	const startMs = 1_700_000_000_000
	s := reopen(t, dir, 2, startMs)
	fenceOf(s, "lock", "owner")
	s.nowMs += 999
	s.want("$-1\r\n", "LOCK.ACQUIRE lock other 1000")
	s.nowMs++
	s.want("$-1\r\n", "LOCK.EXTEND lock owner 1000") // told that it is over
	if err := s.engine.Free(); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, dir, 3, startMs)
	s.want(":0\r\n", "LOCK.RELEASE lock owner")
	fenceOf(s, "lock", "other")
	if err := s.engine.Free(); err != nil {
		t.Fatal(err)
	}
}

// TestEndedLeasesAreForgotten: nobody has to ask for them.
func TestEndedLeasesAreForgotten(t *testing.T) {
	s := newStore(t, 4)
	empty := s.used()
	for i := range 5000 {
		fenceOf(s, "lock"+strconv.Itoa(i), "token")
	}
	if s.used() == empty {
		t.Error("locks take no memory")
	}
	s.nowMs += 1000
	s.engine.Step()
	if used := s.used(); used != empty {
		t.Errorf("%d bytes are used for locks that have ended", used-empty)
	}
}
