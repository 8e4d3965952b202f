// SPDX-License-Identifier: Apache-2.0

// Package generic is the family of commands that work on keys whatever they hold: their
// names, their lifetimes, and the walk over all of them.
//
// A handler runs while the shards of its keys are owned and touches nothing else.
package generic

import (
	"slices"

	"stampede/internal/command"
	"stampede/internal/migrate"
)

const (
	readFast  = command.Read | command.Fast
	writeFast = command.Write | command.Fast
)

// expireArgs is the synopsis of the four EXPIRE commands behind their time.
const expireArgs = " [NX | XX | GT | LT]"

const (
	sortArgs = "@key [BY pattern:pattern] [LIMIT offset:int count:int] " +
		"[GET pattern:pattern [GET pattern:pattern ...]] [ASC | DESC] [ALPHA]"
	sortCost = "O(N+M*log(M)), M of N elements being wanted"
	sortACL  = "set sortedset list"
)

// sortSpecs finds the key to sort. The others are made of its elements, or stand anywhere.
func sortSpecs() []command.KeySpec {
	use := command.KeyRO | command.KeyAccess
	return []command.KeySpec{{
		Use: use, Begin: command.KeyBegin{Index: 1}, Find: command.KeyFind{Step: 1},
	}, {
		Use: use,
	}}
}

// migrateArgs has no word for the empty key that stands before KEYS.
const migrateArgs = "host port:int @key destination-db:int timeout:int [COPY] [REPLACE] " +
	"[AUTH password | AUTH2 username password] [KEYS @key [@key ...]]"

// migrateSpecs: KEYS may stand anywhere behind the timeout, also as a password.
func migrateSpecs() []command.KeySpec {
	use := command.KeyRW | command.KeyAccess | command.KeyDelete
	return []command.KeySpec{{
		Use: use, Begin: command.KeyBegin{Index: 3}, Find: command.KeyFind{Step: 1},
	}, {
		Use: use | command.KeyIncomplete, Begin: command.KeyBegin{Keyword: "KEYS", From: -2},
		Find: command.KeyFind{Step: 1, Last: -1},
	}}
}

// Commands are the rows of this family. links are those to other servers.
func Commands(links *migrate.Links) []command.Spec {
	carrier := carrier{links}
	return append(slices.Clone(commands), command.Spec{
		Name: "MIGRATE", Args: migrateArgs,
		Summary: "Moves keys to another server.",
		Group:   command.GroupGeneric,
		Flags:   command.Write | command.MovableKeys | command.Dangerous,
		Since:   "2.6.0",
		Cost: "O(N) in the size of the values, which are sent, " +
			"and the time that the other server takes",
		Tips:     "nondeterministic_output",
		KeySpecs: migrateSpecs(), FindKeys: migrateKeys,
		Do: command.Leaving(carrier.migrate),
	})
}

