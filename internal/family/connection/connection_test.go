// SPDX-License-Identifier: Apache-2.0

package connection_test

import (
	"regexp"
	"strings"
	"testing"

	"stampede/internal/command"
	"stampede/internal/config"
	"stampede/internal/family/connection"
	"stampede/internal/reply"
	"stampede/internal/resp"
	"stampede/internal/session"
)

// server runs calls of this family on sessions of its own.
type server struct {
	t        *testing.T
	table    *command.Table
	config   *config.Config
	registry *session.Registry
	sessions map[string]*session.Session
	killed   map[string]int
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{
		t: t, config: config.New(), registry: session.NewRegistry(nil),
		sessions: make(map[string]*session.Session), killed: make(map[string]int),
	}
	var err error
	s.table, err = command.NewTable(connection.Commands(connection.Services{
		Config: s.config, Sessions: s.registry, Version: "7.2.4",
	}))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const nowMs = 1_700_000_000_000

func (s *server) session(name string) *session.Session {
	if s.sessions[name] == nil {
		s.sessions[name] = s.registry.Open(session.Link{
			Addr: "10.0.0.1:" + name, LocalAddr: "10.0.0.2:6379", FD: 7,
			Kill:          func() { s.killed[name]++ },
			Authenticated: s.config.Text(config.RequirePass) == "",
		}, nowMs-5000)
	}
	return s.sessions[name]
}

// do runs "name> words" and returns the reply's bytes. Words are quoted as in redis-cli.
func (s *server) do(line string) string {
	s.t.Helper()
	name, call, _ := strings.Cut(line, "> ")
	argv, ok := resp.SplitWords([]byte(call), nil)
	if !ok {
		s.t.Fatalf("bad call %q", call)
	}
	row, fail := s.table.Lookup(argv)
	if fail != "" {
		return "-" + string(fail)
	}
	if !row.ArityOK(len(argv)) {
		return "-" + string(reply.ErrArity(row.Lower))
	}
	words := 1 + strings.Count(row.Name, "|")
	me := s.session(name)
	out := reply.Buffer{Proto: me.Proto}
	c := command.Call{
		Argv: argv, Args: command.NewArgs(argv[words:]), Row: row, Reply: &out,
		Session: me, DB: me.DB, NowMs: nowMs,
	}
	switch do := row.Do.(type) {
	case command.Local:
		do(&c)
	case command.OnAll:
		do(nil, &c)
	}
	return strings.TrimSuffix(string(out.B), "\r\n")
}

// script runs lines of "name> call => pattern of the reply".
func (s *server) script(text string) {
	s.t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		call, want, _ := strings.Cut(line, " =>")
		want = strings.TrimSpace(want)
		got := strings.Trim(strings.ReplaceAll(s.do(call), "\r\n", " "), " ")
		if !regexp.MustCompile("^(?s:" + want + ")$").MatchString(got) {
			s.t.Errorf("%s\n got  %q\n want %s", call, got, want)
		}
	}
}

func TestAuth(t *testing.T) {
	s := newServer(t)
	s.script(`
a> AUTH x => -ERR AUTH <password> called without any password configured .*
a> AUTH default x => \+OK
a> AUTH nobody x => -WRONGPASS .*
a> AUTH a b c => -ERR syntax error
`)
	if err := s.config.Set(config.Setting{Name: "requirepass", Value: "secret"}); err != nil {
		t.Fatal(err)
	}
	s.script(`
b> HELLO => -NOAUTH HELLO must be called .*
b> HELLO 3 => -NOAUTH HELLO must be called .*
b> AUTH wrong => -WRONGPASS .*
b> HELLO 2 AUTH default wrong => -WRONGPASS .*
b> HELLO 2 AUTH nobody secret => -WRONGPASS .*
`)
	if s.session("b").Authenticated {
		t.Fatal("authenticated without the password")
	}
	s.script(`
b> AUTH secret => \+OK
c> HELLO 3 AUTH default secret SETNAME me => %7 .*proto.* :3 .*
c> CLIENT GETNAME => \$2 me
`)
	if !s.session("b").Authenticated || !s.session("c").Authenticated {
		t.Error("not authenticated with the password")
	}
	if s.do("c> RESET"); s.session("c").Authenticated || s.session("c").Proto != 2 {
		t.Error("RESET leaves the session as it was")
	}
}

