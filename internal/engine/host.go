// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"time"

	"stampede/internal/command"
	"stampede/internal/reply"
	"stampede/internal/txn"
)

// host is the [command.Host] of the script that a Runner runs.
//
// # Which shards a script owns
//
// A script is atomic: it owns the shards of its keys from its first call to its last. The
// keys that it declares are known; others may turn up while it runs. So it begins with the
// shards of the declared ones, and if it meets a key elsewhere, everything it did is undone
// and it runs again with all shards owned. A script that was caught once owns all of them
// from then on, and so does one that declares no key, or that writes to a collection too
// large to be remembered for undoing.
//
// A script that gave that up (see [host.Separate]) owns nothing but, while a call of it runs,
// what that call needs.
type host struct {
	runner *Runner
	row    *command.Row // EVAL or one of its relatives
	call   command.Call // the script's running call
	shard  int          // of its only key; none if it may have several or none
	owned  txn.Set

	readOnly bool
	allowOOM bool
	function bool // it is a function of a library: what ends it is FUNCTION KILL
	wrote    bool
	again    bool // it must run again with all shards: nothing it does counts

	inExec   bool          // it is part of a transaction
	separate bool          // its calls are not one transaction
	servedAt time.Duration // when others were served last between them

	isLong    bool // it is on the engine's list of scripts that run long
	wroteLong bool // wrote, as those see it who want to kill it
	killed    bool

	// What stays for the next script.
	undo    undo
	times   callTimes
	lastKey lastKey
}

// The refusals of calls in scripts, in Redis' words.
const (
	errScriptUnknown  reply.Error = "ERR Unknown Redis command called from script"
	errScriptArity    reply.Error = "ERR Wrong number of args calling Redis command from script"
	errScriptNoScript reply.Error = "ERR This Redis command is not allowed from script"
	errScriptReadOnly reply.Error = "ERR Write commands are not allowed from read-only scripts."
	errScriptAgain    reply.Error = "ERR script runs again with more of the keyspace"
)

// script runs a script that is not part of a transaction.
func (r *Runner) script(do command.Scripted, row *command.Row, argv [][]byte, out *reply.Buffer) {
	at, declared := out.Len(), r.declared(row, argv)
	if r.runScript(do, declared, argv, out) {
		return
	}
	out.Truncate(at)
	r.begin(row, argv, out)
	r.runScript(do, r.engine.shards.All(), argv, out)
}

// declared is the set of shards that a script begins with.
func (r *Runner) declared(row *command.Row, argv [][]byte) (set txn.Set) {
	positions, _ := row.Keys(argv, r.positions[:0])
	r.positions = positions
	for _, at := range positions {
		set |= txn.One(r.host.lastKey.shard(r.engine.shards, argv[at]))
	}
	if set == 0 || len(argv) > 1 && r.engine.roams(argv[1]) {
		return r.engine.shards.All()
	}
	return set
}

// runScript runs a script that owns the given shards, and tells whether that was enough.
func (r *Runner) runScript(
	do command.Scripted, set txn.Set, argv [][]byte, out *reply.Buffer,
) (enough bool) {
	separate := r.engine.config.SeparateScripts()
	if separate {
		set = 0
	}
	// Counted before it owns anything, so that nobody blocks behind it unawares.
	r.engine.busy.scripts.Add(1)
	if !r.own(set) {
		r.engine.busy.scripts.Add(-1)
		out.Fail(r.engine.errBusy())
		return true
	}
	defer r.endTx()
	h := r.newHost(set)
	h.undo.on = set != r.engine.shards.All() && !separate
	h.separate = separate
	h.run(do, &r.call)
	if h.again {
		h.undo.restore()
		r.dropNews()
		r.engine.roam(argv[1])
	}
	h.undo.forget()
	return !h.again
}

// scriptInTx runs a script whose transaction owns all shards already.
func (r *Runner) scriptInTx(do command.Scripted, c *command.Call) {
	r.engine.busy.scripts.Add(1)
	r.endLap() // the script's calls are counted between those of the transaction
	h := r.newHost(r.engine.shards.All())
	h.inExec = true
	if r.engine.hub.Monitored() {
		r.show(c, false)
	}
	h.run(do, c)
}

// newHost makes r.host fit for the next script; its memory is used again.
func (r *Runner) newHost(owned txn.Set) *host {
	h := &r.host
	*h = host{
		runner: r, owned: owned, servedAt: r.lap.last,
		undo: h.undo, times: h.times, lastKey: h.lastKey,
	}
	return h
}

func (h *host) run(do command.Scripted, c *command.Call) {
	h.row = c.Row
	session := c.Session
	db := session.DB
	for _, space := range h.runner.tx.Spaces() {
		if space != nil {
			c.NowMs, space.NoTouch = space.NowMs, session.NoTouch
		}
	}
	do(h, c)
	h.end()
	session.DB = db // a script's SELECT is its own
}

