// SPDX-License-Identifier: Apache-2.0

package scripting

import (
	"stampede/internal/command"
	"stampede/internal/glob"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
	"stampede/internal/script"
)

const (
	errNoFunction  reply.Error = "ERR Function not found"
	errNoLibrary   reply.Error = "ERR Library not found"
	errKeyCount    reply.Error = "ERR Bad number of keys provided"
	errFlushPolicy reply.Error = "ERR FUNCTION FLUSH only supports SYNC|ASYNC option"
	errPolicy      reply.Error = "ERR Wrong restore policy given, value should be either FLUSH, " +
		"APPEND or REPLACE."
	errScriptRuns reply.Error = "BUSY Redis is busy running a script. " +
		"You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
	errFunctionRuns reply.Error = "BUSY Redis is busy running a script. " +
		"You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
)

// FunctionsChange is what became of the libraries of functions: first some went, then some came,
// in place of their namesakes.
type FunctionsChange struct {
	DroppedAll bool
	Dropped    []string // the names of libraries that went, if they were there
	Loaded     []string // the code of those that came
}

// functionRows are FCALL and its like, and the subcommands of FUNCTION. What changes the set of
// libraries owns all shards, so that it happens between any two calls of functions.
func (s Services) functionRows() []command.Spec {
	const (
		since     = "7.0.0"
		broadcast = "request_policy:all_shards response_policy:all_succeeded"
		callArgs  = "function " + evalArgs
		codeCost  = "O(N) in bytes of the code"
		changes   = command.Write | command.NoScript
		comes     = changes | command.DenyOOM
	)
	row := func(
		name, args, cost string, flags command.Flags, do command.Handler, summary string,
	) command.Spec {
		return command.Spec{
			Name: name, Args: args, Summary: summary, Group: command.GroupScripting,
			Flags: flags, Since: since, Cost: cost, Do: do,
		}
	}
	use := func(r command.Spec, use string) command.Spec { r.KeyUse = use; return r }
	tips := func(r command.Spec, tips string) command.Spec { r.Tips = tips; return r }
	return []command.Spec{
		use(row("FCALL", callArgs, evalCost, evalFlags|command.Spreads, command.Scripted(s.fcall),
			"Calls a function as one transaction."), writeUse),
		use(row("FCALL_RO", callArgs, evalCost, evalFlags|command.Read,
			command.Scripted(s.fcallReadOnly),
			"Calls a function that must not write."), readUse),
		row("FUNCTION", "", "", 0, nil, "Is about libraries of functions."),
		tips(row("FUNCTION|DELETE", "library-name", "O(N) in functions", changes,
			command.OnAll(s.deleteLibrary), "Removes a library and its functions."), broadcast),
		row("FUNCTION|DUMP", "", codeCost, command.NoScript, command.Local(s.dump),
			"Gives all libraries as bytes for FUNCTION RESTORE."),
		tips(row("FUNCTION|FLUSH", "[ASYNC | SYNC]", "O(N) in functions", changes,
			command.OnAll(s.flushLibraries), "Removes all libraries."), broadcast),
		tips(row("FUNCTION|KILL", "", "O(1)", command.NoScript|command.AllowBusy,
			command.Local(s.killFunction), "Ends the function that runs, unless it has written."),
			"request_policy:all_shards response_policy:one_succeeded"),
		tips(row("FUNCTION|LIST", "[LIBRARYNAME library-name-pattern] [WITHCODE]",
			"O(N) in functions", command.NoScript, command.Local(s.listLibraries),
			"Describes the libraries and their functions."), "nondeterministic_output_order"),
		tips(row("FUNCTION|LOAD", "[REPLACE] function-code", codeCost, comes,
			command.OnAll(s.loadLibrary), "Adds a library of functions."), broadcast),
		tips(row("FUNCTION|RESTORE", "serialized-value [FLUSH | APPEND | REPLACE]", codeCost, comes,
			command.OnAll(s.restore), "Adds the libraries that FUNCTION DUMP has given."), broadcast),
		tips(row("FUNCTION|STATS", "", "O(1)", command.NoScript|command.AllowBusy,
			command.Local(s.functionStats), "Tells which function runs, and how many there are."),
			"nondeterministic_output request_policy:all_shards response_policy:special"),
	}
}

