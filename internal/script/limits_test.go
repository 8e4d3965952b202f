// SPDX-License-Identifier: Apache-2.0

package script

import (
	"strconv"
	"strings"
	"sync"
	"testing"

	"stampede/internal/reply"
	"stampede/internal/resp"
)

const killed reply.Error = "ERR Script killed by user with SCRIPT KILL..."

// TestEndlessScriptsCanBeKilled knows all ways in which a script may try to go on.
func TestEndlessScriptsCanBeKilled(t *testing.T) {
	for _, source := range []string{
		"while true do end",
		"repeat until false",
		"for i=1,math.huge do end",
		"local function f() return f() end f()",
		"while true do pcall(function() while true do end end) end",
		"while true do pcall(error, 'x') end",
		"local co = coroutine.wrap(function() while true do end end) co()",
		"while true do coroutine.wrap(function() coroutine.yield(1) end)() end",
		"while true do redis.call('PING') end",
		"while true do pcall(redis.call, 'x') end",
		"local s = string.rep('a', 30000) while true do string.find(s, '.-.-.-.-b') end",
		"return string.find(string.rep('a', 300000), '.-.-.-.-.-.-b')",
		"return string.gsub(string.rep('a', 300000), '.-.-.-.-b', '')",
		"while true do string.gsub('abc', '%w', function() return '' end) end",
		"while true do table.sort({3,2,1}, function(a,b) return a<b end) end",
		"while true do xpcall(function() error('x') end, function() while true do end end) end",
		"while true do loadstring('while true do end')() end",
	} {
		h := newFakeHost()
		h.stop, h.stopAt = killed, 3
		got := eval(t, h, source, nil)
		if want := "-" + string(killed) + " script: "; !strings.HasPrefix(got, want) {
			t.Errorf("%s\n got %q\nwant %q", source, got, want)
		}
		if h.pauses > 20 {
			t.Errorf("%s: the host was asked %d times", source, h.pauses)
		}
	}
}

func TestHostIsAskedNowAndThen(t *testing.T) {
	h := newFakeHost()
	eval(t, h, "for i=1,100000 do end", nil)
	if h.pauses < 5 || h.pauses > 100 {
		t.Errorf("asked %d times in 100 000 steps", h.pauses)
	}
	h = newFakeHost()
	eval(t, h, "for i=1,100 do end", nil)
	if h.pauses != 0 {
		t.Errorf("asked %d times in 100 steps", h.pauses)
	}
}

// TestLimits are those that keep a script from taking the server with it.
func TestLimits(t *testing.T) {
	l := NewLibrary(Options{StringMax: 1 << 20, MemoryMax: 64 << 20})
	for _, c := range []struct{ source, want string }{
		{"return #string.rep('x', 1e9)", "-ERR not enough memory"},
		{"return #string.rep('xx', 2^30)", "-ERR not enough memory"},
		{"return #string.rep('', 2^62)", ":0"},
		{"local s='x' for i=1,40 do s=s..s end", "-ERR not enough memory"},
		{"local t={} for i=1,1000 do t[i]=string.rep('x',10000) end return #table.concat(t)",
			"-ERR not enough memory"},
		{"return #string.format('%s%s', string.rep('x',1e6), string.rep('x',1e6))",
			"-ERR not enough memory"},
		{"return #string.gsub(string.rep('x',1e6), 'x', 'xxxx')", "-ERR not enough memory"},
		{"local t={} while true do t[#t+1]=string.rep('x',100000)..#t end",
			"-ERR script used too much memory"},
		{"local function f() return 1+f() end return f()",
			"-ERR user_script:1: stack overflow"},
		{"local t = setmetatable({}, {__index=function(t,k) return t[k+1] end}) return t[1]",
			"-ERR user_script:1: stack overflow"},
		{"local function f() return pcall(f) end return select('#', f()) > 190", ":1"},
		{"local function f() return (pcall(f)) end return f()", ":1"},
		{"local t={} for i=1,30000 do t={t} end return t", "*1\r\n*1\r\n"},
		{"return (('a'):rep(20000)):find(('a?'):rep(20000))", "-ERR user_script:1: pattern too"},
		{"return unpack({}, 1, 1e8)", "-ERR user_script:1: too many results to unpack"},
		{"return unpack({}, -2^31, 2^31-1)", "-ERR user_script:1: too many results to unpack"},
		{"return " + strings.Repeat("{", 150) + strings.Repeat("}", 150), "*1\r\n"},
		{"return " + strings.Repeat("- ", 150) + "1", ":1"},
		{"return 1" + strings.Repeat("+1", 20000),
			"-ERR Error compiling script (new function): user_script:1: chunk has too many"},
	} {
		got := evalIn(t, l, newFakeHost(), c.source, nil)
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%.100s\n got %.200q\nwant %q", c.source, got, c.want)
		}
	}
}

