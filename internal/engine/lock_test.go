// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"stampede/internal/reply"
	"stampede/internal/seedtest"
)

// lockWish is a call of LOCK.ACQUIRE.
type lockWish struct {
	name, token     string
	forMs           int64
	shared, session bool
	waitMs          int64 // -1: it does not wait
}

func (w *lockWish) argv() []string {
	argv := []string{"LOCK.ACQUIRE", w.name, w.token, strconv.FormatInt(w.forMs, 10)}
	if w.shared {
		argv = append(argv, "SHARED")
	}
	if w.session {
		argv = append(argv, "SESSION")
	}
	if w.waitMs >= 0 {
		argv = append(argv, "WAIT", strconv.FormatInt(w.waitMs, 10))
	}
	return argv
}

// plainLock is the slow twin of a lock: lists of who holds it and who waits for it.
type plainLock struct {
	holders []plainHolder
	queue   []*lockClient
	fence   int64 // the greatest that was seen
}

type plainHolder struct {
	wish  lockWish
	owner *lockClient // with SESSION
	endMs int64       // 0: with the session
	fence int64
}

// lockClient is a connection, and what its call that waits must be answered.
type lockClient struct {
	*client
	waiter  *Waiter
	wish    lockWish
	untilMs int64 // 0: for ever
	want    string
}

// Words for replies in the twin.
const (
	wantWait  = "waits"
	wantGrant = "a greater fence"
	wantNull  = "$-1\r\n"
	wantOther = "-ERR the token holds this lock in another way: release it first\r\n"
)

// lockModel runs random calls on a store and on the twin.
type lockModel struct {
	*testing.T
	rng     *rand.Rand
	store   *store
	clients []*lockClient
	locks   map[string]*plainLock
	waits   int // calls that had to wait
	served  int // of them, those that were granted
}

func (m *lockModel) lock(name string) *plainLock {
	if m.locks[name] == nil {
		m.locks[name] = &plainLock{}
	}
	l := m.locks[name]
	l.holders = slices.DeleteFunc(l.holders, func(h plainHolder) bool {
		return h.endMs != 0 && h.endMs <= m.store.nowMs
	})
	return l
}

func (l *plainLock) find(token string) *plainHolder {
	for i := range l.holders {
		if l.holders[i].wish.token == token {
			return &l.holders[i]
		}
	}
	return nil
}

// decide is what a wish is answered at the head of the queue. A grant stands from then on.
func (m *lockModel) decide(c *lockClient, w *lockWish) (want string) {
	l := m.lock(w.name)
	if had := l.find(w.token); had != nil {
		if had.wish.shared != w.shared || (had.owner != nil) != w.session ||
			w.session && had.owner != c {
			return wantOther
		}
		return fmt.Sprintf(":%d\r\n", had.fence)
	}
	open := len(l.holders) == 0 || w.shared && l.holders[0].wish.shared
	if !open {
		return wantWait
	}
	h := plainHolder{wish: *w}
	if w.session {
		h.owner = c
	}
	if w.forMs > 0 {
		h.endMs = m.store.nowMs + w.forMs
	}
	l.holders = append(l.holders, h)
	return wantGrant
}

// serve lets those in who wait for a lock and may have it now, in their order.
func (m *lockModel) serve(name string) {
	l := m.lock(name)
	for len(l.queue) > 0 {
		c := l.queue[0]
		if c.want = m.decide(c, &c.wish); c.want == wantWait {
			return
		}
		l.queue = l.queue[1:]
		m.check(c, m.finish(c))
		m.served++
	}
}

// finish is the reply of a call that waited, or wantWait.
func (m *lockModel) finish(c *lockClient) string {
	var out reply.Buffer
	if _, done := c.runner.Finish(c.waiter, &out); !done {
		return wantWait
	}
	c.waiter = nil
	return string(out.B)
}

// check compares a reply with what the client must be told, and takes the fence of a grant
// into the twin.
func (m *lockModel) check(c *lockClient, got string) {
	m.Helper()
	if c.want != wantGrant {
		if got != c.want {
			m.Fatalf("%q: got %q, want %q", c.wish.argv(), got, c.want)
		}
		return
	}
	l := m.locks[c.wish.name]
	fence, err := strconv.ParseInt(strings.Trim(got, ":\r\n"), 10, 64)
	if err != nil || fence <= l.fence {
		m.Fatalf("%q: got %q, want a fence above %d", c.wish.argv(), got, l.fence)
	}
	l.fence = fence
	l.find(c.wish.token).fence = fence
}

