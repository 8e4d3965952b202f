// SPDX-License-Identifier: Apache-2.0

package salebench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"stampede/internal/pgcluster"
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

// cluster is a PostgreSQL of ours that runs.
type cluster struct {
	*pgcluster.Cluster
	*process
}

// startCluster makes a cluster in a new folder below dir (where its owner, who may not be we,
// can find it), and starts it with fsync on.
func startCluster(ctx context.Context, dir string, connections int) (c *cluster, err error) {
	programs, err := pgcluster.Find()
	if err != nil {
		return nil, &Missing{err.Error() + "; name a server by its URL"}
	}
	c = &cluster{}
	if c.Cluster, err = programs.New(dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
		}
	}()
	if err := c.Init(); err != nil {
		return c, err
	}
	server, err := c.Server("shared_buffers=256MB", "max_wal_size=4GB",
		"max_connections="+strconv.Itoa(connections))
	if err != nil {
		return c, err
	}
	if c.process, err = launch(server); err != nil {
		return c, err
	}
	return c, c.answers(ctx, func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, c.url())
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	})
}

// url is that of the database postgres.
func (c *cluster) url() string { return c.URL("postgres") }

// close ends the server and removes its data.
func (c *cluster) close() error {
	if c.process != nil {
		c.end(syscall.SIGQUIT) // nobody wants its data
	}
	return c.Remove()
}
