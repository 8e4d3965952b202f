// SPDX-License-Identifier: Apache-2.0

package rdb_test

import (
	"encoding/binary"
	"testing"

	"stampede/internal/rdb"
)

// fuzzElements are few and short: a fuzzer is slow with large seeds.
var fuzzElements = []string{
	"a", "1", "-300", "70000", "5000000000", "word", "0123456789012345678901234567890",
}

// FuzzReader reads hostile files: whatever they are, they end, and take little room.
func FuzzReader(f *testing.F) {
	whole := newFile()
	whole.b = append(whole.b, 247)
	whole.b = rdb.AppendModule(whole.b, rdb.NewModuleID("somemodul", 3))
	whole.b = append(whole.b, 2, 1, 5, 3, 'a', 'u', 'x', 0)
	whole.key(rdb.TypeStream2, "stream", 0, ourStream(), "")
	whole.key(rdb.TypeModule, "ours", 0, moduleValue(testModules[0]), "")
	whole.key(rdb.TypeModule, "other", 0, moduleValue(5), "")
	f.Add(whole.b)
	for _, value := range old(fuzzElements) {
		file := append(header("0009"), value[0], 1, 'k')
		f.Add(append(append(file, value[1:]...), 255, 0, 0, 0, 0, 0, 0, 0, 0))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if got := allocated(func() { _ = readFile(file) }); got > allocatedMax(len(file)) {
			t.Errorf("%d bytes took %d", len(file), got)
		}
	})
}

// FuzzDump reads hostile dumps. The frame is right, so that what is in it is looked at.
func FuzzDump(f *testing.F) {
	for _, value := range old(fuzzElements) {
		f.Add(value)
	}
	f.Add(append([]byte{byte(rdb.TypeStream2)}, ourStream()...))
	f.Add(append([]byte{byte(rdb.TypeModule)}, moduleValue(testModules[0])...))
	f.Add(append([]byte{byte(rdb.TypeHashPack)}, rdb.AppendText(nil, packOf("a", "1"))...))
	f.Add(append([]byte{byte(rdb.TypeSetPack)}, rdb.AppendText(nil, packOf("a", "1"))...))
	f.Fuzz(func(t *testing.T, value []byte) {
		if got := allocated(func() { _ = readDump(value) }); got > allocatedMax(len(value)) {
			t.Errorf("%d bytes took %d", len(value), got)
		}
	})
}

// FuzzPack puts hostile bytes into the frames of packs, with totals that are right.
func FuzzPack(f *testing.F) {
	f.Add(byte(0), ziplist(false, "a", "1", "300")[10:])
	f.Add(byte(1), zipmap(2, "f", "v"))
	f.Add(byte(2), []byte("12345678"))
	f.Fuzz(func(_ *testing.T, which byte, body []byte) {
		blob := body
		typ := []rdb.Type{
			rdb.TypeHashZiplist, rdb.TypeHashZipmap, rdb.TypeSetInts, rdb.TypeZSetZiplist,
		}[which%4]
		switch typ {
		case rdb.TypeHashZiplist, rdb.TypeZSetZiplist:
			blob = append(make([]byte, 10), body...)
			blob = append(blob, 255)
			binary.LittleEndian.PutUint32(blob, uint32(len(blob)))
			binary.LittleEndian.PutUint16(blob[8:], 65535)
		case rdb.TypeHashZipmap:
			blob = append(append([]byte{254}, body...), 255)
		case rdb.TypeSetInts:
			width := 2 << (which >> 4 % 3)
			blob = binary.LittleEndian.AppendUint32(nil, uint32(width))
			blob = binary.LittleEndian.AppendUint32(blob, uint32(len(body)/width))
			blob = append(blob, body...)
		}
		_ = readDump(rdb.AppendText([]byte{byte(typ)}, blob))
	})
}
