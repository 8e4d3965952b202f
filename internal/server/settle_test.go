// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// plain is a client that sends lines and reads lines.
type plain struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func dialPlain(t *testing.T, addr string) *plain {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return &plain{t, conn, bufio.NewReader(conn)}
}

func (p *plain) send(call string) {
	p.t.Helper()
	if _, err := fmt.Fprintf(p.conn, "%s\r\n", call); err != nil {
		p.t.Fatal(err)
	}
}

// want reads as many lines as it is given.
func (p *plain) want(lines ...string) {
	p.t.Helper()
	for _, line := range lines {
		got, err := p.in.ReadString('\n')
		if err != nil || strings.TrimSpace(got) != line {
			p.t.Fatalf("got %q %v, want %q", got, err, line)
		}
	}
}

// TestWaitAOFHoldsNobodyUp: while WAITAOF waits for a disk that takes its time, others on the
// same event loop are served.
func TestWaitAOFHoldsNobodyUp(t *testing.T) {
	for _, transport := range transports() {
		disk, shut, open := gatedDisk()
		store, addr := startKept(t, transport, "no", disk)
		waits, short, other := dialPlain(t, addr), dialPlain(t, addr), dialPlain(t, addr)
		shut()
		isShut := true
		defer func() {
			if isShut {
				open()
			}
		}()
		waits.send("SET k v")
		waits.want("+OK")
		waits.send("WAITAOF 1 0 0")
		eventually(t, "the call waits", func() bool { return store.Waiting() == 1 })
		other.send("GET k")
		other.want("$1", "v")
		short.send("WAITAOF 1 0 20")
		short.want("*2", ":0", ":0")
		short.send("MULTI\r\nWAITAOF 1 0 0\r\nEXEC")
		short.want("+OK", "+QUEUED", "*1", "*2", ":0", ":0")
		gone := dialPlain(t, addr)
		gone.send("WAITAOF 1 0 0")
		eventually(t, "another one waits", func() bool { return store.Waiting() == 2 })
		_ = gone.conn.Close()
		eventually(t, "it is forgotten", func() bool { return store.Waiting() == 1 })
		open()
		isShut = false
		waits.want("*2", ":1", ":0")
		waits.send("WAITAOF 0 0 0")
		waits.want("*2", ":1", ":0")
		if store.Journal().Durable() < store.Journal().End() || store.Waiting() != 0 {
			t.Errorf("%s: not all is durable, or somebody waits", transport)
		}
	}
}
