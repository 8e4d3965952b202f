// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"stampede/internal/pubsub"
)

// netTransport serves each connection by a goroutine of its own.
type netTransport struct {
	server *Server
	ending atomic.Bool
	outlet *pubsub.Outlet

	mu    sync.Mutex
	links map[*netLink]struct{}
	done  sync.WaitGroup // of the links
}

func newNetTransport(s *Server) *netTransport {
	return &netTransport{
		server: s, links: make(map[*netLink]struct{}),
		outlet: pubsub.NewOutlets(func(owner any) { owner.(*netLink).wake() }),
	}
}

func (t *netTransport) run(ctx context.Context, listeners []net.Listener) error {
	var accepting sync.WaitGroup
	for _, listener := range listeners {
		accepting.Go(func() { t.accept(ctx, listener) })
	}
	<-ctx.Done()
	for _, listener := range listeners {
		_ = listener.Close() // it may have closed itself with an error, which was logged
	}
	accepting.Wait()
	t.ending.Store(true)
	t.wake()
	force := time.AfterFunc(t.server.drainMax, func() {
		t.kill()
		t.server.engine.Abort()
	})
	defer force.Stop()
	t.done.Wait()
	return nil
}

// accept lets clients in until the listener is closed.
func (t *netTransport) accept(ctx context.Context, listener net.Listener) {
	for {
		socket, err := listener.Accept()
		switch {
		case err == nil:
			t.welcome(socket)
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return
		default:
			t.server.log.Error("a client could not be let in", "error", err)
			pause(ctx, acceptRetry)
		}
	}
}

// acceptRetry is how long nobody is let in after the system had no room for a socket.
const acceptRetry = 50 * time.Millisecond

// pause waits for d or for the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// turnAway tells a client why it is not served.
func turnAway(socket net.Conn, reason string) {
	_ = socket.SetWriteDeadline(time.Now().Add(writeTry))
	_, _ = io.WriteString(socket, reason) // it is lost to us either way
	_ = socket.Close()
}

// welcome starts to serve a client, or turns it away.
func (t *netTransport) welcome(socket net.Conn) {
	tcp, isTCP := socket.(*net.TCPConn)
	if isTCP && t.server.mustRefuse(tcp.RemoteAddr().(*net.TCPAddr).AddrPort()) {
		turnAway(socket, refusal)
		return
	}
	if !t.server.admit() {
		turnAway(socket, tooMany)
		return
	}
	if isTCP {
		period := time.Duration(t.server.limits.Load().KeepAliveSeconds) * time.Second
		_ = tcp.SetKeepAliveConfig(net.KeepAliveConfig{
			Enable: period > 0, Idle: period, Interval: period / 3, Count: 3,
		})
	}
	k := &netLink{server: t.server, transport: t, socket: socket, woken: make(chan struct{}, 1)}
	t.mu.Lock()
	t.links[k] = struct{}{}
	t.mu.Unlock()
	t.done.Go(func() {
		k.serve()
		t.mu.Lock()
		delete(t.links, k)
		t.mu.Unlock()
	})
}

// durable has nobody to tell: goroutines wait for the journal themselves.
func (t *netTransport) durable() {}

func (t *netTransport) wake() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k := range t.links {
		k.wake()
	}
}

// kill ends all connections at once.
func (t *netTransport) kill() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k := range t.links {
		k.kill()
	}
}
