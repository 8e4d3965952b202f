// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"strings"
	"testing"

	"stampede/internal/disk"
	"stampede/internal/disk/faulty"
)

// many makes records durable, one a segment.
func many(t *testing.T, s *stand, n int) (ends []Position) {
	t.Helper()
	for i := range n {
		ends = append(ends, s.put(t, fmt.Sprintf("record %d %s", i, strings.Repeat("x", 80))))
	}
	return ends
}

func TestClaimsHoldSegmentsBack(t *testing.T) {
	s := newStand(t, Options{SegmentBytes: 100})
	ends := many(t, s, 10)
	if err := s.Claim("ledger", ends[3]); err != nil {
		t.Fatal(err)
	}
	if err := s.Claim("replica \"1\"\n", ends[6]); err != nil {
		t.Fatal(err)
	}
	if err := s.DropBefore(ends[8]); err != nil {
		t.Fatal(err)
	}
	if s.First() != ends[3] {
		t.Errorf("the log begins at %d, want %d, which is claimed", s.First(), ends[3])
	}
	claims := s.Claims()
	s.fs = s.fs.Crash()
	s.open(t, ends[8])
	if !maps.Equal(s.Claims(), claims) {
		t.Errorf("claims after a power cut: %v, want %v", s.Claims(), claims)
	}
	if err := s.DropBefore(ends[8]); err != nil {
		t.Fatal(err)
	}
	if err := s.Release("ledger"); err != nil || s.First() != ends[6] {
		t.Errorf("after a release the log begins at %d, want %d (%v)", s.First(), ends[6], err)
	}
	if err := s.Claim("ledger", ends[3]); !errors.Is(err, ErrClaimLost) {
		t.Errorf("claimed what is gone: %v", err)
	}
	if err := s.Claim("ledger", s.End()+1); !errors.Is(err, ErrBeyondEnd) {
		t.Errorf("claimed what is not there: %v", err)
	}
}

func TestClaimTooFarBehindIsLost(t *testing.T) {
	s := newStand(t, Options{SegmentBytes: 100, ClaimBytesMax: 500})
	if err := s.Claim("ledger", 0); err != nil {
		t.Fatal(err)
	}
	reader := s.Read(0, true)
	ends := many(t, s, 4)
	if err := s.DropBefore(ends[3]); err != nil {
		t.Fatal(err)
	}
	if _, _, err := reader.Next(); err != nil || s.First() != 0 {
		t.Fatalf("the claim does not hold: first %d, %v", s.First(), err)
	}
	many(t, s, 4)
	if s.First() == 0 || len(s.Claims()) != 0 {
		t.Errorf("the claim holds back %d bytes", s.End()-s.First())
	}
	if !strings.Contains(s.said.String(), "lost its claim") {
		t.Errorf("the log says nothing: %s", s.said)
	}
	for range 2 { // the file of the first record is still open; the second one's is gone
		if _, _, err := reader.Next(); err != nil {
			if !errors.Is(err, ErrClaimLost) {
				t.Errorf("the reader hears: %v", err)
			}
			return
		}
	}
	t.Error("the reader hears nothing")
}

func TestClaimsFileIsDamaged(t *testing.T) {
	s := newStand(t, Options{})
	if err := s.Claim("ledger", 0); err != nil {
		t.Fatal(err)
	}
	s.fs = s.fs.Kill()
	s.fs.Flip("log/claims", 12, 0)
	var damage *DamageError
	if err := s.tryOpen(0); !errors.As(err, &damage) || damage.File != "log/claims" {
		t.Errorf("opened: %v", err)
	}
}

func TestTooManyClaims(t *testing.T) {
	s := newStand(t, Options{})
	var err error
	for i := 0; err == nil && i <= ClaimsMax; i++ {
		err = s.Claim(fmt.Sprint(i), 0)
	}
	if err == nil || len(s.Claims()) != ClaimsMax {
		t.Errorf("%d claims: %v", len(s.Claims()), err)
	}
}

