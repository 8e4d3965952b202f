// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"stampede/internal/config"
	"stampede/internal/disk"
	"stampede/internal/disk/faulty"
	"stampede/internal/seedtest"
	"stampede/internal/session"
)

// busyDisk lets something happen whenever a piece of a snapshot is written.
type busyDisk struct {
	disk.FS
	meanwhile func()
}

type busyFile struct {
	disk.File
	disk *busyDisk
}

func (d *busyDisk) OpenFile(name string, flag int, perm fs.FileMode) (disk.File, error) {
	file, err := d.FS.OpenFile(name, flag, perm)
	if err == nil && strings.HasSuffix(name, ".tmp") {
		file = busyFile{file, d}
	}
	return file, err
}

func (f busyFile) Write(p []byte) (int, error) {
	f.disk.meanwhile()
	return f.File.Write(p)
}

// restart opens the store that is on a disk, as if the shop's had ended.
func (s *shop) restart(fs disk.FS, shards int) {
	s.t.Helper()
	registry := session.NewRegistry(nil)
	parameters := config.New()
	if err := parameters.SetAtStart("appendonly", "yes"); err != nil {
		s.t.Fatal(err)
	}
	e, err := New(Options{
		Shards: shards, Config: parameters, Registry: registry, ReserveBytes: 1 << 33,
		Clock:      func() int64 { return s.nowMs },
		Durability: &Durability{FS: fs, Dir: "data", Log: slog.New(slog.DiscardHandler)},
	})
	if err == nil {
		err = e.Load()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.engine, s.runner = e, e.NewRunner()
	s.session = registry.Open(session.Link{}, s.nowMs)
	s.session.Authenticated = true
}

// trade makes calls that the twins answer alike.
func (s *shop) trade(calls int) {
	s.t.Helper()
	for range calls {
		call, want := s.step()
		if got := short(s.do(call)); got != want {
			s.t.Fatalf("%s at %d: got %q, want %q", call, s.nowMs, got, want)
		}
	}
}

const (
	bulkHolds = 40000 // of one stock, so that a snapshot of it takes many steps
	bulkTaken = 400   // changes of them with each piece of the snapshot
)

// bulk changes holds of the large stock.
func (s *shop) bulk() {
	for range bulkTaken {
		id := s.rng.IntN(bulkHolds * 2)
		switch s.rng.IntN(4) {
		case 0:
			s.do(fmt.Sprint("STOCK.CONFIRM bulk ", id))
		case 1:
			s.do(fmt.Sprint("STOCK.RELEASE bulk ", id))
		case 2:
			s.do(fmt.Sprintf("STOCK.EXTEND bulk %d %d", id, 700000+s.rng.IntN(100000)))
		case 3:
			s.do(fmt.Sprintf("STOCK.HOLD bulk %d buyer%d 1", id, id%1000))
		}
	}
}

// bulkState is all that is known of the large stock.
func (s *shop) bulkState() (lines []string) {
	for id := range bulkHolds * 2 {
		lines = append(lines, s.do(fmt.Sprint("STOCK.GET bulk ", id)))
	}
	return append(lines, s.do("STOCK.INFO bulk"), s.do("STOCK.AUDIT bulk"))
}

// TestStocksSurviveRestarts: holds, sales, refusals, answers to ids and fences are what they
// were, whether they come from a snapshot that was written while everything changed, or from
// the journal behind it.
func TestStocksSurviveRestarts(t *testing.T) {
	seed := seedtest.Of(t)
	memory := faulty.New(seed)
	s := &shop{
		store: &store{t: t, nowMs: 1_700_000_000_000}, ledgers: map[string]*ledger{},
		rng: rand.New(rand.NewPCG(seed, 9)),
	}
	d := &busyDisk{FS: memory}
	s.restart(d, 3)
	for _, key := range shopKeys {
		s.open(key)
	}
	s.do("STOCK.OPEN bulk 1000000 HOLD 600000")
	for id := range bulkHolds {
		s.do(fmt.Sprintf("STOCK.HOLD bulk %d buyer%d 1", id, id%1000))
	}
	s.trade(2000)
	s.do("STOCK.OPEN gone 5", "STOCK.HOLD gone a ann 1", "STOCK.HOLD gone b ann 1", "STOCK.DROP gone")
	gone := s.do("STOCK.OPEN gone 5", "STOCK.HOLD gone a ann 1", "STOCK.DROP gone")

	pieces := 0
	d.meanwhile = func() {
		if pieces++; pieces == 1 { // to another shard and back, or within one
			s.want("+OK\r\n+OK\r\n+OK\r\n+OK\r\n", "RENAME bulk heap", "RENAME heap bulk",
				"RENAME apple pear", "RENAME pear apple")
		}
		s.bulk()
		s.trade(100)
	}
	if err := s.engine.Store().Save(context.Background()); err != nil || pieces < 2 {
		t.Fatalf("%d pieces were written, error %v", pieces, err)
	}
	s.bulk()
	s.trade(1000)
	want := s.bulkState()
	for round, shards := range []int{1, 8} {
		if err := s.engine.Free(); err != nil {
			t.Fatal(err)
		}
		s.restart(d, shards)
		for i, line := range s.bulkState() {
			if line != want[i] {
				t.Fatalf("round %d, line %d: got %q, want %q", round, i, line, want[i])
			}
		}
		s.audit()
		s.trade(1000)
		if round == 0 {
			d.meanwhile = func() { s.trade(50) }
			if err := s.engine.Store().Save(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
	}
	again := s.do("STOCK.OPEN gone 5", "STOCK.HOLD gone a ann 1")
	if a, b := fenceIn(t, gone), fenceIn(t, again); a < 3 || b <= a {
		t.Errorf("a stock that was made anew gave fence %d, then %d", a, b)
	}
	if err := s.engine.Free(); err != nil {
		t.Fatal(err)
	}
}

// fenceIn is the fence of the first HELD in some replies.
func fenceIn(t *testing.T, replies string) int64 {
	t.Helper()
	words := strings.Fields(short(replies))
	for i, word := range words {
		if word == "HELD" {
			n, err := strconv.ParseInt(words[i+1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("nothing is held: %q", replies)
	return 0
}
