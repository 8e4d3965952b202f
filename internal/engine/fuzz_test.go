// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"stampede/internal/command"
	"stampede/internal/reply"
	"stampede/internal/resp"
)

// callDrawer draws random calls of all commands there are, most of them nearly right: it
// knows a command's synopsis and takes some liberties with it.
type callDrawer struct {
	rng  *rand.Rand
	rows []*command.Row
}

func newCallDrawer(table *command.Table, rng *rand.Rand) *callDrawer {
	d := &callDrawer{rng: rng}
	for _, row := range table.Rows() {
		// Those that wait would stop the test, not the store, and MIGRATE calls whom it is told.
		if row.Lower != "client|pause" && row.Lower != "debug" && row.Lower != "migrate" {
			d.rows = append(d.rows, row)
		}
	}
	return d
}

// call is one call. Keys are few, so that calls meet each other's values.
func (d *callDrawer) call() []string {
	row := d.rows[d.rng.IntN(len(d.rows))]
	argv := d.args(strings.Split(row.Lower, "|"), row.Tree)
	switch d.rng.IntN(40) {
	case 0:
		argv = append(argv, d.word())
	case 1:
		argv = argv[:1+d.rng.IntN(len(argv))]
	case 2:
		argv[d.rng.IntN(len(argv))] = d.word()
	}
	return argv
}

func (d *callDrawer) args(argv []string, tree []command.Arg) []string {
	for i := range tree {
		argv = d.arg(argv, &tree[i])
	}
	return argv
}

func (d *callDrawer) arg(argv []string, arg *command.Arg) []string {
	if arg.Optional && d.rng.IntN(2) == 0 {
		return argv
	}
	for again := false; !again || arg.Multiple && d.rng.IntN(3) > 0; again = true {
		if arg.Token != "" && (!again || arg.MultipleToken) {
			argv = append(argv, arg.Token)
		}
		switch arg.Type {
		case command.ArgBlock:
			argv = d.args(argv, arg.Args)
		case command.ArgOneOf:
			argv = d.arg(argv, &arg.Args[d.rng.IntN(len(arg.Args))])
		case command.ArgToken:
		case command.ArgKey:
			argv = append(argv, d.key())
		case command.ArgInt, command.ArgDouble, command.ArgUnixTime:
			argv = append(argv, d.number())
		default:
			argv = append(argv, d.word())
		}
	}
	return argv
}

func (d *callDrawer) key() string { return fmt.Sprint("k", d.rng.IntN(10)) }

func (d *callDrawer) number() string {
	switch d.rng.IntN(12) {
	case 0:
		return d.of("9223372036854775807", "-9223372036854775808", "9223372036854775808",
			"4611686018427387904", "-4611686018427387905", "2147483648", "1e400", "536870912")
	case 1:
		return d.of("1.5", "-inf", "nan", "", "x", "(1", "1700000000000", "1700000000")
	}
	return strconv.Itoa(d.rng.IntN(24) - 8)
}

func (d *callDrawer) word() string {
	switch d.rng.IntN(6) {
	case 0:
		return d.key()
	case 1:
		return d.number()
	case 2:
		return d.of("*", "k*", "[", "", "\x00\r\n", "(a", "[b", "-", "+", "string", "hash", "zset")
	case 3:
		return strings.Repeat("long ", d.rng.IntN(60))
	}
	return d.of("a", "b", "c", "d")
}

func (d *callDrawer) of(words ...string) string { return words[d.rng.IntN(len(words))] }

// batchOf is a batch of calls given as words.
func batchOf(calls [][]string) *Batch {
	var b Batch
	for _, words := range calls {
		argv := make([][]byte, len(words))
		for i, word := range words {
			argv[i] = []byte(word)
		}
		b.Add(argv...)
	}
	return &b
}

// doWords runs calls as one batch and returns their replies.
func (s *store) doWords(calls ...[]string) string {
	s.t.Helper()
	var out reply.Buffer
	s.runner.Do(s.session, batchOf(calls), &out)
	return string(out.B)
}

// replies counts the whole replies in a text, -1 if it is something else.
func replies(text string) (n int) {
	for in := []byte(text); len(in) > 0; n++ {
		size, _, err := resp.SkipReply(in)
		if err != nil || size == 0 {
			return -1
		}
		in = in[size:]
	}
	return n
}

