// SPDX-License-Identifier: Apache-2.0

package lease

import "stampede/internal/assert"

// Holder is one who holds a lock. Token is a view, valid until the next change.
type Holder struct {
	Token   []byte
	Session uint64
	Grant   Grant
}

// Info is a lock at one moment.
type Info struct {
	Shared  bool // its holders share it
	Holders int64
}

// Info says how many hold a lock, and visits the holders in no order. Cost:
// O(holders). visit must not change the table.
func (t *Table) Info(nowMs int64, key []byte, visit func(Holder)) (info Info) {
	nowMs = t.now(nowMs)
	number, ok := t.find(key)
	if !ok {
		return Info{}
	}
	l := t.locks.at(number)
	for at := l.holder; at != 0; at = t.holders.at(at).next {
		if h := t.holders.at(at); h.deadlineMs > nowMs {
			info.Shared = l.shared
			info.Holders++
			visit(Holder{Token: h.token, Session: h.session, Grant: h.grant()})
		}
	}
	return info
}

// Verify walks everything and panics where an invariant does not hold. Cost: O(n log n).
func (t *Table) Verify() {
	holders, locks, timed, names := uint32(0), 0, 0, 0
	for number := range t.locks.numbers() {
		l := t.locks.at(number)
		found, ok := t.find(l.key)
		assert.That(ok && found == number, "lease: the index does not find a lock")
		assert.That(l.holders > 0, "lease: a lock that nobody holds")
		names += len(l.key)
		locks++
		holders += t.verifyHolders(number, &timed, &names)
	}
	assert.That(locks == t.byKey.Len(), "lease: number of locks")
	assert.That(int(holders) == t.byToken.Len(), "lease: number of holders")
	assert.That(int(holders)+len(t.holders.free) == len(t.holders.values), "lease: lost holders")
	assert.That(int64(names) == t.names, "lease: bytes of names")
	assert.That(timed == len(t.due.items), "lease: number of times")
	for i := 1; i < len(t.due.items); i++ {
		assert.That(!t.due.items[i].before(t.due.items[(i-1)/2]), "lease: order of times")
	}
	for session, first := range t.sessions {
		for at, before := first, uint32(0); at != 0; at = t.holders.at(at).behind {
			h := t.holders.at(at)
			assert.That(h.session == session && h.before == before, "lease: holders of a session")
			before = at
		}
	}
}

func (t *Table) verifyHolders(number uint32, timed, names *int) (n uint32) {
	l := t.locks.at(number)
	for at, prev := l.holder, uint32(0); at != 0; at = t.holders.at(at).next {
		h := t.holders.at(at)
		assert.That(h.lock == number && h.prev == prev, "lease: holders of a lock")
		found, ok := t.findToken(number, h.token)
		assert.That(ok && found == at, "lease: the index does not find a holder")
		assert.That(h.fence <= t.fence, "lease: fence of the future")
		*names += len(h.token)
		if h.deadlineMs != endless {
			assert.That(t.due.items[h.place].number == at, "lease: time of a holder")
			*timed++
		}
		prev = at
		n++
	}
	assert.That(n == l.holders, "lease: number of holders")
	assert.That(n < 2 || l.shared, "lease: two hold it alone")
	return n
}
