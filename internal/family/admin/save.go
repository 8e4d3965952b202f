// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"stampede/internal/command"
	"stampede/internal/reply"
)

// errNotDurable is the answer to whoever wants data on a disk. A server that says yes and
// keeps nothing would be worse.
const errNotDurable reply.Error = "ERR nothing can be saved: this version keeps data in memory only"

func (a *admin) saveRows() []command.Spec {
	const saves = command.Admin | command.NoScript | command.NoAsyncLoad
	last := tips(row("LASTSAVE", "", "1.0.0", anytime|command.Fast|command.Dangerous,
		command.Local(a.lastSave), "Tells when the last snapshot was written."),
		"nondeterministic_output")
	last.ACL = "admin"
	return []command.Spec{
		row("BGREWRITEAOF", "", "1.0.0", saves, command.Local(notDurable),
			"Makes the journal shorter, in the background."),
		row("BGSAVE", "[SCHEDULE]", "1.0.0", saves, command.Local(bgSave),
			"Writes a snapshot, in the background."),
		last,
		linear(row("SAVE", "", "1.0.0", saves|command.NoMulti, command.Local(notDurable),
			"Writes a snapshot while everybody waits.")),
	}
}

func notDurable(c *command.Call) { c.Reply.Fail(errNotDurable) }

func bgSave(c *command.Call) {
	c.Args.Opt("SCHEDULE")
	if only(c) {
		c.Reply.Fail(errNotDurable)
	}
}

// lastSave tells when the server started, as Redis does before its first snapshot.
func (a *admin) lastSave(c *command.Call) { c.Reply.Int(a.Facts.StartMs / 1000) }
