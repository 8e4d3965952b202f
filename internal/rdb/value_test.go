// SPDX-License-Identifier: Apache-2.0

package rdb_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stampede/internal/rdb"
	"stampede/internal/seedtest"
)

// moduleValue has a field of each kind we write.
func moduleValue(id rdb.ModuleID) []byte {
	v := rdb.AppendModule(nil, id)
	v = rdb.AppendModuleString(v, []byte(`{"a":1}`))
	v = rdb.AppendModuleInt(v, -5)
	v = rdb.AppendModuleUint(v, math.MaxUint64)
	v = rdb.AppendModuleDouble(v, 0.1)
	v = append(v, 3, 0, 0, 0xC0, 0x3F) // 1.5 as a float
	return rdb.AppendModuleEnd(v)
}

// TestModules reads our own, leaves others out with an error that names them, and knows
// Redis' way of writing names as numbers.
func TestModules(t *testing.T) {
	mine, other := rdb.NewModuleID("ReJSON-RL", 3), rdb.NewModuleID("MBbloom--", 4)
	if mine.Name() != rdb.JSONName || mine.Version() != rdb.JSONVersion ||
		other.Name() != "MBbloom--" || other.Version() != 4 {
		t.Errorf("%s %d %s", mine.Name(), mine.Version(), other.Name())
	}
	f := newFile()
	f.b = append(rdb.AppendModule(append(f.b, 247), other), 2, 2, 5, 1, 'x', 0)
	f.key(rdb.TypeModule, "mine", 0, moduleValue(mine), "")
	f.key(rdb.TypeModule, "other", 0, moduleValue(other), "")
	f.key(rdb.TypeString, "last", 0, rdb.AppendInt(nil, 1), "")
	r := rdb.NewReader(bytes.NewReader(f.end(t)), rdb.Options{Modules: []rdb.ModuleID{mine}})
	var got []string
	for {
		item, err := r.Next()
		if err == io.EOF {
			break
		}
		switch {
		case errors.Is(err, rdb.ErrModule):
			text := err.Error()
			got = append(got, string(item.Key)+text[strings.Index(text, " of "):])
		case err != nil:
			t.Fatal(err)
		case item.What == rdb.ItemModuleAux:
			got = append(got, "aux of "+item.Module.Name())
		case item.What == rdb.ItemKey:
			text, err := describeValue(r, item)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, text)
		}
	}
	want := `aux of MBbloom--
module ReJSON-RL 3
5 0 0 0 "{\"a\":1}"
1 -5 0 0 ""
2 0 18446744073709551615 0 ""
4 0 0 0.1 ""
3 0 0 1.5 ""
other of database 0: value of a module that is not known here: type MBbloom-- version 4
string "1"`
	if strings.Join(got, "\n") != want {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}

// TestRedisRefusesModules shows what a real server says of our own types: it knows their
// names, so the number is right.
func TestRedisRefusesModules(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	s, _ := start(t, "--logfile", log, "--loglevel", "verbose")
	for _, id := range []rdb.ModuleID{testModules[0], rdb.NewModuleID(rdb.JSONName, rdb.JSONVersion)} {
		value := append([]byte{byte(rdb.TypeModule)}, moduleValue(id)...)
		v, err := s.conn.Do("RESTORE", "k", "0", string(rdb.AppendDumpEnd(value, 0)))
		if err != nil || v.Text != "ERR Bad data format" {
			t.Errorf("%v %s", err, v.Text)
		}
		text, err := os.ReadFile(log)
		want := "no matching module type '" + id.Name() + "'"
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("the log does not say %s: %v\n%s", want, err, text)
		}
	}
}

// TestNewer reads what only later versions write.
func TestNewer(t *testing.T) {
	r := rdb.NewReader(nil, rdb.Options{})
	stream := rdb.AppendLen([]byte{byte(rdb.TypeStream3)}, 0)
	stream = rdb.AppendStreamMeta(stream, rdb.StreamMeta{Groups: 1})
	stream = rdb.AppendStreamGroup(stream, rdb.StreamGroup{Name: []byte("g")}, 0)
	stream = rdb.AppendLen(stream, 1)
	stream = append(stream, 1, 'c')
	stream = binary.LittleEndian.AppendUint64(stream, 1)
	stream = binary.LittleEndian.AppendUint64(stream, 2)
	stream = append(stream, 0)
	for _, c := range []struct {
		value []byte
		want  string
	}{
		{rdb.AppendText([]byte{byte(rdb.TypeSetPack)}, packOf("b", "5")), "set\n\"5\"\n\"b\""},
		{stream, "stream\nmeta length 0 last 0-0 deleted 0-0 added 0 groups 1\n" +
			"group \"g\" last 0-0 read 0\nconsumer \"c\" seen 1"},
	} {
		item, err := r.Dump(rdb.AppendDumpEnd(c.value, 0))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := describeValue(r, item); err != nil || got != c.want {
			t.Errorf("%v %s\nwant\n%s", err, got, c.want)
		}
	}
}

// TestPack gives packs as they lie in the file, and only as a whole.
func TestPack(t *testing.T) {
	r := rdb.NewReader(nil, rdb.Options{})
	pack := packOf("a", "1", "b", "2")
	open := func(typ rdb.Type, size int) {
		t.Helper()
		payload := rdb.AppendDumpEnd(rdb.AppendText([]byte{byte(typ)}, pack), 0)
		if _, err := r.Dump(payload); err != nil || r.Size() != size {
			t.Fatalf("type %d: %v, size %d, want %d", typ, err, r.Size(), size)
		}
	}
	for typ, size := range map[rdb.Type]int{
		rdb.TypeHashPack: 2, rdb.TypeZSetPack: 2, rdb.TypeSetPack: 4,
	} {
		open(typ, size)
		if got, ok := r.Pack(); !ok || !bytes.Equal(got, pack) {
			t.Errorf("type %d: %v %q", typ, ok, got)
		}
		if _, ok := r.Pack(); ok {
			t.Errorf("type %d: two packs", typ)
		}
	}
	open(rdb.TypeHashPack, 2)
	if _, _, err := r.Pair(); err != nil {
		t.Fatal(err)
	}
	if _, ok := r.Pack(); ok {
		t.Error("a pack of which a pair has been read")
	}
}

