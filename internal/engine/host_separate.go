// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"time"

	"stampede/internal/command"
	"stampede/internal/config"
	"stampede/internal/reply"
)

// serveEvery is how often a separate script lets the others of its thread be served.
const serveEvery = time.Millisecond

// Separate lets go of all shards: from now on each call of the script owns those of its own
// keys, and others may run between two of them. There is nothing to undo or to run again then.
// A script in a transaction stays part of it.
func (h *host) Separate() {
	if h.inExec || h.separate {
		return
	}
	h.separate = true
	h.undo.forget()
	h.runner.endTx()
}

// own owns the shards of a call of a separate script, until the call has ended.
func (h *host) own(row *command.Row, argv [][]byte) reply.Error {
	r := h.runner
	if !r.own(r.shardsOf(row, argv)) {
		return r.engine.errBusy()
	}
	if row.Flags&command.DenyOOM != 0 && !h.hasRoom(argv) {
		r.endTx()
		return reply.ErrOOM
	}
	return ""
}

// letOthersIn serves, now and then, those whose calls wait for the thread of a separate script,
// and looks at the clock: no batch ends, so nobody else does.
func (h *host) letOthersIn() {
	r := h.runner
	r.nowMs = r.engine.clock()
	now := time.Since(r.lap.base)
	if r.serve != nil && now-h.servedAt >= serveEvery {
		r.serve()
		h.servedAt = time.Since(r.lap.base)
	}
}

// HasRoom tells whether memory is below its limit, and lets keys go to make it so.
func (h *host) HasRoom() bool {
	r := h.runner
	if r.engine.config.Int(config.MaxMemory) == 0 {
		return true
	}
	if !h.separate {
		return r.roomInTx(nil)
	}
	if !r.own(r.engine.shards.All()) {
		return true // each call asks again
	}
	defer r.endTx()
	return r.roomInTx(nil)
}
