// SPDX-License-Identifier: Apache-2.0

package server

import (
	"net"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls below are made without telling Go's scheduler: none of them waits, and
// telling it costs about as much as a short call itself.

// readNow reads what has come.
func readNow(fd int, space []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ,
		uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(space))), uintptr(len(space)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// sendNow sends what the socket takes. A peer that has gone is an error and no signal.
func sendNow(fd int, data []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO,
		uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(data))), uintptr(len(data)),
		unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// setBacklog sets how many connections may wait to be accepted.
func setBacklog(listener net.Listener, clients int) {
	socket, ok := listener.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.Listen(int(fd), clients) // the system's own number stays, which serves, too
	})
}