// Call runs one call of the script.
func (h *host) Call(argv [][]byte, out *reply.Buffer) {
	r := h.runner
	if h.separate {
		h.letOthersIn()
	}
	row, refusal := h.admit(argv)
	if refusal != "" {
		out.Fail(refusal)
		if row != nil {
			r.rec.Rejected(row.ID)
		}
		return
	}
	h.wrote = h.wrote || row.Flags&command.Write != 0
	session := r.call.Session
	h.call = command.Call{
		Argv: argv, Args: command.NewArgs(argv[row.Words():]), Row: row, Reply: out,
		Session: session, DB: session.DB, NowMs: r.call.NowMs, InExec: true, InScript: true,
		InLua: true,
	}
	at := out.Len()
	began := h.times.begin(row, r.lap.base)
	h.do()
	r.durable = r.durable || h.call.Durable
	r.call.Ledger = r.call.Ledger || h.call.Ledger // the reply of the script waits
	nanos := h.times.end(row, r.lap.base, began)
	failed := out.Len() > at && out.B[at] == '-'
	r.rec.Call(row.ID, nanos, failed)
	if r.engine.hub.Monitored() {
		r.show(&h.call, true)
	}
}

// do runs the admitted call.
func (h *host) do() {
	r := h.runner
	if h.separate {
		r.inTx(&h.call)
		r.endTx()
	} else if onShard, ok := h.call.Row.Do.(command.OnShard); ok && h.shard != none {
		onShard(r.tx.Spaces()[h.shard].DB(h.call.DB), &h.call)
	} else {
		r.inTx(&h.call)
	}
}

// admit finds the row of a call and says what is wrong with it, if anything is.
func (h *host) admit(argv [][]byte) (row *command.Row, refusal reply.Error) {
	r := h.runner
	if h.again {
		return nil, errScriptAgain
	}
	if row, _ = r.engine.table.Lookup(argv); row == nil {
		return nil, errScriptUnknown
	}
	switch {
	case !row.ArityOK(len(argv)):
		return row, errScriptArity
	case row.Flags&command.NoScript != 0 || isExec(row) || isScripted(row):
		return row, errScriptNoScript
	case h.readOnly && row.Flags&(command.Write|command.Spreads) != 0:
		return row, errScriptReadOnly
	case row.Flags&command.Write != 0 && r.engine.writeRefusal() != "":
		return row, r.engine.writeRefusal()
	case h.separate:
		return row, h.own(row, argv)
	case row.Flags&command.DenyOOM != 0 && !h.hasRoom(argv):
		return row, reply.ErrOOM
	case !h.owns(row, argv), h.undo.on && !h.remember(row, argv):
		h.again = true
		return row, errScriptAgain
	}
	return row, ""
}

// hasRoom tells whether a call of the script may take memory. Once the script has written it
// may go on, like one that may always: only the end of a shard's addresses stops it.
func (h *host) hasRoom(argv [][]byte) bool {
	if h.wrote || h.allowOOM {
		return h.runner.fitsInTx(argv)
	}
	return h.runner.roomInTx(argv)
}

// owns tells whether the script owns the shards of a call.
func (h *host) owns(row *command.Row, argv [][]byte) bool {
	h.shard = none
	if !row.OneKey {
		return h.runner.shardsOf(row, argv)&^h.owned == 0
	}
	h.shard = h.lastKey.shard(h.runner.engine.shards, argv[row.FirstKey])
	return h.owned&txn.One(h.shard) != 0
}

func isScripted(row *command.Row) bool {
	_, scripted := row.Do.(command.Scripted)
	return scripted
}

// remember keeps what a call that writes may change, and tells whether it can be kept.
func (h *host) remember(row *command.Row, argv [][]byte) bool {
	if row.Flags&command.Write == 0 {
		return true
	}
	r, db := h.runner, h.runner.call.Session.DB
	// What writes to more than its keys (MOVE, COPY, a lock) is not remembered there, and
	// what writes elsewhere (FLUSHALL) needs all shards.
	if row.Flags&command.OtherDBs != 0 {
		return false
	}
	if h.shard != none {
		return h.undo.remember(r.tx.Spaces()[h.shard].DB(db), argv[row.FirstKey])
	}
	positions, _ := row.Keys(argv, r.positions[:0])
	r.positions = positions
	for _, at := range positions {
		if !h.undo.remember(r.tx.DB(db, argv[at]), argv[at]) {
			return false
		}
	}
	return len(positions) > 0
}

// ReadOnly forbids writes from now on.
func (h *host) ReadOnly() { h.readOnly = true }

// AllowOOM lets the script write although memory is short.
func (h *host) AllowOOM() { h.allowOOM = true }

// Function says that what runs is a function of a library.
func (h *host) Function() { h.function = true }

// OwnAll lets the script own all shards before it does anything. An error must end it: it may be
// run again with all of them.
func (h *host) OwnAll() error {
	if h.undo.on {
		h.again = true
		return errScriptAgain
	}
	if h.separate {
		all := h.runner.engine.shards.All()
		if !h.runner.own(all) {
			return h.runner.engine.errBusy()
		}
		h.separate, h.owned = false, all
	}
	return nil
}

// Wrote tells whether a call of the script was allowed to write.
func (h *host) Wrote() bool { return h.wrote }

// Pause lets others be told that the store is busy, and tells whether the script must end.
func (h *host) Pause() error {
	if h.again {
		return errScriptAgain
	}
	return h.pause()
}
