// SPDX-License-Identifier: Apache-2.0

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Standby makes a copy of the cluster that is stopped. Started, it follows the cluster until
// [Cluster.Promote].
func (c *Cluster) Standby() *Cluster {
	c.t.Helper()
	s := makeFolder(c.t, c.own.Programs)
	backup := s.own.Command("pg_basebackup", "-D", s.own.Data(), "-h", "127.0.0.1", "-p",
		strconv.Itoa(c.port()), "-U", "stampede", "-R", "-X", "stream", "--checkpoint=fast",
		"--no-sync")
	if text, err := backup.CombinedOutput(); err != nil {
		c.t.Fatalf("pg_basebackup: %v\n%s", err, text)
	}
	return s
}

// Promote lets a standby that runs be a cluster of its own, with what it has got so far.
func (c *Cluster) Promote() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err == nil {
		_, err = conn.Exec(ctx, "select pg_promote()")
		err = errors.Join(err, conn.Close(ctx))
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// Either names a database of whichever of two clusters takes writes.
func (c *Cluster) Either(other *Cluster, database string) string {
	c.t.Helper()
	return fmt.Sprintf("postgres://stampede@127.0.0.1:%d,127.0.0.1:%d/%s?sslmode=disable&"+
		"target_session_attrs=read-write", c.port(), other.port(), database)
}

// port is where the server listens, or will listen.
func (c *Cluster) port() int {
	c.t.Helper()
	port, err := c.own.Port()
	if err != nil {
		c.t.Fatal(err)
	}
	return port
}

// SmallDatabase makes a database on a disk of its own of so many bytes and returns its URL.
// It needs the right to mount: where there is none, the test is skipped.
func (c *Cluster) SmallDatabase(t testing.TB, bytes int) string {
	t.Helper()
	dir := filepath.Join(c.own.Dir(), "small")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	options := "size=" + strconv.Itoa(bytes) + ",mode=0700"
	if owner := c.own.Owner(); owner != nil {
		options += fmt.Sprintf(",uid=%d,gid=%d", owner.Uid, owner.Gid)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("a small disk cannot be mounted: %v", err)
	}
	c.t.Cleanup(func() {
		c.Kill()
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err == nil {
		_, err = conn.Exec(ctx, "create tablespace small location '"+dir+"'")
		if err == nil {
			_, err = conn.Exec(ctx, "create database small tablespace small")
		}
		err = errors.Join(err, conn.Close(ctx))
	}
	if err != nil {
		t.Fatal(err)
	}
	return c.URL("small")
}

// Until asks again and again until good is true, and fails the test if that does not come.
func Until(t testing.TB, what string, good func() bool) {
	t.Helper()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for end := time.Now().Add(startTime); !good(); <-again.C {
		if time.Now().After(end) {
			t.Fatalf("it does not come: %s", strings.TrimSpace(what))
		}
	}
}
