// SPDX-License-Identifier: Apache-2.0

package introspect_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"stampede/internal/command"
	"stampede/internal/command/commandtest"
	"stampede/internal/conformance"
	"stampede/internal/family/introspect"
	"stampede/internal/reply"
	"stampede/internal/resp"
	"stampede/internal/seedtest"
)

func TestRowsAreThoseOfRedis(t *testing.T) {
	table, err := command.NewTable(introspect.Commands)
	if err != nil {
		t.Fatal(err)
	}
	commandtest.Check(t, table, commandtest.Exceptions())
}

// newTable is the rows of this family and those of Redis' other commands.
func newTable(t *testing.T) *command.Table {
	t.Helper()
	specs, err := commandtest.Specs()
	if err != nil {
		t.Fatal(err)
	}
	specs = slices.DeleteFunc(specs, func(s command.Spec) bool {
		name, _, _ := strings.Cut(s.Name, "|")
		return name == "COMMAND"
	})
	table, err := command.NewTable(introspect.Commands, specs)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// run gives our reply to a call as it goes over the wire.
func run(t *testing.T, table *command.Table, proto resp.Proto, words ...string) []byte {
	t.Helper()
	argv := make([][]byte, len(words))
	for i, word := range words {
		argv[i] = []byte(word)
	}
	r := &reply.Buffer{Proto: proto}
	row, unknown := table.Lookup(argv)
	switch {
	case unknown != "":
		r.Fail(unknown)
	case !row.ArityOK(len(argv)):
		r.Fail(reply.ErrArity(row.Lower))
	default:
		c := &command.Call{Argv: argv, Row: row, Reply: r}
		c.Args = command.NewArgs(argv[1+strings.Count(row.Name, "|"):])
		row.Do.(command.Local)(c)
	}
	return r.B
}

// wire is a connection whose replies are bytes.
type wire struct {
	t    *testing.T
	conn net.Conn
}

// dialRedis connects to a redis-server that speaks proto.
func dialRedis(t *testing.T, addr string, proto resp.Proto) wire {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	w := wire{t, conn}
	w.do("HELLO", fmt.Sprint(proto))
	return w
}

func (w wire) do(words ...string) []byte {
	w.t.Helper()
	args := make([][]byte, len(words))
	for i, word := range words {
		args[i] = []byte(word)
	}
	if err := w.conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.conn.Write(resp.AppendCommand(nil, args...)); err != nil {
		w.t.Fatal(err)
	}
	var got []byte
	block := make([]byte, 64<<10)
	for {
		n, err := w.conn.Read(block)
		if err != nil {
			w.t.Fatalf("%q: %v", words, err)
		}
		got = append(got, block[:n]...)
		if size, _, err := resp.SkipReply(got); size > 0 || err != nil {
			return got
		}
	}
}

// TestRepliesAreThoseOfRedis compares bytes in both protocols.
func TestRepliesAreThoseOfRedis(t *testing.T) {
	table, addr := newTable(t), conformance.StartRedis(t)
	calls := [][]string{
		{"COMMAND", "INFO", "nope", "client|nope", "command|count|x", "GET k", "get|x", ""},
		{"COMMAND", "INFO", "GET", "Client|Kill"},
		{"COMMAND", "DOCS", "nope"},
		{"COMMAND", "NOPE"}, {"COMMAND", "COUNT", "x"}, {"COMMAND", "HELP", "x"},
	}
	for _, row := range table.Rows() {
		if len(row.Subcommands) == 0 {
			calls = append(calls, []string{"COMMAND", "INFO", row.Lower})
		}
	}
	for line := range strings.Lines(keyCalls) {
		words := strings.Fields(strings.ReplaceAll(line, "''", "\x00"))
		for i := range words {
			words[i] = strings.ReplaceAll(words[i], "\x00", "")
		}
		calls = append(calls, append([]string{"COMMAND"}, words...))
	}
	for _, proto := range []resp.Proto{2, 3} {
		redis := dialRedis(t, addr, proto)
		for _, call := range calls {
			want, got := redis.do(call...), run(t, table, proto, call...)
			if bytes.Contains(want, []byte("\r\nnotes\r\n")) {
				continue // remarks of Redis on what is done with a key
			}
			if !bytes.Equal(got, want) {
				t.Errorf("RESP%d %q\n got %q\nwant %q", proto, call, got, want)
			}
		}
	}
}

// keyCalls are calls of COMMAND without that word.
const keyCalls = `GETKEYS get
GETKEYS get k
GETKEYS GeT k
GETKEYS get k k
GETKEYS nope x
GETKEYS ping x
GETKEYS mset k v k2
GETKEYS mset k v k2 v2
GETKEYS del a b c
GETKEYS zunionstore d x k
GETKEYS zunionstore d 0 k
GETKEYS zunionstore d -1 k
GETKEYS zunionstore d 1 k
GETKEYS zunionstore d 2 k
GETKEYS zunionstore d 2 k l WEIGHTS 1 2
GETKEYS zunion 9223372036854775807 a b
GETKEYS zunion 99999999999999999999 a b
GETKEYS bzmpop 0 2 a b MIN
GETKEYS bzpopmin a b 0
GETKEYS eval script 0 k
GETKEYS eval script x k
GETKEYS eval script 5 k
GETKEYS eval script 2 a b c
GETKEYS object encoding k
GETKEYS object x k
GETKEYS object help
GETKEYS client list
GETKEYS memory usage k
GETKEYS xread streams a b c
GETKEYS xread COUNT 1 STREAMS a b 0 0
GETKEYS xread COUNT 1 a b
GETKEYS xreadgroup GROUP streams c STREAMS a b 0 0
GETKEYS lcs a b
GETKEYS rename a b
GETKEYS copy a b DB 1
GETKEYS watch a b
GETKEYSANDFLAGS get k
GETKEYSANDFLAGS lmove a b left left
GETKEYSANDFLAGS rename a b
GETKEYSANDFLAGS mset a 1 b 2
GETKEYSANDFLAGS zunionstore d 2 a b
GETKEYSANDFLAGS eval script 1 k
GETKEYSANDFLAGS ping x
LIST x
LIST FILTERBY x y
LIST FILTERBY PATTERN
LIST FILTERBY PATTERN a b
LIST FILTERBY MODULE nope
LIST FILTERBY ACLCAT nope
LIST FILTERBY PATTERN Get
LIST FILTERBY PATTERN client|kill`

// TestKeysOfRandomCalls asks both for the keys of calls that are mostly nonsense.
func TestKeysOfRandomCalls(t *testing.T) {
	seed := seedtest.Of(t)
	rng := rand.New(rand.NewPCG(seed, 0))
	table, redis := newTable(t), dialRedis(t, conformance.StartRedis(t), 2)
	rows := slices.DeleteFunc(slices.Clone(table.Rows()), func(row *command.Row) bool {
		return !row.HasKeys() || row.Name == "BITFIELD" || row.Name == "SET" // UseOf is theirs
	})
	words := strings.Fields("a b key 0 1 2 3 -1 STREAMS streams STORE KEYS GROUP LIMIT x")
	for range 3000 {
		row := rows[rng.IntN(len(rows))]
		call := []string{"COMMAND", [...]string{"GETKEYS", "GETKEYSANDFLAGS"}[rng.IntN(2)]}
		call = append(call, strings.Split(row.Lower, "|")...)
		for range rng.IntN(8) {
			call = append(call, words[rng.IntN(len(words))])
		}
		if got, want := run(t, table, 2, call...), redis.do(call...); !bytes.Equal(got, want) {
			t.Errorf("seed %d: %q\n got %q\nwant %q", seed, call, got, want)
		}
	}
}

// TestListsAreThoseOfRedis compares as sets: Redis lists in no order.
func TestListsAreThoseOfRedis(t *testing.T) {
	table, redis := newTable(t), dialRedis(t, conformance.StartRedis(t), 2)
	for _, filter := range []string{"", "FILTERBY ACLCAT transaction", "FILTERBY ACLCAT HASH",
		"FILTERBY PATTERN z*", "FILTERBY PATTERN *|help", "FILTERBY PATTERN client*"} {
		call := append([]string{"COMMAND", "LIST"}, strings.Fields(filter)...)
		got, want := texts(t, run(t, table, 2, call...)), texts(t, redis.do(call...))
		want = slices.DeleteFunc(want, func(name string) bool {
			return table.Named([]byte(name)) == nil // irregular ones, left out of our rows
		})
		if !slices.Equal(got, want) {
			t.Errorf("%q\n got %q\nwant %q", call, got, want)
		}
	}
}

// texts is the sorted texts of an array.
func texts(t *testing.T, wire []byte) []string {
	t.Helper()
	value, _, err := resp.NextReply(wire)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, e := range value.Elems {
		texts = append(texts, string(e.Text))
	}
	slices.Sort(texts)
	return texts
}

// TestDocsAreWhole looks at the parts that have no fixed words.
func TestDocsAreWhole(t *testing.T) {
	table := newTable(t)
	for _, proto := range []resp.Proto{2, 3} {
		for _, call := range []string{"COMMAND", "COMMAND DOCS", "COMMAND INFO", "COMMAND LIST",
			"COMMAND HELP", "COMMAND COUNT", "COMMAND DOCS command|list COMMAND"} {
			wire := run(t, table, proto, strings.Fields(call)...)
			if _, n, err := resp.NextReply(wire); err != nil || n != len(wire) {
				t.Errorf("RESP%d %s: %d of %d bytes are a reply, %v", proto, call, n, len(wire), err)
			}
		}
	}
	for name, want := range map[string]string{
		"command|info": "*1 %3 $4 name $12 command-name $4 type $6 string " +
			"$5 flags ~2 +optional +multiple ",
		"GET": "%1 $3 get %5 $7 summary $5 Does. $5 since $5 1.0.0 $5 group $6 string " +
			"$10 complexity $4 O(1) $9 arguments *1 %3 $4 name $3 key $4 type $3 key " +
			"$14 key_spec_index :0 ",
	} {
		got := strings.ReplaceAll(string(run(t, table, 3, "COMMAND", "DOCS", name)), "\r\n", " ")
		if !strings.HasSuffix(got, want) {
			t.Errorf("COMMAND DOCS %s\n got %q\nwant an end of %q", name, got, want)
		}
	}
}
