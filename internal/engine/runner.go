// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"time"

	"stampede/internal/command"
	"stampede/internal/journal"
	"stampede/internal/keyspace"
	"stampede/internal/metrics"
	"stampede/internal/reply"
	"stampede/internal/session"
	"stampede/internal/txn"
)

// Runner runs batches of calls. An event loop has one; goroutines of connections share a
// pool of them. It is not safe for concurrent use.
type Runner struct {
	engine *Engine
	rec    *metrics.Recorder
	lap    lap

	call      command.Call
	tx        txn.Tx
	nowMs     int64
	positions []int // of keys, scratch

	host   host   // of the script that runs
	serve  func() // see WhileBusy
	inside bool   // see InsideCall

	waiter   *Waiter   // the call that ran last waits
	served   []*Waiter // by the present owner; their connections do not know yet
	unserved []apart   // who need more shards than the present owner has
	ready    []keyspace.Ready

	seen    journal.Position // of the last change that a group has seen
	changed bool             // a group has changed something
	durable bool             // a call has set [command.Call.Durable]
	marks   []mark           // the replies that wait for the ledger
	gated   bool             // a call has not set [command.Call.AtOnce]

	held  int             // the shard owned for the running group, or none
	space *keyspace.Space // its keyspace

	plans    [groupMax]plan // of the running group, by call
	group    int            // how many of them there are
	keys     [][]byte       // of the running group, to be warmed
	hashes   []uint64       // of those keys, scratch
	warmth   uint32         // keeps the reads that warm from being left out
	groups   []reply.Buffer // replies by shard, before they are put in order
	taken    []int          // how much of them has been put in order
	messages []byte         // messages for the session itself, scratch
}

// none says that no shard is held.
const none = -1

// Outcome says how far a batch came.
type Outcome struct {
	Ran       int   // how many calls have run; the rest must be given again
	RetryAtMs int64 // if not 0: when to try the rest again (Unix ms), as a client pause ends

	Command string // the last call's name in lower case, for [session.Session.Seen]

	// Seen is up to where the journal must be durable before the replies may be seen where
	// the parameter appendfsync is "always"; 0: they may be seen at once. Changed tells whether
	// calls changed anything.
	Seen    journal.Position
	Changed bool

	// Durable says that a call wants its reply to be seen only then, whatever the parameter.
	Durable bool

	// Waiter is the call that ran last, if it waits: the connection runs nothing until it
	// is done. See [Runner.Finish].
	Waiter *Waiter
}

// NewRunner returns a Runner.
func (e *Engine) NewRunner() *Runner {
	return &Runner{
		engine: e, rec: e.stats.NewRecorder(), lap: lap{base: time.Now()}, held: none,
		hashes: make([]uint64, groupMax),
		groups: make([]reply.Buffer, e.shards.Len()), taken: make([]int, e.shards.Len()),
	}
}

// Do runs the calls of b in their order, as calls of s, and appends their replies to out.
// Fewer run if one of them suspends the connection or closes it (s.Closing).
func (r *Runner) Do(s *session.Session, b *Batch, out *reply.Buffer) Outcome {
	r.nowMs = r.engine.clock()
	r.call.Session = s
	r.lap.max = r.engine.lapMax()
	r.seen, r.changed, r.durable, r.gated = 0, false, false, false
	r.tx.Seen, r.tx.Changed = 0, false
	r.marks = r.marks[:0]
	outcome := r.do(s, b, out)
	r.release()
	r.rec.Flush()
	outcome.Seen, outcome.Changed = max(r.seen, r.tx.Seen), r.changed || r.tx.Changed
	outcome.Durable = r.durable
	if !r.gated {
		outcome.Seen = 0
	}
	if outcome.Command = "NULL"; r.call.Row != nil {
		outcome.Command = r.call.Row.Lower
	}
	if len(r.marks) > 0 {
		outcome.Waiter = r.awaitLedger(s, out, outcome.Seen)
	}
	return outcome
}

func (r *Runner) do(s *session.Session, b *Batch, out *reply.Buffer) Outcome {
	for i := 0; i < b.Len(); {
		if s.Closing {
			return Outcome{Ran: i}
		}
		p := &r.plans[0]
		r.plan(p, s, b.Argv(i))
		if until := r.pausedUntil(s, p); until != 0 {
			return Outcome{Ran: i, RetryAtMs: until}
		}
		if len(r.marks) > 0 && !r.mayFollow(p) {
			return Outcome{Ran: i}
		}
		if p.shard != none && s.Reply == session.ReplyOn && i+1 < b.Len() && !s.Listens() {
			i += r.runGroup(s, b, i, out)
			continue
		}
		marks := len(r.marks)
		silent := s.Reply == session.ReplyOff || s.Reply == session.ReplySkip
		r.runPlanned(s, p, b.Argv(i), out)
		if i++; len(r.marks) > marks {
			r.place(marks, out)
		}
		if w := r.waiter; w != nil {
			r.waiter, w.silent = nil, silent
			return Outcome{Ran: i, Waiter: w}
		}
	}
	return Outcome{Ran: b.Len()}
}

// pausedUntil is when a call may run that something holds back, as CLIENT PAUSE does; 0: at
// once.
func (r *Runner) pausedUntil(s *session.Session, p *plan) int64 {
	if r.inside && p.refusal == "" && r.mustWait(s, p.row) {
		return r.nowMs + insideMs
	}
	if p.row == nil || !r.engine.registry.Paused() {
		return 0
	}
	return r.engine.registry.PausedUntil(r.has(command.Write|command.Spreads, s, p.row), r.nowMs)
}

