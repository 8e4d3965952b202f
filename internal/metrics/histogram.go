// SPDX-License-Identifier: Apache-2.0

package metrics

import "math/bits"

// A Histogram counts durations in buckets that grow with them: below 32 ns one for each
// nanosecond, above that 16 for each power of two. So a quantile is at most 6.25 % too
// high, and no more memory is ever needed. What lasts longer than a minute counts as one.
const (
	subBits    = 4
	subBuckets = 1 << subBits
	octaves    = 32
	buckets    = (octaves + 1) * subBuckets
	nanosMax   = 1<<(octaves+subBits) - 1 // 68.7 s
)

// Histogram counts durations in nanoseconds. The zero value is empty. It has no lock.
type Histogram struct {
	count int64
	slots [buckets]int64
}

// Add counts one duration; what is negative counts as zero.
func (h *Histogram) Add(nanos int64) {
	h.slots[bucketOf(nanos)]++
	h.count++
}

// Merge adds what other counted.
func (h *Histogram) Merge(other *Histogram) {
	if other.count == 0 {
		return
	}
	h.count += other.count
	for i, n := range other.slots {
		h.slots[i] += n
	}
}

// Quantile is a duration that the given share (0 to 1) of all do not exceed: the longest
// that its bucket can hold. It is 0 if there are none.
func (h *Histogram) Quantile(share float64) (nanos int64) {
	if h.count == 0 {
		return 0
	}
	rank := max(int64(share*float64(h.count)+0.5), 1)
	for i, n := range h.slots {
		if rank -= n; rank <= 0 {
			return bucketMax(i)
		}
	}
	return nanosMax
}

// Power is how many durations do not exceed a power of two microseconds.
type Power struct {
	Micros int64 // 1, 2, 4, …
	Count  int64 // durations of at most Micros, to the precision of a bucket
}

// Powers are the cumulative counts at each power of two microseconds at which they grow.
func (h *Histogram) Powers() []Power {
	var powers []Power
	var sum, told int64
	next := int64(1)
	for i, n := range h.slots {
		for bucketMin(i) >= next*1000 {
			if sum > told {
				powers = append(powers, Power{next, sum})
				told = sum
			}
			next *= 2
		}
		sum += n
	}
	if sum > told {
		powers = append(powers, Power{next, sum})
	}
	return powers
}

// bucketOf is the number of the bucket that counts a duration.
func bucketOf(nanos int64) int {
	if nanos < subBuckets {
		return int(max(nanos, 0))
	}
	v := uint64(min(nanos, nanosMax))
	shift := bits.Len64(v) - 1 - subBits
	return shift<<subBits + int(v>>shift)
}

// bucketMin is the shortest duration that bucket i counts.
func bucketMin(i int) int64 {
	if i < 2*subBuckets {
		return int64(i)
	}
	shift := i>>subBits - 1
	return int64(i&(subBuckets-1)|subBuckets) << shift
}

// bucketMax is the longest duration that bucket i counts.
func bucketMax(i int) int64 { return bucketMin(i+1) - 1 }
