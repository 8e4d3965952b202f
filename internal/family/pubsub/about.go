// SPDX-License-Identifier: Apache-2.0

package pubsub

import (
	"stampede/internal/command"
	"stampede/internal/pubsub"
	"stampede/internal/reply"
)

// aboutRows are PUBSUB and MONITOR.
func (f *family) aboutRows() []command.Spec {
	row := func(name, args, since, cost, summary string, do func(*command.Call)) command.Spec {
		return command.Spec{
			Name: "PUBSUB|" + name, Args: args, Since: since, Summary: summary,
			Group: command.GroupPubSub, Flags: anytime, Cost: cost, Do: command.Local(do),
		}
	}
	of := func(do func(*command.Call, pubsub.Kind), kind pubsub.Kind) func(*command.Call) {
		return func(c *command.Call) { do(c, kind) }
	}
	return []command.Spec{{
		Name: "PUBSUB", Summary: "Tells of channels and of who has subscribed to them.",
		Group: command.GroupPubSub, Since: "2.8.0",
	},
		row("CHANNELS", "[pattern:pattern]", "2.8.0", "O(N) in channels",
			"Lists the channels that somebody has subscribed to.", of(f.channels, pubsub.Channel)),
		row("NUMPAT", "", "2.8.0", "O(1)", "Counts the patterns that somebody has subscribed to.",
			f.countPatterns),
		row("NUMSUB", "[channel:string [channel:string ...]]", "2.8.0", "O(N) in channels",
			"Counts the subscribers of channels, without those by pattern.",
			of(f.countSubscribers, pubsub.Channel)),
		row("SHARDCHANNELS", "[pattern:pattern]", "7.0.0", "O(N) in shard channels",
			"Lists the shard channels that somebody has subscribed to.",
			of(f.channels, pubsub.Shard)),
		row("SHARDNUMSUB", "[shardchannel:string [shardchannel:string ...]]", "7.0.0",
			"O(N) in shard channels", "Counts the subscribers of shard channels.",
			of(f.countSubscribers, pubsub.Shard)),
		{
			Name: "MONITOR", Summary: "Shows this connection every call that runs.",
			Group: command.GroupServer, Since: "1.0.0", Cost: "O(1), and that of each call's line",
			Flags: command.Admin | command.NoScript | command.Loading | command.Stale,
			Do:    command.Local(f.monitor),
		},
	}
}

func (f *family) channels(c *command.Call, kind pubsub.Kind) {
	var pattern []byte
	if c.Args.More() {
		pattern = c.Args.Bytes()
	}
	if c.Args.More() {
		c.Reply.Fail(reply.Error("ERR unknown subcommand or wrong number of arguments for '" +
			string(c.Argv[1]) + "'. Try PUBSUB HELP."))
		return
	}
	names := f.Hub.Channels(kind, pattern)
	c.Reply.Array(len(names))
	for _, name := range names {
		c.Reply.Text(name)
	}
}

func (f *family) countPatterns(c *command.Call) {
	c.Reply.Int(int64(f.Hub.Stats().Patterns))
}

func (f *family) countSubscribers(c *command.Call, kind pubsub.Kind) {
	names := c.Args.Rest()
	c.Reply.Array(2 * len(names))
	for _, name := range names {
		c.Reply.Bulk(name)
		c.Reply.Int(int64(f.Hub.Subscribers(kind, name)))
	}
}
