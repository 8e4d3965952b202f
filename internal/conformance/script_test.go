// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"flag"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the replies of redis-server into the scripts")

// scripts gives all script files.
func scripts(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	return files
}

// scriptName is the name of a script's subtest: family/theme.
func scriptName(file string) string {
	return filepath.Base(filepath.Dir(file)) + "/" + filepath.Base(file)
}

// TestScriptsOnRedis keeps the recorded replies true: the real server gives them.
func TestScriptsOnRedis(t *testing.T) {
	addr := StartRedis(t)
	for _, file := range scripts(t) {
		t.Run(scriptName(file), func(t *testing.T) {
			switch {
			case IsOurs(t, file):
				t.Skip("an extension of ours")
			case *update:
				Record(t, addr, file)
			default:
				Run(t, addr, file)
			}
		})
	}
}

// TestScriptsOnStampede is the claim of compatibility.
func TestScriptsOnStampede(t *testing.T) {
	for _, way := range configurations() {
		t.Run(way.name, func(t *testing.T) {
			addr := StartStampede(t, way.flags...)
			for _, file := range scripts(t) {
				t.Run(scriptName(file), func(t *testing.T) { Run(t, addr, file) })
			}
		})
	}
}
