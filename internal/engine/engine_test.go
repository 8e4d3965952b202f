// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"stampede/internal/config"
	"stampede/internal/reply"
	"stampede/internal/resp"
	"stampede/internal/session"
)

// store is an engine with one client, for tests.
type store struct {
	t       testing.TB
	engine  *Engine
	runner  *Runner
	session *session.Session
	nowMs   int64
}

func newStore(t testing.TB, shards int) *store { return newStoreOf(t, shards, 0) }

// newStoreOf is newStore with so many bytes of addresses for each shard.
func newStoreOf(t testing.TB, shards int, reserveBytes int64) *store {
	t.Helper()
	s := &store{t: t, nowMs: 1_700_000_000_000}
	registry := session.NewRegistry(nil)
	var err error
	s.engine, err = New(Options{
		Shards: shards, ReserveBytes: reserveBytes, Config: config.New(), Registry: registry,
		Clock: func() int64 { return s.nowMs },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.engine.Free(); err != nil {
			t.Error(err)
		}
	})
	s.runner = s.engine.NewRunner()
	s.session = registry.Open(session.Link{}, s.nowMs)
	s.session.Authenticated = true
	return s
}

// do runs calls given as lines of words, as one batch, and returns all replies.
func (s *store) do(calls ...string) string {
	s.t.Helper()
	var in []byte
	for _, call := range calls {
		var argv [][]byte
		for word := range strings.FieldsSeq(call) {
			argv = append(argv, []byte(word))
		}
		in = resp.AppendCommand(in, argv...)
	}
	var out reply.Buffer
	var b Batch
	parser := resp.NewParser(resp.DefaultLimits())
	if err := b.Parse(&parser, in, len(calls)); err != nil || b.Len() != len(calls) {
		s.t.Fatalf("Parse: %d calls, error %v", b.Len(), err)
	}
	if o := s.runner.Do(s.session, &b, &out); o.Ran != len(calls) {
		s.t.Fatalf("Do(%q) ran %d calls of %d", calls, o.Ran, len(calls))
	}
	return string(out.B)
}

func (s *store) want(want string, calls ...string) {
	s.t.Helper()
	if got := s.do(calls...); got != want {
		s.t.Errorf("%q: got %q, want %q", calls, got, want)
	}
}

func TestTransactions(t *testing.T) {
	s := newStore(t, 4)
	s.want("+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n:1\r\n", "MULTI", "INCR a", "INCR b", "EXEC")
	s.want("-ERR EXEC without MULTI\r\n", "EXEC")
	s.want("+OK\r\n-ERR wrong number of arguments for 'get' command\r\n"+
		"-EXECABORT Transaction discarded because of previous errors.\r\n", "MULTI", "GET", "EXEC")
	s.want("+OK\r\n:2\r\n+OK\r\n+QUEUED\r\n*-1\r\n", "WATCH a", "INCR a", "MULTI", "INCR b", "EXEC")
	s.want("+OK\r\n:2\r\n+OK\r\n+QUEUED\r\n*1\r\n:3\r\n", "WATCH a", "INCR b", "MULTI", "INCR b", "EXEC")
	s.want("+OK\r\n+OK\r\n+OK\r\n", "WATCH a b", "MULTI", "DISCARD")
	s.want("+OK\r\n+OK\r\n", "SET k v PX 10", "WATCH k")
	s.nowMs += 10
	s.want("+OK\r\n+QUEUED\r\n*-1\r\n", "MULTI", "SET k w", "EXEC")
}

// TestExecTookTheTimeOfItsCalls: a short call before EXEC's end must not take half of it.
func TestExecTookTheTimeOfItsCalls(t *testing.T) {
	s := newStore(t, 1)
	if err := s.engine.config.SetAtStart("enable-debug-command", "yes"); err != nil {
		t.Fatal(err)
	}
	s.do("MULTI", "DEBUG SLEEP 0.02", "INCR a", "EXEC")
	for _, c := range s.engine.stats.Commands() {
		if c.Name == "exec" && c.Nanos < 20e6 {
			t.Errorf("EXEC took %d ns, less than what it waited for", c.Nanos)
		}
	}
}

