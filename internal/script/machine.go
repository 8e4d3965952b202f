// SPDX-License-Identifier: Apache-2.0

package script

import (
	"errors"
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"stampede/internal/command"
	"stampede/internal/reply"
	"stampede/internal/resp"
)

const (
	// callDepthMax is how many functions may have called each other. Lua has 20 000, but here
	// each machine has the memory for them from the start: 80 bytes a call.
	callDepthMax      = 8000
	coroutineDepthMax = 2000
	// registersMax is how many values all functions that run may hold.
	registersMax = 1 << 20
	// compiledMax is how many scripts a machine remembers in its own form.
	compiledMax = 2000
	// bufferKeptMax is the size in bytes up to which a buffer is kept for the next run.
	bufferKeptMax = 64 << 10
	// tableKeptMax is how many elements KEYS and ARGV may have had to be kept.
	tableKeptMax = 1024
)

// machineKind says what runs in a machine.
type machineKind int

const (
	scriptMachine   machineKind = iota // scripts
	functionMachine                    // functions of libraries without state
	homeMachine                        // the functions of one library, with its state
)

// machine is a Lua state with all that a run needs. Nothing of a run stays in it but buffers, and
// the state of the library that lives in it.
type machine struct {
	kind      machineKind
	library   *Library
	options   *Options
	state     *lua.LState
	globals   *lua.LTable            // the environment of scripts
	guard     *lua.LTable            // what scripts see as _G; refuses to be changed
	libraries map[string]*lua.LTable // by name; what is behind the guards
	guarded   map[*lua.LTable]*lua.LTable
	texts     *lua.LTable // the metatable of strings, behind its guard
	textGuard *lua.LTable
	keys      *lua.LTable
	args      *lua.LTable
	entry     *lua.LFunction
	inside    *lua.LFunction // what a protected call begins with
	identity  *lua.LFunction // returns what it is given
	onPanic   func(*lua.LState)
	compiled  map[*Script]*lua.LFunction
	instances map[*FunctionLibrary][]*lua.LFunction // the functions, as they were registered
	names     map[lua.LValue]string                 // how scripts call what became a constant
	sources   map[string]string                     // see nameSource
	words     wordCache
	random    *random // that of the library, or seeded, once the run has seeded it
	seeded    random
	meter     meter

	loadRedis   *lua.LTable   // the table redis while a library is loaded
	loadGlobals *lua.LTable   // the globals while a library is loaded: none
	loading     *[]registered // what the library that is being loaded has registered so far
	quiet       bool          // the library was loaded before: its messages are known

	functionRun functionRun // of the function that runs

	// The run.
	host    command.Host
	runs    string     // what errors call the run: the SHA-1, or the name of the function
	proto   resp.Proto // of the replies that calls give to the script
	raised  bool       // the error that is on its way is worded already
	place   place      // where the last error was raised
	ended   error      // the run must end, whatever the script does
	hostile any        // what the host panicked with
	depth   int        // protected calls within each other
	spoiled bool       // the script changed what others would see: not to be used again

	argv  [][]byte
	arena []byte
	reply reply.Buffer
	okay  *lua.LTable // the table {ok="OK"}, until the run is given it
	given *lua.LTable // that table, once the run has it
	text  []byte      // for strings that are being made
}

// newMachine makes a machine: about 0.2 ms.
func newMachine(l *Library, kind machineKind) *machine {
	m := &machine{kind: kind, library: l, options: &l.options}
	m.state = lua.NewState(lua.Options{
		SkipOpenLibs: true, CallStackSize: callDepthMax,
		RegistrySize: 1024, RegistryMaxSize: registersMax, RegistryGrowStep: 4096,
		MinimizeStackMemory: kind == homeMachine, // there may be many of them
	})
	m.state.Options.MinimizeStackMemory = true // of coroutines
	m.state.Options.RegistrySize, m.state.Options.CallStackSize = 256, coroutineDepthMax
	m.compiled = make(map[*Script]*lua.LFunction)
	m.instances = make(map[*FunctionLibrary][]*lua.LFunction)
	m.names = make(map[lua.LValue]string)
	m.meter.init(m)
	m.meter.start()
	m.state.SetContext(&m.meter)
	m.identity = m.state.NewFunction(func(L *lua.LState) int { L.SetTop(1); return 1 })
	m.openLibraries()
	m.onPanic = m.panicked
	m.entry = m.state.NewFunction(m.enter)
	m.inside = m.state.NewFunction(m.enterProtected)
	return m
}

func (m *machine) close() { m.state.Close() }

