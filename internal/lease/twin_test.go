// SPDX-License-Identifier: Apache-2.0

package lease_test

import (
	"fmt"
	"hash/maphash"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"stampede/internal/lease"
	"stampede/internal/seedtest"
)

// list is the slow twin of a table: lists of who holds, walked each time.
type list struct {
	locks   map[string]*lockList
	fence   int64
	clockMs int64
}

type lockList struct {
	holders []*owner // those who have ended included
}

type owner struct {
	request lease.Request
	fence   int64
	endMs   int64 // math.MaxInt64: never
	token   string
}

func newList(fence int64) *list { return &list{locks: map[string]*lockList{}, fence: fence} }

func (l *list) lock(key string) *lockList {
	if l.locks[key] == nil {
		l.locks[key] = &lockList{}
	}
	return l.locks[key]
}

func (lock *lockList) find(token string, nowMs int64) *owner {
	for _, h := range lock.holders {
		if h.token == token && h.endMs > nowMs {
			return h
		}
	}
	return nil
}

// open tells whether nobody is in the way of one who shares or does not.
func (lock *lockList) open(shared bool, nowMs int64) bool {
	for _, h := range lock.holders {
		if h.endMs > nowMs && (!shared || !h.request.Shared) {
			return false
		}
	}
	return true
}

func (o *owner) grant() lease.Grant {
	if o.endMs == math.MaxInt64 {
		return lease.Grant{Fence: o.fence}
	}
	return lease.Grant{Fence: o.fence, DeadlineMs: o.endMs}
}

func (l *list) acquire(nowMs int64, r lease.Request) (lease.Grant, bool, error) {
	nowMs = max(nowMs, l.clockMs)
	lock := l.lock(string(r.Key))
	if had := lock.find(string(r.Token), nowMs); had != nil {
		if had.request.Shared != r.Shared || had.request.Session != r.Session {
			return lease.Grant{}, false, lease.ErrOther
		}
		return had.grant(), true, nil
	}
	if !lock.open(r.Shared, nowMs) {
		return lease.Grant{}, false, nil
	}
	return l.give(nowMs, r).grant(), true, nil
}

func (l *list) give(nowMs int64, r lease.Request) *owner {
	lock := l.lock(string(r.Key))
	lock.holders = slices.DeleteFunc(lock.holders, func(h *owner) bool {
		return h.token == string(r.Token)
	})
	l.fence++
	h := &owner{request: r, fence: l.fence, endMs: math.MaxInt64, token: string(r.Token)}
	if r.ForMs > 0 {
		h.endMs = nowMs + r.ForMs
	}
	lock.holders = append(lock.holders, h)
	l.clockMs = nowMs
	return h
}

// end takes out the holders that match.
func (l *list) end(nowMs int64, key string, match func(h *owner) bool) (live bool) {
	lock := l.lock(key)
	before := len(lock.holders)
	lock.holders = slices.DeleteFunc(lock.holders, func(h *owner) bool {
		if match(h) {
			live = live || h.endMs > nowMs
			return true
		}
		return false
	})
	if len(lock.holders) < before {
		l.clockMs = nowMs
	}
	return live
}

func (l *list) release(nowMs int64, key, token string) bool {
	return l.end(max(nowMs, l.clockMs), key, func(h *owner) bool { return h.token == token })
}

func (l *list) extend(nowMs int64, key, token string, ms int64) (lease.Grant, bool) {
	nowMs = max(nowMs, l.clockMs)
	h := l.lock(key).find(token, nowMs)
	if h == nil {
		l.release(nowMs, key, token)
		return lease.Grant{}, false
	}
	if nowMs+ms > h.endMs {
		h.endMs, l.clockMs = nowMs+ms, nowMs
	}
	return h.grant(), true
}

