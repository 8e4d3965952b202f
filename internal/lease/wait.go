// SPDX-License-Identifier: Apache-2.0

package lease

// waiter is one who waits for a lock.
type waiter struct {
	token      []byte
	lock       uint32
	prev, next uint32 // in the queue of the lock
	place      int32  // in Table.due; below 0: not there
	serial     uint32 // tells the ticket from those of before
	shared     bool
	session    uint64
	forMs      int64
}

// Event is the end of waiting.
type Event struct {
	Ticket  Ticket
	Granted bool // else the time to wait has passed
	Grant   Grant
}

// Wait gives a place behind all who wait for the lock, until untilMs (0: for ever). It is
// for a request that Acquire did not grant just now. The lease begins when it is granted.
func (t *Table) Wait(r Request, untilMs int64) (Ticket, error) {
	if err := r.validate(); err != nil {
		return 0, err
	}
	if untilMs < 0 || untilMs > TimeMsMax+LeaseMsMax {
		return 0, ErrTime
	}
	lock := t.lockOf(r.Key)
	number := t.waiters.take()
	w, l := t.waiters.at(number), t.locks.at(lock)
	*w = waiter{
		token: append(w.token[:0], r.Token...), lock: lock, prev: l.waiterEnd, place: -1,
		serial: w.serial + 1, shared: r.Shared, session: r.Session, forMs: r.ForMs,
	}
	if l.waiterEnd == 0 {
		l.waiter = number
	} else {
		t.waiters.at(l.waiterEnd).next = number
	}
	l.waiterEnd = number
	l.waiters++
	if untilMs > 0 {
		t.turn++
		t.due.push(item{untilMs, t.turn, join(number, true)})
	}
	t.settleLater(lock)
	return w.ticket(number), nil
}

func (w *waiter) ticket(number uint32) Ticket { return Ticket(w.serial)<<32 | Ticket(number) }

// Cancel ends waiting, and tells whether the ticket was waiting. There is no event.
func (t *Table) Cancel(ticket Ticket) bool {
	number := uint32(ticket)
	if number == 0 || int(number) > len(t.waiters.values) || !t.waiters.used[number-1] ||
		t.waiters.at(number).ticket(number) != ticket {
		return false
	}
	lock := t.waiters.at(number).lock
	t.leave(number)
	t.settleLater(lock)
	t.drop(lock)
	return true
}

// leave takes one who waits out of the queue; the lock stays.
func (t *Table) leave(number uint32) {
	w := t.waiters.at(number)
	l := t.locks.at(w.lock)
	if w.prev == 0 {
		l.waiter = w.next
	} else {
		t.waiters.at(w.prev).next = w.next
	}
	if w.next == 0 {
		l.waiterEnd = w.prev
	} else {
		t.waiters.at(w.next).prev = w.prev
	}
	l.waiters--
	if w.place >= 0 {
		t.due.remove(int(w.place))
	}
	w.token = reusable(w.token)
	t.waiters.put(number)
}

// settleLater lets the next Settle look at a lock, if anybody waits for it.
func (t *Table) settleLater(number uint32) {
	if l := t.locks.at(number); l.waiters > 0 && !l.ready {
		l.ready = true
		t.ready = append(t.ready, number)
	}
}

// Settle does up to n things that are due at nowMs: it grants locks that others have left
// to those who wait, in their order, ends the waiting of those whose time has passed, and
// forgets holders that have ended. It is called after calls that released something and
// when NextDeadline has come. more tells that n was too little. visit must not use the
// table. Cost: O(log n) for each.
func (t *Table) Settle(nowMs int64, n int, log *Log, visit func(Event)) (more bool) {
	nowMs = t.now(nowMs)
	for len(t.ready) > 0 {
		if n <= 0 {
			return true
		}
		number := t.ready[len(t.ready)-1]
		n -= t.hand(nowMs, nowMs, number, max(n, 1), log, visit)
		if t.locks.at(number).ready {
			return true
		}
	}
	for len(t.due.items) > 0 && t.due.items[0].atMs <= nowMs {
		if n <= 0 {
			return true
		}
		first := t.due.items[0]
		n--
		n -= t.pass(nowMs, first, log, visit)
		if len(t.ready) > 0 { // more shared ones than n
			return true
		}
	}
	return false
}

// pass does what is due, and returns how much more than that was done.
func (t *Table) pass(nowMs int64, due item, log *Log, visit func(Event)) (done int) {
	number, waits := split(due.ref)
	var lock uint32
	if waits {
		w := t.waiters.at(number)
		lock = w.lock
		ticket := w.ticket(number)
		t.leave(number)
		visit(Event{Ticket: ticket})
	} else {
		lock = t.holders.at(number).lock
		t.forget(number)
	}
	t.settleLater(lock)
	if t.locks.at(lock).ready {
		return t.hand(nowMs, due.atMs, lock, handEach, log, visit)
	}
	t.drop(lock)
	return 0
}

// handEach bounds how many are granted a lock at one deadline before others are looked at.
const handEach = 64

// hand grants a lock that is the last one in Table.ready to those who wait, as it stood at
// asOfMs, and takes it out of there unless there are more than n.
func (t *Table) hand(
	nowMs, asOfMs int64, number uint32, n int, log *Log, visit func(Event),
) (done int) {
	for ; t.locks.at(number).waiters > 0; done++ {
		first := t.locks.at(number).waiter
		w := t.waiters.at(first)
		event := Event{Ticket: w.ticket(first), Granted: true}
		had, holds := t.holder(number, w.token, asOfMs)
		if holds = holds && t.locks.at(number).shared == w.shared; holds {
			event.Grant = t.holders.at(had).grant()
		} else if !t.open(number, w.shared, asOfMs) {
			break
		}
		if done == n {
			return done
		}
		if !holds {
			event.Grant = t.give(nowMs, &Request{
				Key: t.locks.at(number).key, Token: w.token, ForMs: w.forMs, Shared: w.shared,
				Session: w.session,
			}, log)
		}
		t.leave(first)
		visit(event)
	}
	t.ready = t.ready[:len(t.ready)-1]
	t.locks.at(number).ready = false
	t.drop(number)
	return done
}

// NextDeadline is when Settle has something to do next; ok is false if that is never. It
// may be in the past.
func (t *Table) NextDeadline() (atMs int64, ok bool) {
	switch {
	case len(t.ready) > 0:
		return t.clockMs, true
	case len(t.due.items) > 0:
		return t.due.items[0].atMs, true
	}
	return 0, false
}
