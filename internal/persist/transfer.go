// SPDX-License-Identifier: Apache-2.0

package persist

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"

	"stampede/internal/keyspace"
	"stampede/internal/rdb"
)

// Empty tells whether the folder held nothing when it was opened: no snapshot, and no
// records.
func (s *Store) Empty() bool { return !s.found && (s.log == nil || s.log.End() == 0) }

// ImportOptions say how a file is taken over. The zero value is fine.
type ImportOptions struct {
	// Leave is asked about a key or a library of functions that this version cannot have,
	// for a reason: nil leaves it out, an error ends the import. Item's slices are valid
	// until it returns. nil: each such item ends it.
	Leave func(item *rdb.Item, reason error) error
	// Progress is told now and then how many bytes of the file were read. nil: nobody.
	Progress func(bytes int64)
	// Bytes is the size of the file, up to which room is made beforehand; 0: not known.
	Bytes int64
}

// Imported is what came of an import.
type Imported struct {
	Keys    int64 // that were taken
	Expired int64 // whose deadline had passed: they were not
}

// Import reads an RDB file of whatever origin into the shards, by all cores, and writes it
// as the snapshot of the folder. Store and shards must be empty, [Store.Load] must not have
// been called, and nobody else may use them meanwhile. Until the snapshot has its name the
// folder stays empty, whatever happens.
func (s *Store) Import(ctx context.Context, from io.Reader, o ImportOptions) (Imported, error) {
	var count atomic.Int64
	in := intake{
		reader: rdb.NewReader(from, keyspace.ReaderOptions()), keys: &count,
		bytes: o.Bytes,
		feed:  newFeeder(s.o.Shards, s.applyFunction),
		leave: o.Leave,
		progress: func(offset int64) error {
			if o.Progress != nil {
				o.Progress(offset)
			}
			return ctx.Err()
		},
		expiredMs: s.o.NowMs(),
	}
	if in.leave == nil {
		in.leave = func(_ *rdb.Item, reason error) error { return reason }
	}
	s.replay(true)
	err := in.run()
	if drainErr := in.feed.drain(); err == nil {
		err = drainErr
	}
	in.feed.close()
	s.replay(false)
	done := Imported{Keys: count.Load(), Expired: in.expired}
	if err != nil {
		return done, err
	}
	return done, s.Save(ctx)
}

// ExportOptions say how a file is written for others. The zero value is fine.
type ExportOptions struct {
	JSONAsString bool // documents become strings with their text, which all servers read
}

// Exported is what a file holds.
type Exported struct {
	Keys    int64
	Modules int64 // of the keys: values that only a server with a module, or ours, reads
	Timed   int64 // of the keys: hashes with deadlines of fields, which Redis reads from 7.4 on
	Bytes   int64
}

// Export writes the store as it is now to an RDB file that redis-server reads; path is
// replaced when the file is whole. It does not belong to the journal. [ErrSaving] if a
// snapshot is under way.
func (s *Store) Export(ctx context.Context, path string, o ExportOptions) (Exported, error) {
	if !s.saving.begin() {
		return Exported{}, ErrSaving
	}
	defer s.saving.end()
	c := s.cut(o)
	c.alone = true
	temporary := path + ".tmp"
	err := s.writeFile(ctx, temporary, c)
	s.finish(c)
	if err == nil {
		err = s.fs.Rename(temporary, path)
	}
	if err == nil {
		err = s.fs.SyncDir(filepath.Dir(path))
	}
	if err != nil {
		if removeErr := s.fs.Remove(temporary); !errors.Is(removeErr, os.ErrNotExist) {
			err = errors.Join(err, removeErr)
		}
		return Exported{}, fmt.Errorf("persist: %w", err)
	}
	e := Exported{Keys: c.keys, Bytes: c.bytes}
	for _, one := range c.handouts {
		e.Modules += one.cut.Modules
		e.Timed += one.cut.Timed
	}
	return e, nil
}
