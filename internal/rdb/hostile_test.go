// SPDX-License-Identifier: Apache-2.0

package rdb_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"stampede/internal/rdb"
)

// drain reads a file without keeping anything, and every other value not at all.
func drain(r *rdb.Reader) error {
	for n := 0; ; n++ {
		item, err := r.Next()
		switch {
		case err == io.EOF:
			return nil
		case errors.Is(err, rdb.ErrModule):
			continue
		case err != nil:
			return err
		}
		if item.What == rdb.ItemKey && n%2 == 0 {
			if err := drainValue(r, item); err != nil {
				return err
			}
		}
	}
}

func drainValue(r *rdb.Reader, item *rdb.Item) error {
	var err error
	kind := item.Type.Kind()
	for err == nil {
		switch kind {
		case rdb.String:
			_, err = r.String()
		case rdb.List:
			if _, _, err = r.Node(); err == nil {
				_, err = r.Member()
			}
		case rdb.Set:
			_, err = r.Member()
		case rdb.Hash:
			_, _, err = r.Pair()
		case rdb.ZSet:
			_, _, err = r.Scored()
		case rdb.Module:
			_, err = r.Field()
		case rdb.Stream:
			return r.Stream(rdb.StreamVisitor{Entry: func(rdb.StreamID, [][]byte) error { return nil }})
		}
	}
	if err == io.EOF {
		return nil
	}
	return err
}

var testModules = []rdb.ModuleID{rdb.NewModuleID(rdb.StockName, rdb.StockVersion)}

func readFile(b []byte) error {
	options := rdb.Options{BufferBytes: 4096, Modules: testModules}
	return drain(rdb.NewReader(bytes.NewReader(b), options))
}

// readDump reads the value (a type and what follows) as a dump.
func readDump(value []byte) error {
	payload := rdb.AppendDumpEnd(bytes.Clone(value), 0)
	if err := rdb.CheckDump(payload); err != nil {
		return err
	}
	r := rdb.NewReader(nil, rdb.Options{Modules: testModules})
	item, err := r.Dump(payload)
	if err != nil {
		return err
	}
	return drainValue(r, item)
}

// header is the beginning of a file of a version.
func header(version string) []byte { return []byte("REDIS" + version) }

