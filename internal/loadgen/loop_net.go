// SPDX-License-Identifier: Apache-2.0

//go:build !linux || loadgen_net

package loadgen

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// loop is one connection served by one goroutine, where there is no epoll. The build tag
// loadgen_net chooses it on Linux too, for tests.
type loop struct {
	client
	conn    net.Conn
	out, in []byte
	filled  int
}

// loopCount is how many loops serve the clients of a session.
func loopCount(o Options) int { return o.Clients }

// newLoop takes over one connection; firstID is the number of its client.
func newLoop(conns []net.Conn, firstID int) (*loop, error) {
	return &loop{
		client: client{id: int64(firstID)},
		conn:   conns[0],
		in:     make([]byte, 16<<10),
	}, nil
}

// close closes the connection.
func (l *loop) close() error { return l.conn.Close() }

// run sends batches of the phase until it is over and every reply has come.
func (l *loop) run(p *phase, f *feed, t *tally) error {
	for {
		b, ok := p.take(p.clock.nowNs())
		if !ok {
			return nil
		}
		for wait := b.dueNs - p.clock.nowNs(); wait > 0; wait = b.dueNs - p.clock.nowNs() {
			time.Sleep(time.Duration(min(wait, int64(50*time.Millisecond))))
			if p.over(p.clock.nowNs()) {
				return nil
			}
		}
		if p.open() && p.over(p.clock.nowNs()) {
			return nil
		}
		if err := l.exchange(p, f, t, b); err != nil {
			return err
		}
	}
}

// exchange sends a batch and reads its replies.
func (l *loop) exchange(p *phase, f *feed, t *tally, b batch) error {
	l.out = f.appendBatch(l.out[:0], &l.client, b)
	t.sent += int64(b.calls)
	written := make(chan error, 1)
	if len(l.out) < 64<<10 {
		_, err := l.conn.Write(l.out)
		written <- err
	} else {
		// A batch that does not fit into the sockets is answered while it is being written.
		go func() {
			_, err := l.conn.Write(l.out)
			written <- err
		}()
	}
	return errors.Join(l.collect(p, t, b), <-written)
}

// collect reads the replies of a batch.
func (l *loop) collect(p *phase, t *tally, b batch) error {
	for waiting := b.calls; waiting > 0; {
		if l.filled == len(l.in) {
			l.in = append(l.in, make([]byte, len(l.in))...)
		}
		n, err := l.read(p)
		if err != nil {
			return errors.Join(fmt.Errorf("read replies: %w", err), l.conn.Close())
		}
		l.filled += n
		used, replies, err := t.scan(l.in[:l.filled], waiting)
		if err != nil {
			return errors.Join(err, l.conn.Close())
		}
		if replies > 0 {
			t.count(p.clock.nowNs()-b.dueNs, int64(replies))
			p.replies.Add(int64(replies))
		}
		waiting -= replies
		l.filled = copy(l.in, l.in[used:l.filled])
	}
	if l.filled > 0 {
		return errUnasked
	}
	return nil
}

// read waits for what comes, until the server has been silent too long or the phase stops.
func (l *loop) read(p *phase) (n int, err error) {
	const notice = 50 * time.Millisecond
	for giveUp := time.Now().Add(time.Duration(p.stallNs)); ; {
		if err := l.conn.SetReadDeadline(time.Now().Add(notice)); err != nil {
			return 0, err
		}
		n, err = l.conn.Read(l.in[l.filled:])
		late := errors.Is(err, os.ErrDeadlineExceeded)
		if !late || n > 0 || time.Now().After(giveUp) {
			return n, err
		}
		if p.stopped.Load() {
			return 0, errStopped
		}
	}
}