// has tells whether a call of row has one of the flags: EXEC has those of its queue.
func (r *Runner) has(flags command.Flags, s *session.Session, row *command.Row) bool {
	if !isExec(row) {
		return row.Flags&flags != 0
	}
	for _, queued := range s.Multi.Queue {
		if queued.Row.(*command.Row).Flags&flags != 0 {
			return true
		}
	}
	return false
}

// runPlanned runs one call and appends its reply.
func (r *Runner) runPlanned(s *session.Session, p *plan, argv [][]byte, out *reply.Buffer) {
	start := out.Len()
	out.Proto = s.Proto
	r.call.Row = p.row // of the call that CLIENT LIST shows, also if it does not run
	switch {
	case p.refusal != "":
		r.refuse(s, p, out)
	case p.queue:
		r.enqueue(s, p, argv, out)
	case p.shard != none:
		r.one(p, argv, out)
	default:
		r.release()
		r.special(s, p, argv, out)
	}
	if p.row == nil || p.row.Flags&command.Messages == 0 {
		silence(s, start, out)
	}
	if s.Mailbox != nil {
		r.bringOwn(s, p.row, start, out)
	}
}

// one runs a call of one shard that is in no group.
func (r *Runner) one(p *plan, argv [][]byte, out *reply.Buffer) {
	if !r.hold(p.shard) {
		out.Fail(r.engine.errBusy())
		return
	}
	r.startLap()
	r.onShard(p, argv, out)
	r.endLap()
}

// hold owns shard i, and no other, until release or the next hold. It is false if a script
// that runs long owns the shard.
func (r *Runner) hold(i int) bool {
	if r.held == i {
		return true
	}
	r.release()
	shard := r.engine.shards.Shard(i)
	space, ok := shard.TryOwn(r.nowMs)
	switch {
	case ok:
	case r.mayBlock():
		space = shard.Own(r.nowMs)
	default:
		if space, ok = shard.OwnUnless(r.nowMs, r.engine.isScriptLong); !ok {
			return false
		}
	}
	r.space, r.held = space, i
	return true
}

func (r *Runner) release() {
	if r.held == none {
		return
	}
	if r.space.HasReady() {
		r.serveHeld()
	}
	seen, changed := r.engine.shards.Shard(r.held).Release()
	r.seen, r.changed = max(r.seen, seen), r.changed || changed
	r.held, r.space = none, nil
	if len(r.served)+len(r.unserved) > 0 {
		r.finishServed(seen)
	}
}

// oneShard is the [command.Tx] of a call whose keys all lie on the held shard.
type oneShard struct{ space *keyspace.Space }

// DB is database number n of the held shard.
func (o oneShard) DB(n int, _ []byte) *keyspace.DB { return o.space.DB(n) }

// onShard runs a call whose keys all lie on the held shard.
func (r *Runner) onShard(p *plan, argv [][]byte, out *reply.Buffer) {
	if p.row.Flags&command.Steady == 0 {
		r.endLap()
	}
	at := r.begin(p.row, argv, out)
	r.call.NowMs = r.space.NowMs
	r.space.NoTouch = r.call.Session.NoTouch
	if p.row.Flags&command.DenyOOM != 0 && !r.engine.makeRoom(r.held, r.space, argv) {
		r.endLap() // the lap's calls are the last that were counted
		out.Fail(reply.ErrOOM)
		r.rec.Rejected(p.row.ID)
		r.rec.Error(out.B[at:])
		return
	}
	switch do := p.row.Do.(type) {
	case command.OnShard:
		do(r.space.DB(r.call.DB), &r.call)
	case command.OnKeys:
		do(oneShard{r.space}, &r.call)
	case command.Waiting:
		tx := oneShard{r.space}
		if r.call.Others = r.othersWait(tx, &r.call, do); !do.Try(tx, &r.call) {
			do.TimeUp(tx, &r.call)
		}
	}
	r.end(at, out)
	if r.space.HasReady() {
		r.serveNow()
	}
}

// serveNow serves those who wait for what the last call has changed before the next call
// runs, which may take away what they wait for. The shard may be held no more afterwards.
func (r *Runner) serveNow() {
	r.serveHeld()
	if len(r.unserved) > 0 {
		r.release()
	}
}

// begin makes r.call the given call and returns the position where its reply begins.
func (r *Runner) begin(row *command.Row, argv [][]byte, out *reply.Buffer) (at int) {
	c := &r.call
	c.Argv, c.Row, c.Reply, c.DB, c.InExec = argv, row, out, c.Session.DB, false
	c.Posts, c.Others, c.Wait = nil, false, command.Wait{}
	c.Durable, c.AtOnce, c.Ledger = false, false, false
	c.Args = command.NewArgs(argv[row.Words():])
	return out.Len()
}

// silence takes back the reply of the call that has just run if the client does not want it.
func silence(s *session.Session, start int, out *reply.Buffer) {
	switch s.Reply {
	case session.ReplyOff:
		out.Truncate(start)
	case session.ReplySkip:
		out.Truncate(start)
		s.Reply = session.ReplyOn
	case session.ReplySkipNext:
		s.Reply = session.ReplySkip
	}
}
