// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"stampede/internal/rdb"
	"stampede/internal/seedtest"
	"stampede/internal/verify"
)

// fillAny fills some databases with values of all types that both servers have, small and
// large, with deadlines and without.
func fillAny(t *testing.T, addr string, seed uint64) {
	t.Helper()
	c := dialTest(t, addr)
	rng := rand.New(rand.NewPCG(seed, 0x4db))
	word := func() string {
		return []string{"", "a", "12345", "-1", "\x00\r\n", "9223372036854775807", "1e10",
			strings.Repeat("long ", 40), strings.Repeat("\xff", 30), "0123456789012345678901"}[rng.IntN(10)]
	}
	n := func(below int) string { return strconv.Itoa(rng.IntN(below)) }
	for i := range 3000 {
		key := "key:" + n(300)
		var call []string
		switch rng.IntN(18) {
		case 0:
			call = []string{"SELECT", n(4)}
		case 1, 2:
			call = []string{"SET", key, word() + n(3)}
		case 3:
			call = []string{"HSET", "h" + key, "f" + n(20), word(), "g" + n(700), word()}
		case 4:
			call = []string{"HSET", "hash", "f" + n(5000), word()}
		case 5:
			score := []string{"1", "-2.5", "inf", "-inf", "1e300", "0.1", "3.0000000000000004"}[rng.IntN(7)]
			call = []string{"ZADD", "z" + key, score, word(), n(100), "m" + n(20)}
		case 6:
			call = []string{"ZADD", "zset", n(1000) + "." + n(1000), "m" + n(5000)}
		case 7:
			call = []string{"PEXPIREAT", key, strconv.FormatInt(4_000_000_000_000+int64(i), 10)}
		case 8:
			call = []string{"SADD", "i" + key, n(9), "-" + n(100000), n(2) + "0000000000"}
		case 9:
			call = []string{"SADD", "t" + key, word(), n(100), n(1e9)}
		case 10:
			call = []string{"SADD", "set", n(5000), "m" + n(5000)}
		case 11:
			call = []string{"RPUSH", "l" + key, word(), n(100), n(1e9)}
		case 12:
			call = []string{"LPUSH", "list", word(), n(1e9), strings.Repeat("long", rng.IntN(3000))}
		case 13:
			call = []string{"LTRIM", "l" + key, n(2), "-2"}
		case 14:
			call = []string{"XADD", "x" + key, "*", word(), word(), "f" + n(3), n(1e9)}
		case 15:
			call = []string{"XADD", "stream", "MAXLEN", "~", "300", "*", "f" + n(2), word()}
		case 16:
			call = streamCall(rng)
		default:
			call = []string{"SETRANGE", "s" + key, n(2000), "x"}
		}
		if _, err := c.must(call...); err != nil {
			t.Fatal(err)
		}
	}
	for _, call := range [][]string{
		{"FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 7 end)"},
		{"SET", "gone", "x", "PX", "1"},
	} {
		if _, err := c.must(call...); err != nil {
			t.Fatal(err)
		}
	}
}

// streamCall is a call on the groups of the stream "groups", which it makes if it must.
func streamCall(rng *rand.Rand) []string {
	n := func(below int) string { return strconv.Itoa(rng.IntN(below)) }
	text := `local key, group = KEYS[1], 'g' .. ARGV[1]
redis.pcall('XGROUP', 'CREATE', key, group, 0, 'MKSTREAM')
local id = redis.call('XADD', key, '*', 'n', ARGV[2])
redis.call('XREADGROUP', 'GROUP', group, 'c' .. ARGV[3], 'COUNT', ARGV[2], 'STREAMS', key, '>')
redis.call('XCLAIM', key, group, 'd', 0, id, 'RETRYCOUNT', ARGV[2])
local first = redis.call('XRANGE', key, '-', '+', 'COUNT', 1)
if ARGV[3] == '1' then redis.call('XDEL', key, first[1][1]) end
if ARGV[3] == '2' then redis.call('XACK', key, group, first[1][1]) end
return redis.call('XLEN', key)`
	return []string{"EVAL", text, "1", "groups", n(3), n(5), n(4)}
}

