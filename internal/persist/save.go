// SPDX-License-Identifier: Apache-2.0

package persist

import (
	"context"
	"errors"
	"fmt"
	"os"

	"stampede/internal/disk"
	"stampede/internal/journal"
	"stampede/internal/keyspace"
	"stampede/internal/rdb"
	"stampede/internal/txn"
)

// ErrSaving says that a snapshot is being written already.
var ErrSaving = errors.New("persist: a snapshot is being written already")

// Save writes a snapshot of the store as it is now and returns when it is whole.
// [ErrSaving] if another one is under way.
func (s *Store) Save(ctx context.Context) error {
	if !s.saving.begin() {
		return ErrSaving
	}
	return s.save(ctx)
}

// SaveLast is Save for a server that ends: it waits for a snapshot that is under way, which
// may lack the last changes.
func (s *Store) SaveLast(ctx context.Context) error {
	s.saving.wait()
	return s.save(ctx)
}

// SaveSoon begins to write a snapshot and does not wait. It is false if one is under way;
// with again, another one follows that then.
func (s *Store) SaveSoon(again bool) (began bool) {
	if !s.saving.begin() {
		if again {
			s.again.Store(true)
		}
		return false
	}
	s.saves.Go(func() {
		_ = s.save(context.Background()) // it is in the status and in the log
		for s.again.Swap(false) && s.saving.begin() {
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

// turn is held by who writes a snapshot.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

// begin takes the turn unless somebody has it.
func (t turn) begin() bool {
	select {
	case t <- struct{}{}:
		return true
	default:
		return false
	}
}

func (t turn) wait()       { t <- struct{}{} }
func (t turn) end()        { <-t }
func (t turn) taken() bool { return len(t) > 0 }

// save writes a snapshot. The caller has the turn.
func (s *Store) save(ctx context.Context) error {
	defer s.saving.end()
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
	handouts []*handout // by shard
	told     []int64    // by shard: how many keys of it are in keys
	codes    [][]byte   // of functions
	alone    bool       // nothing of a journal goes on from it
	fence    int64      // of stocks that are gone

	sizes [keyspace.Databases]struct{ keys, expiring int }
	saved
}

// cut takes the moment.
func (s *Store) cut(o ExportOptions) *cut {
	var tx txn.Tx
	c := &cut{}
	s.o.Shards.Begin(&tx, s.o.Shards.All(), s.o.NowMs())
	defer tx.End()
	for i, space := range tx.Spaces() {
		one := newHandout(space)
		one.cut.JSONAsString = o.JSONAsString
		s.o.Shards.Shard(i).Attach(one)
		c.handouts, c.told = append(c.handouts, one), append(c.told, 0)
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
	for i, one := range c.handouts {
		for more := true; more; {
			space := s.o.Shards.Shard(i)
			space.Own(0)
			space.Attach(nil)
			one.cut.Discard()
			_, _, more, _ = one.cut.Step(nil, stepBytes)
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
	store *Store
	ctx   context.Context
	rdb   *rdb.Writer
}

func (w *snapshotWriter) write(c *cut) error {
	s := w.store
	h := head{position: c.position, fence: c.fence}
	if s.log != nil && !c.alone {
		h.journal = s.log.ID()
	}
	first := h.append(nil, s.o.NowMs())
	for _, code := range c.codes {
		first = rdb.AppendFunction(first, code)
	}
	for n, size := range c.sizes {
		if size.keys > 0 {
			first = rdb.AppendSelectDB(first, n)
			first = rdb.AppendResizeDB(first, size.keys, size.expiring)
		}
	}
	if _, err := w.rdb.Write(first); err != nil {
		return err
	}
	over := make([]bool, len(c.handouts))
	for left := len(over); left > 0; {
		for i := range over {
			if over[i] {
				continue
			}
			more, err := w.turn(c, i)
			if err != nil {
				return err
			}
			if !more {
				over[i] = true
				left--
			}
		}
		s.note(func(status *Status) { status.SavedKeys = c.keys })
	}
	return w.rdb.Finish()
}

// turn writes what a shard hands out, and goes on until a key of it is whole.
func (w *snapshotWriter) turn(c *cut, i int) (more bool, err error) {
	h, s := c.handouts[i], w.store.o.Shards.Shard(i)
	for inside := true; inside; {
		p := h.next(s)
		c.keys, c.told[i] = c.keys+p.keys-c.told[i], p.keys
		more, inside = p.more, p.inside
		if err = p.err; err == nil {
			err = w.ctx.Err()
		}
		if err == nil {
			_, err = w.rdb.Write(p.bytes)
		}
		h.done(p)
		if err != nil {
			return false, err
		}
	}
	return more, nil
}
