// SPDX-License-Identifier: Apache-2.0

// Package pubsub is the family of commands about messages: SUBSCRIBE, PUBLISH and their
// relatives, PUBSUB, and MONITOR, which is a subscription to all that is called.
//
// A handler runs on the connection that called it and owns that connection's mailbox. Who has
// subscribed to what is known by the hub of package pubsub, which brings the messages.
//
// What is not here: events of keys (package engine), and which calls a RESP2 connection may
// make that has subscribed (there, too).
package pubsub

import (
	"slices"

	"stampede/internal/command"
	"stampede/internal/journal"
	"stampede/internal/pubsub"
	"stampede/internal/reply"
)

// Services are the parts of the server that this family works with. All are required.
type Services struct {
	Hub *pubsub.Hub
	// At is up to where the journal must be durable before anyone may see a message that is
	// published now.
	At func() journal.Position
}

// family has the handlers.
type family struct{ Services }

const (
	anytime = command.PubSub | command.Loading | command.Stale
	own     = anytime | command.NoScript | command.Messages | command.Subscribed
)

// Commands are the rows of this family.
func Commands(s Services) []command.Spec {
	f := &family{s}
	return slices.Concat(f.subscribeRows(), f.publishRows(), f.aboutRows())
}

func (f *family) subscribeRows() []command.Spec {
	row := func(name, args, since, summary string, kind pubsub.Kind,
		do func(*command.Call, pubsub.Kind)) command.Spec {
		return command.Spec{
			Name: name, Args: args, Since: since, Summary: summary,
			Group: command.GroupPubSub, Flags: own, Cost: "O(N) in names",
			Do: command.Local(func(c *command.Call) { do(c, kind) }),
		}
	}
	return []command.Spec{
		row("PSUBSCRIBE", "pattern:pattern [pattern:pattern ...]", "2.0.0",
			"Lets what is published on channels with matching names come to this connection.",
			pubsub.Pattern, f.subscribe),
		row("PUNSUBSCRIBE", "[pattern:pattern [pattern:pattern ...]]", "2.0.0",
			"Ends subscriptions by pattern, or all of them.", pubsub.Pattern, f.unsubscribe),
		routed(-1, row("SSUBSCRIBE", "shardchannel:string [shardchannel:string ...]", "7.0.0",
			"Lets what is published on shard channels come to this connection.",
			pubsub.Shard, f.subscribe)),
		row("SUBSCRIBE", "channel:string [channel:string ...]", "2.0.0",
			"Lets what is published on channels come to this connection.",
			pubsub.Channel, f.subscribe),
		routed(-1, row("SUNSUBSCRIBE", "[shardchannel:string [shardchannel:string ...]]", "7.0.0",
			"Ends subscriptions to shard channels, or all of them.", pubsub.Shard, f.unsubscribe)),
		row("UNSUBSCRIBE", "[channel:string [channel:string ...]]", "2.0.0",
			"Ends subscriptions to channels, or all of them.", pubsub.Channel, f.unsubscribe),
	}
}

// routed says that the names of shard channels, the last of them at the given place, tell a
// cluster where to go, as keys do.
func routed(last int, s command.Spec) command.Spec {
	s.KeySpecs = []command.KeySpec{{
		Use:   command.KeyNotKey,
		Begin: command.KeyBegin{Index: 1}, Find: command.KeyFind{Step: 1, Last: last},
	}}
	return s
}

// verbs are the first words of what answers a subscription and its end, by kind.
var verbs = [...][2]string{
	pubsub.Channel: {"subscribe", "unsubscribe"},
	pubsub.Pattern: {"psubscribe", "punsubscribe"},
	pubsub.Shard:   {"ssubscribe", "sunsubscribe"},
}

func (f *family) subscribe(c *command.Call, kind pubsub.Kind) {
	m := c.Session.OpenMailbox(f.Hub)
	for c.Args.More() {
		name := c.Args.Bytes()
		f.Hub.Subscribe(m, kind, name)
		tell(c, verbs[kind][0], kind, name)
	}
}

// unsubscribe brings what was published before, so that nothing of a channel comes after the
// word that its subscription has ended.
func (f *family) unsubscribe(c *command.Call, kind pubsub.Kind) {
	m := c.Session.Mailbox
	if m == nil {
		m = c.Session.OpenMailbox(f.Hub)
	}
	names := c.Args.Rest()
	if len(names) == 0 {
		for _, name := range f.Hub.Names(m, kind) {
			names = append(names, []byte(name))
		}
	}
	for _, name := range names {
		f.Hub.Unsubscribe(m, kind, name)
		c.Reply.B = m.Collect(c.Reply.B)
		tell(c, verbs[kind][1], kind, name)
	}
	if len(names) == 0 {
		tell(c, verbs[kind][1], kind, nil)
	}
}

// tell answers for one name; nil: there was none. The number behind it is how many
// subscriptions are left: of channels and patterns together, of shard channels alone.
func tell(c *command.Call, verb string, kind pubsub.Kind, name []byte) {
	m := c.Session.Mailbox
	n := m.Count(pubsub.Shard)
	if kind != pubsub.Shard {
		n = m.Count(pubsub.Channel) + m.Count(pubsub.Pattern)
	}
	c.Reply.Push(3)
	c.Reply.Text(verb)
	if name == nil {
		c.Reply.Null()
	} else {
		c.Reply.Bulk(name)
	}
	c.Reply.Int(int64(n))
}

func (f *family) publishRows() []command.Spec {
	row := func(name, args, since, summary string, kind pubsub.Kind) command.Spec {
		return command.Spec{
			Name: name, Args: args, Since: since, Summary: summary,
			Group: command.GroupPubSub, Flags: anytime | command.Fast | command.Spreads,
			Cost: "O(N+M) in receivers and in patterns",
			Do:   command.Local(func(c *command.Call) { f.publish(c, kind) }),
		}
	}
	shard := routed(0, row("SPUBLISH", "shardchannel:string message", "7.0.0",
		"Publishes a message on a shard channel.", pubsub.Shard))
	return []command.Spec{
		row("PUBLISH", "channel:string message", "2.0.0",
			"Publishes a message on a channel.", pubsub.Channel),
		shard,
	}
}

// publish answers with the number of those who get the message. What is published within a
// transaction goes out when that ends, after its changes and in the order of both.
func (f *family) publish(c *command.Call, kind pubsub.Kind) {
	message := pubsub.Message{Kind: kind, Channel: c.Args.Bytes(), Text: c.Args.Bytes()}
	if c.InExec {
		c.Posts = append(c.Posts, message)
		c.Reply.Int(int64(f.Hub.Receivers(kind, message.Channel)))
		return
	}
	message.At = f.At()
	c.Reply.Int(int64(f.Hub.Publish(message)))
}

const errMonitorInExec reply.Error = "ERR MONITOR isn't allowed for DENY BLOCKING client"

// monitor answers once: who monitors already gets no answer.
func (f *family) monitor(c *command.Call) {
	if c.InExec {
		c.Reply.Fail(errMonitorInExec)
		return
	}
	if f.Hub.Monitor(c.Session.OpenMailbox(f.Hub)) {
		c.Reply.OK()
	}
}
