// SPDX-License-Identifier: Apache-2.0

package shard

import "golang.org/x/sys/unix"

// yield lets other threads have the processor. The runtime is not told: it takes a microsecond
// unless somebody has something to do.
func yield() { unix.RawSyscallNoError(unix.SYS_SCHED_YIELD, 0, 0, 0) }
