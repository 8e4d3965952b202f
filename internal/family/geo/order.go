// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"cmp"
	"slices"
)

// sortHits puts what was found in order; only the first wanted ones need be right. Hits at the
// same distance come out as Redis has them: all together are sorted stably, a part of them by
// the quicksort of Bentley and McIlroy ("Engineering a sort function", 1993), whose choices are
// followed one by one.
func sortHits(hits []hit, order, wanted int) {
	if wanted == len(hits) {
		slices.SortStableFunc(hits, func(a, b hit) int {
			return order * cmp.Compare(a.metres, b.metres)
		})
		return
	}
	s := partSort{hits: hits, order: order, wanted: wanted}
	s.sort(0, len(hits))
}

// partSort sorts the first wanted hits to the front.
type partSort struct {
	hits   []hit
	order  int
	wanted int
}

// Up to insertionMax hits are sorted by insertion; from middleMin on the pivot is a median of
// three, above nintherMin of three such medians.
const (
	insertionMax = 6
	middleMin    = 8
	nintherMin   = 41
)

func (s *partSort) compare(i, j int) int {
	return s.order * cmp.Compare(s.hits[i].metres, s.hits[j].metres)
}

func (s *partSort) swap(i, j int) { s.hits[i], s.hits[j] = s.hits[j], s.hits[i] }

// sort sorts the hits from first on, those before end.
func (s *partSort) sort(first, end int) {
	for first < s.wanted {
		if end-first <= insertionMax {
			s.insert(first, end)
			return
		}
		s.swap(first, s.pivot(first, end))
		less, greater := s.split(first, end)
		if less > 1 {
			s.sort(first, first+less)
		}
		if greater <= 1 {
			return
		}
		first = end - greater
	}
}

func (s *partSort) insert(first, end int) {
	for i := first + 1; i < end; i++ {
		for j := i; j > first && s.compare(j-1, j) > 0; j-- {
			s.swap(j-1, j)
		}
	}
}

func (s *partSort) pivot(first, end int) int {
	n := end - first
	low, middle, high := first, first+n/2, end-1
	if n < middleMin {
		return middle
	}
	if n >= nintherMin {
		d := n / 8
		low = s.median(low, low+d, low+2*d)
		middle = s.median(middle-d, middle, middle+d)
		high = s.median(high-2*d, high-d, high)
	}
	return s.median(low, middle, high)
}

func (s *partSort) median(a, b, c int) int {
	if s.compare(a, b) < 0 {
		switch {
		case s.compare(b, c) < 0:
			return b
		case s.compare(a, c) < 0:
			return c
		}
		return a
	}
	switch {
	case s.compare(b, c) > 0:
		return b
	case s.compare(a, c) < 0:
		return a
	}
	return c
}

// split parts the hits by the pivot, which stands first, into less, equal and greater ones, and
// returns how many are less and how many are greater. Equal ones wait at both ends meanwhile.
func (s *partSort) split(first, end int) (less, greater int) {
	equalLow, low := first+1, first+1
	high, equalHigh := end-1, end-1
	for {
		for ; low <= high && s.compare(low, first) <= 0; low++ {
			if s.compare(low, first) == 0 {
				s.swap(equalLow, low)
				equalLow++
			}
		}
		for ; low <= high && s.compare(high, first) >= 0; high-- {
			if s.compare(high, first) == 0 {
				s.swap(high, equalHigh)
				equalHigh--
			}
		}
		if low > high {
			break
		}
		s.swap(low, high)
		low++
		high--
	}
	less, greater = low-equalLow, equalHigh-high
	s.swapMany(first, low, min(equalLow-first, less))
	s.swapMany(low, end, min(greater, end-1-equalHigh))
	return less, greater
}

// swapMany swaps n hits from first on with the n before end.
func (s *partSort) swapMany(first, end, n int) {
	for i := range n {
		s.swap(first+i, end-n+i)
	}
}
