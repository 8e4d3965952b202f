// SPDX-License-Identifier: Apache-2.0

//go:build linux

package disk

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Sync leaves the times of the file alone, which saves a write to the file system's own log.
func (f osFile) Sync() error {
	return f.each("fdatasync", func(fd int) error { return unix.Fdatasync(fd) })
}

// Preallocate has the file system set the blocks aside.
func (f osFile) Preallocate(size int64) error {
	err := f.each("fallocate", func(fd int) error { return unix.Fallocate(fd, 0, 0, size) })
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		return f.lengthen(size)
	}
	return err
}

// each makes a call on the descriptor, again while signals interrupt it.
func (f osFile) each(name string, call func(fd int) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var result error
	err = raw.Control(func(fd uintptr) {
		for {
			if result = call(int(fd)); !errors.Is(result, unix.EINTR) {
				return
			}
		}
	})
	if err == nil && result != nil {
		err = &os.PathError{Op: name, Path: f.Name(), Err: result}
	}
	return err
}

// lock takes the lock of a file without waiting.
func lock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }
