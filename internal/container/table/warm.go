// SPDX-License-Identifier: Apache-2.0

package table

// Who has many searches before him does them in three rounds, so that the processor waits
// for many lines of memory at once instead of for one after the other: Warm for all, then
// Guess for all (and a look at each block), then the searches.

// Warm reads the line in which a search for hash begins. What it returns means nothing; it
// is there so that the read is not left out.
func (t *Table) Warm(hash uint64) uint32 {
	s := &t.dir[t.indexOf(hash)]
	return s.line(s.home(fineOf(hash, s.depth))).marks
}

// Guess is the reference that a search for hash is most likely to find first; 0 if there
// is none.
func (t *Table) Guess(hash uint64) (ref uint32) {
	p := t.Probe(hash)
	if !p.Next() {
		return 0
	}
	return p.Ref()
}
