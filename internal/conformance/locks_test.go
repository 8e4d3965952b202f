// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"

	"stampede/internal/seedtest"
	"stampede/internal/verify"
)

// lockWitness is what clients see of a lock while they hold it.
type lockWitness struct {
	name string

	mu      sync.Mutex
	alone   int   // clients that hold it alone
	shared  int   // and with others
	fence   int64 // the latest of those who held it alone
	grants  int
	crashes int
}

// enter is told of a grant, and returns what is wrong with it.
func (w *lockWitness) enter(fence int64, shared bool) (fault string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.grants++
	if fence <= w.fence {
		fault = fmt.Sprintf("fence %d after %d", fence, w.fence)
	}
	if shared {
		w.shared++
	} else {
		w.alone++
		w.fence = fence
	}
	if w.alone > 1 || w.alone == 1 && w.shared > 0 {
		fault = fmt.Sprintf("%d hold it alone and %d with others", w.alone, w.shared)
	}
	return fault
}

// leave must come before the lock is let go.
func (w *lockWitness) leave(shared bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if shared {
		w.shared--
	} else {
		w.alone--
	}
}

// lockWorker takes locks and lets go of them, or breaks down.
type lockWorker struct {
	addr  string
	rng   *rand.Rand
	id    int
	conn  *Conn
	locks []*lockWitness
}

func (w *lockWorker) round(n int) error {
	if w.conn == nil {
		var err error
		if w.conn, err = Dial(w.addr); err != nil {
			return err
		}
	}
	lock := w.locks[w.rng.IntN(len(w.locks))]
	token := fmt.Sprintf("%d-%d", w.id, n)
	shared, session := w.rng.IntN(2) == 0, w.rng.IntN(2) == 0
	call := []string{"LOCK.ACQUIRE", lock.name, token, "600000", "WAIT", "0"}
	if shared {
		call = append(call, "SHARED")
	}
	if session {
		call = append(call, "SESSION")
	}
	if session && w.rng.IntN(8) == 0 { // breaks down while it waits, or before it knows
		w.conn.Put(call...)
		err := w.conn.Flush()
		w.breakDown(lock)
		return err
	}
	v, err := w.conn.must(call...)
	if err != nil {
		return err
	}
	fence, err := strconv.ParseInt(v.Text, 10, 64)
	if err != nil {
		return fmt.Errorf("%q: %q is no fence", call, v.Text)
	}
	if fault := lock.enter(fence, shared); fault != "" {
		return fmt.Errorf("%q: %s", call, fault)
	}
	lock.leave(shared)
	if session && w.rng.IntN(4) == 0 {
		w.breakDown(lock)
		return nil
	}
	if v, err = w.conn.must("LOCK.RELEASE", lock.name, token); err == nil && v.Text != "1" {
		err = fmt.Errorf("%s did not hold %s", token, lock.name)
	}
	return err
}

func (w *lockWorker) breakDown(lock *lockWitness) {
	lock.mu.Lock()
	lock.crashes++
	lock.mu.Unlock()
	w.conn.Close()
	w.conn = nil
}

// TestLocksExclude lets clients take locks alone and shared, wait for them and break down:
// nobody may meet another who must not be there, and nobody may wait for ever.
func TestLocksExclude(t *testing.T) {
	const workers, rounds = 16, 150
	seed := seedtest.Of(t)
	for _, way := range configurations() {
		t.Run(way.name, func(t *testing.T) {
			addr := StartStampede(t, way.flags...)
			locks := []*lockWitness{{name: "{exclude}one"}, {name: "exclude two"}}
			var all sync.WaitGroup
			for id := range workers {
				w := &lockWorker{addr: addr, id: id, locks: locks,
					rng: rand.New(rand.NewPCG(seed, uint64(id)))}
				all.Go(func() {
					for n := range rounds {
						if err := w.round(n); err != nil {
							t.Errorf("worker %d, round %d: %v", id, n, err)
							return
						}
					}
					if w.conn != nil {
						w.conn.Close()
					}
				})
			}
			all.Wait()
			for _, lock := range locks {
				t.Logf("%s: %d grants, %d breakdowns", lock.name, lock.grants, lock.crashes)
				if lock.grants < workers*rounds/4 || lock.crashes == 0 {
					t.Errorf("%s: too little has happened", lock.name)
				}
			}
		})
	}
}

// awaitWaiting asks until so many wait for a lock.
func awaitWaiting(t *testing.T, c *Conn, name string, waiting int) {
	t.Helper()
	for {
		v, err := c.must("LOCK.INFO", name)
		if err != nil {
			t.Fatal(err)
		}
		if v.Elems[3].Text == strconv.Itoa(waiting) {
			return
		}
	}
}

// TestLocksInOrderOfArrival: who came first is first, and those who share come together.
func TestLocksInOrderOfArrival(t *testing.T) {
	const clients = 30
	for _, way := range configurations() {
		t.Run(way.name, func(t *testing.T) {
			addr := StartStampede(t, way.flags...)
			first, err := Dial(addr)
			if err != nil {
				t.Fatal(err)
			}
			defer first.Close()
			if _, err := first.must("LOCK.ACQUIRE", "order", "first", "600000"); err != nil {
				t.Fatal(err)
			}
			var mu sync.Mutex
			var order []int
			var all sync.WaitGroup
			for id := range clients {
				c, err := Dial(addr)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				all.Go(func() {
					token := strconv.Itoa(id)
					v, err := c.must("LOCK.ACQUIRE", "order", token, "600000", "WAIT", "600000")
					if err != nil || v.Null {
						t.Errorf("client %d: %v, %v", id, v, err)
						return
					}
					mu.Lock()
					order = append(order, id)
					mu.Unlock()
					if _, err := c.must("LOCK.RELEASE", "order", token); err != nil {
						t.Error(err)
					}
				})
				awaitWaiting(t, first, "order", id+1)
			}
			if _, err := first.must("LOCK.RELEASE", "order", "first"); err != nil {
				t.Fatal(err)
			}
			all.Wait()
			for at, id := range order {
				if at != id {
					t.Fatalf("served in the order %v", order)
				}
			}
		})
	}
}

