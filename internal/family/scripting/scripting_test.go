// SPDX-License-Identifier: Apache-2.0

package scripting

import (
	"strings"
	"testing"

	"stampede/internal/command"
	"stampede/internal/command/commandtest"
	"stampede/internal/reply"
	"stampede/internal/resp"
	"stampede/internal/script"
)

func TestRowsAreThoseOfRedis(t *testing.T) {
	table, err := command.NewTable(Commands(Services{Library: script.NewLibrary(script.Options{})}))
	if err != nil {
		t.Fatal(err)
	}
	commandtest.Check(t, table, commandtest.Exceptions())
}

// echoHost answers each call with its own words.
type echoHost struct{ readOnly bool }

func (h *echoHost) ReadOnly()     { h.readOnly = true }
func (h *echoHost) AllowOOM()     {}
func (h *echoHost) Separate()     {}
func (h *echoHost) HasRoom() bool { return true }
func (h *echoHost) Wrote() bool   { return false }
func (h *echoHost) Pause() error  { return nil }

func (h *echoHost) Call(argv [][]byte, out *reply.Buffer) {
	out.Array(len(argv))
	for _, arg := range argv {
		out.Bulk(arg)
	}
}

// store is a server of this family only.
type store struct {
	t     *testing.T
	table *command.Table
	host  echoHost
}

func newStore(t *testing.T, s Services) *store {
	if s.Library == nil {
		s.Library = script.NewLibrary(script.Options{})
	}
	table, err := command.NewTable(Commands(s))
	if err != nil {
		t.Fatal(err)
	}
	return &store{t: t, table: table}
}

// do makes a call and gives its reply with blanks for line ends.
func (s *store) do(words ...string) string {
	s.t.Helper()
	argv := make([][]byte, len(words))
	for i, w := range words {
		argv[i] = []byte(w)
	}
	out := reply.Buffer{Proto: resp.RESP2}
	row, failure := s.table.Lookup(argv)
	if failure != "" {
		s.t.Fatal(failure)
	}
	skip := 1
	if row.Container != nil {
		skip = 2
	}
	s.host = echoHost{}
	c := &command.Call{Argv: argv, Args: command.NewArgs(argv[skip:]), Row: row, Reply: &out}
	switch do := row.Do.(type) {
	case command.Scripted:
		do(&s.host, c)
	case command.Local:
		do(c)
	case command.OnAll:
		do(nil, c)
	default:
		s.t.Fatalf("%s runs nowhere", row.Name)
	}
	return strings.TrimSpace(strings.ReplaceAll(string(out.B), "\r\n", " "))
}

func (s *store) expect(want string, words ...string) {
	s.t.Helper()
	if got := s.do(words...); got != want {
		s.t.Errorf("%q\n got %s\nwant %s", words, got, want)
	}
}

const (
	sumOfReturn1 = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"
	declares     = "#!lua flags=no-writes,allow-oom\nreturn 1"
)

func TestEvalReadsItsArguments(t *testing.T) {
	s := newStore(t, Services{})
	s.expect("*2 *1 $1 a *2 $1 b $1 c", "EVAL", "return {KEYS, ARGV}", "1", "a", "b", "c")
	s.expect("*2 $3 GET $1 a", "EVAL", "return redis.call('GET', KEYS[1])", "1", "a")
	s.expect("-ERR value is not an integer or out of range", "EVAL", "return 1", "x")
	s.expect("-ERR Number of keys can't be greater than number of args", "EVAL", "return 1", "1")
	s.expect("-ERR Number of keys can't be negative", "EVAL", "return 1", "-1")
	s.expect("-NOSCRIPT No matching script. Please use EVAL.", "EVALSHA", "abc", "-1")
	s.expect("-NOSCRIPT No matching script. Please use EVAL.", "EVALSHA", sumOfReturn1, "0")
	s.expect("-ERR value is not an integer or out of range", "EVALSHA", sumOfReturn1, "x")
}

