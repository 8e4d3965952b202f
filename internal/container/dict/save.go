// SPDX-License-Identifier: Apache-2.0

package dict

import (
	"hash/maphash"

	"stampede/internal/container/arena"
)

// phaseBit is the phase in the first byte of a block.
const phaseBit = 1

// BeginSave hands every pair out once as it is now: those that are about to change at once,
// the others in the steps that must follow. save must not change the dict, and must copy
// what it keeps. No other save may be under way.
func (d *Dict) BeginSave(save func(field, value []byte)) {
	d.phase ^= phaseBit
	d.save, d.saved = save, 0
}

// Saving tells whether a save is under way.
func (d *Dict) Saving() bool { return d.save != nil }

// SaveStep hands about n pairs out and tells whether all have been.
func (d *Dict) SaveStep(n int) (done bool) {
	for d.save != nil && n > 0 {
		d.saved = d.index.Scan(d.saved, func(ref uint32) {
			d.saveFirst(ref)
			n--
		})
		if d.saved == 0 {
			d.save = nil
		}
	}
	return d.save == nil
}

// saveFirst must come before every change of a pair.
func (d *Dict) saveFirst(ref uint32) {
	if d.save == nil {
		return
	}
	first := &d.arena.Bytes(arena.Ref(ref), 1)[0]
	if int(*first&phaseBit) != d.phase {
		d.save(d.pair(ref))
		*first ^= phaseBit
	}
}

// SaveFirst hands the pair of a field out, if a save is under way that has not come to it:
// something that is kept beside the dict is about to change.
func (d *Dict) SaveFirst(field []byte) {
	if d.save == nil {
		return
	}
	for p := d.index.Probe(maphash.Bytes(d.seed, field)); p.Next(); {
		if f, _ := d.pair(p.Ref()); string(f) == string(field) {
			d.saveFirst(p.Ref())
			return
		}
	}
}