// TestDeadlines: our own number for none is a deadline if a file says so, and Redis' is not.
func TestDeadlines(t *testing.T) {
	for ms, want := range map[int64]int64{0: 1, -1: 0, -2: -2, 5: 5} {
		file := binary.LittleEndian.AppendUint64(append(header("0010"), 252), uint64(ms))
		file = append(file, 0, 1, 'k', 1, 'v')
		item, err := rdb.NewReader(bytes.NewReader(file), rdb.Options{}).Next()
		if err != nil || item.DeadlineMs != want {
			t.Errorf("%d: %v %+v", ms, err, item)
		}
	}
}

// TestVersions reads files of all versions: those before 5 have no checksum.
func TestVersions(t *testing.T) {
	for version := 1; version <= rdb.VersionMax; version++ {
		file := append(fmt.Appendf(nil, "REDIS%04d", version), 254, 0, 0, 1, 'k', 1, 'v', 255)
		if version >= 5 {
			file = append(file, make([]byte, 8)...) // no checksum
		}
		got, err := describeFile(rdb.NewReader(bytes.NewReader(file), rdb.Options{}))
		if err != nil || got[`0 "k"`] != `until 0 string "v"` {
			t.Errorf("version %d: %v %v", version, err, got)
		}
	}
}

// TestDumpFrame checks the frame of dumps.
func TestDumpFrame(t *testing.T) {
	good := rdb.AppendDumpEnd([]byte{1, 1, 'x'}, 0)
	newer := bytes.Clone(good)
	newer[3] = rdb.VersionMax + 1
	for name, c := range map[string]struct {
		payload []byte
		want    error
	}{
		"good": {good, nil}, "short": {good[:9], rdb.ErrDumpShort}, "none": {nil, rdb.ErrDumpShort},
		"newer": {newer, rdb.ErrDumpVersion}, "cut": {good[1:], rdb.ErrDumpChecksum},
		"spoiled": {spoil(bytes.Clone(good), 2, 'y'), rdb.ErrDumpChecksum},
	} {
		if err := rdb.CheckDump(c.payload); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	r := rdb.NewReader(nil, rdb.Options{})
	if _, err := r.Dump(rdb.AppendDumpEnd(nil, 0)); !errors.Is(err, rdb.ErrTruncated) {
		t.Error(err)
	}
}

// TestRoundTrip writes random values and reads them again.
func TestRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(seedtest.Of(t), 10))
	f := newFile()
	for db := range 3 {
		f.selectDB(db, 200, 100)
		for i := range 200 {
			randomKey(f, random, fmt.Sprint(randomText(random), i))
		}
	}
	options := rdb.Options{BufferBytes: 64 + random.IntN(1000)}
	got, err := describeFile(rdb.NewReader(bytes.NewReader(f.end(t)), options))
	if err != nil {
		t.Fatal(err)
	}
	for name := range got {
		if strings.HasPrefix(name, "aux ") {
			delete(got, name)
		}
	}
	compare(t, "round trip", got, f.want)
}

func randomText(random *rand.Rand) string {
	switch random.IntN(4) {
	case 0:
		return fmt.Sprint(int64(random.Uint64()) >> random.IntN(64))
	case 1:
		return strings.Repeat(string(rune('a'+random.IntN(26))), random.IntN(300))
	}
	b := make([]byte, random.IntN(1<<random.IntN(14)))
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return string(b)
}

func randomKey(f *ours, random *rand.Rand, key string) {
	deadlineMs := int64(0)
	if random.IntN(2) == 0 {
		deadlineMs = int64(random.Uint64()>>1) + 1
	}
	n := 1 + random.IntN(1<<random.IntN(8))
	value, lines := rdb.AppendLen(nil, n), []string(nil)
	switch random.IntN(5) {
	case 0:
		s := randomText(random)
		value = rdb.AppendString(nil, []byte(s))
		f.key(rdb.TypeString, key, deadlineMs, value, fmt.Sprintf("string %q", s))
	case 1:
		for range n {
			s := randomText(random)
			value, lines = rdb.AppendString(value, []byte(s)), append(lines, s)
		}
		f.key(rdb.TypeList, key, deadlineMs, value, describeLines(rdb.List, quoted(lines, 1)))
	case 2:
		for range n {
			field, s := randomText(random), randomText(random)
			value, lines = rdb.AppendPair(value, []byte(field), []byte(s)), append(lines, field, s)
		}
		f.key(rdb.TypeHash, key, deadlineMs, value, describeLines(rdb.Hash, quoted(lines, 2)))
	case 3:
		for range n {
			s, score := randomText(random), math.Float64frombits(random.Uint64()&^(1<<62))
			value = rdb.AppendScored(value, []byte(s), score)
			lines = append(lines, fmt.Sprintf("%q %v", s, score))
		}
		f.key(rdb.TypeZSet, key, deadlineMs, value, describeLines(rdb.ZSet, lines))
	case 4:
		for range n {
			lines = append(lines, randomText(random))
		}
		value = rdb.AppendListPack(rdb.AppendLen(nil, 1), packOf(lines...))
		f.key(rdb.TypeListPacks, key, deadlineMs, value, describeLines(rdb.List, quoted(lines, 1)))
	}
}
