// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package server

import (
	"errors"
	"net"
)

// Best is the transport for this system.
const Best = Net

func newEpollTransport(*Server) (transport, error) {
	return nil, errors.New("server: the transport epoll needs Linux")
}

// setBacklog leaves the system's own number.
func setBacklog(net.Listener, int) {}
