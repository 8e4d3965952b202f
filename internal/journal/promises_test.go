// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"stampede/internal/disk"
	"stampede/internal/disk/faulty"
)

// stand is a log on a simulated disk whose writer the test steps by hand.
type stand struct {
	*Log
	fs      *faulty.FS
	options Options
	now     time.Time
	said    *bytes.Buffer // the log lines
}

func newStand(t *testing.T, o Options) *stand {
	t.Helper()
	s := &stand{fs: faulty.New(1), options: o, now: time.Unix(1e9, 0), said: new(bytes.Buffer)}
	s.options.Dir = "log"
	s.options.SegmentBytes = cmp.Or(o.SegmentBytes, 1<<16)
	s.options.ID = 7
	s.options.Now = func() time.Time { return s.now }
	s.options.Log = slog.New(slog.NewTextHandler(s.said, nil))
	s.open(t, 0)
	return s
}

// open opens the log on the disk as it is.
func (s *stand) open(t *testing.T, from Position) {
	t.Helper()
	if err := s.tryOpen(from); err != nil {
		t.Fatal(err)
	}
}

func (s *stand) tryOpen(from Position) error {
	s.options.FS = s.fs
	l, err := Open(s.options, from)
	if err != nil {
		return err
	}
	l.writer.spawn = func(f func()) { f() }
	s.Log = l
	return nil
}

