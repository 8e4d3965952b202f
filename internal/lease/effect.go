// SPDX-License-Identifier: Apache-2.0

package lease

import (
	"encoding/binary"
	"math"
)

// The ops of effects, with what follows. Names stand after their length, numbers are
// uvarints. The numbers of ops are on disks: they never change.
const (
	opGrant byte = 1 // now · key · token · fence · deadline (0: none) · shared · session
	opEnd   byte = 2 // now · key · token
	opFence byte = 3 // now · fence: the latest that was given
)

func appendGrant(dst []byte, nowMs int64, t *Table, number uint32) []byte {
	h := t.holders.at(number)
	l := t.locks.at(h.lock)
	dst = appendNames(dst, opGrant, nowMs, l.key, h.token)
	dst = binary.AppendUvarint(dst, uint64(h.fence))
	dst = binary.AppendUvarint(dst, uint64(h.grant().DeadlineMs))
	shared := byte(0)
	if l.shared {
		shared = 1
	}
	return binary.AppendUvarint(append(dst, shared), h.session)
}

func appendEnd(dst []byte, nowMs int64, t *Table, number uint32) []byte {
	h := t.holders.at(number)
	return appendNames(dst, opEnd, nowMs, t.locks.at(h.lock).key, h.token)
}

func appendNames(dst []byte, op byte, nowMs int64, key, token []byte) []byte {
	dst = binary.AppendUvarint(append(dst, op), uint64(nowMs))
	dst = append(binary.AppendUvarint(dst, uint64(len(key))), key...)
	return append(binary.AppendUvarint(dst, uint64(len(token))), token...)
}

func (log *Log) grant(nowMs int64, t *Table, number uint32) {
	log.Effect = appendGrant(log.Effect, nowMs, t, number)
}

func (log *Log) end(nowMs int64, t *Table, number uint32) {
	log.Effect = appendEnd(log.Effect, nowMs, t, number)
}

// Undo is a stack of effects that take back others, each with its length behind it, so
// that it can be read from the end.

const undoLengthBytes = 4

// undo remembers what a holder has.
func (log *Log) undo(t *Table, number uint32) {
	if log.WantUndo {
		begin := len(log.Undo)
		log.Undo = appendGrant(log.Undo, t.clockMs, t, number)
		log.endUndo(begin)
	}
}

// undoEnd remembers that a holder was none.
func (log *Log) undoEnd(t *Table, number uint32) {
	if log.WantUndo {
		begin := len(log.Undo)
		log.Undo = appendEnd(log.Undo, t.clockMs, t, number)
		log.endUndo(begin)
	}
}

func (log *Log) endUndo(begin int) {
	log.Undo = binary.LittleEndian.AppendUint32(log.Undo, uint32(len(log.Undo)-begin))
}

// Undo takes back what the calls did that wrote undo, the latest first, and appends the
// effect of that to effect, for a journal that has the effects of those calls already. The
// table must be as they left it. Fences that were given are not given again.
func (t *Table) Undo(undo, effect []byte) ([]byte, error) {
	for len(undo) > 0 {
		if len(undo) < undoLengthBytes {
			return effect, ErrFormat
		}
		end := len(undo) - undoLengthBytes
		n := int(binary.LittleEndian.Uint32(undo[end:]))
		if n == 0 || n > end {
			return effect, ErrFormat
		}
		step := undo[end-n : end]
		undo = undo[:end-n]
		if err := t.Apply(step); err != nil {
			return effect, err
		}
		effect = append(effect, step...)
	}
	return effect, nil
}

// AppendFence appends an effect that says which fence is the latest. With those of Walk it
// is the whole state.
func (t *Table) AppendFence(dst []byte) []byte {
	dst = binary.AppendUvarint(append(dst, opFence), uint64(t.clockMs))
	return binary.AppendUvarint(dst, uint64(t.fence))
}

// Walk visits about n holders from a place on (0: the first), each with the key of its lock
// and an effect that makes it, and returns the place for the next call, 0 after the last.
// Views are good during the visit; the place is until the next change. visit must not
// change the table.
func (t *Table) Walk(at uint32, n int, visit func(key, effect []byte)) (next uint32) {
	var effect []byte
	for ; n > 0 && int(at) < len(t.holders.values); at++ {
		if t.holders.used[at] {
			effect = appendGrant(effect[:0], t.clockMs, t, at+1)
			visit(t.locks.at(t.holders.at(at+1).lock).key, effect)
			n--
		}
	}
	if int(at) >= len(t.holders.values) {
		return 0
	}
	return at
}

// Apply does what effects say, in their order. What does not fit is ErrFormat, and the
// table is then as the effects before left it.
func (t *Table) Apply(effects []byte) error {
	r := reader{rest: effects}
	for len(r.rest) > 0 {
		if !t.applyOne(&r) {
			return ErrFormat
		}
	}
	return nil
}

func (t *Table) applyOne(r *reader) bool {
	op := r.byte()
	nowMs := int64(r.number(TimeMsMax))
	switch op {
	case opGrant:
		return t.applyGrant(r, nowMs)
	case opEnd:
		key, token := r.name(0, KeyBytesMax), r.name(1, TokenBytesMax)
		lock, ok := t.find(key)
		if !ok || r.fault {
			return false
		}
		had, ok := t.findToken(lock, token)
		if !ok {
			return false
		}
		t.forget(had)
		t.settleLater(lock)
		t.drop(lock)
	case opFence:
		fence := int64(r.number(FenceMax))
		if r.fault {
			return false
		}
		t.Raise(fence)
	default:
		return false
	}
	t.clockMs = max(t.clockMs, nowMs)
	return true
}

// applyGrant makes a holder, or gives one another deadline.
func (t *Table) applyGrant(r *reader, nowMs int64) bool {
	q := Request{Key: r.name(0, KeyBytesMax), Token: r.name(1, TokenBytesMax)}
	fence, deadlineMs := int64(r.number(FenceMax)), int64(r.number(TimeMsMax+LeaseMsMax))
	shared := r.number(1)
	q.Shared, q.Session = shared == 1, r.number(math.MaxUint64)
	if r.fault || fence == 0 || deadlineMs == 0 && q.Session == 0 {
		return false
	}
	if deadlineMs == 0 {
		deadlineMs = endless
	}
	lock, found := t.find(q.Key)
	if found {
		if had, ok := t.findToken(lock, q.Token); ok {
			h := t.holders.at(had)
			if h.fence == fence {
				if h.session != q.Session || t.locks.at(lock).shared != q.Shared {
					return false
				}
				t.setDeadline(had, deadlineMs)
				t.settleLater(lock)
				t.clockMs = max(t.clockMs, nowMs)
				return true
			}
			if h.deadlineMs > nowMs {
				return false
			}
			t.forget(had)
		}
		t.settleLater(lock) // who ended may have been in somebody's way
		if !t.open(lock, q.Shared, nowMs) {
			return false
		}
	}
	t.add(&q, fence, deadlineMs)
	t.Raise(fence)
	t.clockMs = max(t.clockMs, nowMs)
	return true
}

// reader takes bytes apart. After a fault it yields zeros.
type reader struct {
	rest  []byte
	fault bool
}

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
func (r *reader) number(most uint64) uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || v > most {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// name is a view of least … most bytes.
func (r *reader) name(least, most uint64) []byte {
	n := r.number(most)
	if n < least || n > uint64(len(r.rest)) {
		r.fail()
		return nil
	}
	name := r.rest[:n:n]
	r.rest = r.rest[n:]
	return name
}
