// SPDX-License-Identifier: Apache-2.0

package persist

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"stampede/internal/effect"
	"stampede/internal/journal"
	"stampede/internal/keyspace"
	"stampede/internal/rdb"
	"stampede/internal/txn"
)

// loading is how far the start has come.
type loading struct {
	startMs     int64
	totalBytes  int64
	loadedBytes atomic.Int64
	keys        atomic.Int64
	logged      time.Time
}

// Load brings the snapshot and the journal behind it into the shards, which must be empty,
// by all cores. Afterwards the journal takes what changes.
func (s *Store) Load() error {
	l := &loading{startMs: s.o.NowMs(), totalBytes: s.head.bytes, logged: time.Now()}
	if s.log != nil {
		l.totalBytes += int64(s.log.End() - s.head.position)
	}
	s.loading.Store(l)
	defer s.loading.Store(nil)
	s.replay(true)
	feed := newFeeder(s.o.Shards, s.applyFunction)
	err := s.loadAll(l, feed)
	feed.close()
	s.replay(false)
	if err != nil {
		return err
	}
	changes := s.changes()
	s.note(func(status *Status) {
		status.SavedChanges = changes
		status.LoadedKeys, status.LoadTookMs = l.keys.Load(), s.since(l.startMs)
		status.SnapshotBytes = s.head.bytes
	})
	if l.totalBytes > 0 {
		s.o.Log.Info("loaded", "snapshot keys", l.keys.Load(), "bytes", l.totalBytes,
			"seconds", float64(s.since(l.startMs))/1000)
	}
	if s.log == nil {
		return nil
	}
	if s.found && s.head.journal != s.log.ID() {
		// The snapshot came from elsewhere. The journal can go on from one of its own only.
		if err := s.Save(context.Background()); err != nil {
			return err
		}
	}
	s.o.Shards.Keep(s.log)
	return nil
}

func (s *Store) loadAll(l *loading, feed *feeder) error {
	if s.found {
		if err := s.loadSnapshot(l, feed); err != nil {
			return s.snapshotError(err)
		}
	}
	if err := feed.drain(); err != nil || s.log == nil {
		return err
	}
	if err := s.loadJournal(l, feed); err != nil {
		return err
	}
	return feed.drain()
}

// replay tells all shards whether effects are applied.
func (s *Store) replay(on bool) {
	var tx txn.Tx
	s.o.Shards.Begin(&tx, s.o.Shards.All(), 0)
	defer tx.End()
	for _, space := range tx.Spaces() {
		space.Replay(on)
		space.RaiseStockFence(s.head.fence)
	}
}

func (s *Store) applyFunction(e *effect.Effect) error {
	switch {
	case s.o.Functions == nil:
		return errors.New("persist: there are functions, and nobody to take them")
	case e.Op == effect.FunctionLoad:
		return s.o.Functions.Load(e.Value)
	}
	s.o.Functions.Drop(string(e.Field))
	return nil
}

// loadSnapshot reads the snapshot.
func (s *Store) loadSnapshot(l *loading, feed *feeder) error {
	file, err := s.fs.OpenFile(s.path, readOnly, 0)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	in := intake{
		reader: rdb.NewReader(file, keyspace.ReaderOptions()), feed: feed, keys: &l.keys,
		bytes: s.head.bytes,
		leave: func(_ *rdb.Item, err error) error { return err },
		progress: func(offset int64) error {
			l.loadedBytes.Store(offset)
			s.tellProgress(l)
			return nil
		},
	}
	return in.run()
}

// loadJournal reads the records behind the snapshot.
func (s *Store) loadJournal(l *loading, feed *feeder) error {
	r := s.log.Read(s.head.position, false)
	defer func() { _ = r.Close() }() // it was only read
	for n := 0; ; n++ {
		record, end, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := feed.record(record); err != nil {
			return recordError(end, err)
		}
		if n%progressKeys == 0 {
			l.loadedBytes.Store(s.head.bytes + int64(end-s.head.position))
			s.tellProgress(l)
		}
	}
}

func recordError(end journal.Position, err error) error {
	return fmt.Errorf("persist: the record of the journal that ends at position %d: %w", end, err)
}

// tellProgress logs how far the start has come, now and then.
func (s *Store) tellProgress(l *loading) {
	if time.Since(l.logged) < logEvery {
		return
	}
	l.logged = time.Now()
	loaded := l.loadedBytes.Load()
	s.o.Log.Info("loading", "percent", 100*loaded/max(l.totalBytes, 1), "bytes", loaded,
		"of", l.totalBytes)
}
