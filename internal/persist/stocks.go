// SPDX-License-Identifier: Apache-2.0

package persist

import (
	"errors"
	"fmt"
	"io"

	"stampede/internal/effect"
	"stampede/internal/journal"
	"stampede/internal/keyspace"
	"stampede/internal/rdb"
)

// errNoSnapshot is that there is none which the journal goes on from.
var errNoSnapshot = errors.New("persist: there is no snapshot of this journal yet")

// Stocks visits the stocks of the snapshot that is on the disk now, each as the effects that
// make it, and returns the position that the journal goes on from.
func (s *Store) Stocks(
	visit func(at journal.Position, effects []byte) error,
) (journal.Position, error) {
	file, err := s.fs.OpenFile(s.path, readOnly, 0)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errNoSnapshot, err)
	}
	defer func() { _ = file.Close() }() // it was only read
	r := rdb.NewReader(file, keyspace.ReaderOptions())
	var from head
	var told effect.Buffer
	own := rdb.NewModuleID(rdb.StockName, rdb.StockVersion)
	for {
		item, err := r.Next()
		switch {
		case err == io.EOF && s.log != nil && from.journal == s.log.ID():
			return from.position, nil
		case err == io.EOF:
			return 0, errNoSnapshot
		case item == nil:
			return 0, s.snapshotError(err)
		case item.What == rdb.ItemAux:
			if err := from.note(item); err != nil {
				return 0, s.snapshotError(err)
			}
			continue
		case item.What != rdb.ItemKey || err != nil || item.Module != own:
			continue
		case s.log == nil || from.journal != s.log.ID():
			return 0, errNoSnapshot
		}
		told.Reset()
		if err := keyspace.Tell(&told, r, item, item.DB, item.Key, false); err != nil {
			return 0, s.snapshotError(err)
		}
		if err := visit(from.position, told.Bytes()); err != nil {
			return 0, err
		}
	}
}
