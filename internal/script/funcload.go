// SPDX-License-Identifier: Apache-2.0

package script

import (
	"errors"
	"slices"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"stampede/internal/command"
	"stampede/internal/reply"
)

const (
	// functionChunk is what errors call the code of a library.
	functionChunk = "user_function"
	// loadTimeMax is for how long the code of a library may run when it is loaded.
	loadTimeMax      = 500 * time.Millisecond
	loadAgainTimeMax = time.Minute
)

const (
	errLoadTime    reply.Error = "ERR FUNCTION LOAD timeout"
	errNoFunctions reply.Error = "ERR No functions registered"
)

// loadHost is the host of code that is being loaded: it can call nothing, and it has little time.
type loadHost struct {
	command.Host // none
	until        time.Time
}

func (h *loadHost) Pause() error {
	if time.Now().After(h.until) {
		return errLoadTime
	}
	return nil
}

// registered is a function that the code of a library has registered.
type registered struct {
	Function
	callback *lua.LFunction
}

// build makes a library of its code, which may run for so long.
func (f *Functions) build(
	name, code string, most time.Duration,
) (*FunctionLibrary, error) {
	m := newMachine(f.library, homeMachine)
	list, err := m.loadFunctions(code, &loadHost{until: time.Now().Add(most)})
	if err == nil && len(list) == 0 {
		err = errNoFunctions
	}
	if err != nil {
		m.close()
		return nil, err
	}
	lib := &FunctionLibrary{Name: name, Code: code}
	for i := range list {
		function := list[i].Function
		function.library, function.index = lib, i
		lib.Functions = append(lib.Functions, &function)
	}
	if callbacks := callbacksOf(list); hasState(callbacks) {
		m.instances[lib] = callbacks
		lib.home = make(chan *machine, 1)
		lib.home <- m
	} else {
		m.close()
	}
	return lib, nil
}

func callbacksOf(list []registered) []*lua.LFunction {
	callbacks := make([]*lua.LFunction, len(list))
	for i := range list {
		callbacks[i] = list[i].callback
	}
	return callbacks
}

// callback is a function of Lua: that of the machine where the library lives, or one that was
// loaded into this machine, since all of them are alike. What is wrong is a [reply.Error].
func (m *machine) callback(f *Function, host command.Host) (*lua.LFunction, error) {
	callbacks := m.instances[f.library]
	if callbacks == nil {
		m.quiet = true
		list, err := m.loadFunctions(f.library.Code, host)
		m.quiet = false
		if err != nil {
			return nil, err
		}
		if len(m.instances) >= compiledMax {
			clear(m.instances)
		}
		callbacks = callbacksOf(list)
		m.instances[f.library] = callbacks
	}
	return callbacks[f.index], nil
}

// loadFunctions runs the code of a library, and gives the functions that it registers.
//
// While it runs there are no globals but a table redis with next to nothing in it. When its
// functions run there are those that scripts have. So the code is compiled twice, without and
// with the globals; once it has run, what it made of the first kind becomes the second.
func (m *machine) loadFunctions(code string, host command.Host) ([]registered, error) {
	m.begin(host, "")
	var list []registered
	m.loading = &list
	err := m.runCode(code)
	m.loading = nil
	m.state.SetTop(0)
	m.clean(0, 0)
	if m.hostile != nil {
		panic(m.hostile)
	}
	return list, err
}

func (m *machine) runCode(code string) error {
	text := codeText(code)
	first, err := m.compile(text, functionChunk)
	if err != nil {
		return reply.Error("ERR Error compiling function: " + err.Error())
	}
	f := m.state.NewFunctionFromProto(first)
	f.Env = m.loadGlobals
	m.state.Push(m.entry)
	m.state.Push(f)
	if err := m.state.PCall(1, 0, nil); err != nil {
		text, _ := m.errorText(err)
		return reply.Error("ERR Error registering functions: " + text)
	}
	list := m.loading
	m.loading = nil
	second, err := m.compile(text, functionChunk)
	m.loading = list
	if err == nil && !alike(first, second) {
		err = errors.New(functionChunk + ":1: this library cannot be compiled")
	}
	if err != nil {
		return reply.Error("ERR Error compiling function: " + err.Error())
	}
	become(first, second)
	return nil
}

