// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"encoding/binary"

	"stampede/internal/object"
)

// CanCopyTo tells whether dst has room for a copy of e.
func (e *Entry) CanCopyTo(dst *DB) bool { return dst.space.HasRoom(e.MemoryBytes()) }

// CanMoveTo tells whether dst has room for e: always within a Space.
func (e *Entry) CanMoveTo(dst *DB) bool { return e.db.space == dst.space || e.CanCopyTo(dst) }

// CopyTo puts a copy of e's value under key in dst, which may belong to another Space;
// the key must be absent there. The copy ends when e does. Cost: O(size of the value).
func (e *Entry) CopyTo(dst *DB, key []byte) {
	var target Entry
	dst.seek(&target, key, false)
	switch {
	case e.kind == object.JSON:
		e.copyJSON(&target, key)
	case e.form == formBig:
		target.create(key, e.shape())
		space := dst.space
		index := space.big.add(e.big().Copy(space.arena, space.seed))
		binary.LittleEndian.PutUint32(target.value(), index)
		target.noteMoved(key, e.db.space, e.big())
	default:
		target.create(key, e.shape())
		copy(target.value(), e.value())
	}
	target.watchFields(key)
	dst.space.Effects.Copy(e.db.index, e.Key(), dst.index, key)
	dst.changed(key)
}

// MoveTo is CopyTo and the removal of e. Within a Space a large collection is not copied.
func (e *Entry) MoveTo(dst *DB, key []byte) {
	e.saveFirst()
	dst.Settle(key)
	effects := dst.space.Effects
	effects.Move(e.db.index, e.Key(), dst.index, key)
	effects.Pause()
	defer effects.Resume()
	if e.form == formBig && e.db.space == dst.space {
		var target Entry
		dst.lookup(&target, key)
		target.create(key, e.shape())
		copy(target.value(), e.value())
		target.noteMoved(key, dst.space, e.big())
		target.watchFields(key)
		binary.LittleEndian.PutUint32(e.value(), noBig)
		dst.changed(key)
	} else {
		e.CopyTo(dst, key)
	}
	// Inserting may have moved e within its table.
	e.pos = e.db.position(e.db.keys, e.hash, e.ref)
	e.Remove()
}
