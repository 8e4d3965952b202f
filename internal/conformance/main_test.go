// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// TestMain builds our program once for all tests. If it cannot be built, the tests that need
// it say so.
func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	if os.Getenv(EnvBin) == "" && os.Getenv(EnvAddr) == "" && HasStampede() {
		dir, err := os.MkdirTemp("", "conformance")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		if path, err := BuildStampede(dir); err == nil {
			os.Setenv(EnvBin, path)
		}
	}
	return m.Run()
}

// configurations are the ways to run our server that must not show in any reply.
func configurations() map[string][]string {
	if os.Getenv(EnvAddr) != "" {
		return map[string][]string{"as it runs": nil}
	}
	return map[string][]string{
		"default":                   nil,
		"one shard, goroutines":     {"--shards", "1", "--io", "net"},
		"eight shards, goroutines":  {"--shards", "8", "--io", "net"},
		"eight shards, event loops": {"--shards", "8", "--io", "epoll", "--loops", "2"},
	}
}
