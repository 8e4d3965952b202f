// SPDX-License-Identifier: Apache-2.0

//go:build linux && !loadgen_net

package loadgen

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Limits of one turn of the event loop.
const (
	eventsMax      = 256
	wakeMaxNs      = 50_000_000 // how long a cancelled run may stay unnoticed
	inputSizeFirst = 16 << 10
)

// link is a connection of an event loop.
type link struct {
	client
	fd      int
	out     []byte // the batch being written
	written int
	in      []byte // bytes of replies not complete yet
	filled  int
	waiting int // replies of the batch that are missing
	dueNs   int64
	blocked bool // the socket takes no more for now, EPOLLOUT is asked for
}

// loop drives its links from one thread by epoll. The system calls are made without telling the
// scheduler: they do not block, but for the wait, and that has nothing else to run.
type loop struct {
	epoll int
	links []link
	phase *phase
	feed  *feed
	tally *tally
	idle  []*link // open loop: links free to take a batch
	held  batch   // open loop: the batch that is sent next, if holds
	holds bool
	busy  int // links that wait for replies
	heard int64
}

// loopCount is how many loops serve the clients of a session.
func loopCount(o Options) int { return o.Threads }

// newLoop takes the connections over; firstID is the number of the first client.
func newLoop(conns []net.Conn, firstID int) (*loop, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("create epoll: %w", err)
	}
	l := &loop{epoll: epoll, links: make([]link, 0, len(conns))}
	for i, conn := range conns {
		fd, err := detach(conn)
		if err != nil {
			return nil, errors.Join(err, l.close())
		}
		l.links = append(l.links, link{
			client: client{id: int64(firstID + i)},
			fd:     fd,
			in:     make([]byte, inputSizeFirst),
		})
		if err := l.watch(unix.EPOLL_CTL_ADD, i, unix.EPOLLIN); err != nil {
			return nil, errors.Join(err, l.close())
		}
	}
	return l, nil
}

// detach takes the socket out of the care of Go's network poller. It stays non-blocking.
func detach(conn net.Conn) (fd int, err error) {
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return -1, err
	}
	var dupErr error
	err = raw.Control(func(socket uintptr) {
		fd, dupErr = unix.FcntlInt(socket, unix.F_DUPFD_CLOEXEC, 0)
	})
	if err = errors.Join(err, dupErr); err != nil {
		return -1, fmt.Errorf("duplicate the socket: %w", err)
	}
	return fd, conn.Close()
}

// watch sets the events that link i is waited for.
func (l *loop) watch(operation, i int, events uint32) error {
	event := unix.EpollEvent{Events: events, Fd: int32(i)}
	if err := unix.EpollCtl(l.epoll, operation, l.links[i].fd, &event); err != nil {
		return fmt.Errorf("watch the socket: %w", err)
	}
	return nil
}

// close closes all sockets.
func (l *loop) close() error {
	var errs []error
	for i := range l.links {
		errs = append(errs, unix.Close(l.links[i].fd))
	}
	return errors.Join(append(errs, unix.Close(l.epoll))...)
}

// run sends batches of the phase until it is over and every reply has come.
func (l *loop) run(p *phase, f *feed, t *tally) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if p.open() {
		// By default the kernel may let a thread sleep 50 µs longer than asked.
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	}
	l.phase, l.feed, l.tally, l.idle, l.busy = p, f, t, l.idle[:0], 0
	l.heard = p.clock.nowNs()
	if err := l.begin(); err != nil {
		return err
	}
	events := make([]unix.EpollEvent, eventsMax)
	for l.busy > 0 || l.holds {
		n, err := l.wait(events)
		if err != nil {
			return err
		}
		for i := range events[:n] {
			if err := l.serve(&events[i]); err != nil {
				return err
			}
		}
		if err := l.dispatch(); err != nil {
			return err
		}
		if err := l.checkProgress(n); err != nil {
			return err
		}
	}
	return nil
}

// begin gives every link its first batch, or makes all wait for what falls due.
func (l *loop) begin() error {
	if l.phase.open() {
		for i := range l.links {
			l.idle = append(l.idle, &l.links[i])
		}
		l.held, l.holds = l.phase.take(l.heard)
		return l.dispatch()
	}
	for i := range l.links {
		if b, ok := l.phase.take(l.phase.clock.nowNs()); ok {
			if err := l.send(&l.links[i], b); err != nil {
				return err
			}
		}
	}
	return nil
}

// dispatch sends the batches that are due by idle links. In a closed loop there are none.
func (l *loop) dispatch() error {
	for l.holds {
		nowNs := l.phase.clock.nowNs()
		if l.phase.over(nowNs) {
			l.holds = false
			return nil
		}
		if len(l.idle) == 0 || l.held.dueNs > nowNs {
			return nil
		}
		k := l.idle[len(l.idle)-1]
		l.idle = l.idle[:len(l.idle)-1]
		if err := l.send(k, l.held); err != nil {
			return err
		}
		l.held, l.holds = l.phase.take(nowNs)
	}
	return nil
}

