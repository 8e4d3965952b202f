// SPDX-License-Identifier: Apache-2.0

package server

import "stampede/internal/assert"

// stealBytesMin is from where on output that waits is taken over with its buffer instead
// of being copied.
const stealBytesMin = 256 << 10

// Pending is the output that waits to be sent. Its bytes stay where they are until the
// next [Conn.Sent], whatever is appended behind them.
func (c *Conn) Pending() []byte { return c.out[c.sent:] }

// Keep makes rest wait behind what is pending. It is the part of w's replies that belongs
// to c and that the socket did not take.
func (c *Conn) Keep(w *Worker, rest []byte) {
	if len(rest) == 0 {
		return
	}
	w.unsent.Add(int64(len(rest)))
	if c.out == nil && len(rest) >= stealBytesMin && w.endsWith(rest) {
		c.out, c.sent = w.out.B, w.out.Len()-len(rest)
		w.out.B = nil
	} else {
		c.out = append(c.out, rest...)
	}
	c.stalled = c.stalled || c.tooFull(w)
	c.checkOutput(w)
}

// Sent tells that the first n bytes of Pending have gone.
func (c *Conn) Sent(w *Worker, n int) {
	assert.That(n <= len(c.Pending()), "server: more sent than there was")
	if n > 0 {
		c.activeMs = w.NowMs
	}
	c.sent += n
	w.unsent.Add(-int64(n))
	switch {
	case c.sent == len(c.out):
		c.out, c.sent = nil, 0
	case c.sent > len(c.out)/2 && c.sent > keepBytesMax:
		c.out, c.sent = append([]byte(nil), c.Pending()...), 0
	}
	c.checkOutput(w)
}

// Drop forgets all output and input, for a connection that is closed.
func (c *Conn) Drop(w *Worker) {
	w.unsent.Add(-int64(len(c.Pending())))
	c.out, c.sent, c.in = nil, 0, nil
	c.ending = true
}

// tooFull tells whether so much output waits that no further call must run.
func (c *Conn) tooFull(w *Worker) bool {
	n, l := len(c.Pending()), w.Limits
	return n > l.StallBytes && (n > l.StallBytesMax || w.unsent.Load() > int64(l.TotalBytes))
}

// checkOutput breaks the connection if more output waits than its class may have.
func (c *Conn) checkOutput(w *Worker) {
	n, l := int64(len(c.Pending())), w.Limits.Output[c.kind()]
	if l.HardBytes > 0 && n > l.HardBytes {
		c.broken = errOutputTooBig
	}
	switch {
	case l.SoftBytes == 0 || n <= l.SoftBytes:
		c.softSinceMs = 0
	case c.softSinceMs == 0:
		c.softSinceMs = w.NowMs
	case w.NowMs-c.softSinceMs > l.SoftSeconds*1000:
		c.broken = errOutputTooBig
	}
}
