// SPDX-License-Identifier: Apache-2.0

// Package list is the family of lists: elements in an order, taken and put at both ends,
// also by those who wait for them.
//
// A handler runs while the shards of its keys are owned and touches nothing else.
package list

import (
	"stampede/internal/command"
	"stampede/internal/object"
)

// waiting is a row whose calls wait for an element of a list, in order of arrival.
func waiting(try func(tx command.Tx, c *command.Call) bool,
	timeUp func(tx command.Tx, c *command.Call)) command.Waiting {
	return command.Waiting{Try: try, TimeUp: timeUp, InOrder: true, Wants: object.List}
}

// Commands are the rows of this family.
var Commands = []command.Spec{{
	Name: "BLMOVE",
	Args: "@source @destination <LEFT | RIGHT> <LEFT | RIGHT> timeout:double",
	Summary: "Takes an element from an end of a list and puts it at an end of another one. " +
		"Waits for one.",
	Group: command.GroupList,
	Flags: command.Write | command.DenyOOM | command.NoScript | command.Blocking,
	Since: "6.2.0", Cost: "O(1)",
	KeyUse: "RW access delete; RW insert",
	Do:     waiting(blmove, noElement),
}, {
	Name:    "BLMPOP",
	Args:    "timeout:double numkeys:int @key [@key ...] <LEFT | RIGHT> [COUNT count:int]",
	Summary: "Takes elements from the first of several lists that has any. Waits for one.",
	Group:   command.GroupList, Flags: command.Write | command.Blocking,
	Since: "7.0.0", Cost: "O(N+M)",
	KeyUse: "RW access delete",
	Do:     waiting(blmpop, noElements),
}, {
	Name: "BLPOP", Args: "@key [@key ...] timeout:double",
	Summary: "Takes the first element of the first list that has any. Waits for one.",
	Group:   command.GroupList, Flags: command.Write | command.NoScript | command.Blocking,
	Since: "2.0.0", Cost: "O(N)",
	KeyUse: "RW access delete",
	Do:     waiting(blpop, noElements),
}, {
	Name: "BRPOP", Args: "@key [@key ...] timeout:double",
	Summary: "Takes the last element of the first list that has any. Waits for one.",
	Group:   command.GroupList, Flags: command.Write | command.NoScript | command.Blocking,
	Since: "2.0.0", Cost: "O(N)",
	KeyUse: "RW access delete",
	Do:     waiting(brpop, noElements),
}, {
	Name: "BRPOPLPUSH", Args: "@source @destination timeout:double",
	Summary: "Moves the last element of a list to the front of another one. Waits for one.",
	Group:   command.GroupList,
	Flags:   command.Write | command.DenyOOM | command.NoScript | command.Blocking,
	Since:   "2.2.0", Cost: "O(1)",
	Deprecated: "6.2.0", Instead: "BLMOVE with the RIGHT and LEFT arguments",
	KeyUse: "RW access delete; RW insert",
	Do:     waiting(brpoplpush, noElement),
}, {
	Name: "LINDEX", Args: "@key index:int",
	Summary: "Gives an element of a list by its number.",
	Group:   command.GroupList, Flags: command.Read,
	Since: "1.0.0", Cost: "O(N)",
	Do: command.OnShard(index),
}, {
	Name: "LINSERT", Args: "@key <BEFORE | AFTER> pivot element",
	Summary: "Puts an element before or behind another one.",
	Group:   command.GroupList, Flags: command.Write | command.DenyOOM,
	Since: "2.2.0", Cost: "O(N)",
	KeyUse: "RW insert",
	Do:     command.OnShard(insert),
}, {
	Name: "LLEN", Args: "@key",
	Summary: "Counts the elements of a list.",
	Group:   command.GroupList, Flags: command.Read | command.Fast | command.Steady,
	Since: "1.0.0", Cost: "O(1)",
	KeyUse: "RO",
	Do:     command.OnShard(length),
}, {
	Name:    "LMOVE",
	Args:    "@source @destination <LEFT | RIGHT> <LEFT | RIGHT>",
	Summary: "Takes an element from an end of a list and puts it at an end of another one.",
	Group:   command.GroupList, Flags: command.Write | command.DenyOOM,
	Since: "6.2.0", Cost: "O(1)",
	KeyUse: "RW access delete; RW insert",
	Do:     command.OnKeys(lmove),
}, {
	Name: "LMPOP", Args: "numkeys:int @key [@key ...] <LEFT | RIGHT> [COUNT count:int]",
	Summary: "Takes elements from the first of several lists that has any.",
	Group:   command.GroupList, Flags: command.Write,
	Since: "7.0.0", Cost: "O(N+M)",
	KeyUse: "RW access delete",
	Do:     command.OnKeys(lmpop),
}, {
	Name: "LPOP", Args: "@key [count:int]",
	Summary: "Takes elements from the front of a list.",
	Group:   command.GroupList, Flags: command.Write | command.Fast | command.Steady,
	Since: "1.0.0", Cost: "O(N)",
	KeyUse: "RW access delete",
	Do:     command.OnShard(lpop),
}, {
	Name: "LPOS", Args: "@key element [RANK rank:int] [COUNT num-matches:int] [MAXLEN len:int]",
	Summary: "Tells where in a list an element stands.",
	Group:   command.GroupList, Flags: command.Read,
	Since: "6.0.6", Cost: "O(N)",
	Do: command.OnShard(pos),
}, {
	Name: "LPUSH", Args: "@key element [element ...]",
	Summary: "Puts elements at the front of a list.",
	Group:   command.GroupList,
	Flags:   command.Write | command.DenyOOM | command.Fast | command.Steady,
	Since:   "1.0.0", Cost: "O(N)",
	KeyUse: "RW insert",
	Do:     command.OnShard(lpush),
}, {
	Name: "LPUSHX", Args: "@key element [element ...]",
	Summary: "Puts elements at the front of a list, provided that it is there.",
	Group:   command.GroupList,
	Flags:   command.Write | command.DenyOOM | command.Fast | command.Steady,
	Since:   "2.2.0", Cost: "O(N)",
	KeyUse: "RW insert",
	Do:     command.OnShard(lpushx),
}, {
	Name: "LRANGE", Args: "@key start:int stop:int",
	Summary: "Gives the elements of a list in a range of numbers.",
	Group:   command.GroupList, Flags: command.Read | command.Steady,
	Since: "1.0.0", Cost: "O(S+N)",
	Do: command.OnShard(span),
}, {
	Name: "LREM", Args: "@key count:int element",
	Summary: "Removes elements that equal a value from a list.",
	Group:   command.GroupList, Flags: command.Write,
	Since: "1.0.0", Cost: "O(N)",
	KeyUse: "RW delete",
	Do:     command.OnShard(rem),
}, {
	Name: "LSET", Args: "@key index:int element",
	Summary: "Sets an element of a list by its number.",
	Group:   command.GroupList, Flags: command.Write | command.DenyOOM,
	Since: "1.0.0", Cost: "O(N)",
	KeyUse: "RW update",
	Do:     command.OnShard(set),
}, {
	Name: "LTRIM", Args: "@key start:int stop:int",
	Summary: "Removes all elements of a list outside of a range of numbers.",
	Group:   command.GroupList, Flags: command.Write,
	Since: "1.0.0", Cost: "O(N)",
	KeyUse: "RW delete",
	Do:     command.OnShard(trim),
}, {
	Name: "RPOP", Args: "@key [count:int]",
	Summary: "Takes elements from the end of a list.",
	Group:   command.GroupList, Flags: command.Write | command.Fast | command.Steady,
	Since: "1.0.0", Cost: "O(N)",
	KeyUse: "RW access delete",
	Do:     command.OnShard(rpop),
}, {
	Name: "RPOPLPUSH", Args: "@source @destination",
	Summary: "Moves the last element of a list to the front of another one.",
	Group:   command.GroupList, Flags: command.Write | command.DenyOOM,
	Since: "1.2.0", Cost: "O(1)",
	Deprecated: "6.2.0", Instead: "LMOVE with the RIGHT and LEFT arguments",
	KeyUse: "RW access delete; RW insert",
	Do:     command.OnKeys(rpoplpush),
}, {
	Name: "RPUSH", Args: "@key element [element ...]",
	Summary: "Puts elements at the end of a list.",
	Group:   command.GroupList,
	Flags:   command.Write | command.DenyOOM | command.Fast | command.Steady,
	Since:   "1.0.0", Cost: "O(N)",
	KeyUse: "RW insert",
	Do:     command.OnShard(rpush),
}, {
	Name: "RPUSHX", Args: "@key element [element ...]",
	Summary: "Puts elements at the end of a list, provided that it is there.",
	Group:   command.GroupList,
	Flags:   command.Write | command.DenyOOM | command.Fast | command.Steady,
	Since:   "2.2.0", Cost: "O(N)",
	KeyUse: "RW insert",
	Do:     command.OnShard(rpushx),
}}
