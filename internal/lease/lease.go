// SPDX-License-Identifier: Apache-2.0

// Package lease is locks: who may do something alone, or with others who only look, until
// a time or as long as a connection lives. A [Table] is the locks of one shard, as a pure
// state machine: the time comes in with each call, what a call changed goes out as an
// effect (a few bytes in a [Log]), and [Table.Apply] of the same effects gives the same
// holders. What is where and why is in docs/decisions/0011-stock.md.
//
// # Holders
//
// A holder is named by a token, holds a lock alone or shared, and holds it while now is
// before its deadline: nothing has to happen for it to end. Asked again, a token that
// holds gets the fence that it has. A holder may be bound to a session besides, and then
// needs no deadline.
//
// # Fences
//
// All locks of a table draw their fences from one counter. So a fence is greater than all
// that this lock has ever given, and a lock that nobody holds is forgotten at once: there
// is nothing to remember of it but that counter.
//
// # Ownership
//
// A Table belongs to one shard and is used by its owner only: no locks, no clock. Locks lie
// in slabs, without a pointer or an allocation for each.
//
// # What is not here
//
// Those who wait for a lock stand in the queues of package engine; connections are there,
// too. Nothing is taken back: a script that changes a lock is not run twice.
package lease

import (
	"errors"
	"hash/maphash"

	"stampede/internal/container/table"
)

// Limits of arguments.
const (
	KeyBytesMax   = 1<<16 - 1
	TokenBytesMax = 256                       // and one at least
	TimeMsMax     = 1<<47 - 1                 // of any time in unix milliseconds
	LeaseMsMax    = 366 * 24 * 60 * 60 * 1000 // of a lease
	FenceMax      = 1 << 62                   // that Raise and Apply take
)

// What is wrong with a call. None of these changes anything.
var (
	ErrKey   = errors.New("the name of a lock has at most 65535 bytes")
	ErrToken = errors.New("a token has 1 to 256 bytes")
	ErrTime  = errors.New("a lease has a duration, or a session that bears it")
	ErrOther = errors.New("this token holds the lock in another way")
	// ErrFormat is what Apply says of bytes that no table has written, or not this one in
	// this state.
	ErrFormat = errors.New("lease: the bytes do not fit")
)

// Request asks for a lock.
type Request struct {
	Key     []byte
	Token   []byte // names the holder
	ForMs   int64  // how long; 0, with a session only: until that ends
	Shared  bool   // beside others who share
	Session uint64 // ends with this session, too; 0: with none
}

// Grant is what a holder has.
type Grant struct {
	Fence      int64
	DeadlineMs int64 // 0: when the session ends
}

// Log takes what a call changed; every call that may change something needs one. It is
// appended to, and a call that changes nothing appends nothing.
type Log struct {
	Effect []byte // for Apply: here after a restart, or on a replica
}

// Table is the locks of a shard. Make one with [New].
type Table struct {
	seed     maphash.Seed
	byKey    *table.Table // locks
	byToken  *table.Table // holders, by the number of their lock and their token
	locks    slab[lock]
	holders  slab[holder]
	sessions map[uint64]uint32 // the first holder of each
	due      heap              // deadlines of holders
	expired  func(key []byte)  // told of each holder that time has ended
	names    int64             // bytes of keys and tokens
	fence    int64             // the latest
	clockMs  int64             // the time of the latest change
}

// lock is a lock that somebody holds. Numbers are those of slabs; 0 is none.
type lock struct {
	key     []byte
	holder  uint32 // the first
	holders uint32
	shared  bool // they share it
}

type holder struct {
	token          []byte
	lock           uint32
	prev, next     uint32 // of the lock
	before, behind uint32 // of the session
	place          int32  // in Table.due; below 0: not there
	session        uint64
	deadlineMs     int64 // endless: with the session only
	fence          int64
}

const endless = 1<<63 - 1

// New makes an empty table. Its fences will be greater than fence. expired is told the lock of
// each holder whose time is over, once, as soon as a call of the table notices it (not one of
// Apply); it must not call the table. nil: nobody wants to know.
func New(seed maphash.Seed, fence int64, expired func(key []byte)) *Table {
	if expired == nil {
		expired = func([]byte) {}
	}
	t := &Table{seed: seed, sessions: map[uint64]uint32{}, expired: expired}
	t.Raise(fence)
	t.byKey = table.New(func(ref uint32) uint64 { return t.hashKey(t.locks.at(ref).key) })
	t.byToken = table.New(func(ref uint32) uint64 {
		h := t.holders.at(ref)
		return t.hashToken(h.lock, h.token)
	})
	t.due.moved = func(number uint32, place int) { t.holders.at(number).place = int32(place) }
	return t
}

