// SPDX-License-Identifier: Apache-2.0

package persist

import (
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stampede/internal/disk"
)

// cutFS is a file system that fails at its change number left, and goes on failing if the
// power is gone then.
type cutFS struct {
	disk.OS
	left int
	once bool
}

var errCut = errors.New("the power is gone")

func (c *cutFS) fails() bool {
	c.left--
	return c.left == -1 || c.left < -1 && !c.once
}

func (c *cutFS) Rename(from, to string) error {
	if c.fails() {
		return errCut
	}
	return c.OS.Rename(from, to)
}

func (c *cutFS) Remove(name string) error {
	if c.fails() {
		return errCut
	}
	return c.OS.Remove(name)
}

// store writes the files of a store that consists of one word.
func store(t *testing.T, dir, word string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, JournalDir), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"dump.rdb", "journal/1.log", "journal/2.log"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(word), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// files are the names and contents of all files below a folder, but for the lock.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == JournalLock {
			return err
		}
		text, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, dir+"/")] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// whole is what files tells of a store.
func whole(word string) map[string]string {
	return map[string]string{"dump.rdb": word, "journal/1.log": word, "journal/2.log": word}
}

// TestAReplacementEndsAnywhere cuts the power before each change that Replace makes, or lets
// that one fail. What is there then is the old store, or the new one, or the old one under
// names that say so; and never a journal that does not belong to the snapshot.
func TestAReplacementEndsAnywhere(t *testing.T) {
	for _, once := range []bool{false, true} {
		seen := map[string]int{}
		for n, ended := 0, false; !ended; n++ {
			dir := t.TempDir()
			store(t, dir, "old")
			fs := &cutFS{left: n, once: once}
			err := Replace(fs, dir, "dump.rdb", func(staged string) error {
				store(t, staged, "new")
				return nil
			})
			got := files(t, dir)
			if ended = fs.left >= 0; ended && (err != nil || !cmp.Equal(got, whole("new"))) {
				t.Errorf("in the end: %v, %v", got, err)
			}
			kind := judge(got)
			takenBack := once && n == 1 // the journal could not be set aside
			if kind == "" || err == nil && kind != "new" || takenBack && kind != "old" {
				t.Errorf("change %d failed (once: %v): %v, %v", n, once, err, got)
			}
			seen[kind]++
		}
		for _, kind := range []string{"old", "set aside", "new"} {
			if seen[kind] == 0 {
				t.Errorf("no failure left what is %s: %v", kind, seen)
			}
		}
	}
}

// judge says what a power cut left: which store a start would find.
func judge(got map[string]string) (kind string) {
	maps.DeleteFunc(got, func(name, _ string) bool { return strings.HasPrefix(name, stagedDir+"/") })
	journal := got["journal/1.log"]
	switch {
	case got["dump.rdb"] == "new" && (journal == "new" || journal == ""):
		return "new"
	case cmp.Equal(got, whole("old")):
		return "old"
	case got["dump.rdb"] == "" && got["dump.rdb.replaced"] == "old" &&
		(journal == "old" || got["journal.replaced/2.log"] == "old"):
		return "set aside"
	}
	return ""
}

func TestWhatCannotBeReplacedStays(t *testing.T) {
	dir := t.TempDir()
	store(t, dir, "old")
	failure := errors.New("the file is no good")
	err := Replace(disk.OS{}, dir, "dump.rdb", func(staged string) error {
		store(t, staged, "half")
		return failure
	})
	if diff := cmp.Diff(whole("old"), files(t, dir)); diff != "" || !errors.Is(err, failure) {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	var lock io.Closer
	if lock, err = (disk.OS{}).Lock(filepath.Join(dir, JournalDir, JournalLock)); err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	err = Replace(disk.OS{}, dir, "dump.rdb", func(string) error {
		t.Error("a store is made although the folder is in use")
		return nil
	})
	if !errors.Is(err, disk.ErrLocked) {
		t.Errorf("a folder that is in use: %v", err)
	}
}
