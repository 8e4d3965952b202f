// SPDX-License-Identifier: Apache-2.0

package server

import (
	"errors"
	"slices"

	"stampede/internal/assert"
	"stampede/internal/engine"
	"stampede/internal/journal"
	"stampede/internal/resp"
	"stampede/internal/session"
)

// Conn is a connection without a socket: bytes come in, replies go out, and what a
// transport must do next can be asked. It has no goroutine and no lock.
//
// A Conn holds memory only for input that is no whole call yet and for output that has
// not been sent; what comes and goes within a round stays in the [Worker].
type Conn struct {
	session *session.Session
	parser  resp.Parser
	class   session.Kind // whose output limit counts

	in     []byte // input that no call has taken; nil if there is none
	direct bool   // Space gave the room behind in
	out    []byte // output that waits; out[:sent] has gone; nil if there is none
	sent   int

	replyBytes int // of one call, on average of the last batch

	seen    journal.Position // up to where the journal must be durable before output goes
	changed bool             // some of the calls before seen have changed something
	durable bool             // one of them wants that, whatever appendfsync says
	held    bool             // output and input wait for that

	stalled   bool           // no call runs before output has gone
	suspended bool           // the engine has not run the call at the beginning of in
	waiter    *engine.Waiter // of the call before it, which waits; nil: none does
	retryAtMs int64          // when to try it again; 0: when told to

	ending      bool  // nothing more is read; close when the output has gone
	broken      error // why to close at once
	inBytes     int64 // that have come since it opened
	outBytes    int64 // that calls have answered since it opened
	activeMs    int64 // when bytes came or went last
	softSinceMs int64 // since when the output has been above the soft limit; 0: it is not
}

// What breaks a connection.
var (
	errQueryTooBig  = errors.New("more input than client-query-buffer-limit")
	errOutputTooBig = errors.New("more output than client-output-buffer-limit")
	errIdle         = errors.New("silent for longer than timeout")
	errKilled       = errors.New("killed while its call ran")
)

// NewConn returns the connection of a session that has just opened.
func NewConn(s *session.Session, w *Worker) *Conn {
	c := &Conn{}
	c.init(s, w)
	return c
}

func (c *Conn) init(s *session.Session, w *Worker) {
	c.session, c.parser = s, resp.NewParser(resp.DefaultLimits())
	c.class, c.activeMs, c.replyBytes = session.Normal, w.NowMs, replyBytesGuess
}

// WantsInput tells whether the transport is to read. What comes nevertheless is taken.
func (c *Conn) WantsInput() bool {
	if c.ending || c.broken != nil || c.stalled || c.held {
		return false
	}
	return !c.suspended || len(c.in) < waitBytesMax
}

// Ending tells whether the connection is to be closed once Pending is empty.
func (c *Conn) Ending() bool { return c.ending }

// Broken is why the connection is to be closed at once, or nil.
func (c *Conn) Broken() error { return c.broken }

// Suspended tells whether a call waits, and until when (Unix ms; 0: until somebody says
// that it may be tried again). Then [Conn.Resume] is to be called.
func (c *Conn) Suspended() (waits bool, untilMs int64) { return c.suspended, c.retryAtMs }

// Stalled tells whether calls wait for output to go.
func (c *Conn) Stalled() bool { return c.stalled }

// Space is where the next input is to be read to: scratch, or the connection's own memory
// if a large argument is under way. What was read is then given to [Conn.Receive].
func (c *Conn) Space(scratch []byte) []byte {
	missing := c.parser.Need()
	c.direct = len(c.in) >= len(scratch) && missing > len(scratch) && !c.suspended && !c.stalled
	if !c.direct {
		return scratch
	}
	// Room is made for what has come and as much again: the announcement is not believed.
	if cap(c.in)-len(c.in) < len(scratch) {
		c.in = slices.Grow(c.in, min(missing, len(c.in)))
	}
	return c.in[len(c.in):min(cap(c.in), len(c.in)+missing)]
}