// fuzzSettings are parameters under which random calls run, one set for each seed.
var fuzzSettings = [][]string{
	{},
	{"hash-max-listpack-entries 3", "zset-max-listpack-entries 3"},
	{"hash-max-listpack-value 3", "zset-max-listpack-value 3", "maxmemory-policy allkeys-lfu"},
	{"maxmemory 20kb", "maxmemory-policy allkeys-lru", "zset-max-listpack-entries 3"},
	{"maxmemory 20kb", "maxmemory-policy volatile-ttl", "hash-max-listpack-entries 2"},
	{"maxmemory 1", "proto-max-bulk-len 1mb"},
}

// fuzzUnlimited is how many of them, the first ones, do not limit memory.
const fuzzUnlimited = 3

// TestAnyCall runs random calls of all commands: nothing panics, each call has one reply,
// and when all keys are gone so is their memory.
func TestAnyCall(t *testing.T) {
	seeds, batches := uint64(24), 150
	if testing.Short() {
		seeds = 5
	}
	for seed := range seeds {
		for _, shards := range []int{1, 3} {
			t.Run(fmt.Sprintf("seed=%d/shards=%d", seed, shards), func(t *testing.T) {
				anyCalls(t, seed, shards, batches)
			})
		}
	}
}

func anyCalls(t *testing.T, seed uint64, shards, batches int) {
	s, rng := newStore(t, shards), rand.New(rand.NewPCG(seed, 7))
	empty := s.used()
	d := newCallDrawer(s.engine.Table(), rng)
	for _, call := range fuzzSettings[seed%uint64(len(fuzzSettings))] {
		s.want("+OK\r\n", "CONFIG SET "+call)
	}
	var last [][]string
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("panic in batch %q", last)
			panic(p)
		}
	}()
	for range batches {
		last = last[:0]
		for range 1 + rng.IntN(8) {
			last = append(last, d.call())
		}
		s.nowMs += rng.Int64N(60) - 20
		got := s.doWords(last...)
		if s.session.Closing {
			s.session.Closing = false
		}
		if n := replies(got); n < 0 {
			t.Fatalf("batch %q: replies %q", last, got)
		}
		s.engine.Step()
	}
	s.clear()
	if used := s.used(); used != empty {
		t.Errorf("all keys are deleted and %d bytes are used; an empty store uses %d", used, empty)
	}
}

// clear deletes every key of every database, one by one, and frees what was dropped.
func (s *store) clear() {
	s.do("RESET")
	for db := range 16 {
		s.do(fmt.Sprint("SELECT ", db))
		for {
			key := s.doWords([]string{"RANDOMKEY"})
			if key == "$-1\r\n" {
				break
			}
			name := key[strings.Index(key, "\n")+1 : len(key)-2]
			got := s.doWords([]string{"DEL", name})
			if strings.Contains(got, "STOCK.DROP") {
				got = s.doWords([]string{"STOCK.DROP", name})
			}
			if !slices.Contains([]string{":1\r\n", ":0\r\n", "+OK\r\n"}, got) {
				s.t.Fatalf("DEL %q: %q", name, got)
			}
		}
		s.do("KEYS *") // those whose deadline has passed
	}
	for range 100 {
		s.nowMs += 1
		s.engine.Step()
	}
}

func (s *store) used() int64 {
	sum := s.engine.Summary()
	return sum.Used
}

// TestAnyCallOnAnyShards runs random calls of the families that hold data on one and on
// several shards: the replies must be the same where chance has no part in them.
func TestAnyCallOnAnyShards(t *testing.T) {
	seeds, batches := uint64(24), 150
	if testing.Short() {
		seeds = 5
	}
	for seed := range seeds {
		one, several := newStore(t, 1), newStore(t, 2+int(seed%3))
		for _, call := range fuzzSettings[seed%fuzzUnlimited] {
			one.want("+OK\r\n", "CONFIG SET "+call)
			several.want("+OK\r\n", "CONFIG SET "+call)
		}
		rng := rand.New(rand.NewPCG(seed, 11))
		d := newCallDrawer(one.engine.Table(), rng)
		d.rows = slices.DeleteFunc(d.rows, func(row *command.Row) bool {
			return strings.Contains(row.Tips, "nondeterministic") || row.Container != nil ||
				row.Group == command.GroupServer || row.Group == command.GroupConnection
		})
		for i := range batches {
			calls := make([][]string, 1+rng.IntN(12))
			for j := range calls {
				calls[j] = d.call()
			}
			one.nowMs += rng.Int64N(60)
			several.nowMs = one.nowMs
			if a, b := one.doWords(calls...), several.doWords(calls...); a != b {
				t.Fatalf("seed %d, batch %d %q:\none shard: %q\n%d shards: %q",
					seed, i, calls, a, several.engine.Shards(), b)
			}
		}
	}
}
