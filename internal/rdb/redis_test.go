// SPDX-License-Identifier: Apache-2.0

package rdb_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"stampede/internal/conformance"
	"stampede/internal/rdb"
)

// borders are the strings at which encodings change: integers of all widths and what only
// looks like one, and lengths.
func borders() []string {
	list := []string{"", "a", "-", "-0", "00", "01", "+1", " 1", "1 ", "1.0", "0x10", "\x00\xff\r\n"}
	for _, bits := range []int{3, 6, 7, 8, 12, 13, 15, 16, 23, 24, 31, 32, 63} {
		for _, d := range []int64{-2, -1, 0, 1} {
			n := int64(1)<<bits + d
			list = append(list, strconv.FormatInt(n, 10), strconv.FormatInt(-n, 10))
		}
	}
	list = append(list, "9223372036854775808", "-9223372036854775809", "12345678901234567890123")
	for _, n := range []int{
		11, 12, 20, 21, 62, 63, 64, 65, 253, 254, 255, 4094, 4095, 4096, 16382, 16383, 16384, 70000,
	} {
		text := make([]byte, n)
		for i := range text {
			text[i] = byte('a' + i*i%23)
		}
		list = append(list, string(text), strings.Repeat("x", n), strings.Repeat("abc", n/3))
	}
	seen := map[string]bool{}
	unique := list[:0]
	for _, s := range list {
		if !seen[s] {
			unique = append(unique, s)
		}
		seen[s] = true
	}
	return unique
}

// counts are the lengths of collections at which encodings change.
var counts = []int{1, 2, 63, 64, 127, 128, 129, 511, 512, 513, 20000}

// fill gives a server keys of all types and encodings.
func fill(s server) {
	list := borders()
	for i, v := range list {
		s.do("SET", fmt.Sprint("string", i), v)
		s.do("SET", v+".", "the key matters")
		s.do("RPUSH", fmt.Sprint("list", i), v)
		s.do("RPUSH", "list of all", v)
		s.do("SADD", fmt.Sprint("set", i), v)
		s.do("SADD", "set of all", v)
		s.do("HSET", fmt.Sprint("hash", i), v, list[(i+3)%len(list)])
		s.do("HSET", "hash of all", v, list[(i+3)%len(list)])
		s.do("ZADD", fmt.Sprint("zset", i), strconv.Itoa(i), v)
		s.do("ZADD", "zset of all", strconv.Itoa(i%7), v)
		s.do("XADD", "stream of all", strconv.Itoa(i+1)+"-5", v, list[(i+3)%len(list)])
	}
	for i, score := range []string{"0", "-0", "1", "-1", "0.1", "1e300", "-1e-300", "inf", "-inf",
		"3.14159265358979", "9007199254740993", "1e17", "-4097"} {
		s.do("ZADD", "scores", score, fmt.Sprint("m", i))
		s.do("ZADD", "scores in a tree", score, fmt.Sprint("m", i)+strings.Repeat("m", 65))
	}
	for _, n := range counts {
		fillCount(s, n)
	}
	fillStreams(s)
	for _, width := range []string{"30000", "2000000000", "9000000000000000000"} {
		s.do("SADD", "ints "+width, "1", "-5", width, "-"+width)
	}
	s.do("SET", "volatile", "x", "PXAT", "4102444800123")
	s.do("RPUSH", "volatile list", "x")
	s.do("PEXPIREAT", "volatile list", "4102444800000")
	s.do("SELECT", "2")
	s.do("SET", "elsewhere", "2")
	s.do("SELECT", "0")
	s.do("FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 1 end)")
}

func fillCount(s server, n int) {
	call := func(args []string, element func(i int) []string) {
		for i := range n {
			args = append(args, element(i)...)
		}
		s.do(args...)
	}
	number := strconv.Itoa(n)
	sevens := func(i int) []string { return []string{strconv.Itoa(i * 7)} }
	call([]string{"RPUSH", "list of " + number}, sevens)
	call([]string{"SADD", "ints of " + number}, sevens)
	call([]string{"SADD", "set of " + number}, func(i int) []string {
		return []string{"m" + strconv.Itoa(i)}
	})
	call([]string{"HSET", "hash of " + number}, func(i int) []string {
		return []string{"f" + strconv.Itoa(i), "v"}
	})
	call([]string{"ZADD", "zset of " + number}, func(i int) []string {
		return []string{strconv.FormatFloat(float64(i)/8, 'g', -1, 64), "m" + strconv.Itoa(i)}
	})
	if n < 1000 {
		for i := range n {
			s.do("XADD", "stream of "+number, "*", "field", strconv.Itoa(i), "other", "x")
		}
	}
}

