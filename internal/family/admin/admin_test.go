// SPDX-License-Identifier: Apache-2.0

package admin_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"stampede/internal/command"
	"stampede/internal/config"
	"stampede/internal/family/admin"
	"stampede/internal/keyspace"
	"stampede/internal/metrics"
	"stampede/internal/reply"
	"stampede/internal/resp"
	"stampede/internal/script"
	"stampede/internal/session"
)

const nowMs = 1_700_000_000_500

// server runs calls of this family on two shards.
type server struct {
	t        *testing.T
	table    *command.Table
	config   *config.Config
	stats    *metrics.Stats
	spaces   []*keyspace.Space
	session  *session.Session
	slept    time.Duration
	shutdown []bool
	argv     [][]byte // of the last call, as it stood when the call had run
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, config: config.New(), stats: metrics.New([]string{"get", "config|get"})}
	registry := session.NewRegistry(nil)
	s.session = registry.Open(session.Link{Addr: "127.0.0.1:1"}, nowMs)
	for range 2 {
		space, err := keyspace.New(keyspace.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { space.Close() })
		space.Advance(nowMs)
		s.spaces = append(s.spaces, space)
	}
	if err := s.config.SetAtStart("enable-debug-command", "yes"); err != nil {
		t.Fatal(err)
	}
	scripts := script.NewLibrary(script.Options{})
	_, err := scripts.Load([]byte("return 1"))
	if err != nil {
		t.Fatal(err)
	}
	const library = "#!lua name=l\nredis.register_function('f', function() end)"
	if _, err := scripts.Functions().Load(library, false); err != nil {
		t.Fatal(err)
	}
	s.table, err = command.NewTable(admin.Commands(admin.Services{
		Config: s.config, Stats: s.stats, Sessions: registry, Scripts: scripts,
		Facts: admin.Facts{
			RedisVersion: "7.2.4", Version: "0.1", RunID: strings.Repeat("ab", 20),
			StartMs: nowMs - 90_061_000, Shards: 2, IO: "epoll",
		},
		Shutdown:    func(save bool) { s.shutdown = append(s.shutdown, save) },
		ClockMicros: func() int64 { return 1_700_000_000_123_456 },
		Sleep:       func(d time.Duration) { s.slept += d },
	}))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// put sets a key in a shard of the caller's choice.
func (s *server) put(shard, db int, key, value string, deadlineMs int64) {
	e := s.spaces[shard].DB(db).Find([]byte(key))
	e.Set([]byte(key), []byte(value), deadlineMs)
}

// do runs a call, quoted as in redis-cli, and returns the reply's bytes.
func (s *server) do(call string) string {
	s.t.Helper()
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
	out := reply.Buffer{Proto: s.session.Proto}
	c := command.Call{
		Argv: argv, Args: command.NewArgs(argv[words:]), Row: row, Reply: &out,
		Session: s.session, DB: s.session.DB, NowMs: nowMs,
	}
	switch do := row.Do.(type) {
	case command.Local:
		do(&c)
	case command.OnAll:
		do(s.spaces, &c)
	case command.Leaving:
		do(nil, &c)
	case command.OnShard:
		do(s.spaces[0].DB(c.DB), &c)
	}
	s.argv = c.Argv
	return string(out.B)
}

// script runs lines of "call => pattern of the reply"; "|" in the reply is a line's end.
func (s *server) script(text string) {
	s.t.Helper()
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		call, want, _ := strings.Cut(line, " =>")
		got := strings.Trim(strings.ReplaceAll(s.do(call), "\r\n", " "), " ")
		if !regexp.MustCompile("^(?s:" + strings.TrimSpace(want) + ")$").MatchString(got) {
			s.t.Errorf("%s\n got  %q\n want %s", call, got, want)
		}
	}
}

