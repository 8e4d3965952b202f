// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"testing"
	"time"

	"stampede/internal/command"
)

// TestTimeOfCallsInScripts: every call of a script counts, with a time.
func TestTimeOfCallsInScripts(t *testing.T) {
	s := newStore(t, 2)
	const script = "for i = 1, 100 do redis.call('SET',KEYS[1],i) redis.call('DEL',KEYS[1]) end"
	s.do("PING")
	c := s.client()
	c.do([]string{"EVAL", script, "1", "k"})
	c.do([]string{"MULTI"}, []string{"SET", "a", "1"}, []string{"EVAL", script, "1", "k"},
		[]string{"EXEC"})
	calls := map[string]int64{}
	for _, row := range s.engine.Stats().Commands() {
		calls[row.Name] = row.Calls
		if row.Name == "set" || row.Name == "del" {
			if row.Nanos < row.Calls {
				t.Errorf("%s: %d ns for %d calls", row.Name, row.Nanos, row.Calls)
			}
			if row.Failed != 0 || row.Rejected != 0 {
				t.Errorf("%s: %+v", row.Name, row)
			}
		}
	}
	got := fmt.Sprint(calls["set"], calls["del"], calls["eval"], calls["exec"])
	if want := "201 200 2 1"; got != want {
		t.Errorf("calls %s, want %s", got, want)
	}
}

// TestSteadyCallsAreMeasuredNowAndThen: one in eight, and every one that is not steady.
func TestSteadyCallsAreMeasuredNowAndThen(t *testing.T) {
	var times callTimes
	base := time.Now()
	steady := &command.Row{Spec: command.Spec{Flags: command.Steady}, ID: 7}
	other := &command.Row{ID: 3}
	measured := 0
	const calls = 8000
	for range calls {
		began := times.begin(steady, base)
		if began != untimed {
			measured++
		}
		if times.end(steady, base, began) <= 0 {
			t.Fatal("a call took no time")
		}
		if began := times.begin(other, base); began == untimed {
			t.Fatal("a call that is not steady is not measured")
		}
	}
	if measured < calls/16 || measured > calls/4 {
		t.Errorf("%d of %d steady calls are measured, want one in %d", measured, calls, timedEvery)
	}
}

// TestLastKeyKnowsItsShard asks for keys in turn, long ones among them.
func TestLastKeyKnowsItsShard(t *testing.T) {
	s := newStore(t, 5)
	var last lastKey
	for i := range 2000 {
		key := fmt.Appendf(nil, "%0*d", 1+i%100, i/3)
		if got, want := last.shard(s.engine.shards, key), s.engine.shards.Of(key); got != want {
			t.Fatalf("key %s: shard %d, want %d", key, got, want)
		}
	}
	if got, want := last.shard(s.engine.shards, nil), s.engine.shards.Of(nil); got != want {
		t.Errorf("the empty key: shard %d, want %d", got, want)
	}
}

// TestScriptThatWritesToMuch owns all shards when it has written to more than is remembered.
func TestScriptThatWritesToMuch(t *testing.T) {
	s := newStore(t, 4)
	s.do(fmt.Sprint("SETRANGE large{a} ", rememberedBytesMax, " x"))
	for name, write := range map[string]func(h command.Host, c *command.Call){
		"many": func(h command.Host, c *command.Call) {
			for i := range rememberedMax + 5 {
				h.Call(words(fmt.Sprint("INCR k", i, "{a}")), c.Reply)
			}
		},
		"large": func(h command.Host, c *command.Call) {
			h.Call(words("APPEND large{a} y"), c.Reply)
		},
	} {
		s.engine.forgetRoaming()
		if _, runs := s.runScript(write, "a"); runs != 2 {
			t.Errorf("%s: %d runs, want 2", name, runs)
		}
	}
	s.want(fmt.Sprintf(":1\r\n:1\r\n:%d\r\n", rememberedBytesMax+2),
		"INCRBY k0{a} 0", fmt.Sprint("INCRBY k", rememberedMax+4, "{a} 0"), "STRLEN large{a}")
}
