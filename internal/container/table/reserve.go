// SPDX-License-Identifier: Apache-2.0

package table

import "stampede/internal/assert"

// Reserve makes room for n entries in an empty table, so that segments need not split while
// they come: nothing depends on it but speed. Memory for them is taken at once.
func (t *Table) Reserve(n int) {
	if t.count > 0 || len(t.dir) > 1 || n <= 0 {
		return
	}
	var depth uint8
	for depth < DepthMax && linesFor(n>>depth+1) > linesMax {
		depth++
	}
	size := linesFor(n>>depth + 1)
	if depth > 0 {
		size = max(size, linesExact)
	}
	t.freeSegment(t.dir[0])
	t.dir = make([]segment, 1<<depth)
	for i := range t.dir {
		t.dir[i] = t.allocSegment(size, depth)
	}
	t.depth, t.shift, t.deepest = depth, 63-depth, len(t.dir)
	if assert.Slow {
		t.checkSegment(0)
	}
}
