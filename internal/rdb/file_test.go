// SPDX-License-Identifier: Apache-2.0

package rdb_test

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stampede/internal/conformance"
	"stampede/internal/container/listpack"
	"stampede/internal/rdb"
)

// ours writes files, and remembers what is in them.
type ours struct {
	b    []byte
	db   int
	want map[string]string
}

func newFile() *ours {
	f := &ours{b: rdb.AppendHeader(nil), want: map[string]string{}}
	f.b = rdb.AppendAux(f.b, "redis-ver", "7.0.15")
	f.b = rdb.AppendAuxInt(f.b, "redis-bits", 64)
	f.b = rdb.AppendAux(f.b, "stampede-ver", "1.2.3")
	return f
}

func (f *ours) selectDB(db, keys, deadlines int) {
	f.db = db
	f.b = rdb.AppendResizeDB(rdb.AppendSelectDB(f.b, db), keys, deadlines)
}

// key adds a key whose value is described by lines.
func (f *ours) key(t rdb.Type, key string, deadlineMs int64, value []byte, description string) {
	f.b = append(rdb.AppendKey(f.b, t, []byte(key), deadlineMs), value...)
	f.want[fmt.Sprintf("%d %q", f.db, key)] = fmt.Sprintf("until %d %s", deadlineMs, description)
}

