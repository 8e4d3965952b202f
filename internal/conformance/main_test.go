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
	if os.Getenv(EnvBin) == "" && os.Getenv(EnvAddr) == "" {
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

// configuration is a way to run our server.
type configuration struct {
	name  string
	flags []string
}

// configurations are the ways to run our server that must not show in any reply.
func configurations() []configuration {
	if os.Getenv(EnvAddr) != "" {
		return []configuration{{name: "as it runs"}}
	}
	return []configuration{
		{"default", nil},
		{"one shard, goroutines", []string{"--shards", "1", "--io", "net"}},
		{"eight shards, goroutines", []string{"--shards", "8", "--io", "net"}},
		{"eight shards, event loops", []string{"--shards", "8", "--io", "epoll", "--loops", "2"}},
	}
}