func fillStreams(s server) {
	s.do("XADD", "stream", "1-1", "a", "1")
	s.do("XADD", "stream", "1-7", "a", "-200000", "b", "x")
	s.do("XADD", "stream", "9-0", "b", "x", "a", "1")
	s.do("XADD", "stream", "18446744073709551615-3", "a", "gone")
	s.do("XGROUP", "CREATE", "stream", "g", "0")
	s.do("XGROUP", "CREATE", "stream", "empty", "$")
	s.do("XGROUP", "CREATE", "stream", "unknown", "5-5")
	s.do("XREADGROUP", "GROUP", "g", "ann", "COUNT", "2", "STREAMS", "stream", ">")
	s.do("XREADGROUP", "GROUP", "g", "bob", "STREAMS", "stream", ">")
	s.do("XACK", "stream", "g", "1-7")
	s.do("XGROUP", "CREATECONSUMER", "stream", "empty", "idle")
	s.do("XDEL", "stream", "18446744073709551615-3")
	s.do("XADD", "empty stream", "5-5", "a", "b")
	s.do("XDEL", "empty stream", "5-5")
	s.do("XGROUP", "CREATE", "no stream", "g", "$", "MKSTREAM")
}

// start starts a redis-server that keeps its file in a folder of the test.
func start(t *testing.T, flags ...string) (s server, file string) {
	t.Helper()
	dir := t.TempDir()
	flags = append([]string{"--dir", dir, "--dbfilename", "dump.rdb"}, flags...)
	return dial(t, conformance.StartRedis(t, flags...)), filepath.Join(dir, "dump.rdb")
}

// TestReadsRedis reads what a real server saved, with and without compression.
func TestReadsRedis(t *testing.T) {
	s, path := start(t)
	fill(s)
	want := s.describeAll()
	for _, compression := range []string{"yes", "no"} {
		s.do("CONFIG", "SET", "rdbcompression", compression)
		s.do("SAVE")
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, bufferBytes := range []int{0, 1} {
			r := rdb.NewReader(bytes.NewReader(file), rdb.Options{BufferBytes: bufferBytes})
			got, err := describeFile(r)
			if err != nil {
				t.Fatal(err)
			}
			checkAux(t, got)
			compare(t, "compression "+compression, got, want)
			if r.Version() != rdb.Version || r.Offset() != int64(len(file)) {
				t.Errorf("version %d, %d of %d bytes", r.Version(), r.Offset(), len(file))
			}
		}
		leaveOut(t, file, len(want))
	}
}

// checkAux looks at what is not a key, and takes it out.
func checkAux(t *testing.T, got map[string]string) {
	t.Helper()
	for name, want := range map[string]string{
		"aux redis-ver": "7.0.15", "aux redis-bits": "64", "aux aof-base": "0",
		"function": "#!lua name=lib\nredis.register_function('f', function() return 1 end)",
	} {
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
		delete(got, name)
	}
	delete(got, "aux ctime")
	delete(got, "aux used-mem")
}

// leaveOut reads the keys only.
func leaveOut(t *testing.T, file []byte, want int) {
	t.Helper()
	r := rdb.NewReader(bytes.NewReader(file), rdb.Options{})
	keys := 0
	item, err := r.Next()
	for ; err == nil; item, err = r.Next() {
		if item.What == rdb.ItemKey {
			keys++
			if keys%3 == 0 && item.Type.Kind() == rdb.Set {
				if _, err := r.Member(); err != nil {
					t.Error(err)
				}
			}
		}
	}
	if keys != want {
		t.Errorf("%d keys, want %d: %v", keys, want, err)
	}
}

// TestReadsDumps reads what DUMP answers, writes it again in our own way, and lets the
// server take that back.
func TestReadsDumps(t *testing.T) {
	s, _ := start(t)
	fill(s)
	r := rdb.NewReader(nil, rdb.Options{})
	for _, key := range s.strings("KEYS", "*") {
		payload := []byte(s.do("DUMP", key).Text)
		if err := rdb.CheckDump(payload); err != nil {
			t.Fatalf("%q: %v", key, err)
		}
		item, err := r.Dump(payload)
		if err != nil {
			t.Fatalf("%q: %v", key, err)
		}
		got, err := describeValue(r, item)
		if want := s.describe(key); err != nil || got != want {
			t.Errorf("%q: %v %.2000s\nwant\n%.2000s", key, err, got, want)
		}
		again, err := rewrite(r, payload)
		if err != nil {
			t.Fatalf("%q: %v", key, err)
		}
		s.do("RESTORE", "again", "0", string(again), "REPLACE")
		want := s.describe(key)
		if got := s.describe("again"); got != want {
			t.Errorf("%q again: %.2000s\nwant\n%.2000s", key, got, want)
		}
	}
}