func (t *Table) hashKey(key []byte) uint64 { return maphash.Bytes(t.seed, key) }

func (t *Table) hashToken(lock uint32, token []byte) uint64 {
	return maphash.Bytes(t.seed, token) ^ uint64(lock)*0x9e3779b97f4a7c15
}

// Fence is the latest fence that was given.
func (t *Table) Fence() int64 { return t.fence }

// Raise makes all fences from now on greater than fence. It is for the start of a server:
// fences that a crash has lost are not given again if the clock went on since.
func (t *Table) Raise(fence int64) { t.fence = max(t.fence, min(fence, FenceMax)) }

// Clock is the time of the latest change, in Unix milliseconds: no call comes before it.
func (t *Table) Clock() int64 { return t.clockMs }

// RaiseClock lets Clock be at least ms. It is for the start of a server: locks that were in
// several tables may be in one now, and none of them may seem to end earlier because the
// machine's clock was set back since another one changed.
func (t *Table) RaiseClock(ms int64) { t.clockMs = max(t.clockMs, min(ms, TimeMsMax)) }

// Len is the number of locks that somebody holds, those included whose holders have ended
// and were not swept.
func (t *Table) Len() int { return t.byKey.Len() }

// Bytes is the memory that holders and their locks take, about.
func (t *Table) Bytes() int64 {
	const lockBytes, holderBytes = 64, 128 // of a slab, and of the indexes
	return t.names + int64(t.byKey.Len())*lockBytes + int64(t.byToken.Len())*holderBytes
}

func (t *Table) now(nowMs int64) int64 { return min(max(nowMs, t.clockMs), TimeMsMax) }

// Acquire asks for a lock; ok is false if somebody else holds it. Cost: O(log n), and as much
// for each holder of the lock that has ended.
func (t *Table) Acquire(nowMs int64, r Request, log *Log) (g Grant, ok bool, err error) {
	if err := r.validate(); err != nil {
		return Grant{}, false, err
	}
	nowMs = t.now(nowMs)
	number, found := t.find(r.Key)
	if found {
		if had, ok := t.holder(number, r.Token, nowMs); ok {
			h := t.holders.at(had)
			if t.locks.at(number).shared != r.Shared || h.session != r.Session {
				return Grant{}, false, ErrOther
			}
			return h.grant(), true, nil
		}
		if !t.open(number, r.Shared, nowMs) {
			return Grant{}, false, nil
		}
	}
	return t.give(nowMs, &r, log), true, nil
}

// Holds tells whether a token holds a lock.
func (t *Table) Holds(nowMs int64, key, token []byte) bool {
	_, live, _ := t.owned(t.now(nowMs), key, token)
	return live
}

// Release ends what a token holds and tells whether it held it. Cost: O(log n).
func (t *Table) Release(nowMs int64, key, token []byte, log *Log) bool {
	nowMs = t.now(nowMs)
	had, live, ok := t.owned(nowMs, key, token)
	if ok {
		t.end(nowMs, had, log)
	}
	return live
}

// Extend lets a holder hold until ms from now, and never shorter than it does; ok is false
// if the token does not hold the lock any more. Cost: O(log n).
func (t *Table) Extend(
	nowMs int64, key, token []byte, ms int64, log *Log,
) (g Grant, ok bool, err error) {
	if ms < 1 || ms > LeaseMsMax {
		return Grant{}, false, ErrTime
	}
	nowMs = t.now(nowMs)
	had, live, ok := t.owned(nowMs, key, token)
	if !live {
		if ok {
			t.end(nowMs, had, log)
		}
		return Grant{}, false, nil
	}
	h := t.holders.at(had)
	if h.deadlineMs < nowMs+ms {
		t.clockMs = nowMs
		t.setDeadline(had, nowMs+ms)
		log.grant(nowMs, t, had)
	}
	return h.grant(), true, nil
}

// EndSession ends all that a session holds. Cost: O(log n) for each.
func (t *Table) EndSession(nowMs int64, session uint64, log *Log) {
	for session != 0 {
		had, ok := t.sessions[session]
		if !ok {
			return
		}
		t.end(t.now(nowMs), had, log)
	}
}

