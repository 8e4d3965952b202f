// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bufio"
	"fmt"
	"net"
	"strconv"
	"time"
)

// replyTimeout bounds the wait for one reply. No call of this package blocks, so a server
// that needs longer hangs.
const replyTimeout = 20 * time.Second

// Conn is a plain client connection: what is sent is what was asked, replies come as they
// are on the wire.
type Conn struct {
	net net.Conn
	in  *bufio.Reader
	out *bufio.Writer
}

// Dial connects to a server.
func Dial(addr string) (*Conn, error) {
	c, err := net.DialTimeout("tcp", addr, replyTimeout)
	if err != nil {
		return nil, err
	}
	return &Conn{net: c, in: bufio.NewReaderSize(c, 64<<10), out: bufio.NewWriterSize(c, 64<<10)}, nil
}

// Close closes the connection without a farewell.
func (c *Conn) Close() { _ = c.net.Close() }

// Put adds a call to those that the next Flush sends.
func (c *Conn) Put(args ...string) {
	c.out.WriteByte('*')
	c.out.WriteString(strconv.Itoa(len(args)))
	c.out.WriteString("\r\n")
	for _, arg := range args {
		c.out.WriteByte('$')
		c.out.WriteString(strconv.Itoa(len(arg)))
		c.out.WriteString("\r\n")
		c.out.WriteString(arg)
		c.out.WriteString("\r\n")
	}
}

// PutRaw adds bytes as they are to what the next Flush sends.
func (c *Conn) PutRaw(bytes string) { c.out.WriteString(bytes) }

// Flush sends what was put; an error of an earlier Put shows here.
func (c *Conn) Flush() error { return c.out.Flush() }

// Receive reads one reply.
func (c *Conn) Receive() (Value, error) {
	if err := c.net.SetReadDeadline(time.Now().Add(replyTimeout)); err != nil {
		return Value{}, err
	}
	return ReadValue(c.in)
}

// Do sends one call and reads its reply.
func (c *Conn) Do(args ...string) (Value, error) {
	c.Put(args...)
	if err := c.Flush(); err != nil {
		return Value{}, err
	}
	return c.Receive()
}

// Must is Do for calls that cannot be refused by a sound server.
func (c *Conn) Must(args ...string) (Value, error) {
	v, err := c.Do(args...)
	if err == nil && v.IsError() {
		err = fmt.Errorf("%v: %s", args, v.Text)
	}
	return v, err
}
