// SPDX-License-Identifier: Apache-2.0

package server

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"stampede/internal/session"
)

const (
	netReadBytes = 16 << 10
	// writeTry is how long the goroutine of a connection tries to write before it leaves
	// that to another one and goes on reading: a client may want to send its whole
	// pipeline before it reads the first reply.
	writeTry = 100 * time.Millisecond
	// inputTry is how long input is waited for between two looks at the state of a connection to
	// which messages come all the time.
	inputTry = 100 * time.Microsecond
	// tickEvery is how often the limits of time are looked after.
	tickEvery = time.Second
)

// netLink is a connection with a goroutine that reads, runs and writes. Only while the
// client does not take its replies there is a second one, which sends what waits.
type netLink struct {
	server    *Server
	transport *netTransport
	socket    net.Conn
	woken     chan struct{} // there was a reason to look at the state
	attention atomic.Bool   // the same, for the goroutine that is about to read
	writeByMs int64         // the deadline for writing that is set
	readByMs  int64         // the deadline for reading that is set; 0: none, -1: a past one
	looked    bool          // attention was given last time, and input must not wait for ever
	reading   atomic.Bool   // the goroutine reads, or is about to: wake must interrupt it
	killed    atomic.Bool

	mu      sync.Mutex // guards what follows
	conn    Conn
	sending bool // there is a second goroutine
	sender  sync.WaitGroup
}

// wake makes the goroutine look at the state of the connection.
func (k *netLink) wake() {
	k.attention.Store(true)
	if k.reading.Load() { // else it looks before it reads
		_ = k.socket.SetReadDeadline(time.Unix(1, 0))
	}
	select {
	case k.woken <- struct{}{}:
	default:
	}
}

// kill ends the connection at once.
func (k *netLink) kill() {
	k.killed.Store(true)
	_ = k.socket.Close()
	k.wake()
}

// serve is the goroutine of the connection.
func (k *netLink) serve() {
	s := k.server
	w := s.borrow()
	link := session.Link{
		Addr: k.socket.RemoteAddr().String(), LocalAddr: k.socket.LocalAddr().String(),
		Kill: k.kill, Wake: k.wake, Post: session.Post{Outlet: k.transport.outlet, Owner: k},
	}
	if k.socket.LocalAddr().Network() == "unix" {
		link.Unix = true
		link.Addr = k.socket.LocalAddr().String() + ":0"
		link.LocalAddr = link.Addr
	}
	k.conn.init(s.openSession(link, w), w)
	s.giveBack(w)

	scratch := make([]byte, netReadBytes)
	for k.step(scratch) {
	}
	_ = k.socket.Close()
	k.sender.Wait()
	w = s.borrow()
	s.forget(&k.conn, w)
	s.giveBack(w)
}

// step waits for the next thing to do and does it. It returns false at the end.
func (k *netLink) step(scratch []byte) bool {
	k.mu.Lock()
	reads := k.conn.WantsInput() && !k.transport.ending.Load()
	waits, untilMs := k.conn.Suspended()
	drained := k.transport.ending.Load() && !k.conn.waiter.Acknowledging()
	over := k.conn.broken != nil || k.killed.Load() ||
		(len(k.conn.Pending()) == 0 && (k.conn.ending || drained))
	var space []byte
	if reads {
		space = k.conn.Space(scratch)
	}
	k.mu.Unlock()
	switch {
	case over:
		return false
	case !reads:
		k.await(waits, untilMs)
		return k.run(nil)
	}
	n, err := k.read(space, waits, untilMs)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	return k.run(space[:n])
}

// await waits for somebody to wake the connection, for the time that a suspended call
// waits for, or for the next tick.
func (k *netLink) await(suspended bool, untilMs int64) {
	wait := tickEvery
	if suspended && untilMs != 0 {
		wait = min(wait, max(time.Until(time.UnixMilli(untilMs)), time.Millisecond))
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-k.woken:
	case <-timer.C:
	}
}

// read reads, but not beyond the time that a suspended call waits for or that a client
// may be silent.
func (k *netLink) read(space []byte, suspended bool, untilMs int64) (int, error) {
	var byMs int64
	late := int64(0) // by how much the deadline that is set may be too early
	if idleMs := k.server.limits.Load().IdleMs; idleMs > 0 {
		byMs, late = time.Now().UnixMilli()+idleMs+1, tickEvery.Milliseconds()
	}
	if suspended && untilMs != 0 {
		byMs, late = untilMs, 0
	}
	if k.readByMs < byMs-late || k.readByMs > byMs || k.attention.Load() {
		deadline := time.Time{}
		if byMs != 0 {
			deadline = time.UnixMilli(byMs)
		}
		_ = k.socket.SetReadDeadline(deadline) // if it is closed, reading will tell
		k.readByMs = byMs
		if k.attention.Swap(false) {
			if k.looked = !k.looked; k.looked {
				return 0, os.ErrDeadlineExceeded
			}
			_ = k.socket.SetReadDeadline(time.Now().Add(inputTry))
			k.readByMs = -1
			return k.socket.Read(space)
		}
	}
	k.reading.Store(true)
	defer k.reading.Store(false)
	if k.attention.Load() {
		return 0, os.ErrDeadlineExceeded
	}
	n, err := k.socket.Read(space)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		k.readByMs = -1
	}
	return n, err
}

// run runs what has come, and what waits and may go on, and sends the replies. It returns
// false if the connection is broken.
func (k *netLink) run(input []byte) bool {
	s := k.server
	w := s.borrow()
	defer s.giveBack(w)
	k.mu.Lock()
	defer k.mu.Unlock()
	c := &k.conn
	if len(input) > 0 {
		c.Receive(w, input)
	} else if waits, _ := c.Suspended(); waits {
		c.Resume(w) // if it is too early, the engine says so again
	}
	c.TakeMail(w)
	c.Tick(w)
	for {
		s.await(c, k.killed.Load)
		if !k.send(w) || c.broken != nil {
			return false
		}
		if !c.GoOn(w) {
			return true
		}
	}
}

// send writes the replies of w, or keeps what the client does not take. mu is held.
func (k *netLink) send(w *Worker) bool {
	replies := w.Replies()
	if len(replies) == 0 {
		return true
	}
	defer w.Clear()
	if k.sending {
		k.conn.Keep(w, replies)
		return true
	}
	if w.NowMs+writeTry.Milliseconds() > k.writeByMs {
		k.writeByMs = w.NowMs + 2*writeTry.Milliseconds()
		_ = k.socket.SetWriteDeadline(time.UnixMilli(k.writeByMs))
	}
	n, err := k.socket.Write(replies)
	if err == nil {
		return true
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	k.conn.Keep(w, replies[n:])
	k.sending = true
	k.sender.Go(k.sendRest)
	return true
}

// sendRest is the second goroutine: it sends what waits until nothing does.
func (k *netLink) sendRest() {
	w := NewWorker(nil, k.server.limits.Load(), &k.server.unsent)
	for {
		k.mu.Lock()
		rest := k.conn.Pending()
		if len(rest) == 0 || k.conn.broken != nil || k.killed.Load() {
			k.sending, k.writeByMs = false, 0
			k.mu.Unlock()
			k.wake()
			return
		}
		k.mu.Unlock()

		_ = k.socket.SetWriteDeadline(time.Now().Add(tickEvery))
		n, err := k.socket.Write(rest[:min(len(rest), readBytesMax)])

		k.mu.Lock()
		k.server.begin(w)
		k.conn.Sent(w, n)
		stalled := k.conn.stalled
		k.mu.Unlock()
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			k.kill()
		}
		if stalled {
			k.wake()
		}
	}
}
