// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"time"

	"stampede/internal/command"
	"stampede/internal/config"
	"stampede/internal/metrics"
	"stampede/internal/reply"
)

// A lap is some calls in a row whose time is measured together, because reading the clock
// costs a tenth of what they cost. Only rows that are Steady share a lap. If a lap was slow,
// the call that moved the most bytes was: that is all that can make a steady call slow.
type lap struct {
	base  time.Time     // durations count from here
	last  time.Duration // when the lap began
	max   int           // calls of a lap
	calls int           // calls so far

	argv  [][]byte // of the call that moved the most bytes
	row   *command.Row
	bytes int
}

// eventFloor is the shortest time that the latency monitor can be asked to note.
const eventFloor = time.Millisecond

// lapMax is one where calls below eventFloor are to be noted, too.
func (e *Engine) lapMax() int {
	if e.stats.Slow.Slow(int64(eventFloor)) {
		return 1
	}
	return metrics.LapMax
}

// startLap begins to measure.
func (r *Runner) startLap() { r.lap.last, r.lap.calls = time.Since(r.lap.base), 0 }

// Clock is when it looked at the clock last: about when the calls of the last [Runner.Do] ended.
func (r *Runner) Clock() time.Time { return r.lap.base.Add(r.lap.last) }

// end counts the call that has just run and whose reply begins at position at.
func (r *Runner) end(at int, out *reply.Buffer) {
	c, l := &r.call, &r.lap
	r.durable, r.gated = r.durable || c.Durable, r.gated || !c.AtOnce
	if c.Ledger {
		r.mark(at, out)
	}
	if r.engine.hub.Monitored() && !isScripted(c.Row) {
		r.show(c, false)
	}
	failed := out.Len() > at && out.B[at] == '-'
	r.rec.Call(c.Row.ID, 0, failed)
	if failed {
		r.rec.Error(out.B[at:])
	}
	bytes := out.Len() - at
	for _, arg := range c.Argv {
		bytes += len(arg)
	}
	if l.calls == 0 || bytes > l.bytes {
		l.argv, l.row, l.bytes = c.Argv, c.Row, bytes
	}
	if l.calls++; l.calls >= l.max || c.Row.Flags&command.Steady == 0 {
		r.endLap()
	}
}

// endLap tells how long the calls of the lap took, and begins the next one.
func (r *Runner) endLap() {
	l := &r.lap
	if l.calls == 0 {
		return
	}
	now := time.Since(l.base)
	took := now - l.last
	r.rec.Spread(l.calls, int64(took))
	if took >= eventFloor || r.engine.stats.Slow.Slow(int64(took)) {
		r.noteSlow(l.argv, l.row, took)
	}
	l.last, l.calls, l.argv = now, 0, nil
}

// noteSlow keeps a call in the slow log, and as an event of latency, if it took as long as
// the parameters say.
func (r *Runner) noteSlow(argv [][]byte, row *command.Row, took time.Duration) {
	e, info := r.engine, r.call.Session.Public.Info()
	if e.stats.Slow.Slow(int64(took)) && row.Flags&command.SkipSlowLog == 0 {
		e.stats.Slow.Add(e.clock()/1000, int64(took), argv, info.Addr, info.Name)
	}
	threshold := time.Duration(e.config.Int(config.LatencyMonitorThreshold)) * time.Millisecond
	if threshold > 0 && took >= threshold {
		event := "command"
		if row.Flags&command.Fast != 0 {
			event = "fast-command"
		}
		e.stats.Latency.Add(event, e.clock()/1000, took.Milliseconds())
	}
}
