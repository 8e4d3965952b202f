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

// Walk visits all holders, each with the key of its lock and an effect that makes it. With
// Fence that is the whole state. Views are good during the visit, which must not change the
// table.
func (t *Table) Walk(visit func(key, effect []byte)) {
	var effect []byte
	for number := range t.holders.numbers() {
		effect = appendGrant(effect[:0], t.clockMs, t, number)
		visit(t.locks.at(t.holders.at(number).lock).key, effect)
	}
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
		if r.fault {
			return false
		}
		t.applyEnd(key, token)
	default:
		return false
	}
	t.clockMs = max(t.clockMs, nowMs)
	return true
}

// applyEnd makes a token one that does not hold a lock. It may be none already: which of
// those that have ended are forgotten when a lock is granted depends on the order in which
// they stand, and that is another one after a restart.
func (t *Table) applyEnd(key, token []byte) {
	lock, ok := t.find(key)
	if !ok {
		return
	}
	if had, ok := t.findToken(lock, token); ok {
		t.forget(had)
		t.drop(lock)
	}
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
				t.clockMs = max(t.clockMs, nowMs)
				return true
			}
			if h.deadlineMs > nowMs {
				return false
			}
			t.forget(had)
		}
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
