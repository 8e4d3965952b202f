// SPDX-License-Identifier: Apache-2.0

// Package lock is the family of locks: exclusive or shared, for a time or as long as a
// connection lives, tried once or waited for in order of arrival, each grant with a fence.
//
// A lock has the name of a key and belongs to the key's shard, but it is no key: see
// [keyspace.Locks]. A handler runs while that shard is owned and touches nothing else.
//
// The rules are package lease's, the queues of those who wait package engine's.
package lock

import (
	"slices"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/lease"
	"stampede/internal/reply"
)

// writes are the flags of what changes a lock. A script's undoing knows keys only, so a
// script that does it owns all shards (OtherDBs).
const writes = command.Write | command.Fast | command.OtherDBs

// chance says that fences are not the same wherever the same calls run.
const chance = "nondeterministic_output"

// Commands are the rows of this family.
var Commands = []command.Spec{{
	Name: "LOCK.ACQUIRE", Args: "@key token milliseconds:int [SHARED] [SESSION] [WAIT timeout:int]",
	Summary: "Takes a lock for a time, or as long as the connection lives, and gives its fence.",
	Group:   command.GroupLock, Flags: writes | command.DenyOOM | command.Blocking,
	Since: command.Own, Cost: "O(log N) in locks that are held", Tips: chance,
	Do: command.Waiting{
		Try: try, TimeUp: timeUp, MayWait: mayWait, InOrder: true, Locks: true,
	},
}, {
	Name: "LOCK.EXTEND", Args: "@key token milliseconds:int",
	Summary: "Lets the owner of a lock have it for longer.",
	Group:   command.GroupLock, Flags: writes, Since: command.Own,
	Cost: "O(log N) in locks that are held", Tips: chance,
	Do: command.OnShard(extend),
}, {
	Name: "LOCK.INFO", Args: "@key",
	Summary: "Tells who holds a lock, and how many wait for it.",
	Group:   command.GroupLock, Flags: command.Read, Since: command.Own,
	Cost: "O(N log N) in its holders", Tips: chance,
	Do: command.OnShard(info),
}, {
	Name: "LOCK.RELEASE", Args: "@key token",
	Summary: "Lets go of a lock, if the token is its owner's.",
	Group:   command.GroupLock, Flags: writes, Since: command.Own,
	Cost: "O(log N) in locks that are held",
	Do:   command.OnShard(release),
}}

// The refusals.
const (
	errName  reply.Error = "ERR the name of a lock has at most 65535 bytes"
	errToken reply.Error = "ERR a token has 1 to 256 bytes"
	errLease reply.Error = "ERR a lease takes 1 to 31622400000 milliseconds, or 0 with SESSION"
	errWait  reply.Error = "ERR WAIT takes 1 to 31622400000 milliseconds, or 0 for no end"
	errOther reply.Error = "ERR the token holds this lock in another way: release it first"
)

// wish is what LOCK.ACQUIRE is told.
type wish struct {
	lease.Request
	waits  bool
	waitMs int64 // 0: without an end
}

func readWish(c *command.Call) (w wish, err error) {
	a := &c.Args
	w.Key, w.Token = nameAndToken(a)
	w.ForMs = a.Int()
	for a.More() {
		switch {
		case a.Opt("SHARED"):
			w.Shared = true
		case a.Opt("SESSION"):
			w.Session = uint64(c.Session.ID)
		case a.Opt("WAIT"):
			w.waits, w.waitMs = true, a.Int()
			if w.waitMs < 0 || w.waitMs > lease.LeaseMsMax {
				a.Fail(errWait)
			}
		default:
			a.Fail(reply.ErrSyntax)
		}
	}
	if w.ForMs < 0 || w.ForMs > lease.LeaseMsMax || w.ForMs == 0 && w.Session == 0 {
		a.Fail(errLease)
	}
	return w, a.Err()
}

