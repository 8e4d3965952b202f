// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"io/fs"
	"path/filepath"

	"stampede/internal/disk"
	"stampede/internal/disk/faulty"
)

// folder is where the store lies on the simulated disk, and snapshot its file there.
const (
	folder   = "store"
	snapshot = "dump.rdb"
)

// watchedDisk tells when something is done with a snapshot that is being written: a moment at
// which others may get their turn.
type watchedDisk struct {
	*faulty.FS
	turn func()
}

// OpenFile opens a file.
func (d watchedDisk) OpenFile(name string, flag int, perm fs.FileMode) (disk.File, error) {
	file, err := d.FS.OpenFile(name, flag, perm)
	if err == nil && filepath.Ext(name) == ".tmp" && filepath.Dir(name) == folder {
		return watchedFile{file, d.turn}, nil
	}
	return file, err
}

// Rename moves a file.
func (d watchedDisk) Rename(from, to string) error {
	if filepath.Base(to) == snapshot {
		d.turn()
		defer d.turn()
	}
	return d.FS.Rename(from, to)
}

type watchedFile struct {
	disk.File
	turn func()
}

// Write writes on.
func (f watchedFile) Write(p []byte) (int, error) {
	f.turn()
	return f.File.Write(p)
}

// Sync makes durable what was written.
func (f watchedFile) Sync() error {
	f.turn()
	defer f.turn()
	return f.File.Sync()
}
