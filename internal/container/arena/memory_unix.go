// SPDX-License-Identifier: Apache-2.0

//go:build unix && !linux

package arena

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// reserve takes n bytes of addresses without memory behind them.
func reserve(n uintptr) (unsafe.Pointer, error) {
	const flags = unix.MAP_PRIVATE | unix.MAP_ANON
	return unix.MmapPtr(-1, 0, nil, n, unix.PROT_NONE, flags)
}

// makeAccessible lets n bytes at p be read and written; a page gets memory when touched.
func makeAccessible(p unsafe.Pointer, n uintptr) error {
	return unix.Mprotect(unsafe.Slice((*byte)(p), n), unix.PROT_READ|unix.PROT_WRITE)
}

// discard gives the memory of n bytes at p back; their content is lost. A refusal would
// cost memory and nothing else.
func discard(p unsafe.Pointer, n uintptr) {
	_ = unix.Madvise(unsafe.Slice((*byte)(p), n), unix.MADV_FREE)
}

// adviseHuge does nothing: these systems choose by themselves.
func adviseHuge(unsafe.Pointer, uintptr) {}

// release undoes reserve.
func release(p unsafe.Pointer, n uintptr) error { return unix.MunmapPtr(p, n) }
