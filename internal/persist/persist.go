// SPDX-License-Identifier: Apache-2.0

// Package persist keeps the store on disk: it loads what was there at the start, keeps the
// journal of what changes, and writes snapshots.
//
// # What is on the disk
//
// A folder holds a snapshot (dump.rdb unless the parameter dbfilename says otherwise), which
// is an RDB file that redis-server reads, too, and the segments of the journal in a folder
// below it. The snapshot names the journal and the position in it that it was taken at; the
// store is the snapshot and every record behind that position. Once a snapshot is whole and
// has its name, the segments before its position are dropped.
//
// # Saving without a fork
//
// The cut is one position of the journal, taken while all shards are owned for an instant.
// Then everybody who owns a shard hands out, by [keyspace.Cut], some of its keys before letting
// go, and a goroutine writes them; it owns a shard itself only if nobody else does so often
// enough. They are written to another name, synced, renamed, and the folder is synced.
//
// # Ownership
//
// A [Store] may be used by anybody. [Open] and [Store.Load] come before everything else, on
// one goroutine; [Store.Run] is the journal's writer and looks after the schedule.
//
// # What is not here
//
// The format of either file (packages journal, rdb and effect), what an effect does
// (package keyspace), and the commands that save.
package persist

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"stampede/internal/config"
	"stampede/internal/disk"
	"stampede/internal/journal"
	"stampede/internal/keyspace"
	"stampede/internal/rdb"
	"stampede/internal/txn"
)

// Functions are the libraries of functions, which are data, too.
type Functions interface {
	// Codes are the texts of all libraries.
	Codes() [][]byte
	// Load adds a library, or replaces the one of the same name.
	Load(code []byte) error
	// Drop removes a library; all of them if name is empty.
	Drop(name string)
}

// Options say what is kept, and where.
type Options struct {
	FS       disk.FS // nil: the machine's
	Dir      string
	Snapshot string        // its name in Dir; "dump.rdb" if empty
	Journal  bool          // whether there is one; without it only snapshots are kept
	Fsync    journal.Fsync // of the journal

	SegmentBytes int64 // of the journal; 0: its default

	Shards    *txn.Shards
	Functions Functions    // nil: none are kept
	NowMs     func() int64 // Unix time
	Log       *slog.Logger // nil: nothing is logged

	// Hooks of the journal; see there.
	Hooks journal.Hooks

	// Points are the save points, and Growth is how many bytes of journal, beyond a
	// snapshot, make another one worth it; both are asked each time. nil: none.
	Points func() []config.SavePoint
	Growth func(snapshotBytes int64) int64
	// Next is when a snapshot is due by the clock, after the given time; the zero time:
	// never. nil: none ever is.
	Next func(after time.Time) time.Time
}

// JournalDir is the name of the journal's folder in the store's, and JournalLock that of the
// file in it whose lock the process has that has the store open.
const (
	JournalDir  = "journal"
	JournalLock = "lock"
)

// snapshotName is what dbfilename is unless it is set.
const snapshotName = "dump.rdb"

// Store is what keeps the data of a process on disk.
type Store struct {
	o    Options
	fs   disk.FS
	path string // of the snapshot
	log  *journal.Log

	head    head // of the snapshot that was found
	found   bool // there was one
	loading atomic.Pointer[loading]

	saving turn        // to write a snapshot
	again  atomic.Bool // and another one is wanted behind it
	failed atomic.Bool // the last one could not be written

	mu     sync.Mutex
	status Status
	saves  sync.WaitGroup
}

// head is what a snapshot says of itself before its keys.
type head struct {
	journal  uint64 // the journal that it belongs to; 0: none
	position journal.Position
	fence    int64 // see [keyspace.Space.StockFence]; 0 if no stock is gone
	bytes    int64
}

// Names of the aux fields that only our files have.
const (
	auxJournal  = "stampede-journal"
	auxPosition = "stampede-position"
	auxFence    = "stampede-stock-fence"
)

// Open finds what is there. Nothing is loaded yet.
func Open(o Options) (*Store, error) {
	s := &Store{o: o, fs: o.FS, saving: newTurn()}
	if s.fs == nil {
		s.fs = disk.OS{}
	}
	if s.o.Log == nil {
		s.o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Snapshot == "" {
		s.o.Snapshot = snapshotName
	}
	s.path = filepath.Join(o.Dir, s.o.Snapshot)
	s.status.LastSaveMs, s.status.SaveOK, s.status.SaveTookMs = o.NowMs(), true, -1
	if err := s.fs.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("persist: %w", err)
	}
	if err := s.readHead(); err != nil {
		return nil, err
	}
	if !o.Journal {
		return s, nil
	}
	return s, s.openJournal()
}

// openJournal opens the journal where the snapshot ends.
func (s *Store) openJournal() error {
	log, err := journal.Open(journal.Options{
		FS: s.fs, Dir: filepath.Join(s.o.Dir, JournalDir), Fsync: s.o.Fsync,
		SegmentBytes: s.o.SegmentBytes, Log: s.o.Log, Hooks: s.o.Hooks,
		ID: s.head.journal,
	}, s.head.position)
	if err != nil {
		return err
	}
	if s.found && s.head.journal != log.ID() && log.End() > s.head.position {
		return errors.Join(log.Close(), fmt.Errorf("persist: the snapshot %s is not of the "+
			"journal beside it: move one of them away; with the snapshot alone the store begins "+
			"as it says, with the journal alone as that says, if it begins at position 0",
			s.path))
	}
	s.log = log
	return nil
}

// readHead reads what the snapshot says of itself.
func (s *Store) readHead() error {
	file, err := s.fs.OpenFile(s.path, readOnly, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("persist: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	if s.head.bytes, err = file.Size(); err != nil {
		return fmt.Errorf("persist: %w", err)
	}
	s.found = true
	r := rdb.NewReader(file, keyspace.ReaderOptions())
	for {
		item, err := r.Next()
		switch {
		case err == io.EOF:
			return nil // it is of an empty store
		case err != nil:
			return s.snapshotError(err)
		case item.What != rdb.ItemAux:
			return nil
		}
		if err := s.head.note(item); err != nil {
			return s.snapshotError(err)
		}
	}
}

// snapshotError says which file is wrong, and what to do.
func (s *Store) snapshotError(err error) error {
	return fmt.Errorf("persist: the snapshot %s cannot be read: %w (nothing was changed; "+
		"to start without it, move it away)", s.path, err)
}

// Journal is the log of all changes; nil if none is kept.
func (s *Store) Journal() *journal.Log { return s.log }

// Close ends what runs, makes the journal durable and lets go of the folder.
func (s *Store) Close() error {
	s.saves.Wait()
	if s.log == nil {
		return nil
	}
	return s.log.Close()
}

// since is the time that has passed, in milliseconds.
func (s *Store) since(startMs int64) int64 { return max(s.o.NowMs()-startMs, 0) }

// logEvery is how often a long work tells how far it has come.
const logEvery = 2 * time.Second