func (m *lockModel) wish() lockWish {
	w := lockWish{
		name: fmt.Sprint("lock", m.rng.IntN(4)), token: fmt.Sprint("t", m.rng.IntN(6)),
		forMs: 1 + m.rng.Int64N(40), shared: m.rng.IntN(2) == 0, waitMs: -1,
	}
	if m.rng.IntN(4) == 0 {
		w.session = true
		w.forMs *= m.rng.Int64N(2)
	}
	if m.rng.IntN(3) > 0 {
		w.waitMs = m.rng.Int64N(60)
	}
	return w
}

func (m *lockModel) acquire(c *lockClient) {
	c.wish = m.wish()
	way := m.rng.IntN(8) // of a transaction and a script: they do not wait
	l := m.lock(c.wish.name)
	if c.want = wantWait; len(l.queue) == 0 || l.find(c.wish.token) != nil {
		c.want = m.decide(c, &c.wish)
	}
	waits := c.want == wantWait && c.wish.waitMs >= 0 && way > 1
	if c.want == wantWait && !waits {
		c.want = wantNull
	}
	c.out.Truncate(0)
	outcome := c.runner.Do(c.session, batchOf(m.wrapped(way, c.wish.argv())), &c.out)
	if c.waiter = outcome.Waiter; waits != (c.waiter != nil) {
		m.Fatalf("%q waits: %v, replies %q", c.wish.argv(), c.waiter != nil, c.out.B)
	}
	if !waits {
		m.check(c, unwrapped(way, string(c.out.B)))
		return
	}
	m.waits++
	l.queue = append(l.queue, c)
	if c.untilMs = 0; c.wish.waitMs > 0 {
		c.untilMs = m.store.nowMs + c.wish.waitMs
	}
}

// wrapped is a call in a transaction (0), in a script (1), or alone.
func (m *lockModel) wrapped(way int, argv []string) [][]string {
	switch way {
	case 0:
		return [][]string{{"MULTI"}, argv, {"EXEC"}}
	case 1:
		// It meets a key that it has not declared, and so runs twice; each time it is new.
		script := fmt.Sprintf("local r = redis.call(unpack(ARGV)) redis.call('GET', 'other') "+
			"return r -- %d", m.rng.Uint64())
		return [][]string{append([]string{"EVAL", script, "1", argv[1]}, argv...)}
	}
	return [][]string{argv}
}

func unwrapped(way int, out string) string {
	switch way {
	case 0:
		return strings.TrimPrefix(out, "+OK\r\n+QUEUED\r\n*1\r\n")
	case 1:
		if message, _, isError := strings.Cut(out, " script: "); isError {
			return message + "\r\n"
		}
	}
	return out
}

// call makes a call that never waits.
func (m *lockModel) call(c *lockClient, argv ...string) string {
	way := m.rng.IntN(8)
	return unwrapped(way, c.do(m.wrapped(way, argv)...))
}

func (m *lockModel) release(c *lockClient) {
	w := m.wish()
	l, want := m.lock(w.name), ":0\r\n"
	if l.find(w.token) != nil {
		want = ":1\r\n"
	}
	l.holders = slices.DeleteFunc(l.holders, func(h plainHolder) bool {
		return h.wish.token == w.token
	})
	if got := m.call(c, "LOCK.RELEASE", w.name, w.token); got != want {
		m.Fatalf("release of %s by %s: got %q, want %q", w.name, w.token, got, want)
	}
	m.serve(w.name)
}

func (m *lockModel) extend(c *lockClient) {
	w, want := m.wish(), wantNull
	ms := 1 + m.rng.Int64N(40)
	if h := m.lock(w.name).find(w.token); h != nil {
		if want = fmt.Sprintf(":%d\r\n", h.fence); h.endMs != 0 {
			h.endMs = max(h.endMs, m.store.nowMs+ms)
		}
	}
	if got := m.call(c, "LOCK.EXTEND", w.name, w.token, fmt.Sprint(ms)); got != want {
		m.Fatalf("extension of %s by %s: got %q, want %q", w.name, w.token, got, want)
	}
}

