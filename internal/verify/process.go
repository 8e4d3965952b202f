// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"
)

// startTimeout bounds the time from the start of a server until all its data is there.
const startTimeout = 30 * time.Second

// Process is a running server of ours.
type Process struct {
	Addr string // host:port
	cmd  *exec.Cmd
	said bytes.Buffer
}

// Launch starts our program on a folder with more flags and waits until it listens. It may still
// be loading. When ctx ends the process is killed; Kill must be called all the same.
func Launch(ctx context.Context, binary, dir string, flags ...string) (*Process, error) {
	args := append([]string{"serve", "--bind", "127.0.0.1", "--port", "0", "--dir", dir,
		"--save", ""}, flags...)
	p := &Process{cmd: exec.CommandContext(ctx, binary, args...)}
	p.cmd.Stderr = &p.said
	stdout, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		p.Kill()
		return nil, fmt.Errorf("%v: no address: %w\n%s", args, err, p.Said())
	}
	p.Addr = strings.TrimSpace(line)
	return p, nil
}

// Kill ends the process at once, as SIGKILL does, and waits for its end.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // it says that it was killed
}

// Said is what the process wrote to stderr. It is whole after Kill only.
func (p *Process) Said() string { return p.said.String() }

// WaitForData asks until the server has loaded everything.
func WaitForData(addr string) error {
	c, err := Dial(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	for timeout := time.Now().Add(startTimeout); ; {
		v, err := c.Do("DBSIZE")
		switch {
		case err != nil:
			return err
		case !v.IsError():
			return nil
		case time.Now().After(timeout):
			return fmt.Errorf("no data within %v: %s", startTimeout, v.Text)
		}
		<-time.After(time.Millisecond)
	}
}

// judge is a Reporter that knows whether something was reported.
type judge struct {
	Reporter
	failed atomic.Bool
}

// Errorf reports a violation.
func (j *judge) Errorf(format string, args ...any) {
	j.failed.Store(true)
	j.Reporter.Errorf(format, args...)
}
