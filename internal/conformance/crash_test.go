// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"flag"
	"os"
	"testing"

	"stampede/internal/verify"
)

var crashes = flag.Int("crashes", 16, "how often the server is killed")

// TestCrashes kills our server at random moments. A quarter of the crashes is for everysec,
// which may lose what was answered last.
func TestCrashes(t *testing.T) {
	if os.Getenv(EnvAddr) != "" {
		t.Skip("a server that somebody else runs is not killed")
	}
	for _, mode := range []struct {
		fsync   string
		crashes int
	}{
		{"always", *crashes - *crashes/4},
		{"everysec", *crashes / 4},
	} {
		t.Run(mode.fsync, func(t *testing.T) {
			report := verify.CheckCrashes(t.Context(), t, verify.CrashOptions{
				Binary: stampedeBinary(t), Dir: t.TempDir(),
				Seed: *fuzzSeed, Crashes: mode.crashes, Clients: 8, Fsync: mode.fsync, Calls: 2000,
			})
			t.Logf("appendfsync %s: %v", mode.fsync, report)
			if mode.fsync == "always" && report.Missing > 0 {
				t.Error("acknowledged writes are lost")
			}
		})
	}
}