// keptLock is what a client knows of a lock, across crashes of the server.
type keptLock struct {
	holders map[string]string // by token: fence and deadline, as LOCK.INFO tells them
	shared  bool
	fence   int64 // the greatest
}

// lockKeeper takes locks, has the server killed, and looks whether it has forgotten.
type lockKeeper struct {
	*testing.T
	rng   *rand.Rand
	locks map[string]*keptLock
	turn  int
	conn  *Conn
}

func (k *lockKeeper) must(words ...string) Value {
	k.Helper()
	v, err := k.conn.must(words...)
	if err != nil {
		k.Fatal(err)
	}
	return v
}

// look compares all locks with what is known of them.
func (k *lockKeeper) look() {
	k.Helper()
	for name, l := range k.locks {
		v := k.must("LOCK.INFO", name)
		holders := v.Elems[5].Elems
		if len(holders) != len(l.holders) {
			k.Fatalf("%s is held by %d, want %v", name, len(holders), l.holders)
		}
		for _, h := range holders {
			token := h.Elems[1].Text
			if got := h.Elems[3].Text + " " + h.Elems[5].Text; got != l.holders[token] {
				k.Fatalf("%s is held by %s with %s, want %s", name, token, got, l.holders[token])
			}
		}
		if mode := v.Elems[1].Text; len(holders) > 0 && (mode == "shared") != l.shared {
			k.Fatalf("%s is %s", name, mode)
		}
	}
	for _, name := range []string{"bound", "bound timed"} {
		if v := k.must("LOCK.INFO", name); v.Elems[1].Text != "free" {
			k.Fatalf("%s is held by a session of before: %v", name, v)
		}
	}
}

// act takes a lock, or lets go of one.
func (k *lockKeeper) act() {
	name := fmt.Sprint("kept", k.rng.IntN(12))
	l := k.locks[name]
	if k.rng.IntN(3) == 0 {
		for token := range l.holders {
			if v := k.must("LOCK.RELEASE", name, token); v.Text != "1" {
				k.Fatalf("%s of %s: %v", name, token, v)
			}
			delete(l.holders, token)
			return
		}
	}
	k.turn++
	token, shared := fmt.Sprint("token", k.turn), k.rng.IntN(2) == 0
	call := []string{"LOCK.ACQUIRE", name, token, strconv.Itoa(600000 + k.rng.IntN(1000))}
	if shared {
		call = append(call, "SHARED")
	}
	v := k.must(call...)
	open := len(l.holders) == 0 || shared && l.shared
	if open == v.Null {
		k.Fatalf("%q: %v, though %v hold it", call, v, l.holders)
	}
	if v.Null {
		return
	}
	fence, err := strconv.ParseInt(v.Text, 10, 64)
	if err != nil || fence <= l.fence {
		k.Fatalf("%q: fence %s after %d", call, v.Text, l.fence)
	}
	l.fence, l.shared = fence, shared
	for _, h := range k.must("LOCK.INFO", name).Elems[5].Elems {
		l.holders[h.Elems[1].Text] = h.Elems[3].Text + " " + h.Elems[5].Text
	}
}

// TestLocksOutliveTheServer kills the server again and again: leases go on, locks of sessions
// have ended, and fences grow, whatever snapshots there were and however many shards.
func TestLocksOutliveTheServer(t *testing.T) {
	k := &lockKeeper{T: t, locks: map[string]*keptLock{}}
	k.rng = rand.New(rand.NewPCG(seedtest.Of(t), 7))
	for i := range 12 {
		k.locks[fmt.Sprint("kept", i)] = &keptLock{holders: map[string]string{}}
	}
	binary, dir := stampedeBinary(t), t.TempDir()
	for life := range 10 {
		p := launch(t, binary, dir, "--fsync", "always", "--shards", strconv.Itoa(1+life%3),
			"--io", []string{"net", "epoll"}[life%2])
		if err := verify.WaitForData(p.addr); err != nil {
			t.Fatalf("life %d: %v\n%s", life, err, p.Said())
		}
		var err error
		if k.conn, err = Dial(p.addr); err != nil {
			t.Fatal(err)
		}
		k.look()
		for range 30 {
			k.act()
		}
		k.must("LOCK.ACQUIRE", "bound", "session", "0", "SESSION")
		k.must("LOCK.ACQUIRE", "bound timed", "session", "600000", "SESSION", "SHARED")
		switch life % 4 {
		case 1:
			k.must("SAVE")
			k.act()
		case 3:
			k.must("FLUSHALL") // the snapshot holds nothing that could tell a fence
			k.must("SAVE")
			for _, l := range k.locks {
				clear(l.holders)
			}
		}
		k.conn.Close()
		p.kill()
	}
}
