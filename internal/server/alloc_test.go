// SPDX-License-Identifier: Apache-2.0

//go:build !race

package server

import (
	"io"
	"runtime"
	"strings"
	"testing"

	"stampede/internal/engine"
	"stampede/internal/reply"
	"stampede/internal/session"
)

// TestCallsAllocateNothing counts what the whole way of a call allocates, from the socket
// and back, once the connection has run a few rounds.
func TestCallsAllocateNothing(t *testing.T) {
	for _, v := range variants() {
		t.Run(string(v.transport)+"-"+v.network, func(t *testing.T) {
			s := start(t, v, "")
			c := s.dial(t)
			const pipeline, rounds = 16, 500
			input := []byte(strings.Repeat(call("SET", "key", "value"), pipeline))
			replies := make([]byte, 5*pipeline)
			round := func() {
				if _, err := c.Write(input); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(c.Conn, replies); err != nil {
					t.Fatal(err)
				}
			}
			for range 100 {
				round()
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range rounds {
				round()
			}
			runtime.ReadMemStats(&after)
			// The rest is what the runtime and other goroutines do meanwhile.
			if n := after.Mallocs - before.Mallocs; n > rounds/5 {
				t.Errorf("%d allocations in %d rounds of %d calls", n, rounds, pipeline)
			}
		})
	}
}

// quietStore is a tinyStore whose calls allocate nothing.
type quietStore struct{ tinyStore }

func (*quietStore) Do(_ *session.Session, b *engine.Batch, _ *reply.Buffer) engine.Outcome {
	return engine.Outcome{Ran: b.Len()}
}

// TestCutCallsAllocateNothing reads a long pipeline, so that nearly every read ends within a
// call, whose beginning has to be kept until the next one.
func TestCutCallsAllocateNothing(t *testing.T) {
	b := newBench(t)
	b.worker.caller = &quietStore{}
	for _, size := range []int{readBytesMax, 16 << 10, 4 << 10} {
		pipeline := strings.Repeat(call("COUNT", strings.Repeat("v", 1200), "w"), 800)
		scratch := make([]byte, size)
		round := func() {
			for left := pipeline; len(left) > 0; {
				space := b.Space(scratch)
				n := copy(space, left)
				left = left[n:]
				b.Receive(b.worker, space[:n])
			}
		}
		// The parser lets go of what it knows of cut calls when the pipeline ends.
		if n := testing.AllocsPerRun(5, round); n > 3 {
			t.Errorf("%v allocations in %d reads of %d bytes", n, len(pipeline)/size, size)
		}
	}
}

// TestIdleConnectionsAreSmall counts what an idle connection keeps of the heap.
func TestIdleConnectionsAreSmall(t *testing.T) {
	if Best != Epoll {
		t.Skip("only event loops promise it")
	}
	s := start(t, variant{Epoll, "tcp", 1}, "")
	const connections = 400
	clients := make([]*client, connections)
	for i := range clients {
		clients[i] = s.dial(t) // the clients' own memory is there before the measurement
	}
	eventually(t, "all are open", func() bool { return s.Clients() == connections })
	for _, c := range clients {
		c.send(call("SET", "k", strings.Repeat("v", 1000)))
		c.want("+OK\r\n")
	}
	var with, without runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&with)
	kept := uint64(0)
	for _, c := range clients {
		_ = c.Close()
	}
	eventually(t, "all are closed", func() bool { return s.Clients() == 0 })
	runtime.GC()
	runtime.ReadMemStats(&without)
	runtime.KeepAlive(clients) // their memory is in both
	if with.HeapAlloc > without.HeapAlloc {
		kept = (with.HeapAlloc - without.HeapAlloc) / connections
	}
	t.Logf("%d bytes a connection", kept)
	if kept > 1500 {
		t.Errorf("an idle connection keeps %d bytes", kept)
	}
}