// run runs a script and writes its reply. It tells whether the script failed.
func (m *machine) run(s *Script, in *Input, out *reply.Buffer) (failed bool) {
	m.begin(in.Host, s.SHA)
	fill(m.keys, in.Keys, &m.words)
	fill(m.args, in.Args, &m.words)
	return m.finish(m.start(s), in, out)
}

// begin begins a run.
func (m *machine) begin(host command.Host, name string) {
	m.host, m.runs, m.proto = host, name, resp.RESP2
	m.ended, m.hostile, m.raised, m.depth = nil, nil, false, 0
	m.place = place{text: m.chunk(), line: 1}
	m.random = &m.library.random
	m.meter.start()
}

// chunk is what errors call what runs.
func (m *machine) chunk() string {
	if m.kind == scriptMachine {
		return chunkName
	}
	return functionChunk
}

// finish writes the reply of a run, whose result is on the stack or whose error is given. It tells
// whether the run failed.
func (m *machine) finish(err error, in *Input, out *reply.Buffer) (failed bool) {
	if m.hostile != nil {
		m.clean(len(in.Keys), len(in.Args))
		panic(m.hostile)
	}
	if err != nil {
		m.fail(err, out)
	} else {
		m.writeReply(m.state.Get(-1), out)
		m.state.SetTop(0)
	}
	m.clean(len(in.Keys), len(in.Args))
	return err != nil
}

// start runs the function of the script. What it returns is on the stack.
func (m *machine) start(s *Script) error {
	f := m.compiled[s]
	if f == nil {
		proto, err := m.compile(s.text(), chunkName)
		if err != nil {
			return compileError(err)
		}
		if len(m.compiled) >= compiledMax {
			clear(m.compiled)
		}
		f = m.state.NewFunctionFromProto(proto)
		f.Env = m.globals
		m.compiled[s] = f
	}
	m.state.Push(m.entry)
	m.state.Push(f)
	return m.state.PCall(1, 1, nil)
}

// enter is the Go function around each run; its arguments are a function and what that is called
// with. From here on errors are worded by us.
func (m *machine) enter(L *lua.LState) int {
	L.Panic = m.onPanic
	L.Call(L.GetTop()-1, 1)
	return 1
}

// enterProtected is the Go function around each protected call; its arguments are a function
// and what that is called with.
func (m *machine) enterProtected(L *lua.LState) int {
	L.Panic = m.onPanic
	L.Call(L.GetTop()-1, lua.MultRet)
	return L.GetTop()
}

// clean forgets the run.
func (m *machine) clean(keys, args int) {
	m.host, m.runs = nil, ""
	m.spoiled = m.spoiled || !empty(m.keys, keys) || !empty(m.args, args)
	if m.given != nil && m.kind != homeMachine && isOkay(m.given) {
		m.okay = m.given
	}
	m.given = nil
	clear(m.sources)
	if cap(m.arena) > bufferKeptMax {
		m.arena = nil
	}
	if cap(m.reply.B) > bufferKeptMax {
		m.reply.B = nil
	}
	if cap(m.text) > bufferKeptMax {
		m.text = nil
	}
	clear(m.argv)
}

// fill makes of the values the elements of a table that has none.
func fill(t *lua.LTable, values [][]byte, words *wordCache) {
	for i, v := range values {
		t.RawSetInt(i+1, words.value(v))
	}
}

// empty takes n elements out of a table, and tells whether it is as good as new then.
func empty(t *lua.LTable, n int) bool {
	for i := range n {
		t.RawSetInt(i+1, lua.LNil)
	}
	if t.Metatable != lua.LNil || n > tableKeptMax {
		return false
	}
	key, _ := t.Next(lua.LNil)
	return key == lua.LNil
}

// fail answers with an error that the script has not caught.
func (m *machine) fail(err error, out *reply.Buffer) {
	text, known := m.errorText(err)
	if known {
		text += " script: " + m.runs + ", on " + m.source(m.place) + ":" +
			strconv.Itoa(m.place.line) + "."
	}
	out.Fail(reply.Error(text))
}

// errorText is what an error says, its code first, and whether it is known where it was raised.
func (m *machine) errorText(err error) (text string, known bool) {
	var raised *lua.ApiError
	if m.ended != nil {
		return m.ended.Error(), true
	}
	if !errors.As(err, &raised) {
		return err.Error(), false
	}
	if raised.Type == lua.ApiErrorPanic {
		return "ERR " + m.panicText(raised.Object.String()), false
	}
	switch v := raised.Object.(type) {
	case *lua.LTable:
		if s, ok := stringOf(v.RawGetString("err")); ok {
			return s, true
		}
		return "ERR unknown error", true
	case *lua.LUserData:
		return "ERR userdata", true
	default:
		return "ERR " + textOf(v), true
	}
}
