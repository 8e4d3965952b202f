// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"stampede/internal/command"
	"stampede/internal/config"
	"stampede/internal/family/transactions"
	"stampede/internal/reply"
	"stampede/internal/session"
	"stampede/internal/txn"
)

// special runs a call that is not a matter of one shard. No shard is held.
func (r *Runner) special(s *session.Session, p *plan, argv [][]byte, out *reply.Buffer) {
	at := r.begin(p.row, argv, out)
	r.startLap()
	started := r.lap.last
	r.call.NowMs = r.nowMs
	if isExec(p.row) {
		r.exec(s, out)
		r.begin(p.row, argv, out)
	} else if script, ok := p.row.Do.(command.Scripted); ok {
		if r.engine.hub.Monitored() {
			r.show(&r.call, false)
		}
		r.script(script, p.row, argv, out)
	} else if settled, ok := p.row.Do.(command.Settled); ok {
		r.settle(settled, &r.call)
	} else if set := r.shardsOf(p.row, argv); set == 0 {
		p.row.Do.(command.Local)(&r.call)
	} else if !r.own(set) {
		out.Fail(r.engine.errBusy())
	} else {
		if p.row.Flags&command.DenyOOM != 0 && !r.roomInTx(argv) {
			out.Fail(reply.ErrOOM)
		} else {
			r.inTxOrWait(&r.call, set)
		}
		r.endTx()
	}
	r.endLap()           // of calls that EXEC ran
	r.lap.last = started // EXEC took all of their time
	r.end(at, out)
	r.endLap()
}

// own owns the shards of set in r.tx. It is false if a script that runs long owns one.
func (r *Runner) own(set txn.Set) bool {
	if r.mayBlock() {
		r.engine.shards.Begin(&r.tx, set, r.nowMs)
		return true
	}
	return r.engine.shards.BeginUnless(&r.tx, set, r.nowMs, r.engine.isScriptLong)
}

// inTx runs c with the shards it needs owned by r.tx.
func (r *Runner) inTx(c *command.Call) {
	for _, space := range r.tx.Spaces() {
		if space != nil {
			c.NowMs, space.NoTouch = space.NowMs, c.Session.NoTouch
		}
	}
	switch do := c.Row.Do.(type) {
	case command.OnShard:
		do(r.tx.DB(c.DB, c.Argv[c.Row.FirstKey]), c)
	case command.OnKeys:
		do(&r.tx, c)
	case command.Waiting:
		c.Others = r.othersWait(&r.tx, c, do)
		if !do.Try(&r.tx, c) {
			do.TimeUp(&r.tx, c)
		}
	case command.OnAll:
		do(r.tx.Spaces(), c)
	case command.Local:
		do(c)
	case command.Settled:
		r.settle(do, c)
	case command.Leaving:
		if do(&r.tx, c) != nil {
			c.Reply.Fail(errMustStay)
		}
	case command.Scripted:
		r.scriptInTx(do, c)
	}
	if len(c.Posts) > 0 {
		r.post(c)
	}
}

// exec runs the calls that the session has queued as one transaction.
func (r *Runner) exec(s *session.Session, out *reply.Buffer) {
	multi := s.Multi
	if !multi.Active {
		out.Fail("ERR EXEC without MULTI")
		return
	}
	var set txn.Set
	for _, watched := range s.Watches.Keys() {
		set |= txn.One(r.engine.shards.Of([]byte(watched.Key)))
	}
	for _, queued := range multi.Queue {
		set |= r.shardsOf(queued.Row.(*command.Row), queued.Argv)
	}
	if !r.own(set) {
		out.Fail(r.engine.errBusy())
		return
	}
	defer r.endTx()
	for _, watched := range s.Watches.Keys() {
		// A key whose deadline has passed since counts as changed.
		r.tx.DB(watched.DB, []byte(watched.Key)).Settle([]byte(watched.Key))
	}
	changed := s.Watches.Changed()
	transactions.Unwatch(r.tx.Spaces(), &s.Watches)
	s.Multi.End()

	switch {
	case multi.Failed:
		out.Fail(reply.ErrExecAbort)
	case changed:
		out.NullArray()
	case !r.roomForQueue(multi.Queue):
		out.Fail(errAbort + reply.ErrOOM)
	default:
		out.Array(len(multi.Queue))
		for _, queued := range multi.Queue {
			r.execOne(queued, out)
		}
	}
}

func (r *Runner) execOne(queued session.Queued, out *reply.Buffer) {
	row := queued.Row.(*command.Row)
	out.Proto = r.call.Session.Proto
	at := r.begin(row, queued.Argv, out)
	r.call.InExec = true
	if row.Flags&command.DenyOOM != 0 && !r.fitsInTx(queued.Argv) {
		out.Fail(reply.ErrOOM) // those before have taken the last addresses
	} else {
		r.inTx(&r.call)
	}
	if out.Len() == at {
		out.OK() // CLIENT REPLY answers nothing, which would make the array too short
	}
	r.end(at, out)
}

// enqueue keeps a call for EXEC. While memory is full it keeps none, not even those that
// only read: a queue takes memory, too, and is not of the data that can be let go.
func (r *Runner) enqueue(s *session.Session, p *plan, argv [][]byte, out *reply.Buffer) {
	if r.engine.config.Int(config.MaxMemory) != 0 {
		shard := max(r.shardOf(p.row, argv), 0) // any shard will do if it is not one
		if r.hold(shard) && !r.engine.makeRoom(shard, r.space, argv) {
			p.refusal = reply.ErrOOM
			r.refuse(s, p, out)
			return
		}
	}
	s.Multi.Add(argv, p.row)
	out.Simple("QUEUED")
}

// roomInTx makes room on every owned shard for a call with these arguments.
func (r *Runner) roomInTx(argv [][]byte) bool {
	for i, space := range r.tx.Spaces() {
		if space != nil && !r.engine.makeRoom(i, space, argv) {
			return false
		}
	}
	return true
}

// fitsInTx tells whether every owned shard has addresses for a call with these arguments.
func (r *Runner) fitsInTx(argv [][]byte) bool {
	for _, space := range r.tx.Spaces() {
		if space != nil && !fits(space, argv) {
			return false
		}
	}
	return true
}

// roomForQueue is roomInTx for the calls of a transaction.
func (r *Runner) roomForQueue(queue []session.Queued) bool {
	for _, queued := range queue {
		if queued.Row.(*command.Row).Flags&command.DenyOOM != 0 && !r.roomInTx(queued.Argv) {
			return false
		}
	}
	return true
}
