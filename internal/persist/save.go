// SPDX-License-Identifier: Apache-2.0

package persist

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"stampede/internal/disk"
	"stampede/internal/journal"
	"stampede/internal/keyspace"
	"stampede/internal/rdb"
	"stampede/internal/txn"
)

// ErrSaving says that a snapshot is being written already.
var ErrSaving = errors.New("persist: a snapshot is being written already")

// Sizes of the pieces that a snapshot is written in.
const (
	stepBytes  = 32 << 10 // that a shard hands out while it is owned
	writeBytes = 1 << 20  // that are written at once
)

// Save writes a snapshot of the store as it is now and returns when it is whole.
// [ErrSaving] if another one is under way.
func (s *Store) Save(ctx context.Context) error {
	if !s.saving.CompareAndSwap(false, true) {
		return ErrSaving
	}
	return s.save(ctx)
}

// SaveSoon begins to write a snapshot and does not wait. It is false if one is under way;
// with again, another one follows that then.
func (s *Store) SaveSoon(again bool) (began bool) {
	if !s.saving.CompareAndSwap(false, true) {
		if again {
			s.again.Store(true)
		}
		return false
	}
	s.saves.Go(func() {
		_ = s.save(context.Background()) // it is in the status and in the log
		for s.again.Swap(false) && s.saving.CompareAndSwap(false, true) {
			_ = s.save(context.Background())
		}
	})
	return true
}

// SavesAtEnd tells whether a server that ends should write a snapshot unless it is told not
// to: there is no journal, and save points say that data is to be kept.
func (s *Store) SavesAtEnd() bool {
	return s.log == nil && s.o.Points != nil && len(s.o.Points()) > 0
}

// save writes a snapshot. The caller has set saving.
func (s *Store) save(ctx context.Context) error {
	defer s.saving.Store(false)
	startMs := s.o.NowMs()
	s.note(func(status *Status) { status.SavingSinceMs, status.SavedKeys = startMs, 0 })
	var err error
	var done saved
	for range lostTries {
		if done, err = s.snapshot(ctx); !errors.Is(err, keyspace.ErrCutLost) {
			break
		}
	}
	s.failed.Store(err != nil)
	s.note(func(status *Status) {
		status.SavingSinceMs, status.SaveOK, status.SaveTookMs = 0, err == nil, s.since(startMs)
		status.TriedMs = s.o.NowMs()
		if status.SaveError = ""; err != nil {
			status.SaveError = err.Error()
			return
		}
		status.Saves++
		status.LastSaveMs, status.SavedChanges = s.o.NowMs(), done.changes
		status.SnapshotBytes, status.SnapshotPosition = done.bytes, done.position
	})
	if err != nil {
		s.o.Log.Error("a snapshot could not be written", "error", err)
		return fmt.Errorf("persist: %w", err)
	}
	s.o.Log.Info("snapshot written", "file", s.path, "bytes", done.bytes, "keys", done.keys,
		"seconds", float64(s.since(startMs))/1000)
	if s.log != nil {
		return s.log.DropBefore(done.position)
	}
	return nil
}

// lostTries is how often a snapshot begins again because the keys were flushed meanwhile.
const lostTries = 3

// saved is what a snapshot was made of.
type saved struct {
	position             journal.Position
	keys, bytes, changes int64
}

// cut is the moment that a snapshot is of.
type cut struct {
	cuts  []*keyspace.Cut // by shard
	told  []int64         // by shard: how many keys of it are in keys
	codes [][]byte        // of functions
	alone bool            // nothing of a journal goes on from it
	fence int64           // of stocks that are gone

	sizes [keyspace.Databases]struct{ keys, expiring int }
	saved
}

// cut takes the moment.
func (s *Store) cut(o ExportOptions) *cut {
	var tx txn.Tx
	c := &cut{}
	s.o.Shards.Begin(&tx, s.o.Shards.All(), s.o.NowMs())
	defer tx.End()
	for _, space := range tx.Spaces() {
		one := space.BeginCut()
		one.JSONAsString = o.JSONAsString
		c.cuts, c.told = append(c.cuts, one), append(c.told, 0)
		c.changes += space.Stats.Changes
		c.fence = max(c.fence, space.StockFence())
		for n := range c.sizes {
			c.sizes[n].keys += space.DB(n).Len()
			c.sizes[n].expiring += space.DB(n).Expiring()
		}
	}
	if s.log != nil {
		c.position = s.log.End()
	}
	if s.o.Functions != nil {
		c.codes = s.o.Functions.Codes()
	}
	return c
}