// put appends and makes durable.
func (s *stand) put(t *testing.T, records ...string) (end Position) {
	t.Helper()
	for _, r := range records {
		end = s.Append([]byte(r))
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	return end
}

// want compares what there is with what is to be.
func (s *stand) want(t *testing.T, from Position, records ...string) {
	t.Helper()
	r := s.Read(from, false)
	defer r.Close()
	if got := all(t, r); fmt.Sprint(got) != fmt.Sprint(records) {
		t.Errorf("read %q, want %q", got, records)
	}
}

// segmentPath is the path of the segment that begins at a position.
func segmentPath(first Position) string { return "log/" + segmentName(first) }

func TestOneProcessAtATime(t *testing.T) {
	dir := t.TempDir()
	l := start(t, Options{Dir: dir}, 0)
	if _, err := Open(Options{Dir: dir}, 0); !errors.Is(err, disk.ErrLocked) {
		t.Errorf("a second process: %v, want ErrLocked", err)
	}
	if _, err := Repair(disk.OS{}, dir); !errors.Is(err, disk.ErrLocked) {
		t.Errorf("a repair beside the process: %v, want ErrLocked", err)
	}
	l.Append([]byte("x"))
}

func TestTornTailIsCut(t *testing.T) {
	s := newStand(t, Options{Fsync: Always})
	whole := s.put(t, "one", "two")
	s.put(t, "three, which is torn")
	s.fs = s.fs.Kill()
	cut(t, s.fs, segmentPath(0), headerBytes+int64(whole)+frameHeadBytes+markBytes+20)
	s.open(t, 0)
	s.want(t, 0, "one", "two")
	if !strings.Contains(s.said.String(), "cut off") {
		t.Errorf("the log says nothing of it: %s", s.said)
	}
	s.put(t, "four")
	s.fs = s.fs.Crash()
	s.open(t, 0)
	s.want(t, 0, "one", "two", "four")
}

func cut(t *testing.T, fs *faulty.FS, name string, size int64) {
	t.Helper()
	f, err := fs.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(size), f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestEveryBitMatters turns over one bit after the other: either the start is refused, or
// the reading is, or what is read is a prefix; and a prefix may lack only what no mark
// vouches for, the very last sync.
func TestEveryBitMatters(t *testing.T) {
	s := newStand(t, Options{Fsync: Always, SegmentBytes: 256})
	var records []string
	var ends []Position
	for i := 0; i < 12 || s.End()-s.segments[len(s.segments)-1].first < 150; i++ {
		records = append(records, fmt.Sprintf("record %d %s", i, strings.Repeat("x", i)))
		ends = append(ends, s.put(t, records[i]))
	}
	files := map[string]int64{}
	s.fs = s.fs.Kill()
	for _, seg := range s.segments {
		size, err := s.fs.Size(segmentPath(seg.first))
		if err != nil {
			t.Fatal(err)
		}
		files[segmentPath(seg.first)] = size
	}
	if len(files) < 3 {
		t.Fatalf("%d segments, want some", len(files))
	}
	for name, size := range files {
		for offset := range size {
			oneFlip(t, s, name, offset, records, ends)
			if t.Failed() {
				return
			}
		}
	}
}

func oneFlip(t *testing.T, s *stand, name string, offset int64, records []string, ends []Position) {
	bit := uint(offset % 8)
	last := name == segmentPath(s.segments[len(s.segments)-1].first)
	s.fs.Flip(name, offset, bit)
	report, err := Check(s.fs, "log", nil)
	if err != nil {
		t.Fatal(err)
	}
	// Opening would cut, so it is done to a copy.
	found, err := readAll(s.fs)
	s.fs.Flip(name, offset, bit)
	where := fmt.Sprintf("%s, byte %d", name, offset)
	var damage *DamageError
	switch {
	case errors.As(err, &damage):
		if report.Damage == nil || *report.Damage != *damage {
			t.Errorf("%s: the check says %v, the reader %v", where, report.Damage, damage)
		}
		if damage.File != name || damage.Offset > max(offset, headerBytes) || damage.Offset < offset-60 {
			t.Errorf("%s: damage is said to be at %v", where, damage)
		}
		return
	case err != nil:
		t.Errorf("%s: %v", where, err)
		return
	}
	least := len(records)
	if last {
		least -= 1 // nothing vouches for the last sync
	}
	if len(found) < least || fmt.Sprint(found) != fmt.Sprint(records[:len(found)]) {
		t.Errorf("%s: read %q", where, found)
	}
	if last && len(found) < len(records) {
		first := s.segments[len(s.segments)-1].first
		if at := Position(offset-headerBytes) + first; at < ends[len(ends)-2] {
			t.Errorf("%s: cut at %d what ended at %d", where, at, ends[len(ends)-2])
		}
	}
}

// readAll reads a log without opening it.
func readAll(fs disk.FS) (records []string, err error) {
	err = Dump(fs, "log", 0, func(_ Position, record []byte) error {
		records = append(records, string(record))
		return nil
	})
	return records, err
}

func TestMissingSegmentRefuses(t *testing.T) {
	s := newStand(t, Options{SegmentBytes: 100})
	for range 5 {
		s.put(t, strings.Repeat("x", 70))
	}
	segments := s.segments
	s.fs = s.fs.Kill()
	if err := s.fs.Remove(segmentPath(segments[2].first)); err != nil {
		t.Fatal(err)
	}
	var damage *DamageError
	if err := s.tryOpen(0); !errors.As(err, &damage) ||
		damage.File != segmentPath(segments[3].first) ||
		!strings.Contains(damage.Reason, segmentName(segments[2].first)) {
		t.Errorf("opened without a segment: %v", err)
	}
}

func TestLogMustReachTheSnapshot(t *testing.T) {
	s := newStand(t, Options{SegmentBytes: 100})
	for range 5 {
		s.put(t, strings.Repeat("x", 70))
	}
	end := s.End()
	if err := s.DropBefore(end); err != nil {
		t.Fatal(err)
	}
	first := s.First()
	s.fs = s.fs.Kill()
	var damage *DamageError
	if err := s.tryOpen(first - 1); !errors.As(err, &damage) {
		t.Errorf("opened with records missing after the snapshot: %v", err)
	}
	s.open(t, first)
	s.want(t, first, strings.Repeat("x", 70))
	s.fs = s.fs.Kill()

	s.options.ID = 0
	if err := s.tryOpen(end + 1); err == nil {
		t.Error("removed a log that the snapshot does not name")
	}
	s.options.ID = 8
	if err := s.tryOpen(end); !errors.Is(err, ErrOtherLog) {
		t.Errorf("opened another log than that of the snapshot: %v", err)
	}
	s.options.ID = 7
	s.open(t, end+1000) // a snapshot of what was lost in a power cut with fsync no
	if s.End() != end+1000 || s.Durable() != end+1000 {
		t.Errorf("the log goes on at %d, want %d", s.End(), end+1000)
	}
	s.put(t, "after")
	s.fs = s.fs.Crash()
	s.open(t, end+1000)
	s.want(t, end+1000, "after")
}

// TestFailedSync: what was to be synced is not trusted any more, but written again elsewhere.
func TestFailedSync(t *testing.T) {
	s := newStand(t, Options{Fsync: Always})
	before := s.put(t, "before")
	broken := errors.New("I/O error")
	s.fs.Hook(func(op faulty.Op) error {
		if op.Kind == faulty.Sync {
			return broken
		}
		return nil
	})
	s.Append([]byte("during"))
	s.step()
	if err := s.Failed(); !errors.Is(err, broken) {
		t.Errorf("Failed is %v", err)
	}
	if s.Commit() || s.Durable() != before {
		t.Errorf("acknowledged although the disk failed: durable %d", s.Durable())
	}
	if err := s.Flush(t.Context()); !errors.Is(err, broken) {
		t.Errorf("Flush says %v", err)
	}
	s.want(t, 0, "before")
	s.Append([]byte("too late to be refused"))

	s.fs.Hook(nil)
	s.step()
	if s.Durable() != before {
		t.Error("tried again at once")
	}
	s.now = s.now.Add(time.Minute)
	s.step()
	if s.Failed() != nil || s.Durable() != s.End() {
		t.Errorf("did not recover: %v", s.Failed())
	}
	s.fs = s.fs.Crash()
	s.open(t, 0)
	s.want(t, 0, "before", "during", "too late to be refused")
	if said := s.said.String(); strings.Count(said, "cannot be written") != 1 ||
		strings.Count(said, "works again") != 1 {
		t.Errorf("the log says: %s", said)
	}
}

// TestCloseAfterAFailedFlight: a sync beside the writing has failed and nobody knows yet.
func TestCloseAfterAFailedFlight(t *testing.T) {
	s := newStand(t, Options{Fsync: EverySecond})
	var sync func()
	s.writer.spawn = func(f func()) { sync = f }
	s.Append([]byte("one"))
	s.now = s.now.Add(time.Second)
	s.step()
	s.fs.Hook(failing(faulty.Sync, true))
	sync()
	s.fs.Hook(nil)
	if err := s.Close(); err != nil {
		t.Errorf("closing when the disk works again: %v", err)
	}
	s.fs = s.fs.Crash()
	s.open(t, 0)
	s.want(t, 0, "one")
}

func TestFullDisk(t *testing.T) {
	s := newStand(t, Options{Fsync: EverySecond, SegmentBytes: 1000})
	s.put(t, "before")
	s.fs.SetSpace(0)
	long := strings.Repeat("x", 1500)
	s.Append([]byte(long))
	s.now = s.now.Add(time.Second)
	s.step()
	if err := s.Failed(); err == nil {
		t.Fatal("a full disk is no failure")
	}
	s.fs.SetSpace(3000)
	s.now = s.now.Add(time.Minute)
	s.step()
	if err := s.Failed(); err != nil {
		t.Fatalf("did not recover: %v", err)
	}
	s.fs = s.fs.Crash()
	s.open(t, 0)
	s.want(t, 0, "before", long)
}

// TestSyncsByMode counts syncs over ten seconds of a record each tenth.
func TestSyncsByMode(t *testing.T) {
	for mode, want := range map[Fsync][2]int{Always: {100, 100}, EverySecond: {10, 11}, No: {0, 0}} {
		s := newStand(t, Options{Fsync: mode})
		s.put(t, "the first segment is made")
		syncs := 0
		s.fs.Hook(func(op faulty.Op) error {
			if op.Kind == faulty.Sync {
				syncs++
			}
			return nil
		})
		for range 100 {
			s.now = s.now.Add(time.Second / 10)
			for range 5 {
				s.Append([]byte("record"))
			}
			s.step()
			if s.Written() != s.End() {
				t.Fatalf("%v: not written at once", mode)
			}
		}
		if syncs < want[0] || syncs > want[1] {
			t.Errorf("%v: %d syncs, want %v", mode, syncs, want)
		}
	}
}

func TestModeChangesLive(t *testing.T) {
	s := newStand(t, Options{Fsync: No})
	s.Append([]byte("x"))
	s.step()
	if s.Durable() == s.End() {
		t.Fatal("synced although nobody asked")
	}
	s.SetFsync(Always)
	s.step()
	if s.Durable() != s.End() {
		t.Error("not synced although the mode is always now")
	}
}

func TestBigRecords(t *testing.T) {
	s := newStand(t, Options{SegmentBytes: 1000})
	want := []string{"small", strings.Repeat("a", 5000), "x", strings.Repeat("b", bigBytes),
		strings.Repeat("c", 3*bigBytes), "end"}
	s.put(t, want...)
	s.want(t, 0, want...)
	s.fs = s.fs.Crash()
	s.open(t, 0)
	s.want(t, 0, want...)
}

func TestCloseVouchesForAll(t *testing.T) {
	s := newStand(t, Options{})
	s.put(t, "one", "two")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("Flush after Close says %v", err)
	}
	s.fs = s.fs.Kill()
	s.fs.Flip(segmentPath(0), headerBytes+frameHeadBytes, 3)
	var damage *DamageError
	if err := s.tryOpen(0); !errors.As(err, &damage) || damage.Offset != headerBytes {
		t.Errorf("a flipped bit in a log that was closed: %v", err)
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	s := newStand(t, Options{Fsync: Always})
	head, body := make([]byte, 10), make([]byte, 90)
	s.put(t, "warm")
	if n := testing.AllocsPerRun(500, func() { s.Append(head, body) }); n != 0 {
		t.Errorf("Append allocates %v times", n)
	}
}

func TestLeftoversAreRemoved(t *testing.T) {
	s := newStand(t, Options{})
	s.put(t, "x")
	s.fs = s.fs.Kill()
	name := segmentPath(99) + newSuffix
	if _, err := s.fs.OpenFile(name, os.O_CREATE|os.O_RDWR, 0); err != nil {
		t.Fatal(err)
	}
	s.open(t, 0)
	if _, err := s.fs.Size(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a half made segment is still there: %v", err)
	}
}
