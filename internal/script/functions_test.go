// SPDX-License-Identifier: Apache-2.0

package script

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"stampede/internal/rdb"
	"stampede/internal/reply"
	"stampede/internal/resp"
)

// libraryOf is the code of library l.
func libraryOf(body string) string { return "#!lua name=l\n" + body }

// load makes functions of the code of libraries.
func load(t testing.TB, codes ...string) *Functions {
	t.Helper()
	functions := NewLibrary(Options{}).Functions()
	for _, code := range codes {
		if _, err := functions.Load(code, false); err != nil {
			t.Fatalf("%s: %v", code, err)
		}
	}
	return functions
}

// fcall calls a function and gives its reply in RESP2.
func fcall(t testing.TB, functions *Functions, in Input, name string, args ...string) string {
	t.Helper()
	f := functions.Find([]byte(name))
	if f == nil {
		t.Fatalf("no function %s", name)
	}
	in.Args = bytesOf(args)
	if in.Host == nil {
		in.Host = newFakeHost()
	}
	out := reply.Buffer{Proto: resp.RESP2}
	functions.Run(f, in, &out)
	return string(out.B)
}

func TestStateIsFound(t *testing.T) {
	for body, want := range map[string]bool{
		"r('f', function() return 1 end)":                                                          false,
		"local n = 1 r('f', function() return n end)":                                              false,
		"local s, b, z = 'x', true r('f', function() return s, b, z end)":                          false,
		"local function g() return 1 end r('f', function() return g() end)":                        false,
		"local n = 1 n = 2 r('f', function() return n end)":                                        false,
		"r('f', ('x').upper)":                                                                      false,
		"r('f', function() local n = 0 n = n + 1 return n end)":                                    false,
		"r('f', function() local n = 0 local g = function() n = n + 1 end g() end)":                false,
		"r('f', function() local t = {} t[1] = 1 return t end)":                                    false,
		"local t = {} r('f', function() return 1 end)":                                             false,
		"local R = redis r('f', function() return 1 end)":                                          false,
		"local g g = function(n) return n > 0 and g(n - 1) end r('f', function() return g(3) end)": false,

		"local t = {1, x = 'y'} r('f', function(k) return t[1], t.x, t[k[1]] end)": false,
		"local t = {} function t.f() return 1 end " +
			"function t.g() return t.f() end r('f', t.g)": false,
		"local t = {a = 1} r('f', function() return function() return t.a end end)": false,

		"local t = {a = {}} r('f', function(k) return t[k[1]] end)":          true,
		"local t = {} r('f', function(k) return k[t] end)":                   true,
		"local t = {} r('f', function(k) return t[t] end)":                   true,
		"local t = {} r('f', function(k) return t[t.x] end)":                 false,
		"local t = {} r('f', function(k) return t[k.x or t] end)":            true,
		"local t = {} r('f', function() return t end)":                       true,
		"local t = {} r('f', function() t.x = 1 end)":                        true,
		"local t = {} r('f', function() return #t end)":                      true,
		"local t = {} r('f', function() local u = t u.x = 1 end)":            true,
		"local t = {} r('f', function() for k in pairs(t) do end end)":       true,
		"local t = {{}} r('f', function() return t[1] end)":                  true,
		"local t = {x = {}} r('f', function() t.x.y = 1 end)":                true,
		"local t = {} function t.f() t.g = 1 end r('f', t.f)":                true,
		"local t = {} function t:f() end r('f', function() t:f() end)":       true,
		"local t = {} r('f', function() return function() return t end end)": true,
		"local t = {} r('f', function() return {t} end)":                     true,
		"local t = {} r('f', function() return t.x, t end)":                  true,
		"local t = {} r('f', function() return t or 1 end)":                  true,
		"local t = {} r('f', function() t = {} end)":                         true,
		"local t = {} r('f', function() local u; u, t.x = 1, 2 end)":         true,
		"local t, n = {}, 0 function t.f() n = n + 1 end " +
			"r('f', function() t.f() end)": true,
		"local n = 0 r('f', function() n = n + 1 return n end)":                     true,
		"local n = 0 r('f', function() return 1 end) r('g', function() n = 1 end)":  true,
		"local n = 0 r('f', function() return function() n = n + 1 end end)":        true,
		"local n r('f', function() local m local g = function() n = m end g() end)": true,
		"local n = 0 local function g() n = n + 1 end r('f', function() g() end)":   true,
		"local function new() local n = 0 return function() n = n + 1 end end " +
			"local g = new() r('f', function() g() end)": true,
	} {
		functions := load(t, libraryOf("local r = redis.register_function "+body))
		if got := functions.Libraries()[0].home != nil; got != want {
			t.Errorf("%s: state %v, want %v", body, got, want)
		}
	}
}

const (
	counting = "local n = 0 redis.register_function('count', function() n = n + 1 return n end)"
	adding   = "redis.register_function('add', function(k, a) return a[1] + a[2] end)"
)

