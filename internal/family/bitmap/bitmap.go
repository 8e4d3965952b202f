// SPDX-License-Identifier: Apache-2.0

// Package bitmap is the family of commands that take a string for an array of bits, or of
// small integers. Bit 0 is the highest bit of the first byte; behind its end a string is
// zeros.
//
// A handler runs while the shards of its keys are owned and touches nothing else.
//
// What is not here: a type. A bitmap is a string, and package keyspace has it.
package bitmap

import "stampede/internal/command"

// Commands are the rows of this family.
var Commands = []command.Spec{{
	Name: "BITCOUNT", Args: "@key [start:int end:int [BYTE | BIT]]",
	Summary: "Counts the bits that are set.",
	Group:   command.GroupBitmap, Flags: command.Read, Since: "2.6.0", Cost: "O(N)",
	Do: command.OnShard(count),
}, {
	Name: "BITFIELD",
	Args: "@key [<GET encoding offset:int | [OVERFLOW <WRAP | SAT | FAIL>] " + change + "> " +
		"[<GET encoding offset:int | [OVERFLOW <WRAP | SAT | FAIL>] " + change + "> ...]]",
	Summary: "Reads and changes integers of any width in a string.",
	Group:   command.GroupBitmap, Flags: command.Write | command.DenyOOM, Since: "3.2.0",
	Cost:    "O(1) for each subcommand",
	KeyUse:  "RW access update variable_flags",
	ArityAs: -2,
	UseOf:   useOfField,
	Do:      command.OnShard(field),
}, {
	Name: "BITFIELD_RO", Args: "@key [GET encoding offset:int [GET encoding offset:int ...]]",
	Summary: "Reads integers of any width in a string.",
	Group:   command.GroupBitmap, Flags: command.Read | command.Fast, Since: "6.0.0",
	Cost: "O(1) for each subcommand",
	Do:   command.OnShard(fieldRO),
}, {
	Name: "BITOP", Args: "operation @destkey @key [@key ...]",
	Summary: "Combines strings bit by bit and keeps the result.",
	Group:   command.GroupBitmap, Flags: command.Write | command.DenyOOM, Since: "2.6.0",
	Cost: "O(N)", KeyUse: "OW update; RO access",
	Do: command.OnKeys(combine),
}, {
	Name: "BITPOS", Args: "@key bit:int [start:int [end:int [BYTE | BIT]]]",
	Summary: "Finds the first bit that is set, or clear.",
	Group:   command.GroupBitmap, Flags: command.Read, Since: "2.8.7", Cost: "O(N)",
	Do: command.OnShard(position),
}, {
	Name: "GETBIT", Args: "@key offset:int", Summary: "Gives one bit of a string.",
	Group: command.GroupBitmap, Flags: command.Read | command.Fast, Since: "2.2.0", Cost: "O(1)",
	Do: command.OnShard(get),
}, {
	Name: "SETBIT", Args: "@key offset:int value:int",
	Summary: "Sets or clears one bit of a string and gives what it was.",
	Group:   command.GroupBitmap, Flags: command.Write | command.DenyOOM, Since: "2.2.0",
	Cost: "O(1)", KeyUse: "RW access update",
	Do: command.OnShard(set),
}}

// change is the part of BITFIELD's synopsis that writes.
const change = "<SET encoding offset:int value:int | INCRBY encoding offset:int increment:int>"
