// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"

	"stampede/internal/config"
	"stampede/internal/disk"
	"stampede/internal/disk/faulty"
	"stampede/internal/engine"
	"stampede/internal/journal"
	"stampede/internal/keyspace"
	"stampede/internal/persist"
	"stampede/internal/seedtest"
	"stampede/internal/session"
)

// openStore opens a store and loads it, with the journal or with the snapshot alone, and
// gives a client who looks at it.
func openStore(
	t testing.TB, fs disk.FS, shards int, appendOnly string, nowMs int64,
) (*engine.Engine, *client) {
	t.Helper()
	parameters := config.New()
	if err := parameters.SetAtStart("appendonly", appendOnly); err != nil {
		t.Fatal(err)
	}
	registry := session.NewRegistry(nil)
	e, err := engine.New(engine.Options{
		Shards: shards, Config: parameters, Registry: registry,
		Clock:      func() int64 { return nowMs },
		Durability: &engine.Durability{FS: fs, Dir: folder, SegmentBytes: 16 << 10},
	})
	if err == nil {
		err = e.Load()
	}
	if err != nil {
		t.Fatalf("%d shards, appendonly %s: %v", shards, appendOnly, err)
	}
	return e, newClient(e, registry, nowMs)
}

// lookAtSnapshot compares the snapshot that has just been written, without the journal, with
// what there was at its position.
func (w *world) lookAtSnapshot() {
	w.pull()
	if w.dead || w.t.Failed() || w.share > 0 || w.rng.IntN(2) == 0 {
		return
	}
	at := w.engine.Store().Status().SnapshotPosition
	then := w.twinAt(at)
	e, c := openStore(w.t, w.disk, 1+w.rng.IntN(8), "no", w.nowMs)
	for _, line := range differences(c.contents(w.t), then.contents(w.t, w.nowMs)) {
		w.t.Errorf("the snapshot of position %d: %s", at, line)
	}
	if err := e.Free(); err != nil {
		w.t.Error(err)
	}
}

// twinAt is the twin as it was at a position of this life.
func (w *world) twinAt(at journal.Position) *twin {
	then := w.base.clone()
	var ignored [256]int
	for _, r := range w.records {
		if r.end <= at {
			if err := then.record(r.bytes, &ignored); err != nil {
				w.t.Error(err)
			}
		}
	}
	return then
}

// TestSnapshotUnderLoad saves while clients write at the same time. The last snapshot alone is
// what the journal says there was at its position, and snapshot and journal together are on
// any number of shards what the store was at its end.
func TestSnapshotUnderLoad(t *testing.T) {
	rounds := 4
	if testing.Short() {
		rounds = 1
	}
	seed := seedtest.Of(t)
	for round := range rounds {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			fs := faulty.New(seed)
			const nowMs = beginMs
			end, at := saveUnderLoad(t, fs, seed+uint64(round), nowMs)
			atSnapshot, atEnd := newTwin(), newTwin()
			records := readJournal(t, fs, func(record []byte, end journal.Position) {
				var ignored [256]int
				err := atEnd.record(record, &ignored)
				if end <= at {
					err = errors.Join(err, atSnapshot.record(record, &ignored))
				}
				if err != nil {
					t.Fatal(err)
				}
			})
			for _, shards := range []int{1, 2, 3, 8} {
				for _, kept := range []struct {
					appendOnly string
					want       *twin
				}{{"no", atSnapshot}, {"yes", atEnd}} {
					e, c := openStore(t, fs, shards, kept.appendOnly, nowMs)
					for _, line := range differences(c.contents(t), kept.want.contents(t, nowMs)) {
						t.Errorf("%d shards, appendonly %s: %s", shards, kept.appendOnly, line)
					}
					if err := e.Free(); err != nil {
						t.Error(err)
					}
				}
			}
			for _, line := range differences(end, atEnd.contents(t, nowMs)) {
				t.Errorf("at the end: %s", line)
			}
			t.Logf("%d records, the snapshot is of position %d", records, at)
		})
	}
}

// saveUnderLoad lets clients write and saves meanwhile, some times. It returns what there was
// at the end, and the position of the last snapshot. The journal is kept from its beginning.
func saveUnderLoad(
	t *testing.T, fs disk.FS, seed uint64, nowMs int64,
) (contents, journal.Position) {
	const writers, calls, saves = 4, 300, 5
	e, reader := openStore(t, fs, 1+int(seed%8), "yes", nowMs)
	log := e.Journal()
	if err := log.Claim("test", 0); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var keeper, work sync.WaitGroup
	keeper.Go(func() {
		if err := e.Store().Run(ctx); err != nil {
			t.Error(err)
		}
	})
	registry := session.NewRegistry(nil)
	for i := range writers {
		c := newClient(e, registry, nowMs)
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		draw := newDrawer(rng, false)
		work.Go(func() {
			for range calls {
				c.do(draw.calls()...)
			}
		})
	}
	for range saves {
		err := e.Store().Save(t.Context()) // a client may save, too, or flush again and again
		if err != nil && !errors.Is(err, persist.ErrSaving) && !errors.Is(err, keyspace.ErrCutLost) {
			t.Error(err)
		}
	}
	work.Wait()
	end := reader.contents(t)
	cancel()
	keeper.Wait()
	at := e.Store().Status().SnapshotPosition
	if err := e.Free(); err != nil {
		t.Fatal(err)
	}
	return end, at
}

// readJournal reads all records from the first one on.
func readJournal(
	t *testing.T, fs disk.FS, take func(record []byte, end journal.Position),
) (n int) {
	r, err := journal.OpenReader(fs, filepath.Join(folder, persist.JournalDir), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	for ; ; n++ {
		record, end, err := r.Next()
		if err == io.EOF {
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
		take(record, end)
	}
}
