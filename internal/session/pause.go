// SPDX-License-Identifier: Apache-2.0

package session

import (
	"sync"
	"sync/atomic"
)

// pause is the state of CLIENT PAUSE. Invariant: at most one of the two is not zero.
type pause struct {
	allUntilMs   atomic.Int64 // every call waits
	writeUntilMs atomic.Int64 // calls that may write wait

	mu    sync.Mutex // for those who change it
	ended func()
}

// PausedUntil is the Unix time in milliseconds until which a call must wait because of
// CLIENT PAUSE; 0 if it need not. write tells whether the call may write.
func (r *Registry) PausedUntil(write bool, nowMs int64) int64 {
	until := r.pause.allUntilMs.Load()
	if write {
		until = max(until, r.pause.writeUntilMs.Load())
	}
	if until <= nowMs {
		return 0
	}
	return until
}

// Paused tells whether there may be a pause, for any kind of call. It costs two loads.
func (r *Registry) Paused() bool {
	return r.pause.allUntilMs.Load()|r.pause.writeUntilMs.Load() != 0
}

// Pause lets calls wait until the given time: those that may write, or all of them. A
// pause in force only ever gets longer and stricter.
func (r *Registry) Pause(all bool, untilMs, nowMs int64) {
	r.pause.mu.Lock()
	defer r.pause.mu.Unlock()
	wasAll := r.pause.allUntilMs.Load()
	wasWrite := r.pause.writeUntilMs.Load()
	if wasAll > nowMs {
		all = true
	}
	untilMs = max(untilMs, wasAll, wasWrite)
	if all {
		r.pause.allUntilMs.Store(untilMs)
		r.pause.writeUntilMs.Store(0)
		return
	}
	r.pause.writeUntilMs.Store(untilMs)
	r.pause.allUntilMs.Store(0)
}

// Unpause ends the pause.
func (r *Registry) Unpause() {
	r.pause.mu.Lock()
	r.pause.allUntilMs.Store(0)
	r.pause.writeUntilMs.Store(0)
	r.pause.mu.Unlock()
	if r.pause.ended != nil {
		r.pause.ended()
	}
}
