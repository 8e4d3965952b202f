// SPDX-License-Identifier: Apache-2.0

// Package set is the family of sets: members without order, each once, under one key.
//
// A handler runs while the shards of its keys are owned and touches nothing else.
package set

import "stampede/internal/command"

// Commands are the rows of this family.
var Commands = []command.Spec{{
	Name: "SADD", Args: "@key member [member ...]",
	Summary: "Adds members to a set.",
	Group:   command.GroupSet, Flags: command.Write | command.DenyOOM | command.Fast | command.Steady,
	Since: "1.0.0", Cost: "O(N)",
	KeyUse: "RW insert",
	Do:     command.OnShard(add),
}, {
	Name: "SCARD", Args: "@key",
	Summary: "Counts the members of a set.",
	Group:   command.GroupSet, Flags: command.Read | command.Fast | command.Steady,
	Since: "1.0.0", Cost: "O(1)",
	KeyUse: "RO",
	Do:     command.OnShard(card),
}, {
	Name: "SDIFF", Args: "@key [@key ...]",
	Summary: "Gives the members of the first set that the others lack.",
	Group:   command.GroupSet, Flags: command.Read,
	Since: "1.0.0", Cost: "O(N)",
	Tips: "nondeterministic_output_order",
	Do:   command.OnKeys(diff),
}, {
	Name: "SDIFFSTORE", Args: "@destination @key [@key ...]",
	Summary: "Keeps the members of the first set that the others lack under a key.",
	Group:   command.GroupSet, Flags: command.Write | command.DenyOOM,
	Since: "1.0.0", Cost: "O(N)",
	KeyUse: "OW update; RO access",
	Do:     command.OnKeys(diffStore),
}, {
	Name: "SINTER", Args: "@key [@key ...]",
	Summary: "Gives the members that all of the sets have.",
	Group:   command.GroupSet, Flags: command.Read,
	Since: "1.0.0", Cost: "O(N*M)",
	Tips: "nondeterministic_output_order",
	Do:   command.OnKeys(inter),
}, {
	Name: "SINTERCARD", Args: "numkeys:int @key [@key ...] [LIMIT limit:int]",
	Summary: "Counts the members that all of the sets have.",
	Group:   command.GroupSet, Flags: command.Read,
	Since: "7.0.0", Cost: "O(N*M)",
	Do: command.OnKeys(interCard),
}, {
	Name: "SINTERSTORE", Args: "@destination @key [@key ...]",
	Summary: "Keeps the members that all of the sets have under a key.",
	Group:   command.GroupSet, Flags: command.Write | command.DenyOOM,
	Since: "1.0.0", Cost: "O(N*M)",
	KeyUse: "RW update; RO access",
	Do:     command.OnKeys(interStore),
}, {
	Name: "SISMEMBER", Args: "@key member",
	Summary: "Tells whether a set has a member.",
	Group:   command.GroupSet, Flags: command.Read | command.Fast | command.Steady,
	Since: "1.0.0", Cost: "O(1)",
	KeyUse: "RO",
	Do:     command.OnShard(isMember),
}, {
	Name: "SMEMBERS", Args: "@key",
	Summary: "Lists the members of a set.",
	Group:   command.GroupSet, Flags: command.Read,
	Since: "1.0.0", Cost: "O(N)",
	Tips: "nondeterministic_output_order",
	Do:   command.OnShard(members),
}, {
	Name: "SMISMEMBER", Args: "@key member [member ...]",
	Summary: "Tells which of several members a set has.",
	Group:   command.GroupSet, Flags: command.Read | command.Fast,
	Since: "6.2.0", Cost: "O(N)",
	Do: command.OnShard(areMembers),
}, {
	Name: "SMOVE", Args: "@source @destination member",
	Summary: "Moves a member from one set to another.",
	Group:   command.GroupSet, Flags: command.Write | command.Fast,
	Since: "1.0.0", Cost: "O(1)",
	KeyUse: "RW access delete; RW insert",
	Do:     command.OnKeys(move),
}, {
	Name: "SPOP", Args: "@key [count:int]",
	Summary: "Takes members from a set by chance.",
	Group:   command.GroupSet, Flags: command.Write | command.Fast,
	Since: "1.0.0", Cost: "O(N)",
	KeyUse: "RW access delete",
	Tips:   "nondeterministic_output",
	Do:     command.OnShard(pop),
}, {
	Name: "SRANDMEMBER", Args: "@key [count:int]",
	Summary: "Gives members of a set by chance.",
	Group:   command.GroupSet, Flags: command.Read,
	Since: "1.0.0", Cost: "O(N)",
	Tips: "nondeterministic_output",
	Do:   command.OnShard(randMember),
}, {
	Name: "SREM", Args: "@key member [member ...]",
	Summary: "Removes members from a set.",
	Group:   command.GroupSet, Flags: command.Write | command.Fast,
	Since: "1.0.0", Cost: "O(N)",
	KeyUse: "RW delete",
	Do:     command.OnShard(rem),
}, {
	Name: "SSCAN", Args: "@key cursor:int [MATCH pattern:pattern] [COUNT count:int]",
	Summary: "Lists the members of a set in steps.",
	Group:   command.GroupSet, Flags: command.Read,
	Since: "2.8.0", Cost: "O(1) a call, O(N) in all",
	Tips: "nondeterministic_output",
	Do:   command.OnShard(scan),
}, {
	Name: "SUNION", Args: "@key [@key ...]",
	Summary: "Gives the members that any of the sets has.",
	Group:   command.GroupSet, Flags: command.Read,
	Since: "1.0.0", Cost: "O(N)",
	Tips: "nondeterministic_output_order",
	Do:   command.OnKeys(union),
}, {
	Name: "SUNIONSTORE", Args: "@destination @key [@key ...]",
	Summary: "Keeps the members that any of the sets has under a key.",
	Group:   command.GroupSet, Flags: command.Write | command.DenyOOM,
	Since: "1.0.0", Cost: "O(N)",
	KeyUse: "OW update; RO access",
	Do:     command.OnKeys(unionStore),
}}
