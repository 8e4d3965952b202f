// SPDX-License-Identifier: Apache-2.0

package salebench

import (
	"bytes"
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
	"time"

	"github.com/jackc/pgx/v5"
)

// startTime bounds how long a server may take until it answers.
const startTime = 30 * time.Second

// process is a server that was started for the time of a run.
type process struct {
	cmd   *exec.Cmd
	said  bytes.Buffer // what it said; whole when it has ended
	ended chan struct{}
}

// launch starts a server. Nobody but us ends it: an interrupt from the terminal does not
// reach it.
func launch(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, ended: make(chan struct{})}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	cmd.Stderr = &p.said
	if cmd.Stdout == nil {
		cmd.Stdout = &p.said
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = cmd.Wait() // how it ended is of no interest
		close(p.ended)
	}()
	return p, nil
}

// answers waits until ask gets an answer.
func (p *process) answers(ctx context.Context, ask func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-p.ended:
			return fmt.Errorf("%s has ended: %s", p.cmd.Path, strings.TrimSpace(p.said.String()))
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", p.cmd.Path, err)
		}
	}
}

// end asks the server to end and waits for that.
func (p *process) end(how syscall.Signal) {
	_ = p.cmd.Process.Signal(how) // it may have ended
	<-p.ended
}

// freePort finds a TCP port of the loopback that nobody uses.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// cluster is a PostgreSQL of ours, with its data in a folder.
type cluster struct {
	*process
	dir string
	url string // of the database postgres
}

// startCluster makes a cluster in a new folder below dir (where its owner, who may not be we,
// can find it), and starts it with fsync on.
func startCluster(ctx context.Context, dir string, connections int) (c *cluster, err error) {
	bin, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	owner, err := postgresOwner()
	if err != nil {
		return nil, err
	}
	c = &cluster{}
	if c.dir, err = os.MkdirTemp(dir, "stampede-postgres-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
		}
	}()
	if owner != nil {
		if err := os.Chown(c.dir, int(owner.Uid), int(owner.Gid)); err != nil {
			return c, err
		}
	}
	data := filepath.Join(c.dir, "data")
	program := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Dir = c.dir
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner}
		return cmd
	}
	initdb := program("initdb", "-D", data, "-U", "stampede", "-A", "trust", "-E", "UTF8",
		"--locale=C", "--no-sync")
	if text, err := initdb.CombinedOutput(); err != nil {
		return c, fmt.Errorf("initdb in %s, which must be open to who runs it: %w\n%s", c.dir, err, text)
	}
	port, err := freePort()
	if err != nil {
		return c, err
	}
	if c.process, err = launch(program("postgres", "-D", data, "-p", strconv.Itoa(port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=on",
		"-c", "shared_buffers=256MB", "-c", "max_wal_size=4GB",
		"-c", "max_connections="+strconv.Itoa(connections))); err != nil {
		return c, err
	}
	c.url = fmt.Sprintf("postgres://stampede@127.0.0.1:%d/postgres?sslmode=disable", port)
	return c, c.answers(ctx, func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, c.url)
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	})
}

// close ends the server and removes its data.
func (c *cluster) close() error {
	if c.process != nil {
		c.end(syscall.SIGQUIT) // nobody wants its data
	}
	return os.RemoveAll(c.dir)
}

// postgresPrograms is the folder of initdb and postgres.
func postgresPrograms() (string, error) {
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
		return "", &Missing{"there is no PostgreSQL: neither initdb nor pg_config on PATH; name " +
			"a server by its URL"}
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// postgresOwner is who runs the server: PostgreSQL refuses to be run by root.
func postgresOwner() (*syscall.Credential, error) {
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
	return nil, &Missing{"PostgreSQL is not run by root, and there is no user postgres or nobody"}
}
