// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"

	"stampede/internal/command"
	"stampede/internal/journal"
	"stampede/internal/keyspace"
	"stampede/internal/object"
	"stampede/internal/reply"
	"stampede/internal/txn"
)

// Waiter is a call that waits for a change of its keys.
//
// It stands in a queue for each key, in the order of arrival. Whoever changes such a key
// serves the queue before letting go of the shard, on behalf of those who wait; one whose
// keys lie on several shards is served right after, by a transaction of its own. Its reply
// waits here until its connection fetches it with [Runner.Finish].
//
// All but the atomics belong to whoever owns all shards of the keys, and to the connection
// once done is set.
type Waiter struct {
	call command.Call
	do   command.Waiting
	set  txn.Set // shards of all keys of the call
	keys []string

	untilMs int64 // when it gives up, as the first try has said; 0: never

	out     reply.Buffer
	seen    journal.Position
	changed bool
	queued  bool // it stands in the queues
	silent  bool // its client wants no reply: CLIENT REPLY

	done    atomic.Bool
	unblock atomic.Int32 // what CLIENT UNBLOCK wants
	retryMs atomic.Int64 // of call.Wait, for its connection

	settled command.Settled // if that is what it is

	errand command.Errand // not nil: it is this that the connection waits for
	ctx    context.Context
	cancel context.CancelFunc // lets the errand give up

	marks []mark // not empty: its calls have run, and only the ledger is waited for
}

// What CLIENT UNBLOCK wants of a waiter.
const (
	unblockNot int32 = iota
	unblockTimeUp
	unblockError
)

// errUnblocked is the answer to a call that CLIENT UNBLOCK … ERROR ends.
const errUnblocked reply.Error = "UNBLOCKED client unblocked via CLIENT UNBLOCK"

// NextMs is when [Runner.Finish] is to be tried though nobody has called: Unix time, 0: not
// before somebody calls.
func (w *Waiter) NextMs() int64 {
	until, retry := w.untilMs, w.retryMs.Load()
	if until == 0 || retry != 0 && retry < until {
		return retry
	}
	return until
}

// queueKey names a queue: what its waiters wait for.
type queueKey struct {
	keyspace.ReadyKey
	wants object.Kind
}

// queueKinds are the kinds that queues are for.
var queueKinds = [...]object.Kind{object.None, object.List, object.ZSet, object.Stream}

// queues are those of one shard; they belong to its owner.
type queues map[queueKey][]*Waiter

func (e *Engine) queuesOf(key string) queues { return e.waits[e.shards.Of([]byte(key))] }

// at is what the waiter waits for under one of its keys.
func (w *Waiter) at(key string) keyspace.ReadyKey {
	return keyspace.ReadyKey{DB: w.call.DB, Key: key, Lock: w.do.Locks}
}

// queue names the queue of the waiter for one of its keys.
func (w *Waiter) queue(key string) queueKey { return queueKey{w.at(key), w.do.Wants} }

// othersWait tells whether somebody waits for a key of the call. Its shards are owned.
func (r *Runner) othersWait(tx command.Tx, c *command.Call, do command.Waiting) bool {
	if r.engine.waiting.Load() == 0 {
		return false
	}
	positions, _ := c.Row.Keys(c.Argv, r.positions[:0])
	r.positions = positions
	for _, at := range positions {
		db := tx.DB(c.DB, c.Argv[at])
		if do.Locks && db.Locks().Awaited(c.Argv[at]) || !do.Locks && db.Awaited(c.Argv[at]) {
			return true
		}
	}
	return false
}

