// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"encoding/hex"
	"testing"

	"stampede/internal/disk/faulty"
)

// TestFormat pins down the bytes that docs/formats/journal.md draws: logs that are out there
// must stay readable. A change of them is a new version.
func TestFormat(t *testing.T) {
	s := segment{
		first: 0x1122334455667788, id: 0xc0ffee, previous: 0x1020304050607080,
		previousSum: 0xaabbccdd, epoch: 3, createdMs: 1_700_000_000_000,
	}
	const header = "53544d504a524e4c0100000040000000eeffc0000000000088776655443322118070605040302010" +
		"ddccbbaa030000000068e5cf8b01000000000000"
	if got := hex.EncodeToString(s.header()[:60]); got != header {
		t.Errorf("header\n%s, want\n%s", got, header)
	}
	if back, _, reason := parseHeader(s.header()); back != s || reason != "" {
		t.Errorf("read back: %+v, %s", back, reason)
	}
	if s.name() != "1122334455667788.log" {
		t.Errorf("name %s", s.name())
	}
	fs := faulty.New(1)
	l, err := Open(Options{FS: fs, Dir: "log", ID: 0xc0ffee, SegmentBytes: 4096, Fsync: Always}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range []string{"one", "two"} {
		l.Append([]byte(record))
		if !l.Commit() {
			t.Fatal(l.Failed())
		}
	}
	// A record, a mark that 15 bytes are durable, a record, a mark, a chain.
	const frames = "0300000020f29d01e9b2942a6f6e65" +
		"0800008066d83a0f54b34a340f00000000000000" + "03000000563e5c60a3b3d85274776f" +
		"08000080d2e3945ee92426973200000000000000" +
		"0c000080988aacaf2c12b160050000000000000002000000" +
		"03000000ae65555563c31225746872" + "0200000073dbf8f0012ce2786565"
	// A chain of two frames: its head says five bytes and two frames.
	l.options.FrameBytesMax = 3
	l.Append([]byte("three"))
	if !l.Commit() {
		t.Fatal(l.Failed())
	}
	got := hex.EncodeToString(content(t, fs, segmentPath(0))[headerBytes : headerBytes+l.End()])
	if got != frames {
		t.Errorf("frames\n%s, want\n%s", got, frames)
	}
}
