// SPDX-License-Identifier: Apache-2.0

package loadgen

import (
	"net"
	"strings"
	"testing"
	"time"
)

// TestAudienceHearsEverything: a run ends when all listeners have got all messages, and those
// of one run do not count for the next.
func TestAudienceHearsEverything(t *testing.T) {
	server, socket := startRedis(t)
	server.Address = socket
	s := open(t, server, Options{Clients: 3, Requests: 500, ValueSize: 30})
	w, err := Named("publish")
	if err != nil {
		t.Fatal(err)
	}
	w.Listeners = 7
	for range 2 {
		if _, err := s.Run(t.Context(), w, 16); err != nil {
			t.Fatal(err)
		}
	}
	size := s.audience.size.Load()
	if want := s.heard * 7 * size; s.heard != 1000 || size < 30 || s.audience.bytes.Load() != want {
		t.Errorf("%d messages of %d bytes: %d bytes, want %d", s.heard, size,
			s.audience.bytes.Load(), want)
	}
	if other, _ := Named("hot-incr"); true {
		if _, err := s.Run(t.Context(), other, 1); err != nil || s.audience != nil {
			t.Errorf("the audience stays for a workload without one: %v", err)
		}
	}
}

// TestAudienceThatHearsNothing: messages that do not come are an error, not a figure.
func TestAudienceThatHearsNothing(t *testing.T) {
	server := fakeServer(t, func(conn net.Conn) {
		buffer := make([]byte, 4096)
		for {
			n, err := conn.Read(buffer)
			if err != nil {
				return
			}
			calls := string(buffer[:n])
			for range strings.Count(calls, "SUBSCRIBE\r\n") + strings.Count(calls, "PUBLISH\r\n") {
				if _, err := conn.Write([]byte(":1\r\n")); err != nil {
					return
				}
			}
		}
	})
	s := open(t, server, Options{Clients: 1, Requests: 10, Stall: 100 * time.Millisecond})
	w, _ := Named("publish")
	w.Listeners = 2
	if _, err := s.Run(t.Context(), w, 1); err == nil ||
		!strings.Contains(err.Error(), "listeners") {
		t.Errorf("a run that nobody hears: %v", err)
	}
}
