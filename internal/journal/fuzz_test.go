// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"errors"
	"fmt"
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
