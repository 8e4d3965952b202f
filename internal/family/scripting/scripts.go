// SPDX-License-Identifier: Apache-2.0

package scripting

import (
	"stampede/internal/command"
	"stampede/internal/reply"
	"stampede/internal/script"
)

const ours = "stampede"

// scriptRows are the subcommands of SCRIPT.
func (s Services) scriptRows() []command.Spec {
	return []command.Spec{{
		Name: "SCRIPT|DEBUG", Args: "<YES | SYNC | NO>",
		Summary: "Would switch the debugger of scripts on; there is none.",
		Group:   command.GroupScripting, Flags: command.NoScript, Since: "3.2.0", Cost: "O(1)",
		Do: command.Local(debug),
	}, {
		Name: "SCRIPT|EXISTS", Args: "sha1 [sha1 ...]",
		Summary: "Tells which scripts the server knows.",
		Group:   command.GroupScripting, Flags: command.NoScript, Since: "2.6.0",
		Cost: "O(N) in scripts asked for",
		Tips: "request_policy:all_shards response_policy:agg_logical_and",
		Do:   command.Local(s.exists),
	}, {
		Name: "SCRIPT|FLAGS", Args: "sha1 [flag [flag ...]]",
		Summary: "Adds to what a script declares of itself, and says it.",
		Group:   command.GroupScripting, Flags: command.NoScript, Since: ours, Cost: "O(1)",
		Do: command.Local(s.flags),
	}, {
		Name: "SCRIPT|FLUSH", Args: "[ASYNC | SYNC]",
		Summary: "Forgets all scripts.",
		Group:   command.GroupScripting, Flags: command.NoScript, Since: "2.6.0",
		Cost: "O(N) in scripts",
		Tips: "request_policy:all_nodes response_policy:all_succeeded",
		Do:   command.Local(s.flush),
	}, {
		Name:    "SCRIPT|KILL",
		Summary: "Ends the script that runs, unless it has written.",
		Group:   command.GroupScripting, Flags: command.NoScript | command.AllowBusy,
		Since: "2.6.0", Cost: "O(1)",
		Tips: "request_policy:all_shards response_policy:one_succeeded",
		Do:   command.Local(s.kill),
	}, {
		Name:    "SCRIPT|LIST",
		Summary: "Gives the SHA-1 and the text of all scripts.",
		Group:   command.GroupScripting, Flags: command.NoScript, Since: ours,
		Cost: "O(N) in scripts", Do: command.Local(s.list),
	}, {
		Name: "SCRIPT|LOAD", Args: "script",
		Summary: "Keeps a script and gives its SHA-1.",
		Group:   command.GroupScripting, Flags: command.NoScript | command.Stale,
		Since: "2.6.0", Cost: "O(N) in bytes of the script",
		Tips: "request_policy:all_nodes response_policy:all_succeeded",
		Do:   command.Local(s.load),
	}, {
		Name: "SCRIPT|STATS", Args: "[sha1 [sha1 ...]]",
		Summary: "Gives what the named scripts, or all, have cost so far.",
		Group:   command.GroupScripting, Flags: command.NoScript, Since: ours,
		Cost: "O(N) in scripts", Do: command.Local(s.stats),
	}}
}

func debug(c *command.Call) {
	a := &c.Args
	switch {
	case a.Opt("NO"):
		c.Reply.OK()
	case a.Opt("YES"), a.Opt("SYNC"):
		c.Reply.Fail("ERR The debugger of scripts is not supported")
	default:
		c.Reply.Fail("ERR Use SCRIPT DEBUG YES/SYNC/NO")
	}
}

func (s Services) exists(c *command.Call) {
	c.Reply.Array(c.Args.Left())
	for c.Args.More() {
		n := int64(0)
		if s.Library.Find(c.Args.Bytes()) != nil {
			n = 1
		}
		c.Reply.Int(n)
	}
}

func (s Services) flags(c *command.Call) {
	known := s.Library.Find(c.Args.Bytes())
	if known == nil {
		c.Reply.Fail(errNoScript)
		return
	}
	var add script.Flags
	for c.Args.More() {
		name := string(c.Args.Bytes())
		flag := script.FlagNamed(name)
		if flag == 0 {
			c.Reply.Fail(reply.Error("ERR Invalid flag: " + name))
			return
		}
		add |= flag
	}
	known.AddFlags(add)
	writeFlags(c.Reply, known.Flags())
}

func writeFlags(out *reply.Buffer, flags script.Flags) {
	names := flags.Names()
	out.Array(len(names))
	for _, name := range names {
		out.Text(name)
	}
}

func (s Services) flush(c *command.Call) {
	a := &c.Args
	if a.More() && (a.Left() > 1 || !a.Opt("SYNC") && !a.Opt("ASYNC")) {
		c.Reply.Fail(errFlushOption)
		return
	}
	s.Library.Flush()
	c.Reply.OK()
}

func (s Services) kill(c *command.Call) {
	if s.Kill == nil {
		c.Reply.Fail(errNotRunning)
		return
	}
	if running, ok := s.functions().Running(); ok && !running.Wrote {
		c.Reply.Fail(errFunctionRuns)
		return
	}
	if err := s.Kill(); err != nil {
		c.Reply.Err(err)
		return
	}
	c.Reply.OK()
}

func (s Services) list(c *command.Call) {
	all := s.Library.All()
	c.Reply.Array(len(all))
	for _, known := range all {
		c.Reply.Array(2)
		c.Reply.Text(known.SHA)
		c.Reply.Text(known.Source)
	}
}

func (s Services) load(c *command.Call) {
	known, err := s.Library.Load(c.Args.Bytes())
	if err != nil {
		c.Reply.Err(err)
		return
	}
	c.Reply.Text(known.SHA)
}

// stats answers with a map for each script.
func (s Services) stats(c *command.Call) {
	all := s.Library.All()
	if c.Args.More() {
		all = all[:0]
	}
	for c.Args.More() {
		known := s.Library.Find(c.Args.Bytes())
		if known == nil {
			c.Reply.Fail(errNoScript)
			return
		}
		all = append(all, known)
	}
	c.Reply.Array(len(all))
	for _, known := range all {
		stats := known.Stats()
		c.Reply.Map(6)
		c.Reply.Text("sha1")
		c.Reply.Text(known.SHA)
		c.Reply.Text("calls")
		c.Reply.Int(stats.Calls)
		c.Reply.Text("failed_calls")
		c.Reply.Int(stats.Failures)
		c.Reply.Text("usec")
		c.Reply.Int(stats.Micros)
		c.Reply.Text("flags")
		writeFlags(c.Reply, known.Flags())
		c.Reply.Text("bytes")
		c.Reply.Int(int64(len(known.Source)))
	}
}