func TestKeyIsGoneAtItsMillisecond(t *testing.T) {
	s := newStore(t, 1)
	s.want("+OK\r\n", "SET k v PX 100")
	s.nowMs += 99
	s.want(":2\r\n:1\r\n", "EXISTS k k", "PTTL k")
	s.nowMs++
	s.want("$-1\r\n:-2\r\n:0\r\n", "GET k", "PTTL k", "EXISTS k")
	s.nowMs -= 1000 // a clock that jumps back brings nothing back
	s.want("$-1\r\n", "GET k")
}

func TestMaxMemory(t *testing.T) {
	s := newStore(t, 2)
	value := strings.Repeat("v", 1000)
	fill := func() (refused int) {
		for i := range 3000 {
			if strings.HasPrefix(s.do(fmt.Sprint("SET key", i, " ", value)), "-OOM") {
				refused++
			}
		}
		return refused
	}
	set := func(name, value string) {
		if err := s.engine.config.Set(config.Setting{Name: name, Value: value}); err != nil {
			t.Fatal(err)
		}
		for i := range s.engine.shards.Len() {
			s.engine.config.Apply(s.engine.shards.Shard(i).Own(s.nowMs))
			s.engine.shards.Shard(i).Release()
		}
	}
	set("maxmemory", "1mb")
	if refused := fill(); refused < 1500 {
		t.Errorf("noeviction: %d calls refused, want most of 3000", refused)
	}
	s.want(":1\r\n", "DEL key1")
	set("maxmemory-policy", "allkeys-lru")
	if refused := fill(); refused != 0 {
		t.Errorf("allkeys-lru: %d calls refused, want none", refused)
	}
	if used := s.used(); used > 1<<20+1<<16 {
		t.Errorf("allkeys-lru: %d bytes used, want about 1 MiB at most", used)
	}
}

// TestRepliesDoNotDependOnShards: the number of shards must not show.
func TestRepliesDoNotDependOnShards(t *testing.T) {
	for seed := range uint64(30) {
		var want []string
		for _, shards := range []int{1, 2, 3, 8} {
			s, rng := newStore(t, shards), rand.New(rand.NewPCG(seed, 1))
			for i := range 60 {
				batch := make([]string, 1+rng.IntN(8))
				for j := range batch {
					batch[j] = randomCall(rng)
				}
				s.nowMs += rng.Int64N(30)
				got := s.do(batch...)
				if shards == 1 {
					want = append(want, got)
				} else if got != want[i] {
					t.Fatalf("seed %d, batch %d %q:\n%d shards: %q\none shard: %q",
						seed, i, batch, shards, got, want[i])
				}
			}
		}
	}
}

func randomCall(rng *rand.Rand) string {
	key := func() string { return fmt.Sprint("k", rng.IntN(8)) }
	switch rng.IntN(16) {
	case 0:
		return fmt.Sprint("SET ", key(), " ", rng.IntN(100), " PX ", 1+rng.IntN(100))
	case 1:
		return fmt.Sprint("MSET ", key(), " a ", key(), " b ", key(), " c")
	case 2:
		return fmt.Sprint("MGET ", key(), " ", key(), " ", key())
	case 3:
		return fmt.Sprint("DEL ", key(), " ", key())
	case 4:
		return fmt.Sprint("INCR ", key())
	case 5:
		return fmt.Sprint("APPEND ", key(), " x")
	case 6:
		return fmt.Sprint("RENAME ", key(), " ", key())
	case 7:
		return fmt.Sprint("COPY ", key(), " ", key(), " REPLACE")
	case 8:
		return fmt.Sprint("HSET ", key(), " f", rng.IntN(3), " ", rng.IntN(9))
	case 9:
		return fmt.Sprint("HINCRBY ", key(), " f", rng.IntN(3), " 5")
	case 10:
		return fmt.Sprint("EXISTS ", key(), " ", key())
	case 11:
		return fmt.Sprint("PTTL ", key())
	case 12:
		return fmt.Sprint("MOVE ", key(), " 1")
	case 13:
		return "MULTI"
	case 14:
		return "EXEC"
	}
	return fmt.Sprint("GET ", key())
}

