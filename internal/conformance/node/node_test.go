// SPDX-License-Identifier: Apache-2.0

package node

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"stampede/internal/conformance"
)

// envServers tells the stories where the servers are, parted by commas, that of redis-server
// first. Each is an address or, for locks, several of them joined by "+".
const envServers = "STAMPEDE_STORY_SERVERS"

func TestLibraries(t *testing.T) {
	node := interpreter(t)
	servers := serversOf(t, 1)
	for _, file := range []string{"ioredis", "redis", "ratelimit", "sessions", "bullmq"} {
		t.Run(file, func(t *testing.T) { tell(t, node, file, servers) })
	}
}

// TestDocuments tells stories of what redis-server does not have: they say themselves what
// must be seen.
func TestDocuments(t *testing.T) {
	node := interpreter(t)
	var servers []string
	for _, flags := range ways() {
		servers = append(servers, conformance.StartStampede(t, flags...))
	}
	if len(servers) == 1 {
		servers = append(servers, servers[0])
	}
	tell(t, node, "json", servers)
}

// TestLocks has five instances in place of each server. The last story kills some.
func TestLocks(t *testing.T) {
	if os.Getenv(conformance.EnvAddr) != "" {
		t.Skip(conformance.EnvAddr + " names one server, and a lock needs five")
	}
	tell(t, interpreter(t), "redlock", serversOf(t, 5))
}

// serversOf starts redis-server, and ours in each way to run it, with so many instances each.
func serversOf(t *testing.T, instances int) []string {
	t.Helper()
	several := func(start func() (addr string)) string {
		var addrs []string
		for range instances {
			addrs = append(addrs, start())
		}
		return strings.Join(addrs, "+")
	}
	servers := []string{several(func() string { return conformance.StartRedis(t) })}
	for _, flags := range ways() {
		start := func() string { return conformance.StartStampede(t, flags...) }
		servers = append(servers, several(start))
	}
	return servers
}

// tell runs the stories of a file.
func tell(t *testing.T, node, file string, servers []string) {
	t.Helper()
	run := exec.CommandContext(t.Context(), node, "--test", file+".test.js")
	run.Env = append(os.Environ(), envServers+"="+strings.Join(servers, ","))
	if output, err := run.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
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