// TestCallsOfManyThreads: state is there once, whoever calls.
func TestCallsOfManyThreads(t *testing.T) {
	functions := load(t, libraryOf(counting), strings.Replace(libraryOf(adding), "=l", "=m", 1))
	const callers, calls = 8, 200
	var wait sync.WaitGroup
	for range callers {
		wait.Go(func() {
			for i := range calls {
				fcall(t, functions, Input{}, "count")
				if got := fcall(t, functions, Input{}, "add", "5", fmt.Sprint(i)); got !=
					fmt.Sprintf(":%d\r\n", 5+i) {
					t.Errorf("5 + %d: %q", i, got)
				}
			}
		})
	}
	wait.Wait()
	if got := fcall(t, functions, Input{}, "count"); got != fmt.Sprintf(":%d\r\n", callers*calls+1) {
		t.Errorf("count is %q", got)
	}
}

// partHost owns a part of the keyspace.
type partHost struct {
	*fakeHost
	refusal   error
	functions int
}

func (h *partHost) Function()     { h.functions++ }
func (h *partHost) OwnAll() error { return h.refusal }

func TestStateIsTouchedOnlyWhenAllIsOwned(t *testing.T) {
	functions := load(t, libraryOf(counting), strings.Replace(libraryOf(adding), "=l", "=m", 1))
	part := &partHost{fakeHost: newFakeHost(), refusal: reply.Error("ERR again")}
	if got := fcall(t, functions, Input{Host: part}, "count"); got != "-ERR again\r\n" {
		t.Errorf("with a part: %q", got)
	}
	if got := fcall(t, functions, Input{Host: part}, "add", "1", "2"); got != ":3\r\n" {
		t.Errorf("without state, with a part: %q", got)
	}
	part.refusal = nil
	if got := fcall(t, functions, Input{Host: part}, "count"); got != ":1\r\n" {
		t.Errorf("with all: %q", got)
	}
	if part.functions != 3 {
		t.Errorf("the host heard of %d functions", part.functions)
	}
}

// TestAHostThatPanics leaves the library as it is.
func TestAHostThatPanics(t *testing.T) {
	functions := load(t, libraryOf("local n = 0 redis.register_function('call', function() "+
		"n = n + 1 redis.call('PING') return n end)"))
	h := newFakeHost()
	h.panics = errors.New("gone")
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic did not come through")
			}
		}()
		fcall(t, functions, Input{Host: h}, "call")
	}()
	if got := fcall(t, functions, Input{}, "call"); got != ":2\r\n" {
		t.Errorf("afterwards: %q", got)
	}
}

// killingHost asks for the running function, and kills it, when it is asked whether to go on.
type killingHost struct {
	*fakeHost
	functions *Functions
	running   Running
	err       error
	asked     int
}

func (h *killingHost) Pause() error {
	if h.asked++; h.asked == 2 {
		h.running, _ = h.functions.Running()
		h.err = h.functions.Kill()
	}
	if h.asked > 5 {
		return reply.Error("ERR nobody kills")
	}
	return nil
}

func TestFunctionsAreKilled(t *testing.T) {
	functions := load(t, libraryOf("redis.register_function('loop', function(k, a) "+
		"if a[1] then redis.call('SET', 'k', 'v') end while true do end end)"))
	if err := functions.Kill(); err != errNotBusy {
		t.Errorf("nothing runs: %v", err)
	}
	h := &killingHost{fakeHost: newFakeHost(), functions: functions}
	got := fcall(t, functions, Input{Host: h, Call: bytesOf([]string{"FCALL", "loop", "0"})}, "loop")
	want := "-" + errKilled.Error() + " script: loop, on @user_function:2.\r\n"
	if got != want || h.err != nil {
		t.Errorf("got %q (%v), want %q", got, h.err, want)
	}
	if h.running.Name != "loop" || strings.Join(h.running.Call, " ") != "FCALL loop 0" {
		t.Errorf("%+v runs", h.running)
	}
	h = &killingHost{fakeHost: newFakeHost(), functions: functions}
	if fcall(t, functions, Input{Host: h}, "loop", "write"); h.err != errUnkillable {
		t.Errorf("a function that wrote: %v", h.err)
	}
	if _, ok := functions.Running(); ok {
		t.Error("a function runs although none does")
	}
}

func TestLoadingTakesNotForEver(t *testing.T) {
	begin := time.Now()
	_, err := NewLibrary(Options{}).Functions().Load(libraryOf("while true do end"), false)
	if want := "ERR Error registering functions: " + errLoadTime.Error(); err == nil ||
		err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if spent := time.Since(begin); spent < loadTimeMax {
		t.Errorf("ended after %v", spent)
	}
}

// TestLogOfLoading: a library is loaded into many machines, but has logged once.
func TestLogOfLoading(t *testing.T) {
	var lines []string
	l := NewLibrary(Options{Log: func(_ LogLevel, line string) { lines = append(lines, line) }})
	code := libraryOf("redis.log(redis.LOG_NOTICE, 'loaded') redis.register_function('f', " +
		"function() redis.log(redis.LOG_NOTICE, 'ran') end)")
	if _, err := l.Functions().Load(code, false); err != nil {
		t.Fatal(err)
	}
	fcall(t, l.Functions(), Input{}, "f")
	if got := strings.Join(lines, " "); got != "loaded ran" {
		t.Errorf("the log is %q", got)
	}
}