func TestScriptsAreKnownByTheirSHA(t *testing.T) {
	s := newStore(t, Services{})
	s.expect("$40 "+sumOfReturn1, "SCRIPT", "LOAD", "return 1")
	s.expect("*2 :1 :0", "SCRIPT", "EXISTS", strings.ToUpper(sumOfReturn1), "abc")
	s.expect(":1", "EVALSHA", strings.ToUpper(sumOfReturn1), "0")
	s.expect("*1 *2 $40 "+sumOfReturn1+" $8 return 1", "SCRIPT", "LIST")
	s.expect("-ERR SCRIPT FLUSH only support SYNC|ASYNC option", "SCRIPT", "FLUSH", "NOW")
	s.expect("-ERR SCRIPT FLUSH only support SYNC|ASYNC option", "SCRIPT", "FLUSH", "SYNC", "SYNC")
	s.expect("+OK", "SCRIPT", "FLUSH", "async")
	s.expect("*1 :0", "SCRIPT", "EXISTS", sumOfReturn1)
	if got := s.do("SCRIPT", "LOAD", "x x"); !strings.HasPrefix(got, "-ERR Error compiling script") {
		t.Errorf("a text that does not compile: %s", got)
	}
}

func TestReadOnlyScripts(t *testing.T) {
	s := newStore(t, Services{})
	s.expect(":1", "EVAL_RO", "return 1", "0")
	if !s.host.readOnly {
		t.Error("EVAL_RO lets scripts write")
	}
	s.expect(":1", "EVAL", declares, "0")
	if !s.host.readOnly {
		t.Error("no-writes lets scripts write")
	}
	s.expect(":1", "EVAL_RO", declares, "0")
	s.expect("-ERR Can not execute a script with write flag using *_ro command.",
		"EVAL_RO", "#!lua\nreturn 1", "0")
	s.expect(":1", "EVAL", "return 1", "0")
	if s.host.readOnly {
		t.Error("EVAL does not let scripts write")
	}
}

func TestFlagsOfScripts(t *testing.T) {
	s := newStore(t, Services{})
	s.do("SCRIPT", "LOAD", "return 1")
	s.expect("*0", "SCRIPT", "FLAGS", sumOfReturn1)
	s.expect("*2 $9 no-writes $17 disable-atomicity", "SCRIPT", "FLAGS", sumOfReturn1,
		"disable-atomicity", "no-writes")
	s.expect("-ERR Invalid flag: fast", "SCRIPT", "FLAGS", sumOfReturn1, "fast")
	s.expect("-NOSCRIPT No matching script. Please use EVAL.", "SCRIPT", "FLAGS", "abc", "no-writes")
}

func TestStatsCountRuns(t *testing.T) {
	s := newStore(t, Services{})
	s.do("SCRIPT", "LOAD", "return 1")
	s.do("EVALSHA", sumOfReturn1, "0")
	s.do("EVALSHA", sumOfReturn1, "0")
	got := s.do("SCRIPT", "STATS", sumOfReturn1)
	if !strings.Contains(got, "$5 calls :2 ") || !strings.Contains(got, "$12 failed_calls :0 ") {
		t.Error(got)
	}
	s.expect("-NOSCRIPT No matching script. Please use EVAL.", "SCRIPT", "STATS", "abc")
}

func TestKillAndDebug(t *testing.T) {
	newStore(t, Services{}).expect("-NOTBUSY No scripts in execution right now.", "SCRIPT", "KILL")
	killed := 0
	s := newStore(t, Services{Kill: func() error {
		if killed++; killed > 1 {
			return reply.Error("NOTBUSY gone")
		}
		return nil
	}})
	s.expect("+OK", "SCRIPT", "KILL")
	s.expect("-NOTBUSY gone", "SCRIPT", "KILL")
	s.expect("+OK", "SCRIPT", "DEBUG", "NO")
	s.expect("-ERR Use SCRIPT DEBUG YES/SYNC/NO", "SCRIPT", "DEBUG", "x")
	s.expect("-ERR The debugger of scripts is not supported", "SCRIPT", "DEBUG", "YES")
}