func TestHotPathAllocatesNothing(t *testing.T) {
	for _, shards := range []int{1, 4} {
		s := newStore(t, shards)
		var in []byte
		for i := range 16 {
			in = resp.AppendCommand(in, []byte("SET"), fmt.Appendf(nil, "key:%d", i), []byte("a value"))
			in = resp.AppendCommand(in, []byte("GET"), fmt.Appendf(nil, "key:%d", i))
			in = resp.AppendCommand(in, []byte("INCR"), fmt.Appendf(nil, "counter:%d", i))
			in = resp.AppendCommand(in, []byte("LPUSH"), []byte("queue"), []byte("a job"))
			in = resp.AppendCommand(in, []byte("RPOP"), []byte("queue"))
			in = resp.AppendCommand(in, []byte("RPUSH"), []byte("list"), []byte("an element"))
			in = resp.AppendCommand(in, []byte("XADD"), []byte("stream"), []byte("MAXLEN"), []byte("~"),
				[]byte("1000"), []byte("*"), []byte("field"), []byte("value"))
			in = resp.AppendCommand(in, []byte("XLEN"), []byte("stream"))
		}
		var out reply.Buffer
		var b Batch
		parser := resp.NewParser(resp.DefaultLimits())
		run := func() {
			out.B = out.B[:0]
			b.Reset()
			if err := b.Parse(&parser, in, 200); err != nil {
				t.Fatal(err)
			}
			s.runner.Do(s.session, &b, &out)
		}
		run()
		if n := testing.AllocsPerRun(100, run); n != 0 {
			t.Errorf("%d shards: 128 calls allocate %v times; the budget of the hot path is 0", shards, n)
		}
	}
}

func BenchmarkDo(b *testing.B) {
	for _, name := range []string{"GET", "SET", "INCR"} {
		b.Run(name, func(b *testing.B) {
			s := newStore(b, 1)
			var in []byte
			for i := range 64 {
				argv := [][]byte{[]byte(name), fmt.Appendf(nil, "key:%012d", i)}
				if name == "SET" {
					argv = append(argv, []byte(strings.Repeat("v", 64)))
				}
				in = resp.AppendCommand(in, argv...)
			}
			var out reply.Buffer
			var batch Batch
			parser := resp.NewParser(resp.DefaultLimits())
			for b.Loop() {
				out.B = out.B[:0]
				batch.Reset()
				if err := batch.Parse(&parser, in, 64); err != nil {
					b.Fatal(err)
				}
				s.runner.Do(s.session, &batch, &out)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/64, "ns/call")
		})
	}
}

func TestClientReply(t *testing.T) {
	s := newStore(t, 2)
	s.want("$1\r\nb\r\n", "CLIENT REPLY SKIP", "ECHO a", "ECHO b")
	s.want("$1\r\na\r\n", "CLIENT REPLY SKIP", "CLIENT REPLY SKIP", "PING", "ECHO a")
	s.want("+OK\r\n$1\r\na\r\n", "CLIENT REPLY SKIP", "CLIENT REPLY ON", "ECHO a")
	s.want("+OK\r\n$1\r\nb\r\n",
		"CLIENT REPLY SKIP", "CLIENT REPLY OFF", "ECHO a", "CLIENT REPLY ON", "ECHO b")
	s.want("+OK\r\n:2\r\n", "CLIENT REPLY OFF", "INCR a", "CLIENT REPLY SKIP", "CLIENT REPLY ON", "INCR a")
	s.want("+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n+PONG\r\n$1\r\nb\r\n",
		"MULTI", "CLIENT REPLY SKIP", "PING", "EXEC", "ECHO a", "ECHO b")
}

// TestOutcomeNamesTheLastCall: also one that is queued or refused, and never one of the
// session that the runner served before.
func TestOutcomeNamesTheLastCall(t *testing.T) {
	s := newStore(t, 2)
	s.do("GET a")
	for _, c := range []struct{ call, want string }{
		{"MULTI", "multi"}, {"SET a b", "set"}, {"EXEC", "exec"}, {"GET", "get"}, {"NOSUCH", "NULL"},
	} {
		var out reply.Buffer
		batch := batchOf([][]string{strings.Fields(c.call)})
		if got := s.runner.Do(s.session, batch, &out).Command; got != c.want {
			t.Errorf("%s: the outcome names %q, want %q", c.call, got, c.want)
		}
	}
}
