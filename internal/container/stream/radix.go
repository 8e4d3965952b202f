// SPDX-License-Identifier: Apache-2.0

package stream

import "math/bits"

// RadixNodes is how many nodes the radix tree has in which Redis would hold the nodes, by
// their IDs of 16 bytes: a leaf for each, a node for each place where IDs part, and one for
// each run of bytes between those. Cost: O(nodes).
func (s *Stream) RadixNodes() int {
	total := 1
	if s.nodes.len() == 0 {
		return total
	}
	total = s.nodes.len()
	var open []int // depths of the places where IDs part, above the last leaf, ascending
	part := func(depth, below int) {
		if below-depth > 1 {
			total++ // the bytes between a place and what is below it are a node
		}
	}
	for i := 1; i < s.nodes.len(); i++ {
		depth, below := common(s.nodes.at(i-1).id, s.nodes.at(i).id), idBytes
		for len(open) > 0 && open[len(open)-1] > depth {
			last := open[len(open)-1]
			part(last, below)
			below, open = last, open[:len(open)-1]
		}
		part(depth, below)
		if len(open) == 0 || open[len(open)-1] < depth {
			open = append(open, depth)
			total++
		}
	}
	below := idBytes
	for ; len(open) > 0; open = open[:len(open)-1] {
		part(open[len(open)-1], below)
		below = open[len(open)-1]
	}
	if below > 0 {
		total++ // the bytes that all of them begin with
	}
	return total
}

const idBytes = 16

// common is how many bytes two IDs have in common at their beginning, the most significant
// first.
func common(a, b ID) int {
	if a.Ms != b.Ms {
		return bits.LeadingZeros64(a.Ms^b.Ms) / 8
	}
	return 8 + bits.LeadingZeros64(a.Seq^b.Seq)/8
}