// EndSessions ends all that any session holds: after a restart there are none. Cost: O(n
// log n).
func (t *Table) EndSessions(nowMs int64, log *Log) {
	for had := range t.holders.numbers() {
		if t.holders.at(had).session != 0 {
			t.end(t.now(nowMs), had, log)
		}
	}
}

// Sweep forgets up to n holders that have ended, which nobody sees. more tells that there
// are more. Cost: O(log n) for each.
func (t *Table) Sweep(nowMs int64, n int) (more bool) {
	nowMs = t.now(nowMs)
	for len(t.due.items) > 0 && t.due.items[0].atMs <= nowMs {
		if n == 0 {
			return true
		}
		n--
		had := t.due.items[0].number
		lock := t.holders.at(had).lock
		t.forgetExpired(had)
		t.drop(lock)
	}
	return false
}

func (r *Request) validate() error {
	switch {
	case len(r.Key) > KeyBytesMax:
		return ErrKey
	case len(r.Token) < 1 || len(r.Token) > TokenBytesMax:
		return ErrToken
	case r.ForMs < 0 || r.ForMs > LeaseMsMax || r.ForMs == 0 && r.Session == 0:
		return ErrTime
	}
	return nil
}

func (h *holder) grant() Grant {
	if h.deadlineMs == endless {
		return Grant{Fence: h.fence}
	}
	return Grant{Fence: h.fence, DeadlineMs: h.deadlineMs}
}

// find looks a lock up.
func (t *Table) find(key []byte) (number uint32, ok bool) {
	for p := t.byKey.Probe(t.hashKey(key)); p.Next(); {
		if string(t.locks.at(p.Ref()).key) == string(key) {
			return p.Ref(), true
		}
	}
	return 0, false
}

// findToken looks up what a token holds, or has held.
func (t *Table) findToken(lock uint32, token []byte) (number uint32, ok bool) {
	for p := t.byToken.Probe(t.hashToken(lock, token)); p.Next(); {
		if h := t.holders.at(p.Ref()); h.lock == lock && string(h.token) == string(token) {
			return p.Ref(), true
		}
	}
	return 0, false
}

// holder looks up what a token holds now.
func (t *Table) holder(lock uint32, token []byte, nowMs int64) (number uint32, ok bool) {
	number, ok = t.findToken(lock, token)
	return number, ok && t.holders.at(number).deadlineMs > nowMs
}

// owned looks up what a token holds now (live), or has held (ok).
func (t *Table) owned(nowMs int64, key, token []byte) (number uint32, live, ok bool) {
	lock, ok := t.find(key)
	if !ok {
		return 0, false, false
	}
	number, ok = t.findToken(lock, token)
	return number, ok && t.holders.at(number).deadlineMs > nowMs, ok
}

// open tells whether nobody holds a lock who is in the way. It forgets holders that have
// ended on its way to one that has not.
func (t *Table) open(number uint32, shared bool, nowMs int64) bool {
	l := t.locks.at(number)
	for h := l.holder; h != 0; {
		one := t.holders.at(h)
		if one.deadlineMs > nowMs {
			return shared && l.shared
		}
		next := one.next
		t.forgetExpired(h)
		h = next
	}
	return true
}

// give grants a lock that is open.
func (t *Table) give(nowMs int64, r *Request, log *Log) Grant {
	lock, ok := t.find(r.Key)
	if ok { // a holder that has ended may be in the way of its own token
		if had, ok := t.findToken(lock, r.Token); ok {
			t.forgetExpired(had)
		}
	}
	t.fence++
	t.clockMs = nowMs
	deadlineMs := int64(endless)
	if r.ForMs > 0 {
		deadlineMs = nowMs + r.ForMs
	}
	had := t.add(r, t.fence, deadlineMs)
	log.grant(nowMs, t, had)
	return t.holders.at(had).grant()
}

// end takes a holder out, as an effect.
func (t *Table) end(nowMs int64, had uint32, log *Log) {
	log.end(nowMs, t, had)
	t.clockMs = nowMs
	lock := t.holders.at(had).lock
	if t.holders.at(had).deadlineMs <= nowMs {
		t.forgetExpired(had)
	} else {
		t.forget(had)
	}
	t.drop(lock)
}

// forgetExpired takes a holder out whose time is over; its lock stays.
func (t *Table) forgetExpired(had uint32) {
	t.expired(t.locks.at(t.holders.at(had).lock).key)
	t.forget(had)
}
