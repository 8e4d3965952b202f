// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// reserve takes n bytes of addresses without memory behind them.
func reserve(n uintptr) (unsafe.Pointer, error) {
	const flags = unix.MAP_PRIVATE | unix.MAP_ANON | unix.MAP_NORESERVE
	return unix.MmapPtr(-1, 0, nil, n, unix.PROT_NONE, flags)
}

// makeAccessible lets n bytes at p be read and written; a page gets memory when touched.
func makeAccessible(p unsafe.Pointer, n uintptr) error {
	return unix.Mprotect(unsafe.Slice((*byte)(p), n), unix.PROT_READ|unix.PROT_WRITE)
}

// discard gives the memory of n bytes at p back; their content is lost. A refusal would
// cost memory and nothing else.
func discard(p unsafe.Pointer, n uintptr) {
	_ = unix.Madvise(unsafe.Slice((*byte)(p), n), unix.MADV_DONTNEED)
}

// adviseHuge asks for huge pages behind n bytes at p; the system may refuse.
func adviseHuge(p unsafe.Pointer, n uintptr) {
	_ = unix.Madvise(unsafe.Slice((*byte)(p), n), unix.MADV_HUGEPAGE)
}

// release undoes reserve.
func release(p unsafe.Pointer, n uintptr) error { return unix.MunmapPtr(p, n) }
