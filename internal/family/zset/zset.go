// SPDX-License-Identifier: Apache-2.0

// Package zset is the family of commands that work on sorted sets.
//
// A handler runs while the shards of its keys are owned and touches nothing else. What a
// sorted set is, small or large, is package keyspace's business.
//
// What is not here: the commands that wait for a member (BZPOPMIN and its like).
package zset

import (
	"stampede/internal/command"
	"stampede/internal/object"
)

// waiting is a row whose calls wait for a member of a sorted set, in order of arrival.
func waiting(try func(tx command.Tx, c *command.Call) bool) command.Waiting {
	return command.Waiting{Try: try, TimeUp: noMembers, InOrder: true, Wants: object.ZSet}
}

// Commands are the rows of this family.
var Commands = []command.Spec{{
	Name: "BZMPOP",
	Args: "timeout:double numkeys:int @key [@key ...] <MIN | MAX> [COUNT count:int]",
	Summary: "Takes members with the lowest or highest scores from the first sorted set that " +
		"has any. Waits for one.",
	Group: command.GroupSortedSet, Flags: command.Write | command.Blocking,
	Since: "7.0.0", Cost: "O(K)+O(M*log(N))",
	KeyUse: "RW access delete",
	Do:     waiting(bmpop),
}, {
	Name: "BZPOPMAX", Args: "@key [@key ...] timeout:double",
	Summary: "Takes the member with the highest score from the first sorted set that has any. " +
		"Waits for one.",
	Group: command.GroupSortedSet,
	Flags: command.Write | command.Fast | command.NoScript | command.Blocking,
	Since: "5.0.0", Cost: "O(log(N))",
	KeyUse: "RW access delete",
	Do:     waiting(bpopMax),
}, {
	Name: "BZPOPMIN", Args: "@key [@key ...] timeout:double",
	Summary: "Takes the member with the lowest score from the first sorted set that has any. " +
		"Waits for one.",
	Group: command.GroupSortedSet,
	Flags: command.Write | command.Fast | command.NoScript | command.Blocking,
	Since: "5.0.0", Cost: "O(log(N))",
	KeyUse: "RW access delete",
	Do:     waiting(bpopMin),
}, {
	Name: "ZADD",
	Args: "@key [NX | XX] [GT | LT] [CH] [INCR] score:double member [score:double " +
		"member ...]",
	Summary: "Puts members into a sorted set or changes their scores.",
	Group:   command.GroupSortedSet, Flags: command.Write | command.DenyOOM | command.Fast,
	Since: "1.2.0", Cost: "O(M*log(N))",
	Do: command.OnShard(add),
}, {
	Name: "ZCARD", Args: "@key",
	Summary: "Counts the members of a sorted set.",
	Group:   command.GroupSortedSet, Flags: command.Read | command.Fast | command.Steady,
	Since: "1.2.0", Cost: "O(1)",
	KeyUse: "RO",
	Do:     command.OnShard(card),
}, {
	Name: "ZCOUNT", Args: "@key min:double max:double",
	Summary: "Counts the members of a sorted set whose scores lie in a range.",
	Group:   command.GroupSortedSet, Flags: command.Read | command.Fast,
	Since: "2.0.0", Cost: "O(log(N))",
	Do: command.OnShard(count),
}, {
	Name: "ZDIFF", Args: "numkeys:int @key [@key ...] [WITHSCORES]",
	Summary: "Gives the members of the first sorted set that the others lack.",
	Group:   command.GroupSortedSet, Flags: command.Read,
	Since: "6.2.0", Cost: "O(L + (N-K)log(N))",
	Do: command.OnKeys(diff),
}, {
	Name: "ZDIFFSTORE", Args: "@destination numkeys:int @key [@key ...]",
	Summary: "Keeps the members of the first sorted set that the others lack under a key.",
	Group:   command.GroupSortedSet, Flags: command.Write | command.DenyOOM,
	Since: "6.2.0", Cost: "O(L + (N-K)log(N))",
	KeyUse: "OW update; RO access",
	Do:     command.OnKeys(diffStore),
}, {
	Name: "ZINCRBY", Args: "@key increment:int member",
	Summary: "Adds to the score of a member of a sorted set.",
	Group:   command.GroupSortedSet,
	Flags:   command.Write | command.DenyOOM | command.Fast | command.Steady,
	Since:   "1.2.0", Cost: "O(log(N))",
	KeyUse: "RW access update",
	Do:     command.OnShard(incrBy),
}, {
	Name: "ZINTER",
	Args: "numkeys:int @key [@key ...] [WEIGHTS weight:int [weight:int ...]] [AGGREGATE " +
		"<SUM | MIN | MAX>] [WITHSCORES]",
	Summary: "Gives the members that all of the sorted sets have.",
	Group:   command.GroupSortedSet, Flags: command.Read,
	Since: "6.2.0", Cost: "O(N*K)+O(M*log(M))",
	Do: command.OnKeys(inter),
}, {
	Name: "ZINTERCARD", Args: "numkeys:int @key [@key ...] [LIMIT limit:int]",
	Summary: "Counts the members that all of the sorted sets have.",
	Group:   command.GroupSortedSet, Flags: command.Read,
	Since: "7.0.0", Cost: "O(N*K)",
	Do: command.OnKeys(interCard),
}, {
	Name: "ZINTERSTORE",
	Args: "@destination numkeys:int @key [@key ...] [WEIGHTS weight:int [weight:int " +
		"...]] [AGGREGATE <SUM | MIN | MAX>]",
	Summary: "Keeps the members that all of the sorted sets have under a key.",
	Group:   command.GroupSortedSet, Flags: command.Write | command.DenyOOM,
	Since: "2.0.0", Cost: "O(N*K)+O(M*log(M))",
	KeyUse: "OW update; RO access",
	Do:     command.OnKeys(interStore),
}, {
	Name: "ZLEXCOUNT", Args: "@key min max",
	Summary: "Counts the members of a sorted set that lie in a range of names.",
	Group:   command.GroupSortedSet, Flags: command.Read | command.Fast,
	Since: "2.8.9", Cost: "O(log(N))",
	Do: command.OnShard(lexCount),
}, {
	Name: "ZMPOP", Args: "numkeys:int @key [@key ...] <MIN | MAX> [COUNT count:int]",
	Summary: "Takes members with the lowest or highest scores from the first sorted set that has any.",
	Group:   command.GroupSortedSet, Flags: command.Write,
	Since: "7.0.0", Cost: "O(K)+O(M*log(N))",
	KeyUse: "RW access delete",
	Do:     command.OnKeys(mpop),
}, {
	Name: "ZMSCORE", Args: "@key member [member ...]",
	Summary: "Gives the scores of several members of a sorted set.",
	Group:   command.GroupSortedSet, Flags: command.Read | command.Fast,
	Since: "6.2.0", Cost: "O(N)",
	Do: command.OnShard(mscore),
}, {
	Name: "ZPOPMAX", Args: "@key [count:int]",
	Summary: "Takes the members with the highest scores from a sorted set.",
	Group:   command.GroupSortedSet, Flags: command.Write | command.Fast,
	Since: "5.0.0", Cost: "O(log(N)*M)",
	KeyUse: "RW access delete",
	Do:     command.OnShard(popMax),
}, {
	Name: "ZPOPMIN", Args: "@key [count:int]",
	Summary: "Takes the members with the lowest scores from a sorted set.",
	Group:   command.GroupSortedSet, Flags: command.Write | command.Fast,
	Since: "5.0.0", Cost: "O(log(N)*M)",
	KeyUse: "RW access delete",
	Do:     command.OnShard(popMin),
}, {
	Name: "ZRANDMEMBER", Args: "@key [count:int [WITHSCORES]]",
	Summary: "Gives members of a sorted set by chance.",
	Group:   command.GroupSortedSet, Flags: command.Read,
	Since: "6.2.0", Cost: "O(N)",
	Tips: "nondeterministic_output",
	Do:   command.OnShard(randMember),
}, {
	Name: "ZRANGE",
	Args: "@key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset:int count:int] " +
		"[WITHSCORES]",
	Summary: "Gives the members of a sorted set in a range of ranks, scores or names.",
	Group:   command.GroupSortedSet, Flags: command.Read,
	Since: "1.2.0", Cost: "O(log(N)+M)",
	Do: command.OnShard(rangeOf),
}, {
	Name: "ZRANGEBYLEX", Args: "@key min max [LIMIT offset:int count:int]",
	Summary: "Gives the members of a sorted set in a range of names.",
	Group:   command.GroupSortedSet, Flags: command.Read,
	Since: "2.8.9", Cost: "O(log(N)+M)",
	Deprecated: "6.2.0", Instead: "ZRANGE with BYLEX",
	Do: command.OnShard(rangeByLex),
}, {
	Name:    "ZRANGEBYSCORE",
	Args:    "@key min:double max:double [WITHSCORES] [LIMIT offset:int count:int]",
	Summary: "Gives the members of a sorted set in a range of scores.",
	Group:   command.GroupSortedSet, Flags: command.Read,
	Since: "1.0.5", Cost: "O(log(N)+M)",
	Deprecated: "6.2.0", Instead: "ZRANGE with BYSCORE",
	Do: command.OnShard(rangeByScore),
}, {
	Name:    "ZRANGESTORE",
	Args:    "@dst @src min max [BYSCORE | BYLEX] [REV] [LIMIT offset:int count:int]",
	Summary: "Keeps a range of a sorted set under another key.",
	Group:   command.GroupSortedSet, Flags: command.Write | command.DenyOOM,
	Since: "6.2.0", Cost: "O(log(N)+M)",
	KeyUse: "OW update; RO access",
	Do:     command.OnKeys(rangeStore),
}, {
	Name: "ZRANK", Args: "@key member",
	Summary: "Tells the rank of a member of a sorted set, from the lowest score.",
	Group:   command.GroupSortedSet, Flags: command.Read | command.Fast,
	Since: "2.0.0", Cost: "O(log(N))",
	Do: command.OnShard(rank),
}, {
	Name: "ZREM", Args: "@key member [member ...]",
	Summary: "Removes members from a sorted set.",
	Group:   command.GroupSortedSet, Flags: command.Write | command.Fast,
	Since: "1.2.0", Cost: "O(M*log(N))",
	KeyUse: "RW delete",
	Do:     command.OnShard(rem),
}, {
	Name: "ZREMRANGEBYLEX", Args: "@key min max",
	Summary: "Removes the members of a sorted set in a range of names.",
	Group:   command.GroupSortedSet, Flags: command.Write,
	Since: "2.8.9", Cost: "O(log(N)+M)",
	KeyUse: "RW delete",
	Do:     command.OnShard(remRangeByLex),
}, {
	Name: "ZREMRANGEBYRANK", Args: "@key start:int stop:int",
	Summary: "Removes the members of a sorted set in a range of ranks.",
	Group:   command.GroupSortedSet, Flags: command.Write,
	Since: "2.0.0", Cost: "O(log(N)+M)",
	KeyUse: "RW delete",
	Do:     command.OnShard(remRangeByRank),
}, {
	Name: "ZREMRANGEBYSCORE", Args: "@key min:double max:double",
	Summary: "Removes the members of a sorted set in a range of scores.",
	Group:   command.GroupSortedSet, Flags: command.Write,
	Since: "1.2.0", Cost: "O(log(N)+M)",
	KeyUse: "RW delete",
	Do:     command.OnShard(remRangeByScore),
}, {
	Name: "ZREVRANGE", Args: "@key start:int stop:int [WITHSCORES]",
	Summary: "Gives the members of a sorted set in a range of ranks, highest score first.",
	Group:   command.GroupSortedSet, Flags: command.Read | command.Steady,
	Since: "1.2.0", Cost: "O(log(N)+M)",
	Deprecated: "6.2.0", Instead: "ZRANGE with REV",
	Do: command.OnShard(revRange),
}, {
	Name: "ZREVRANGEBYLEX", Args: "@key max min [LIMIT offset:int count:int]",
	Summary: "Gives the members of a sorted set in a range of names, last name first.",
	Group:   command.GroupSortedSet, Flags: command.Read,
	Since: "2.8.9", Cost: "O(log(N)+M)",
	Deprecated: "6.2.0", Instead: "ZRANGE with REV and BYLEX",
	Do: command.OnShard(revRangeByLex),
}, {
	Name:    "ZREVRANGEBYSCORE",
	Args:    "@key max:double min:double [WITHSCORES] [LIMIT offset:int count:int]",
	Summary: "Gives the members of a sorted set in a range of scores, highest first.",
	Group:   command.GroupSortedSet, Flags: command.Read,
	Since: "2.2.0", Cost: "O(log(N)+M)",
	Deprecated: "6.2.0", Instead: "ZRANGE with REV and BYSCORE",
	Do: command.OnShard(revRangeByScore),
}, {
	Name: "ZREVRANK", Args: "@key member",
	Summary: "Tells the rank of a member of a sorted set, from the highest score.",
	Group:   command.GroupSortedSet, Flags: command.Read | command.Fast,
	Since: "2.0.0", Cost: "O(log(N))",
	Do: command.OnShard(revRank),
}, {
	Name: "ZSCAN", Args: "@key cursor:int [MATCH pattern:pattern] [COUNT count:int]",
	Summary: "Lists the members of a sorted set and their scores in steps.",
	Group:   command.GroupSortedSet, Flags: command.Read,
	Since: "2.8.0", Cost: "O(1) a call, O(N) in all",
	Tips: "nondeterministic_output",
	Do:   command.OnShard(scan),
}, {
	Name: "ZSCORE", Args: "@key member",
	Summary: "Gives the score of a member of a sorted set.",
	Group:   command.GroupSortedSet, Flags: command.Read | command.Fast | command.Steady,
	Since: "1.2.0", Cost: "O(1)",
	Do: command.OnShard(score),
}, {
	Name: "ZUNION",
	Args: "numkeys:int @key [@key ...] [WEIGHTS weight:int [weight:int ...]] [AGGREGATE " +
		"<SUM | MIN | MAX>] [WITHSCORES]",
	Summary: "Gives the members that any of the sorted sets has.",
	Group:   command.GroupSortedSet, Flags: command.Read,
	Since: "6.2.0", Cost: "O(N)+O(M*log(M))",
	Do: command.OnKeys(union),
}, {
	Name: "ZUNIONSTORE",
	Args: "@destination numkeys:int @key [@key ...] [WEIGHTS weight:int [weight:int " +
		"...]] [AGGREGATE <SUM | MIN | MAX>]",
	Summary: "Keeps the members that any of the sorted sets has under a key.",
	Group:   command.GroupSortedSet, Flags: command.Write | command.DenyOOM,
	Since: "2.0.0", Cost: "O(N)+O(M*log(M))",
	KeyUse: "OW update; RO access",
	Do:     command.OnKeys(unionStore),
}}