func TestPasswordsLeaveTheArguments(t *testing.T) {
	s := newServer(t)
	for _, call := range []string{"AUTH hunter2", "AUTH default hunter2",
		"HELLO 3 AUTH default hunter2 SETNAME x"} {
		argv, _ := resp.SplitWords([]byte(call), nil)
		row, _ := s.table.Lookup(argv)
		s.config.Set(config.Setting{Name: "requirepass", Value: "hunter2"})
		c := command.Call{
			Argv: argv, Args: command.NewArgs(argv[1:]), Row: row, Reply: &reply.Buffer{},
			Session: s.session("a"), NowMs: nowMs,
		}
		row.Do.(command.Local)(&c)
		for _, arg := range c.Argv {
			if strings.Contains(string(arg), "hunter2") {
				t.Errorf("%s: the password is still among the arguments", call)
			}
		}
	}
}

func TestHello(t *testing.T) {
	newServer(t).script(`
a> HELLO => \*14 \$6 server \$5 redis \$7 version \$5 7.2.4 \$5 proto :2 \$2 id :\d+ .*
a> HELLO 3 => %7 \$6 server .* \$5 proto :3 .* \$7 modules \*0
a> CLIENT GETNAME => _
a> HELLO 4 => -NOPROTO unsupported protocol version
a> HELLO x => -ERR Protocol version is not an integer or out of range
a> HELLO 2 AUTH default => -ERR Syntax error in HELLO option 'AUTH'
a> HELLO 2 bogus => -ERR Syntax error in HELLO option 'bogus'
a> HELLO 2 SETNAME "a b" => -ERR Client names cannot contain spaces, newlines or special characters.
a> HELLO 2 setname me => \*14 .*
a> CLIENT GETNAME => \$2 me
`)
}

func TestSession(t *testing.T) {
	s := newServer(t)
	s.script(`
a> PING => \+PONG
a> PING x => \$1 x
a> PING x y => -ERR wrong number of arguments for 'ping' command
a> ECHO hi => \$2 hi
a> SELECT 15 => \+OK
a> SELECT 16 => -ERR DB index is out of range
a> SELECT -1 => -ERR DB index is out of range
a> SELECT 99999999999 => -ERR value is out of range, value must between -2147483648 and 2147483647
a> SELECT x => -ERR value is not an integer or out of range
a> CLIENT SETNAME me => \+OK
a> CLIENT SETINFO LIB-NAME lib => \+OK
a> CLIENT SETINFO lib-ver 1.2 => \+OK
a> CLIENT SETINFO LIB-NAME "a b" => -ERR LIB-NAME cannot contain spaces, newlines or special characters.
a> CLIENT SETINFO FOO x => -ERR Unrecognized option 'FOO'
a> CLIENT NO-EVICT on => \+OK
a> CLIENT NO-TOUCH ON => \+OK
a> CLIENT NO-TOUCH maybe => -ERR syntax error
a> CLIENT INFO => \$\d+ id=1 addr=10.0.0.1:a laddr=10.0.0.2:6379 fd=7 name=me age=5 idle=0 flags=eT db=15 .*cmd=client\|info user=default redir=-1 lib-name=lib lib-ver=1.2 .* resp=2\n
a> QUIT => \+OK
`)
	if !s.session("a").Closing || s.session("a").DB != 15 {
		t.Error("SELECT and QUIT left no trace")
	}
}

