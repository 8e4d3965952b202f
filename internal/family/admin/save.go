// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"errors"
	"math"

	"stampede/internal/command"
	"stampede/internal/persist"
	"stampede/internal/reply"
)

// errMemoryOnly is the answer to whoever wants data on a disk where there is none for it. A
// server that says yes and keeps nothing would be worse.
const errMemoryOnly reply.Error = "ERR nothing can be saved: the server was started with " +
	"--memory-only"

const (
	errSaving    reply.Error = "ERR Background save already in progress"
	errRewriting reply.Error = "ERR Background append only file rewriting already in progress"
	errNoJournal reply.Error = "ERR WAITAOF cannot be used when numlocal is set but appendonly " +
		"is disabled."
)

func (a *admin) saveRows() []command.Spec {
	const saves = command.Admin | command.NoScript | command.NoAsyncLoad
	last := tips(row("LASTSAVE", "", "1.0.0", anytime|command.Fast|command.Dangerous,
		command.Local(a.lastSave), "Tells when the last snapshot was written."),
		"nondeterministic_output")
	last.ACL = "admin"
	return []command.Spec{
		row("BGREWRITEAOF", "", "1.0.0", saves, command.Local(a.rewriteAOF),
			"Makes the journal shorter, in the background."),
		row("BGSAVE", "[SCHEDULE]", "1.0.0", saves, command.Local(a.bgSave),
			"Writes a snapshot, in the background."),
		last,
		linear(row("SAVE", "", "1.0.0", saves|command.NoMulti, command.Leaving(a.save),
			"Writes a snapshot and waits for it.")),
	}
}

// save writes a snapshot while its client waits; in Redis everybody does.
func (a *admin) save(_ command.Tx, c *command.Call) command.Errand {
	if a.Store == nil {
		c.Reply.Fail(errMemoryOnly)
		return nil
	}
	return func(ctx context.Context, _ command.Home, out *reply.Buffer) {
		// Once begun it is written: one that is given up counts as one that failed.
		switch err := a.Store.Save(context.WithoutCancel(ctx)); {
		case errors.Is(err, persist.ErrSaving):
			out.Fail(errSaving)
		case err != nil:
			out.Fail("ERR " + reply.Error(err.Error()))
		default:
			out.OK()
		}
	}
}

func (a *admin) bgSave(c *command.Call) {
	schedule := c.Args.Opt("SCHEDULE")
	if !only(c) {
		return
	}
	switch {
	case a.Store == nil:
		c.Reply.Fail(errMemoryOnly)
	case a.Store.SaveSoon(schedule):
		c.Reply.Simple("Background saving started")
	case schedule:
		c.Reply.Simple("Background saving scheduled")
	default:
		c.Reply.Fail(errSaving)
	}
}

// rewriteAOF is a snapshot, too: it is what lets old segments of the journal go.
func (a *admin) rewriteAOF(c *command.Call) {
	switch {
	case a.Store == nil:
		c.Reply.Fail(errMemoryOnly)
	case a.Store.SaveSoon(false):
		c.Reply.Simple("Background append only file rewriting started")
	default:
		c.Reply.Fail(errRewriting)
	}
}

// lastSave tells when the last snapshot was whole, or when the server started.
func (a *admin) lastSave(c *command.Call) {
	if a.Store == nil {
		c.Reply.Int(a.Facts.StartMs / 1000)
		return
	}
	c.Reply.Int(a.Store.Status().LastSaveMs / 1000)
}

// waitRow is WAITAOF, of Redis 7.2.
func (a *admin) waitRow() command.Spec {
	return command.Spec{
		Name: "WAITAOF", Args: "numlocal:int numreplicas:int timeout:int", Since: "7.2.0",
		Summary: "Waits until everything written so far is durable.",
		Group:   command.GroupGeneric, Flags: command.NoScript,
		Cost: "O(1)", Do: command.Settled{Begin: a.beginWait, End: endWait},
	}
}

// beginWait reads a call of WAITAOF. It makes the disk sync, whatever appendfsync says, instead
// of waiting until it happens.
func (a *admin) beginWait(c *command.Call) (done bool) {
	local, replicas, timeoutMs := c.Args.Int(), c.Args.Int(), c.Args.Int()
	journaled := a.Store != nil && a.Store.Journal() != nil
	switch {
	case c.Args.Err() != nil:
		c.Reply.Err(c.Args.Err())
	case local < 0 || local > 1:
		c.Reply.Fail("ERR value is out of range, must be between 0 and 1")
	case replicas < 0:
		c.Reply.Fail("ERR value is out of range, must be positive")
	case timeoutMs < 0:
		c.Reply.Fail("ERR timeout is negative")
	case local > 0 && !journaled:
		c.Reply.Fail(errNoJournal)
	case !journaled:
		endWait(c, false)
	default:
		if timeoutMs > 0 {
			c.Wait.UntilMs = c.NowMs + min(timeoutMs, math.MaxInt64-c.NowMs)
		}
		return false
	}
	return true
}

func endWait(c *command.Call, durable bool) {
	c.Reply.Array(2)
	if durable {
		c.Reply.Int(1)
	} else {
		c.Reply.Int(0)
	}
	c.Reply.Int(0) // there are no replicas
}

// waitReplicasRow is WAIT. It waits for nobody: a replica that does not exist gives no answer
// within any time.
func (a *admin) waitReplicasRow() command.Spec {
	return command.Spec{
		Name: "WAIT", Args: "numreplicas:int timeout:int", Since: "3.0.0",
		Summary: "Tells how many replicas have what was written so far: none.",
		Group:   command.GroupGeneric, Flags: command.NoScript, ACL: "connection",
		Tips: "request_policy:all_shards response_policy:agg_min",
		Cost: "O(1)", Do: command.Local(waitReplicas),
	}
}

func waitReplicas(c *command.Call) {
	c.Args.Int()
	timeoutMs := c.Args.IntOr("ERR timeout is not an integer or out of range")
	if timeoutMs < 0 {
		c.Args.Fail(reply.Error("ERR timeout is negative"))
	}
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	c.Reply.Int(0)
}