func TestFlagsOfFunctions(t *testing.T) {
	functions := load(t, libraryOf("redis.register_function{function_name='f', description='', "+
		"callback=function() end, flags={'no-writes', 'allow-oom'}} "+
		"redis.register_function('g', function() end)"))
	f, g := functions.Find([]byte("F")), functions.Find([]byte("g"))
	if f.Flags != NoWrites|AllowOOM|Declared || g.Flags != Declared {
		t.Errorf("flags are %v and %v", f.Flags.Names(), g.Flags.Names())
	}
	if !f.Described || g.Described {
		t.Error("an empty description is none")
	}
	h := newFakeHost()
	fcall(t, functions, Input{Host: h}, "f")
	if !h.readOnly {
		t.Error("no-writes lets functions write")
	}
	if functions.Find([]byte(strings.Repeat("f", 1000))) != nil {
		t.Error("found a function that there is not")
	}
}

func TestDumpsComeBack(t *testing.T) {
	functions := load(t, libraryOf(counting), strings.Replace(libraryOf(adding), "=l", "=m", 1))
	codes, err := ReadDump(functions.Dump())
	if err != nil || len(codes) != 2 {
		t.Fatalf("%d libraries, %v", len(codes), err)
	}
	others := load(t)
	if names, err := others.LoadAll(codes, Append); err != nil ||
		strings.Join(names, " ") != "l m" {
		t.Fatal(names, err)
	}
	if got := fcall(t, others, Input{}, "add", "1", "2"); got != ":3\r\n" {
		t.Errorf("got %q", got)
	}
	if got, want := others.Dump(), functions.Dump(); string(got) != string(want) {
		t.Error("another dump is another one")
	}
}

func FuzzReadDump(f *testing.F) {
	f.Add(load(f, libraryOf(counting)).Dump())
	f.Add(load(f).Dump())
	f.Add([]byte("\xf5\xc3\x05\x0a\x00abcd"))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, payload := range [][]byte{body, sealed(body)} {
			codes, err := ReadDump(payload)
			if err != nil {
				if _, ok := err.(reply.Error); !ok {
					t.Fatalf("%v is no reply", err)
				}
				continue
			}
			total := 0
			for _, code := range codes {
				total += len(code)
			}
			if most := 300 * len(payload); total > most {
				t.Fatalf("%d bytes of %d", total, len(payload))
			}
		}
	})
}

func FuzzLibraryName(f *testing.F) {
	for _, code := range []string{
		"#!lua name=a\n", "#!lua name=\"\\x41\"\n", "#!lua name='a' x\n", "#!lua\n", "return 1",
		"#! name=a\n", "#!lua name=a\x00\n", "#!LUA NAME=a_1 \t\r\nx",
	} {
		f.Add(code)
	}
	f.Fuzz(func(t *testing.T, code string) {
		name, err := libraryName(code)
		if err == nil && (!isFunctionName(name) || !strings.HasPrefix(code, "#!") ||
			!strings.Contains(code, "\n")) {
			t.Fatalf("%q names %q", code, name)
		}
		if err != nil {
			out := reply.Buffer{Proto: resp.RESP2}
			out.Err(err)
			if n, _, err := resp.SkipReply(out.B); err != nil || n != len(out.B) {
				t.Fatalf("%q is no reply", out.B)
			}
		}
	})
}

// sealed is a body with the end of a dump.
func sealed(body []byte) []byte {
	return rdb.AppendDumpEnd(append([]byte(nil), body...), 0)
}

// FuzzLoad looks for code of libraries that upsets the machine.
func FuzzLoad(f *testing.F) {
	for _, body := range []string{
		counting, adding, "local t = {1, 2} local r = redis.register_function " +
			"r('f', function(k) local g = function() t[k[1]] = 1 end g() return {t, k, #t} end)",
		"local function fib(n) return n < 2 and n or fib(n - 1) + fib(n - 2) end " +
			"redis.register_function{function_name='f', callback=function() return fib(9) end}",
		"redis.register_function('f', function() for i, v in ipairs({1, 'x'}) do y = v .. i end end)",
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		functions := NewLibrary(Options{StringMax: 1 << 16}).Functions()
		lib, err := functions.load(libraryOf(body), true, 5*time.Millisecond)
		if err != nil {
			if _, ok := err.(reply.Error); !ok {
				t.Fatalf("%v is no reply", err)
			}
			return
		}
		for _, function := range lib.Functions {
			h := newFakeHost()
			h.stop, h.stopAt = killed, 2
			got := fcall(t, functions, Input{Host: h, Keys: bytesOf([]string{"k"})}, function.Name, "a")
			if n, _, err := resp.SkipReply([]byte(got)); err != nil || n != len(got) {
				t.Fatalf("%q is no reply", got)
			}
		}
	})
}
