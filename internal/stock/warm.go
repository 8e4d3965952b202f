// SPDX-License-Identifier: Apache-2.0

package stock

// warmFrom is how many records a stock has whose index does not fit a processor's caches.
const warmFrom = 8192

// Warm reads what the lookups of the given ids will read, so that they wait for memory together
// and not one after the other. hashes is scratch of the same length at least. The result means
// nothing; it is there so that the reads are not left out.
func (s *Stock) Warm(ids [][]byte, hashes []uint64) (sum uint32) {
	if s.Len() < warmFrom {
		return 0
	}
	for i, id := range ids {
		hashes[i] = s.book.hash(id)
		sum += s.index.Warm(hashes[i])
	}
	for _, hash := range hashes[:len(ids)] {
		if ref := s.index.Guess(hash); ref != 0 {
			sum += uint32(s.book.state(ref))
		}
	}
	return sum
}
