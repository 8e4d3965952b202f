// SPDX-License-Identifier: Apache-2.0

//go:build unix

package loadgen

import (
	"time"

	"golang.org/x/sys/unix"
)

// selfTime returns the processor time this process has spent.
func selfTime() (time.Duration, error) {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return 0, err
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}
