// SPDX-License-Identifier: Apache-2.0

package persist

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"stampede/internal/disk"
)

// Names in a folder whose store is being replaced.
const (
	stagedDir      = "importing" // the store that comes
	replacedSuffix = ".replaced" // of what goes
)

// Replace puts another store in the place of the one in a folder: fill makes it in the
// folder that it is given, which is on the same disk, and has closed it when it returns.
// snapshot is the name of the snapshot in both. Until the new store is whole the old one is
// untouched; then it is set aside, under names that end in .replaced, and removed when the
// new one has its place. [disk.ErrLocked] if a server has the folder.
func Replace(system disk.FS, dir, snapshot string, fill func(staged string) error) (err error) {
	journalDir := filepath.Join(dir, JournalDir)
	if err := system.MkdirAll(journalDir, 0o750); err != nil {
		return fmt.Errorf("persist: %w", err)
	}
	lock, err := system.Lock(filepath.Join(journalDir, JournalLock))
	if err != nil {
		return fmt.Errorf("persist: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	r := replacement{system, dir, []string{snapshot, JournalDir}}
	if err := r.clear(); err != nil {
		return err
	}
	if err := fill(r.path(stagedDir)); err != nil {
		return errors.Join(err, r.remove(stagedDir))
	}
	return r.exchange()
}

// replacement is an exchange of stores at work.
type replacement struct {
	fs    disk.FS
	dir   string
	names []string // of a store's files and folders
}

func (r *replacement) path(name ...string) string {
	return filepath.Join(r.dir, filepath.Join(name...))
}

// clear removes a store that never became whole, and refuses to go on where one lies that
// was set aside and may be the only one.
func (r *replacement) clear() error {
	for _, name := range r.names {
		path := r.path(name + replacedSuffix)
		if _, err := r.fs.Size(path); !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(err, fmt.Errorf("persist: %s is what an import that was interrupted "+
				"has set aside: move it back or away", path))
		}
	}
	return r.remove(stagedDir)
}

// exchange sets the old store aside and gives the new one its place.
func (r *replacement) exchange() error {
	for i, name := range r.names {
		err := r.fs.Rename(r.path(name), r.path(name+replacedSuffix))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			for _, done := range r.names[:i] {
				err = errors.Join(err, r.fs.Rename(r.path(done+replacedSuffix), r.path(done)))
			}
			return fmt.Errorf("persist: %w", errors.Join(err, r.remove(stagedDir)))
		}
	}
	for _, name := range r.names {
		// The snapshot comes first: alone it is the whole store.
		if err := r.fs.Rename(r.path(stagedDir, name), r.path(name)); err != nil {
			return fmt.Errorf("persist: %w (the old store is in files that end in %s)", err,
				replacedSuffix)
		}
	}
	if err := r.fs.SyncDir(r.dir); err != nil {
		return fmt.Errorf("persist: %w", err)
	}
	errs := []error{r.remove(stagedDir)}
	for _, name := range r.names {
		errs = append(errs, r.remove(name+replacedSuffix))
	}
	return errors.Join(append(errs, r.fs.SyncDir(r.dir))...)
}

// remove removes a file or a folder with what is in it, if it is there.
func (r *replacement) remove(name string) error {
	path := r.path(name)
	if _, err := r.fs.Size(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if names, err := r.fs.ReadDir(path); err == nil { // else it is a file
		for _, below := range names {
			if err := r.remove(filepath.Join(name, below)); err != nil {
				return err
			}
		}
	}
	if err := r.fs.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("persist: %w", err)
	}
	return nil
}
