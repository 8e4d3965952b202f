// SPDX-License-Identifier: Apache-2.0

package script

import (
	"bytes"
	"slices"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"

	"stampede/internal/reply"
)

// The refusals of [Functions.Kill].
const (
	errNotBusy    reply.Error = "NOTBUSY No scripts in execution right now."
	errUnkillable reply.Error = "UNKILLABLE Sorry the script already executed write commands " +
		"against the dataset. You can either wait the script termination or kill the server " +
		"in a hard way using the SHUTDOWN NOSAVE command."
	errKilled reply.Error = "ERR Script killed by user with SCRIPT KILL..."
)

// FunctionHost is a host that wants to know of functions, as it may own a part of the keyspace
// only, and be asked what runs.
type FunctionHost interface {
	// Function says that what runs is a function.
	Function()
	// OwnAll lets the script own everything. An error must end the script before it has done
	// anything: it may be run again then.
	OwnAll() error
}

// Run runs a function and writes exactly one reply to out, as [Library.Run] does.
//
// Functions of a library without state run anywhere. A library with state has one machine, so its
// functions run one after the other. Such a function must not be run twice, as what it does to its
// state cannot be undone: so it begins only once its host owns everything. Then nobody else is in
// the machine, unless hosts are not FunctionHosts; those wait.
func (f *Functions) Run(function *Function, in Input, out *reply.Buffer) {
	in.declare(function.Flags)
	home := function.library.home
	if host, ok := in.Host.(FunctionHost); ok {
		host.Function()
		if home != nil {
			if err := host.OwnAll(); err != nil {
				out.Err(err)
				return
			}
		}
	}
	if home == nil {
		f.runAnywhere(function, &in, out)
		return
	}
	m := <-home
	defer func() { home <- m }()
	f.runIn(m, function, &in, out)
}

func (f *Functions) runAnywhere(function *Function, in *Input, out *reply.Buffer) {
	m := f.idle.take()
	if m == nil {
		m = newMachine(f.library, functionMachine)
	}
	f.runIn(m, function, in, out)
	if m.spoiled {
		m.close()
	} else {
		f.idle.put(m)
	}
}

// runIn runs a function in a machine.
func (f *Functions) runIn(m *machine, function *Function, in *Input, out *reply.Buffer) {
	position := out.Len()
	callback, err := m.callback(function, in.Host)
	if err != nil {
		out.Err(err)
		return
	}
	run := &m.functionRun
	*run = functionRun{runs: &f.runs, name: function.Name, argv: in.Call, begin: time.Now()}
	defer m.functionEnds()
	m.runFunction(function.Name, callback, in, out)
	if out.Len() == position {
		out.Null()
	}
}

// runFunction calls a function of Lua and writes its reply.
func (m *machine) runFunction(
	name string, callback *lua.LFunction, in *Input, out *reply.Buffer,
) {
	m.begin(in.Host, name)
	keys, args := m.keys, m.args
	if m.kind == homeMachine { // its state may hold them
		keys, args = m.state.CreateTable(len(in.Keys), 0), m.state.CreateTable(len(in.Args), 0)
	}
	fill(keys, in.Keys, &m.words)
	fill(args, in.Args, &m.words)
	m.state.Push(m.entry)
	m.state.Push(callback)
	m.state.Push(keys)
	m.state.Push(args)
	m.finish(m.state.PCall(3, 1, nil), in, out)
}

// functionRuns are the functions that have run for a while.
type functionRuns struct {
	mu   sync.Mutex
	list []*functionRun
}

// functionRun is a run of a function. It is on the list from its first pause on; what others may
// look at then is guarded by the list's lock.
type functionRun struct {
	runs   *functionRuns
	name   string
	argv   [][]byte
	begin  time.Time
	listed bool
	wrote  bool
	killed bool
}

// pause tells whether the run must end.
func (r *functionRun) pause(wrote bool) error {
	r.runs.mu.Lock()
	defer r.runs.mu.Unlock()
	if !r.listed {
		r.listed = true
		for i := range r.argv {
			r.argv[i] = bytes.Clone(r.argv[i])
		}
		r.runs.list = append(r.runs.list, r)
	}
	r.wrote = wrote
	if r.killed {
		return errKilled
	}
	return nil
}

// functionEnds takes the run of the machine off the list.
func (m *machine) functionEnds() {
	run := &m.functionRun
	if runs := run.runs; run.listed {
		runs.mu.Lock()
		runs.list = slices.DeleteFunc(runs.list, func(o *functionRun) bool { return o == run })
		runs.mu.Unlock()
	}
	*run = functionRun{}
}

// Running is a function that runs.
type Running struct {
	Name string
	Call []string // as the client made it
	For  time.Duration

	Wrote bool // it cannot be killed
}

// Running tells which function has been running for the longest time; ok is false if none has for
// more than some milliseconds.
func (f *Functions) Running() (running Running, ok bool) {
	f.runs.mu.Lock()
	defer f.runs.mu.Unlock()
	if len(f.runs.list) == 0 {
		return Running{}, false
	}
	first := f.runs.list[0]
	running = Running{Name: first.name, For: time.Since(first.begin), Wrote: first.wrote}
	for _, arg := range first.argv {
		running.Call = append(running.Call, string(arg))
	}
	return running, true
}

// Kill lets a function that has been running for a while end at its next pause, unless it has
// written. What it returns says why it does not.
func (f *Functions) Kill() error {
	f.runs.mu.Lock()
	defer f.runs.mu.Unlock()
	refusal := errNotBusy
	for _, run := range f.runs.list {
		if !run.wrote {
			run.killed = true
			return nil
		}
		refusal = errUnkillable
	}
	return refusal
}
