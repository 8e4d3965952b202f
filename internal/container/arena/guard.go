// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"unsafe"

	"stampede/internal/assert"
)

// What a block is filled with under slowassert.
const (
	poisonByte = 0xdb // freed
	freshByte  = 0xa5 // allocated, not written yet
	linkBytes  = 4    // of a freed block are the list's
)

func (a *Arena) guardView(r Ref, n int) {
	size, ok := a.live[r]
	assert.That(ok, "arena: view of a block that is not live")
	assert.That(n >= 0 && n <= size, "arena: view beyond the block")
}

func (a *Arena) guardAlloc(r Ref, size int) {
	_, ok := a.live[r]
	assert.That(!ok && r != 0, "arena: block given out twice")
	a.live[r] = size
	fill(unsafe.Slice((*byte)(a.at(r)), min(size, SlabBytesMax)), freshByte)
}

// guardReuse wants that nobody wrote to block r since it was freed.
func (a *Arena) guardReuse(r Ref, size int) {
	for _, b := range unsafe.Slice((*byte)(a.at(r)), size)[linkBytes:] {
		assert.That(b == poisonByte, "arena: write to a freed block")
	}
}

func (a *Arena) guardFree(r Ref, n int) {
	size, ok := a.live[r]
	assert.That(ok, "arena: free of a block that is not live")
	assert.That(n > 0 && SizeOf(n) == size, "arena: free with a wrong size")
	delete(a.live, r)
	if size <= SlabBytesMax {
		fill(unsafe.Slice((*byte)(a.at(r)), size), poisonByte)
	}
}

func fill(block []byte, with byte) {
	for i := range block {
		block[i] = with
	}
}
