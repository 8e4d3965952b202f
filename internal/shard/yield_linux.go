// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"time"

	"golang.org/x/sys/unix"
)

// yield lets other threads have the processor. The runtime is not told: it takes a microsecond
// unless somebody has something to do.
func yield() { unix.RawSyscallNoError(unix.SYS_SCHED_YIELD, 0, 0, 0) }

// Pause lets the calling goroutine do nothing for about d. Its thread sleeps: the timers of
// the runtime are a millisecond late while nothing else runs.
func Pause(d time.Duration) {
	t := unix.NsecToTimespec(d.Nanoseconds())
	_ = unix.Nanosleep(&t, nil) // woken early by a signal is fine
}
