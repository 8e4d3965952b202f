// SPDX-License-Identifier: Apache-2.0

package disk_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stampede/internal/disk"
	"stampede/internal/disk/faulty"
)

// TestContract holds the file system of the machine and the simulated one to the same.
func TestContract(t *testing.T) {
	for name, system := range map[string]disk.FS{"os": disk.OS{}, "faulty": faulty.New(1)} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "a", "b")
			if err := system.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			t.Run("files", func(t *testing.T) { files(t, system, filepath.Join(dir, "file")) })
			t.Run("names", func(t *testing.T) { names(t, system, dir) })
			t.Run("lock", func(t *testing.T) { locks(t, system, filepath.Join(dir, "lock")) })
		})
	}
}

func files(t *testing.T, system disk.FS, name string) {
	if _, err := system.OpenFile(name, os.O_RDWR, 0); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("opened what is not there: %v", err)
	}
	f, err := system.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("hello ")); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("world")); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("W"), 6); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Preallocate(20), f.Preallocate(5), f.Sync()); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 30)
	n, err := f.ReadAt(b, 0)
	want := "hello World" + strings.Repeat("\x00", 9)
	if string(b[:n]) != want || !errors.Is(err, io.EOF) {
		t.Errorf("read %q, %v", b[:n], err)
	}
	if n, err := f.ReadAt(b, 100); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("read %d bytes behind the end: %v", n, err)
	}
	if err := errors.Join(f.Truncate(4), f.Truncate(6)); err != nil {
		t.Fatal(err)
	}
	n, _ = f.ReadAt(b, 0)
	if string(b[:n]) != "hell\x00\x00" {
		t.Errorf("after cutting and lengthening: %q", b[:n])
	}
	if size, err := f.Size(); size != 6 || err != nil {
		t.Errorf("size %d, %v", size, err)
	}
	if size, err := system.Size(name); size != 6 || err != nil {
		t.Errorf("size by name %d, %v", size, err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("x"), 0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("wrote to a closed file: %v", err)
	}
}

func names(t *testing.T, system disk.FS, dir string) {
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	for _, name := range []string{a, b} {
		f, err := system.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(name)); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(system.Rename(a, b), system.SyncDir(dir)); err != nil {
		t.Fatal(err)
	}
	list, err := system.ReadDir(dir)
	if err != nil || !slices.Equal(list, []string{"b", "file"}) {
		t.Errorf("names %q, %v", list, err)
	}
	f, err := system.OpenFile(b, os.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(f)
	if string(got) != a || err != nil {
		t.Errorf("the file that was renamed holds %q, %v", got, err)
	}
	if err := errors.Join(f.Close(), system.Remove(b)); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{system.Remove(b), system.Rename(b, a)} {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("what is not there: %v", err)
		}
	}
}

func locks(t *testing.T, system disk.FS, name string) {
	lock, err := system.Lock(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := system.Lock(name); !errors.Is(err, disk.ErrLocked) {
		t.Errorf("locked twice: %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if lock, err = system.Lock(name); err != nil {
		t.Fatalf("the lock was not let go: %v", err)
	}
	lock.Close()
}