// inTxOrWait is inTx for a call of a connection: it may have to wait.
func (r *Runner) inTxOrWait(c *command.Call, set txn.Set) {
	do, waits := c.Row.Do.(command.Waiting)
	leaving, leaves := c.Row.Do.(command.Leaving)
	if !waits && !leaves {
		r.inTx(c)
		return
	}
	for _, space := range r.tx.Spaces() {
		if space != nil {
			c.NowMs, space.NoTouch = space.NowMs, c.Session.NoTouch
		}
	}
	if leaves {
		if errand := leaving(&r.tx, c); errand != nil {
			r.send(errand, c)
		}
		return
	}
	c.Others = r.othersWait(&r.tx, c, do)
	if do.Try(&r.tx, c) {
		return
	}
	r.waiter = r.newWaiter(c, do, set)
	r.stand(r.waiter)
	if c.Others {
		r.markReady(r.waiter) // what it wants may be there, and be due to others before it
	}
}

// newWaiter keeps what the call needs beyond its batch.
func (r *Runner) newWaiter(c *command.Call, do command.Waiting, set txn.Set) *Waiter {
	w := &Waiter{call: *c, do: do, set: set, untilMs: c.Wait.UntilMs}
	w.call.Argv = make([][]byte, len(c.Argv))
	for i, arg := range c.Argv {
		w.call.Argv[i] = slices.Clone(arg)
	}
	keys := c.Wait.Keys
	if keys == nil {
		positions, _ := c.Row.Keys(c.Argv, nil)
		for _, at := range positions {
			keys = append(keys, c.Argv[at])
		}
	}
	for _, key := range keys {
		if !slices.Contains(w.keys, string(key)) {
			w.keys = append(w.keys, string(key))
		}
	}
	w.out.Proto = c.Session.Proto
	w.call.Reply, w.call.Wait.Keys = &w.out, nil
	w.retryMs.Store(c.Wait.RetryMs)
	c.Session.Public.SetBlocked(w.Unblock)
	return w
}

// stand puts a waiter at the end of its queues.
func (r *Runner) stand(w *Waiter) {
	e := r.engine
	for _, key := range w.keys {
		queues, at := e.queuesOf(key), w.queue(key)
		queues[at] = append(queues[at], w)
		r.tx.DB(at.DB, []byte(key)).Space().Await(at.ReadyKey)
	}
	w.queued = true
	e.waiting.Add(1)
}

// leave takes a waiter out of its queues. All its shards are owned by tx.
func (r *Runner) leave(tx command.Tx, w *Waiter) {
	e := r.engine
	for _, key := range w.keys {
		queues, at := e.queuesOf(key), w.queue(key)
		list := queues[at]
		if i := slices.Index(list, w); i == 0 {
			list[0], list = nil, list[1:] // as a rule, and there may be thousands behind it
		} else if i > 0 {
			list = slices.Delete(list, i, i+1)
		}
		if len(list) == 0 {
			delete(queues, at)
		} else {
			queues[at] = list
		}
		tx.DB(at.DB, []byte(key)).Space().Unawait(at.ReadyKey)
	}
	w.queued = false
	e.waiting.Add(-1)
}

// tryFor tries the call of a waiter, for a key that has changed. Its shards are all owned
// by tx.
func (r *Runner) tryFor(tx command.Tx, w *Waiter, key string, nowMs int64) bool {
	if r.engine.failed() {
		w.retryMs.Store(nowMs + failedRetryMs)
		w.call.Session.Public.Wake()
		return false
	}
	w.call.NowMs, w.call.Ready = nowMs, []byte(key)
	w.call.Args = command.NewArgs(w.call.Argv[w.call.Row.Words():])
	w.call.Others = false
	if !w.do.Try(tx, &w.call) {
		retry := w.call.Wait.RetryMs
		if had := w.retryMs.Swap(retry); retry != 0 && (had == 0 || retry < had) {
			w.call.Session.Public.Wake() // to look at the clock earlier than it would
		}
		return false
	}
	r.leave(tx, w)
	r.served = append(r.served, w)
	return true
}

// serveHeld serves those who wait for keys of the held shard.
func (r *Runner) serveHeld() {
	for r.space.HasReady() {
		r.ready = r.space.TakeReady(r.ready[:0])
		for _, ready := range r.ready {
			r.serveKey(oneShard{r.space}, txn.One(r.held), ready.ReadyKey, r.space.NowMs)
		}
	}
}