func TestReaderSeesWhatItMay(t *testing.T) {
	s := newStand(t, Options{Fsync: No})
	s.put(t, "durable")
	s.Append([]byte("written"))
	s.step()
	s.Append([]byte("waits in memory"))
	if got := all(t, s.Read(0, true)); fmt.Sprint(got) != "[durable]" {
		t.Errorf("a reader of what is durable reads %q", got)
	}
	if got := all(t, s.Read(0, false)); fmt.Sprint(got) != "[durable written]" {
		t.Errorf("a reader of what is written reads %q", got)
	}
	if _, _, err := s.Read(s.End()+1, true).Next(); !errors.Is(err, ErrBeyondEnd) {
		t.Errorf("a reader from after the end: %v", err)
	}
}

func TestReaderWaits(t *testing.T) {
	s := newStand(t, Options{})
	r := s.Read(0, true)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Wait(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("waits for nothing: %v", err)
	}
	heard := make(chan error)
	go func() { heard <- r.Wait(t.Context()) }()
	s.put(t, "news")
	if err := <-heard; err != nil {
		t.Error(err)
	}
	if got := all(t, r); fmt.Sprint(got) != "[news]" {
		t.Errorf("read %q", got)
	}
	go func() { heard <- r.Wait(t.Context()) }()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// The seal of Close is news, too, though not a record.
	for err := range heard {
		if errors.Is(err, ErrClosed) {
			return
		}
		if _, _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Fatalf("a record after the end: %v", err)
		}
		go func() { heard <- r.Wait(t.Context()) }()
	}
}

// TestReaderFollowsARewrite: a reader of what is written has read on in a segment whose end
// is given up after a sync failed.
func TestReaderFollowsARewrite(t *testing.T) {
	s := newStand(t, Options{Fsync: No})
	s.put(t, "one")
	r := s.Read(0, false)
	s.Append([]byte("two"))
	s.step()
	if got := all(t, r); fmt.Sprint(got) != "[one two]" {
		t.Fatalf("read %q", got)
	}
	s.fs.Hook(failing(faulty.Sync, true))
	s.Append([]byte("three"))
	if err := s.Flush(t.Context()); !errors.Is(err, errFault) {
		t.Fatal(err)
	}
	if got := all(t, r); got != nil {
		t.Errorf("read %q while the disk fails", got)
	}
	s.fs.Hook(nil)
	s.put(t, "four")
	if got := all(t, r); fmt.Sprint(got) != "[three four]" {
		t.Errorf("read %q after it", got)
	}
}

// interposed tells before a file is read.
type interposed struct {
	disk.FS
	reading func()
}

type interposedFile struct {
	disk.File
	fs *interposed
}

func (f *interposed) OpenFile(name string, flag int, perm fs.FileMode) (disk.File, error) {
	file, err := f.FS.OpenFile(name, flag, perm)
	return interposedFile{file, f}, err
}

func (f interposedFile) ReadAt(p []byte, offset int64) (int, error) {
	f.fs.reading()
	return f.File.ReadAt(p, offset)
}

// TestReaderIsOvertaken: what a reader is about to read is given up at that very moment.
func TestReaderIsOvertaken(t *testing.T) {
	s := newStand(t, Options{Fsync: No})
	s.put(t, "one")
	wrapped := &interposed{FS: s.fs, reading: func() {}}
	s.folder.fs = wrapped
	r := s.Read(0, false)
	if got := all(t, r); fmt.Sprint(got) != "[one]" {
		t.Fatalf("read %q", got)
	}
	s.Append([]byte("two"))
	s.step()
	wrapped.reading = func() {
		wrapped.reading = func() {}
		s.fs.Hook(failing(faulty.Sync, true))
		if err := s.Flush(t.Context()); !errors.Is(err, errFault) {
			t.Error(err)
		}
		s.fs.Hook(nil)
	}
	if got := all(t, r); got != nil {
		t.Errorf("read %q, which is not written any more", got)
	}
	s.put(t, "three")
	if got := all(t, r); fmt.Sprint(got) != "[two three]" {
		t.Errorf("read %q", got)
	}
}