func TestReplyModes(t *testing.T) {
	s := newServer(t)
	s.script(`
a> CLIENT REPLY SKIP =>
a> CLIENT REPLY ON => \+OK
a> CLIENT REPLY OFF =>
a> CLIENT REPLY maybe => -ERR syntax error
`)
	if s.session("a").Reply != session.ReplyOff {
		t.Error("the mode is not OFF")
	}
}

func TestListAndKill(t *testing.T) {
	s := newServer(t)
	s.script(`
a> PING => .*
b> PING => .*
c> PING => .*
a> CLIENT LIST => \$\d+ id=1 .*\nid=2 .*\nid=3 .*\n
a> CLIENT LIST ID 3 1 => \$\d+ id=3 [^\n]*\nid=1 [^\n]*\n
a> CLIENT LIST ID 77 => \$0 
a> CLIENT LIST ID x => -ERR Invalid client ID
a> CLIENT LIST ID => -ERR syntax error
a> CLIENT LIST TYPE pubsub => \$0 
a> CLIENT LIST TYPE normal x => -ERR syntax error
a> CLIENT LIST TYPE foo => -ERR Unknown client type 'foo'
a> CLIENT KILL 10.0.0.1:zzz => -ERR No such client
a> CLIENT KILL 10.0.0.1:b => \+OK
a> CLIENT LIST => \$\d+ id=1 .*\nid=3 .*\n
a> CLIENT KILL ID 0 => -ERR client-id should be greater than 0
a> CLIENT KILL ID x => -ERR client-id should be greater than 0
a> CLIENT KILL a b => -ERR syntax error
a> CLIENT KILL ADDR x LADDR => -ERR syntax error
a> CLIENT KILL USER nobody => -ERR No such user 'nobody'
a> CLIENT KILL TYPE foo => -ERR Unknown client type 'foo'
a> CLIENT KILL SKIPME maybe => -ERR syntax error
a> CLIENT KILL TYPE normal => :1
a> CLIENT KILL ID 1 => :0
a> CLIENT KILL ID 1 SKIPME no => :1
`)
	if s.killed["b"] != 1 || s.killed["c"] != 1 || s.killed["a"] != 0 {
		t.Errorf("transports were asked %v", s.killed)
	}
	if !s.session("a").Closing {
		t.Error("who kills itself stays open")
	}
}

func TestPause(t *testing.T) {
	s := newServer(t)
	s.script(`
a> CLIENT PAUSE x => -ERR timeout is not an integer or out of range
a> CLIENT PAUSE -1 => -ERR timeout is negative
a> CLIENT PAUSE 1 foo => -ERR CLIENT PAUSE mode must be WRITE or ALL
a> CLIENT PAUSE 100 WRITE => \+OK
`)
	if until := s.registry.PausedUntil(true, nowMs); until != nowMs+100 {
		t.Errorf("writes wait until %d", until)
	}
	if until := s.registry.PausedUntil(false, nowMs); until != 0 {
		t.Errorf("reads wait until %d", until)
	}
	s.do("a> CLIENT PAUSE 9223372036854775807")
	if s.registry.PausedUntil(false, nowMs) <= nowMs {
		t.Error("a long pause is none")
	}
	if s.do("a> CLIENT UNPAUSE"); s.registry.Paused() {
		t.Error("paused after UNPAUSE")
	}
}

func TestTrackingIsOff(t *testing.T) {
	newServer(t).script(`
a> CLIENT TRACKING foo => -ERR syntax error
a> CLIENT TRACKING off => \+OK
a> CLIENT TRACKING on => -ERR .*
a> CLIENT GETREDIR => :-1
a> CLIENT CACHING YES => -ERR CLIENT CACHING can be called only .*
a> CLIENT TRACKINGINFO => \*6 \$5 flags \*1 \$3 off \$8 redirect :-1 \$8 prefixes \*0
a> CLIENT UNBLOCK 1 => :0
a> CLIENT UNBLOCK x => -ERR value is not an integer or out of range
a> CLIENT UNBLOCK 1 foo => -ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR
`)
}
