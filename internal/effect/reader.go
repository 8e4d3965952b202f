// SPDX-License-Identifier: Apache-2.0

package effect

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Reader reads the effects of a record.
type Reader struct {
	record []byte
	start  int // of the effect read last
	at     int
	err    error
}

// NewReader returns a reader of a record.
func NewReader(record []byte) *Reader { return &Reader{record: record} }

// Reset lets the reader begin with another record.
func (r *Reader) Reset(record []byte) { *r = Reader{record: record} }

// Error is a record that does not hold effects.
type Error struct {
	Offset int // in the record
	Reason string
}

// Error is the sentence for the operator.
func (e *Error) Error() string { return fmt.Sprintf("effect at byte %d: %s", e.Offset, e.Reason) }

// Next reads the next effect into e and tells whether there was one. At the end, Err tells
// whether the record was well-formed.
func (r *Reader) Next(e *Effect) bool {
	if r.err != nil || r.at == len(r.record) {
		return false
	}
	r.start = r.at
	if err := r.read(e); err != "" {
		r.err = &Error{Offset: r.start, Reason: err}
		return false
	}
	return true
}

// Raw is the effect that was read last, as it stands in the record.
func (r *Reader) Raw() []byte { return r.record[r.start:r.at] }

// Err is what is wrong with the record, or nil.
func (r *Reader) Err() error { return r.err }

// Faults of a record.
const (
	faultShort   = "it ends in the middle"
	faultUnknown = "its kind is not known: was it written by a newer version?"
	faultDB      = "there is no such database"
)

// databases is how many databases an effect can name.
const databases = 16

func (r *Reader) read(e *Effect) (fault string) {
	if len(r.record)-r.at < 2 {
		return faultShort
	}
	*e = Effect{Op: Op(r.record[r.at]), DB: int(r.record[r.at+1])}
	r.at += 2
	p, ok := partsOf(e.Op)
	if !ok {
		return faultUnknown
	}
	if e.DB >= databases {
		return faultDB
	}
	good := true
	text := func(part parts, to *[]byte) {
		if p&part != 0 && good {
			*to, good = r.text()
		}
	}
	number := func(part parts, to *uint64) {
		if p&part != 0 && good {
			*to, good = r.number()
		}
	}
	var deadline uint64
	text(hasKey, &e.Key)
	number(hasN, &e.N)
	number(hasM, &e.M)
	number(hasDeadline, &deadline)
	text(hasField, &e.Field)
	if p&hasScore != 0 && good {
		e.Score, good = r.score()
	}
	text(hasValue, &e.Value)
	e.DeadlineMs = int64(deadline)
	switch {
	case !good:
		return faultShort
	case p&hasDeadline != 0 && e.DeadlineMs < 0:
		return "its deadline is no time"
	case (e.Op == Swap || e.Op == Move || e.Op == Copy) && e.N >= databases:
		return faultDB
	}
	return ""
}

func (r *Reader) number() (n uint64, ok bool) {
	n, size := binary.Uvarint(r.record[r.at:])
	if size <= 0 {
		return 0, false
	}
	r.at += size
	return n, true
}

func (r *Reader) text() (s []byte, ok bool) {
	n, ok := r.number()
	if !ok || n > uint64(len(r.record)-r.at) {
		return nil, false
	}
	end := r.at + int(n)
	s = r.record[r.at:end:end]
	r.at = end
	return s, true
}

func (r *Reader) score() (score float64, ok bool) {
	if len(r.record)-r.at < 8 {
		return 0, false
	}
	score = math.Float64frombits(binary.LittleEndian.Uint64(r.record[r.at:]))
	r.at += 8
	return score, score == score
}
