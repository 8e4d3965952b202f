// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"stampede/internal/command"
	"stampede/internal/config"
	"stampede/internal/glob"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

const (
	errDebugRefused reply.Error = "ERR DEBUG command not allowed. If the enable-debug-command " +
		"option is set to \"local\", you can run it from a local connection, otherwise you " +
		"need to set this option in the configuration file, and then restart the server."
	errThreshold reply.Error = "ERR argument must be a memory value bigger than 1 and " +
		"smaller than 4gb"
	errProtocolName reply.Error = "ERR Wrong protocol type name. Please use one of the " +
		"following: string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false"
)

// debugRows is a single row, as in Redis, whose subcommands are a table of their own. It
// owns all shards, so that DEBUG SLEEP stalls everything, which is its purpose.
func (a *admin) debugRows() []command.Spec {
	debug := row("DEBUG", "", "1.0.0", guarded, command.OnAll(a.debug),
		"Helps to find faults in the server.")
	debug.ArityAs, debug.Cost = -2, "depends on the subcommand"
	return []command.Spec{debug}
}

// debugCall is a subcommand of DEBUG: with args arguments, in words for DEBUG HELP.
type debugCall struct {
	name  string
	args  int
	about string
	do    func(a *admin, spaces []*keyspace.Space, c *command.Call)
}

func debugCalls() []debugCall {
	ok := func(_ *admin, _ []*keyspace.Space, c *command.Call) { c.Reply.OK() }
	return []debugCall{
		{"CHANGE-REPL-ID", 0, "Does nothing: there are no replicas.", ok},
		{"HELP", 0, "Lists the subcommands and what they do.", debugHelp},
		{"LISTPACK", 1, "<key>: checks that the key is packed.", debugListpack},
		{"OBJECT", 1, "<key>: shows how the value is kept.", debugObject},
		{"PROTOCOL", 1, "<type>: answers with a reply of that type.", debugProtocol},
		{"QUICKLIST-PACKED-THRESHOLD", 1, "<size>: does nothing.", debugThreshold},
		{"RELOAD", 0, "Does nothing: there are no files.", ok},
		{"SET-ACTIVE-EXPIRE", 1, "<0|1>: says whether keys past their deadline are looked for.",
			debugActiveExpire},
		{"SLEEP", 1, "<seconds>: stalls the whole server.", debugSleep},
		{"STRINGMATCH-LEN", 2, "<length> <pattern>: matches a text of so many a.", debugMatch},
	}
}

func (a *admin) debug(spaces []*keyspace.Space, c *command.Call) {
	if !a.debugAllowed(c) {
		c.Reply.Fail(errDebugRefused)
		return
	}
	name := c.Args.Bytes()
	for _, sub := range debugCalls() {
		if command.EqualFold(name, sub.name) && c.Args.Left() == sub.args {
			sub.do(a, spaces, c)
			return
		}
	}
	c.Reply.Fail(reply.Error("ERR unknown subcommand or wrong number of arguments for '" +
		string(name[:min(len(name), 128)]) + "'. Try DEBUG HELP."))
}

// debugAllowed goes by enable-debug-command: no, yes, or only from this machine.
func (a *admin) debugAllowed(c *command.Call) bool {
	switch a.Config.Text(config.EnableDebugCommand) {
	case "yes":
		return true
	case "local":
		info := c.Session.Public.Info()
		return info.Unix || strings.HasPrefix(info.Addr, "127.") ||
			strings.HasPrefix(info.Addr, "[::1]:")
	}
	return false
}

func debugHelp(_ *admin, _ []*keyspace.Space, c *command.Call) {
	calls := debugCalls()
	c.Reply.Array(1 + 2*len(calls))
	c.Reply.Simple("DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")
	for _, sub := range calls {
		c.Reply.Simple(sub.name)
		c.Reply.Simple("    " + sub.about)
	}
}

func debugSleep(a *admin, _ []*keyspace.Space, c *command.Call) {
	seconds, err := strconv.ParseFloat(string(c.Args.Bytes()), 64)
	if err == nil && seconds > 0 {
		a.Sleep(time.Duration(seconds * float64(time.Second)))
	}
	c.Reply.OK()
}

func debugActiveExpire(a *admin, _ []*keyspace.Space, c *command.Call) {
	n, _ := strconv.Atoi(string(c.Args.Bytes()))
	a.Config.SetActiveExpire(n != 0)
	c.Reply.OK()
}

// find looks a key up without knowing its shard.
func find(spaces []*keyspace.Space, c *command.Call) (e keyspace.Entry, ok bool) {
	key := c.Args.Bytes()
	for _, space := range spaces {
		if e = space.DB(c.DB).Peek(key); e.Exists() {
			return e, true
		}
	}
	c.Reply.Fail(reply.ErrNoSuchKey)
	return e, false
}

func debugObject(_ *admin, spaces []*keyspace.Space, c *command.Call) {
	e, ok := find(spaces, c)
	if !ok {
		return
	}
	idle := e.IdleSeconds()
	c.Reply.Simple(fmt.Sprintf("Value at:0x0 refcount:1 encoding:%s serializedlength:%d "+
		"lru:%d lru_seconds_idle:%d", e.Encoding(), e.MemoryBytes(),
		(c.NowMs/1000-idle)&(1<<24-1), idle))
}

func debugListpack(_ *admin, spaces []*keyspace.Space, c *command.Call) {
	e, ok := find(spaces, c)
	switch {
	case !ok:
	case e.Encoding() != "listpack":
		c.Reply.Fail("ERR Not a listpack encoded object.")
	default:
		c.Reply.Simple(fmt.Sprintf("Listpack in a block of %d bytes", e.MemoryBytes()))
	}
}

// debugThreshold checks the size as Redis does; there are no quicklists.
func debugThreshold(_ *admin, _ []*keyspace.Space, c *command.Call) {
	bytes, ok := config.ParseMemory(string(c.Args.Bytes()))
	if !ok || bytes < 1 || bytes >= 4<<30 {
		c.Reply.Fail(errThreshold)
		return
	}
	c.Reply.OK()
}

const matchBytesMax = 1 << 20

func debugMatch(_ *admin, _ []*keyspace.Space, c *command.Call) {
	length, pattern := c.Args.Int(), c.Args.Bytes()
	switch {
	case c.Args.Err() != nil:
		c.Reply.Err(c.Args.Err())
	case length < 0 || length > matchBytesMax:
		c.Reply.Fail(reply.ErrOutOfRange)
	case glob.Match(pattern, bytes.Repeat([]byte("a"), int(length))):
		c.Reply.Int(1)
	default:
		c.Reply.Int(0)
	}
}
