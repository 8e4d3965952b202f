// SPDX-License-Identifier: Apache-2.0

//go:build unix && !linux

package disk

import (
	"os"
	"syscall"
)

// Preallocate sets no blocks aside here.
func (f osFile) Preallocate(size int64) error { return f.lengthen(size) }

// lock takes the lock of a file without waiting.
func lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
