// SPDX-License-Identifier: Apache-2.0

package server

import "stampede/internal/session"

// kind says whose limits of output and silence count. Who subscribed, or monitors, is sent
// what it does not ask for.
func (c *Conn) kind() session.Kind {
	if c.session.Listens() {
		return session.PubSub
	}
	return c.class
}

// TakeMail appends what was published for the connection to the replies of w, as its calls
// do.
func (c *Conn) TakeMail(w *Worker) {
	m := c.session.Mailbox
	if m == nil || c.broken != nil || c.ending {
		return
	}
	if m.Overflowed() {
		c.broken = errOutputTooBig
		return
	}
	start := w.out.Len()
	w.out.B = m.Collect(w.out.B)
	n := w.out.Len() - start
	c.outBytes += int64(n)
	if w.counts != nil && n > 0 {
		w.counts.Wrote(n)
	}
	c.noteMail()
}

// noteMail keeps how far the journal must come before what was collected goes.
func (c *Conn) noteMail() {
	m := c.session.Mailbox
	if m == nil {
		return
	}
	c.seen, c.changed = max(c.seen, m.Seen), c.changed || m.Changed
	m.Seen, m.Changed = 0, false
}