// end ends the file by way of a Writer, in pieces.
func (f *ours) end(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	w := rdb.NewWriter(&out)
	for rest := f.b; len(rest) > 0; {
		n := min(len(rest), 1000)
		if _, err := w.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	if whole := rdb.AppendEnd(f.b, rdb.CRC64(0, f.b)); !bytes.Equal(out.Bytes(), whole) {
		t.Fatal("the Writer's end differs from AppendEnd")
	}
	if w.Bytes() != int64(out.Len()) || w.CRC64() != rdb.CRC64(0, out.Bytes()) {
		t.Fatal("the Writer does not know what it wrote")
	}
	return out.Bytes()
}

func packOf(elements ...string) listpack.Pack {
	size := listpack.EmptyBytes
	for _, e := range elements {
		size += listpack.EncodedLen([]byte(e))
	}
	p := listpack.New(make([]byte, size))
	for _, e := range elements {
		p = p.Append([]byte(e))
	}
	return p
}

// fillFile adds keys of all types in all the ways we write them.
func fillFile(f *ours) {
	f.selectDB(0, 1000, 2)
	list := borders()
	for i, s := range list {
		f.key(rdb.TypeString, fmt.Sprint("string", i), 0, rdb.AppendString(nil, []byte(s)),
			fmt.Sprintf("string %q", s))
		f.key(rdb.TypeString, s+".", 0, rdb.AppendText(nil, []byte(s)), fmt.Sprintf("string %q", s))
	}
	for _, n := range []int64{
		0, 1, -1, 127, 128, -129, math.MaxInt32, math.MinInt32, math.MaxInt32 + 1, math.MinInt64,
	} {
		f.key(rdb.TypeString, fmt.Sprint("int", n), 4102444800123, rdb.AppendInt(nil, n),
			fmt.Sprintf(`string "%d"`, n))
	}
	f.key(rdb.TypeString, "volatile", 4102444800123, rdb.AppendInt(nil, 5), `string "5"`)
	f.b = rdb.AppendIdle(f.b, 70000)
	f.key(rdb.TypeString, "idle", 0, rdb.AppendInt(nil, 5), `string "5"`)
	f.b = rdb.AppendFreq(f.b, 200)
	f.key(rdb.TypeString, "often", 0, rdb.AppendInt(nil, 5), `string "5"`)

	list = list[1:] // the empty one would do, but packs of it look strange
	elements := rdb.AppendLen(nil, len(list))
	pairs, scored := bytes.Clone(elements), bytes.Clone(elements)
	var scoredLines, pairLines []string
	for i, s := range list {
		elements = rdb.AppendString(elements, []byte(s))
		pairs = rdb.AppendPair(pairs, []byte(s), []byte(list[len(list)-1-i]))
		pairLines = append(pairLines, s, list[len(list)-1-i])
		scored = rdb.AppendScored(scored, []byte(s), float64(i)/3)
		scoredLines = append(scoredLines, fmt.Sprintf("%q %v", s, float64(i)/3))
	}
	f.key(rdb.TypeList, "list", 0, elements, describeLines(rdb.List, quoted(list, 1)))
	f.key(rdb.TypeSet, "set", 0, elements, describeLines(rdb.Set, quoted(list, 1)))
	f.key(rdb.TypeHash, "hash", 0, pairs, describeLines(rdb.Hash, quoted(pairLines, 2)))
	f.key(rdb.TypeZSet, "zset", 0, scored, describeLines(rdb.ZSet, scoredLines))
	fillPacked(f)
}

func fillPacked(f *ours) {
	f.selectDB(1, 10, 0)
	nodes := rdb.AppendLen(nil, 3)
	nodes = rdb.AppendListPack(nodes, packOf("a", "1", "-70000"))
	nodes = rdb.AppendListPlain(nodes, bytes.Repeat([]byte("long"), 5000))
	nodes = rdb.AppendListPack(nodes, packOf("end"))
	f.key(rdb.TypeListPacks, "packs", 0, nodes, describeLines(rdb.List,
		[]string{`"a"`, `"1"`, `"-70000"`, `"` + strings.Repeat("long", 5000) + `"`, `"end"`}))
	f.key(rdb.TypeHashPack, "hash pack", 0, rdb.AppendText(nil, packOf("f", "v", "g", "5")),
		describeLines(rdb.Hash, []string{`"f" "v"`, `"g" "5"`}))
	f.key(rdb.TypeZSetPack, "zset pack", 0,
		rdb.AppendText(nil, packOf("m", "-1.5", "n", "5", "o", "inf")),
		describeLines(rdb.ZSet, []string{`"m" -1.5`, `"n" 5`, `"o" +Inf`}))
	for _, width := range []int{2, 4, 8} {
		ints := rdb.AppendIntsHeader(nil, width, 3)
		border := int64(1) << (8*width - 1)
		members := []string{}
		for _, v := range []int64{-border, -1, border - 1} {
			ints = rdb.AppendIntsMember(ints, width, v)
			members = append(members, fmt.Sprintf(`"%d"`, v))
		}
		f.key(rdb.TypeSetInts, fmt.Sprint("ints", width), 0, ints, describeLines(rdb.Set, members))
	}
	f.key(rdb.TypeStream2, "stream", 0, ourStream(),
		`stream
entry 5-0 ["a" "1" "b" "x"]
entry 6-1 ["c" "300"]
meta length 2 last 9-9 deleted 7-7 added 11 groups 1
group "g" last 6-1 read 2
pending 5-0 at 1700000000001 times 3
consumer "ann" seen 1700000000002
owned 5-0`)
}

func ourStream() []byte {
	node := packOf("2", "1", "2", "a", "b", "0",
		"2", "0", "0", "1", "x", "5",
		"0", "1", "1", "1", "c", "300", "6",
		"3", "2", "0", "1", "gone", "5")
	v := rdb.AppendLen(nil, 1)
	v = rdb.AppendStreamNode(v, rdb.StreamID{Ms: 5}, node)
	v = rdb.AppendStreamMeta(v, rdb.StreamMeta{
		Length: 2, Last: rdb.StreamID{Ms: 9, Seq: 9}, First: rdb.StreamID{Ms: 5},
		MaxDeleted: rdb.StreamID{Ms: 7, Seq: 7}, EntriesAdded: 11, Groups: 1,
	})
	v = rdb.AppendStreamGroup(v, rdb.StreamGroup{
		Name: []byte("g"), Last: rdb.StreamID{Ms: 6, Seq: 1}, EntriesRead: 2,
	}, 1)
	v = rdb.AppendStreamPending(v, rdb.StreamPending{
		ID: rdb.StreamID{Ms: 5}, DeliveredMs: 1700000000001, Deliveries: 3,
	})
	v = rdb.AppendLen(v, 1)
	ann := rdb.StreamConsumer{Name: []byte("ann"), SeenMs: 1700000000002}
	v = rdb.AppendStreamConsumer(v, ann, 1)
	return rdb.AppendStreamOwned(v, rdb.StreamID{Ms: 5})
}

// TestRedisLoads lets a real server start with a file of ours, and reads it ourselves.
func TestRedisLoads(t *testing.T) {
	f := newFile()
	f.b = rdb.AppendFunction(f.b, []byte(
		"#!lua name=lib\nredis.register_function('f', function() return 7 end)"))
	fillFile(f)
	file := f.end(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ours.rdb"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	s := dial(t, conformance.StartRedis(t, "--dir", dir, "--dbfilename", "ours.rdb",
		"--sanitize-dump-payload", "yes"))
	compare(t, "redis-server", s.describeAll(), f.want)
	if got := s.do("FCALL", "f", "0").Text; got != "7" {
		t.Errorf("FCALL: %s", got)
	}
	got, err := describeFile(rdb.NewReader(bytes.NewReader(file), rdb.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(got, func(name, _ string) bool {
		return strings.HasPrefix(name, "aux ") || name == "function"
	})
	compare(t, "ours", got, f.want)
}

// TestItems reads what belongs to keys beside their values.
func TestItems(t *testing.T) {
	f := newFile()
	f.selectDB(3, 300, 20)
	f.b = rdb.AppendIdle(f.b, 70000)
	f.key(rdb.TypeString, "idle", 1, rdb.AppendInt(nil, 5), "")
	f.b = rdb.AppendFreq(f.b, 200)
	f.key(rdb.TypeString, "often", 0, rdb.AppendInt(nil, 5), "")
	f.b = append(f.b, 244, 1, 2, 3) // what Valkey says of a slot
	f.b = append(f.b, 253, 1, 0, 0, 0)
	f.key(rdb.TypeString, "seconds", 0, rdb.AppendInt(nil, 5), "")
	f.key(rdb.TypeSet, "", 0, rdb.AppendLen(nil, 0), "")
	file := append(f.end(t), "the next thing"...)
	r := rdb.NewReader(bytes.NewReader(file), rdb.Options{})
	var got []string
	item, err := r.Next()
	for ; err == nil; item, err = r.Next() {
		line := fmt.Sprintf("%d %s %s", item.What, item.Name, item.Value)
		switch item.What {
		case rdb.ItemSizes:
			line = fmt.Sprintf("sizes %d %d", item.Keys, item.Deadlines)
		case rdb.ItemKey:
			line = fmt.Sprintf("key %q of %d, until %d, idle %d, freq %d, size %d",
				item.Key, item.DB, item.DeadlineMs, item.IdleSeconds, item.Freq, r.Size())
		}
		got = append(got, line)
	}
	want := []string{
		"1 redis-ver 7.0.15", "1 redis-bits 64", "1 stampede-ver 1.2.3", "2  ", "sizes 300 20",
		`key "idle" of 3, until 1, idle 70000, freq -1, size 1`,
		`key "often" of 3, until 0, idle -1, freq 200, size 1`,
		`key "seconds" of 3, until 1000, idle -1, freq -1, size 1`,
		`key "" of 3, until 0, idle -1, freq -1, size 0`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%v:\n%s", err, strings.Join(got, "\n"))
	}
	if string(r.Buffered()) != "the next thing" {
		t.Errorf("behind the file: %q", r.Buffered())
	}
}
