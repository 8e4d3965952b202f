// SPDX-License-Identifier: Apache-2.0

package scripting

import (
	"fmt"
	"strings"
	"testing"

	"stampede/internal/keyspace"
	"stampede/internal/script"
)

// codeOf is the code of a library with one function.
func codeOf(library, function string) string {
	return "#!lua name=" + library + "\nredis.register_function('" + function +
		"', function(keys, args) return {keys, args} end)"
}

func TestFunctionsAreCalled(t *testing.T) {
	s := newStore(t, Services{})
	s.expect("$1 l", "FUNCTION", "LOAD", codeOf("l", "f"))
	s.expect("*2 *1 $1 a *1 $1 b", "FCALL", "f", "1", "a", "b")
	s.expect("-ERR Function not found", "FCALL", "g", "x")
	s.expect("-ERR Bad number of keys provided", "FCALL", "f", "x")
	s.expect("-ERR Can not execute a script with write flag using *_ro command.",
		"FCALL_RO", "f", "0")
	s.expect("*1 *6 $12 library_name $1 l $6 engine $3 LUA $9 functions "+
		"*1 *6 $4 name $1 f $11 description $-1 $5 flags *0", "FUNCTION", "LIST")
}

// TestChangesAreTold plays what was told back into another server.
func TestChangesAreTold(t *testing.T) {
	var told []string
	twin := script.NewLibrary(script.Options{}).Functions()
	library := script.NewLibrary(script.Options{})
	s := newStore(t, Services{Library: library, FunctionsChanged: func(_ []*keyspace.Space, c FunctionsChange) {
		told = append(told, fmt.Sprint(c.DroppedAll, c.Dropped, len(c.Loaded)))
		if c.DroppedAll {
			twin.Flush()
		}
		for _, name := range c.Dropped {
			twin.Delete(name)
		}
		for _, code := range c.Loaded {
			if err := twin.LoadAgain(code); err != nil {
				t.Error(err)
			}
		}
	}})
	dump := func(codes ...string) string {
		functions := script.NewLibrary(script.Options{}).Functions()
		if _, err := functions.LoadAll(codes, script.Append); err != nil {
			t.Fatal(err)
		}
		return string(functions.Dump())
	}
	load := func(library, function string) []string {
		return []string{"FUNCTION", "LOAD", "REPLACE", codeOf(library, function)}
	}
	for _, call := range [][]string{
		load("a", "f"), load("b", "g"), {"FUNCTION", "LOAD", codeOf("b", "h")},
		{"FUNCTION", "DELETE", "c"},
		// the two exchange their functions
		{"FUNCTION", "RESTORE", dump(codeOf("a", "g"), codeOf("b", "f")), "REPLACE"},
		{"FUNCTION", "RESTORE", dump(codeOf("c", "c"))},
		{"FUNCTION", "RESTORE", dump(codeOf("a", "x")), "APPEND"},
		{"FUNCTION", "DELETE", "b"},
		{"FUNCTION", "RESTORE", dump(codeOf("d", "f")), "FLUSH"},
	} {
		s.do(call...)
		if got, want := twin.Dump(), library.Functions().Dump(); string(got) != string(want) {
			t.Errorf("%.60q: the twin has other libraries", call)
		}
	}
	want := "false [] 1|false [] 1|false [a b] 2|false [] 1|false [b] 0|true [] 1"
	if got := strings.Join(told, "|"); got != want {
		t.Errorf("told %s, want %s", got, want)
	}
	s.do("FUNCTION", "FLUSH")
	if libraries, _, _ := twin.Counts(); libraries != 0 {
		t.Error("FLUSH was not told")
	}
}

func TestStatsAndKillOfFunctions(t *testing.T) {
	busy := false
	s := newStore(t, Services{Busy: func() bool { return busy }})
	s.expect("*4 $14 running_script $-1 $7 engines *2 $3 LUA *4 $15 libraries_count :0 "+
		"$15 functions_count :0", "FUNCTION", "STATS")
	s.expect("-NOTBUSY No scripts in execution right now.", "FUNCTION", "KILL")
	busy = true
	const refusal = "-BUSY Redis is busy running a script. " +
		"You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
	s.expect(refusal, "FUNCTION", "STATS")
	s.expect(refusal, "FUNCTION", "KILL")
}
