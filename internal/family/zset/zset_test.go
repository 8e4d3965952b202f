// SPDX-License-Identifier: Apache-2.0

package zset

import (
	"fmt"
	"strings"
	"testing"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
	"stampede/internal/resp"
)

// testStore is a keyspace of two shards and the rows of the family.
type testStore struct {
	t      testing.TB
	spaces [2]*keyspace.Space
	table  *command.Table
	reply  reply.Buffer
}

func newStore(t testing.TB) *testStore {
	t.Helper()
	s := &testStore{t: t, reply: reply.Buffer{Proto: resp.RESP2}}
	for i := range s.spaces {
		space, err := keyspace.New(keyspace.Options{ReserveBytes: 1 << 30})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := space.Close(); err != nil {
				t.Error(err)
			}
		})
		s.spaces[i] = space
	}
	table, err := command.NewTable(Commands)
	if err != nil {
		t.Fatal(err)
	}
	s.table = table
	return s
}

// DB puts keys that begin with "b" on the second shard.
func (s *testStore) DB(n int, key []byte) *keyspace.DB {
	if len(key) > 0 && key[0] == 'b' {
		return s.spaces[1].DB(n)
	}
	return s.spaces[0].DB(n)
}

// call runs a call, given as words, and returns its reply as it goes over the wire, with
// blanks for the ends of lines.
func (s *testStore) call(line string) string {
	s.t.Helper()
	var argv [][]byte
	for _, word := range strings.Fields(line) {
		argv = append(argv, []byte(word))
	}
	s.reply.Truncate(0)
	s.run(argv)
	return strings.TrimSuffix(strings.ReplaceAll(string(s.reply.B), "\r\n", " "), " ")
}

func (s *testStore) run(argv [][]byte) {
	row := s.table.Named(argv[0])
	c := command.Call{Argv: argv, Args: command.NewArgs(argv[1:]), Row: row, Reply: &s.reply}
	switch do := row.Do.(type) {
	case command.OnShard:
		do(s.DB(0, argv[1]), &c)
	case command.OnKeys:
		do(s, &c)
	default:
		s.t.Fatalf("%s runs nowhere", row.Name)
	}
}

func TestCalls(t *testing.T) {
	s := newStore(t)
	for _, c := range []struct{ line, want string }{
		{"ZADD a 1 one 2 two 3 three", ":3"},
		{"ZADD a CH 1 one 2.5 two 4 four", ":2"},
		{"ZADD a NX INCR 1 one", "$-1"},
		{"ZADD a GT INCR 1 one", "$1 2"},
		{"ZADD a NX GT 1 one", "-ERR GT, LT, and/or NX options at the same time are not compatible"},
		{"ZADD a 1 five x six", "-ERR value is not a valid float"},
		{"ZCARD a", ":4"},
		{"ZSCORE a two", "$3 2.5"},
		{"ZRANGE a 0 -1", "*4 $3 one $3 two $5 three $4 four"},
		{"ZREVRANGE a 0 1 WITHSCORES", "*4 $4 four $1 4 $5 three $1 3"},
		{"ZRANGE a (2 +inf BYSCORE LIMIT 1 1", "*1 $5 three"},
		{"ZREVRANGEBYSCORE a 3 -inf LIMIT 1 5", "*2 $3 two $3 one"},
		{"ZCOUNT a (2 3", ":2"},
		{"ZADD b 10 one 20 five", ":2"},
		{"ZUNIONSTORE b2 2 a b WEIGHTS 2 1", ":5"},
		{"ZRANGE b2 0 -1 WITHSCORES",
			"*10 $3 two $1 5 $5 three $1 6 $4 four $1 8 $3 one $2 14 $4 five $2 20"},
		{"ZINTERSTORE a2 2 b a AGGREGATE MAX", ":1"},
		{"ZRANGE a2 0 -1 WITHSCORES", "*2 $3 one $2 10"},
		{"ZDIFFSTORE b2 2 a b", ":3"},
		{"ZRANGESTORE b3 a 1 2", ":2"},
		{"ZRANGESTORE a a 0 1 REV", ":2"},
		{"ZRANGE a 0 -1", "*2 $5 three $4 four"},
		{"ZMPOP 2 none b MAX COUNT 5", "*2 $1 b *2 *2 $4 five $2 20 *2 $3 one $2 10"},
		{"ZMPOP 1 b MIN", "*-1"},
		{"ZPOPMIN a 1", "*2 $5 three $1 3"},
		{"ZREM a four nobody", ":1"},
		{"ZCARD a", ":0"},
	} {
		if got := s.call(c.line); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.line, got, c.want)
		}
	}
}

