// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"path/filepath"
	"sync"
	"testing"

	"stampede/internal/disk"
)

// start runs a log on the real disk until the end of the test.
func start(t testing.TB, o Options, from Position) *Log {
	t.Helper()
	l, err := Open(o, from)
	if err != nil {
		t.Fatal(err)
	}
	run(t, l)
	return l
}

func run(t testing.TB, l *Log) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
}

// all reads what there is after a position.
func all(t testing.TB, r *Reader) (records []string) {
	t.Helper()
	for {
		record, _, err := r.Next()
		if errors.Is(err, io.EOF) {
			return records
		}
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, string(record))
	}
}

// TestManyAppend on the real disk, in each mode, with small segments: every appender's
// records are there, in its order, and a reader that reads along has seen the same.
func TestManyAppend(t *testing.T) {
	for _, mode := range []Fsync{Always, EverySecond, No} {
		for _, rounds := range []bool{false, true} {
			t.Run(mode.String(), func(t *testing.T) { manyAppend(t, mode, rounds) })
		}
	}
}

func manyAppend(t *testing.T, mode Fsync, rounds bool) {
	const appenders, records = 8, 500
	dir := filepath.Join(t.TempDir(), "log")
	l := start(t, Options{
		Dir: dir, Fsync: mode, Rounds: rounds, SegmentBytes: 20000, BufferBytesMax: 1 << 14,
	}, 0)
	var group sync.WaitGroup
	for id := range uint32(appenders) {
		group.Go(func() { appendMany(t, l, id, records) })
	}
	group.Go(func() { readMany(t, l, appenders*records) })
	group.Wait()
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	count := 0
	err := Dump(disk.OS{}, dir, 0, func(Position, []byte) error { count++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	if count != appenders*records {
		t.Errorf("%d records on the disk, want %d", count, appenders*records)
	}
}

func appendMany(t *testing.T, l *Log, id, records uint32) {
	var head [8]byte
	body := make([]byte, 100)
	for i := range records {
		binary.LittleEndian.PutUint32(head[:], id)
		binary.LittleEndian.PutUint32(head[4:], i)
		end := l.Append(head[:], body[:i%100])
		if i%16 == 0 {
			l.Commit()
		}
		if l.Fsync() == Always && i%50 == 0 {
			if err := l.Wait(t.Context(), end); err != nil {
				t.Error(err)
				return
			}
		}
	}
	l.Commit()
}

func readMany(t *testing.T, l *Log, records int) {
	r := l.Read(0, false)
	defer r.Close()
	next := map[uint32]uint32{}
	for range records {
		record, _, err := r.Next()
		for errors.Is(err, io.EOF) {
			if err := r.Wait(t.Context()); err != nil {
				t.Error(err)
				return
			}
			record, _, err = r.Next()
		}
		if err != nil {
			t.Error(err)
			return
		}
		id, i := binary.LittleEndian.Uint32(record), binary.LittleEndian.Uint32(record[4:])
		if next[id] != i {
			t.Errorf("record %d of %d comes when %d is due", i, id, next[id])
			return
		}
		next[id]++
	}
}
