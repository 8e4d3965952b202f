// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"bufio"

	"stampede/internal/verify"
)

// Value is one reply as it came over the wire.
type Value = verify.Value

// Conn is a plain client connection: what is sent is what was asked, replies come as they
// are on the wire.
type Conn struct{ *verify.Conn }

// Dial connects to a server.
func Dial(addr string) (*Conn, error) {
	c, err := verify.Dial(addr)
	if err != nil {
		return nil, err
	}
	return &Conn{c}, nil
}

// must is Do for calls that cannot be refused by a sound server.
func (c *Conn) must(args ...string) (Value, error) { return c.Must(args...) }

// readValue reads one reply of either protocol version.
func readValue(r *bufio.Reader) (Value, error) { return verify.ReadValue(r) }

// quote writes bytes as a Go string in which everything outside ASCII is escaped by byte.
func quote(s string) string { return verify.Quote(s) }
