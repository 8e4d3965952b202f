// SPDX-License-Identifier: Apache-2.0

// Package scripting is the family of scripts: EVAL and its like, SCRIPT, FCALL and FUNCTION.
//
// Running a script is the script machine's business (package script), its calls are the host's
// (the engine). Here is what the commands read and answer. The library of scripts may be used by
// anyone, so SCRIPT runs on its connection and owns no shard. Functions are part of the data:
// whoever changes them owns all shards.
package scripting

import (
	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
	"stampede/internal/resp"
	"stampede/internal/script"
)

const (
	errNoScript    reply.Error = "NOSCRIPT No matching script. Please use EVAL."
	errManyKeys    reply.Error = "ERR Number of keys can't be greater than number of args"
	errFewKeys     reply.Error = "ERR Number of keys can't be negative"
	errMayWrite    reply.Error = "ERR Can not execute a script with write flag using *_ro command."
	errNotRunning  reply.Error = "NOTBUSY No scripts in execution right now."
	errFlushOption reply.Error = "ERR SCRIPT FLUSH only support SYNC|ASYNC option"
)

// Services are what the family needs.
type Services struct {
	Library *script.Library

	// Kill ends the script that runs; the answer says why not. nil: none ever runs while
	// another call does.
	Kill func() error

	// Busy tells whether a script keeps others waiting. nil: none ever does.
	Busy func() bool

	// FunctionsChanged hears of each change of the libraries of functions, after it, while all
	// shards are owned. It may be nil.
	FunctionsChanged func(spaces []*keyspace.Space, change FunctionsChange)
}

const (
	evalFlags = command.NoScript | command.Stale | command.SkipMonitor | command.NoMandKeys
	evalCost  = "that of the script"
	evalArgs  = "numkeys:int [@key [@key ...]] [arg [arg ...]]"
	readUse   = "RO access"
	writeUse  = "RW access update"
)

// Commands are the rows of this family.
func Commands(s Services) []command.Spec {
	rows := []command.Spec{{
		Name: "EVAL", Args: "script " + evalArgs,
		Summary: "Runs a script in Lua as one transaction.",
		Group:   command.GroupScripting, Flags: evalFlags | command.Spreads, Since: "2.6.0",
		Cost: evalCost, KeyUse: writeUse, Do: command.Scripted(s.eval),
	}, {
		Name: "EVAL_RO", Args: "script " + evalArgs,
		Summary: "Runs a script in Lua that must not write.",
		Group:   command.GroupScripting, Flags: evalFlags | command.Read, Since: "7.0.0",
		Cost: evalCost, KeyUse: readUse, Do: command.Scripted(s.evalReadOnly),
	}, {
		Name: "EVALSHA", Args: "sha1 " + evalArgs,
		Summary: "Runs a script that the server knows, by its SHA-1.",
		Group:   command.GroupScripting, Flags: evalFlags | command.Spreads, Since: "2.6.0",
		Cost: evalCost, KeyUse: writeUse, Do: command.Scripted(s.evalSHA),
	}, {
		Name: "EVALSHA_RO", Args: "sha1 " + evalArgs,
		Summary: "Runs a script that the server knows, by its SHA-1; it must not write.",
		Group:   command.GroupScripting, Flags: evalFlags | command.Read, Since: "7.0.0",
		Cost: evalCost, KeyUse: readUse, Do: command.Scripted(s.evalSHAReadOnly),
	}, {
		Name: "SCRIPT", Summary: "Is about the scripts that the server knows.",
		Group: command.GroupScripting, Since: "2.6.0",
	}}
	return append(append(rows, s.scriptRows()...), s.functionRows()...)
}

func (s Services) eval(h command.Host, c *command.Call)         { s.evalText(h, c, false) }
func (s Services) evalReadOnly(h command.Host, c *command.Call) { s.evalText(h, c, true) }

// evalText runs the script whose text is the first argument.
func (s Services) evalText(h command.Host, c *command.Call, readOnly bool) {
	source := c.Args.Bytes()
	keys, args, failure := readKeys(&c.Args)
	if failure != "" {
		c.Reply.Fail(failure)
		return
	}
	known, err := s.Library.Eval(source)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	s.run(h, c, known, script.Input{Host: h, Keys: keys, Args: args, ReadOnly: readOnly})
}

func (s Services) evalSHA(h command.Host, c *command.Call)         { s.evalKnown(h, c, false) }
func (s Services) evalSHAReadOnly(h command.Host, c *command.Call) { s.evalKnown(h, c, true) }

// evalKnown runs the script whose SHA-1 is the first argument.
func (s Services) evalKnown(h command.Host, c *command.Call, readOnly bool) {
	sha := c.Args.Bytes()
	if len(sha) != script.SHALen {
		c.Reply.Fail(errNoScript)
		return
	}
	keys, args, failure := readKeys(&c.Args)
	if failure != "" {
		c.Reply.Fail(failure)
		return
	}
	known := s.Library.Find(sha)
	if known == nil {
		c.Reply.Fail(errNoScript)
		return
	}
	s.run(h, c, known, script.Input{Host: h, Keys: keys, Args: args, ReadOnly: readOnly})
}

// run runs a script unless what it declared forbids it.
func (s Services) run(h command.Host, c *command.Call, known *script.Script, in script.Input) {
	if refusal := refusalOf(h, known.Flags(), in.ReadOnly); refusal != "" {
		c.Reply.Fail(refusal)
		return
	}
	s.Library.Run(known, in, c.Reply)
}

// refusalOf says why a script with such flags must not begin; empty: it may. A script that has
// declared nothing is told by its calls what it may not do.
func refusalOf(h command.Host, flags script.Flags, readOnly bool) reply.Error {
	switch {
	case flags&script.Declared == 0 || flags&script.NoWrites != 0:
		return ""
	case flags&script.AllowOOM == 0 && !h.HasRoom():
		return reply.ErrOOM
	case readOnly:
		return errMayWrite
	}
	return ""
}

// readKeys reads the number of keys, the keys, and what stands behind them.
func readKeys(a *command.Args) (keys, args [][]byte, failure reply.Error) {
	n, ok := resp.ParseInt(a.Bytes())
	switch {
	case !ok:
		return nil, nil, reply.ErrNotInt
	case n > int64(a.Left()):
		return nil, nil, errManyKeys
	case n < 0:
		return nil, nil, errFewKeys
	}
	return a.Take(int(n)), a.Rest(), ""
}
