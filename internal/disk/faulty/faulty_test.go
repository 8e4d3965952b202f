// SPDX-License-Identifier: Apache-2.0

package faulty_test

import (
	"bytes"
	"errors"
	"os"
	"syscall"
	"testing"

	"stampede/internal/disk"
	"stampede/internal/disk/faulty"
)

// powerCuts are tried in each test: each has another outcome by chance.
const powerCuts = 200

func open(t *testing.T, f disk.FS, name string) disk.File {
	t.Helper()
	file, err := f.OpenFile(name, os.O_RDWR|os.O_CREATE, 0)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// content of a file; nil if there is none.
func content(f disk.FS, name string) []byte {
	file, err := f.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil
	}
	b := make([]byte, 10000)
	n, _ := file.ReadAt(b, 0)
	return b[:n]
}

func write(t *testing.T, file disk.File, b []byte, offset int64) {
	t.Helper()
	if _, err := file.WriteAt(b, offset); err != nil {
		t.Fatal(err)
	}
}

// TestPowerCut: what was synced is there, each time; what was not is there, is not, or is
// there in part, each sometimes.
func TestPowerCut(t *testing.T) {
	synced, more := bytes.Repeat([]byte("s"), 300), bytes.Repeat([]byte("m"), 300)
	whole, none, holes, named := 0, 0, 0, 0
	for seed := range uint64(powerCuts) {
		f := faulty.New(seed)
		file := open(t, f, "d/a")
		write(t, file, synced, 0)
		if err := errors.Join(file.Sync(), f.SyncDir("d")); err != nil {
			t.Fatal(err)
		}
		write(t, file, more, 300)
		unnamed := open(t, f, "d/b")
		if err := unnamed.Sync(); err != nil {
			t.Fatal(err)
		}
		after := f.Crash()
		got := content(after, "d/a")
		if !bytes.HasPrefix(got, synced) {
			t.Fatalf("seed %d: what was synced is gone", seed)
		}
		got = got[300:]
		switch {
		case bytes.Equal(got, more):
			whole++
		case !bytes.Contains(got, []byte("m")):
			none++
		case bytes.Contains(got, []byte("\x00m")):
			holes++
		}
		if content(after, "d/b") != nil {
			named++
		}
		if _, err := file.WriteAt(more, 0); !errors.Is(err, faulty.ErrPowerCut) {
			t.Fatalf("wrote without power: %v", err)
		}
	}
	for what, n := range map[string]int{"whole": whole, "none": none, "holes": holes, "named": named} {
		if n == 0 || n == powerCuts {
			t.Errorf("%s: %d of %d", what, n, powerCuts)
		}
	}
}

// TestFailedSyncForgets: a sync that succeeds after one that failed does not make up for it.
func TestFailedSyncForgets(t *testing.T) {
	lost := 0
	for seed := range uint64(powerCuts) {
		f := faulty.New(seed)
		file := open(t, f, "d/a")
		if err := f.SyncDir("d"); err != nil {
			t.Fatal(err)
		}
		text := bytes.Repeat([]byte("x"), 300)
		write(t, file, text, 0)
		fault := errors.New("fault")
		f.Hook(func(op faulty.Op) error {
			if op.Kind == faulty.Sync {
				return fault
			}
			return nil
		})
		if err := file.Sync(); !errors.Is(err, fault) {
			t.Fatal(err)
		}
		f.Hook(nil)
		if err := file.Sync(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(content(f.Kill(), "d/a"), text) {
			t.Fatal("the end of the process took what is in memory")
		}
	}
	for seed := range uint64(powerCuts) {
		f := faulty.New(seed)
		file := open(t, f, "d/a")
		write(t, file, bytes.Repeat([]byte("x"), 300), 0)
		f.Hook(func(op faulty.Op) error {
			if op.Kind == faulty.Sync {
				return syscall.EIO
			}
			return nil
		})
		_ = file.Sync()
		f.Hook(nil)
		if err := errors.Join(file.Sync(), f.SyncDir("d")); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content(f.Crash(), "d/a"), []byte{0}) {
			lost++
		}
	}
	if lost == 0 {
		t.Error("the second sync always wrote what the first one had lost")
	}
}

func TestSpaceEnds(t *testing.T) {
	f := faulty.New(1)
	f.SetSpace(100)
	file := open(t, f, "d/a")
	n, err := file.WriteAt(make([]byte, 150), 0)
	if n != 100 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("wrote %d bytes, %v", n, err)
	}
	if err := file.Preallocate(101); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("preallocated: %v", err)
	}
	write(t, file, make([]byte, 50), 50)
	f.SetSpace(200)
	write(t, file, make([]byte, 100), 100)
	f.SetSpace(-1)
	write(t, file, make([]byte, 1000), 0)
}

func TestSameSeedSameFaults(t *testing.T) {
	once := func() []byte {
		f := faulty.New(42)
		file := open(t, f, "d/a")
		if err := f.SyncDir("d"); err != nil {
			t.Fatal(err)
		}
		write(t, file, bytes.Repeat([]byte("x"), 5000), 0)
		return content(f.Crash(), "d/a")
	}
	if first := once(); !bytes.Equal(first, once()) {
		t.Error("two runs differ")
	}
}