// dump is who holds what at a time.
func (l *list) dump(nowMs int64) string {
	nowMs = max(nowMs, l.clockMs)
	var lines []string
	for key, lock := range l.locks {
		for _, h := range lock.holders {
			if h.endMs > nowMs {
				lines = append(lines, fmt.Sprint(key, " ", h.token, h.grant(), h.request.Shared,
					h.request.Session))
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

const keys = 4

func keyOf(i int) []byte { return fmt.Appendf(nil, "k%d", i) }

func dump(t *lease.Table, nowMs int64) string {
	var lines []string
	for i := range keys {
		shared := t.Info(nowMs, keyOf(i), func(lease.Holder) {}).Shared
		t.Info(nowMs, keyOf(i), func(h lease.Holder) {
			lines = append(lines, fmt.Sprint(string(keyOf(i)), " ", string(h.Token), h.Grant, shared,
				h.Session))
		})
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// model drives a table, its twin and a replica by random calls.
type model struct {
	*testing.T
	rng     *rand.Rand
	table   *lease.Table
	replica *lease.Table
	twin    *list
	nowMs   int64
	log     lease.Log
}

func newModel(t *testing.T, rng *rand.Rand) *model {
	return &model{
		T: t, rng: rng, nowMs: 1 + rng.Int64N(1000), table: lease.New(maphash.MakeSeed(), 5, nil),
		replica: lease.New(maphash.MakeSeed(), 5, nil), twin: newList(5),
	}
}

func (m *model) request() lease.Request {
	r := lease.Request{
		Key: keyOf(m.rng.IntN(keys)), Token: fmt.Appendf(nil, "t%d", m.rng.IntN(6)),
		ForMs: 1 + m.rng.Int64N(40), Shared: m.rng.IntN(2) == 0,
	}
	if m.rng.IntN(4) == 0 {
		r.Session = 1 + m.rng.Uint64N(3)
		if m.rng.IntN(2) == 0 {
			r.ForMs = 0
		}
	}
	return r
}

// call makes a random call of those that can be taken back.
func (m *model) call() {
	r := m.request()
	switch n := m.rng.IntN(10); {
	case n < 5:
		got, ok, err := m.table.Acquire(m.nowMs, r, &m.log)
		want, wantOK, wantErr := m.twin.acquire(m.nowMs, r)
		if got != want || ok != wantOK || err != wantErr {
			m.Fatalf("at %d acquire %+v: %v %v %v, want %v %v %v", m.nowMs, r, got, ok, err,
				want, wantOK, wantErr)
		}
	case n < 7:
		got := m.table.Release(m.nowMs, r.Key, r.Token, &m.log)
		if want := m.twin.release(m.nowMs, string(r.Key), string(r.Token)); got != want {
			m.Fatalf("at %d release %+v: %v, want %v", m.nowMs, r, got, want)
		}
	default:
		ms := 1 + m.rng.Int64N(40)
		got, ok, err := m.table.Extend(m.nowMs, r.Key, r.Token, ms, &m.log)
		want, wantOK := m.twin.extend(m.nowMs, string(r.Key), string(r.Token), ms)
		if got != want || ok != wantOK || err != nil {
			m.Fatalf("at %d extend %+v %d: %v %v %v, want %v %v", m.nowMs, r, ms, got, ok, err,
				want, wantOK)
		}
	}
}

func (m *model) step() {
	m.log = lease.Log{}
	switch m.rng.IntN(16) {
	case 0:
		m.nowMs += m.rng.Int64N(60)
	case 1, 2, 3:
		m.nowMs += m.rng.Int64N(6)
	case 4:
		m.endSession()
	case 5:
		for m.table.Sweep(m.nowMs, 1+m.rng.IntN(3)) {
		}
	default:
		m.call()
	}
	m.table.Verify()
	if err := m.replica.Apply(m.log.Effect); err != nil {
		m.Fatalf("the replica refuses %q: %v", m.log.Effect, err)
	}
	want := m.twin.dump(m.nowMs)
	if got := dump(m.table, m.nowMs); got != want {
		m.Fatalf("at %d holders are\n%s\nwant\n%s", m.nowMs, got, want)
	}
	if got := dump(m.replica, m.nowMs); got != want {
		m.Fatalf("at %d on the replica holders are\n%s\nwant\n%s", m.nowMs, got, want)
	}
}

// endSession ends a session, or all of them by a restart.
func (m *model) endSession() {
	session := m.rng.Uint64N(4)
	if session == 0 {
		m.restart()
		m.table.EndSessions(m.nowMs, &m.log)
	} else {
		m.table.EndSession(m.nowMs, session, &m.log)
	}
	for key := range m.twin.locks {
		m.twin.end(max(m.nowMs, m.twin.clockMs), key, func(h *owner) bool {
			return h.request.Session != 0 && (session == 0 || h.request.Session == session)
		})
	}
}

// restart goes on with a table that was made of another one's state.
func (m *model) restart() {
	again := lease.New(maphash.MakeSeed(), m.table.Fence(), nil)
	m.table.Walk(func(key, effect []byte) {
		if err := again.Apply(effect); err != nil {
			m.Fatalf("%q: %v", key, err)
		}
	})
	if again.Fence() != m.table.Fence() {
		m.Fatalf("the fence was %d and is %d", m.table.Fence(), again.Fence())
	}
	m.table = again
}

func TestAnyCalls(t *testing.T) {
	rng := rand.New(rand.NewPCG(seedtest.Of(t), 1))
	histories := 60
	if testing.Short() {
		histories = 10
	}
	for range histories {
		m := newModel(t, rng)
		for range 500 {
			m.step()
		}
	}
}

// FuzzCalls is TestAnyCalls with any seed.
func FuzzCalls(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) {
		m := newModel(t, rand.New(rand.NewPCG(seed, 2)))
		for range 300 {
			m.step()
		}
	})
}
