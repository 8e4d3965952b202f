// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stampede/internal/persist"
)

// TestAFolderThatWillNotDo starts the program where it cannot keep its data. It must say so
// before anybody can connect.
func TestAFolderThatWillNotDo(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	journal := filepath.Join(dir, "store")
	for _, name := range []string{file, filepath.Join(journal, persist.JournalDir)} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, bad := range []string{file, filepath.Join(file, "below"), journal, "/proc/none"} {
		code, out, errs := tool(t, "serve", "--port", "0", "--dir", bad)
		if code != exitFailed || out != "" || !strings.Contains(errs, bad) ||
			!strings.Contains(errs, "another folder by --dir") {
			t.Errorf("%s: exit code %d: %s%s", bad, code, out, errs)
		}
	}
}

func TestAFolderWithoutRights(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := filepath.Join(t.TempDir(), "store")
	for _, locked := range []string{dir, filepath.Join(dir, persist.JournalDir)} {
		if err := os.MkdirAll(locked, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(locked, 0o500); err != nil {
			t.Fatal(err)
		}
		code, out, errs := tool(t, "serve", "--port", "0", "--dir", dir)
		if code != exitFailed || out != "" || !strings.Contains(errs, "permission denied") ||
			!strings.Contains(errs, locked) {
			t.Errorf("%s: exit code %d: %s%s", locked, code, out, errs)
		}
		if err := os.Chmod(locked, 0o700); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAFolderThatAnotherHas(t *testing.T) {
	dir := t.TempDir()
	p := startProgram(t, "--dir", dir)
	code, out, errs := tool(t, "serve", "--port", "0", "--dir", dir)
	if code != exitFailed || out != "" || !strings.Contains(errs, "is running on "+dir) {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	if got := askLoaded(t, p, "SET k v"); got != "+OK" {
		t.Errorf("the first one answers %s", got)
	}
}
