// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"encoding/binary"
	"strconv"

	"stampede/internal/object"
	"stampede/internal/reply"
	"stampede/internal/resp"
)

// KeepDeadline, given as a deadline, leaves the one that the key has.
const KeepDeadline int64 = -1

// ReadString looks key up for a call that reads a string: [reply.ErrWrongType] if it is
// something else.
func (db *DB) ReadString(key []byte) (e Entry, err error) {
	db.read(&e, key)
	if e.kind > object.String {
		return e, reply.ErrWrongType
	}
	return e, nil
}

// FindString looks key up for a call that changes a string.
func (db *DB) FindString(key []byte) (e Entry, err error) {
	db.find(&e, key)
	if e.kind > object.String {
		return e, reply.ErrWrongType
	}
	return e, nil
}

// Text is the string's bytes; nil if the key is absent. The text of an integer is good
// until the next one is asked for.
func (e *Entry) Text() []byte {
	if e.form == formInt && e.Exists() {
		return strconv.AppendInt(e.db.space.digits[0][:0], e.integer(), 10)
	}
	if !e.Exists() {
		return nil
	}
	return e.value()
}

// AppendText appends the string's bytes to dst: a copy.
func (e *Entry) AppendText(dst []byte) []byte {
	if e.form == formInt && e.Exists() {
		return strconv.AppendInt(dst, e.integer(), 10)
	}
	if !e.Exists() {
		return dst
	}
	return append(dst, e.value()...)
}

// TextLen is the length of the string; 0 if the key is absent.
func (e *Entry) TextLen() int { return len(e.Text()) }

// Int is the string as an integer; 0 if the key is absent; ok is false if it is not one.
func (e *Entry) Int() (n int64, ok bool) {
	switch {
	case !e.Exists():
		return 0, true
	case e.form == formInt:
		return e.integer(), true
	}
	return resp.ParseInt(e.value())
}

func (e *Entry) integer() int64 { return int64(binary.LittleEndian.Uint64(e.value())) }

// Set puts a string under key, which e was looked up by, whatever was there before.
// deadlineMs is a Unix time, 0 for none, or [KeepDeadline].
func (e *Entry) Set(key, text []byte, deadlineMs int64) {
	if n, ok := asInt(text); ok {
		e.SetInt(key, n, deadlineMs)
		return
	}
	e.SetText(key, text, deadlineMs)
}

// SetText is Set of a text that is kept as it is even if it is an integer's.
func (e *Entry) SetText(key, text []byte, deadlineMs int64) {
	e.put(key, shape{kind: object.String, form: formText, valueLen: len(text)}, deadlineMs)
	copy(e.value(), text)
	e.db.space.Effects.Set(e.db.index, key, e.DeadlineMs(), text)
	e.db.changed(key)
}

// SetRaw is SetText of a string that counts as "raw", as those do that were changed in place.
func (e *Entry) SetRaw(key, text []byte, deadlineMs int64) {
	e.put(key, shape{kind: object.String, form: formRaw, valueLen: len(text)}, deadlineMs)
	copy(e.value(), text)
	e.db.space.Effects.Set(e.db.index, key, e.DeadlineMs(), text)
	e.db.changed(key)
}

// Loosen lets the string under key count as "raw" and be at least n bytes long, n ≥ 1, as one
// is that a call is about to change in place. The bytes that come are zeros. For those who
// watch the key that is no change yet.
func (e *Entry) Loosen(key []byte, n int) {
	old := e.TextLen()
	if old < n {
		e.resize(key, n)
		e.db.space.Effects.Splice(e.db.index, key, n-1, []byte{0})
	} else if e.form != formRaw {
		e.resize(key, old)
	}
}

// SetInt is Set of an integer's text.
func (e *Entry) SetInt(key []byte, n, deadlineMs int64) {
	if e.form != formInt || !e.Exists() || deadlineMs != KeepDeadline {
		e.put(key, shape{kind: object.String, form: formInt, valueLen: intBytes}, deadlineMs)
	} else {
		e.saveFirst()
	}
	binary.LittleEndian.PutUint64(e.value(), uint64(n))
	if effects := e.db.space.Effects; effects != nil {
		effects.Set(e.db.index, key, e.DeadlineMs(), e.Text())
	}
	e.db.changed(key)
}

// intTextMax is the length of the longest text of a 64-bit integer.
const intTextMax = 20

func asInt(text []byte) (int64, bool) {
	if len(text) == 0 || len(text) > intTextMax || text[0] > '9' {
		return 0, false
	}
	return resp.ParseInt(text)
}

// put makes room for a new value under key and gives up the old one.
func (e *Entry) put(key []byte, s shape, deadlineMs int64) {
	if !e.Exists() {
		s.deadlineMs = max(deadlineMs, 0)
		e.create(key, s)
		return
	}
	e.saveFirst()
	s.deadlineMs = deadlineMs
	if deadlineMs == KeepDeadline {
		s.deadlineMs = e.DeadlineMs()
	}
	if e.form == formBig {
		e.db.space.dropBig(e.bigIndex())
	}
	e.reshape(s, 0)
	e.setMeta(e.meta()&0xFF | e.db.space.access<<8)
}

// Splice lets the string under key have the bytes of part from offset on: what lies between
// its end and there becomes zero bytes, and it grows as far as it must. The key keeps its
// deadline. It is for APPEND, SETRANGE and their like: afterwards the string counts as
// "raw". part must not be empty nor a view of the Space.
func (e *Entry) Splice(key []byte, offset int, part []byte) {
	n := max(e.TextLen(), offset+len(part))
	e.resize(key, n)
	copy(e.value()[offset:], part)
	e.db.space.Effects.Splice(e.db.index, key, offset, part)
	e.db.changed(key)
}

// resize makes the string under key n bytes long, n ≥ 1, filling with zero bytes.
func (e *Entry) resize(key []byte, n int) {
	s := shape{kind: object.String, form: formRaw, valueLen: n}
	if !e.Exists() {
		e.create(key, s)
		clear(e.value())
		return
	}
	e.saveFirst()
	s.deadlineMs = e.DeadlineMs()
	old := e.TextLen()
	if e.form == formInt {
		text := e.AppendText(nil)
		e.reshape(s, 0)
		copy(e.value(), text)
	} else {
		e.reshape(s, min(old, n))
	}
	if n > old {
		clear(e.value()[old:])
	}
}