// apart is a waiter who needs more shards than were owned when a key changed.
type apart struct {
	waiter *Waiter
	queue  queueKey
}

// serveKey serves those who wait for a key. tx owns the shards of owned.
func (r *Runner) serveKey(tx command.Tx, owned txn.Set, ready keyspace.ReadyKey, nowMs int64) {
	for _, wants := range queueKinds {
		r.serveQueue(tx, owned, queueKey{ready, wants}, nowMs)
	}
}

func (r *Runner) serveQueue(tx command.Tx, owned txn.Set, at queueKey, nowMs int64) {
	queues := r.engine.queuesOf(at.Key)
	for i := 0; i < len(queues[at]); {
		w := queues[at][i]
		switch {
		case w.set&^owned != 0:
			r.unserved = append(r.unserved, apart{w, at})
			if w.do.InOrder {
				return // those behind it are served after it
			}
			i++
		case r.tryFor(tx, w, at.Key, nowMs): // and the next one has taken its place
		case w.do.InOrder:
			return
		default:
			i++
		}
	}
}

// endTx ends r.tx, and serves those who waited for what it changed.
func (r *Runner) endTx() {
	r.serveTx()
	r.tx.End()
	if len(r.served)+len(r.unserved) > 0 {
		r.finishServed(r.tx.Seen)
	}
}

// serveTx serves those who wait for what r.tx has changed so far.
func (r *Runner) serveTx() { r.serveChanged(&r.tx) }

func (r *Runner) serveChanged(tx *txn.Tx) {
	owned := tx.Owned()
	for owned != 0 && r.takeReady(tx) {
		for _, ready := range r.ready {
			space := tx.DB(ready.DB, []byte(ready.Key)).Space()
			r.serveKey(tx, owned, ready.ReadyKey, space.NowMs)
		}
	}
}

// takeReady lets r.ready be what has become ready on the shards of tx, in the order in which
// it did, and tells whether there is any.
func (r *Runner) takeReady(tx *txn.Tx) bool {
	r.ready = r.ready[:0]
	for _, space := range tx.Spaces() {
		if space != nil && space.HasReady() {
			r.ready = space.TakeReady(r.ready)
		}
	}
	slices.SortFunc(r.ready, func(a, b keyspace.Ready) int { return cmp.Compare(a.Order, b.Order) })
	return len(r.ready) > 0
}

// finishServed lets the connections know of those who were served, whose changes are in the
// journal up to seen, and turns to those who need other shards.
func (r *Runner) finishServed(seen journal.Position) {
	for len(r.served)+len(r.unserved) > 0 {
		for _, w := range r.served {
			w.seen, w.changed = seen, true
			w.done.Store(true)
			w.call.Session.Public.Wake()
		}
		clear(r.served)
		r.served = r.served[:0]
		seen = r.serveApart()
	}
}

// serveApart serves the next of those who need several shards, by a transaction.
func (r *Runner) serveApart() (seen journal.Position) {
	if len(r.unserved) == 0 {
		return 0
	}
	next := r.unserved[0]
	r.unserved = slices.Delete(r.unserved, 0, 1)
	w, at := next.waiter, next.queue
	var tx txn.Tx
	r.engine.shards.Begin(&tx, w.set, r.nowMs)
	nowMs := tx.DB(at.DB, []byte(at.Key)).Space().NowMs
	switch { // those who wait for other things, or on other shards, are not this one's business
	case !w.queued:
	case w.do.InOrder:
		r.serveQueue(&tx, w.set, at, nowMs)
	default:
		r.tryFor(&tx, w, at.Key, nowMs)
	}
	r.serveChanged(&tx)
	tx.End()
	return tx.Seen
}

