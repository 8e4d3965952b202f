// SPDX-License-Identifier: Apache-2.0

// Package faulty is a file system in memory that fails as disks do, for tests: by a hook
// calls fail, writes stop short and syncs lose pages; the space ends; bits flip; the power
// is cut, and what was not synced is kept, lost, or kept in part and out of order.
//
// One seed and the same calls give the same faults. It is for any number of goroutines, but
// then their order decides.
//
// What a power cut keeps is as harsh as POSIX allows: a page that was not synced is there
// or not, whatever became of those before it; the last one may end in the middle; names
// that were not made durable by SyncDir are as before or as after, each change by itself.
package faulty

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"stampede/internal/disk"
)

// PageBytes is the unit in which what was not synced survives or not. It is small so that
// small tests have many.
const PageBytes = 64

// Kind is what is done to a file system.
type Kind uint8

// The kinds of operations.
const (
	Open Kind = iota
	Read
	Write
	Sync
	Truncate
	Preallocate
	Rename
	Remove
	ReadDir
	SyncDir
)

// Op is one operation, before it is done.
type Op struct {
	Kind   Kind
	Name   string
	Offset int64
	Bytes  int
}

// ErrPowerCut is the error of everything that is done with a file system after its end.
var ErrPowerCut = errors.New("faulty: the power was cut")

var errClosed = fs.ErrClosed

// FS is a file system. The zero value is not ready; see [New].
type FS struct {
	mu    sync.Mutex
	rng   *rand.Rand
	dead  bool
	names map[string]*inode // as the process sees them
	kept  map[string]*inode // as a power cut finds them
	moves []move            // from kept to names, in order
	locks map[string]bool
	hook  func(Op) error
	space int64 // in bytes, of all files; negative: no end
}

var _ disk.FS = (*FS)(nil)

// move is a change of names that is not durable.
type move struct {
	from string // "": nothing, made at to
	to   string // "": nothing, removed from from
	file *inode
}

// inode is a file.
type inode struct {
	data    []byte // as the process sees it
	disk    []byte // as a power cut finds it, but for what is dirty
	dirty   map[int64]bool
	resized bool
}

// New makes an empty file system.
func New(seed uint64) *FS {
	return &FS{
		rng: rand.New(rand.NewPCG(seed, 0xd15c)), space: -1,
		names: map[string]*inode{}, kept: map[string]*inode{}, locks: map[string]bool{},
	}
}

// Hook has every operation ask first; what it returns is the error of the operation. A write
// that fails has written a part, a sync that fails has lost a part. nil: no faults. The hook
// must not use the file system.
func (f *FS) Hook(hook func(Op) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hook = hook
}

// SetSpace says how many bytes all files together may have from now on; negative: any number.
func (f *FS) SetSpace(bytes int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.space = bytes
}

// Flip turns one bit of a file over, on the disk and in memory.
func (f *FS) Flip(name string, offset int64, bit uint) {
	f.mu.Lock()
	defer f.mu.Unlock()
	file := f.names[filepath.Clean(name)]
	file.data[offset] ^= 1 << (bit % 8)
	if offset < int64(len(file.disk)) {
		file.disk[offset] ^= 1 << (bit % 8)
	}
}

// Kill ends the process: what was written is there, locks and open files are gone.
func (f *FS) Kill() *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead = true
	return &FS{
		rng: f.rng, names: f.names, kept: f.kept, moves: f.moves, space: -1,
		locks: map[string]bool{},
	}
}

// Crash cuts the power and returns what is found after it.
func (f *FS) Crash() *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead = true
	kept := f.kept
	for _, m := range f.moves {
		if f.rng.IntN(2) == 0 {
			apply(kept, m)
		}
	}
	after := &FS{
		rng: f.rng, names: map[string]*inode{}, kept: map[string]*inode{},
		locks: map[string]bool{}, space: -1,
	}
	settled := map[*inode]*inode{}
	names := make([]string, 0, len(kept))
	for name := range kept {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		file := kept[name]
		if settled[file] == nil {
			data := file.crash(f.rng)
			settled[file] = &inode{data: data, disk: slices.Clone(data), dirty: map[int64]bool{}}
		}
		after.names[name], after.kept[name] = settled[file], settled[file]
	}
	return after
}

// crash is what is left of a file.
func (i *inode) crash(rng *rand.Rand) []byte {
	size := len(i.disk)
	if i.resized {
		low, high := min(size, len(i.data)), max(size, len(i.data))
		switch rng.IntN(3) {
		case 0:
			size = len(i.data)
		case 1:
			size = low + rng.IntN(high-low+1)
		}
	}
	left := make([]byte, size)
	copy(left, i.disk)
	pages := make([]int64, 0, len(i.dirty))
	for page := range i.dirty {
		pages = append(pages, page)
	}
	slices.Sort(pages)
	all := rng.IntN(4) == 0
	for _, page := range pages {
		low := min(page*PageBytes, int64(size), int64(len(i.data)))
		high := min((page+1)*PageBytes, int64(size), int64(len(i.data)))
		switch kept := rng.IntN(4); {
		case all, kept < 2:
			copy(left[low:high], i.data[low:high])
		case kept == 2 && high > low:
			copy(left[low:low+rng.Int64N(high-low)], i.data[low:])
		}
	}
	return left
}