// TestErrors has files with one fault each.
func TestErrors(t *testing.T) {
	key := func(typ rdb.Type, value ...byte) []byte {
		return append(append(rdb.AppendKey(header("0010"), typ, []byte("k"), 0), value...), 255)
	}
	pack := func(typ rdb.Type, blob []byte) []byte { return key(typ, rdb.AppendText(nil, blob)...) }
	long := binary.BigEndian.AppendUint64([]byte{0x81}, 1<<62)
	// An element of this list is 0 (the one before), its length and its text.
	ziplistWith := func(at int, to byte) []byte {
		return pack(rdb.TypeListZiplist, spoil(ziplist(false, "a", "b"), at, to))
	}
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"nothing":                {nil, rdb.ErrFormat},
		"half a header":          {[]byte("REDIS00"), rdb.ErrFormat},
		"another format":         {[]byte("SQLite format 3"), rdb.ErrFormat},
		"version of letters":     {header("00x0"), rdb.ErrFormat},
		"version with a sign":    {header("+010"), rdb.ErrFormat},
		"version 0":              {header("0000"), rdb.ErrVersion},
		"version 13":             {header("0013"), rdb.ErrVersion},
		"Valkey 9":               {[]byte("VALKEY080"), rdb.ErrVersion},
		"no end":                 {header("0010"), rdb.ErrTruncated},
		"no checksum":            {append(header("0010"), 255, 1, 2, 3), rdb.ErrTruncated},
		"wrong checksum":         {append(header("0010"), 255, 1, 2, 3, 4, 5, 6, 7, 8), rdb.ErrChecksum},
		"functions of 7.0-rc":    {append(header("0010"), 246, 1, 'x'), rdb.ErrType},
		"opcode":                 {append(header("0010"), 243, 1), rdb.ErrType},
		"type 8":                 {key(8), rdb.ErrType},
		"type 26":                {key(26), rdb.ErrType},
		"old module":             {key(rdb.TypeModuleOld, 1), rdb.ErrType},
		"hash of Valkey 9":       {key(22, 1), rdb.ErrType},
		"database":               {append(append(header("0010"), 254), long...), rdb.ErrMalformed},
		"length as a code":       {append(header("0010"), 254, 0xC0, 1), rdb.ErrMalformed},
		"first byte of a length": {append(header("0010"), 254, 0x82), rdb.ErrMalformed},
		"string encoding":        {key(rdb.TypeString, 0xC4), rdb.ErrMalformed},
		"long string":            {key(rdb.TypeString, long...), rdb.ErrTooLong},
		"long count":             {key(rdb.TypeList, long...), rdb.ErrMalformed},
		"string cut off":         {key(rdb.TypeString, 0x7F, 0xFF, 'x'), rdb.ErrTruncated},
		"lzf ratio":              {key(rdb.TypeString, 0xC3, 1, 0x7F, 0xFF), rdb.ErrMalformed},
		"lzf much too long":      {key(rdb.TypeString, 0xC3, 0x7F, 0xFF, 1), rdb.ErrMalformed},
		"lzf too long":           {key(rdb.TypeString, 0xC3, 3, 1, 1, 'a', 'b'), rdb.ErrMalformed},
		"lzf too short":          {key(rdb.TypeString, 0xC3, 2, 3, 0, 'a'), rdb.ErrMalformed},
		"lzf data cut off":       {key(rdb.TypeString, 0xC3, 2, 5, 5, 'a'), rdb.ErrMalformed},
		"lzf before the start":   {key(rdb.TypeString, 0xC3, 2, 3, 0x20, 0), rdb.ErrMalformed},
		"lzf no offset":          {key(rdb.TypeString, 0xC3, 3, 4, 0, 'a', 0x20), rdb.ErrMalformed},
		"lzf no length":          {key(rdb.TypeString, 0xC3, 3, 4, 0, 'a', 0xE0), rdb.ErrMalformed},
		"score not a number": {key(rdb.TypeZSet, 1, 1, 'm', 1, 0, 0, 0, 0, 0, 0xF8, 0x7F),
			rdb.ErrMalformed},
		"score's text":         {key(rdb.TypeZSetText, 1, 1, 'm', 2, '1', 'x'), rdb.ErrMalformed},
		"score's text nan":     {key(rdb.TypeZSetText, 1, 1, 'm', 253), rdb.ErrMalformed},
		"score in a pack":      {pack(rdb.TypeZSetPack, packOf("m", "x")), rdb.ErrMalformed},
		"odd hash":             {pack(rdb.TypeHashPack, packOf("f", "v", "g")), rdb.ErrMalformed},
		"odd zset":             {pack(rdb.TypeZSetPack, packOf("f", "1", "g")), rdb.ErrMalformed},
		"listpack":             {pack(rdb.TypeHashPack, []byte("no listpack")), rdb.ErrMalformed},
		"node of a list":       {key(rdb.TypeListPacks, 1, 3, 1, 'x'), rdb.ErrMalformed},
		"ziplist":              {pack(rdb.TypeListZiplist, []byte("no ziplist..")), rdb.ErrMalformed},
		"ziplist: before":      {ziplistWith(13, 9), rdb.ErrMalformed},
		"ziplist: string":      {ziplistWith(11, 9), rdb.ErrMalformed},
		"ziplist: long string": {ziplistWith(11, 0x80), rdb.ErrMalformed},
		"ziplist: integer":     {ziplistWith(11, 0xE0), rdb.ErrMalformed},
		"ziplist: encoding":    {ziplistWith(11, 0xFF), rdb.ErrMalformed},
		"ziplist: end": {pack(rdb.TypeListZiplist, spoil(ziplist(false, "a"), 10, 0xFE)),
			rdb.ErrMalformed},
		"zipmap: no end":       {pack(rdb.TypeHashZipmap, []byte{1, 1, 'f'}), rdb.ErrMalformed},
		"zipmap: no value":     {pack(rdb.TypeHashZipmap, []byte{1, 1, 'f', 255}), rdb.ErrMalformed},
		"zipmap: half a value": {pack(rdb.TypeHashZipmap, []byte{1, 1, 'f', 1, 255}), rdb.ErrMalformed},
		"zipmap: long":         {pack(rdb.TypeHashZipmap, []byte{1, 254, 9, 9, 255}), rdb.ErrMalformed},
		"zipmap: free": {pack(rdb.TypeHashZipmap, []byte{1, 1, 'f', 1, 9, 'v', 255}),
			rdb.ErrMalformed},
		"intset: width": {pack(rdb.TypeSetInts, []byte{3, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3}),
			rdb.ErrMalformed},
		"intset: count": {pack(rdb.TypeSetInts, []byte{2, 0, 0, 0, 2, 0, 0, 0, 1, 2}),
			rdb.ErrMalformed},
		"intset: short": {pack(rdb.TypeSetInts, []byte{2, 0, 0, 0}), rdb.ErrMalformed},
		"module: field": {key(rdb.TypeModule, append(rdb.AppendModule(nil, testModules[0]), 6)...),
			rdb.ErrMalformed},
		"module aux": {append(header("0010"), 247, 1, 1, 1, 0), rdb.ErrMalformed},
	} {
		err := readFile(c.file)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// spoil changes one byte.
func spoil(b []byte, at int, to byte) []byte {
	b[at] = to
	return b
}

// TestStreamErrors has nodes of a stream with one fault each, and one with none.
func TestStreamErrors(t *testing.T) {
	stream := func(length uint64, elements ...string) []byte {
		v := rdb.AppendLen([]byte{byte(rdb.TypeStream2)}, 1)
		v = rdb.AppendStreamNode(v, rdb.StreamID{Ms: 5}, packOf(elements...))
		return rdb.AppendStreamMeta(v, rdb.StreamMeta{Length: length})
	}
	for name, c := range map[string]struct {
		value []byte
		want  error
	}{
		"good":      {stream(1, "1", "0", "1", "f", "0", "2", "0", "1", "v", "4"), nil},
		"length":    {stream(2, "1", "0", "1", "f", "0", "2", "0", "1", "v", "4"), rdb.ErrMalformed},
		"count":     {stream(1, "2", "0", "1", "f", "0", "2", "0", "1", "v", "4"), rdb.ErrMalformed},
		"deleted":   {stream(1, "1", "1", "1", "f", "0", "2", "0", "1", "v", "4"), rdb.ErrMalformed},
		"elements":  {stream(1, "1", "0", "1", "f", "0", "2", "0", "1", "v", "5"), rdb.ErrMalformed},
		"no values": {stream(1, "1", "0", "1", "f", "0", "2", "0", "1"), rdb.ErrMalformed},
		"no fields": {stream(1, "1", "0", "1000000000"), rdb.ErrMalformed},
		"empty":     {stream(0), rdb.ErrMalformed},
		"text":      {stream(1, "one", "0", "1", "f", "0", "2", "0", "1", "v", "4"), rdb.ErrMalformed},
		"same ID": {stream(2, "2", "0", "1", "f", "0", "2", "0", "1", "v", "4", "2", "0", "1", "v", "4"),
			rdb.ErrMalformed},
		"own fields": {stream(1, "1", "0", "1", "f", "0", "0", "0", "1", "999999", "v", "4"),
			rdb.ErrMalformed},
		"ID of a node": {append([]byte{byte(rdb.TypeStream2), 1, 3, 'a', 'b', 'c'},
			rdb.AppendText(nil, packOf())...), rdb.ErrMalformed},
	} {
		if err := readDump(c.value); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestVisitorStops ends a walk with the visitor's own error.
func TestVisitorStops(t *testing.T) {
	own := errors.New("enough")
	payload := rdb.AppendDumpEnd(append([]byte{byte(rdb.TypeStream2)}, ourStream()...), 0)
	for name, v := range map[string]rdb.StreamVisitor{
		"entry":    {Entry: func(rdb.StreamID, [][]byte) error { return own }},
		"meta":     {Meta: func(rdb.StreamMeta) error { return own }},
		"group":    {Group: func(rdb.StreamGroup) error { return own }},
		"pending":  {Pending: func(rdb.StreamPending) error { return own }},
		"consumer": {Consumer: func(rdb.StreamConsumer) error { return own }},
		"owned":    {Owned: func(rdb.StreamID) error { return own }},
	} {
		r := rdb.NewReader(nil, rdb.Options{})
		if _, err := r.Dump(payload); err != nil {
			t.Fatal(err)
		}
		if err := r.Stream(v); !errors.Is(err, own) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCut ends a file at every byte: no key may look whole that is not.
func TestCut(t *testing.T) {
	f := newFile()
	fillPacked(f)
	file := f.end(t)
	for n := range file {
		err := readFile(file[:n])
		if !errors.Is(err, rdb.ErrTruncated) && !errors.Is(err, rdb.ErrFormat) {
			t.Fatalf("%d of %d bytes: %v", n, len(file), err)
		}
	}
}

// TestErrorText names the byte, the key and the cause.
func TestErrorText(t *testing.T) {
	f := newFile()
	f.selectDB(3, 1, 0)
	f.b = append(rdb.AppendKey(f.b, rdb.TypeHash, []byte("user:\x001"), 0), 1, 1, 'f', 0xC9)
	err := readFile(f.b)
	want := `rdb: at byte 79, key "user:\x001" of database 3: malformed: encoding of a string`
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant\n%s", err, want)
	}
	broken := errors.New("broken disk")
	file := io.MultiReader(strings.NewReader("REDIS0010"), iotest.ErrReader(broken))
	r := rdb.NewReader(file, rdb.Options{})
	if _, err := r.Next(); !errors.Is(err, broken) {
		t.Error(err)
	}
	if _, err := r.Next(); !errors.Is(err, broken) {
		t.Errorf("later: %v", err)
	}
}

// TestSlowSource gives a file byte by byte, and stops at a source that gives nothing.
func TestSlowSource(t *testing.T) {
	f := newFile()
	fillPacked(f)
	r := rdb.NewReader(iotest.OneByteReader(bytes.NewReader(f.end(t))), rdb.Options{})
	if err := drain(r); err != nil {
		t.Error(err)
	}
	if err := drain(rdb.NewReader(nothing{}, rdb.Options{})); !errors.Is(err, io.ErrNoProgress) {
		t.Error(err)
	}
}

type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, nil }

// allocated tells how many bytes f takes, whether it gives them back or not.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// allocatedMax is what reading of n bytes may take. A string that LZF made shorter can be 88
// times as long; all others are not longer than what arrived, but room is made by doubling.
func allocatedMax(n int) uint64 { return 8<<20 + 300*uint64(n) }

// TestClaims: who claims half a gigabyte and sends a little gets little.
func TestClaims(t *testing.T) {
	length := []byte{0x80, 0x20, 0, 0, 0} // 512 MiB
	for name, value := range map[string][]byte{
		"string":   append([]byte{0}, length...),
		"list":     append([]byte{1}, length...),
		"hash":     append([]byte{4}, length...),
		"pack":     append([]byte{16}, length...),
		"lzf":      append(append([]byte{0, 0xC3}, length...), length...),
		"lzf pack": append(append([]byte{17, 0xC3, 0x80, 0, 0x60, 0, 0}, length...), "abc"...),
		"lzf gain": append(append([]byte{0, 0xC3, 3}, length...), 1, 'a', 'b', 0, 'a'),
		"stream":   append([]byte{15}, length...),
		"aux":      append([]byte{250}, length...),
		"zset":     append([]byte{5}, length...),
	} {
		file := append(header("0010"), value[0], 1, 'k')
		file = append(file, value[1:]...)
		var err error
		if got := allocated(func() { err = readFile(file) }); got > allocatedMax(len(file)) {
			t.Errorf("%s took %d bytes", name, got)
		}
		if err == nil {
			t.Errorf("%s was read", name)
		}
		if got := allocated(func() { err = readDump(value) }); got > allocatedMax(len(file)) {
			t.Errorf("dump of %s took %d bytes", name, got)
		}
		if err == nil {
			t.Errorf("dump of %s was read", name)
		}
	}
}