// describeServer is all that a server holds, one line for each key and library.
func describeServer(t *testing.T, addr string) (lines []string) {
	t.Helper()
	c := dialTest(t, addr)
	ask := func(call ...string) Value {
		v, err := c.must(call...)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for db := range 4 {
		ask("SELECT", strconv.Itoa(db))
		for _, key := range flatten(ask("KEYS", "*")) {
			if key == "gone" {
				continue // it ends within a millisecond, as soon as not
			}
			kind := ask("TYPE", key).Text
			read, ok := readers()[kind]
			if !ok {
				t.Fatalf("key %q is a %s", key, kind)
			}
			value := ask(slices.Concat(read[0], []string{key}, read[1])...)
			if kind == "hash" {
				value = ordering{unordered: true, group: 2, in: -1}.sorted(value)
			}
			if kind == "set" {
				value = ordering{unordered: true, group: 1, in: -1}.sorted(value)
			}
			if kind == "none" {
				continue // it has ended meanwhile
			}
			lines = append(lines, fmt.Sprintf("%d %q %s %s until %s", db, key, kind, value,
				ask("PEXPIRETIME", key).Text))
		}
	}
	slices.Sort(lines)
	return append(lines, ask("FUNCTION", "LIST", "WITHCODE").String())
}

func wantSame(t *testing.T, got, want []string) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("got  %.300s\nwant %.300s", got[i], want[i])
		}
	}
	t.Fatalf("%d keys, want %d", len(got), len(want))
}

// startOn starts our server on a folder and waits until all data is there.
func startOn(t *testing.T, dir string, flags ...string) *crashProcess {
	t.Helper()
	if os.Getenv(EnvAddr) != "" {
		t.Skip("a server that somebody else runs has no folder of ours")
	}
	p := launch(t, stampedeBinary(t), dir, flags...)
	if err := verify.WaitForData(p.addr); err != nil {
		t.Fatalf("%v\n%s", err, p.Said())
	}
	return p
}

// copySnapshot makes a folder that holds another one's snapshot and nothing else.
func copySnapshot(t *testing.T, from string) (dir string) {
	t.Helper()
	bytes, err := os.ReadFile(filepath.Join(from, "dump.rdb"))
	if err == nil {
		dir = t.TempDir()
		err = os.WriteFile(filepath.Join(dir, "dump.rdb"), bytes, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestSnapshotsGoToRedis: redis-server loads what we have saved, and answers the same.
func TestSnapshotsGoToRedis(t *testing.T) {
	for _, shards := range []string{"1", "8"} {
		dir := t.TempDir()
		ours := startOn(t, dir, "--shards", shards).addr
		fillAny(t, ours, seedtest.Of(t))
		want := describeServer(t, ours)
		if _, err := dialTest(t, ours).must("SAVE"); err != nil {
			t.Fatal(err)
		}
		theirs := StartRedis(t, "--dir", copySnapshot(t, dir))
		wantSame(t, describeServer(t, theirs), want)
	}
}

// TestSnapshotsComeFromRedis: we load what redis-server has saved, answer the same, and go on
// from there: what is written then is there after another start, too.
func TestSnapshotsComeFromRedis(t *testing.T) {
	dir := t.TempDir()
	theirs := StartRedis(t, "--dir", dir)
	fillAny(t, theirs, seedtest.Of(t))
	want := describeServer(t, theirs)
	c := dialTest(t, theirs)
	if _, err := c.must("SAVE"); err != nil {
		t.Fatal(err)
	}
	for _, shards := range []string{"1", "3", "8"} {
		moved := copySnapshot(t, dir)
		ours := startOn(t, moved, "--shards", shards)
		wantSame(t, describeServer(t, ours.addr), want)
		o := dialTest(t, ours.addr)
		for _, call := range [][]string{
			{"SET", "key:1", "from us"}, {"HSET", "hash", "f1", "from us"}, {"WAITAOF", "1", "0", "0"},
		} {
			if _, err := o.must(call...); err != nil {
				t.Fatal(err)
			}
		}
		ours.kill()
		o = dialTest(t, startOn(t, moved, "--shards", "2").addr)
		for _, call := range [][]string{{"GET", "key:1"}, {"HGET", "hash", "f1"}} {
			if v, err := o.must(call...); err != nil || v.Text != "from us" {
				t.Errorf("%v: %s, %v", call, v, err)
			}
		}
	}
}

// TestSnapshotOfAnUnknownModule: a file that holds what we have not got is refused with the
// name of the key, and stays as it is.
func TestSnapshotOfAnUnknownModule(t *testing.T) {
	before := rdb.AppendKey(rdb.AppendHeader(nil), rdb.TypeModule, []byte("the filter"), 0)
	before = rdb.AppendModule(before, rdb.NewModuleID("MBbloom--", 2))
	before = rdb.AppendModuleEnd(rdb.AppendModuleInt(before, 7))
	before = rdb.AppendEnd(before, rdb.CRC64(0, before))
	dir := t.TempDir()
	file := filepath.Join(dir, "dump.rdb")
	if err := os.WriteFile(file, before, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	serve := exec.CommandContext(ctx, stampedeBinary(t), "serve", "--bind", "127.0.0.1",
		"--port", "0", "--dir", dir)
	output, err := serve.CombinedOutput()
	if err == nil || !strings.Contains(string(output), `"the filter"`) {
		t.Errorf("ended with %v and said %s", err, output)
	}
	after, err := os.ReadFile(file)
	if err != nil || string(after) != string(before) {
		t.Errorf("the file has changed: %v", err)
	}
}
