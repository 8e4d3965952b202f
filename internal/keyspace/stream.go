// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"encoding/binary"

	"stampede/internal/container/stream"
	"stampede/internal/effect"
	"stampede/internal/object"
	"stampede/internal/reply"
)

// Stream is the stream under a key that was looked up. The first entry makes the key, and so
// does [Stream.Create]; a stream without entries stays.
//
// What happens to its groups, or to its last ID alone, does not mark those who watch the key,
// as in Redis.
type Stream struct {
	e   Entry
	key []byte // as the caller gave it
}

// ReadStream looks key up for a call that reads a stream.
func (db *DB) ReadStream(key []byte) (s Stream, err error) {
	s.key = key
	db.read(&s.e, key)
	return s, s.checkKind()
}

// FindStream looks key up for a call that changes a stream.
func (db *DB) FindStream(key []byte) (s Stream, err error) {
	s.key = key
	db.find(&s.e, key)
	return s, s.checkKind()
}

func (s *Stream) checkKind() error {
	if s.e.Exists() && s.e.kind != object.Stream {
		return reply.ErrWrongType
	}
	return nil
}

// Exists tells whether the key is there.
func (s *Stream) Exists() bool { return s.e.Exists() }

// Look is the stream, for calls that change nothing. The key must be there.
func (s *Stream) Look() *stream.Stream { return s.e.big().(object.BigStream).Stream }

// Len is the number of entries.
func (s *Stream) Len() int {
	if !s.Exists() {
		return 0
	}
	return s.Look().Len()
}

// Last is the highest ID that was ever given.
func (s *Stream) Last() (last stream.ID) {
	if s.Exists() {
		last = s.Look().State().Last
	}
	return last
}

func (s *Stream) effects() (b *effect.Buffer, db int) {
	return s.e.db.space.Effects, s.e.db.index
}

// change must come before every change; it gives what is to be changed.
func (s *Stream) change() *stream.Stream {
	s.e.saveFirst()
	return s.Look()
}

// changed must follow a change of the entries, and noted any other.
func (s *Stream) changed() { s.e.db.changed(s.key) }

func (s *Stream) noted() { s.e.db.space.Stats.Changes++ }

// make lets the key be there, and tells whether it was not.
func (s *Stream) make() (made bool) {
	if s.Exists() {
		return false
	}
	space := s.e.db.space
	s.e.create(s.key, shape{kind: object.Stream, form: formBig, valueLen: bigIndexBytes})
	binary.LittleEndian.PutUint32(s.e.value(), space.big.add(object.NewStream(space.arena)))
	return true
}

// Create makes an empty stream unless the key is there.
func (s *Stream) Create() {
	if s.make() {
		b, db := s.effects()
		b.StreamState(db, s.key, stream.State{})
		s.changed()
	}
}

// Add puts an entry at the end: see [stream.Stream.Add].
func (s *Stream) Add(id stream.ID, pairs [][]byte) {
	s.make()
	s.change().Add(id, pairs, s.e.db.space.Limits.StreamNode)
	b, db := s.effects()
	b.StreamAdd(db, s.key, id, pairs)
	s.changed()
}

// Delete takes entries away and tells how many. IDs that are not there are left out of ids.
func (s *Stream) Delete(ids []stream.ID) (deleted int) {
	on := s.change()
	gone := ids[:0]
	for _, id := range ids {
		if on.Delete(id) {
			gone = append(gone, id)
		}
	}
	if len(gone) > 0 {
		b, db := s.effects()
		b.StreamDelete(db, s.key, gone)
		s.changed()
	}
	return len(gone)
}

// Trim takes entries away from the beginning and tells how many: see [stream.Stream.Trim].
func (s *Stream) Trim(t stream.Trim) (removed int) {
	if removed = s.change().Trim(t); removed == 0 {
		return 0
	}
	if b, db := s.effects(); t.ByID && !t.Approx {
		b.StreamTrimTo(db, s.key, t.MinID)
	} else {
		b.StreamTrim(db, s.key, removed)
	}
	s.changed()
	return removed
}

// SetState says what the stream knows beside its entries. The last ID must not be below that
// of an entry.
func (s *Stream) SetState(state stream.State) {
	made := s.make()
	s.change().SetState(state)
	b, db := s.effects()
	b.StreamState(db, s.key, state)
	if made {
		s.changed()
	} else {
		s.noted()
	}
}

// appendNode puts a node behind all others; see [stream.Stream.AppendNode].
func (s *Stream) appendNode(id stream.ID, pack []byte) error {
	s.make()
	if err := s.change().AppendNode(id, pack); err != nil {
		return err
	}
	b, db := s.effects()
	b.StreamNode(db, s.key, id, pack)
	s.changed()
	return nil
}

func (db *DB) applyStream(e *effect.Effect) error {
	s, err := db.FindStream(e.Key)
	if err != nil {
		return err
	}
	switch e.Op {
	case effect.StreamAdd:
		return s.applyAdd(e)
	case effect.StreamNode:
		return s.appendNode(e.ID(), e.Value)
	case effect.StreamState:
		state, ok := e.StreamState()
		if !ok || s.Exists() && state.Last.Less(s.Look().Top()) {
			return errBeyond
		}
		s.SetState(state)
		return nil
	}
	if !s.Exists() {
		return errBeyond
	}
	switch e.Op {
	case effect.StreamDelete:
		return s.applyDelete(e)
	case effect.StreamTrim:
		if e.N == 0 || e.N > uint64(s.Len()) {
			return errBeyond
		}
		s.Trim(stream.Trim{Len: s.Len() - int(e.N)})
		return nil
	case effect.StreamTrimTo:
		s.Trim(stream.Trim{ByID: true, MinID: e.ID()})
		return nil
	}
	return s.applyGroup(e)
}

func (s *Stream) applyAdd(e *effect.Effect) error {
	var pairs [][]byte
	ok := e.Elements(func(b []byte) { pairs = append(pairs, b) })
	if !ok || len(pairs) == 0 || len(pairs)%2 != 0 || !stream.Fits(pairs) ||
		!s.Last().Less(e.ID()) {
		return errBeyond
	}
	s.Add(e.ID(), pairs)
	return nil
}

func (s *Stream) applyDelete(e *effect.Effect) error {
	var ids []stream.ID
	if !e.StreamIDs(func(id stream.ID) { ids = append(ids, id) }) || s.Delete(ids) < len(ids) {
		return errBeyond
	}
	return nil
}
