// SPDX-License-Identifier: Apache-2.0

// Package str is the family of strings: blobs, counters and the longest common
// subsequence of two of them.
//
// A handler runs while its key's shard is owned and touches nothing else.
package str

import "stampede/internal/command"

const (
	read      = command.Read | command.Fast
	write     = command.Write | command.DenyOOM
	writeFast = write | command.Fast
)

// Commands are the rows of this family.
var Commands = []command.Spec{{
	Name: "APPEND", Args: "@key value", Summary: "Puts bytes behind a string.",
	Group: command.GroupString, Flags: writeFast, Since: "2.0.0", Cost: "O(1) amortized",
	KeyUse: "RW insert",
	Do:     command.OnShard(appendTo),
}, {
	Name: "DECR", Args: "@key", Summary: "Takes one from an integer.",
	Group: command.GroupString, Flags: writeFast | command.Steady, Since: "1.0.0", Cost: "O(1)",
	KeyUse: "RW access update",
	Do:     command.OnShard(decr),
}, {
	Name: "DECRBY", Args: "@key decrement:int", Summary: "Takes a number from an integer.",
	Group: command.GroupString, Flags: writeFast | command.Steady, Since: "1.0.0", Cost: "O(1)",
	KeyUse: "RW access update",
	Do:     command.OnShard(decrBy),
}, {
	Name: "DELEX", Args: "@key [IFEQ value | IFNE value]",
	Summary: "Removes a key, if its string is the given one or another: releases a lock.",
	Group:   command.GroupString, Flags: command.Write | command.Fast, Since: "8.4.0", Cost: "O(1)",
	KeyUse: "RW delete variable_flags",
	UseOf:  useOfDelIf,
	Do:     command.OnShard(delIf),
}, {
	Name: "GET", Args: "@key", Summary: "Gives the string under a key.",
	Group: command.GroupString, Flags: read | command.Steady, Since: "1.0.0", Cost: "O(1)",
	Do: command.OnShard(get),
}, {
	Name: "GETDEL", Args: "@key", Summary: "Gives the string under a key and removes the key.",
	Group: command.GroupString, Flags: command.Write | command.Fast, Since: "6.2.0", Cost: "O(1)",
	KeyUse: "RW access delete",
	Do:     command.OnShard(getDel),
}, {
	Name: "GETEX",
	Args: "@key [EX seconds:int | PX milliseconds:int | EXAT unix-time-seconds:unix-time | " +
		"PXAT unix-time-milliseconds:unix-time | PERSIST]",
	Summary: "Gives the string under a key and changes how long the key lives.",
	Group:   command.GroupString, Flags: command.Write | command.Fast, Since: "6.2.0", Cost: "O(1)",
	KeyUse: "RW access update",
	Do:     command.OnShard(getEx),
}, {
	Name: "GETRANGE", Args: "@key start:int end:int", Summary: "Gives a part of a string.",
	Group: command.GroupString, Flags: command.Read, Since: "2.4.0", Cost: "O(N) in bytes given",
	Do: command.OnShard(getRange),
}, {
	Name: "GETSET", Args: "@key value", Summary: "Gives the old string and puts a new one.",
	Group: command.GroupString, Flags: writeFast | command.Steady, Since: "1.0.0", Cost: "O(1)",
	KeyUse:     "RW access update",
	Deprecated: "6.2.0", Instead: "SET with GET",
	Do: command.OnShard(getSet),
}, {
	Name: "INCR", Args: "@key", Summary: "Adds one to an integer.",
	Group: command.GroupString, Flags: writeFast | command.Steady, Since: "1.0.0", Cost: "O(1)",
	KeyUse: "RW access update",
	Do:     command.OnShard(incr),
}, {
	Name: "INCRBY", Args: "@key increment:int", Summary: "Adds a number to an integer.",
	Group: command.GroupString, Flags: writeFast | command.Steady, Since: "1.0.0", Cost: "O(1)",
	KeyUse: "RW access update",
	Do:     command.OnShard(incrBy),
}, {
	Name: "INCRBYFLOAT", Args: "@key increment:double", Summary: "Adds to a decimal number.",
	Group: command.GroupString, Flags: writeFast, Since: "2.6.0", Cost: "O(1)",
	KeyUse: "RW access update",
	Do:     command.OnShard(incrByFloat),
}, {
	Name:    "LCS",
	Args:    "@key1 @key2 [LEN] [IDX] [MINMATCHLEN len:int] [WITHMATCHLEN]",
	Summary: "Finds the longest common subsequence of two strings.",
	Group:   command.GroupString, Flags: command.Read, Since: "7.0.0",
	Cost: "O(N*M) in the lengths of the strings",
	Do:   command.OnKeys(lcs),
}, {
	Name: "MGET", Args: "@key [@key ...]", Summary: "Gives the strings under several keys.",
	Group: command.GroupString, Flags: read | command.Steady, Since: "1.0.0", Cost: "O(N) in keys",
	Tips: "request_policy:multi_shard",
	Do:   command.OnKeys(mget),
}, {
	Name: "MSET", Args: "@key value [@key value ...]",
	Summary: "Puts strings under several keys, all at once.",
	Group:   command.GroupString, Flags: write, Since: "1.0.1", Cost: "O(N) in keys",
	KeyUse: "OW update",
	Tips:   "request_policy:multi_shard response_policy:all_succeeded",
	Do:     command.OnKeys(mset),
}, {
	Name: "MSETNX", Args: "@key value [@key value ...]",
	Summary: "Puts strings under several keys if none of them is there.",
	Group:   command.GroupString, Flags: write, Since: "1.0.1", Cost: "O(N) in keys",
	KeyUse: "OW insert",
	Tips:   "request_policy:multi_shard response_policy:agg_min",
	Do:     command.OnKeys(msetNX),
}, {
	Name: "PSETEX", Args: "@key milliseconds:int value",
	Summary: "Puts a string that lives for some milliseconds.",
	Group:   command.GroupString, Flags: write, Since: "2.6.0", Cost: "O(1)",
	KeyUse: "OW update",
	Do:     command.OnShard(psetEX),
}, {
	Name: "SET",
	Args: "@key value [NX | XX | IFEQ comparison | IFNE comparison] [GET] " +
		"[EX seconds:int | PX milliseconds:int | EXAT unix-time-seconds:unix-time | " +
		"PXAT unix-time-milliseconds:unix-time | KEEPTTL]",
	Summary: "Puts a string under a key, whatever was there before.",
	Group:   command.GroupString, Flags: write | command.Steady, Since: "1.0.0", Cost: "O(1)",
	KeyUse: "RW access update variable_flags",
	UseOf:  useOfSet,
	Do:     command.OnShard(set),
}, {
	Name: "SETEX", Args: "@key seconds:int value",
	Summary: "Puts a string that lives for some seconds.",
	Group:   command.GroupString, Flags: write, Since: "2.0.0", Cost: "O(1)",
	KeyUse: "OW update",
	Do:     command.OnShard(setEX),
}, {
	Name: "SETNX", Args: "@key value", Summary: "Puts a string under a key that is not there.",
	Group: command.GroupString, Flags: writeFast | command.Steady, Since: "1.0.0", Cost: "O(1)",
	KeyUse: "OW insert",
	Do:     command.OnShard(setNX),
}, {
	Name: "SETRANGE", Args: "@key offset:int value",
	Summary: "Writes over a part of a string, growing it with zero bytes.",
	Group:   command.GroupString, Flags: write, Since: "2.2.0",
	Cost: "O(1), not counting the copy of the value",
	Do:   command.OnShard(setRange),
}, {
	Name: "STRLEN", Args: "@key", Summary: "Gives the length of a string in bytes.",
	Group: command.GroupString, Flags: read | command.Steady, Since: "2.2.0", Cost: "O(1)",
	KeyUse: "RO",
	Do:     command.OnShard(strlen),
}, {
	Name: "SUBSTR", Args: "@key start:int end:int",
	Summary: "Gives a part of a string; the old name of GETRANGE.",
	Group:   command.GroupString, Flags: command.Read, Since: "1.0.0", Cost: "O(N) in bytes given",
	Deprecated: "2.0.0", Instead: "GETRANGE",
	Do: command.OnShard(getRange),
}}

// useOfSet is what a call of SET does with its key: with GET the old value gets out, and with a
// condition it is looked at.
func useOfSet(argv [][]byte) command.KeyUse {
	if isCompared(argv, 3) {
		return command.KeyRW | command.KeyAccess | command.KeyUpdate
	}
	for _, arg := range argv[min(3, len(argv)):] {
		if command.EqualFold(arg, "GET") {
			return command.KeyRW | command.KeyAccess | command.KeyUpdate
		}
	}
	return command.KeyOW | command.KeyUpdate
}
