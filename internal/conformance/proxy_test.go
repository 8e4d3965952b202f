// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"bufio"
	"bytes"
	"net"
	"strconv"
	"sync"
	"testing"
)

// startProxy puts itself before a server and hands each reply to change, together with the
// call it answers. It stops when the test ends.
func startProxy(t *testing.T, addr string, change func(args []string, reply Value) Value) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var clients sync.WaitGroup
	clients.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			clients.Go(func() { relay(client, addr, change) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		clients.Wait()
	})
	return listener.Addr().String()
}

// relay answers one client, call by call, until it hangs up.
func relay(client net.Conn, addr string, change func([]string, Value) Value) {
	defer client.Close()
	server, err := Dial(addr)
	if err != nil {
		return
	}
	defer server.Close()
	in := bufio.NewReader(client)
	for {
		call, err := readValue(in)
		if err != nil {
			return
		}
		args := flatten(call)
		if callName(args) == "PSUBSCRIBE" {
			server.Put(args...)
			relayMessages(client, in, server, change)
			return
		}
		reply, err := server.Do(args...)
		if err != nil {
			return
		}
		if _, err := client.Write(appendWire(nil, change(args, reply))); err != nil {
			return
		}
	}
}

// relayMessages lets a client that has subscribed hear what the server tells it, and passes on
// its calls, until it hangs up. change is handed each message as the reply to PSUBSCRIBE.
func relayMessages(
	client net.Conn, in *bufio.Reader, server *Conn, change func([]string, Value) Value,
) {
	var heard sync.WaitGroup
	heard.Go(func() {
		for {
			message, err := server.Receive()
			if err != nil {
				return
			}
			wire := appendWire(nil, change([]string{"PSUBSCRIBE"}, message))
			if _, err := client.Write(wire); err != nil {
				return
			}
		}
	})
	for err := server.Flush(); err == nil; err = server.Flush() {
		call, err := readValue(in)
		if err != nil {
			break
		}
		server.Put(flatten(call)...)
	}
	server.Close()
	heard.Wait()
}

// appendWire writes a reply as it goes over the wire.
func appendWire(b []byte, v Value) []byte {
	b = append(b, v.Kind)
	switch {
	case v.Null:
		return append(b, "-1\r\n"...)
	case v.IsAggregate():
		n := len(v.Elems)
		if v.Kind == '%' || v.Kind == '|' {
			n /= 2
		}
		b = append(strconv.AppendInt(b, int64(n), 10), "\r\n"...)
		for _, elem := range v.Elems {
			b = appendWire(b, elem)
		}
		return b
	case bytes.IndexByte([]byte("$=!"), v.Kind) >= 0:
		b = append(strconv.AppendInt(b, int64(len(v.Text)), 10), "\r\n"...)
	}
	return append(append(b, v.Text...), "\r\n"...)
}
