// SPDX-License-Identifier: Apache-2.0

package stock

import (
	"encoding/binary"

	"stampede/internal/assert"
)

// The ops of effects, with what follows. Names stand after their length, numbers are
// uvarints, and all but the last three end with how many ended holds and how many refusals
// were forgotten. The numbers are on disks: they never change.
const (
	opGrant   byte = 1  // now · id · buyer · units · duration · fence
	opRefuse  byte = 2  // now · id · buyer · units · duration · outcome · number
	opSell    byte = 3  // now · id
	opRelease byte = 4  // now · id
	opExtend  byte = 5  // now · id · end
	opUnits   byte = 6  // now · units
	opClose   byte = 7  // now
	opSweep   byte = 8  // now
	opMeta    byte = 9  // clock · fence · units · closed
	opDrop    byte = 10 // id
	opEntry   byte = 11 // an entry: what the id was before
)

// begin starts an effect.
func (log *Log) begin(op byte, nowMs int64) *Log {
	log.Effect = append(log.Effect, op)
	return log.numbers(nowMs)
}

func (log *Log) name(name []byte) { log.Effect = appendName(log.Effect, name) }

func (log *Log) numbers(numbers ...int64) *Log {
	log.Effect = appendNumbers(log.Effect, numbers...)
	return log
}

func appendName(dst, name []byte) []byte {
	dst = append(dst, byte(len(name)))
	return append(dst, name...)
}

func appendNumbers(dst []byte, numbers ...int64) []byte {
	for _, n := range numbers {
		dst = binary.AppendUvarint(dst, uint64(n))
	}
	return dst
}

// Undo is a stack of effects that take back others, each with its length behind it, so
// that it can be read from the end.

const undoLengthBytes = 2

func (log *Log) endUndo(begin int) {
	n := len(log.Undo) - begin
	assert.That(n < 1<<16, "stock: entry too long to undo")
	log.Undo = binary.LittleEndian.AppendUint16(log.Undo, uint16(n))
}

// undoMeta remembers what a stock is apart from its records.
func (s *Stock) undoMeta(log *Log) {
	if !log.WantUndo {
		return
	}
	begin := len(log.Undo)
	log.Undo = append(log.Undo, opMeta)
	log.Undo = appendNumbers(log.Undo, s.clockMs, s.fence, s.units, s.closedMs)
	log.endUndo(begin)
}

// undoDrop remembers that an id was not known.
func (s *Stock) undoDrop(id []byte, log *Log) {
	if !log.WantUndo {
		return
	}
	begin := len(log.Undo)
	log.Undo = appendName(append(log.Undo, opDrop), id)
	log.endUndo(begin)
}

// undoEntry remembers a record as it was.
func (s *Stock) undoEntry(r *record, log *Log) {
	if !log.WantUndo {
		return
	}
	begin := len(log.Undo)
	log.Undo = appendEntry(append(log.Undo, opEntry), r)
	log.endUndo(begin)
}

// Undo takes back what the calls did that wrote undo, the latest first, and appends the
// effect of that to effect, for a journal that has the effects of those calls already. The
// stock must be as they left it. Cost: as of the calls.
func (s *Stock) Undo(undo, effect []byte) ([]byte, error) {
	for len(undo) > 0 {
		if len(undo) < undoLengthBytes {
			return effect, ErrFormat
		}
		end := len(undo) - undoLengthBytes
		n := int(binary.LittleEndian.Uint16(undo[end:]))
		if n == 0 || n > end {
			return effect, ErrFormat
		}
		step := undo[end-n : end]
		undo = undo[:end-n]
		if err := s.Apply(step); err != nil {
			return effect, err
		}
		effect = append(effect, step...)
	}
	return effect, nil
}

// appendEntry is what is remembered of one id, for Undo and for snapshots:
//
//	state · id · buyer · units · duration · end, and then
//	of a hold: fence · when it was granted; of a refusal: outcome · number
func appendEntry(dst []byte, r *record) []byte {
	dst = append(dst, byte(r.state))
	dst = appendName(dst, r.id)
	dst = appendName(dst, r.buyer)
	dst = appendNumbers(dst, r.units, r.forMs, r.endMs)
	if r.state == stateRefused {
		return appendNumbers(dst, int64(r.outcome), r.number)
	}
	return appendNumbers(dst, r.fence, r.heldMs)
}

// reader takes bytes apart. After a fault it yields zeros, and ok is false.
type reader struct {
	rest  []byte
	fault bool
}

func (r *reader) ok() bool { return !r.fault }

func (r *reader) fail() {
	r.rest, r.fault = nil, true
}

func (r *reader) byte() byte {
	if len(r.rest) == 0 {
		r.fail()
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

// number is one of 0 … most.
func (r *reader) number(most int64) int64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || v > uint64(most) || n > 1 && r.rest[n-1] == 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return int64(v)
}

func (r *reader) name() []byte {
	n := int(r.byte())
	if n < 1 || n > NameBytesMax || n > len(r.rest) {
		r.fail()
		return nil
	}
	name := r.rest[:n:n]
	r.rest = r.rest[n:]
	return name
}

const numberMax = 1<<63 - 1

// entry reads an entry; whether it fits the stock is not asked.
func (r *reader) entry() (e record) {
	e.state = state(r.byte())
	e.id, e.buyer = r.name(), r.name()
	e.units, e.forMs = r.number(UnitsMax), r.number(HoldMsMax)
	e.endMs = r.number(TimeMsMax + HoldMsMax)
	if e.state == stateRefused {
		e.outcome = Outcome(r.number(int64(outcomeEnd) - 1))
		e.number, e.heldMs = r.number(UnitsMax), e.endMs
		return e
	}
	e.fence, e.heldMs = r.number(fenceMax), r.number(TimeMsMax)
	return e
}
