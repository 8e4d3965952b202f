// SPDX-License-Identifier: Apache-2.0

// Package loopback is about the network of this machine alone. It owns nothing; servers and
// connections are not here.
package loopback

import "net"

// FreePort is a TCP port that nobody listens on. Another process may take it before the caller
// does; then the caller's server ends at once and says so.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