func TestConfig(t *testing.T) {
	s := newServer(t)
	s.script(`
CONFIG GET maxmemory => \*2 \$9 maxmemory \$1 0
CONFIG GET nosuch => \*0
CONFIG GET MaxMemory => \*2 \$9 MaxMemory \$1 0
CONFIG SET maxmemory 1mb timeout => -ERR syntax error
CONFIG SET maxmemory 1mb nosuch 1 => -ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'
CONFIG SET maxmemory x => -ERR CONFIG SET failed \(possibly related to argument 'maxmemory'\) - argument must be a memory value
CONFIG SET hash-max-listpack-entries 7 maxmemory-policy allkeys-lfu => \+OK
CONFIG REWRITE => -ERR The server is running without a config file
CONFIG RESETSTAT => \+OK
CONFIG NOSUCH => -ERR unknown subcommand 'NOSUCH'. Try CONFIG HELP.
CONFIG HELP => \*.*
`)
	for _, space := range s.spaces {
		if space.Limits.HashEntriesMax != 7 || space.Policy() != keyspace.AllKeysLFU {
			t.Errorf("a shard has %+v, %v", space.Limits, space.Policy())
		}
	}
	s.do("CONFIG SET requirepass hunter2")
	for _, arg := range s.argv {
		if strings.Contains(string(arg), "hunter2") {
			t.Error("the password is still among the arguments")
		}
	}
}

func TestData(t *testing.T) {
	s := newServer(t)
	fill := func() {
		s.put(0, 0, "a", "1", 0)
		s.put(1, 0, "b", "1", nowMs+1000)
		s.put(1, 3, "c", "1", 0)
	}
	fill()
	s.script(`
DBSIZE => :2
INFO keyspace => \$\d+ # Keyspace db0:keys=2,expires=1,avg_ttl=1000 db3:keys=1,expires=0,avg_ttl=0
SWAPDB 0 3 => \+OK
DBSIZE => :1
SWAPDB 0 16 => -ERR DB index is out of range
SWAPDB x 0 => -ERR invalid first DB index
SWAPDB 0 99999999999 => -ERR invalid second DB index
FLUSHDB ASYNC SYNC => -ERR syntax error
FLUSHDB async => \+OK
DBSIZE => :0
INFO keyspace => \$\d+ # Keyspace db3:keys=2,.*
FLUSHALL SYNC => \+OK
INFO keyspace => \$12 # Keyspace
`)
	fill()
	s.script(`
MEMORY USAGE a => :\d+
MEMORY USAGE none => \$-1
MEMORY USAGE a SAMPLES -1 => -ERR syntax error
MEMORY USAGE a SAMPLES x => -ERR value is not an integer or out of range
MEMORY USAGE none bogus => -ERR syntax error
MEMORY DOCTOR => \$\d+ .*
MEMORY MALLOC-STATS => \$\d+ arenas: .*
MEMORY PURGE => \+OK
MEMORY STATS => \*.* \$4 db.0 \*6 \$23 overhead.hashtable.main :\d+ .* \$10 keys.count :3 .*
`)
}

func TestInfo(t *testing.T) {
	s := newServer(t)
	rec := s.stats.NewRecorder()
	rec.Opened()
	rec.Call(0, 1500, false)
	rec.Call(0, 2500, true)
	rec.Rejected(0)
	rec.Error([]byte("-ERR no such thing\r\n"))
	rec.Flush()
	s.script(`
INFO server => \$\d+ # Server redis_version:7.2.4 .*stampede_version:0.1 .*tcp_port:6379 .*uptime_in_seconds:90061 uptime_in_days:1 .*
INFO clients => \$\d+ # Clients connected_clients:1 .*maxclients:10000 .*
INFO memory => \$\d+ # Memory used_memory:\d+ used_memory_human:.*maxmemory:0 maxmemory_human:0B maxmemory_policy:noeviction .*
INFO memory => \$\d+ # Memory .*used_memory_scripts_eval:8 number_of_cached_scripts:1 number_of_functions:1 number_of_libraries:1 .*used_memory_functions:57 used_memory_scripts:65 .*
INFO stats => \$\d+ # Stats total_connections_received:1 total_commands_processed:2 .*expired_keys:0 .*keyspace_hits:0 keyspace_misses:0 .*total_error_replies:1 .*
INFO replication => \$\d+ # Replication role:master connected_slaves:0 .*
INFO cpu => \$\d+ # CPU used_cpu_sys:\d+\.\d+ .*
INFO commandstats => \$\d+ # Commandstats cmdstat_get:calls=2,usec=4,usec_per_call=2.00,rejected_calls=1,failed_calls=1
INFO latencystats => \$\d+ # Latencystats latency_percentiles_usec_get:p50=1.\d{3},p99=2.\d{3},p99.9=2.\d{3}
INFO errorstats => \$\d+ # Errorstats errorstat_ERR:count=1
INFO nosuch => \$0
INFO Keyspace nosuch CLUSTER => \$\d+ # Cluster cluster_enabled:0  # Keyspace
INFO => \$\d+ # Server .* # Clients .* # Memory .* # Persistence .* # Stats .* # Replication .* # CPU .* # Modules .*# Errorstats .*# Cluster .*# Keyspace
INFO everything => \$\d+ # Server .* # Commandstats .*# Latencystats .*
`)
	if strings.Contains(s.do("INFO"), "Commandstats") {
		t.Error("INFO shows the long sections unasked")
	}
	s.do("CONFIG RESETSTAT")
	s.script(`
INFO commandstats => \$16 # Commandstats
INFO errorstats => \$14 # Errorstats
`)
}

