// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"strings"
	"testing"

	"stampede/internal/disk"
	"stampede/internal/disk/faulty"
)

// twoSegments is a log of two segments as bytes.
func twoSegments(t testing.TB) (first, second []byte, edge Position) {
	fs := faulty.New(1)
	l, err := Open(Options{FS: fs, Dir: "log", ID: 7, SegmentBytes: 300, Fsync: Always}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		l.Append(fmt.Appendf(nil, "record %d %s", i, strings.Repeat("y", 50)))
		if !l.Commit() {
			t.Fatal(l.Failed())
		}
	}
	if len(l.segments) != 2 {
		t.Fatalf("%d segments", len(l.segments))
	}
	edge = l.segments[1].first
	fs = fs.Kill()
	return content(t, fs, segmentPath(0)), content(t, fs, segmentPath(edge)), edge
}

func content(t testing.TB, fs disk.FS, name string) []byte {
	t.Helper()
	size, err := fs.Size(name)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, size)
	f, err := fs.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.ReadAt(b, 0); err != nil {
		t.Fatal(err)
	}
	return b
}

func put(t testing.TB, fs disk.FS, name string, b []byte) {
	t.Helper()
	f, err := fs.OpenFile(name, os.O_RDWR|os.O_CREATE, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if len(b) > 0 {
		if _, err := f.WriteAt(b, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
}

// FuzzSegments lets anything be the files of a log. Whatever they are, nothing panics and no
// length in them makes memory; the check and the reader agree; after a repair the log opens
// and has the records that the check counted.
func FuzzSegments(f *testing.F) {
	first, second, edge := twoSegments(f)
	f.Add(first, second, []byte("claims 1 7\ncrc32c 0\n"))
	f.Add(first, []byte{}, []byte{})
	f.Add(second, first, []byte{})
	for _, at := range []int{10, 30, 62, 64, 66, 70, 100, 200} {
		wrong := append([]byte(nil), first...)
		wrong[at] = 0xff
		f.Add(wrong, second, []byte{})
		wrong = append([]byte(nil), second...)
		wrong[at] = 0x80
		f.Add(first, wrong, []byte{})
		f.Add(first, second[:at], []byte{})
	}
	f.Fuzz(func(t *testing.T, first, second, claims []byte) {
		fs := faulty.New(1)
		put(t, fs, segmentPath(0), first)
		put(t, fs, segmentPath(edge), second)
		put(t, fs, "log/"+claimsFile, claims)
		hostile(t, fs)
	})
}

func hostile(t *testing.T, fs *faulty.FS) {
	report, err := Check(fs, "log", nil)
	if err != nil {
		t.Fatalf("the check: %v", err)
	}
	records, err := readAll(fs)
	var damage *DamageError
	if err != nil && !errors.As(err, &damage) {
		t.Fatalf("reading: %v", err)
	}
	claims := report.Damage != nil && report.Damage.File == "log/"+claimsFile
	if (err != nil) != (report.Damage != nil && !claims) {
		t.Fatalf("the check says %v, the reader %v", report.Damage, err)
	}
	if damage != nil && report.Damage.File == damage.File && len(records) > int(report.Records) {
		t.Fatalf("the check counted %d records, the reader read %d", report.Records, len(records))
	}
	if _, err := Repair(fs, "log"); err != nil {
		t.Fatalf("repair: %v", err)
	}
	l, err := Open(Options{FS: fs, Dir: "log", SegmentBytes: 4096}, 0)
	if err != nil {
		t.Fatalf("a log that was repaired: %v", err)
	}
	if got := all(t, l.Read(l.First(), true)); int64(len(got)) != report.Records {
		t.Fatalf("%d records after the repair, the check counted %d", len(got), report.Records)
	}
}

func FuzzClaims(f *testing.F) {
	f.Add([]byte("claims 1 0000000000000007\n5 \"ledger\"\ncrc32c 00000000\n"))
	f.Add([]byte("crc32c "))
	f.Fuzz(func(t *testing.T, text []byte) {
		_, byName, err := parseClaims(text)
		if err == nil && len(byName) > len(text) {
			t.Errorf("%d claims in %d bytes", len(byName), len(text))
		}
	})
}

// FuzzFrames is FuzzSegments with checksums that are right: each four bytes of the script
// are a frame, or something that looks like one.
func FuzzFrames(f *testing.F) {
	f.Add([]byte{0, 9, 0, 0, 1, 3, 0, 0, 0, 5, 0, 0}, false)
	f.Add([]byte{0, 9, 0, 0, 2, 0xff, 0xff, 0xff, 0, 5, 0, 0, 1, 200, 0, 0}, true)
	f.Add([]byte{3, 9, 0, 0, 1, 255, 0, 0}, true)
	f.Add([]byte{5, 9, 0, 2, 0, 4, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0}, true)
	f.Add([]byte{5, 9, 0, 2, 0, 4, 0, 0, 0, 6, 0, 0, 0, 3, 0, 0}, false)
	f.Add([]byte{0, 9, 0, 0, 5, 255, 255, 255, 0, 4, 0, 0}, false)
	f.Add([]byte{0, 9, 0, 0, 4, 30, 0, 0, 0, 9, 0, 0, 1, 40, 0, 0}, false)
	f.Fuzz(func(t *testing.T, script []byte, follows bool) {
		fs := faulty.New(1)
		s := segment{id: 7}
		b := s.header()
		b, end := perform(b, script)
		put(t, fs, segmentPath(0), b)
		if follows {
			next := segment{id: 7, first: end.at, previousSum: end.sum}
			put(t, fs, segmentPath(next.first), next.header())
		}
		hostile(t, fs)
	})
}

// perform appends what a script says to a segment of log 7 that begins at position 0.
func perform(b, script []byte) (_ []byte, end mark) {
	id := identify(7)
	at := func() Position { return Position(len(b) - headerBytes) }
	for ; len(script) >= 4 && len(b) < 1<<16; script = script[4:] {
		kind, n := script[0]%6, uint32(script[1])|uint32(script[2])<<8
		var frame [frameHeadBytes]byte
		switch kind {
		case 0: // a record
			payload := []byte(strings.Repeat("r", int(n%1000)))
			id.putHead(frame[:], at(), uint32(len(payload)), crc32.Checksum(payload, castagnoli))
			b = append(append(b, frame[:]...), payload...)
		case 1: // a mark
			id.putHead(frame[:], at(), markBytes|markBit, id.sum(Position(n)))
			b = binary.LittleEndian.AppendUint64(append(b, frame[:]...), uint64(n))
		case 2: // a length from anywhere
			id.putHead(frame[:], at(), n|uint32(script[3])<<24, 1)
			b = append(b, frame[:]...)
		case 3: // a record whose payload is not its own
			id.putHead(frame[:], at(), n%1000, n)
			b = append(append(b, frame[:]...), make([]byte, n%1000)...)
		case 4: // zeros
			b = append(b, make([]byte, n%1000)...)
		case 5: // the head of a chain
			payload := chain{uint64(n), uint32(script[3])}.append(nil)
			id.putHead(frame[:], at(), chainBytes|markBit, crc32.Checksum(payload, castagnoli))
			b = append(append(b, frame[:]...), payload...)
		}
		end = mark{at(), readHead(frame[:]).sum}
	}
	return b, end
}
