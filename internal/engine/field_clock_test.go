// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"strings"
	"testing"

	"stampede/internal/reply"
	"stampede/internal/resp"
)

// ask runs one call whose arguments may be any bytes.
func (s *store) ask(argv ...string) string {
	s.t.Helper()
	var words [][]byte
	for _, arg := range argv {
		words = append(words, []byte(arg))
	}
	var out reply.Buffer
	var b Batch
	parser := resp.NewParser(resp.DefaultLimits())
	if err := b.Parse(&parser, resp.AppendCommand(nil, words...), 1); err != nil {
		s.t.Fatal(err)
	}
	s.runner.Do(s.session, &b, &out)
	return string(out.B)
}

// manyFields is how many fields are beside a, b and c, so that a hash is large.
const manyFields = 300

// timedHash sets a hash: a ends in 50 ms, b in 100, all others in 200.
func timedHash(s *store, key string, more int) {
	s.t.Helper()
	set, all := "HSET "+key+" a 1 b 2 c 3", "c"
	for i := range more {
		set += fmt.Sprintf(" f%d %d", i, i)
		all += fmt.Sprint(" f", i)
	}
	s.do(set, "HPEXPIRE "+key+" 50 FIELDS 1 a", "HPEXPIRE "+key+" 100 FIELDS 1 b",
		fmt.Sprintf("HPEXPIRE %s 200 FIELDS %d %s", key, 1+more, all))
}

// eachTimedHash runs a test for small and large hashes, on one shard and on several.
func eachTimedHash(t *testing.T, test func(t *testing.T, s *store, more int)) {
	for _, shards := range []int{1, 8} {
		for _, more := range []int{0, manyFields} {
			t.Run(fmt.Sprintf("%d fields, %d shards", 3+more, shards), func(t *testing.T) {
				test(t, newStore(t, shards), more)
			})
		}
	}
}

// TestFieldsEndByTheClock: in the very millisecond for whoever looks, and told by the clock; a hash
// goes with its last field.
func TestFieldsEndByTheClock(t *testing.T) {
	eachTimedHash(t, func(t *testing.T, s *store, more int) {
		l := s.listen("EA")
		timedHash(s, "h", more)
		l.heard("set", "hset h", "hexpire h", "hexpire h", "hexpire h")
		s.nowMs += 49
		s.engine.Step()
		l.heard("a moment before")
		s.want(fmt.Sprintf("$1\r\n1\r\n*1\r\n:1\r\n:%d\r\n", 3+more),
			"HGET h a", "HPTTL h FIELDS 1 a", "HLEN h")
		s.nowMs++
		s.want(fmt.Sprintf("$-1\r\n*1\r\n:-2\r\n:%d\r\n:0\r\n:0\r\n", 2+more),
			"HGET h a", "HPTTL h FIELDS 1 a", "HLEN h", "HEXISTS h a", "HDEL h a")
		l.heard("looking tells nothing")
		s.engine.Step()
		l.heard("a has ended", "hexpired h")
		s.nowMs += 50
		s.engine.Step()
		l.heard("b has ended, and nobody has looked", "hexpired h")
		s.want(fmt.Sprintf(":%d\r\n*1\r\n:100\r\n", 1+more), "HLEN h", "HPTTL h FIELDS 1 c")
		s.nowMs += 100
		s.engine.Step()
		l.heard("all have ended", "hexpired h", "del h")
		s.want(":0\r\n+none\r\n:0\r\n", "EXISTS h", "TYPE h", "DBSIZE")
	})
}

// TestAHashGoesWhenSomebodySeesThatItsFieldsHaveEnded, though the clock has not come by; a field
// that is set anew then has no deadline.
func TestAHashGoesWhenSomebodySeesThatItsFieldsHaveEnded(t *testing.T) {
	eachTimedHash(t, func(t *testing.T, s *store, more int) {
		timedHash(s, "h", more)
		timedHash(s, "g", more)
		l := s.listen("EA")
		s.nowMs += 200
		s.want(":0\r\n:0\r\n", "HLEN h", "EXISTS h")
		l.heard("seen by HLEN", "hexpired h", "del h")
		s.want(":1\r\n*1\r\n:-1\r\n:1\r\n", "HSET g a 9", "HTTL g FIELDS 1 a", "HLEN g")
		l.heard("seen by HSET", "hexpired g", "del g", "hset g")
		s.nowMs += 1000
		s.engine.Step()
		l.heard("nothing is left to end")
		s.want("*2\r\n$1\r\na\r\n$1\r\n9\r\n", "HGETALL g")
	})
}

// TestFieldsEndBeforeTransactions: between MULTI and EXEC as anywhere, and whoever watches is told.
func TestFieldsEndBeforeTransactions(t *testing.T) {
	eachTimedHash(t, func(t *testing.T, s *store, more int) {
		timedHash(s, "h", more)
		s.do("MULTI", "HGET h a", "HINCRBY h a 5", "HPTTL h FIELDS 1 a", "HPEXPIRE h 0 FIELDS 1 b",
			"HGET h b", "HPEXPIRE h 70 FIELDS 1 a")
		s.nowMs += 50
		s.want("*6\r\n$-1\r\n:5\r\n*1\r\n:-1\r\n*1\r\n:2\r\n$-1\r\n*1\r\n:1\r\n", "EXEC")
		s.do("WATCH h", "MULTI", "HSET h mine 1")
		s.nowMs += 70
		s.engine.Step()
		s.want("*-1\r\n$-1\r\n", "EXEC", "HGET h a")
	})
}

