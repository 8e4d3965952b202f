// SPDX-License-Identifier: Apache-2.0

package server

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"stampede/internal/pubsub"
)

// Limits of one round of a loop.
const (
	eventsMax     = 512
	roundBytesMax = 1 << 20          // replies of a round; beyond it they are sent at once
	roundTimeMax  = time.Millisecond // of a round; who was served first need not wait longer
	acceptsMax    = 64               // clients let in before calls run again
)

// loop serves connections on a thread of its own. A round reads and runs every connection
// that is ready, and then sends all replies: on few cores that is fewer and larger turns
// of the clients, too.
type loop struct {
	transport *epollTransport
	server    *Server
	epoll     int
	bell      int            // an eventfd that rings when something is posted
	outlet    *pubsub.Outlet // of the mailboxes of its connections

	round       // the present one
	other round // what serveOthers works with; empty until it is needed

	sockets  []*socket // by descriptor; nil where there is none
	open     atomic.Int32
	blocked  int // sockets that take no more for now
	held     []*socket
	holds    atomic.Int32 // how many of them there are
	retryMs  int64        // when the next suspended call is to be tried again; 0: none
	tickMs   int64        // when the limits of time were looked after last
	ending   bool
	endByMs  int64
	doors    []door
	reopenMs int64 // when to let clients in again; 0: they are let in

	mu     sync.Mutex // guards what follows, which others use
	posted []message
	rung   bool
	freed  bool
}

// round is what a loop works with in a round, apart from the connections themselves.
type round struct {
	worker  *Worker
	events  []unix.EpollEvent
	scratch []byte
	answers []answer  // what has run
	stalled []*socket // whose calls may go on when their replies have gone
	running *socket   // whose calls run, or ran last
	full    []*pubsub.Mailbox
}

func newRound(s *Server) round {
	return round{
		worker: s.newWorker(), events: make([]unix.EpollEvent, eventsMax),
		scratch: make([]byte, readBytesMax),
	}
}

// socket is a connection of a loop.
type socket struct {
	conn   Conn
	fd     int
	events uint32 // that epoll waits for
	closed bool
}

// answer is where the replies to a socket stand among those of the worker.
type answer struct {
	socket     *socket
	start, end int
}

// message is what others ask of a loop.
type message struct {
	what   request
	socket *socket // kill
	fd     int     // adopt, listen
	unix   bool    // the same: it is a Unix socket
}

type request uint8

const (
	adopt   request = iota // serve the connection
	listen                 // let clients in
	kill                   // end the connection at once
	resume                 // suspended calls may go on
	wake                   // the call of the connection that waits may be done
	durable                // held replies may go
	mail                   // there is something in a mailbox
	stop                   // drain and end
)

func newLoop(t *epollTransport) (*loop, error) {
	l := &loop{transport: t, server: t.server, round: newRound(t.server)}
	l.outlet = pubsub.NewOutlet(func() { l.post(message{what: mail}) })
	l.worker.caller.WhileBusy(l.serveOthers)
	var err error
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("create epoll: %w", err)
	}
	l.bell, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err == nil {
		err = l.control(unix.EPOLL_CTL_ADD, l.bell, unix.EPOLLIN)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("create eventfd: %w", err), l.free())
	}
	return l, nil
}

// free closes what the loop itself holds. It may be called twice.
func (l *loop) free() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.freed {
		return nil
	}
	l.freed = true
	for _, m := range l.posted {
		switch m.what {
		case adopt:
			_ = unix.Close(m.fd) // the client sees its end
			l.server.open.Add(-1)
		case listen:
			_ = unix.Close(m.fd) // nobody has waited yet
		}
	}
	return errors.Join(unix.Close(l.bell), unix.Close(l.epoll))
}

// post asks something of the loop. Anyone may call it; it does not wait.
func (l *loop) post(m message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.freed {
		return
	}
	l.posted = append(l.posted, m)
	if !l.rung {
		l.rung = true
		_, _ = unix.Write(l.bell, []byte{1, 0, 0, 0, 0, 0, 0, 0}) // it cannot be full
	}
}

