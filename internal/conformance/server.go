// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"stampede/internal/loopback"
	"stampede/internal/verify"
)

// Names of environment variables that choose the servers.
const (
	// EnvRequireOracle: when "1", a missing redis-server fails a test instead of skipping it.
	EnvRequireOracle = "STAMPEDE_REQUIRE_ORACLE"
	// EnvAddr: address of a running server of ours to test instead of starting one.
	EnvAddr = "STAMPEDE_ADDR"
	// EnvBin: program of ours to start instead of building one.
	EnvBin = "STAMPEDE_BIN"
)

// startTimeout bounds the time from the start of a server to its first PONG.
const startTimeout = 30 * time.Second

// redisHz is how often a second redis-server looks at the clock: a call that waits for a
// millisecond, and a key that ends in one, would else take a tenth of a second.
const redisHz = "500"

// StartRedis starts a redis-server of the PATH without files, with flags added to its
// command line, stops it when the test ends, and gives its address. Where there is none the
// test is skipped, or fails if [EnvRequireOracle] is set.
func StartRedis(t testing.TB, flags ...string) (addr string) {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv(EnvRequireOracle) == "1" {
			t.Fatalf("redis-server is not on the PATH, and %s=1 demands it", EnvRequireOracle)
		}
		t.Skip("redis-server is not on the PATH: nothing to compare with")
	}
	args := []string{"--save", "", "--appendonly", "no", "--enable-debug-command", "yes",
		"--bind", "127.0.0.1", "--hz", redisHz}
	return start(t, path, append(args, flags...))
}

// StartStampede gives the address of a server of ours: the one that [EnvAddr] names, else a
// new process of [EnvBin], else of a fresh build of cmd/stampede, stopped when the test ends.
// flags are added to the command line of a new process.
func StartStampede(t testing.TB, flags ...string) (addr string) {
	t.Helper()
	if addr := os.Getenv(EnvAddr); addr != "" {
		return addr
	}
	args := []string{"serve", "--bind", "127.0.0.1", "--memory-only",
		"--set", "enable-debug-command=yes"}
	return start(t, stampedeBinary(t), append(args, flags...))
}

// stampedeBinary finds or builds our program.
func stampedeBinary(t testing.TB) string {
	t.Helper()
	if path := os.Getenv(EnvBin); path != "" {
		return path
	}
	path, err := BuildStampede(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// BuildStampede builds our program into dir and gives its path. A TestMain that does so and
// sets [EnvBin] spares its tests a build each.
func BuildStampede(dir string) (path string, err error) {
	path = filepath.Join(dir, "stampede")
	build := exec.Command("go", "build", "-o", path, "./cmd/stampede")
	build.Dir = moduleRoot()
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build cmd/stampede: %w\n%s", err, out)
	}
	return path, nil
}

// moduleRoot is the folder of go.mod, seen from the folder of the test that runs.
func moduleRoot() string {
	root := "."
	for range 8 {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			return root
		}
		root = filepath.Join(root, "..")
	}
	return "."
}

// crashProcess is a running server of ours that has a folder.
type crashProcess struct {
	*verify.Process
	addr string
}

func (p *crashProcess) kill() { p.Kill() }

// launch starts our server on a folder and waits until it listens.
func launch(t testing.TB, binary, dir string, flags ...string) *crashProcess {
	t.Helper()
	p, err := verify.Launch(context.Background(), binary, dir, flags...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return &crashProcess{p, p.Addr}
}

// start runs a server on a free port and waits until it answers PING.
func start(t testing.TB, path string, args []string) (addr string) {
	t.Helper()
	port, err := loopback.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	cmd := exec.Command(path, append(args, "--port", strconv.Itoa(port))...)
	cmd.Dir = t.TempDir()
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	if err := waitForPong(addr, ended); err != nil {
		_ = cmd.Process.Kill()
		ended <- <-ended
		t.Fatalf("%s on %s: %v\n%s", path, addr, err, output.String())
	}
	return addr
}

// waitForPong asks until the server answers, ends, or takes too long.
func waitForPong(addr string, ended chan error) error {
	timeout := time.After(startTimeout)
	for {
		if c, err := Dial(addr); err == nil {
			v, err := c.Do("PING")
			c.Close()
			if err == nil && v.Text == "PONG" {
				return nil
			}
		}
		select {
		case err := <-ended:
			ended <- err
			return fmt.Errorf("the server ended: %v", err)
		case <-timeout:
			return fmt.Errorf("no PONG within %v", startTimeout)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