// Receive takes input, which has been read to what Space gave, and runs the calls that it
// completes. Their replies are appended to those of w; the caller sends them or gives
// them to [Conn.Keep].
func (c *Conn) Receive(w *Worker, input []byte) {
	c.activeMs = w.NowMs
	if c.ending || c.broken != nil || len(input) == 0 {
		return
	}
	c.inBytes += int64(len(input))
	if w.counts != nil {
		w.counts.Read(len(input))
	}
	switch {
	case c.direct:
		c.in = c.in[:len(c.in)+len(input)]
		assert.That(&c.in[len(c.in)-1] == &input[len(input)-1],
			"server: input stands elsewhere than Space said")
	case c.in != nil:
		c.appendInput(w, input)
	case c.suspended || c.stalled:
		c.keepInput(w, input)
	default:
		c.keepInput(w, c.run(w, input))
		return
	}
	if !c.suspended && !c.stalled {
		c.keepInput(w, c.run(w, c.in))
	}
}

// appendInput puts input behind that which waits. While that is short, as the half call is
// with which most reads of a long pipeline end, the room comes from those that w has.
func (c *Conn) appendInput(w *Worker, input []byte) {
	if need := len(c.in) + len(input); need > cap(c.in) && len(c.in) < readBytesMax {
		old := c.in
		c.in = append(w.take(need), old...)
		w.give(old)
	}
	c.in = append(c.in, input...)
}

// Resume runs the calls that wait, as Receive does, because what suspended the connection
// may be over. A stalled connection waits on: see [Conn.GoOn].
func (c *Conn) Resume(w *Worker) {
	if c.ending || c.broken != nil {
		return
	}
	c.retryAtMs = 0
	if c.stalled || !c.finish(w) {
		return
	}
	c.suspended = false
	c.keepInput(w, c.run(w, c.in))
}

// finish looks whether the call that waits is done, and tells whether none waits any more.
func (c *Conn) finish(w *Worker) bool {
	if c.waiter == nil {
		return true
	}
	before := w.out.Len()
	outcome, done := w.caller.Finish(c.waiter, &w.out)
	if !done {
		c.retryAtMs = c.waiter.NextMs()
		return false
	}
	c.waiter = nil
	c.outBytes += int64(w.out.Len() - before)
	c.note(&outcome)
	return true
}

// note keeps how far the journal must come before the replies of an outcome go.
func (c *Conn) note(o *engine.Outcome) {
	if o.Seen == 0 {
		return // whatever it has changed, its replies need not wait for that
	}
	c.seen, c.changed = max(c.seen, o.Seen), c.changed || o.Changed
	c.durable = c.durable || o.Durable
	c.noteMail()
}

// GoOn runs the calls that wait because the connection has stalled, as Receive does, if
// enough of its output has gone. It tells whether it did.
func (c *Conn) GoOn(w *Worker) bool {
	n := len(c.Pending())
	if !c.stalled || c.held || c.ending || c.broken != nil ||
		n > w.Limits.StallBytes/2 && c.tooFull(w) {
		return false
	}
	c.stalled = false
	c.Resume(w)
	return true
}

// run runs the calls at the beginning of in until the rest is no whole call or the
// connection must not go on, and returns that rest.
func (c *Conn) run(w *Worker, in []byte) (rest []byte) {
	start := w.out.Len()
	command := ""
	rest = c.runCalls(w, in, &command)
	c.outBytes += int64(w.out.Len() - start)
	if command != "" {
		c.session.Seen(w.NowMs, command)
	}
	c.session.Public.SetTraffic(session.Traffic{
		InBytes: c.inBytes, OutBytes: c.outBytes, OutPending: len(c.Pending()),
		QueryBytes: len(rest), QueryFree: cap(c.in) - len(c.in),
	})
	if w.counts != nil {
		w.counts.Wrote(w.out.Len() - start)
	}
	return rest
}

