// SPDX-License-Identifier: Apache-2.0

package lualib

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// updateCases writes what redis-server says into the files of cases.
var updateCases = flag.Bool("update", false, "record the answers of redis-server")

// TestCases runs the files of testdata. A case is a line of Lua and, below it, what it returns or
// raises: "true" or "false" from pcall, and the values. The answers are those of redis-server
// 7.0.15; TestCasesAreOfRedis compares them.
func TestCases(t *testing.T) {
	forEachCase(t, func(t *testing.T, L *lua.LState, body, want string) string {
		if got := eval(t, L, body); got != want {
			t.Errorf("%s\n got: %s\nwant: %s", body, got, want)
		}
		return want
	})
}

func TestCasesAreOfRedis(t *testing.T) {
	client := startRedis(t)
	forEachCase(t, func(t *testing.T, _ *lua.LState, body, want string) string {
		got := evalRedis(t, client, body)
		if got != want && !*updateCases {
			t.Errorf("%s\nredis says: %s\nrecorded:   %s", body, got, want)
		}
		return got
	})
}

// forEachCase calls check for each case and, with -update, writes what it returns.
func forEachCase(t *testing.T, check func(t *testing.T, L *lua.LState, body, want string) string) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			L := newState(t)
			var recorded strings.Builder
			lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
			for i, line := range lines {
				switch {
				case strings.HasPrefix(line, "\t"):
					continue
				case line == "" || line[0] == '#':
					recorded.WriteString(line + "\n")
					continue
				}
				want := ""
				if i+1 < len(lines) {
					want = strings.TrimPrefix(lines[i+1], "\t")
				}
				recorded.WriteString(line + "\n\t" + check(t, L, line, want) + "\n")
			}
			if *updateCases && !t.Failed() {
				if err := os.WriteFile(file, []byte(recorded.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
