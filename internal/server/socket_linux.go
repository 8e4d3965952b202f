// SPDX-License-Identifier: Apache-2.0

package server

import (
	"slices"

	"golang.org/x/sys/unix"
)

// handle does what an event asks for.
func (l *loop) handle(event *unix.EpollEvent) {
	fd := int(event.Fd)
	if fd == l.bell {
		l.receivePosts()
		return
	}
	if fd >= len(l.sockets) || l.sockets[fd] == nil {
		l.letIn(fd)
		return
	}
	s := l.sockets[fd]
	if event.Events&unix.EPOLLOUT != 0 {
		l.sendPending(s)
	}
	if event.Events&^unix.EPOLLOUT != 0 && !s.closed {
		l.read(s)
	}
}

// receivePosts does what others have asked for.
func (l *loop) receivePosts() {
	var counter [8]byte
	readNow(l.bell, counter[:])
	l.mu.Lock()
	posted := l.posted
	l.posted, l.rung = nil, false
	l.mu.Unlock()
	for _, m := range posted {
		switch m.what {
		case adopt:
			l.adopt(m.fd, m.unix)
		case listen:
			l.listen(m.fd, m.unix)
		case kill:
			l.kill(m.socket)
		case resume:
			l.each(func(s *socket) { s.conn.retryAtMs = 0 })
			l.retryMs = l.worker.NowMs // at the end of the round
		case wake:
			l.wake(m.socket)
		case durable:
			l.releaseHeld()
		case stop:
			l.stop()
		}
	}
}

// stop begins to drain.
func (l *loop) stop() {
	l.ending = true
	l.endByMs = l.worker.NowMs + l.server.drainMax.Milliseconds()
	l.closeDoors()
	l.sendAll()
	l.each(l.settle)
}

// read reads what has come to s and runs it.
func (l *loop) read(s *socket) {
	if !s.conn.WantsInput() {
		l.close(s) // nothing but its end can have happened
		return
	}
	space := s.conn.Space(l.scratch)
	n, errno := readNow(s.fd, space)
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
		return
	case errno != 0 || n == 0:
		l.close(s)
		return
	}
	start := l.worker.out.Len()
	l.running = s
	s.conn.Receive(l.worker, space[:n])
	l.answers = append(l.answers, answer{s, start, l.worker.out.Len()})
}

// sendAll sends the replies of the round, and those of connections that go on because of
// that, until there is nothing to send.
func (l *loop) sendAll() {
	for len(l.answers) > 0 {
		l.commit()
		for _, a := range l.answers {
			l.send(a, l.worker.out.B)
		}
		l.answers = l.answers[:0]
		l.worker.Clear()
		l.goOn()
		if len(l.held) > 0 {
			l.releaseHeld() // it may have become durable while they were put there
		}
	}
}

// goOn lets connections go on that had to wait until replies have gone.
func (l *loop) goOn() {
	for _, s := range l.stalled {
		start := l.worker.out.Len()
		l.running = s
		if !s.closed && s.conn.GoOn(l.worker) {
			l.answers = append(l.answers, answer{s, start, l.worker.out.Len()})
		}
	}
	l.stalled = l.stalled[:0]
}

// send sends the replies to one connection, which stand in out, as far as its socket takes
// them.
func (l *loop) send(a answer, out []byte) {
	s := a.socket
	if s.closed {
		return
	}
	if a.end > a.start {
		replies := out[a.start:a.end]
		if l.server.mustWait(&s.conn) {
			l.hold(s)
		} else if len(s.conn.Pending()) == 0 {
			n, errno := sendNow(s.fd, replies)
			if errno != 0 && errno != unix.EAGAIN && errno != unix.EINTR {
				l.close(s)
				return
			}
			replies = replies[n:]
		}
		s.conn.Keep(l.worker, replies)
	}
	if s.conn.Stalled() {
		l.stalled = append(l.stalled, s)
	}
	l.settle(s)
}

// sendPending sends what waits.
func (l *loop) sendPending(s *socket) {
	n, errno := sendNow(s.fd, s.conn.Pending())
	if errno != 0 && errno != unix.EAGAIN && errno != unix.EINTR {
		l.close(s)
		return
	}
	s.conn.Sent(l.worker, n)
	l.answers = append(l.answers, answer{socket: s})
}

// settle makes epoll wait for what the connection needs next, or closes it.
func (l *loop) settle(s *socket) {
	c := &s.conn
	waiting := len(c.Pending()) > 0
	drained := l.ending && !c.waiter.Acknowledging()
	if c.broken != nil || (!waiting && (c.ending || drained)) {
		l.close(s)
		return
	}
	waiting = waiting && !c.held
	if c.suspended && c.retryAtMs != 0 && (l.retryMs == 0 || c.retryAtMs < l.retryMs) {
		l.retryMs = c.retryAtMs
	}
	var events uint32
	if c.WantsInput() && !l.ending {
		events |= unix.EPOLLIN
	}
	if waiting {
		events |= unix.EPOLLOUT
	}
	if events == s.events {
		return
	}
	l.count(s, events)
	if err := l.control(unix.EPOLL_CTL_MOD, s.fd, events); err != nil {
		l.server.log.Error("epoll refused a change", "error", err)
		l.close(s)
	}
}

// count keeps the number of blocked sockets when s waits for other events than before.
func (l *loop) count(s *socket, events uint32) {
	l.blocked += int(events&unix.EPOLLOUT)/unix.EPOLLOUT - int(s.events&unix.EPOLLOUT)/unix.EPOLLOUT
	s.events = events
}

// wake lets a connection look at its call that waits.
func (l *loop) wake(s *socket) {
	if s.closed || l.sockets[s.fd] != s {
		return
	}
	start := l.worker.out.Len()
	l.running = s
	if waits, _ := s.conn.Suspended(); waits {
		s.conn.Resume(l.worker)
	}
	l.answers = append(l.answers, answer{s, start, l.worker.out.Len()})
}

// kill ends a connection because somebody wants it to end.
func (l *loop) kill(s *socket) {
	switch {
	case s.closed:
	case l.sockets[s.fd] != s: // serveOthers has set it aside
		s.conn.broken = errKilled
	default:
		l.close(s)
	}
}

// close ends a connection at once.
func (l *loop) close(s *socket) {
	l.count(s, 0)
	s.closed = true
	l.sockets[s.fd] = nil
	_ = unix.Close(s.fd) // whatever it says, the descriptor is gone
	l.open.Add(-1)
	l.server.forget(&s.conn, l.worker)
}

// place makes room for descriptor fd.
func (l *loop) place(fd int) {
	if missing := fd + 1 - len(l.sockets); missing > 0 {
		l.sockets = append(slices.Grow(l.sockets, missing), make([]*socket, missing)...)
	}
}