func (l *loop) control(operation, fd int, events uint32) error {
	return unix.EpollCtl(l.epoll, operation, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
}

// run serves until the loop has been stopped and has drained.
func (l *loop) run() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer l.closeAll()
	for !l.ending || (l.open.Load() > 0 && l.worker.NowMs < l.endByMs) {
		if err := l.serve(l.timeoutMs()); err != nil {
			return err
		}
	}
	return nil
}

// serve waits so long for events (-1: for ever) and does a round. (Asking once or five
// times without waiting before made no difference that could be measured, neither in calls
// nor in processor time.)
func (l *loop) serve(timeoutMs int) error {
	if l.outlet.Used() && !l.outlet.Rest() {
		timeoutMs = 0
	}
	n, err := unix.EpollWait(l.epoll, l.events, timeoutMs)
	if err != nil && !errors.Is(err, unix.EINTR) {
		return fmt.Errorf("wait for events: %w", err)
	}
	l.server.begin(l.worker)
	if l.outlet.Used() {
		l.outlet.Attend()
	}
	for i := range l.events[:max(n, 0)] {
		l.handle(&l.events[i])
		if now := l.worker.caller.Clock(); l.worker.out.Len() > roundBytesMax ||
			now.Sub(l.worker.began) > roundTimeMax {
			l.sendAll()
			l.worker.began = now
		}
	}
	l.takeMail()
	l.sendAll()
	l.lookAtTime()
	return nil
}

// timeoutMs is how long nothing needs to be done if nothing happens; -1: for ever.
func (l *loop) timeoutMs() int {
	dueMs := l.retryMs
	earlier := func(ms int64) {
		if dueMs == 0 || ms < dueMs {
			dueMs = ms
		}
	}
	if l.reopenMs != 0 {
		earlier(l.reopenMs)
	}
	if l.ticks() {
		earlier(l.tickMs + tickEvery.Milliseconds())
	}
	if l.ending {
		earlier(l.endByMs)
	}
	if dueMs == 0 {
		return -1
	}
	return int(min(max(dueMs-time.Now().UnixMilli(), 0), tickEvery.Milliseconds()))
}

// ticks tells whether there is a connection to which time may do something.
func (l *loop) ticks() bool {
	return l.blocked > 0 || (l.worker.Limits.IdleMs > 0 && l.open.Load() > 0)
}

// lookAtTime does what is due.
func (l *loop) lookAtTime() {
	nowMs := l.worker.NowMs
	if l.reopenMs != 0 && l.reopenMs <= nowMs {
		l.openDoors()
	}
	if l.retryMs != 0 && l.retryMs <= nowMs {
		l.retry()
	}
	if nowMs-l.tickMs >= tickEvery.Milliseconds() {
		l.tickMs = nowMs
		if l.ticks() {
			l.each(func(s *socket) {
				s.conn.Tick(l.worker)
				l.settle(s)
			})
		}
	}
}

// retry lets suspended connections go on whose time has come, or who wait for a word.
func (l *loop) retry() {
	l.retryMs = 0
	l.each(func(s *socket) {
		waits, untilMs := s.conn.Suspended()
		if !waits {
			return
		}
		start := l.worker.out.Len()
		if untilMs <= l.worker.NowMs {
			l.running = s
			s.conn.Resume(l.worker)
		}
		l.answers = append(l.answers, answer{s, start, l.worker.out.Len()})
		if l.worker.out.Len() > roundBytesMax {
			l.sendAll()
		}
	})
	l.sendAll()
}

// each calls do for every connection.
func (l *loop) each(do func(s *socket)) {
	for _, s := range l.sockets {
		if s != nil {
			do(s)
		}
	}
}

// closeAll closes what is still open when the loop ends.
func (l *loop) closeAll() {
	l.closeDoors()
	l.each(l.close)
}
