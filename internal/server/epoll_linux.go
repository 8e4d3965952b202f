// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Best is the transport for this system.
const Best = Epoll

// epollTransport serves all connections by a few event loops. The first loop lets clients
// in and gives each to the loop that has the fewest.
type epollTransport struct {
	server *Server
	loops  []*loop
}

func newEpollTransport(s *Server) (*epollTransport, error) {
	count := s.loops
	if count <= 0 {
		count = DefaultLoops()
	}
	t := &epollTransport{server: s}
	for range count {
		l, err := newLoop(t)
		if err != nil {
			return nil, errors.Join(err, t.free())
		}
		t.loops = append(t.loops, l)
	}
	return t, nil
}

func (t *epollTransport) free() error {
	var errs []error
	for _, l := range t.loops {
		errs = append(errs, l.free())
	}
	return errors.Join(errs...)
}

func (t *epollTransport) run(ctx context.Context, listeners []net.Listener) error {
	first := t.loops[0]
	for _, listener := range listeners {
		fd, err := duplicate(listener)
		if err != nil {
			return errors.Join(err, t.free())
		}
		first.post(message{what: listen, fd: fd, unix: listener.Addr().Network() == "unix"})
	}
	failed := make(chan error, len(t.loops))
	var running sync.WaitGroup
	for _, l := range t.loops {
		running.Go(func() {
			if err := l.run(); err != nil {
				failed <- err
			}
		})
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	for _, listener := range listeners {
		_ = listener.Close() // the loop has a duplicate, so nothing can be lost by this
	}
	for _, l := range t.loops {
		l.post(message{what: stop})
	}
	force := time.AfterFunc(t.server.drainMax, t.server.engine.Abort)
	defer force.Stop()
	running.Wait()
	return errors.Join(err, t.free())
}

// duplicate returns a descriptor for the socket of a listener. It does not block.
func duplicate(listener net.Listener) (fd int, err error) {
	raw, err := listener.(syscall.Conn).SyscallConn()
	if err != nil {
		return -1, fmt.Errorf("listener: %w", err)
	}
	var dupErr error
	err = raw.Control(func(socket uintptr) {
		fd, dupErr = unix.FcntlInt(socket, unix.F_DUPFD_CLOEXEC, 0)
	})
	if err = errors.Join(err, dupErr); err != nil {
		return -1, fmt.Errorf("listener: duplicate: %w", err)
	}
	return fd, nil
}

func (t *epollTransport) wake() {
	for _, l := range t.loops {
		l.post(message{what: resume})
	}
}

// emptiest is the loop with the fewest connections.
func (t *epollTransport) emptiest() *loop {
	best := t.loops[0]
	for _, l := range t.loops[1:] {
		if l.open.Load() < best.open.Load() {
			best = l
		}
	}
	return best
}
