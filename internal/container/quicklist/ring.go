// SPDX-License-Identifier: Apache-2.0

package quicklist

// ring is a row of nodes in a slice that begins somewhere and goes on at its start.
type ring struct {
	slots []node // a power of two of them, or none
	head  int    // where node 0 is
	n     int
}

// at is node i. It is good until the ring changes.
func (r *ring) at(i int) *node { return &r.slots[(r.head+i)&(len(r.slots)-1)] }

// ringMin is the least number of slots.
const ringMin = 4

// grow makes room for at least n nodes in all.
func (r *ring) grow(n int) {
	if n <= len(r.slots) {
		return
	}
	size := max(len(r.slots), ringMin)
	for size < n {
		size *= 2
	}
	r.resize(size)
}

// resize moves the nodes into a slice of size slots.
func (r *ring) resize(size int) {
	slots := make([]node, size)
	for i := range r.n {
		slots[i] = *r.at(i)
	}
	r.slots, r.head = slots, 0
}

// insert lets n be node i; those from i on move up. Cost: that of the shorter side.
func (r *ring) insert(i int, n node) {
	r.grow(r.n + 1)
	r.n++
	if i < r.n/2 {
		r.head = (r.head - 1) & (len(r.slots) - 1)
		for k := range i {
			*r.at(k) = *r.at(k + 1)
		}
	} else {
		for k := r.n - 1; k > i; k-- {
			*r.at(k) = *r.at(k - 1)
		}
	}
	*r.at(i) = n
}

// remove takes k nodes from node i on away. Cost: that of the shorter side.
func (r *ring) remove(i, k int) {
	if k == 0 {
		return
	}
	if i < r.n-i-k {
		for j := i - 1; j >= 0; j-- {
			*r.at(j + k) = *r.at(j)
		}
		r.head = (r.head + k) & (len(r.slots) - 1)
	} else {
		for j := i + k; j < r.n; j++ {
			*r.at(j - k) = *r.at(j)
		}
	}
	r.n -= k
	r.shrink()
}

// truncate keeps the first n nodes.
func (r *ring) truncate(n int) {
	r.n = n
	r.shrink()
}

// shrink gives memory back where three slots of four are free.
func (r *ring) shrink() {
	size := len(r.slots)
	for size > ringMin && r.n <= size/4 {
		size /= 2
	}
	if size < len(r.slots) {
		r.resize(size)
	}
}
