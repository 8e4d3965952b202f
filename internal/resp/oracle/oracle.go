// SPDX-License-Identifier: Apache-2.0

// Package oracle is a real redis-server that tests ask what is right.
//
// A [Server] runs on a free port of the loopback and ends with the test that started
// it. Each question is a connection of its own and bytes as they are, so that malformed
// calls can be asked about too. It may be used by several goroutines.
//
// What is not here: a client. Package resp reads and writes the bytes.
package oracle

import (
	"bufio"
	"io"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"stampede/internal/loopback"
)

const (
	// Version is the one whose behaviour is the measure.
	Version = "7.0.15"

	startTries   = 5
	answerTimeMs = 20_000
)

// Server is a running redis-server.
type Server struct {
	address string
}

// Start starts a redis-server with the given settings ("--requirepass", "x") behind its
// own for not saving anything. It skips the test if there is no redis-server on the PATH
// or if it is of another version.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("no redis-server on the PATH: nothing to compare with")
	}
	version, err := exec.Command(path, "--version").Output()
	if err != nil || !strings.Contains(string(version), "v="+Version+" ") {
		t.Skipf("redis-server is not %s: %s %v", Version, version, err)
	}
	for range startTries {
		if server := try(t, path, settings); server != nil {
			return server
		}
	}
	t.Fatalf("redis-server did not start in %d tries", startTries)
	return nil
}

// try starts the server once; it returns nil if the server ends at once, because the
// port has been taken meanwhile.
func try(t testing.TB, path string, settings []string) *Server {
	t.Helper()
	port, busPort := freePort(t), freePort(t)
	args := append([]string{
		"--bind", "127.0.0.1", "--port", port, "--cluster-port", busPort,
		"--save", "", "--appendonly", "no", "--dir", t.TempDir(),
	}, settings...)
	cmd := exec.Command(path, args...)
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "Ready to accept connections") {
			drained := make(chan struct{})
			go func() {
				defer close(drained)
				_, _ = io.Copy(io.Discard, output)
			}()
			t.Cleanup(func() {
				_ = cmd.Process.Kill()
				<-drained
				_ = cmd.Wait()
			})
			return &Server{address: net.JoinHostPort("127.0.0.1", port)}
		}
		log.WriteString(lines.Text() + "\n")
	}
	_ = cmd.Wait()
	t.Logf("redis-server ended at once:\n%s", log.String())
	return nil
}

// freePort is a port on which nobody listens now.
func freePort(t testing.TB) string {
	t.Helper()
	port, err := loopback.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(port)
}

// Address returns where the server listens.
func (s *Server) Address() string { return s.address }

// Ask sends all of request on a new connection, then the end of it, and returns what
// comes back until the server closes the connection.
func (s *Server) Ask(t testing.TB, request []byte) []byte {
	t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(answerTimeMs * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		// The server may close first, after an error; then what it said is what counts.
		_, _ = conn.Write(request)
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	answer, err := io.ReadAll(conn)
	<-sent
	if err != nil && !strings.Contains(err.Error(), "reset by peer") {
		t.Fatal(err)
	}
	return answer
}
