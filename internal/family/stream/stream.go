// SPDX-License-Identifier: Apache-2.0

// Package stream is the family of streams: logs of entries, read by those who remember how
// far they are and by groups whose consumers share the work, also by those who wait.
//
// A handler runs while the shards of its keys are owned and touches nothing else.
package stream

import (
	"stampede/internal/command"
	"stampede/internal/container/listpack"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

// writeValue answers with a field or a value.
func writeValue(r *reply.Buffer, v listpack.Value) {
	if v.IsInt {
		r.IntText(v.Int)
	} else {
		r.Bulk(v.Bytes)
	}
}

// find looks a stream up for a call that changes it, read for one that does not, or that only
// changes what groups know of it; ok is false if the call has been answered with an error.
func find(db *keyspace.DB, c *command.Call, key []byte) (s keyspace.Stream, ok bool) {
	s, err := db.FindStream(key)
	if err != nil {
		c.Reply.Err(err)
	}
	return s, err == nil
}

func read(db *keyspace.DB, c *command.Call, key []byte) (s keyspace.Stream, ok bool) {
	s, err := db.ReadStream(key)
	if err != nil {
		c.Reply.Err(err)
	}
	return s, err == nil
}

// failed answers with what is wrong with the arguments, if anything is.
func failed(c *command.Call) bool {
	err := c.Args.Err()
	if err != nil {
		c.Reply.Err(err)
	}
	return err != nil
}

func length(db *keyspace.DB, c *command.Call) {
	if s, ok := read(db, c, c.Args.Bytes()); ok {
		c.Reply.Int(int64(s.Len()))
	}
}

// Commands are the rows of this family.
var Commands = []command.Spec{{
	Name: "XACK", Args: "@key group id [id ...]",
	Summary: "Says that a group is done with entries.",
	Group:   command.GroupStream, Flags: command.Write | command.Fast,
	Since: "5.0.0", Cost: "O(1)",
	KeyUse: "RW update",
	Do:     command.OnShard(ack),
}, {
	Name: "XADD",
	Args: "@key [NOMKSTREAM] [<MAXLEN | MINID> [= | ~] threshold [LIMIT count:int]] " +
		"<* | id> field value [field value ...]",
	Summary: "Puts an entry at the end of a stream.",
	Group:   command.GroupStream,
	Flags:   command.Write | command.DenyOOM | command.Fast | command.Steady,
	Since:   "5.0.0", Cost: "O(1)",
	Tips:   "nondeterministic_output",
	KeyUse: "RW update",
	Do:     command.OnShard(add),
}, {
	Name: "XAUTOCLAIM",
	Args: "@key group consumer min-idle-time start [COUNT count:int] [JUSTID]",
	Summary: "Lets a consumer have entries that another one has had for long, found in order " +
		"of their IDs.",
	Group: command.GroupStream, Flags: command.Write | command.Fast,
	Since: "6.2.0", Cost: "O(1)",
	Tips:   "nondeterministic_output",
	KeyUse: "RW delete",
	Do:     command.OnShard(autoclaim),
}, {
	Name: "XCLAIM",
	Args: "@key group consumer min-idle-time id [id ...] [IDLE ms:int] " +
		"[TIME unix-time-milliseconds:unix-time] [RETRYCOUNT count:int] [FORCE] [JUSTID] [LASTID id]",
	Summary: "Lets a consumer have entries that another one has had for long.",
	Group:   command.GroupStream, Flags: command.Write | command.Fast,
	Since: "5.0.0", Cost: "O(log N)",
	Tips:   "nondeterministic_output",
	KeyUse: "RW update",
	Do:     command.OnShard(claim),
}, {
	Name: "XDEL", Args: "@key id [id ...]",
	Summary: "Deletes entries of a stream.",
	Group:   command.GroupStream, Flags: command.Write | command.Fast,
	Since: "5.0.0", Cost: "O(1)",
	KeyUse: "RW delete",
	Do:     command.OnShard(del),
}, {
	Name:    "XGROUP",
	Summary: "Looks after groups of consumers.",
	Group:   command.GroupStream,
	Since:   "5.0.0", Cost: "depends on the subcommand",
}, {
	Name:    "XGROUP|CREATE",
	Args:    "@key groupname <id | $> [MKSTREAM] [ENTRIESREAD entries_read:int]",
	Summary: "Makes a group of consumers.",
	Group:   command.GroupStream, Flags: command.Write | command.DenyOOM,
	Since: "5.0.0", Cost: "O(1)",
	KeyUse: "RW insert",
	Do:     command.OnShard(groupCreate),
}, {
	Name: "XGROUP|CREATECONSUMER", Args: "@key groupname consumername",
	Summary: "Makes a consumer of a group.",
	Group:   command.GroupStream, Flags: command.Write | command.DenyOOM,
	Since: "6.2.0", Cost: "O(1)",
	KeyUse: "RW insert",
	Do:     command.OnShard(groupCreateConsumer),
}, {
	Name: "XGROUP|DELCONSUMER", Args: "@key groupname consumername",
	Summary: "Removes a consumer of a group.",
	Group:   command.GroupStream, Flags: command.Write,
	Since: "5.0.0", Cost: "O(1)",
	KeyUse: "RW delete",
	Do:     command.OnShard(groupDelConsumer),
}, {
	Name: "XGROUP|DESTROY", Args: "@key groupname",
	Summary: "Removes a group of consumers.",
	Group:   command.GroupStream, Flags: command.Write,
	Since: "5.0.0", Cost: "O(N)",
	KeyUse: "RW delete",
	Do:     command.OnShard(groupDestroy),
}, {
	Name: "XGROUP|SETID", Args: "@key groupname <id | $> [ENTRIESREAD entries_read:int]",
	Summary: "Says which entry a group has read last.",
	Group:   command.GroupStream, Flags: command.Write,
	Since: "5.0.0", Cost: "O(1)",
	KeyUse: "RW update",
	Do:     command.OnShard(groupSetID),
}, {
	Name:    "XINFO",
	Summary: "Tells about streams and their groups.",
	Group:   command.GroupStream,
	Since:   "5.0.0", Cost: "depends on the subcommand",
}, {
	Name: "XINFO|CONSUMERS", Args: "@key groupname",
	Summary: "Tells about the consumers of a group.",
	Group:   command.GroupStream, Flags: command.Read,
	Since: "5.0.0", Cost: "O(1)",
	Tips: "nondeterministic_output",
	Do:   command.OnShard(infoConsumers),
}, {
	Name: "XINFO|GROUPS", Args: "@key",
	Summary: "Tells about the groups of a stream.",
	Group:   command.GroupStream, Flags: command.Read,
	Since: "5.0.0", Cost: "O(1)",
	Do: command.OnShard(infoGroups),
}, {
	Name: "XINFO|STREAM", Args: "@key [FULL [COUNT count:int]]",
	Summary: "Tells about a stream.",
	Group:   command.GroupStream, Flags: command.Read,
	Since: "5.0.0", Cost: "O(1)",
	Do: command.OnShard(infoStream),
}, {
	Name: "XLEN", Args: "@key",
	Summary: "Counts the entries of a stream.",
	Group:   command.GroupStream, Flags: command.Read | command.Fast | command.Steady,
	Since: "5.0.0", Cost: "O(1)",
	KeyUse: "RO",
	Do:     command.OnShard(length),
}, {
	Name: "XPENDING", Args: "@key group [[IDLE min-idle-time:int] start end count:int [consumer]]",
	Summary: "Tells which entries a group has been given and is not done with.",
	Group:   command.GroupStream, Flags: command.Read,
	Since: "5.0.0", Cost: "O(N)",
	Tips: "nondeterministic_output",
	Do:   command.OnShard(pending),
}, {
	Name: "XRANGE", Args: "@key start end [COUNT count:int]",
	Summary: "Gives the entries of a stream in a range of IDs.",
	Group:   command.GroupStream, Flags: command.Read,
	Since: "5.0.0", Cost: "O(N)",
	Do: command.OnShard(xrange),
}, {
	Name: "XREAD",
	Args: "[COUNT count:int] [BLOCK milliseconds:int] STREAMS @key [@key ...] id [id ...]",
	Summary: "Gives the entries of streams behind those that the caller has read. " +
		"Can wait for one.",
	Group: command.GroupStream, Flags: command.Read | command.Blocking,
	Since: "5.0.0", Cost: "O(N)",
	Do: command.Waiting{Try: xread, TimeUp: nothingNew, MayWait: mayWait, Wants: wants},
}, {
	Name: "XREADGROUP",
	Args: "GROUP group consumer [COUNT count:int] [BLOCK milliseconds:int] [NOACK] " +
		"STREAMS @key [@key ...] id [id ...]",
	Summary: "Gives a consumer the entries of streams that its group has not read. " +
		"Can wait for one.",
	Group: command.GroupStream, Flags: command.Write | command.Blocking,
	Since: "5.0.0", Cost: "O(M)",
	KeyUse: "RO access",
	Do:     command.Waiting{Try: xreadgroup, TimeUp: nothingNew, MayWait: mayWait, Wants: wants},
}, {
	Name: "XREVRANGE", Args: "@key end start [COUNT count:int]",
	Summary: "Gives the entries of a stream in a range of IDs, the last one first.",
	Group:   command.GroupStream, Flags: command.Read,
	Since: "5.0.0", Cost: "O(N)",
	Do: command.OnShard(xrevrange),
}, {
	Name:    "XSETID",
	Args:    "@key last-id [ENTRIESADDED entries_added:int] [MAXDELETEDID max_deleted_entry_id]",
	Summary: "Says which ID a stream has given last.",
	Group:   command.GroupStream, Flags: command.Write | command.DenyOOM | command.Fast,
	Since: "5.0.0", Cost: "O(1)",
	KeyUse: "RW update",
	Do:     command.OnShard(setID),
}, {
	Name:    "XTRIM",
	Args:    "@key <MAXLEN | MINID> [= | ~] threshold [LIMIT count:int]",
	Summary: "Takes entries away from the beginning of a stream.",
	Group:   command.GroupStream, Flags: command.Write,
	Since: "5.0.0", Cost: "O(N)",
	Tips:   "nondeterministic_output",
	KeyUse: "RW delete",
	Do:     command.OnShard(trim),
}}
