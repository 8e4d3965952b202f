// SPDX-License-Identifier: Apache-2.0

// Package connection is the family of commands about connections: who a client is, which
// protocol and database it uses, and what may be known and done about the others.
//
// A handler runs on the connection that called it and changes only that connection's
// session. Of others it sees the public part, and ends them by asking their transport.
//
// What is not here: sockets (package server), rights of users, and who may call what
// before AUTH (package engine, by the flags of the rows).
package connection

import (
	"math"
	"slices"

	"stampede/internal/command"
	"stampede/internal/config"
	"stampede/internal/keyspace"
	"stampede/internal/pubsub"
	"stampede/internal/reply"
	"stampede/internal/session"
)

// Services are the parts of the server that this family works with. All are required.
type Services struct {
	Config   *config.Config
	Sessions *session.Registry
	Hub      *pubsub.Hub
	Version  string // of Redis, whose behaviour the server has: "7.2.4"
}

// connection has the handlers that need Services.
type connection struct{ Services }

const (
	anytime = command.NoScript | command.Loading | command.Stale
	door    = anytime | command.Fast | command.NoAuth | command.AllowBusy
)

// Commands are the rows of this family.
func Commands(s Services) []command.Spec {
	c := &connection{s}
	return slices.Concat(c.sessionRows(), c.clientRows())
}

func (h *connection) sessionRows() []command.Spec {
	return []command.Spec{{
		Name: "AUTH", Args: "[username] password",
		Summary: "Tells the server who the client is.",
		Group:   command.GroupConnection, Flags: door, Since: "1.0.0", Cost: "O(N)",
		Do: command.Local(h.auth),
	}, {
		Name: "ECHO", Args: "message",
		Summary: "Gives back what it got.",
		Group:   command.GroupConnection, Flags: command.Fast | command.Loading | command.Stale,
		Since: "1.0.0", Cost: "O(1)",
		Do: command.Local(echo),
	}, {
		Name: "HELLO", Args: "[protover:int [AUTH username password] [SETNAME clientname]]",
		Summary: "Agrees on the protocol with the server and introduces the client.",
		Group:   command.GroupConnection, Flags: door, Since: "6.0.0", Cost: "O(1)",
		Do: command.Local(h.hello),
	}, {
		Name: "PING", Args: "[message]",
		Summary: "Answers, so that the client knows that the server does.",
		Group:   command.GroupConnection, Flags: command.Fast | command.Subscribed,
		Since: "1.0.0", Cost: "O(1)",
		Tips: "request_policy:all_shards response_policy:all_succeeded",
		Do:   command.Local(ping),
	}, {
		Name:    "QUIT",
		Summary: "Closes the connection.",
		Group:   command.GroupConnection, Flags: door | command.Immediate | command.Subscribed,
		Since: "1.0.0", Cost: "O(1)",
		ArityAs: -1,
		Do:      command.Local(quit),
	}, {
		Name:    "RESET",
		Summary: "Puts the connection back to how it was when it began.",
		Group:   command.GroupConnection, Flags: door | command.Immediate | command.Subscribed,
		Since: "6.2.0", Cost: "O(1)",
		Do: command.OnAll(h.reset),
	}, {
		Name: "SELECT", Args: "index:int",
		Summary: "Chooses the database of this connection.",
		Group:   command.GroupConnection, Flags: command.Fast | command.Loading | command.Stale,
		Since: "1.0.0", Cost: "O(1)",
		Do: command.Local(h.selectDB),
	}}
}

func ping(c *command.Call) {
	switch {
	case c.Args.Left() > 1:
		c.Reply.Fail(reply.ErrArity("ping"))
	case c.Session.Confined():
		c.Reply.Array(2)
		c.Reply.Text("pong")
		if c.Args.More() {
			c.Reply.Bulk(c.Args.Bytes())
		} else {
			c.Reply.Text("")
		}
	case c.Args.More():
		c.Reply.Bulk(c.Args.Bytes())
	default:
		c.Reply.Simple("PONG")
	}
}

func echo(c *command.Call) { c.Reply.Bulk(c.Args.Bytes()) }

const errInt32 reply.Error = "ERR value is out of range, " +
	"value must between -2147483648 and 2147483647"

func (h *connection) selectDB(c *command.Call) {
	n := c.Args.Int()
	switch {
	case c.Args.Err() != nil:
		c.Reply.Err(c.Args.Err())
	case n < math.MinInt32 || n > math.MaxInt32:
		c.Reply.Fail(errInt32)
	case n < 0 || n >= h.Config.Int(config.Databases):
		c.Reply.Fail(reply.ErrDBIndex)
	default:
		c.Session.DB = int(n)
		c.Reply.OK()
	}
}

func quit(c *command.Call) {
	c.Session.Closing = true
	c.Reply.OK()
}

// reset needs every shard because one of them may know what the session watches, or holds.
func (h *connection) reset(spaces []*keyspace.Space, c *command.Call) {
	watches := &c.Session.Watches
	for _, watched := range watches.Keys() {
		for _, space := range spaces {
			space.DB(watched.DB).Unwatch(watches, watched.Key)
		}
	}
	watches.Clear()
	if c.Session.Bound.Swap(false) {
		for _, space := range spaces {
			space.EndSession(c.Session.ID)
		}
	}
	if m := c.Session.Mailbox; m != nil {
		h.Hub.Leave(m)
		c.Reply.B = m.Collect(c.Reply.B)
		m.Speak(false)
	}
	c.Session.Reset(h.Config.Text(config.RequirePass) == "")
	c.Reply.Proto = c.Session.Proto
	c.Reply.Simple("RESET")
}
