// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"math"
	"slices"

	"stampede/internal/command"
	"stampede/internal/reply"
	"stampede/internal/session"
)

func (h *connection) clientRows() []command.Spec {
	return slices.Concat([]command.Spec{{
		Name:    "CLIENT",
		Summary: "Looks after connections.",
		Group:   command.GroupConnection, Since: "2.4.0",
	}}, h.othersRows(), ownRows(), trackingRows())
}

const admin = anytime | command.Admin

// row is a subcommand of CLIENT as most of them are.
func row(name, args, since string, flags command.Flags, do func(*command.Call),
	summary string) command.Spec {
	return command.Spec{
		Name: "CLIENT|" + name, Args: args, Summary: summary, Since: since,
		Group: command.GroupConnection, Flags: flags, Cost: "O(1)", Do: command.Local(do),
	}
}

// othersRows are about all connections.
func (h *connection) othersRows() []command.Spec {
	kill := row("KILL", killArgs, "2.4.0", admin, h.kill, "Closes connections.")
	kill.ArityAs, kill.Cost = -3, "O(N)"
	list := row("LIST", "[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] "+
		"[ID client-id:int [client-id:int ...]]", "2.4.0", admin, h.list,
		"Describes the connections that are open.")
	list.Tips, list.Cost = "nondeterministic_output", "O(N)"
	return []command.Spec{
		kill,
		list,
		row("PAUSE", "timeout:int [WRITE | ALL]", "2.9.50", admin, h.pause,
			"Makes clients wait for a time."),
		row("UNBLOCK", "client-id:int [TIMEOUT | ERROR]", "5.0.0", admin, h.unblock,
			"Ends the waiting of another connection."),
		row("UNPAUSE", "", "6.2.0", admin, h.unpause, "Ends the pause of clients."),
	}
}

// ownRows are about the connection of whoever calls.
func ownRows() []command.Spec {
	about := row("INFO", "", "6.2.0", anytime, info, "Describes this connection.")
	about.Tips = "nondeterministic_output"
	return []command.Spec{
		about,
		row("GETNAME", "", "2.6.9", anytime, getName, "Gives the name of this connection."),
		row("ID", "", "5.0.0", anytime, id, "Gives the number of this connection."),
		row("NO-EVICT", "<ON | OFF>", "7.0.0", admin, noEvict,
			"Says whether this connection may be closed when memory is short."),
		row("NO-TOUCH", "<ON | OFF>", "7.2.0", anytime, noTouch,
			"Says whether reads by this connection count as use of keys."),
		row("REPLY", "<ON | OFF | SKIP>", "3.2.0", anytime, replyMode,
			"Says whether the server answers this connection."),
		row("SETINFO", "<LIB-NAME libname | LIB-VER libver>", "7.2.0", anytime, setInfo,
			"Tells which client library this connection uses."),
		row("SETNAME", "connection-name", "2.6.9", anytime, setName, "Names this connection."),
	}
}

// killArgs is the synopsis of CLIENT KILL as Redis prints it.
const killArgs = "<ip:port:string | <[ID client-id:int] | [TYPE <NORMAL | MASTER | SLAVE | " +
	"REPLICA | PUBSUB>] | [USER username] | [ADDR ip:port:string] | [LADDR " +
	"ip:port:string] | [SKIPME yes/no]> [<[ID client-id:int] | [TYPE <NORMAL | " +
	"MASTER | SLAVE | REPLICA | PUBSUB>] | [USER username] | [ADDR " +
	"ip:port:string] | [LADDR ip:port:string] | [SKIPME yes/no]> ...]>"

func id(c *command.Call) { c.Reply.Int(c.Session.ID) }

func getName(c *command.Call) {
	if name := c.Session.Public.Info().Name; name != "" {
		c.Reply.Text(name)
		return
	}
	c.Reply.Null()
}

func setName(c *command.Call) {
	name := string(c.Args.Bytes())
	if !validName(name) {
		c.Reply.Fail(errName)
		return
	}
	c.Session.Public.SetName(name)
	c.Reply.OK()
}

func setInfo(c *command.Call) {
	attribute := c.Args.Bytes()
	value := string(c.Args.Bytes())
	set := c.Session.Public.SetLib
	switch {
	case command.EqualFold(attribute, "LIB-NAME"):
	case command.EqualFold(attribute, "LIB-VER"):
		set = c.Session.Public.SetLibVersion
	default:
		c.Reply.Fail(reply.Error("ERR Unrecognized option '" + string(attribute) + "'"))
		return
	}
	if !validName(value) {
		c.Reply.Fail(reply.Error("ERR " + string(attribute) +
			" cannot contain spaces, newlines or special characters."))
		return
	}
	set(value)
	c.Reply.OK()
}

// onOff reads ON or OFF. If it is neither it answers and ok is false.
func onOff(c *command.Call) (on, ok bool) {
	switch {
	case c.Args.Opt("ON"):
		return true, true
	case c.Args.Opt("OFF"):
		return false, true
	}
	c.Reply.Fail(reply.ErrSyntax)
	return false, false
}

func noEvict(c *command.Call) {
	if on, ok := onOff(c); ok {
		c.Session.Public.SetNoEvict(on)
		c.Reply.OK()
	}
}

func noTouch(c *command.Call) {
	if on, ok := onOff(c); ok {
		c.Session.NoTouch = on
		c.Reply.OK()
	}
}

// replyMode is the one command that may stay without a reply.
func replyMode(c *command.Call) {
	switch {
	case c.Args.Opt("ON"):
		c.Session.Reply = session.ReplyOn
		c.Reply.OK()
	case c.Args.Opt("OFF"):
		c.Session.Reply = session.ReplyOff
	case c.Args.Opt("SKIP"):
		if c.Session.Reply != session.ReplyOff {
			c.Session.Reply = session.ReplySkipNext
		}
	default:
		c.Reply.Fail(reply.ErrSyntax)
	}
}

func (h *connection) pause(c *command.Call) {
	timeout := c.Args.IntOr("ERR timeout is not an integer or out of range")
	all := true
	switch {
	case c.Args.Opt("WRITE"):
		all = false
	case c.Args.Opt("ALL"):
	case c.Args.More():
		c.Args.Fail(reply.Error("ERR CLIENT PAUSE mode must be WRITE or ALL"))
	}
	switch {
	case c.Args.Err() != nil:
		c.Reply.Err(c.Args.Err())
	case c.Args.More():
		c.Reply.Fail(reply.ErrArity(c.Row.Lower))
	case timeout < 0:
		c.Reply.Fail("ERR timeout is negative")
	default:
		until := int64(math.MaxInt64)
		if timeout < until-c.NowMs {
			until = c.NowMs + timeout
		}
		h.Sessions.Pause(all, until, c.NowMs)
		c.Reply.OK()
	}
}

func (h *connection) unpause(c *command.Call) {
	h.Sessions.Unpause()
	c.Reply.OK()
}

func (h *connection) unblock(c *command.Call) {
	id, asError := c.Args.Int(), false
	if c.Args.More() && !c.Args.Opt("TIMEOUT") {
		if asError = c.Args.Opt("ERROR"); !asError {
			c.Args.Fail(reply.Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"))
		}
	}
	if c.Args.Err() != nil {
		c.Reply.Err(c.Args.Err())
		return
	}
	if other := h.Sessions.Find(id); other != nil && other.Unblock(asError) {
		c.Reply.Int(1)
		return
	}
	c.Reply.Int(0)
}