func nameAndToken(a *command.Args) (name, token []byte) {
	name, token = a.Bytes(), a.Bytes()
	switch {
	case len(name) > lease.KeyBytesMax:
		a.Fail(errName)
	case len(token) < 1 || len(token) > lease.TokenBytesMax:
		a.Fail(errToken)
	}
	return name, token
}

// try grants the lock, or says until when to wait for it. Who waits stands behind all who
// came before, even if the lock would let them both in.
func try(tx command.Tx, c *command.Call) (done bool) {
	w, err := readWish(c)
	if err != nil {
		c.Reply.Err(err)
		return true
	}
	locks := tx.DB(c.DB, w.Key).Locks()
	if c.Others && !locks.Holds(w.Key, w.Token) {
		locks.MarkReady(w.Key) // time may have come for the first of them
		return wait(c, &w)
	}
	grant, ok, err := locks.Acquire(w.Request)
	switch {
	case err != nil:
		c.Reply.Fail(errOther)
	case ok:
		if w.Session != 0 {
			c.Session.Bound.Store(true)
		}
		c.Reply.Int(grant.Fence)
	default:
		c.Wait.RetryMs = locks.FreeAtMs(w.Key)
		return wait(c, &w)
	}
	return true
}

// wait is the end of a try that was in vain; it counts from the first one.
func wait(c *command.Call, w *wish) (done bool) {
	if !w.waits {
		c.Reply.Null()
		return true
	}
	if w.Session != 0 {
		c.Session.Bound.Store(true) // it may be granted while nobody runs the session's calls
	}
	if w.waitMs != 0 && c.Wait.UntilMs == 0 {
		c.Wait.UntilMs = c.NowMs + w.waitMs
	}
	return false
}

func timeUp(_ command.Tx, c *command.Call) { c.Reply.Null() }

// mayWait looks for WAIT behind the key, the token and the time.
func mayWait(argv [][]byte) bool {
	return slices.ContainsFunc(argv[min(len(argv), 4):], func(arg []byte) bool {
		return command.EqualFold(arg, "WAIT")
	})
}

func release(db *keyspace.DB, c *command.Call) {
	name, token := nameAndToken(&c.Args)
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	if db.Locks().Release(name, token) {
		c.Reply.Int(1)
	} else {
		c.Reply.Int(0)
	}
}

func extend(db *keyspace.DB, c *command.Call) {
	name, token := nameAndToken(&c.Args)
	ms := c.Args.Int()
	if ms < 1 || ms > lease.LeaseMsMax {
		c.Args.Fail(errLease)
	}
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	if grant, ok := db.Locks().Extend(name, token, ms); ok {
		c.Reply.Int(grant.Fence)
	} else {
		c.Reply.Null()
	}
}

// held is a holder as LOCK.INFO shows it.
type held struct {
	token   []byte
	grant   lease.Grant
	session uint64
}

func info(db *keyspace.DB, c *command.Call) {
	name := c.Args.Bytes()
	var holders []held
	info, waiting := db.Locks().Info(name, func(h lease.Holder) {
		holders = append(holders, held{h.Token, h.Grant, h.Session})
	})
	slices.SortFunc(holders, func(a, b held) int { return int(a.grant.Fence - b.grant.Fence) })
	r := c.Reply
	r.Map(3)
	r.Text("mode")
	switch {
	case len(holders) == 0:
		r.Text("free")
	case info.Shared:
		r.Text("shared")
	default:
		r.Text("exclusive")
	}
	r.Text("waiting")
	r.Int(int64(waiting))
	r.Text("holders")
	r.Array(len(holders))
	for _, h := range holders {
		r.Map(4)
		r.Text("token")
		r.Bulk(h.token)
		r.Text("fence")
		r.Int(h.grant.Fence)
		r.Text("deadline")
		orNull(r, h.grant.DeadlineMs)
		r.Text("session")
		orNull(r, int64(h.session))
	}
}

// orNull writes a number that is not there if it is 0.
func orNull(r *reply.Buffer, n int64) {
	if n == 0 {
		r.Null()
	} else {
		r.Int(n)
	}
}
