// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package arena

import "unsafe"

// reserve takes n bytes from the Go heap: for development on such a system, with small
// reservations. Memory never goes back before the arena itself does.
func reserve(n uintptr) (unsafe.Pointer, error) {
	return unsafe.Pointer(unsafe.SliceData(make([]byte, n))), nil
}

func makeAccessible(unsafe.Pointer, uintptr) error { return nil }

func discard(unsafe.Pointer, uintptr) {}

func adviseHuge(unsafe.Pointer, uintptr) {}

func release(unsafe.Pointer, uintptr) error { return nil }
