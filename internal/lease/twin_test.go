// SPDX-License-Identifier: Apache-2.0

package lease_test

import (
	"cmp"
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

// list is the slow twin of a table: lists of who holds and who waits, walked each time.
type list struct {
	locks   map[string]*lockList
	fence   int64
	clockMs int64
	ready   []string // locks to look at, the last one first
	turn    int64
}

type lockList struct {
	holders []*owner // those who have ended included, until settle
	queue   []*owner
}

type owner struct {
	request        lease.Request
	fence, turn    int64
	endMs, untilMs int64 // math.MaxInt64: never
	ticket         lease.Ticket
	token          string
}

func newList(fence int64) *list { return &list{locks: map[string]*lockList{}, fence: fence} }

func (l *list) clone() *list {
	c := *l
	c.locks = map[string]*lockList{}
	for key, lock := range l.locks {
		copied := &lockList{}
		for _, h := range lock.holders {
			one := *h
			copied.holders = append(copied.holders, &one)
		}
		c.locks[key] = copied
	}
	return &c
}

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
	if len(lock.queue) > 0 || !lock.open(r.Shared, nowMs) {
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
		l.later(key)
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

func (l *list) later(key string) {
	if len(l.lock(key).queue) > 0 && !slices.Contains(l.ready, key) {
		l.ready = append(l.ready, key)
	}
}

func (l *list) wait(r lease.Request, untilMs int64, ticket lease.Ticket) {
	l.turn++
	o := &owner{
		request: r, token: string(r.Token), untilMs: untilMs, ticket: ticket, turn: l.turn,
	}
	if untilMs == 0 {
		o.untilMs = math.MaxInt64
	}
	lock := l.lock(string(r.Key))
	lock.queue = append(lock.queue, o)
	l.later(string(r.Key))
}

func (l *list) cancel(ticket lease.Ticket) bool {
	for key, lock := range l.locks {
		for i, o := range lock.queue {
			if o.ticket == ticket {
				lock.queue = slices.Delete(lock.queue, i, i+1)
				l.later(key)
				return true
			}
		}
	}
	return false
}

func (l *list) settle(nowMs int64) (events []lease.Event) {
	nowMs = max(nowMs, l.clockMs)
	for len(l.ready) > 0 {
		key := l.ready[len(l.ready)-1]
		l.ready = l.ready[:len(l.ready)-1]
		events = append(events, l.hand(nowMs, nowMs, key)...)
	}
	for {
		key, o, waits := l.next()
		switch {
		case o == nil || o.at(waits) > nowMs:
			return events
		case waits:
			l.cancel(o.ticket)
			events = append(events, lease.Event{Ticket: o.ticket})
		default:
			lock := l.lock(key)
			lock.holders = slices.DeleteFunc(lock.holders, func(h *owner) bool { return h == o })
		}
		l.ready = l.ready[:0]
		events = append(events, l.hand(nowMs, o.at(waits), key)...)
	}
}

func (o *owner) at(waits bool) int64 {
	if waits {
		return o.untilMs
	}
	return o.endMs
}

// next is who ends first, or has to wait no longer.
func (l *list) next() (key string, first *owner, waits bool) {
	better := func(o *owner, asWaiter bool) bool {
		return first == nil || cmp.Or(cmp.Compare(o.at(asWaiter), first.at(waits)),
			cmp.Compare(b(asWaiter), b(waits)), cmp.Compare(o.fence+o.turn, first.fence+first.turn)) < 0
	}
	for name, lock := range l.locks {
		for _, o := range lock.holders {
			if better(o, false) {
				key, first, waits = name, o, false
			}
		}
		for _, o := range lock.queue {
			if better(o, true) {
				key, first, waits = name, o, true
			}
		}
	}
	return key, first, waits
}

func b(set bool) int {
	if set {
		return 1
	}
	return 0
}

func (l *list) hand(nowMs, asOfMs int64, key string) (events []lease.Event) {
	lock := l.lock(key)
	for len(lock.queue) > 0 {
		o := lock.queue[0]
		had := lock.find(o.token, asOfMs)
		if had == nil || had.request.Shared != o.request.Shared {
			if !lock.open(o.request.Shared, asOfMs) {
				break
			}
			had = l.give(nowMs, o.request)
		}
		lock.queue = lock.queue[1:]
		events = append(events, lease.Event{Ticket: o.ticket, Granted: true, Grant: had.grant()})
	}
	return events
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
	tickets []lease.Ticket
	log     lease.Log
}

func newModel(t *testing.T, rng *rand.Rand) *model {
	return &model{
		T: t, rng: rng, nowMs: 1 + rng.Int64N(1000), table: lease.New(maphash.MakeSeed(), 5),
		replica: lease.New(maphash.MakeSeed(), 5), twin: newList(5),
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
		can := m.table.Check(m.nowMs, r)
		got, ok, err := m.table.Acquire(m.nowMs, r, &m.log)
		want, wantOK, wantErr := m.twin.acquire(m.nowMs, r)
		if got != want || ok != wantOK || err != wantErr || can != ok {
			m.Fatalf("at %d acquire %+v: %v %v %v (check: %v), want %v %v %v", m.nowMs, r, got, ok,
				err, can, want, wantOK, wantErr)
		}
		if !ok && err == nil && m.log.WantUndo == false && m.rng.IntN(2) == 0 {
			m.wait(r)
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

func (m *model) wait(r lease.Request) {
	untilMs := m.nowMs + 1 + m.rng.Int64N(60)
	if m.rng.IntN(4) == 0 {
		untilMs = 0
	}
	ticket, err := m.table.Wait(r, untilMs)
	if err != nil {
		m.Fatal(err)
	}
	m.twin.wait(r, untilMs, ticket)
	m.tickets = append(m.tickets, ticket)
}

// settle lets both grant what can be granted, and compares the events.
func (m *model) settle() {
	n := math.MaxInt
	if m.rng.IntN(2) == 0 {
		n = 1
	}
	var got []lease.Event
	for m.table.Settle(m.nowMs, n, &m.log, func(e lease.Event) { got = append(got, e) }) {
	}
	want := m.twin.settle(m.nowMs)
	if !slices.Equal(got, want) {
		m.Fatalf("at %d settled\n%v, want\n%v", m.nowMs, got, want)
	}
	if at, ok := m.table.NextDeadline(); ok && at <= m.nowMs {
		m.Fatalf("at %d the next deadline is %d", m.nowMs, at)
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
		if len(m.tickets) > 0 {
			ticket := m.tickets[m.rng.IntN(len(m.tickets))]
			if got, want := m.table.Cancel(ticket), m.twin.cancel(ticket); got != want {
				m.Fatalf("cancel: %v, want %v", got, want)
			}
		}
	case 5:
		m.endSession()
	case 6:
		m.takenBack()
	default:
		m.call()
	}
	if m.rng.IntN(3) > 0 {
		m.settle()
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
	for i := range keys {
		var got, queue []lease.Ticket
		m.table.Waiting(keyOf(i), func(t lease.Ticket) { got = append(got, t) })
		for _, o := range m.twin.lock(string(keyOf(i))).queue {
			queue = append(queue, o.ticket)
		}
		if !slices.Equal(got, queue) {
			m.Fatalf("for %s wait %v, want %v", keyOf(i), got, queue)
		}
	}
}

func (m *model) waiting() (n int) {
	for _, lock := range m.twin.locks {
		n += len(lock.queue)
	}
	return n
}

// endSession ends a session, or all of them by a restart.
func (m *model) endSession() {
	if m.waiting() > 0 { // the order in which locks become free is not the twin's
		return
	}
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
	again := lease.New(maphash.MakeSeed(), 0)
	state := m.table.AppendFence(nil)
	for at := uint32(0); ; {
		at = m.table.Walk(at, 1+m.rng.IntN(4), func(_, effect []byte) {
			state = append(state, effect...)
		})
		if at == 0 {
			break
		}
	}
	if err := again.Apply(state); err != nil {
		m.Fatal(err)
	}
	if again.Fence() != m.table.Fence() {
		m.Fatalf("the fence was %d and is %d", m.table.Fence(), again.Fence())
	}
	m.table = again
}

// takenBack makes some calls and takes them back.
func (m *model) takenBack() {
	if m.waiting() > 0 {
		return
	}
	before, twin := dump(m.table, m.nowMs), m.twin.clone()
	m.log.WantUndo = true
	for range 1 + m.rng.IntN(6) {
		m.call()
	}
	effect, err := m.table.Undo(m.log.Undo, m.log.Effect)
	if err != nil {
		m.Fatal(err)
	}
	m.log = lease.Log{Effect: effect}
	twin.fence, twin.clockMs = m.twin.fence, m.twin.clockMs
	m.twin = twin
	if got := dump(m.table, m.nowMs); got != before {
		m.Fatalf("taken back, but not as before:\n%s\n\n%s", got, before)
	}
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
