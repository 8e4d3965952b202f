// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package shard

import (
	"runtime"
	"time"
)

// yield lets other goroutines run.
func yield() { runtime.Gosched() }

// Pause lets the calling goroutine do nothing for about d.
func Pause(d time.Duration) { time.Sleep(d) }