// wait waits for events, but not beyond the time the next batch is due.
func (l *loop) wait(events []unix.EpollEvent) (int, error) {
	timeoutNs := int64(wakeMaxNs)
	if l.holds && len(l.idle) > 0 {
		timeoutNs = min(timeoutNs, max(l.held.dueNs-l.phase.clock.nowNs(), 0))
	}
	timeout := unix.NsecToTimespec(timeoutNs)
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT2, uintptr(l.epoll),
		uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)),
		uintptr(unsafe.Pointer(&timeout)), 0, 0)
	switch errno {
	case 0:
		return int(n), nil
	case unix.EINTR:
		return 0, nil
	}
	return 0, fmt.Errorf("wait for replies: %w", errno)
}

// checkProgress gives a run up that was stopped or whose server keeps silent.
func (l *loop) checkProgress(events int) error {
	if l.phase.stopped.Load() {
		return errStopped
	}
	if events > 0 || l.busy == 0 {
		return nil
	}
	if l.phase.clock.nowNs()-l.heard > l.phase.stallNs {
		return fmt.Errorf("%d clients wait in vain: %w", l.busy, os.ErrDeadlineExceeded)
	}
	return nil
}

// serve does what an event asks for.
func (l *loop) serve(event *unix.EpollEvent) error {
	k := &l.links[event.Fd]
	if event.Events&unix.EPOLLOUT != 0 {
		if err := l.flush(k); err != nil {
			return err
		}
	}
	if event.Events&^uint32(unix.EPOLLOUT) == 0 {
		return nil
	}
	return l.receive(k)
}

// send writes a batch.
func (l *loop) send(k *link, b batch) error {
	k.out, k.written = l.feed.appendBatch(k.out[:0], &k.client, b), 0
	k.waiting, k.dueNs = b.calls, b.dueNs
	l.tally.sent += int64(b.calls)
	l.busy++
	return l.flush(k)
}

// flush writes what is left of the batch and asks for an event where the socket is full.
func (l *loop) flush(k *link) error {
	for k.written < len(k.out) {
		rest := k.out[k.written:]
		n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(k.fd),
			uintptr(unsafe.Pointer(&rest[0])), uintptr(len(rest)))
		switch errno {
		case 0:
			k.written += int(n)
		case unix.EINTR:
		case unix.EAGAIN:
			return l.block(k, true)
		default:
			return fmt.Errorf("send calls: %w", errno)
		}
	}
	return l.block(k, false)
}

// block remembers and tells epoll whether k has bytes that the socket does not take yet.
func (l *loop) block(k *link, blocked bool) error {
	if k.blocked == blocked {
		return nil
	}
	k.blocked = blocked
	events := uint32(unix.EPOLLIN)
	if blocked {
		events |= unix.EPOLLOUT
	}
	index := int((uintptr(unsafe.Pointer(k)) - uintptr(unsafe.Pointer(&l.links[0]))) /
		unsafe.Sizeof(*k))
	return l.watch(unix.EPOLL_CTL_MOD, index, events)
}

// receive reads once, counts the replies that are complete, and sends the next batch when all
// of the last one have come.
func (l *loop) receive(k *link) error {
	space := k.in[k.filled:]
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(k.fd),
		uintptr(unsafe.Pointer(&space[0])), uintptr(len(space)))
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
		return nil
	case errno != 0:
		return fmt.Errorf("read replies: %w", errno)
	case n == 0:
		return fmt.Errorf("the server closed the connection: %w", io.ErrUnexpectedEOF)
	}
	nowNs := l.phase.clock.nowNs()
	l.heard = nowNs
	k.filled += int(n)
	used, replies, err := l.tally.scan(k.in[:k.filled], k.waiting)
	if err != nil {
		return err
	}
	if replies > 0 {
		l.tally.count(nowNs-k.dueNs, int64(replies))
		l.phase.replies.Add(int64(replies))
	}
	k.waiting -= replies
	k.filled = copy(k.in, k.in[used:k.filled])
	if k.filled == len(k.in) {
		k.in = append(k.in, make([]byte, len(k.in))...)
	}
	if k.waiting > 0 {
		return nil
	}
	return l.finish(k, nowNs)
}

// finish lets a link go on whose batch is answered.
func (l *loop) finish(k *link, nowNs int64) error {
	if k.filled > 0 {
		return errUnasked
	}
	l.busy--
	if l.phase.open() {
		l.idle = append(l.idle, k)
		return nil
	}
	if b, ok := l.phase.take(nowNs); ok {
		return l.send(k, b)
	}
	return nil
}
