// SPDX-License-Identifier: Apache-2.0

package server

// mailBytesMax is how much mail is collected before it is sent. What is larger than a cache
// is slow to collect.
const mailBytesMax = 256 << 10

// takeMail lets the mail of all connections go with the replies of the round.
func (l *loop) takeMail() {
	if !l.outlet.Used() {
		return
	}
	l.full = l.outlet.Take(l.full[:0])
	for _, m := range l.full {
		s := m.Owner.(*socket)
		if s.closed {
			continue
		}
		if l.sockets[s.fd] != s { // serveOthers has set it aside: a call of it runs
			l.outlet.Again(m)
			continue
		}
		start := l.worker.out.Len()
		s.conn.TakeMail(l.worker)
		l.answers = append(l.answers, answer{s, start, l.worker.out.Len()})
		if l.worker.out.Len() > mailBytesMax {
			l.sendAll()
		}
	}
	clear(l.full)
}
