// SPDX-License-Identifier: Apache-2.0

// Package introspect is the family of commands about commands: COMMAND and its
// subcommands.
//
// All it says comes from the rows of the table to which the called row belongs, so it needs
// no service. It touches no key and nothing that changes.
//
// What is not here: the helps of containers, which package command derives.
package introspect

import "stampede/internal/command"

const anyTime = command.Loading | command.Stale

// getKeysArgs is the synopsis of a call within a call.
const getKeysArgs = "command-name arg [arg ...]"

// Commands are the rows of this family.
var Commands = []command.Spec{{
	Name: "COMMAND", Summary: "Describes all commands for programs.",
	Group: command.GroupServer, Flags: anyTime, Since: "2.8.13", Cost: "O(N) in commands",
	Tips: "nondeterministic_output_order", ACL: "connection", ArityAs: -1,
	Do: command.Local(describeAll),
}, {
	Name: "COMMAND|COUNT", Summary: "Counts the commands, subcommands aside.",
	Group: command.GroupServer, Flags: anyTime, Since: "2.8.13", Cost: "O(1)",
	ACL: "connection", Do: command.Local(count),
}, {
	Name: "COMMAND|DOCS", Args: "[command-name [command-name ...]]",
	Summary: "Documents the named commands, or all, for people and programs.",
	Group:   command.GroupServer, Flags: anyTime, Since: "7.0.0", Cost: "O(N) in commands",
	Tips: "nondeterministic_output_order", ACL: "connection", Do: command.Local(document),
}, {
	Name: "COMMAND|GETKEYS", Args: getKeysArgs, Summary: "Gives the keys of a call.",
	Group: command.GroupServer, Flags: anyTime, Since: "2.8.13", Cost: "O(N) in arguments",
	ACL: "connection", Do: command.Local(getKeys),
}, {
	Name: "COMMAND|GETKEYSANDFLAGS", Args: getKeysArgs,
	Summary: "Gives the keys of a call and what it does with them.",
	Group:   command.GroupServer, Flags: anyTime, Since: "7.0.0", Cost: "O(N) in arguments",
	ACL: "connection", Do: command.Local(getKeysAndFlags),
}, {
	Name: "COMMAND|INFO", Args: "[command-name [command-name ...]]",
	Summary: "Describes the named commands, or all, for programs.",
	Group:   command.GroupServer, Flags: anyTime, Since: "2.8.13", Cost: "O(N) in commands",
	Tips: "nondeterministic_output_order", ACL: "connection", Do: command.Local(info),
}, {
	Name: "COMMAND|LIST",
	Args: "[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern:pattern>]",
	Summary: "Lists the names of all commands, or of those of a module, of an ACL category or " +
		"with a matching name.",
	Group: command.GroupServer, Flags: anyTime, Since: "7.0.0", Cost: "O(N) in commands",
	Tips: "nondeterministic_output_order", ACL: "connection", Do: command.Local(list),
}}

// commands are the rows of the table of the call that are no subcommands.
func commands(c *command.Call) []*command.Row {
	var top []*command.Row
	for _, row := range c.Row.Table().Rows() {
		if row.Container == nil && row.Flags&command.Hidden == 0 {
			top = append(top, row)
		}
	}
	return top
}

func count(c *command.Call) { c.Reply.Int(int64(len(commands(c)))) }
