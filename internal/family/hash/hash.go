// SPDX-License-Identifier: Apache-2.0

// Package hash is the family of hashes: fields with values under one key, some of which may end
// by themselves.
//
// A handler runs while its key's shard is owned and touches nothing else.
package hash

import (
	"slices"

	"stampede/internal/command"
)

// Commands are the rows of this family.
var Commands = slices.Concat(plainRows, timedRows())

// plainRows are the commands of Redis 7.0.
var plainRows = []command.Spec{{
	Name: "HDEL", Args: "@key field [field ...]",
	Summary: "Removes fields from a hash.",
	Group:   command.GroupHash, Flags: command.Write | command.Fast,
	Since: "2.0.0", Cost: "O(N)",
	KeyUse: "RW delete",
	Do:     command.OnShard(del),
}, {
	Name: "HEXISTS", Args: "@key field",
	Summary: "Tells whether a hash has a field.",
	Group:   command.GroupHash, Flags: command.Read | command.Fast | command.Steady,
	Since: "2.0.0", Cost: "O(1)",
	KeyUse: "RO",
	Do:     command.OnShard(exists),
}, {
	Name: "HGET", Args: "@key field",
	Summary: "Gives the value of a field of a hash.",
	Group:   command.GroupHash, Flags: command.Read | command.Fast | command.Steady,
	Since: "2.0.0", Cost: "O(1)",
	Do: command.OnShard(get),
}, {
	Name: "HGETALL", Args: "@key",
	Summary: "Gives all fields of a hash and their values.",
	Group:   command.GroupHash, Flags: command.Read | command.Steady,
	Since: "2.0.0", Cost: "O(N)",
	Tips: "nondeterministic_output_order",
	Do:   command.OnShard(getAll),
}, {
	Name: "HINCRBY", Args: "@key field increment:int",
	Summary: "Adds an integer to the one in a field of a hash.",
	Group:   command.GroupHash, Flags: command.Write | command.DenyOOM | command.Fast | command.Steady,
	Since: "2.0.0", Cost: "O(1)",
	KeyUse: "RW access update",
	Do:     command.OnShard(incrBy),
}, {
	Name: "HINCRBYFLOAT", Args: "@key field increment:double",
	Summary: "Adds a floating point number to the one in a field of a hash.",
	Group:   command.GroupHash, Flags: command.Write | command.DenyOOM | command.Fast,
	Since: "2.6.0", Cost: "O(1)",
	KeyUse: "RW access update",
	Do:     command.OnShard(incrByFloat),
}, {
	Name: "HKEYS", Args: "@key",
	Summary: "Lists the fields of a hash.",
	Group:   command.GroupHash, Flags: command.Read,
	Since: "2.0.0", Cost: "O(N)",
	Tips: "nondeterministic_output_order",
	Do:   command.OnShard(keys),
}, {
	Name: "HLEN", Args: "@key",
	Summary: "Counts the fields of a hash.",
	Group:   command.GroupHash, Flags: command.Read | command.Fast | command.Steady,
	Since: "2.0.0", Cost: "O(1)",
	KeyUse: "RO",
	Do:     command.OnShard(length),
}, {
	Name: "HMGET", Args: "@key field [field ...]",
	Summary: "Gives the values of several fields of a hash.",
	Group:   command.GroupHash, Flags: command.Read | command.Fast,
	Since: "2.0.0", Cost: "O(N)",
	Do: command.OnShard(mget),
}, {
	Name: "HMSET", Args: "@key field value [field value ...]",
	Summary: "Sets fields of a hash.",
	Group:   command.GroupHash, Flags: command.Write | command.DenyOOM | command.Fast,
	Since: "2.0.0", Cost: "O(N)",
	Deprecated: "4.0.0", Instead: "HSET with multiple field-value pairs",
	Do: command.OnShard(mset),
}, {
	Name: "HRANDFIELD", Args: "@key [count:int [WITHVALUES]]",
	Summary: "Gives fields of a hash by chance.",
	Group:   command.GroupHash, Flags: command.Read,
	Since: "6.2.0", Cost: "O(N)",
	Tips: "nondeterministic_output",
	Do:   command.OnShard(randField),
}, {
	Name: "HSCAN", Args: "@key cursor:int [MATCH pattern:pattern] [COUNT count:int]",
	Summary: "Lists the fields of a hash and their values in steps.",
	Group:   command.GroupHash, Flags: command.Read,
	Since: "2.8.0", Cost: "O(1) a call, O(N) in all",
	Tips: "nondeterministic_output",
	Do:   command.OnShard(scan),
}, {
	Name: "HSET", Args: "@key field value [field value ...]",
	Summary: "Sets fields of a hash and counts the new ones.",
	Group:   command.GroupHash, Flags: command.Write | command.DenyOOM | command.Fast | command.Steady,
	Since: "2.0.0", Cost: "O(N)",
	Do: command.OnShard(set),
}, {
	Name: "HSETNX", Args: "@key field value",
	Summary: "Sets a field of a hash, provided that it is not there.",
	Group:   command.GroupHash, Flags: command.Write | command.DenyOOM | command.Fast | command.Steady,
	Since: "2.0.0", Cost: "O(1)",
	KeyUse: "RW insert",
	Do:     command.OnShard(setNX),
}, {
	Name: "HSTRLEN", Args: "@key field",
	Summary: "Tells how many bytes the value of a field of a hash has.",
	Group:   command.GroupHash, Flags: command.Read | command.Fast | command.Steady,
	Since: "3.2.0", Cost: "O(1)",
	KeyUse: "RO",
	Do:     command.OnShard(strlen),
}, {
	Name: "HVALS", Args: "@key",
	Summary: "Lists the values of a hash.",
	Group:   command.GroupHash, Flags: command.Read,
	Since: "2.0.0", Cost: "O(N)",
	Tips: "nondeterministic_output_order",
	Do:   command.OnShard(vals),
}}
