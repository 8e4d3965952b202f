// SPDX-License-Identifier: Apache-2.0

package lease

import "iter"

// slab holds values by number, from 1 on. Numbers of values that were put back are given
// out again, and their memory with them.
type slab[T any] struct {
	values []T
	used   []bool
	free   []uint32
}

// at is good until the next take.
func (s *slab[T]) at(number uint32) *T { return &s.values[number-1] }

// take gives the number of a value with arbitrary content.
func (s *slab[T]) take() uint32 {
	if n := len(s.free); n > 0 {
		number := s.free[n-1]
		s.free = s.free[:n-1]
		s.used[number-1] = true
		return number
	}
	var zero T
	s.values = append(s.values, zero)
	s.used = append(s.used, true)
	return uint32(len(s.values))
}

func (s *slab[T]) put(number uint32) {
	s.used[number-1] = false
	s.free = append(s.free, number)
}

// numbers are those in use; values may be put back on the way.
func (s *slab[T]) numbers() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for i, used := range s.used {
			if used && !yield(uint32(i+1)) {
				return
			}
		}
	}
}

// reusable is a buffer that is worth keeping for another value.
func reusable(buffer []byte) []byte {
	const keepMax = 64
	if cap(buffer) > keepMax {
		return nil
	}
	return buffer
}

// lockOf finds a lock, or makes it.
func (t *Table) lockOf(key []byte) uint32 {
	number, ok := t.find(key)
	if ok {
		return number
	}
	number = t.locks.take()
	l := t.locks.at(number)
	*l = lock{key: append(l.key[:0], key...)}
	t.names += int64(len(key))
	t.byKey.Insert(t.hashKey(key), number)
	return number
}

// drop forgets a lock that nobody holds.
func (t *Table) drop(number uint32) {
	l := t.locks.at(number)
	if l.holders > 0 {
		return
	}
	for p := t.byKey.Probe(t.hashKey(l.key)); p.Next(); {
		if p.Ref() == number {
			t.byKey.Delete(p.Pos())
			t.names -= int64(len(l.key))
			l.key = reusable(l.key)
			t.locks.put(number)
			return
		}
	}
	panic("lease: lock is not in its index")
}

// add makes a holder.
func (t *Table) add(r *Request, fence, deadlineMs int64) uint32 {
	lock := t.lockOf(r.Key)
	number := t.holders.take()
	h := t.holders.at(number)
	l := t.locks.at(lock)
	*h = holder{
		token: append(h.token[:0], r.Token...), lock: lock, next: l.holder, place: -1,
		session: r.Session, deadlineMs: deadlineMs, fence: fence,
	}
	if l.holder != 0 {
		t.holders.at(l.holder).prev = number
	}
	l.holder = number
	l.holders++
	l.shared = r.Shared
	if r.Session != 0 {
		h.behind = t.sessions[r.Session]
		if h.behind != 0 {
			t.holders.at(h.behind).before = number
		}
		t.sessions[r.Session] = number
	}
	t.names += int64(len(h.token))
	t.byToken.Insert(t.hashToken(lock, h.token), number)
	if deadlineMs != endless {
		t.due.push(item{deadlineMs, number})
	}
	return number
}

// forget takes a holder out; its lock stays.
func (t *Table) forget(number uint32) {
	h := t.holders.at(number)
	l := t.locks.at(h.lock)
	if h.prev == 0 {
		l.holder = h.next
	} else {
		t.holders.at(h.prev).next = h.next
	}
	if h.next != 0 {
		t.holders.at(h.next).prev = h.prev
	}
	l.holders--
	t.leaveSession(h)
	if h.place >= 0 {
		t.due.remove(int(h.place))
	}
	for p := t.byToken.Probe(t.hashToken(h.lock, h.token)); p.Next(); {
		if p.Ref() == number {
			t.byToken.Delete(p.Pos())
			t.names -= int64(len(h.token))
			h.token = reusable(h.token)
			t.holders.put(number)
			return
		}
	}
	panic("lease: holder is not in its index")
}

func (t *Table) leaveSession(h *holder) {
	switch {
	case h.session == 0:
		return
	case h.before != 0:
		t.holders.at(h.before).behind = h.behind
	case h.behind == 0:
		delete(t.sessions, h.session)
	default:
		t.sessions[h.session] = h.behind
	}
	if h.behind != 0 {
		t.holders.at(h.behind).before = h.before
	}
}

func (t *Table) setDeadline(number uint32, deadlineMs int64) {
	h := t.holders.at(number)
	if h.place >= 0 {
		t.due.remove(int(h.place))
	}
	h.deadlineMs = deadlineMs
	if deadlineMs != endless {
		t.due.push(item{deadlineMs, number})
	}
}
