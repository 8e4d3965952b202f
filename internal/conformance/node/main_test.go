// SPDX-License-Identifier: Apache-2.0

package node

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"stampede/internal/conformance"
)

// TestMain builds our program once for all tests. If it cannot be built, the tests that need
// it say so.
func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	if os.Getenv(conformance.EnvBin) == "" && os.Getenv(conformance.EnvAddr) == "" {
		dir, err := os.MkdirTemp("", "node")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		if path, err := conformance.BuildStampede(dir); err == nil {
			os.Setenv(conformance.EnvBin, path)
		}
	}
	return m.Run()
}
