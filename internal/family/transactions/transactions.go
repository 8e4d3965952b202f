// SPDX-License-Identifier: Apache-2.0

// Package transactions is the family of MULTI: calls that are queued and run as one.
//
// Queueing and running are the engine's business; here is what the commands themselves do
// to their session. A handler runs on the connection that called it.
package transactions

import (
	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

const always = command.NoScript | command.Loading | command.Stale | command.Fast |
	command.AllowBusy | command.Immediate

// Commands are the rows of this family.
var Commands = []command.Spec{{
	Name:    "DISCARD",
	Summary: "Forgets the calls that were queued since MULTI.",
	Group:   command.GroupTransactions, Flags: always, Since: "2.0.0", Cost: "O(N) in queued calls",
	Do: command.OnAll(discard),
}, {
	Name:    "EXEC",
	Summary: "Runs the calls that were queued since MULTI, all or, if a watched key changed, none.",
	Group:   command.GroupTransactions, Since: "1.2.0", Cost: "that of the queued calls",
	Flags: command.NoScript | command.Loading | command.Stale | command.SkipSlowLog |
		command.Immediate,
	Do: command.Exec{},
}, {
	Name:    "MULTI",
	Summary: "Queues the calls that follow until EXEC.",
	Group:   command.GroupTransactions, Flags: always, Since: "1.2.0", Cost: "O(1)",
	Do: command.Local(multi),
}, {
	Name:    "UNWATCH",
	Summary: "Looks at no key any more.",
	Group:   command.GroupTransactions, Since: "2.2.0", Cost: "O(N) in watched keys",
	Flags: always &^ command.Immediate,
	Do:    command.OnAll(unwatch),
}, {
	Name: "WATCH", Args: "@key [@key ...]",
	Summary: "Lets the next EXEC do nothing if one of the keys changes before.",
	Group:   command.GroupTransactions, Flags: always, Since: "2.2.0", Cost: "O(1) for each key",
	KeyUse: "RO",
	Do:     command.OnKeys(watch),
}}

func multi(c *command.Call) {
	if c.Session.Multi.Active {
		c.Reply.Fail("ERR MULTI calls can not be nested")
		return
	}
	c.Session.Multi.Begin()
	c.Reply.OK()
}

func discard(spaces []*keyspace.Space, c *command.Call) {
	if !c.Session.Multi.Active {
		c.Reply.Fail("ERR DISCARD without MULTI")
		return
	}
	c.Session.Multi.End()
	Unwatch(spaces, &c.Session.Watches)
	c.Reply.OK()
}

func watch(tx command.Tx, c *command.Call) {
	if c.Session.Multi.Active {
		c.Reply.Fail(reply.Error("ERR WATCH inside MULTI is not allowed"))
		return
	}
	for c.Args.More() {
		key := c.Args.Bytes()
		tx.DB(c.DB, key).Watch(&c.Session.Watches, key)
	}
	c.Reply.OK()
}

func unwatch(spaces []*keyspace.Space, c *command.Call) {
	Unwatch(spaces, &c.Session.Watches)
	c.Reply.OK()
}

// Unwatch lets go of all keys that w watches, in whichever of the spaces they lie. Spaces
// that are nil are not owned and hold none of the keys.
func Unwatch(spaces []*keyspace.Space, w *keyspace.Watch) {
	for _, watched := range w.Keys() {
		for _, space := range spaces {
			if space != nil {
				space.DB(watched.DB).Unwatch(w, watched.Key)
			}
		}
	}
	w.Clear()
}
