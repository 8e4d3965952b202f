// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// voyage is a pair of servers between which keys move.
type voyage struct {
	t          *testing.T
	from, to   *Conn
	host, port string // of the second
	said       []string
}

const migratePassword = "sesame"

func newVoyage(t *testing.T, from, to string) *voyage {
	v := &voyage{t: t, from: dialTest(t, from), to: dialTest(t, to)}
	v.host, v.port, _ = net.SplitHostPort(to)
	v.do(v.to, "AUTH "+migratePassword)
	v.do(v.from, "FLUSHALL")
	v.do(v.to, "FLUSHALL")
	v.said = nil
	return v
}

// do calls, by words, and writes the reply down.
func (v *voyage) do(c *Conn, call string) Value {
	v.t.Helper()
	args, err := parseArgs(call, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	got, err := c.Do(args...)
	if err != nil {
		v.t.Fatalf("%s: %v", call, err)
	}
	v.said = append(v.said, call+" => "+strings.Join(got.Lines(), " "))
	return got
}

// migrate moves keys, and tells how many are left on each side.
func (v *voyage) migrate(key, rest string) {
	v.t.Helper()
	call := fmt.Sprintf("MIGRATE %s %s %s %s", v.host, v.port, key, rest)
	v.do(v.from, call)
	v.said[len(v.said)-1] = strings.ReplaceAll(v.said[len(v.said)-1], v.port, "PORT")
	v.do(v.from, "DBSIZE")
	v.do(v.to, "DBSIZE")
}

// migratePairs are addresses of servers, by name: those that keys come from, and those that
// they go to, which want a password.
func migratePairs(t *testing.T) (from, to map[string]string) {
	t.Helper()
	from = map[string]string{"redis": StartRedis(t), "ours": StartStampede(t, "--shards", "8")}
	to = map[string]string{"redis": StartRedis(t), "ours": StartStampede(t, "--shards", "3")}
	for _, addr := range to {
		if _, err := dialTest(t, addr).must("CONFIG", "SET", "requirepass", migratePassword); err != nil {
			t.Fatal(err)
		}
	}
	return from, to
}

// TestMigrateAnswersLikeRedis makes the same calls between redis-server and redis-server, and
// wherever one of the two is ours.
func TestMigrateAnswersLikeRedis(t *testing.T) {
	from, to := migratePairs(t)
	want := migrateEverySort(newVoyage(t, from["redis"], to["redis"]))
	for _, names := range [][2]string{{"ours", "redis"}, {"redis", "ours"}, {"ours", "ours"}} {
		t.Run(names[0]+" to "+names[1], func(t *testing.T) {
			got := migrateEverySort(newVoyage(t, from[names[0]], to[names[1]]))
			for i := range max(len(got), len(want)) {
				if i >= len(got) || i >= len(want) || got[i] != want[i] {
					t.Fatalf("call %d\n got %q\nwant %q", i, got[min(i, len(got)):],
						want[min(i, len(want)):])
				}
			}
		})
	}
}

// migrateEverySort makes calls of every sort and gives what was answered.
func migrateEverySort(v *voyage) []string {
	v.do(v.from, "MSET k v a 1 b 2 c 3")
	for _, rest := range []string{
		"0 1000", "0 1000 AUTH wrong", "0 1000 AUTH2 nobody sesame",
		"0 1000 AUTH2 default sesame COPY", "99 1000 AUTH sesame REPLACE", "0 1000 AUTH sesame COPY",
		"0 1000 AUTH sesame COPY REPLACE", "0 0 AUTH sesame", "0 -1 REPLACE AUTH sesame",
		"0 1000 AUTH sesame",
	} {
		v.migrate("k", rest)
	}
	v.do(v.to, "GET k")
	v.do(v.to, "SET b taken")
	v.migrate(`""`, "0 1000 AUTH sesame KEYS none a b c nothing")
	v.do(v.to, "MGET a b c")
	v.migrate(`""`, "0 1000 AUTH sesame REPLACE KEYS none a b c nothing")
	v.migrate(`""`, "0 1000 AUTH sesame REPLACE KEYS none a b c nothing")
	v.do(v.to, "MGET a b c")
	v.do(v.from, "SET a again")
	v.migrate("a", "5 1000 AUTH sesame")
	v.do(v.to, "SELECT 5")
	v.do(v.to, "GET a")
	v.do(v.from, "SELECT 3")
	v.do(v.from, "SET a third PX 1000000")
	v.migrate("a", "5 1000 AUTH sesame REPLACE")
	v.do(v.to, "GET a")
	v.do(v.to, "SELECT 0")
	v.do(v.from, "SELECT 0")
	return v.said
}

// migrateMakers make a key of each sort, small and large.
func migrateMakers() []string {
	return []string{
		"SET int 12345", `SET short "\x00\xff text"`, `SET long "abcdefgh"*40000`,
		"SETBIT bits 70000 1", "PFADD hll <seq 1..100 e%d>", "SET timed v PX 10000000",
		"RPUSH list:s a b 3", "RPUSH list:l <seq 1..9000 element:%d>", `RPUSH list:x "x"*20000 y`,
		"HSET hash:s f v g 7", "HSET hash:l <seq 1..3000 f%d v%d>",
		"SADD set:i 1 2 3", "SADD set:s a b c", "SADD set:l <seq 1..3000 m%d>",
		"SADD set:j <seq 1..2000 %d>",
		"ZADD zset:s 1 a 2.5 b -inf c", "ZADD zset:l <seq 1..3000 %d m%d>",
		"GEOADD geo 13.361389 38.115556 Palermo",
		"XADD stream 1-1 f v g w", "XADD stream 2-1 other x", "XGROUP CREATE stream g 0",
		"XREADGROUP GROUP g me COUNT 1 STREAMS stream >", "XDEL stream 2-1",
		"EXPIRE hash:l 10000", "EXPIRE stream 10000", "EXPIRE list:s 10000",
	}
}

// TestMigrateOfAllTypes moves keys of all types one way and then all at once back: every value,
// its encoding and its lifetime arrive.
func TestMigrateOfAllTypes(t *testing.T) {
	from, to := migratePairs(t)
	for _, names := range [][2]string{
		{"ours", "redis"}, {"redis", "ours"}, {"ours", "ours"}, {"redis", "redis"},
	} {
		t.Run(names[0]+" to "+names[1], func(t *testing.T) {
			v := newVoyage(t, from[names[0]], to[names[1]])
			for _, call := range migrateMakers() {
				if got := v.do(v.from, call); got.IsError() {
					t.Fatalf("%s: %s", call, got.Text)
				}
			}
			want, timed := migrateContents(t, v.from)
			names := v.do(v.from, "KEYS *")
			v.migrate(`""`, "0 5000 AUTH sesame KEYS "+strings.Join(flatten(names), " "))
			if said := v.said[len(v.said)-3:]; !strings.HasSuffix(said[0], "=> +OK") ||
				!strings.HasSuffix(said[1], ":0") {
				t.Fatal(said)
			}
			got, nowTimed := migrateContents(t, v.to)
			for i := range min(len(got), len(want)) {
				if got[i] != want[i] {
					t.Errorf(" got %.200q\nwant %.200q", got[i], want[i])
				}
			}
			if len(got) != len(want) || !slices.Equal(timed, nowTimed) {
				t.Errorf("%d keys, want %d; %v end, want %v", len(got), len(want), nowTimed, timed)
			}
		})
	}
}

// migrateContents are the keys with their values, and the names of those that end in about
// 10 000 seconds. Others must not end.
func migrateContents(t *testing.T, c *Conn) (lines, timed []string) {
	t.Helper()
	lines, err := dumpDB(c, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range lines {
		at := strings.LastIndexByte(line, ' ')
		leftMs, err := strconv.Atoi(line[at+1:])
		lines[i] = line[:at]
		switch {
		case leftMs > 9_000_000 && leftMs <= 10_000_000:
			timed = append(timed, line[:strings.IndexByte(line, ' ')])
		case leftMs != -1 || err != nil:
			t.Errorf("it ends: %.100q", line)
		}
	}
	return lines, timed
}

// TestMigrateOfOurOwnTypes: documents and stocks that have closed go to another server of ours,
// not to redis-server; a stock that sells goes nowhere, and what is a lock stays.
func TestMigrateOfOurOwnTypes(t *testing.T) {
	from, to := migratePairs(t)
	v := newVoyage(t, from["ours"], to["ours"])
	for _, call := range []string{
		`JSON.SET doc $ {"a":[1,2,{"b":"c"}],"d":null}`, "HSET fields f v g w",
		"HPEXPIRE fields 10000000 FIELDS 1 f", "STOCK.OPEN open 5", "STOCK.OPEN closed 5",
		"STOCK.HOLD closed order ann 2", "STOCK.CONFIRM closed order", "STOCK.CLOSE closed",
		"LOCK.ACQUIRE mutex me 60000",
	} {
		if got := v.do(v.from, call); got.IsError() {
			t.Fatalf("%s: %s", call, got.Text)
		}
	}
	doc, stock := v.do(v.from, "JSON.GET doc $").Text, v.do(v.from, "STOCK.INFO closed")
	v.said = nil
	v.migrate(`""`, "0 5000 AUTH sesame KEYS doc open")
	v.migrate(`""`, "0 5000 AUTH sesame COPY KEYS doc closed")
	v.migrate("mutex", "0 5000 AUTH sesame")
	v.migrate(`""`, "0 5000 AUTH sesame KEYS doc closed fields")
	const mustClose = "-ERR the key holds a stock that is open: end it by STOCK.CLOSE, or drop it " +
		"with all its holds by STOCK.DROP"
	const noCopy = "-ERR a stock cannot be copied: its units would count twice"
	for i, want := range []string{mustClose, ":4", ":0", noCopy, ":4", ":0", "+NOKEY", ":4", ":0",
		"+OK", ":1", ":3"} {
		if !strings.HasSuffix(v.said[i], "=> "+want) {
			t.Errorf("%s, want %s", v.said[i], want)
		}
	}
	if got := v.do(v.to, "JSON.GET doc $").Text; got != doc {
		t.Errorf("the document is %s, was %s", got, doc)
	}
	if got := v.do(v.to, "STOCK.INFO closed"); got.String() != stock.String() {
		t.Errorf("the stock is %s, was %s", got, stock)
	}
	if left := v.do(v.to, "HPTTL fields FIELDS 2 f g"); left.Elems[1].Text != "-1" ||
		len(left.Elems[0].Text) != 7 {
		t.Errorf("its fields end in %s", left)
	}
	v = newVoyage(t, from["ours"], to["redis"])
	v.do(v.from, `JSON.SET doc $ {"a":1}`)
	v.do(v.from, "HSET fields f v")
	v.do(v.from, "HPEXPIRE fields 10000000 FIELDS 1 f")
	v.do(v.from, "SET plain v")
	v.migrate(`""`, "0 5000 AUTH sesame KEYS doc plain fields")
	if got := strings.Join(v.said[4:], "\n"); !strings.HasSuffix(got, "=> -ERR Target instance "+
		"replied with error: ERR Bad data format\nDBSIZE => :2\nDBSIZE => :1") {
		t.Error(got)
	}
}

// TestMigrateOfManyKeys moves more keys than go at once, of all shards, and tells of each.
func TestMigrateOfManyKeys(t *testing.T) {
	from, to := migratePairs(t)
	for _, name := range []string{"redis", "ours"} {
		v := newVoyage(t, from[name], to["ours"])
		ear := dialTest(t, from[name])
		v.do(v.from, "CONFIG SET notify-keyspace-events Eg")
		if _, err := ear.Do("SUBSCRIBE", "__keyevent@0__:del"); err != nil {
			t.Fatal(err)
		}
		v.do(v.from, "MSET <seq 1..1000 k:%d v%d>")
		v.do(v.from, `SET huge "x"*5000000`)
		v.migrate(`""`, "0 5000 AUTH sesame KEYS <seq 1..500 k:%d> huge <seq 501..1000 k:%d>")
		if said := v.said[len(v.said)-3:]; !strings.HasSuffix(said[0], "=> +OK") ||
			!strings.HasSuffix(said[1], ":0") || !strings.HasSuffix(said[2], ":1001") {
			t.Errorf("%s: %.300q", name, said)
		}
		for i := range 1001 {
			want := fmt.Sprint("k:", i)
			switch {
			case i == 500:
				want = "huge"
			case i < 500:
				want = fmt.Sprint("k:", i+1)
			}
			if got, err := ear.Receive(); err != nil || got.Elems[2].Text != want {
				t.Fatalf("%s: event %d is of %v (%v), want %s", name, i, got, err, want)
			}
		}
	}
}
