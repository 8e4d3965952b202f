// SPDX-License-Identifier: Apache-2.0

package node

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"stampede/internal/conformance"
)

// envServers tells the stories where the servers are: addresses parted by commas, that of
// redis-server first.
const envServers = "STAMPEDE_STORY_SERVERS"

func TestLibraries(t *testing.T) {
	node := interpreter(t)
	servers := []string{conformance.StartRedis(t)}
	for _, flags := range ways() {
		servers = append(servers, conformance.StartStampede(t, flags...))
	}
	for _, library := range []string{"ioredis", "redis"} {
		t.Run(library, func(t *testing.T) {
			run := exec.CommandContext(t.Context(), node, "--test", library+".test.js")
			run.Env = append(os.Environ(), envServers+"="+strings.Join(servers, ","))
			if output, err := run.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, output)
			}
		})
	}
}

// interpreter finds node and its packages, or skips the test, or fails it where they are
// demanded.
func interpreter(t *testing.T) (path string) {
	t.Helper()
	path, err := exec.LookPath("node")
	missing := ""
	if err != nil {
		missing = "node is not on the PATH"
	} else if _, err := os.Stat("node_modules"); err != nil {
		missing = "the packages are missing: run scripts/install-test-tools or npm ci here"
	}
	switch {
	case missing == "":
	case os.Getenv(conformance.EnvRequireOracle) == "1":
		t.Fatalf("%s, and %s=1 demands it", missing, conformance.EnvRequireOracle)
	default:
		t.Skip(missing)
	}
	return path
}

// ways are the ways to run our server that no client may be able to tell apart.
func ways() [][]string {
	if os.Getenv(conformance.EnvAddr) != "" {
		return [][]string{nil}
	}
	return [][]string{nil, {"--shards", "8", "--io", "net"}}
}