// TestNothingStays runs scripts that try to leave something behind, and looks for it.
func TestNothingStays(t *testing.T) {
	l := NewLibrary(Options{})
	l.idle.max = 1
	look := "local r={} for k in pairs(KEYS) do r[#r+1]='K'..k end " +
		"for k in pairs(ARGV) do r[#r+1]='A'..k end " +
		"for k in pairs(_G) do r[#r+1]=k end table.sort(r) " +
		"local ok = redis.call('SET','a','b') for k in pairs(ok) do r[#r+1]=k end " +
		"return table.concat(r,' ')..tostring(getmetatable(KEYS))..tostring(getmetatable(ok))" +
		"..cjson.encode({1.23456789})..ok.ok"
	h := newFakeHost()
	clean := evalIn(t, l, h, look, []string{"k"}, "a")
	for _, source := range []string{
		"KEYS[5]=1 ARGV[7]=2", "KEYS.x=1", "ARGV[KEYS]=1", "setmetatable(KEYS,{})",
		"table.insert(KEYS,1)", "pcall(function() x=1 end)", "pcall(rawset,_G,'x',1)",
		"redis.call('SET','a','b').x=1", "redis.call('SET','a','b').ok=2",
		"setmetatable(redis.call('SET','a','b'),{})", "redis.call('SET','a','b')[1]=1",
		"cjson.encode_number_precision(3)", "redis.setresp(3)", "KEYS[1]=nil error('x')",
		"string.rep('x',100) local a <x", "error({err='x'})", "return coroutine.wrap(error)('x')",
		"pcall(function() getmetatable('').__index=1 end)",
		"for k,v in pairs(redis) do pcall(rawset,redis,k,1) end",
		"pcall(setmetatable,_G,nil)", "pcall(setmetatable,redis,{})",
		"pcall(table.insert,redis,1)", "pcall(table.sort,_G)", "pcall(table.remove,string)",
	} {
		evalIn(t, l, h, source, []string{"k", "l"}, "a", "b", "c")
		if got := evalIn(t, l, h, look, []string{"k"}, "a"); got != clean {
			t.Errorf("after %s\n got %q\nwant %q", source, got, clean)
		}
	}
}

// TestPanicsOfTheHostGoThrough: an engine may end a run so, wherever the script is.
func TestPanicsOfTheHostGoThrough(t *testing.T) {
	l := NewLibrary(Options{})
	for _, source := range []string{
		"redis.call('PING')", "redis.pcall('PING')", "pcall(redis.call,'PING') return 1",
		"for i=1,10 do pcall(function() pcall(redis.call,'PING') end) end",
		"coroutine.wrap(function() redis.call('PING') end)()",
		"local co=coroutine.create(function() redis.call('PING') end) coroutine.resume(co) return 1",
		"xpcall(function() redis.call('PING') end, function() return redis.call('PING') end)",
	} {
		h := newFakeHost()
		h.panics = "again"
		got := func() (got any) {
			defer func() { got = recover() }()
			evalIn(t, l, h, source, nil)
			return nil
		}()
		if got != "again" || h.calls != 1 {
			t.Errorf("%s: %v after %d calls", source, got, h.calls)
		}
		if got := evalIn(t, l, newFakeHost(), "return redis.call('PING')", nil); got != "+PONG\r\n" {
			t.Errorf("after %s: %q", source, got)
		}
	}
}

func TestManyRunAtOnce(t *testing.T) {
	l := NewLibrary(Options{})
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			h := newFakeHost()
			for i := range 200 {
				text := strconv.Itoa(n*1000 + i)
				got := evalIn(t, l, h, "redis.call('SET',KEYS[1],ARGV[1]) local s=0 "+
					"for i=1,50 do s=s+i end return redis.call('GET',KEYS[1])",
					[]string{"k" + text}, text)
				want := "$" + strconv.Itoa(len(text)) + "\r\n" + text + "\r\n"
				if got != want {
					t.Errorf("got %q, want %q", got, want)
					return
				}
			}
		})
	}
	all.Wait()
}

func TestLibraryIsBounded(t *testing.T) {
	l := NewLibrary(Options{})
	kept, err := l.Load([]byte("return 'kept'"))
	if err != nil {
		t.Fatal(err)
	}
	first, err := l.Eval([]byte("return 'first'"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range evaluatedMax + 10 {
		if _, err := l.Eval([]byte("return " + strconv.Itoa(i))); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(l.All()); n != evaluatedMax+1 {
		t.Errorf("%d scripts", n)
	}
	if l.Find([]byte(kept.SHA)) == nil {
		t.Error("a loaded script is gone")
	}
	if l.Find([]byte(first.SHA)) != nil {
		t.Error("the oldest script is still there")
	}
}

func TestLogReachesTheServer(t *testing.T) {
	var got []string
	l := NewLibrary(Options{Log: func(level LogLevel, text string) {
		got = append(got, level.String()+" "+text)
	}})
	evalIn(t, l, newFakeHost(), "redis.log(redis.LOG_WARNING,'a',1,'b') redis.log(0,'x')", nil)
	if strings.Join(got, "|") != "warning a 1 b|debug x" {
		t.Error(got)
	}
}

// TestDragonflyFlags: the line is a comment to Lua.
func TestDragonflyFlags(t *testing.T) {
	l := NewLibrary(Options{})
	s, err := l.Load([]byte("--!df flags=disable-atomicity,allow-undeclared-keys\nreturn 1"))
	if err != nil || s.Flags() != NonAtomic|UndeclaredKeys {
		t.Errorf("%v %v", s, err)
	}
	out := reply.Buffer{Proto: resp.RESP2}
	l.Run(s, Input{Host: newFakeHost()}, &out)
	if string(out.B) != ":1\r\n" {
		t.Errorf("%q", out.B)
	}
	if _, err := l.Load([]byte("--!df flags=no-writes\nreturn 1")); err == nil {
		t.Error("a flag of Redis in a line of Dragonfly")
	}
}