func TestLatency(t *testing.T) {
	s := newServer(t)
	rec := s.stats.NewRecorder()
	rec.Call(0, 900, false)
	rec.Call(1, 30_000, false)
	rec.Flush()
	s.script(`
LATENCY HISTOGRAM get nosuch => \*2 \$3 get \*4 \$5 calls :1 \$14 histogram_usec \*2 :1 :1
LATENCY HISTOGRAM CONFIG => \*2 \$10 config\|get \*4 \$5 calls :1 \$14 histogram_usec \*2 :32 :1
LATENCY HISTOGRAM => \*4 .*
LATENCY LATEST => \*0
LATENCY HISTORY foo => \*0
LATENCY GRAPH foo => -ERR No samples available for event 'foo'
LATENCY DOCTOR => .*
`)
	s.stats.Latency.Add("command", 100, 7)
	s.stats.Latency.Add("command", 101, 3)
	s.script(`
LATENCY LATEST => \*1 \*4 \$7 command :101 :3 :7
LATENCY HISTORY command => \*2 \*2 :100 :7 \*2 :101 :3
LATENCY GRAPH command => \$\d+ command - high 7 ms, low 3 ms \(all time high 7 ms\)\n-{80}\n# \n# \n##\n##\n
LATENCY DOCTOR => \$\d+ command: 2 delays, 5 ms on average, 7 ms at most.*
LATENCY RESET command x => :1
LATENCY LATEST => \*0
`)
}

func TestSlowLog(t *testing.T) {
	s := newServer(t)
	s.stats.Slow.Add(100, 5_000_000, [][]byte{[]byte("GET"), []byte("k")}, "1.2.3.4:5", "me")
	s.stats.Slow.Add(101, 6_000_000, [][]byte{[]byte("PING")}, "1.2.3.4:5", "")
	s.script(`
SLOWLOG LEN => :2
SLOWLOG GET => \*2 \*6 :1 :101 :6000 \*1 \$4 PING \$9 1.2.3.4:5 \$0  \*6 :0 :100 :5000 \*2 \$3 GET \$1 k \$9 1.2.3.4:5 \$2 me
SLOWLOG GET 1 => \*1 \*6 :1 .*
SLOWLOG GET -1 => \*2 .*
SLOWLOG GET 0 => \*0
SLOWLOG GET -2 => -ERR count should be greater than or equal to -1
SLOWLOG GET x => -ERR count should be greater than or equal to -1
SLOWLOG GET 1 2 => -ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.
CONFIG SET slowlog-max-len 1 => \+OK
SLOWLOG LEN => :1
SLOWLOG RESET => \+OK
SLOWLOG LEN => :0
CONFIG SET slowlog-log-slower-than -1 => \+OK
`)
	if s.stats.Slow.Slow(1 << 60) {
		t.Error("the log is off and something is slow")
	}
}