// snapshot writes a file and gives it its name.
func (s *Store) snapshot(ctx context.Context) (saved, error) {
	c := s.cut(ExportOptions{})
	temporary := s.path + ".tmp"
	err := s.writeFile(ctx, temporary, c)
	s.finish(c)
	if err == nil && s.log != nil {
		// What the snapshot holds must not be ahead of the journal that goes on from it.
		err = s.log.Flush(ctx)
	}
	if err == nil {
		err = s.fs.Rename(temporary, s.path)
	}
	if err == nil {
		err = s.fs.SyncDir(s.o.Dir)
	}
	if err != nil {
		_ = s.fs.Remove(temporary) // the next one writes over it in any case
	}
	return c.saved, err
}

// finish makes the steps that are left, so that another cut may begin.
func (s *Store) finish(c *cut) {
	for i, one := range c.cuts {
		for more := true; more; {
			space := s.o.Shards.Shard(i)
			space.Own(0)
			one.Discard()
			_, _, more, _ = one.Step(nil, stepBytes)
			space.Release()
		}
	}
}

func (s *Store) writeFile(ctx context.Context, name string, c *cut) (err error) {
	file, err := s.fs.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	w := &snapshotWriter{store: s, ctx: ctx, rdb: rdb.NewWriter(file)}
	err = w.write(c)
	c.bytes = w.rdb.Bytes()
	return closeSynced(file, err)
}

// closeSynced syncs a file that was written without an error, and closes it.
func closeSynced(file disk.File, err error) error {
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// snapshotWriter writes what the shards hand out.
type snapshotWriter struct {
	store   *Store
	ctx     context.Context
	rdb     *rdb.Writer
	pending []byte
	used    int64 // how much the shard of the last step had been used
}

func (w *snapshotWriter) write(c *cut) error {
	s := w.store
	h := head{position: c.position, fence: c.fence}
	if s.log != nil && !c.alone {
		h.journal = s.log.ID()
	}
	w.pending = h.append(w.pending, s.o.NowMs())
	for _, code := range c.codes {
		w.pending = rdb.AppendFunction(w.pending, code)
	}
	for n, size := range c.sizes {
		if size.keys > 0 {
			w.pending = rdb.AppendSelectDB(w.pending, n)
			w.pending = rdb.AppendResizeDB(w.pending, size.keys, size.expiring)
		}
	}
	for left := len(c.cuts); left > 0; {
		left = 0
		for i := range c.cuts {
			more, err := w.turn(c, i)
			if err != nil {
				return err
			}
			if more {
				left++
			}
		}
		s.note(func(status *Status) { status.SavedKeys = c.keys })
	}
	if err := w.flush(0); err != nil {
		return err
	}
	return w.rdb.Finish()
}

// turn lets a shard hand something out, and goes on until a key of it is whole.
func (w *snapshotWriter) turn(c *cut, i int) (more bool, err error) {
	one, shard := c.cuts[i], w.store.o.Shards.Shard(i)
	for inside := true; inside; {
		start := time.Now()
		space := shard.OwnPolitely(0)
		used := space.Stats.Used()
		w.pending, inside, more, err = one.Step(w.pending, stepBytes)
		c.keys, c.told[i] = c.keys+one.Keys-c.told[i], one.Keys
		shard.Release()
		w.rest(used, time.Since(start))
		if err == nil {
			err = w.ctx.Err()
		}
		if err == nil {
			err = w.flush(writeBytes)
		}
		if err != nil {
			return false, err
		}
	}
	return more, nil
}

// restFactor is how many times as long as a step took nothing is done while calls come: a
// snapshot shall take a fraction of a processor from them.
const restFactor = 3

// rest lets calls run that have come since the last step. used is how many there were so far.
func (w *snapshotWriter) rest(used int64, took time.Duration) {
	if used != w.used {
		time.Sleep(restFactor * took)
	}
	w.used = used
}

// flush writes what waits if it is more than n bytes.
func (w *snapshotWriter) flush(n int) error {
	if len(w.pending) <= n {
		return nil
	}
	_, err := w.rdb.Write(w.pending)
	w.pending = w.pending[:0]
	return err
}