// runCalls is run without what others see of it. command becomes the name of the last
// call that has run.
func (c *Conn) runCalls(w *Worker, in []byte, command *string) (rest []byte) {
	start := w.out.Len()
	for len(in) > 0 {
		callsMax := c.prepare(w)
		w.batch.Reset()
		err := w.batch.Parse(&c.parser, in, callsMax)
		n := w.batch.Len()
		if n > 0 {
			before := w.out.Len()
			outcome := w.caller.Do(c.session, &w.batch, &w.out)
			if outcome.Ran > 0 {
				*command = outcome.Command
			}
			c.replyBytes = (w.out.Len() - before) / n
			c.note(&outcome)
			in = in[w.batch.End(outcome.Ran):]
			if c.waiter = outcome.Waiter; c.waiter != nil {
				c.parser.Reset()
				c.suspended, c.retryAtMs = true, c.waiter.NextMs()
				return in
			}
			if outcome.Ran < n || c.session.Closing {
				c.parser.Reset()
				c.ending, c.suspended = c.session.Closing, !c.session.Closing
				c.retryAtMs = outcome.RetryAtMs
				return in
			}
		}
		if err != nil {
			c.fail(w, err)
			return nil
		}
		if n < callsMax {
			return c.skipEmpty(in)
		}
		if w.out.Len()-start > w.Limits.StallBytes {
			c.stalled = true
			return in
		}
	}
	return nil
}

// prepare sets the parser to the limits in force and returns how many calls may be parsed
// before they run: AUTH changes what may come behind it, and large replies shall be sent
// before there are too many of them.
func (c *Conn) prepare(w *Worker) (callsMax int) {
	c.parser.Limits.BulkBytesMax = w.Limits.BulkBytesMax
	c.parser.Unauthenticated = !c.session.Authenticated
	if c.parser.Unauthenticated {
		return 1
	}
	return min(max(w.Limits.StallBytes/max(c.replyBytes, 1), 1), batchCallsMax)
}

// fail answers bytes that are no call; nothing behind them can be read.
func (c *Conn) fail(w *Worker, err error) {
	if c.session.Reply == session.ReplyOn {
		w.out.B = resp.AppendError(w.out.B, "ERR "+err.Error())
	}
	c.ending = true
}

// skipEmpty drops empty lines and empty calls at the beginning of in. A batch leaves over
// those behind its last call, and the parser must see a half call from its first byte.
func (c *Conn) skipEmpty(in []byte) []byte {
	for len(in) > 1 && (in[0] <= ' ' || in[0] == '*' && (in[1] == '0' || in[1] == '-')) {
		probe := resp.NewParser(c.parser.Limits)
		argv, n, err := probe.Next(in, nil)
		if err != nil || n == 0 || len(argv) > 0 {
			break
		}
		in = in[n:]
		c.parser.Reset()
	}
	return in
}

// keepInput makes rest, which may be a part of c.in, the input that waits.
func (c *Conn) keepInput(w *Worker, rest []byte) {
	old := c.in
	switch {
	case len(rest) == 0 || c.ending:
		if old == nil {
			return
		}
		c.in = nil
		c.parser = resp.NewParser(c.parser.Limits) // lets go of its memory, too
	case old == nil || (cap(old) > readBytesMax && len(rest) < cap(old)/4):
		c.in = append(w.take(len(rest)+min(c.parser.Need(), len(rest))), rest...)
	default:
		c.in = append(old[:0], rest...)
		old = nil
	}
	w.give(old)
	if len(c.in)+c.session.Multi.Bytes() > w.Limits.QueryBytesMax {
		c.broken = errQueryTooBig
	}
}

// Tick looks at what only time can show: silence, and output above the soft limit. It is
// called about once a second.
func (c *Conn) Tick(w *Worker) {
	c.checkOutput(w)
	idleMs := w.Limits.IdleMs
	if idleMs > 0 && !c.suspended && c.kind() == session.Normal && w.NowMs-c.activeMs > idleMs {
		c.broken = errIdle
	}
}
