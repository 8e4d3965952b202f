// SPDX-License-Identifier: Apache-2.0

package server

// Replies that tell of what is not durable yet are held: the connection keeps them, and is
// not read until the journal has come so far.

// commit makes durable what the replies of this round tell of, on this thread if no other
// is at it: all connections of the round wait for one sync.
func (l *loop) commit() {
	for _, a := range l.answers {
		if !a.socket.closed && l.server.mustWait(&a.socket.conn) {
			l.server.engine.Journal().Commit()
			return
		}
	}
}

// hold keeps the replies of a connection back.
func (l *loop) hold(s *socket) {
	if !s.conn.held {
		s.conn.held = true
		l.held = append(l.held, s)
		l.holds.Add(1)
	}
}

// releaseHeld lets the replies go that need not wait any more.
func (l *loop) releaseHeld() {
	kept := l.held[:0]
	for _, s := range l.held {
		switch {
		case !s.closed && l.server.mustWait(&s.conn):
			kept = append(kept, s)
			continue
		case !s.closed:
			s.conn.held = false
			l.sendPending(s)
		}
		l.holds.Add(-1)
	}
	clear(l.held[len(kept):])
	l.held = kept
}

// durable tells all loops that hold something that more of the journal is durable, or that
// the disk fails or works again.
func (t *epollTransport) durable() {
	for _, l := range t.loops {
		if l.holds.Load() > 0 {
			l.post(message{what: durable})
		}
	}
}
