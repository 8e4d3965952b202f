// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"

	"stampede/internal/command"
	"stampede/internal/config"
)

// TestOthersRunBetweenTheCallsOfASeparateScript lets another client write between two calls,
// and the script read what was written.
func TestOthersRunBetweenTheCallsOfASeparateScript(t *testing.T) {
	for _, shards := range []int{1, 3} {
		s := newStore(t, shards)
		other := s.client()
		got, runs := s.runScript(func(h command.Host, c *command.Call) {
			h.Separate()
			h.Separate() // twice is once
			for range 3 {
				h.Call(words("INCR a"), c.Reply)
				if got := other.do([]string{"INCR", "a"}, []string{"MSET", "b", "1", "c", "2"}); got[0] != ':' {
					t.Errorf("between two calls: %q", got)
				}
			}
			h.Call(words("MGET b c"), c.Reply)
		}, "a")
		want := ":1\r\n:3\r\n:5\r\n*2\r\n$1\r\n1\r\n$1\r\n2\r\n"
		if got != want || runs != 1 {
			t.Errorf("%d shards: got %q in %d runs, want %q in 1", shards, got, runs, want)
		}
	}
}

// TestSeparateByParameter is the same without a word of the script.
func TestSeparateByParameter(t *testing.T) {
	s := newStore(t, 2)
	if err := s.engine.config.Set(
		config.Setting{Name: "lua-default-flags", Value: "disable-atomicity"}); err != nil {
		t.Fatal(err)
	}
	other := s.client()
	got, _ := s.runScript(func(h command.Host, c *command.Call) {
		if !h.HasRoom() {
			t.Error("there is no limit, and no room")
		}
		h.Call(words("INCR a"), c.Reply)
		other.do([]string{"INCR", "a"})
		h.Call(words("INCR a"), c.Reply)
	}, "a")
	if want := ":1\r\n:3\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestSeparateScriptThatRunsLong: it holds nobody up, and can be killed although it has written.
func TestSeparateScriptThatRunsLong(t *testing.T) {
	for _, separate := range []bool{true, false} {
		s := newStore(t, 2)
		if err := s.engine.config.Set(
			config.Setting{Name: "busy-reply-threshold", Value: "1"}); err != nil {
			t.Fatal(err)
		}
		s.runScript(func(h command.Host, c *command.Call) {
			if separate {
				h.Separate()
			}
			h.Call(words("SET a b"), c.Reply)
			for !s.runner.host.isLong {
				if err := h.Pause(); err != nil {
					t.Fatal(err)
				}
			}
			if busy := s.engine.isScriptLong(); busy == separate {
				t.Errorf("separate: %v; others are refused: %v", separate, busy)
			}
			refusal, err := s.engine.Kill(), h.Pause()
			if killed := refusal == "" && err == error(errKilled); killed != separate {
				t.Errorf("separate: %v; Kill gives %q, Pause then %v", separate, refusal, err)
			}
		}, "a")
		if s.engine.isScriptLong() || s.engine.busy.scripts.Load() != 0 {
			t.Error("the script has ended and still counts")
		}
	}
}

// TestScriptsWaitInsideAScript: what serves others inside a script begins no other script.
func TestScriptsWaitInsideAScript(t *testing.T) {
	s := newStore(t, 2)
	inner := s.client()
	inner.runner.InsideCall()
	batch := batchOf([][]string{{"PING"}, {"EVAL", "return 1", "0"}})
	if outcome := inner.runner.Do(inner.session, batch, &inner.out); outcome.Ran != 1 ||
		outcome.RetryAtMs <= s.nowMs {
		t.Errorf("a script inside a script: %+v, want 1 call and another try later", outcome)
	}
	inner.do([]string{"MULTI"}, []string{"EVAL", "return 1", "0"})
	batch = batchOf([][]string{{"EXEC"}})
	if outcome := inner.runner.Do(inner.session, batch, &inner.out); outcome.Ran != 0 {
		t.Errorf("a script in a transaction inside a script: %+v, want 0 calls", outcome)
	}
}

func TestScriptsAndMaxmemory(t *testing.T) {
	for _, separate := range []bool{false, true} {
		s := newStore(t, 2)
		if err := s.engine.config.Set(config.Setting{Name: "maxmemory", Value: "1"}); err != nil {
			t.Fatal(err)
		}
		const oom = "-OOM command not allowed when used memory > 'maxmemory'.\r\n"
		for _, c := range []struct {
			allowed bool
			want    string
		}{{false, oom}, {true, "+OK\r\n"}} {
			got, _ := s.runScript(func(h command.Host, call *command.Call) {
				if separate {
					h.Separate()
				}
				if h.HasRoom() {
					t.Error("there is room above maxmemory")
				}
				if c.allowed {
					h.AllowOOM()
				}
				h.Call(words("SET a b"), call.Reply)
			}, "a")
			if got != c.want {
				t.Errorf("separate %v, allowed %v: got %q, want %q", separate, c.allowed, got, c.want)
			}
		}
		s.want("$1\r\nb\r\n", "GET a") // nobody owns the shards any more
	}
}
