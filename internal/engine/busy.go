// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"stampede/internal/command"
	"stampede/internal/config"
	"stampede/internal/reply"
	"stampede/internal/session"
)

// busy is what is known of scripts that run: how many, and which of them have run for
// longer than busy-reply-threshold.
type busy struct {
	scripts atomic.Int64 // how many run or are about to
	longs   atomic.Int64 // how many of long hold others up
	aborted atomic.Bool  // the process is about to end
	roamers atomic.Int64 // length of roams

	mu    sync.Mutex
	long  []*host             // those that run long; their wrote and killed are guarded by mu
	roams map[string]struct{} // scripts that own all shards, by what EVAL calls them
	later []func()            // see later
}

// roamsMax bounds how many scripts are remembered; beyond it all are forgotten.
const roamsMax = 10000

// The answers to calls that must wait for a script or a function to end, or for its death.
const (
	errScriptBusy reply.Error = "BUSY Redis is busy running a script. " +
		"You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
	errFunctionBusy reply.Error = "BUSY Redis is busy running a script. " +
		"You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
)

// errBusy is the answer that names the command which ends what runs.
func (e *Engine) errBusy() reply.Error {
	e.busy.mu.Lock()
	defer e.busy.mu.Unlock()
	for _, h := range e.busy.long {
		if h.function {
			return errFunctionBusy
		}
	}
	return errScriptBusy
}

// errKilled ends a script that was killed.
const errKilled reply.Error = "ERR Script killed by user with SCRIPT KILL..."

// The refusals of SCRIPT KILL.
const (
	errNotBusy    reply.Error = "NOTBUSY No scripts in execution right now."
	errUnkillable reply.Error = "UNKILLABLE Sorry the script already executed write commands " +
		"against the dataset. You can either wait the script termination or kill the server " +
		"in a hard way using the SHUTDOWN NOSAVE command."
)

// Kill lets every script that runs long end at its next pause, but those that have written:
// SCRIPT KILL. What it returns is empty if there was one.
func (e *Engine) Kill() reply.Error {
	e.busy.mu.Lock()
	defer e.busy.mu.Unlock()
	refusal := errNotBusy
	for _, h := range e.busy.long {
		if !h.wroteLong {
			h.killed = true
			return ""
		}
		refusal = errUnkillable
	}
	return refusal
}

// killScript is Kill for SCRIPT KILL.
func (e *Engine) killScript() error {
	if refusal := e.Kill(); refusal != "" {
		return refusal
	}
	return nil
}

// Abort ends every script at its next pause, whatever it has written, because the process
// is about to end.
func (e *Engine) Abort() { e.busy.aborted.Store(true) }

// isScriptLong tells whether a script runs long: then nobody waits for a shard.
func (e *Engine) isScriptLong() bool { return e.busy.longs.Load() > 0 }

// mayBlock tells whether the Runner may wait for a shard without looking up. A goroutine of
// its own may, as long as no script runs; the thread of an event loop serves others, too.
func (r *Runner) mayBlock() bool {
	return r.serve == nil && !r.inside && r.engine.busy.scripts.Load() == 0
}

// isBusy tells whether a call of row must be refused because a script runs long.
func (e *Engine) isBusy(row *command.Row) bool {
	return row.Flags&command.AllowBusy == 0 && e.isScriptLong()
}

// WhileBusy says what is to be done again and again while a script of this Runner runs
// long: a transport whose thread it occupies lets others be answered.
func (r *Runner) WhileBusy(serve func()) { r.serve = serve }

// InsideCall says that this Runner is what another one's WhileBusy serves with. It begins no
// script: the other's would have to wait for its end, and nobody would serve its thread.
func (r *Runner) InsideCall() { r.inside = true }

// insideMs is how long a script waits before it tries again whether the call is over inside
// which it came.
const insideMs = 2

// mustWait tells whether a call is a script that must not begin inside another call.
func (r *Runner) mustWait(s *session.Session, row *command.Row) bool {
	if row == nil {
		return false
	}
	if isExec(row) {
		return slices.ContainsFunc(s.Multi.Queue, func(queued session.Queued) bool {
			return isScripted(queued.Row.(*command.Row))
		})
	}
	return isScripted(row) && !s.Multi.Active
}

// pause is [host.Pause].
func (h *host) pause() error {
	r, e := h.runner, h.runner.engine
	if e.busy.aborted.Load() {
		return errKilled
	}
	if h.separate {
		h.letOthersIn()
	}
	threshold := time.Duration(e.config.Int(config.BusyReplyThreshold)) * time.Millisecond
	if threshold <= 0 || time.Since(r.lap.base)-r.lap.last < threshold {
		return nil
	}
	e.busy.mu.Lock()
	if !h.isLong {
		h.isLong = true
		e.busy.long = append(e.busy.long, h)
		if !h.separate {
			e.busy.longs.Add(1)
		}
	}
	// A separate script holds nobody up, but it is on the list, to be killed at any time.
	h.wroteLong = h.wrote && !h.separate
	e.busy.mu.Unlock()
	if r.serve != nil && !h.separate {
		r.serve()
	}
	e.busy.mu.Lock()
	defer e.busy.mu.Unlock()
	if h.killed {
		return errKilled
	}
	return nil
}

// end takes the script off the list of those that run long.
func (h *host) end() {
	busy := &h.runner.engine.busy
	busy.scripts.Add(-1)
	if !h.isLong {
		return
	}
	busy.mu.Lock()
	defer busy.mu.Unlock()
	busy.long = slices.DeleteFunc(busy.long, func(other *host) bool { return other == h })
	if !h.separate {
		busy.longs.Add(-1)
	}
	h.isLong = false
}

// roams tells whether the script that EVAL was given owns all shards.
func (e *Engine) roams(script []byte) bool {
	if e.shards.Len() == 1 {
		return true
	}
	if e.busy.roamers.Load() == 0 {
		return false
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
	e.busy.roamers.Store(int64(len(e.busy.roams)))
}
