// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"os"
	"path/filepath"
	"testing"
)

// TestSeparateScriptsShareAThread: a script that is not atomic lets others in between its calls
// even where one thread serves them all.
func TestSeparateScriptsShareAThread(t *testing.T) {
	if os.Getenv(EnvAddr) != "" {
		t.Skip("the server has its threads already")
	}
	file := filepath.Join("testdata", "scripting", "separate.txt")
	for _, shards := range []string{"1", "2"} {
		t.Run(shards, func(t *testing.T) {
			Run(t, StartStampede(t, "--shards", shards, "--io", "epoll", "--loops", "1"), file)
		})
	}
}
