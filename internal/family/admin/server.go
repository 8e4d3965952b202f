// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"math"

	"stampede/internal/command"
	"stampede/internal/reply"
)

func (a *admin) serverRows() []command.Spec {
	const replica = command.Admin | command.NoScript | command.Stale | command.NoAsyncLoad
	old := row("SLAVEOF", "<host port:int | NO ONE>", "1.0.0", replica,
		command.Local(replicaOf), "Makes the server a replica of another, or a primary.")
	old.Deprecated, old.Instead = "5.0.0", "REPLICAOF"
	role := row("ROLE", "", "2.8.12", anytime|command.Fast|command.NoScript|command.Dangerous,
		command.Local(role), "Tells whether the server is a primary or a replica, and of whom.")
	role.ACL = "admin"
	return []command.Spec{
		row("LOLWUT", "[VERSION version:int]", "5.0.0", command.Read|command.Fast,
			command.Local(a.lolwut), "Draws a picture and tells the version."),
		row("REPLICAOF", "<host port:int | NO ONE>", "5.0.0", replica,
			command.Local(replicaOf), "Makes the server a replica of another, or a primary."),
		role,
		linear(row("SHUTDOWN", "[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]", "1.0.0",
			guarded|command.NoMulti|command.AllowBusy, command.Local(a.shutdown),
			"Ends the server.")),
		old,
		tips(row("TIME", "", "2.6.0", anytime|command.Fast, command.Local(a.time),
			"Tells the time of the server."), "nondeterministic_output"),
	}
}

func (a *admin) time(c *command.Call) {
	micros := c.NowMs * 1000
	if a.ClockMicros != nil {
		micros = a.ClockMicros()
	}
	seconds, rest := clockText(micros)
	c.Reply.Array(2)
	c.Reply.Text(seconds)
	c.Reply.Text(rest)
}

func role(c *command.Call) {
	c.Reply.Array(3)
	c.Reply.Text("master")
	c.Reply.Int(0)
	c.Reply.Array(0)
}

func replicaOf(c *command.Call) {
	if c.Args.Opt("NO") && c.Args.Opt("ONE") {
		c.Reply.OK()
		return
	}
	c.Args = command.NewArgs(c.Argv[1:])
	c.Args.Bytes()
	if port := c.Args.Int(); c.Args.Err() != nil || port < 0 || port > math.MaxUint16 {
		c.Reply.Fail("ERR Invalid master port")
		return
	}
	c.Reply.Fail("ERR replication is not available in this version")
}

// shutdownWish is what SHUTDOWN is told.
type shutdownWish struct{ save, noSave, now, force, abort bool }

// read reads the words in any order. NOW and FORCE change nothing: nobody is waited for.
func (w *shutdownWish) read(a *command.Args) {
	for a.More() {
		switch {
		case a.Opt("SAVE"):
			w.save = true
		case a.Opt("NOSAVE"):
			w.noSave = true
		case a.Opt("NOW"):
			w.now = true
		case a.Opt("FORCE"):
			w.force = true
		case a.Opt("ABORT"):
			w.abort = true
		default:
			a.Fail(reply.ErrSyntax)
		}
	}
	if (w.save && w.noSave) || (w.abort && (w.save || w.noSave || w.now || w.force)) {
		a.Fail(reply.ErrSyntax)
	}
}

// shutdown has no reply where it succeeds: the connection just ends.
func (a *admin) shutdown(c *command.Call) {
	var w shutdownWish
	w.read(&c.Args)
	switch {
	case c.Args.Err() != nil:
		c.Reply.Err(c.Args.Err())
	case w.abort:
		c.Reply.Fail("ERR No shutdown in progress.")
	case a.Shutdown == nil:
		c.Reply.Fail("ERR SHUTDOWN is not possible in this program")
	default:
		c.Session.Closing = true
		a.Shutdown(w.save || !w.noSave && a.Store != nil && a.Store.SavesAtEnd())
	}
}

// horse is the picture of LOLWUT.
const horse = `
        ,--,
  _ ___/ /\|     ,--,
 ;( )__, )  _ ___/ /\|
; //   '--; ;( )__, )
  \     |   ; //   '--;
   ^    ^     \     |
               ^    ^
`

func (a *admin) lolwut(c *command.Call) {
	if c.Args.Opt("VERSION") {
		c.Args.Int()
	}
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	c.Reply.Verbatim("txt", horse+"\nStampede "+a.Facts.Version+
		"\nRedis ver. "+a.Facts.RedisVersion+"\n")
}