// commands are all but MIGRATE.
var commands = []command.Spec{{
	Name: "COPY", Args: "@source @destination [DB destination-db:int] [REPLACE]",
	Summary: "Puts a copy of a key's value under another key.",
	Group:   command.GroupGeneric, Flags: command.Write | command.DenyOOM | command.OtherDBs, Since: "6.2.0",
	Cost:   "O(N) in the size of the value",
	KeyUse: "RO access; OW update",
	Do:     command.OnKeys(copyKey),
}, {
	Name: "DEL", Args: "@key [@key ...]", Summary: "Removes keys.",
	Group: command.GroupGeneric, Flags: command.Write, Since: "1.0.0", Cost: "O(N) in keys",
	KeyUse: "RM delete",
	Tips:   "request_policy:multi_shard response_policy:agg_sum",
	Do:     command.OnKeys(del),
}, {
	Name: "DUMP", Args: "@key", Summary: "Gives a key's value as bytes for RESTORE.",
	Group: command.GroupGeneric, Flags: command.Read, Since: "2.6.0",
	Cost:   "O(N) in the size of the value",
	KeyUse: "RO access",
	Tips:   "nondeterministic_output",
	Do:     command.OnShard(dump),
}, {
	Name: "EXISTS", Args: "@key [@key ...]", Summary: "Counts how many of the keys there are.",
	Group: command.GroupGeneric, Flags: readFast, Since: "1.0.0", Cost: "O(N) in keys",
	KeyUse: "RO",
	Tips:   "request_policy:multi_shard response_policy:agg_sum",
	Do:     command.OnKeys(exists),
}, {
	Name: "EXPIRE", Args: "@key seconds:int" + expireArgs,
	Summary: "Lets a key end in some seconds.",
	Group:   command.GroupGeneric, Flags: writeFast, Since: "1.0.0", Cost: "O(1)",
	Do: command.OnShard(expireSeconds),
}, {
	Name: "EXPIREAT", Args: "@key unix-time-seconds:unix-time" + expireArgs,
	Summary: "Lets a key end at a Unix time in seconds.",
	Group:   command.GroupGeneric, Flags: writeFast, Since: "1.2.0", Cost: "O(1)",
	Do: command.OnShard(expireAtSeconds),
}, {
	Name: "EXPIRETIME", Args: "@key", Summary: "Gives the Unix time in seconds when a key ends.",
	Group: command.GroupGeneric, Flags: readFast, Since: "7.0.0", Cost: "O(1)",
	Do: command.OnShard(expireTime),
}, {
	Name: "KEYS", Args: "pattern:pattern", Summary: "Gives all keys that match a pattern.",
	Group: command.GroupGeneric, Flags: command.Read | command.Dangerous, Since: "1.0.0",
	Cost: "O(N) in keys of the database",
	Tips: "request_policy:all_shards nondeterministic_output_order",
	Do:   command.OnAll(keys),
}, {
	Name: "MOVE", Args: "@key db:int", Summary: "Moves a key to another database.",
	Group: command.GroupGeneric, Flags: writeFast | command.OtherDBs, Since: "1.0.0", Cost: "O(1)",
	KeyUse: "RW access update",
	Do:     command.OnShard(move),
}, {
	Name: "OBJECT", Summary: "Looks behind the values of keys.",
	Group: command.GroupGeneric, Since: "2.2.3",
}, {
	Name: "OBJECT|ENCODING", Args: "@key", Summary: "Tells how a key's value is kept.",
	Group: command.GroupGeneric, Flags: command.Read, Since: "2.2.3", Cost: "O(1)",
	KeyUse: "RO",
	Tips:   "nondeterministic_output",
	Do:     command.OnShard(objectEncoding),
}, {
	Name: "OBJECT|FREQ", Args: "@key", Summary: "Tells how often a key is used, under an LFU policy.",
	Group: command.GroupGeneric, Flags: command.Read, Since: "4.0.0", Cost: "O(1)",
	KeyUse: "RO",
	Tips:   "nondeterministic_output",
	Do:     command.OnShard(objectFreq),
}, {
	Name: "OBJECT|IDLETIME", Args: "@key", Summary: "Tells for how many seconds a key was not used.",
	Group: command.GroupGeneric, Flags: command.Read, Since: "2.2.3", Cost: "O(1)",
	KeyUse: "RO",
	Tips:   "nondeterministic_output",
	Do:     command.OnShard(objectIdleTime),
}, {
	Name: "OBJECT|REFCOUNT", Args: "@key", Summary: "Tells how many share a value; kept for tools.",
	Group: command.GroupGeneric, Flags: command.Read, Since: "2.2.3", Cost: "O(1)",
	KeyUse: "RO",
	Tips:   "nondeterministic_output",
	Do:     command.OnShard(objectRefCount),
}, {
	Name: "PERSIST", Args: "@key", Summary: "Lets a key live for ever.",
	Group: command.GroupGeneric, Flags: writeFast, Since: "2.2.0", Cost: "O(1)",
	Do: command.OnShard(persist),
}, {
	Name: "PEXPIRE", Args: "@key milliseconds:int" + expireArgs,
	Summary: "Lets a key end in some milliseconds.",
	Group:   command.GroupGeneric, Flags: writeFast, Since: "2.6.0", Cost: "O(1)",
	Do: command.OnShard(expireMillis),
}, {
	Name: "PEXPIREAT", Args: "@key unix-time-milliseconds:unix-time" + expireArgs,
	Summary: "Lets a key end at a Unix time in milliseconds.",
	Group:   command.GroupGeneric, Flags: writeFast, Since: "2.6.0", Cost: "O(1)",
	Do: command.OnShard(expireAtMillis),
}, {
	Name: "PEXPIRETIME", Args: "@key",
	Summary: "Gives the Unix time in milliseconds when a key ends.",
	Group:   command.GroupGeneric, Flags: readFast, Since: "7.0.0", Cost: "O(1)",
	Do: command.OnShard(expireTimeMillis),
}, {
	Name: "PTTL", Args: "@key", Summary: "Gives the milliseconds that a key has left.",
	Group: command.GroupGeneric, Flags: readFast, Since: "2.6.0", Cost: "O(1)",
	Tips: "nondeterministic_output",
	Do:   command.OnShard(ttlMillis),
}, {
	Name: "RANDOMKEY", Summary: "Gives some key.",
	Group: command.GroupGeneric, Flags: command.Read, Since: "1.0.0", Cost: "O(1)",
	Tips: "request_policy:all_shards nondeterministic_output",
	Do:   command.OnAll(randomKey),
}, {
	Name: "RENAME", Args: "@key @newkey", Summary: "Gives a key another name.",
	Group: command.GroupGeneric, Flags: command.Write, Since: "1.0.0",
	Cost:   "O(1) within a shard, O(N) in the size of the value to another",
	KeyUse: "RW access delete; OW update",
	Do:     command.OnKeys(rename),
}, {
	Name: "RENAMENX", Args: "@key @newkey", Summary: "Gives a key another name that is not taken.",
	Group: command.GroupGeneric, Flags: writeFast, Since: "1.0.0",
	Cost:   "O(1) within a shard, O(N) in the size of the value to another",
	KeyUse: "RW access delete; OW insert",
	Do:     command.OnKeys(renameNX),
}, {
	Name: "RESTORE",
	Args: "@key ttl:int serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds:int] " +
		"[FREQ frequency:int]",
	Summary: "Puts a value that DUMP gave under a key.",
	Group:   command.GroupGeneric, Flags: command.Write | command.DenyOOM | command.Dangerous,
	Since:  "2.6.0",
	Cost:   "O(N) in the size of the value",
	KeyUse: "OW update",
	Do:     command.OnShard(restore),
}, {
	Name:    "SCAN",
	Args:    "cursor:int [MATCH pattern:pattern] [COUNT count:int] [TYPE type]",
	Summary: "Walks over the keys, a few at a time.",
	Group:   command.GroupGeneric, Flags: command.Read, Since: "2.8.0",
	Cost: "O(COUNT) for each call",
	Tips: "nondeterministic_output request_policy:special",
	Do:   command.OnAll(scan),
}, {
	Name: "SORT", Args: sortArgs + " [STORE @destination]",
	Summary: "Sorts the elements of a list, a set or a sorted set.",
	Group:   command.GroupGeneric, Flags: command.Write | command.DenyOOM | command.Dangerous,
	Since: "1.0.0", Cost: sortCost, ACL: sortACL,
	KeySpecs: append(sortSpecs(), command.KeySpec{Use: command.KeyOW | command.KeyUpdate}),
	FindKeys: sortKeys, Roams: sortRoams,
	Do: command.OnKeys(sortKey),
}, {
	Name: "SORT_RO", Args: sortArgs,
	Summary: "Sorts the elements of a list, a set or a sorted set, and keeps nothing.",
	Group:   command.GroupGeneric, Flags: command.Read | command.Dangerous,
	Since: "7.0.0", Cost: sortCost, ACL: sortACL,
	KeySpecs: sortSpecs(), FindKeys: sortKeysRO, Roams: sortRoams,
	Do: command.OnKeys(sortKeyRO),
}, {
	Name: "TOUCH", Args: "@key [@key ...]", Summary: "Marks keys as used and counts them.",
	Group: command.GroupGeneric, Flags: readFast, Since: "3.2.1", Cost: "O(N) in keys",
	KeyUse: "RO",
	Tips:   "request_policy:multi_shard response_policy:agg_sum",
	Do:     command.OnKeys(touch),
}, {
	Name: "TTL", Args: "@key", Summary: "Gives the seconds that a key has left.",
	Group: command.GroupGeneric, Flags: readFast, Since: "1.0.0", Cost: "O(1)",
	Tips: "nondeterministic_output",
	Do:   command.OnShard(ttl),
}, {
	Name: "TYPE", Args: "@key", Summary: "Tells what a key holds.",
	Group: command.GroupGeneric, Flags: readFast, Since: "1.0.0", Cost: "O(1)",
	KeyUse: "RO",
	Do:     command.OnShard(typeOf),
}, {
	Name: "UNLINK", Args: "@key [@key ...]", Summary: "Removes keys, as DEL does.",
	Group: command.GroupGeneric, Flags: writeFast, Since: "4.0.0", Cost: "O(N) in keys",
	KeyUse: "RM delete",
	Tips:   "request_policy:multi_shard response_policy:agg_sum",
	Do:     command.OnKeys(del),
}}
