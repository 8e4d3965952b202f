// SPDX-License-Identifier: Apache-2.0

// Package disk is what a file system is to us: the few calls that durability is made of,
// as an interface, so that a test can put a simulated disk behind them that loses power.
//
// # Promises
//
// What was written to a [File] survives a power cut once its Sync returned nil; that a file
// exists, is gone or has another name survives once the SyncDir of its folder did. Before
// that anything may be kept, lost, or kept in part and out of order. A Sync that failed
// may have dropped what it was to write: the next one that succeeds says nothing about it.
//
// # Ownership
//
// An [FS] is used by any goroutine. A [File] is used by one at a time, except that ReadAt,
// WriteAt and Sync may overlap.
//
// # What is not here
//
// What the files hold, and what is done about an error.
package disk

import (
	"errors"
	"io"
	"io/fs"
)

// FS is a file system. Names are paths as package os takes them.
type FS interface {
	// OpenFile opens a file as os.OpenFile does; flag is made of os.O_RDONLY and the like.
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	// Rename moves a file, over one that has the new name.
	Rename(from, to string) error
	// Remove removes a file.
	Remove(name string) error
	// ReadDir returns the names in a folder, sorted.
	ReadDir(dir string) ([]string, error)
	// Size returns the size of a file in bytes; an error that is fs.ErrNotExist if there is none.
	Size(name string) (int64, error)
	// MkdirAll makes a folder and those above it that are missing.
	MkdirAll(dir string, perm fs.FileMode) error
	// SyncDir makes durable which files a folder has.
	SyncDir(dir string) error
	// Lock takes the lock that the file of this name stands for, making the file if it is
	// missing, until the lock is closed or the process ends; [ErrLocked] if another has it.
	Lock(name string) (io.Closer, error)
}

// File is an open file.
type File interface {
	io.Reader
	io.Writer
	io.ReaderAt
	io.WriterAt
	io.Closer

	// Sync makes durable what was written, and as much of the file's size as it takes to read it.
	Sync() error
	// Truncate cuts or lengthens the file to size bytes; what is new reads as zero.
	Truncate(size int64) error
	// Preallocate makes the file at least size bytes long, reading as zero, with room on the
	// disk where the file system can promise it. Running out of space is an error.
	Preallocate(size int64) error
	// Size returns how long the file is, in bytes.
	Size() (int64, error)
}

// ErrLocked is the error of a lock that another process (or another user in this one) has.
var ErrLocked = errors.New("disk: locked by another process")