// TestFieldsEndInScripts: a script sees what calls see, and ends fields as they do.
func TestFieldsEndInScripts(t *testing.T) {
	eachTimedHash(t, func(t *testing.T, s *store, more int) {
		timedHash(s, "h", more)
		l := s.listen("EA")
		s.nowMs += 50
		s.want(fmt.Sprintf("*3\r\n$-1\r\n:%d\r\n*2\r\n:50\r\n:-2\r\n", 2+more), "EVAL "+
			"return{redis.call('HGET','h','a'),redis.call('HLEN',KEYS[1]),"+
			"redis.call('HPTTL','h','FIELDS',2,'b','a')} 1 h")
		s.want(":0\r\n", "EVAL redis.call('HPEXPIREAT','h',1,'FIELDS',1,'b');"+
			"return(redis.call('HEXISTS','h','b')) 0")
		s.engine.Step()
		l.heard("by a script, and by the clock", "hdel h", "hexpired h")
		s.nowMs += 150
		s.want("*2\r\n:0\r\n:0\r\n", "EVAL return{redis.call('HLEN','h'),redis.call('EXISTS','h')} 0")
		l.heard("the last ones", "hexpired h", "del h")
	})
}

// TestDumpsKeepDeadlinesOfFields: they are times, so fields may have ended when they come back.
func TestDumpsKeepDeadlinesOfFields(t *testing.T) {
	eachTimedHash(t, func(t *testing.T, s *store, more int) {
		timedHash(s, "h", more)
		dump := s.ask("DUMP", "h")
		_, payload, _ := strings.Cut(dump, "\r\n")
		payload = strings.TrimSuffix(payload, "\r\n")
		other := newStore(t, 2)
		other.nowMs = s.nowMs + 60
		restore := func(want, key string) {
			t.Helper()
			if got := other.ask("RESTORE", key, "0", payload); got != want {
				t.Errorf("RESTORE %s: %q, want %q", key, got, want)
			}
		}
		restore("+OK\r\n", "r")
		other.want(fmt.Sprintf(":%d\r\n*3\r\n:-2\r\n:40\r\n:140\r\n$-1\r\n", 2+more),
			"HLEN r", "HPTTL r FIELDS 3 a b c", "HGET r a")
		other.nowMs += 40
		other.engine.Step()
		other.want(fmt.Sprintf(":%d\r\n$1\r\n3\r\n", 1+more), "HLEN r", "HGET r c")
		other.nowMs += 100
		restore("+OK\r\n", "late")
		other.engine.Step()
		other.want(":0\r\n:0\r\n", "EXISTS r late", "DBSIZE")
	})
}

// TestDeadlinesOfFieldsSurviveRestarts, from the journal and from a snapshot, with other numbers of
// shards. What the clock has ended stays so, though the next process has a clock behind.
func TestDeadlinesOfFieldsSurviveRestarts(t *testing.T) {
	const startMs = 1_700_000_000_000
	for _, save := range []bool{false, true} {
		for _, more := range []int{0, manyFields} {
			dir := t.TempDir()
			s := reopen(t, dir, 2, startMs)
			again := func(shards int, nowMs int64) {
				t.Helper()
				if save {
					if err := s.engine.Store().Save(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				if err := s.engine.Free(); err != nil {
					t.Fatal(err)
				}
				s = reopen(t, dir, shards, nowMs)
			}
			timedHash(s, "h", more)
			s.do("HPERSIST h FIELDS 1 c", "HSET k x 1 y 2", "HPEXPIRE k 1000 FIELDS 2 x y", "HSET k y 3")
			again(1, startMs)
			s.want(fmt.Sprintf("*3\r\n:%d\r\n:%d\r\n:-1\r\n*2\r\n:%d\r\n:-1\r\n", startMs+50, startMs+100,
				startMs+1000), "HPEXPIRETIME h FIELDS 3 a b c", "HPEXPIRETIME k FIELDS 2 x y")
			s.nowMs += 50
			s.engine.Step()
			again(3, startMs)
			s.want(fmt.Sprintf("$-1\r\n$1\r\n2\r\n:%d\r\n", 2+more), "HGET h a", "HGET h b", "HLEN h")
			again(8, startMs+200) // b and all but c end while nobody is there
			s.want("*2\r\n$1\r\nc\r\n$1\r\n3\r\n", "HGETALL h")
			s.engine.Step()
			again(2, startMs+1000)
			s.want("*2\r\n$1\r\ny\r\n$1\r\n3\r\n:1\r\n:1\r\n", "HGETALL k", "HDEL k y", "HLEN h")
			again(1, startMs+1000)
			s.want(":0\r\n:1\r\n:1\r\n", "EXISTS k", "HLEN h", "DBSIZE")
			if err := s.engine.Free(); err != nil {
				t.Fatal(err)
			}
		}
	}
}
