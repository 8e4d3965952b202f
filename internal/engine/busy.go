// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"sync"
	"sync/atomic"
	"time"

	"stampede/internal/command"
	"stampede/internal/config"
	"stampede/internal/reply"
	"stampede/internal/session"
)

// busy is the script that has run for longer than busy-reply-threshold, if there is one.
type busy struct {
	scripts atomic.Int64 // how many run
	running atomic.Pointer[host]
	killed  atomic.Bool
	wrote   atomic.Bool

	mu    sync.Mutex
	roams map[string]struct{} // scripts that own all shards, by what EVAL calls them
	ended []*session.Session  // whose watches have not been forgotten yet
}

// roamsMax bounds how many scripts are remembered; beyond it all are forgotten.
const roamsMax = 10000

// errBusy is the answer to calls that must wait for a script to end, or for its death.
const errBusy reply.Error = "BUSY Redis is busy running a script. " +
	"You can only call SCRIPT KILL or SHUTDOWN NOSAVE."

// errKilled ends a script that was killed.
const errKilled reply.Error = "ERR Error running script: Script killed by user with SCRIPT KILL."

// Kill lets the script that the store is busy with end at its next pause: SCRIPT KILL.
func (e *Engine) Kill() reply.Error {
	switch {
	case e.busy.running.Load() == nil:
		return "NOTBUSY No scripts in execution right now."
	case e.busy.wrote.Load():
		return "UNKILLABLE Sorry the script already executed write commands against the dataset. " +
			"You can either wait the script termination or kill the server in a hard way " +
			"using the SHUTDOWN NOSAVE command."
	}
	e.busy.killed.Store(true)
	return ""
}

// isScriptLong tells whether a script runs long: then nobody waits for a shard.
func (e *Engine) isScriptLong() bool { return e.busy.running.Load() != nil }

// mayBlock tells whether the Runner may wait for a shard without looking up. A goroutine of
// its own may, as long as no script runs; the thread of an event loop serves others, too.
func (r *Runner) mayBlock() bool { return r.serve == nil && r.engine.busy.scripts.Load() == 0 }

// isBusy tells whether a call of row must be refused because a script runs long.
func (e *Engine) isBusy(row *command.Row) bool {
	return e.busy.running.Load() != nil && row.Flags&command.AllowBusy == 0
}

// WhileBusy says what is to be done again and again while a script of this Runner runs
// long: a transport whose thread it occupies lets others be answered.
func (r *Runner) WhileBusy(serve func()) { r.serve = serve }

// busyPause is [host.Pause].
func (r *Runner) busyPause(h *host) error {
	e := r.engine
	threshold := time.Duration(e.config.Int(config.BusyReplyThreshold)) * time.Millisecond
	if threshold <= 0 || time.Since(r.lap.base)-r.lap.last < threshold {
		return nil
	}
	e.busy.wrote.Store(h.wrote)
	e.busy.running.Store(h)
	if r.serve != nil {
		r.serve()
	}
	if e.busy.killed.Load() {
		return errKilled
	}
	return nil
}

// endBusy tells that the Runner's script has ended.
func (r *Runner) endBusy() {
	if r.engine.busy.running.CompareAndSwap(&r.host, nil) {
		r.engine.busy.killed.Store(false)
	}
}

// roams tells whether the script that EVAL was given owns all shards.
func (e *Engine) roams(script []byte) bool {
	if e.shards.Len() == 1 {
		return true
	}
	e.busy.mu.Lock()
	defer e.busy.mu.Unlock()
	_, roams := e.busy.roams[string(script)]
	return roams
}

// roam remembers that the script met a key beyond those that it declares.
func (e *Engine) roam(script []byte) {
	e.busy.mu.Lock()
	defer e.busy.mu.Unlock()
	if e.busy.roams == nil || len(e.busy.roams) >= roamsMax {
		e.busy.roams = make(map[string]struct{})
	}
	e.busy.roams[string(script)] = struct{}{}
}
