// SPDX-License-Identifier: Apache-2.0

// Package hll is the family of HyperLogLogs: strings that estimate how many different
// elements they were given. Their bytes are those of Redis 7, so that they go from one to
// the other.
//
// A sketch (sketch.go) has 16384 registers and keeps them dense, six bits each, or sparse,
// as runs. A handler runs while the shards of its keys are owned and touches nothing else.
//
// What is not here: a type. A sketch is a string, and package keyspace has it.
package hll

import "stampede/internal/command"

// Commands are the rows of this family.
var Commands = []command.Spec{{
	Name: "PFADD", Args: "@key [element [element ...]]",
	Summary: "Gives elements to a HyperLogLog.",
	Group:   command.GroupHyperLogLog, Flags: command.Write | command.DenyOOM | command.Fast,
	Since: "2.8.9", Cost: "O(1) for each element", KeyUse: "RW insert",
	Do: command.OnShard(add),
}, {
	Name: "PFCOUNT", Args: "@key [@key ...]",
	Summary: "Estimates how many different elements HyperLogLogs were given together.",
	Group:   command.GroupHyperLogLog, Flags: command.Read | command.Spreads,
	Since: "2.8.9", Cost: "O(N) in keys, O(1) for one that has not changed",
	KeyUse: "RW access",
	Do:     command.OnKeys(count),
}, {
	Name: "PFDEBUG", Args: "subcommand @key",
	Summary: "Shows how a HyperLogLog is kept.",
	Group:   command.GroupHyperLogLog,
	Flags:   command.Write | command.DenyOOM | command.Admin,
	Since:   "2.8.9", Cost: "O(N)", KeyUse: "RW access",
	Do: command.OnShard(debug),
}, {
	Name: "PFMERGE", Args: "@destkey @sourcekey [@sourcekey ...]",
	Summary: "Makes a HyperLogLog of several, as if it had been given all their elements.",
	Group:   command.GroupHyperLogLog, Flags: command.Write | command.DenyOOM,
	Since: "2.8.9", Cost: "O(N) in keys", KeyUse: "RW access insert; RO access",
	ArityAs:  -2,
	FindKeys: mergedKeys,
	Do:       command.OnKeys(merge),
}, {
	Name: "PFSELFTEST", Summary: "Tests how HyperLogLogs are kept and what they estimate.",
	Group: command.GroupHyperLogLog, Flags: command.Admin, Since: "2.8.9", Cost: "O(1)",
	Do: command.Local(selfTest),
}}

// mergedKeys finds the keys of PFMERGE. A call without sources is run, though those who ask for
// its keys are told that it makes no sense, as in Redis.
func mergedKeys(argv [][]byte, dst []int) (positions []int, err error) {
	for at := 1; at < len(argv); at++ {
		dst = append(dst, at)
	}
	if len(argv) == 2 {
		return dst, command.ErrKeys
	}
	return dst, nil
}
