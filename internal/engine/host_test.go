// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"stampede/internal/command"
	"stampede/internal/reply"
	"stampede/internal/session"
)

// runScript runs do as if it were a script with the given declared keys, and returns its
// reply and how often it was begun.
func (s *store) runScript(do func(h command.Host, c *command.Call), keys ...string) (string, int) {
	s.t.Helper()
	runs := 0
	scripted := command.Scripted(func(h command.Host, c *command.Call) {
		runs++
		do(h, c)
	})
	table, err := command.NewTable([]command.Spec{{
		Name: "RUN", Args: "script numkeys:int [@key [@key ...]] [arg [arg ...]]", Summary: "Runs a test's script.",
		Group: command.GroupScripting, Since: "stampede", Cost: "-", Do: scripted,
	}})
	if err != nil {
		s.t.Fatal(err)
	}
	argv := words(fmt.Sprint("RUN ", s.t.Name(), " ", len(keys), " ", strings.Join(keys, " ")))
	row, refusal := table.Lookup(argv)
	if row == nil {
		s.t.Fatal(refusal)
	}
	var out reply.Buffer
	s.runner.nowMs = s.nowMs
	s.runner.call.Session = s.session
	s.runner.begin(row, argv, &out)
	s.runner.script(scripted, row, argv, &out)
	return string(out.B), runs
}

func words(line string) (argv [][]byte) {
	for word := range strings.FieldsSeq(line) {
		argv = append(argv, []byte(word))
	}
	return argv
}

// elsewhere is a key that lies on another shard than key.
func (s *store) elsewhere(key string) string {
	for i := 0; ; i++ {
		other := fmt.Sprint("other", i)
		if s.engine.shards.Of([]byte(other)) != s.engine.shards.Of([]byte(key)) {
			return other
		}
	}
}

func TestScriptMeetsUndeclaredKeyAfterItWrote(t *testing.T) {
	s := newStore(t, 4)
	other := s.elsewhere("a")
	s.do("SET a 5 PX 1000", "HSET h{a} f v", "SET gone{a} x")
	script := func(h command.Host, c *command.Call) {
		for _, call := range []string{
			"INCR a", "HSET h{a} f w g 1", "DEL gone{a}", "SET new{a} 1", "PERSIST a", "INCR " + other,
		} {
			h.Call(words(call), c.Reply)
		}
	}
	got, runs := s.runScript(script, "a")
	if want := ":6\r\n:1\r\n:1\r\n+OK\r\n:1\r\n:1\r\n"; got != want || runs != 2 {
		t.Errorf("got %q in %d runs, want %q in 2", got, runs, want)
	}
	s.want(":6\r\n:1\r\n", "INCRBY a 0", "INCRBY "+other+" 0")
	if _, runs := s.runScript(script, "a"); runs != 1 {
		t.Errorf("the second time it begins %d times, want 1: it is known to roam", runs)
	}
	s.want(":7\r\n:2\r\n:-1\r\n", "INCRBY a 0", "INCRBY "+other+" 0", "PTTL a")
}

// TestUndoLeavesNoTrace lets a script write all it can and then roam, and stops the second
// run before it does anything.
func TestUndoLeavesNoTrace(t *testing.T) {
	s := newStore(t, 4)
	other := s.elsewhere("a")
	s.do("SET a 5 PX 1000", "HSET h{a} f v", "SET gone{a} x", "ZADD z{a} 1 m")
	first := true
	s.runScript(func(h command.Host, c *command.Call) {
		if !first {
			return
		}
		first = false
		for _, call := range []string{
			"APPEND a xyz", "HSET h{a} f w g 1", "DEL gone{a}", "SET new{a} 1", "PERSIST a",
			"ZADD z{a} 2 m 3 n", "RENAME h{a} i{a}", "DEL z{a}", "GET " + other,
		} {
			h.Call(words(call), c.Reply)
		}
	}, "a")
	s.want("$1\r\n5\r\n:1000\r\n", "GET a", "PTTL a")
	s.want("*2\r\n$1\r\nf\r\n$1\r\nv\r\n:0\r\n", "HGETALL h{a}", "EXISTS new{a} i{a}")
	s.want("$1\r\nx\r\n*2\r\n$1\r\nm\r\n$1\r\n1\r\n", "GET gone{a}", "ZRANGE z{a} 0 -1 WITHSCORES")
}

func TestScriptRefusals(t *testing.T) {
	s := newStore(t, 1)
	for _, c := range []struct{ call, want string }{
		{"NOSUCH", "-ERR Unknown Redis command called from script\r\n"},
		{"GET", "-ERR Wrong number of args calling Redis command from script\r\n"},
		{"WATCH a", "-ERR This Redis command is not allowed from script\r\n"},
		{"MULTI", "-ERR This Redis command is not allowed from script\r\n"},
		{"SET a b", "-ERR Write commands are not allowed from read-only scripts.\r\n"},
		{"GET a", "$-1\r\n"},
	} {
		got, _ := s.runScript(func(h command.Host, call *command.Call) {
			h.ReadOnly()
			h.Call(words(c.call), call.Reply)
		}, "a")
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.call, got, c.want)
		}
	}
}

func TestSelectInScriptIsItsOwn(t *testing.T) {
	s := newStore(t, 2)
	s.runScript(func(h command.Host, c *command.Call) {
		h.Call(words("SELECT 3"), c.Reply)
		h.Call(words("SET k in-three"), c.Reply)
	}, "k")
	s.want("$-1\r\n+OK\r\n$8\r\nin-three\r\n", "GET k", "SELECT 3", "GET k")
}

// forgetRoaming lets every script begin with the shards of its declared keys again.
func (e *Engine) forgetRoaming() {
	e.busy.mu.Lock()
	clear(e.busy.roams)
	e.busy.mu.Unlock()
}

// TestTransfersByComputedKeys: many scripts at once move units between accounts whose names
// they compute; what all accounts hold together stays.
func TestTransfersByComputedKeys(t *testing.T) {
	const accounts, workers, transfers = 16, 8, 250
	s := newStore(t, 8)
	for i := range accounts {
		s.do(fmt.Sprint("SET account", i, " 100"))
	}
	var running sync.WaitGroup
	for w := range workers {
		running.Go(func() {
			mine := &store{
				t: t, engine: s.engine, runner: s.engine.NewRunner(), nowMs: s.nowMs,
				session: &session.Session{Authenticated: true, Proto: 2},
			}
			for i := range transfers {
				from, to := (w+i)%accounts, (w*7+i*3+1)%accounts
				mine.runScript(func(h command.Host, c *command.Call) {
					h.Call(words(fmt.Sprint("DECRBY account", from, " 1")), c.Reply)
					h.Call(words(fmt.Sprint("INCRBY account", to, " 1")), c.Reply)
				}, fmt.Sprint("account", from))
				if i%5 == 0 {
					s.engine.forgetRoaming()
				}
			}
		})
	}
	running.Wait()
	sum := 0
	for i := range accounts {
		var n int
		if _, err := fmt.Sscanf(s.do(fmt.Sprint("INCRBY account", i, " 0")), ":%d", &n); err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	if sum != accounts*100 {
		t.Errorf("all accounts hold %d, want %d", sum, accounts*100)
	}
}
