// SPDX-License-Identifier: Apache-2.0

package server

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"stampede/internal/session"
)

// door is a listening socket of a loop.
type door struct {
	fd   int
	unix bool
}

func (l *loop) listen(fd int, isUnix bool) {
	l.doors = append(l.doors, door{fd, isUnix})
	l.openDoors()
}

// openDoors lets clients in.
func (l *loop) openDoors() {
	l.reopenMs = 0
	for _, d := range l.doors {
		err := l.control(unix.EPOLL_CTL_ADD, d.fd, unix.EPOLLIN)
		if err != nil && err != unix.EEXIST {
			l.server.log.Error("epoll refused a listener", "error", err)
		}
	}
}

// closeDoors lets nobody in any more.
func (l *loop) closeDoors() {
	for _, d := range l.doors {
		_ = unix.Close(d.fd) // whatever it says, the descriptor is gone
	}
	l.doors = nil
}

// letIn accepts clients from the listener fd, if it is one.
func (l *loop) letIn(fd int) {
	for _, d := range l.doors {
		if d.fd != fd {
			continue
		}
		for range acceptsMax {
			if !l.accept(d) {
				return
			}
		}
	}
}

// accept accepts one client and tells whether there may be more.
func (l *loop) accept(d door) bool {
	fd, peer, err := unix.Accept4(d.fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	switch err {
	case nil:
	case unix.EINTR, unix.ECONNABORTED:
		return true
	case unix.EAGAIN:
		return false
	default:
		l.server.log.Error("a client could not be let in", "error", err)
		for _, d := range l.doors {
			_ = l.control(unix.EPOLL_CTL_DEL, d.fd, 0) // it may be out already
		}
		l.reopenMs = l.worker.NowMs + acceptRetry.Milliseconds()
		return false
	}
	if !d.unix && l.server.mustRefuse(addrPort(peer)) {
		return l.turnAway(fd, refusal)
	}
	if !l.server.admit() {
		return l.turnAway(fd, tooMany)
	}
	if to := l.transport.emptiest(); to != l {
		to.open.Add(1)
		to.post(message{what: adopt, fd: fd, unix: d.unix})
	} else {
		l.open.Add(1)
		l.adopt(fd, d.unix)
	}
	return true
}

// turnAway tells a client why it is not served. There may be more of them.
func (l *loop) turnAway(fd int, reason string) bool {
	sendNow(fd, []byte(reason)) // it is lost to us either way
	_ = unix.Close(fd)
	return true
}

// adopt begins to serve a connection, which is counted already.
func (l *loop) adopt(fd int, isUnix bool) {
	link := session.Link{FD: fd, Unix: isUnix}
	link.LocalAddr = addressOf(unix.Getsockname(fd))
	link.Addr = link.LocalAddr
	if !isUnix {
		link.Addr = addressOf(unix.Getpeername(fd))
		l.tune(fd)
	}
	s := &socket{fd: fd, events: unix.EPOLLIN}
	link.Kill = func() { l.post(message{what: kill, socket: s}) }
	link.Wake = func() { l.post(message{what: wake, socket: s}) }
	link.Post = session.Post{Outlet: l.outlet, Owner: s}
	s.conn.init(l.server.openSession(link, l.worker), l.worker)
	l.place(fd)
	l.sockets[fd] = s
	err := l.control(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN)
	if err != nil {
		l.server.log.Error("epoll refused a connection", "error", err)
	}
	if err != nil || l.ending {
		l.close(s)
	}
}

// tune sets the options of a TCP connection. What fails costs speed only.
func (l *loop) tune(fd int) {
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	seconds := l.worker.Limits.KeepAliveSeconds
	if seconds == 0 {
		return
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, seconds)
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, max(seconds/3, 1))
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 3)
}

// addressOf is an address as CLIENT LIST shows it.
func addressOf(address unix.Sockaddr, err error) string {
	if err != nil {
		return "?:0"
	}
	if a, ok := address.(*unix.SockaddrUnix); ok {
		return a.Name + ":0"
	}
	return addrPort(address).String()
}

// addrPort is the address of a TCP socket.
func addrPort(address unix.Sockaddr) netip.AddrPort {
	switch a := address.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), uint16(a.Port))
	}
	return netip.AddrPort{}
}
