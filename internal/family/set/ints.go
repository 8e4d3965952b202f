// SPDX-License-Identifier: Apache-2.0

package set

import (
	"cmp"
	"slices"
	"strconv"

	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

// Sets of integers are in order, so that what is made of them is made by walking them side by
// side, and is in order too.

// readInts gives the members of all sets, in memory of its own; ok is false if they are not all
// integers.
func readInts(sets []keyspace.Set) (lists [][]int64, ok bool) {
	total := 0
	for i := range sets {
		total += sets[i].Len()
	}
	all := make([]int64, 0, total)
	lists = make([][]int64, len(sets))
	for i := range sets {
		start := len(all)
		if all, ok = sets[i].AppendInts(all); !ok {
			return nil, false
		}
		lists[i] = all[start:len(all):len(all)]
	}
	return lists, true
}

// uniteInts gives what is in one of the lists.
func uniteInts(lists [][]int64) []int64 {
	if len(lists) != 2 {
		all := slices.Concat(lists...)
		slices.Sort(all)
		return slices.Compact(all)
	}
	a, b := lists[0], lists[1]
	out := make([]int64, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		next := min(a[0], b[0])
		out = append(out, next)
		if a[0] == next {
			a = a[1:]
		}
		if b[0] == next {
			b = b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// intersectInts gives what is in all lists.
func intersectInts(lists [][]int64) []int64 {
	slices.SortFunc(lists, func(a, b []int64) int { return cmp.Compare(len(a), len(b)) })
	out := lists[0]
	for _, other := range lists[1:] {
		out = filterInts(out, other, true)
	}
	return out
}

// subtractInts gives what is in the first list only.
func subtractInts(lists [][]int64) []int64 {
	out := lists[0]
	for _, other := range lists[1:] {
		out = filterInts(out, other, false)
	}
	return out
}

// stepsMax is how many times longer another list may be than this one to be walked side by side
// with it; in a longer one is searched.
const stepsMax = 12

// filterInts leaves in list, whose memory it uses, what is in other too, or what is not.
func filterInts(list, other []int64, keep bool) []int64 {
	out := list[:0]
	search := len(other) > stepsMax*len(list)
	for _, n := range list {
		at := 0
		if search {
			at, _ = slices.BinarySearch(other, n)
		} else {
			for at < len(other) && other[at] < n {
				at++
			}
		}
		other = other[at:]
		if (len(other) > 0 && other[0] == n) == keep {
			out = append(out, n)
		}
	}
	return out
}

// answerInts answers a set of integers.
func answerInts(r *reply.Buffer, ints []int64) {
	var digits [20]byte
	r.Set(len(ints))
	for _, n := range ints {
		r.Bulk(strconv.AppendInt(digits[:0], n, 10))
	}
}
