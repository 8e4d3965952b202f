// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"strings"

	"stampede/internal/command"
	"stampede/internal/reply"
	"stampede/internal/session"
	"stampede/internal/txn"
)

// plan is what is to be done with a call, decided before anything is done.
type plan struct {
	row     *command.Row // nil: there is no such command
	refusal reply.Error  // not empty: the call is answered with it and does not run
	shard   int          // the one shard that all its keys are on; none if it is not so
	end     int          // of a call that ran in a group: where its reply ends
	queue   bool         // MULTI is active: the call waits for EXEC
}

// plan finds the row of a call and checks what can be checked without a shard.
func (r *Runner) plan(p *plan, s *session.Session, argv [][]byte) {
	p.shard, p.queue = none, false
	p.row, p.refusal = r.engine.table.Lookup(argv)
	if p.row == nil {
		return
	}
	p.refusal = r.check(s, p.row, argv)
	switch {
	case p.refusal != "":
	case s.Multi.Active && p.row.Flags&command.Immediate == 0:
		p.queue = true
	default:
		p.shard = r.shardOf(p.row, argv)
	}
}

// check is the refusal of a call that must not run, or empty.
func (r *Runner) check(s *session.Session, row *command.Row, argv [][]byte) reply.Error {
	switch {
	case !row.ArityOK(len(argv)):
		return reply.ErrArity(row.Lower)
	case !s.Authenticated && row.Flags&command.NoAuth == 0:
		return reply.ErrNoAuth
	case s.Mailbox != nil && mustNot(s, row) != "":
		return mustNot(s, row)
	case r.engine.isBusy(row):
		return r.engine.errBusy()
	case r.engine.loading.Load() && row.Flags&command.Loading == 0:
		return errLoading
	case s.Multi.Active && row.Flags&command.NoMulti != 0:
		return "ERR Command not allowed inside a transaction"
	case s.Multi.Active && isLeaving(row):
		return errMustStay
	case r.engine.store != nil && r.has(command.Write, s, row):
		return r.engine.writeRefusal()
	}
	return ""
}

// shardOf is the one shard that the call needs, or none if it needs several or none.
func (r *Runner) shardOf(row *command.Row, argv [][]byte) int {
	switch do := row.Do.(type) {
	case command.OnShard, command.OnKeys:
	case command.Waiting:
		if do.MayWait == nil || do.MayWait(argv) {
			return none
		}
	default:
		return none
	}
	if r.engine.shards.Len() == 1 {
		return 0
	}
	if row.Roams != nil && row.Roams(argv) {
		return none
	}
	if row.OneKey {
		return r.engine.shards.Of(argv[row.FirstKey])
	}
	shard := none
	positions, _ := row.Keys(argv, r.positions[:0])
	r.positions = positions
	for _, at := range positions {
		i := r.engine.shards.Of(argv[at])
		if shard != none && shard != i {
			return none
		}
		shard = i
	}
	if shard == none {
		return 0 // no key could be found: the handler says what is wrong
	}
	return shard
}

// shardsOf is the set of shards that the call needs.
func (r *Runner) shardsOf(row *command.Row, argv [][]byte) (set txn.Set) {
	switch row.Do.(type) {
	case command.OnAll, command.Scripted:
		return r.engine.shards.All()
	case command.OnShard, command.OnKeys, command.Waiting, command.Leaving:
		if row.Roams != nil && row.Roams(argv) {
			return r.engine.shards.All()
		}
		positions, _ := row.Keys(argv, r.positions[:0])
		r.positions = positions
		for _, at := range positions {
			set |= txn.One(r.engine.shards.Of(argv[at]))
		}
		if set == 0 {
			set = txn.One(0)
		}
	}
	return set
}

// refuse answers a call that must not run.
func (r *Runner) refuse(s *session.Session, p *plan, out *reply.Buffer) {
	start := out.Len()
	if p.row != nil && isExec(p.row) {
		r.release()
		s.Multi.End()
		r.engine.unwatch(s)
		out.Fail(errAbort + reply.Error(strings.TrimPrefix(string(p.refusal), "ERR ")))
	} else {
		s.Multi.Failed = s.Multi.Active
		out.Fail(p.refusal)
	}
	if p.row != nil {
		r.rec.Rejected(p.row.ID)
	}
	r.rec.Error(out.B[start:])
}

// errAbort is how EXEC begins its answer if it cannot even try.
const errAbort reply.Error = "EXECABORT Transaction discarded because of: "

// acknowledges tells whether a row's replies may have to wait for the ledger.
func acknowledges(row *command.Row) bool {
	do, ok := row.Do.(command.Waiting)
	return ok && do.Acks
}

func isLeaving(row *command.Row) bool {
	_, leaving := row.Do.(command.Leaving)
	return leaving
}

func isExec(row *command.Row) bool {
	_, exec := row.Do.(command.Exec)
	return exec
}