func (m *lockModel) info(c *lockClient) {
	name := m.wish().name
	l := m.lock(name)
	var want strings.Builder
	mode := "free"
	if len(l.holders) > 0 {
		if mode = "exclusive"; l.holders[0].wish.shared {
			mode = "shared"
		}
	}
	bulk := func(s string) { fmt.Fprintf(&want, "$%d\r\n%s\r\n", len(s), s) }
	number := func(n int64) {
		if n == 0 {
			want.WriteString(wantNull)
		} else {
			fmt.Fprintf(&want, ":%d\r\n", n)
		}
	}
	want.WriteString("*6\r\n")
	bulk("mode")
	bulk(mode)
	bulk("waiting")
	fmt.Fprintf(&want, ":%d\r\n", len(l.queue))
	bulk("holders")
	fmt.Fprintf(&want, "*%d\r\n", len(l.holders))
	slices.SortFunc(l.holders, func(a, b plainHolder) int { return int(a.fence - b.fence) })
	for _, h := range l.holders {
		want.WriteString("*8\r\n")
		bulk("token")
		bulk(h.wish.token)
		bulk("fence")
		number(h.fence)
		bulk("deadline")
		number(h.endMs)
		bulk("session")
		if h.owner == nil {
			number(0)
		} else {
			number(h.owner.session.ID)
		}
	}
	if got := c.do([]string{"LOCK.INFO", name}); got != want.String() {
		m.Fatalf("info of %s: got %q, want %q", name, got, want.String())
	}
}

// pass lets time go on: leases end, and the patience of some who wait.
func (m *lockModel) pass() {
	m.store.nowMs += m.rng.Int64N(15)
	if m.rng.IntN(2) == 0 {
		m.store.engine.Step()
	}
	for _, c := range m.clients {
		if c.waiter == nil {
			continue
		}
		name := c.wish.name
		if next := c.waiter.NextMs(); next != 0 && next <= m.store.nowMs {
			m.serve(name)
		}
		if c.waiter == nil {
			continue
		}
		if c.untilMs != 0 && c.untilMs <= m.store.nowMs {
			m.drop(c)
			c.want = wantNull
			m.check(c, m.finish(c))
			m.serve(name)
		} else if got := m.finish(c); got != wantWait {
			m.Fatalf("%q waits, and is told %q", c.wish.argv(), got)
		}
	}
	for name := range m.locks {
		m.serve(name) // whoever could be served now must have been woken
	}
}

// drop takes a client out of the queue.
func (m *lockModel) drop(c *lockClient) {
	l := m.lock(c.wish.name)
	l.queue = slices.DeleteFunc(l.queue, func(other *lockClient) bool { return other == c })
}

// leave ends the connection of a client, and gives it a new one.
func (m *lockModel) leave(c *lockClient) {
	if c.waiter != nil {
		m.drop(c)
		m.store.engine.Abandon(c.waiter)
		c.waiter = nil
		m.serve(c.wish.name)
	}
	for _, l := range m.locks {
		l.holders = slices.DeleteFunc(l.holders, func(h plainHolder) bool { return h.owner == c })
	}
	if m.rng.IntN(2) == 0 {
		c.do([]string{"RESET"})
	} else {
		c.close()
		c.client = m.store.client()
	}
	for i := range 4 {
		m.serve(fmt.Sprint("lock", i))
	}
}

func (m *lockModel) flush(c *lockClient) {
	for _, l := range m.locks {
		l.holders = nil
	}
	c.do([]string{"FLUSHALL"})
	for i := range 4 {
		m.serve(fmt.Sprint("lock", i))
	}
}

func (m *lockModel) step() {
	c := m.clients[m.rng.IntN(len(m.clients))]
	n := m.rng.IntN(100)
	switch {
	case n < 3:
		m.leave(c)
	case n < 30:
		m.pass()
	case c.waiter != nil:
	case n < 31:
		m.flush(c)
	case n < 45:
		m.info(c)
	case n < 55:
		m.extend(c)
	case n < 75:
		m.release(c)
	default:
		m.acquire(c)
	}
}

// TestLocksAreAsSimpleAsTheyLook compares random calls of many clients, alone, in
// transactions and in scripts, with lists: every reply, who is served, when and in which
// order.
func TestLocksAreAsSimpleAsTheyLook(t *testing.T) {
	first := seedtest.Of(t)
	for seed := range uint64(12) {
		m := &lockModel{
			T: t, rng: rand.New(rand.NewPCG(first, seed)), store: newStore(t, 1+int(seed%3)),
			locks: map[string]*plainLock{},
		}
		for range 8 {
			m.clients = append(m.clients, &lockClient{client: m.store.client()})
		}
		for range 6000 {
			m.step()
		}
		if m.waits < 100 || m.served < 20 {
			t.Errorf("%d have waited and %d were served", m.waits, m.served)
		}
	}
}