// apply does a change of names, if there is something to change.
func apply(names map[string]*inode, m move) {
	if m.from != "" {
		if names[m.from] != m.file {
			return
		}
		delete(names, m.from)
	}
	if m.to != "" {
		names[m.to] = m.file
	}
}

// ask is the beginning of every operation, with the lock.
func (f *FS) ask(op Op) error {
	if f.dead {
		return ErrPowerCut
	}
	if f.hook != nil {
		return f.hook(op)
	}
	return nil
}

// OpenFile opens a file.
func (f *FS) OpenFile(name string, flag int, _ fs.FileMode) (disk.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name = filepath.Clean(name)
	if err := f.ask(Op{Kind: Open, Name: name}); err != nil {
		return nil, err
	}
	file, has := f.names[name]
	switch {
	case !has && flag&os.O_CREATE == 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	case has && flag&os.O_EXCL != 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrExist}
	case !has:
		file = &inode{dirty: map[int64]bool{}}
		f.change(move{to: name, file: file})
	case flag&os.O_TRUNC != 0:
		file.resize(0)
	}
	return &handle{fs: f, name: name, inode: file, appends: flag&os.O_APPEND != 0}, nil
}

// change changes names for the process at once.
func (f *FS) change(m move) {
	apply(f.names, m)
	f.moves = append(f.moves, m)
}

// Rename moves a file.
func (f *FS) Rename(from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	from, to = filepath.Clean(from), filepath.Clean(to)
	if err := f.ask(Op{Kind: Rename, Name: from}); err != nil {
		return err
	}
	file, has := f.names[from]
	if !has {
		return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
	}
	f.change(move{from: from, to: to, file: file})
	return nil
}

// Remove removes a file.
func (f *FS) Remove(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	name = filepath.Clean(name)
	if err := f.ask(Op{Kind: Remove, Name: name}); err != nil {
		return err
	}
	file, has := f.names[name]
	if !has {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	f.change(move{from: name, file: file})
	return nil
}

// ReadDir returns the names in a folder, sorted. Folders themselves are not there: any has
// the files whose names say so.
func (f *FS) ReadDir(dir string) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.ask(Op{Kind: ReadDir, Name: dir}); err != nil {
		return nil, err
	}
	var names []string
	for name := range f.names {
		if filepath.Dir(name) == filepath.Clean(dir) {
			names = append(names, filepath.Base(name))
		}
	}
	slices.Sort(names)
	return names, nil
}

// Size returns the size of a file.
func (f *FS) Size(name string) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead {
		return 0, ErrPowerCut
	}
	file, has := f.names[filepath.Clean(name)]
	if !has {
		return 0, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
	}
	return int64(len(file.data)), nil
}

// MkdirAll does nothing: every folder is there.
func (f *FS) MkdirAll(string, fs.FileMode) error { return nil }

// SyncDir makes the names in a folder durable.
func (f *FS) SyncDir(dir string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.ask(Op{Kind: SyncDir, Name: dir}); err != nil {
		return err
	}
	var rest []move
	for _, m := range f.moves {
		name := m.to
		if name == "" {
			name = m.from
		}
		if filepath.Dir(name) == filepath.Clean(dir) {
			apply(f.kept, m)
		} else {
			rest = append(rest, m)
		}
	}
	f.moves = rest
	return nil
}

// Lock takes a lock until the power is cut.
func (f *FS) Lock(name string) (io.Closer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name = filepath.Clean(name)
	if f.dead {
		return nil, ErrPowerCut
	}
	if f.locks[name] {
		return nil, fmt.Errorf("%s: %w", name, disk.ErrLocked)
	}
	f.locks[name] = true
	return unlock{f, name}, nil
}

type unlock struct {
	fs   *FS
	name string
}

// Close lets go of a lock.
func (u unlock) Close() error {
	u.fs.mu.Lock()
	defer u.fs.mu.Unlock()
	delete(u.fs.locks, u.name)
	return nil
}

// full is the error of a disk without space.
func full(op, name string) error { return &fs.PathError{Op: op, Path: name, Err: syscall.ENOSPC} }

// left is how many bytes files may grow by.
func (f *FS) left() int64 {
	if f.space < 0 {
		return 1 << 62
	}
	left := f.space
	for _, file := range f.names {
		left -= int64(len(file.data))
	}
	return max(0, left)
}
