// SPDX-License-Identifier: Apache-2.0

// Package pgtest starts a PostgreSQL of its own for a test: a cluster in a temporary folder, on
// a free port of the loopback, with fsync on. It is for tests only.
//
// A [Cluster] belongs to the test that started it, which may stop, kill and start it again; its
// databases are for any goroutine.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Cluster is a server with its data.
type Cluster struct {
	t     testing.TB
	bin   string // the folder of the programs
	dir   string
	port  int
	owner *syscall.Credential // who runs it; nil: who runs the test
	run   *exec.Cmd           // nil: it is stopped
	ended chan error
	names int
}

// startTime bounds how long a start may take, with recovery after a kill.
const startTime = 30 * time.Second

// Start makes a cluster and starts it; it goes with the test. Where there is no PostgreSQL
// the test is skipped, or fails if STAMPEDE_REQUIRE_ORACLE is set.
func Start(t testing.TB) *Cluster {
	t.Helper()
	c := &Cluster{t: t}
	var err error
	if c.bin, err = programs(); err == nil {
		c.owner, err = owner()
	}
	if err != nil && os.Getenv("STAMPEDE_REQUIRE_ORACLE") == "" {
		t.Skipf("no PostgreSQL to test with: %v (scripts/install-test-tools)", err)
	}
	if err != nil {
		t.Fatalf("no PostgreSQL to test with: %v (scripts/install-test-tools)", err)
	}
	c.makeFolder()
	initdb := c.command("initdb", "-D", c.data(), "-U", "stampede", "-A", "trust", "-E", "UTF8",
		"--locale=C", "--no-sync")
	if text, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, text)
	}
	c.Start()
	return c
}

// makeFolder makes the folder of a cluster, which goes with the test.
func (c *Cluster) makeFolder() {
	c.t.Helper()
	dir, err := os.MkdirTemp("", "stampede-pg-")
	if err == nil && c.owner != nil {
		err = os.Chown(dir, int(c.owner.Uid), int(c.owner.Gid))
	}
	if err != nil {
		c.t.Fatal(err)
	}
	c.dir = dir
	c.t.Cleanup(func() {
		c.Kill()
		if err := os.RemoveAll(dir); err != nil {
			c.t.Error(err)
		}
	})
}

// programs is the folder of initdb and postgres.
func programs() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		path, err = filepath.EvalSymlinks(path) // the others may stand only where it stands
		return filepath.Dir(path), err
	}
	if text, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		bin := strings.TrimSpace(string(text))
		if _, err := os.Stat(filepath.Join(bin, "initdb")); err == nil {
			return bin, nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // as Debian has it
	if err != nil || len(found) == 0 {
		return "", errors.New("initdb is not found")
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// owner is who runs the server: PostgreSQL refuses to be run by root.
func owner() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(errUID, errGID)
	}
	return nil, errors.New("it is not run by root, and there is no user postgres or nobody")
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *Cluster) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.bin, program), args...)
	cmd.Dir = c.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.owner}
	return cmd
}

// Start starts a server that was stopped, on the same port.
func (c *Cluster) Start() {
	c.t.Helper()
	if c.port == 0 {
		c.port = freePort(c.t)
	}
	log, err := os.OpenFile(filepath.Join(c.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = log.Close() }() // the server has its own
	c.run = c.command("postgres", "-D", c.data(), "-p", strconv.Itoa(c.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=on",
		"-c", "shared_buffers=64MB", "-c", "max_connections=100")
	c.run.Stdout, c.run.Stderr = log, log
	if err := c.run.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.ended = make(chan error, 1)
	go func(run *exec.Cmd, ended chan<- error) { ended <- run.Wait() }(c.run, c.ended)
	if err := c.answers(); err != nil {
		text, _ := os.ReadFile(log.Name())
		c.t.Fatalf("PostgreSQL does not answer: %v\n%s", err, text)
	}
}

// answers waits until the server takes connections.
func (c *Cluster) answers() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		conn, err := pgx.Connect(ctx, c.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case ended := <-c.ended:
			c.ended <- ended
			return fmt.Errorf("it has ended: %w", ended)
		case <-ctx.Done():
			return err
		case <-again.C:
		}
	}
}

// Stop ends the server as an administrator does: who is connected is cut off.
func (c *Cluster) Stop() { c.end(syscall.SIGINT) }

// Kill ends the server at once, as a crash would: what was not committed is gone.
func (c *Cluster) Kill() { c.end(syscall.SIGQUIT) }

func (c *Cluster) end(how syscall.Signal) {
	if c.run == nil {
		return
	}
	_ = c.run.Process.Signal(how) // it may have ended
	<-c.ended
	c.run = nil
}

// URL names a database of the cluster.
func (c *Cluster) URL(database string) string {
	return fmt.Sprintf("postgres://stampede@127.0.0.1:%d/%s?sslmode=disable", c.port, database)
}

// Database makes an empty database and returns its URL.
func (c *Cluster) Database(t testing.TB) string {
	t.Helper()
	c.names++
	name := fmt.Sprintf("test_%d", c.names)
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(ctx, "create database "+name)
	if err = errors.Join(err, conn.Close(ctx)); err != nil {
		t.Fatal(err)
	}
	return c.URL(name)
}

func freePort(t testing.TB) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }() // it never had a client
	return l.Addr().(*net.TCPAddr).Port
}
