// SPDX-License-Identifier: Apache-2.0

package table

// Check walks t and panics where an invariant does not hold.
func (t *Table) Check() { t.check() }

// Segments tells the depth of the directory and the number of segments.
func (t *Table) Segments() (depth, segments int) {
	for i := 0; i < len(t.dir); i += 1 << (t.depth - t.dir[i].depth) {
		segments++
	}
	return int(t.depth), segments
}