func (s Services) functions() *script.Functions { return s.Library.Functions() }

func (s Services) fcall(h command.Host, c *command.Call)         { s.callFunction(h, c, false) }
func (s Services) fcallReadOnly(h command.Host, c *command.Call) { s.callFunction(h, c, true) }

// callFunction runs the function that the first argument names.
func (s Services) callFunction(h command.Host, c *command.Call, readOnly bool) {
	function := s.functions().Find(c.Args.Bytes())
	if function == nil {
		c.Reply.Fail(errNoFunction)
		return
	}
	keys, args, failure := readKeys(&c.Args)
	if failure == reply.ErrNotInt {
		failure = errKeyCount
	}
	if failure == "" {
		failure = refusalOf(h, function.Flags, readOnly)
	}
	if failure != "" {
		c.Reply.Fail(failure)
		return
	}
	s.functions().Run(function, script.Input{
		Host: h, Keys: keys, Args: args, ReadOnly: readOnly, Call: c.Argv,
	}, c.Reply)
}

// changed tells those who keep the data what became of the libraries.
func (s Services) changed(spaces []*keyspace.Space, change FunctionsChange) {
	if s.FunctionsChanged != nil {
		s.FunctionsChanged(spaces, change)
	}
}

func (s Services) deleteLibrary(spaces []*keyspace.Space, c *command.Call) {
	name := string(c.Args.Bytes())
	if !s.functions().Delete(name) {
		c.Reply.Fail(errNoLibrary)
		return
	}
	s.changed(spaces, FunctionsChange{Dropped: []string{name}})
	c.Reply.OK()
}

func (s Services) flushLibraries(spaces []*keyspace.Space, c *command.Call) {
	a := &c.Args
	switch {
	case a.Left() > 1:
		c.Reply.Fail(errManyOptions(c))
		return
	case a.More() && !a.Opt("SYNC") && !a.Opt("ASYNC"):
		c.Reply.Fail(errFlushPolicy)
		return
	}
	s.functions().Flush()
	s.changed(spaces, FunctionsChange{DroppedAll: true})
	c.Reply.OK()
}

// errManyOptions is what Redis says of a subcommand with too many options: it names it as the
// client wrote it.
func errManyOptions(c *command.Call) reply.Error {
	const shownMax = 128
	word := c.Argv[1][:min(len(c.Argv[1]), shownMax)]
	return reply.Error("ERR unknown subcommand or wrong number of arguments for '" +
		string(word) + "'. Try FUNCTION HELP.")
}

func (s Services) loadLibrary(spaces []*keyspace.Space, c *command.Call) {
	a := &c.Args
	replace := false
	for a.Left() > 1 {
		if a.Opt("REPLACE") {
			replace = true
			continue
		}
		c.Reply.Fail(reply.Error("ERR Unknown option given: " + string(a.Bytes())))
		return
	}
	code := string(a.Bytes())
	lib, err := s.functions().Load(code, replace)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	s.changed(spaces, FunctionsChange{Loaded: []string{code}})
	c.Reply.Text(lib.Name)
}

func (s Services) dump(c *command.Call) { c.Reply.Bulk(s.functions().Dump()) }

