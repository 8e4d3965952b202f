// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// envProgram makes the test's program behave as ours: verify starts itself.
const envProgram = "STAMPEDE_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(envProgram) != "" && len(os.Args) > 1 && os.Args[1] == "serve" {
		main()
	}
	os.Exit(m.Run())
}

func TestVerifyFindsNothing(t *testing.T) {
	t.Setenv(envProgram, "1")
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"verify", "--seeds=1", "--crashes=2", "--dir", t.TempDir()},
		&out, &errs)
	if code != exitOK {
		t.Fatalf("exit code %d\n%s\n%s", code, errs.String(), out.String())
	}
	for _, want := range []string{"linearizable histories", "9 histories", "sale under SIGKILL",
		"2 kills", "crash loop, fsync always"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in:\n%s", want, out.String())
		}
	}
	if !strings.Contains(errs.String(), "killed 2 times") {
		t.Errorf("progress:\n%s", errs.String())
	}
}

// TestVerifyFails: a program that does not serve at all is a violation.
func TestVerifyFails(t *testing.T) {
	t.Setenv(envProgram, "1")
	t.Setenv("STAMPEDE_SHARDS", "none")
	var out, errs bytes.Buffer
	dir := t.TempDir()
	code := run(t.Context(), []string{"verify", "--seeds=1", "--crashes=1", "--dir", dir}, &out, &errs)
	left, err := os.ReadDir(dir)
	if code != exitFailed || !strings.Contains(errs.String(), "VIOLATION") || err != nil ||
		len(left) != 1 {
		t.Errorf("exit code %d, files %v: %s", code, left, errs.String())
	}
}
