// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package shard

import "runtime"

// yield lets other goroutines run.
func yield() { runtime.Gosched() }