// TestPairsOfRESP3 looks at where pairs are nested and where they are not.
func TestPairsOfRESP3(t *testing.T) {
	s := newStore(t)
	s.call("ZADD a 1 one 2.5 two")
	s.reply.Proto = resp.RESP3
	for _, c := range []struct{ line, want string }{
		{"ZRANGE a 0 -1 WITHSCORES", "*2 *2 $3 one ,1 *2 $3 two ,2.5"},
		{"ZUNION 1 a WITHSCORES", "*2 *2 $3 one ,1 *2 $3 two ,2.5"},
		{"ZRANDMEMBER a 2 WITHSCORES", "*2 *2 $3 one ,1 *2 $3 two ,2.5"},
		{"ZSCAN a 0", "*2 $1 0 *4 $3 one $1 1 $3 two $3 2.5"},
		{"ZMSCORE a one none", "*2 ,1 _"},
		{"ZPOPMAX a 1", "*1 *2 $3 two ,2.5"},
		{"ZPOPMAX a", "*2 $3 one ,1"},
		{"ZPOPMAX a", "*0"},
	} {
		if got := s.call(c.line); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.line, got, c.want)
		}
	}
}

// TestRandomMembers looks at the choices of ZRANDMEMBER in both forms, of few and of most.
func TestRandomMembers(t *testing.T) {
	for _, n := range []int{40, 400} {
		s := newStore(t)
		for i := range n {
			s.call(fmt.Sprintf("ZADD a %d m%d", i%7, i))
		}
		for _, count := range []int{1, 3, n / 2, n - 1, n, 2 * n} {
			got := strings.Fields(s.call(fmt.Sprintf("ZRANDMEMBER a %d", count)))
			if want := fmt.Sprint("*", min(count, n)); got[0] != want {
				t.Errorf("%d of %d: reply begins with %s, want %s", count, n, got[0], want)
			}
			seen := map[string]bool{}
			for i := 2; i < len(got); i += 2 {
				seen[got[i]] = true
			}
			if len(seen) != min(count, n) {
				t.Errorf("%d of %d: %d different members", count, n, len(seen))
			}
		}
		got, want := s.call(fmt.Sprintf("ZRANDMEMBER a %d", -3*n)), fmt.Sprint("*", 3*n)
		if !strings.HasPrefix(got, want) {
			t.Errorf("%d times of %d: %.20s", 3*n, n, got)
		}
	}
}

// TestExpiredSources: a source whose deadline passes is no source, and its going does not
// spoil the views of the others.
func TestExpiredSources(t *testing.T) {
	s := newStore(t)
	s.call("ZADD a1 1 one 2 two")
	s.call("ZADD a2 5 one")
	s.call("ZADD a3 7 one")
	e := s.spaces[0].DB(0).Find([]byte("a2"))
	e.SetDeadline(100)
	s.spaces[0].Advance(100)
	if got, want := s.call("ZUNION 3 a1 a2 a3 WITHSCORES"), "*4 $3 two $1 2 $3 one $1 8"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestHotPathAllocatesNothing(t *testing.T) {
	for _, n := range []int{100, 10_000} {
		s := newStore(t)
		for i := range n {
			s.call(fmt.Sprintf("ZADD a %d member:%d", i, i))
		}
		for _, line := range []string{
			"ZADD a 1 member:50 2 member:60", "ZINCRBY a 1.5 member:50", "ZSCORE a member:50",
			"ZREVRANGE a 0 4", "ZREVRANGE a 0 4 WITHSCORES", "ZRANGE a 0 9 REV",
			"ZRANGE a 5 9 BYSCORE LIMIT 1 2", "ZRANK a member:50", "ZCARD a", "ZCOUNT a 5 +inf",
			"ZADD a GT 7 member:50",
		} {
			s.call(line)
			var argv [][]byte
			for _, word := range strings.Fields(line) {
				argv = append(argv, []byte(word))
			}
			row := s.table.Named(argv[0])
			db, do := s.DB(0, argv[1]), row.Do.(command.OnShard)
			c := &command.Call{}
			got := testing.AllocsPerRun(100, func() {
				s.reply.Truncate(0)
				*c = command.Call{Argv: argv, Args: command.NewArgs(argv[1:]), Row: row, Reply: &s.reply}
				do(db, c)
			})
			if got != 0 {
				t.Errorf("%d members: %s allocates %v times, want 0", n, line, got)
			}
		}
	}
}