func TestDebug(t *testing.T) {
	s := newServer(t)
	s.put(1, 0, "n", "12", 0)
	s.script(`
DEBUG SLEEP 0.25 => \+OK
DEBUG SLEEP x => \+OK
DEBUG SLEEP => -ERR unknown subcommand or wrong number of arguments for 'SLEEP'. Try DEBUG HELP.
DEBUG JMAP => -ERR unknown subcommand or wrong number of arguments for 'JMAP'. Try DEBUG HELP.
DEBUG SET-ACTIVE-EXPIRE 0 => \+OK
DEBUG OBJECT n => \+Value at:0x0 refcount:1 encoding:int serializedlength:\d+ lru:\d+ lru_seconds_idle:0
DEBUG OBJECT none => -ERR no such key
DEBUG LISTPACK n => -ERR Not a listpack encoded object.
DEBUG QUICKLIST-PACKED-THRESHOLD 100b => \+OK
DEBUG QUICKLIST-PACKED-THRESHOLD xx => -ERR argument must be a memory value .*
DEBUG STRINGMATCH-LEN 3 a*a => :1
DEBUG CHANGE-REPL-ID => \+OK
DEBUG RELOAD => \+OK
DEBUG HELP => \*.*
DEBUG PROTOCOL foo => -ERR Wrong protocol type name. Please use one of the following: .*
DEBUG PROTOCOL double => \$5 3.141
DEBUG PROTOCOL map => \*6 :0 :0 :1 :1 :2 :0
DEBUG PROTOCOL attrib => \$39 Some real reply following the attribute
DEBUG PROTOCOL push => -ERR RESP2 is not supported by this command
`)
	if s.slept != 250*time.Millisecond || s.config.ActiveExpire() {
		t.Errorf("slept %v, active expiry %v", s.slept, s.config.ActiveExpire())
	}
	s.session.Proto = resp.RESP3
	s.script(`
DEBUG PROTOCOL string => \$11 Hello World
DEBUG PROTOCOL integer => :12345
DEBUG PROTOCOL double => ,3.141
DEBUG PROTOCOL bignum => \(1234567999999999999999999999999999999
DEBUG PROTOCOL null => _
DEBUG PROTOCOL array => \*3 :0 :1 :2
DEBUG PROTOCOL set => ~3 :0 :1 :2
DEBUG PROTOCOL map => %3 :0 #f :1 #t :2 #f
DEBUG PROTOCOL attrib => \|1 \$14 key-popularity \*2 \$7 key:123 :90 \$39 Some real reply following the attribute
DEBUG PROTOCOL push => >2 \$16 server-cpu-usage :42 \$40 Some real reply following the push reply
DEBUG PROTOCOL verbatim => =29 txt:This is a verbatim\nstring
DEBUG PROTOCOL true => #t
DEBUG PROTOCOL false => #f
`)
	for _, setting := range []string{"no", "local"} {
		if err := s.config.SetAtStart("enable-debug-command", setting); err != nil {
			t.Fatal(err)
		}
		refused := strings.HasPrefix(s.do("DEBUG SLEEP 0"), "-ERR DEBUG command not allowed.")
		if refused != (setting == "no") {
			t.Errorf("enable-debug-command %s: refused is %v", setting, refused)
		}
	}
}

func TestServer(t *testing.T) {
	s := newServer(t)
	s.script(`
TIME => \*2 \$10 1700000000 \$6 123456
ROLE => \*3 \$6 master :0 \*0
LASTSAVE => :1699909939
SAVE => -ERR nothing can be saved.*
BGSAVE => -ERR nothing can be saved.*
BGSAVE foo => -ERR syntax error
BGREWRITEAOF => -ERR nothing can be saved.*
REPLICAOF NO ONE => \+OK
SLAVEOF no one => \+OK
REPLICAOF host x => -ERR Invalid master port
REPLICAOF host 6379 => -ERR replication is not available.*
REPLICAOF no 6379 => -ERR replication is not available.*
LOLWUT VERSION x => -ERR value is not an integer or out of range
LOLWUT => \$\d+ .*Redis ver. 7.2.4\n
SHUTDOWN foo => -ERR syntax error
SHUTDOWN SAVE NOSAVE => -ERR syntax error
SHUTDOWN ABORT NOW => -ERR syntax error
SHUTDOWN ABORT => -ERR No shutdown in progress.
SHUTDOWN NOSAVE FORCE =>
`)
	if len(s.shutdown) != 1 || s.shutdown[0] || !s.session.Closing {
		t.Errorf("asked to end: %v, closing: %v", s.shutdown, s.session.Closing)
	}
}
