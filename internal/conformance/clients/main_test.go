// SPDX-License-Identifier: Apache-2.0

package clients

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/redis/go-redis/v9/logging"

	"stampede/internal/conformance"
)

// TestMain builds our program once for all tests. If it cannot be built, the tests that need
// it say so.
func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	logging.Disable() // that servers are gone is what stories of killed ones are about
	if os.Getenv(conformance.EnvBin) == "" && os.Getenv(conformance.EnvAddr) == "" {
		dir, err := os.MkdirTemp("", "clients")
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