func (s Services) restore(spaces []*keyspace.Space, c *command.Call) {
	a := &c.Args
	payload := a.Bytes()
	policy := script.Append
	switch {
	case a.Left() > 1:
		c.Reply.Fail(errManyOptions(c))
		return
	case !a.More(), a.Opt("APPEND"):
	case a.Opt("REPLACE"):
		policy = script.Replace
	case a.Opt("FLUSH"):
		policy = script.Discard
	default:
		c.Reply.Fail(errPolicy)
		return
	}
	codes, err := script.ReadDump(payload)
	var names []string
	if err == nil {
		names, err = s.functions().LoadAll(codes, policy)
	}
	if err != nil {
		c.Reply.Err(err)
		return
	}
	change := FunctionsChange{DroppedAll: policy == script.Discard, Loaded: codes}
	if policy == script.Replace { // two of them may have exchanged a function
		change.Dropped = names
	}
	s.changed(spaces, change)
	c.Reply.OK()
}

func (s Services) listLibraries(c *command.Call) {
	a := &c.Args
	var pattern []byte
	withCode := false
	for a.More() {
		switch {
		case !withCode && a.Opt("WITHCODE"):
			withCode = true
		case pattern == nil && a.Opt("LIBRARYNAME"):
			if !a.More() {
				c.Reply.Fail("ERR library name argument was not given")
				return
			}
			pattern = a.Bytes()
		default:
			c.Reply.Fail(reply.Error("ERR Unknown argument " + string(a.Bytes())))
			return
		}
	}
	at, n := c.Reply.Len(), 0
	for _, lib := range s.functions().Libraries() {
		if pattern == nil || glob.MatchFold(pattern, []byte(lib.Name)) {
			writeLibrary(c.Reply, lib, withCode)
			n++
		}
	}
	c.Reply.ArrayAt(at, n)
}

func writeLibrary(out *reply.Buffer, lib *script.FunctionLibrary, withCode bool) {
	if withCode {
		out.Map(4)
	} else {
		out.Map(3)
	}
	out.Text("library_name")
	out.Text(lib.Name)
	out.Text("engine")
	out.Text("LUA")
	out.Text("functions")
	out.Array(len(lib.Functions))
	for _, function := range lib.Functions {
		writeFunction(out, function)
	}
	if withCode {
		out.Text("library_code")
		out.Text(lib.Code)
	}
}

func writeFunction(out *reply.Buffer, function *script.Function) {
	out.Map(3)
	out.Text("name")
	out.Text(function.Name)
	out.Text("description")
	if function.Described {
		out.Text(function.Description)
	} else {
		out.Null()
	}
	out.Text("flags")
	names := function.Flags.Names()
	out.Set(len(names))
	for _, name := range names {
		out.Simple(name)
	}
}

// killFunction is FUNCTION KILL.
func (s Services) killFunction(c *command.Call) {
	switch err := s.functions().Kill(); {
	case err == nil:
		c.Reply.OK()
	case s.scriptRuns():
		c.Reply.Fail(errScriptRuns)
	default:
		c.Reply.Err(err)
	}
}

// scriptRuns tells whether a script, which is no function, keeps others waiting.
func (s Services) scriptRuns() bool {
	if _, function := s.functions().Running(); function || s.Busy == nil {
		return false
	}
	return s.Busy()
}

func (s Services) functionStats(c *command.Call) {
	if s.scriptRuns() {
		c.Reply.Fail(errScriptRuns)
		return
	}
	out := c.Reply
	out.Map(2)
	out.Text("running_script")
	if running, ok := s.functions().Running(); ok {
		out.Map(3)
		out.Text("name")
		out.Text(running.Name)
		out.Text("command")
		out.Array(len(running.Call))
		for _, arg := range running.Call {
			out.Text(arg)
		}
		out.Text("duration_ms")
		out.Int(running.For.Milliseconds())
	} else {
		out.Null()
	}
	libraries, functions, _ := s.functions().Counts()
	out.Text("engines")
	out.Map(1)
	out.Text("LUA")
	out.Map(2)
	out.Text("libraries_count")
	out.Int(int64(libraries))
	out.Text("functions_count")
	out.Int(int64(functions))
}