// Finish tells whether the call of a waiter is done, and appends its reply then. Its
// connection calls it when it is woken and when NextMs has come.
func (r *Runner) Finish(w *Waiter, out *reply.Buffer) (outcome Outcome, done bool) {
	at := out.Len()
	if outcome, done = r.finishAny(w, out); done && w.silent {
		out.Truncate(at)
	}
	return outcome, done
}

// finishAny is Finish for a waiter of any kind.
func (r *Runner) finishAny(w *Waiter, out *reply.Buffer) (outcome Outcome, done bool) {
	r.nowMs = r.engine.clock()
	if w.Acknowledging() {
		return r.finishAck(w, out)
	}
	if w.Settling() {
		return r.finishSettled(w, out)
	}
	if w.errand != nil {
		return r.finishErrand(w, out)
	}
	if !w.done.Load() && !r.finish(w) {
		return Outcome{}, false
	}
	w.call.Session.Public.SetBlocked(nil)
	out.B = append(out.B, w.out.B...)
	return Outcome{Seen: w.seen, Changed: w.changed, Durable: w.call.Durable}, true
}

// finish looks whether the time of a waiter is over, or whether time has brought what it
// waits for.
func (r *Runner) finish(w *Waiter) (done bool) {
	unblock := w.unblock.Load()
	if next := w.NextMs(); unblock == unblockNot && (next == 0 || r.nowMs < next) {
		return false
	}
	if !r.own(w.set) {
		w.retryMs.Store(r.nowMs + busyRetryMs)
		return false
	}
	r.tx.Seen, r.tx.Changed = 0, false
	over := w.queued && r.endWait(w, unblock)
	r.endTx()
	if over {
		w.seen, w.changed = r.tx.Seen, r.tx.Changed
		w.done.Store(true)
	}
	return w.done.Load()
}

// endWait ends the wait of a waiter if its time is over and nothing has come of it in the
// last moment. Its shards are owned by r.tx.
func (r *Runner) endWait(w *Waiter, unblock int32) (over bool) {
	if retry := w.retryMs.Load(); retry != 0 && retry <= r.nowMs {
		w.retryMs.Store(0)
	}
	r.markReady(w)
	r.serveTx()
	switch until := w.untilMs; {
	case !w.queued:
		return false
	case unblock == unblockError:
		w.out.Fail(errUnblocked)
	case unblock == unblockTimeUp, until != 0 && until <= r.nowMs:
		if refusal := r.engine.journalRefusal(); refusal != "" {
			w.out.Fail(refusal) // the answer of its row may be a change
			break
		}
		w.call.NowMs = r.nowMs
		w.call.Args = command.NewArgs(w.call.Argv[w.call.Row.Words():])
		w.do.TimeUp(&r.tx, &w.call)
	default:
		return false
	}
	r.leave(&r.tx, w)
	r.markReady(w) // whoever stands behind it may be served now
	return true
}

// markReady lets those be looked at who wait for the keys of a waiter.
func (r *Runner) markReady(w *Waiter) {
	for _, key := range w.keys {
		at := w.at(key)
		r.tx.DB(at.DB, []byte(key)).Space().MarkReady(at)
	}
}

// failedRetryMs is when a waiter is looked at again while the disk fails: nothing that it waits
// for may be given to it, for that could not be kept.
const failedRetryMs = 100

// busyRetryMs is when a waiter is looked at again while a script runs long.
const busyRetryMs = 10

// Unblock lets the call end as if its time were over, or with an error. It is false if it
// is done, or about to be.
func (w *Waiter) Unblock(asError bool) bool {
	want := unblockTimeUp
	if asError {
		want = unblockError
	}
	if w.done.Load() || !w.unblock.CompareAndSwap(unblockNot, want) {
		return false
	}
	w.call.Session.Public.Wake()
	return true
}

// Waiting is how many calls wait.
func (e *Engine) Waiting() int {
	return int(e.waiting.Load()+e.settles.count.Load()) + e.acks.len() + e.errands.len()
}
