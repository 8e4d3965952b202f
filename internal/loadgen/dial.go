// SPDX-License-Identifier: Apache-2.0

package loadgen

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"stampede/internal/resp"
)

// network splits an address into what net.Dial wants.
func network(address string) (network, host string) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		return "unix", path
	}
	return "tcp", address
}

// dial opens a connection, authenticated and with its database chosen.
func dial(ctx context.Context, s Server, o Options) (net.Conn, error) {
	kind, host := network(s.Address)
	dialer := net.Dialer{Timeout: o.Stall}
	conn, err := dialer.DialContext(ctx, kind, host)
	if err != nil {
		return nil, err
	}
	for _, words := range s.greeting() {
		if err := call(conn, o, words); err != nil {
			_ = conn.Close() // the call's error says more
			return nil, fmt.Errorf("%s: %w", s.Address, err)
		}
	}
	return conn, nil
}

// greeting lists the calls that open a connection.
func (s Server) greeting() [][]string {
	var calls [][]string
	switch {
	case s.Username != "":
		calls = append(calls, []string{"AUTH", s.Username, s.Password})
	case s.Password != "":
		calls = append(calls, []string{"AUTH", s.Password})
	}
	if s.Database != 0 {
		calls = append(calls, []string{"SELECT", strconv.Itoa(s.Database)})
	}
	return calls
}

// call makes one call and waits for its reply. An error reply is an error.
func call(conn net.Conn, o Options, words []string) error {
	t, err := compile(words, 0)
	if err != nil {
		return err
	}
	if err := conn.SetDeadline(time.Now().Add(o.Stall)); err != nil {
		return err
	}
	if _, err := conn.Write(t.text); err != nil {
		return fmt.Errorf("%s: %w", words[0], err)
	}
	buf := make([]byte, 0, 512)
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := conn.Read(buf[len(buf):cap(buf)])
		if err != nil {
			return fmt.Errorf("%s: %w", words[0], err)
		}
		buf = buf[:len(buf)+n]
		size, kind, err := resp.SkipReply(buf)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", words[0], err)
		case size > 0 && isRefusal(kind):
			return fmt.Errorf("%s: the server says: %.200s", words[0], trimLine(buf))
		case size > 0:
			return conn.SetDeadline(time.Time{})
		}
	}
}
