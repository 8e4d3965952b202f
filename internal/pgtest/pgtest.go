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
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"stampede/internal/pgcluster"
)

// Cluster is a server with its data.
type Cluster struct {
	t     testing.TB
	own   *pgcluster.Cluster
	run   *exec.Cmd // nil: it is stopped
	ended chan error
	names int
}

// startTime bounds how long a start may take, with recovery after a kill.
const startTime = 30 * time.Second

// Start makes a cluster and starts it; it goes with the test. Where there is no PostgreSQL
// the test is skipped, or fails if STAMPEDE_REQUIRE_ORACLE is set.
func Start(t testing.TB) *Cluster {
	t.Helper()
	programs, err := pgcluster.Find()
	if err != nil && os.Getenv("STAMPEDE_REQUIRE_ORACLE") == "" {
		t.Skipf("%v (scripts/install-test-tools)", err)
	}
	if err != nil {
		t.Fatalf("%v (scripts/install-test-tools)", err)
	}
	c := makeFolder(t, programs)
	if err := c.own.Init(); err != nil {
		t.Fatal(err)
	}
	c.Start()
	return c
}

// makeFolder makes the folder of a cluster, which goes with the test.
func makeFolder(t testing.TB, programs pgcluster.Programs) *Cluster {
	t.Helper()
	own, err := programs.New("")
	if err != nil {
		t.Fatal(err)
	}
	c := &Cluster{t: t, own: own}
	t.Cleanup(func() {
		c.Kill()
		if err := own.Remove(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// Start starts a server that was stopped, on the same port.
func (c *Cluster) Start() {
	c.t.Helper()
	log, err := os.OpenFile(filepath.Join(c.own.Dir(), "log"),
		os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = log.Close() }() // the server has its own
	if c.run, err = c.own.Server("shared_buffers=64MB", "max_connections=100"); err != nil {
		c.t.Fatal(err)
	}
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
func (c *Cluster) URL(database string) string { return c.own.URL(database) }

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