// alike tells whether two functions have the same functions within them and the same upvalues, as
// those of one text should.
func alike(p, q *lua.FunctionProto) bool {
	if !slices.Equal(p.DbgUpvalues, q.DbgUpvalues) || p.NumUpvalues != q.NumUpvalues ||
		len(p.FunctionPrototypes) != len(q.FunctionPrototypes) {
		return false
	}
	for i, inner := range p.FunctionPrototypes {
		if !alike(inner, q.FunctionPrototypes[i]) {
			return false
		}
	}
	return true
}

// become makes p, and the functions within it, what q is. They are alike.
func become(p, q *lua.FunctionProto) {
	inner := p.FunctionPrototypes
	for i := range inner {
		become(inner[i], q.FunctionPrototypes[i])
	}
	*p = *q
	p.FunctionPrototypes = inner
}

// loadLibrary is the table redis while a library is loaded.
func (m *machine) loadLibrary() *lua.LTable {
	t := m.functions(map[string]lua.LGFunction{
		"register_function": m.registerFunction, "log": m.log,
	})
	m.setFacts(t)
	t.Metatable = m.functions(map[string]lua.LGFunction{"__index": m.missing})
	return t
}

// registerFunction is redis.register_function(name, callback), or with one table of arguments.
func (m *machine) registerFunction(L *lua.LState) int {
	if m.loading == nil {
		m.refuse(L, "redis.register_function can only be called on FUNCTION LOAD command")
	}
	var r registered
	switch L.GetTop() {
	case 1:
		r = m.namedArguments(L)
	case 2:
		name, ok := stringOf(L.Get(1))
		if !ok {
			m.refuse(L, "first argument to redis.register_function must be a string")
		}
		r.Name = name
		if r.callback, ok = L.Get(2).(*lua.LFunction); !ok {
			m.refuse(L, "second argument to redis.register_function must be a function")
		}
	default:
		m.refuse(L, "wrong number of arguments to redis.register_function")
	}
	if !isFunctionName(r.Name) {
		m.raise(L, m.errorTable(string(errFunctionName)))
	}
	for _, known := range *m.loading {
		if strings.EqualFold(known.Name, r.Name) {
			m.refuse(L, "Function already exists in the library")
		}
	}
	r.Flags |= Declared
	*m.loading = append(*m.loading, r)
	return 0
}

// namedArguments reads the table of arguments of redis.register_function.
func (m *machine) namedArguments(L *lua.LState) (r registered) {
	t, ok := L.Get(1).(*lua.LTable)
	if !ok {
		m.refuse(L, "calling redis.register_function with a single argument is only applicable "+
			"to Lua table (representing named arguments).")
	}
	named := false
	for key, v := t.Next(lua.LNil); key != lua.LNil; key, v = t.Next(key) {
		name, ok := stringOf(key)
		if !ok {
			m.refuse(L, "named argument key given to redis.register_function is not a string")
		}
		switch strings.ToLower(name) {
		case "function_name":
			r.Name, named = m.textArgument(L, "function_name", v), true
		case "description":
			r.Description, r.Described = m.textArgument(L, "description", v), true
		case "callback":
			if r.callback, ok = v.(*lua.LFunction); !ok {
				m.refuse(L, "callback argument given to redis.register_function must be a function")
			}
		case "flags":
			r.Flags = m.flagsArgument(L, v)
		default:
			m.refuse(L, "unknown argument given to redis.register_function")
		}
	}
	if !named {
		m.refuse(L, "redis.register_function must get a function name argument")
	}
	if r.callback == nil {
		m.refuse(L, "redis.register_function must get a callback argument")
	}
	return r
}

func (m *machine) textArgument(L *lua.LState, name string, v lua.LValue) string {
	text, ok := stringOf(v)
	if !ok {
		m.refuse(L, name+" argument given to redis.register_function must be a string")
	}
	return text
}

// flagsArgument reads the table of flags of redis.register_function.
func (m *machine) flagsArgument(L *lua.LState, v lua.LValue) (flags Flags) {
	t, ok := v.(*lua.LTable)
	if !ok {
		m.refuse(L, "flags argument to redis.register_function must be a table "+
			"representing function flags")
	}
	for i := 1; ; i++ {
		v := t.RawGetInt(i)
		if v == lua.LNil {
			return flags
		}
		name, _ := stringOf(v)
		flag := FlagNamed(strings.ToLower(name))
		if flag == 0 || flag >= 1<<redisFlags {
			m.refuse(L, "unknown flag given")
		}
		flags |= flag
	}
}