// TestReaderBesideAFailingDisk: whatever a reader meets while segments are given up and
// written again, it never takes it for damage.
func TestReaderBesideAFailingDisk(t *testing.T) {
	s := newStand(t, Options{Fsync: No, SegmentBytes: 500})
	const records = 500
	read := make(chan int)
	go func() {
		r, n := s.Read(0, false), 0
		for n < records {
			record, _, err := r.Next()
			switch {
			case errors.Is(err, io.EOF):
				if err := r.Wait(t.Context()); err != nil {
					t.Error(err)
					n = records
				}
			case err != nil || string(record) != fmt.Sprint("record ", n):
				t.Errorf("record %d is %q, %v", n, record, err)
				n = records
			default:
				n++
			}
		}
		read <- n
	}()
	broken := false
	for i := range records {
		s.Append(fmt.Appendf(nil, "record %d", i))
		if i%3 == 0 {
			s.step()
		}
		if i%10 == 0 {
			broken = !broken
			s.fs.Hook(failing(faulty.Sync, broken))
			_ = s.Flush(t.Context())
		}
	}
	s.fs.Hook(nil)
	if err := s.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	<-read
}

// failing makes one kind of operation fail.
func failing(kind faulty.Kind, broken bool) func(faulty.Op) error {
	return func(op faulty.Op) error {
		if broken && op.Kind == kind {
			return errFault
		}
		return nil
	}
}

func TestAppendWaitsForRoom(t *testing.T) {
	fs := faulty.New(1)
	stuck, goOn := make(chan struct{}, 100), make(chan struct{})
	l, err := Open(Options{FS: fs, Dir: "log", SegmentBytes: 1 << 16, BufferBytesMax: 1000}, 0)
	if err != nil {
		t.Fatal(err)
	}
	l.Append([]byte("the first segment is made"))
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	fs.Hook(func(op faulty.Op) error {
		if op.Kind == faulty.Sync {
			stuck <- struct{}{}
			<-goOn
		}
		return nil
	})
	run(t, l)
	l.Append([]byte("the writer is at work on this"))
	<-stuck
	last := make(chan Position)
	go func() {
		var end Position
		for range 20 {
			end = l.Append(make([]byte, 100))
		}
		last <- end
	}()
	select {
	case end := <-last:
		t.Errorf("appended up to %d although only %d are durable", end, l.Durable())
	case <-l.wake: // by an appender that is about to wait
	}
	if waits := l.End() - l.Durable(); waits > 1000+frameBytes(100)+frameBytes(markBytes) {
		t.Errorf("%d bytes wait in memory", waits)
	}
	close(goOn)
	if err := l.Wait(t.Context(), <-last); err != nil {
		t.Error(err)
	}
}

func TestRepair(t *testing.T) {
	s := newStand(t, Options{Fsync: Always, SegmentBytes: 300})
	many(t, s, 9)
	second := s.segments[1]
	s.fs = s.fs.Kill()
	before, err := readAll(s.fs)
	if err != nil {
		t.Fatal(err)
	}
	s.fs.Flip(segmentPath(second.first), 200, 1)
	report, err := Check(s.fs, "log", nil)
	if err != nil || report.Damage == nil {
		t.Fatalf("the check says %+v, %v", report, err)
	}
	repaired, err := Repair(s.fs, "log")
	if err != nil || repaired.Damage == nil || *repaired.Damage != *report.Damage {
		t.Fatalf("the repair says %+v, %v", repaired, err)
	}
	after, err := readAll(s.fs)
	if err != nil || len(after) != int(report.Records) ||
		fmt.Sprint(after) != fmt.Sprint(before[:len(after)]) {
		t.Errorf("after the repair there are %d records of %d: %v", len(after), report.Records, err)
	}
	names, _ := s.fs.ReadDir("log")
	if text := strings.Join(names, " "); strings.Count(text, damagedSuffix) < 2 {
		t.Errorf("what was cut off is not kept: %s", text)
	}
	s.open(t, 0)
	s.put(t, "goes on")
	s.want(t, 0, append(after, "goes on")...)
	if report, err := Check(s.fs, "log", nil); err != nil || report.Damage != nil {
		t.Errorf("the log that was repaired: %+v, %v", report, err)
	}
}

func TestCheckOfAWholeLog(t *testing.T) {
	s := newStand(t, Options{SegmentBytes: 300})
	many(t, s, 9)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	told := 0
	report, err := Check(s.fs.Kill(), "log", func(int64, int64) { told++ })
	want := Report{ID: 7, Segments: len(s.segments), Records: 9, End: s.End(), Bytes: int64(s.End())}
	if err != nil || report != want || told == 0 {
		t.Errorf("the check says %+v, %v, told %d; want %+v", report, err, told, want)
	}
}
