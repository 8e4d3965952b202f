// SPDX-License-Identifier: Apache-2.0

// Package server is the door for clients of Redis: it takes connections, turns the bytes
// that come into batches of calls for the engine, and sends the replies.
//
// A [Conn] is a connection without a socket: a state machine that is given bytes and
// asked what to do next. Two transports drive it. "net" has a goroutine for each
// connection and runs on every system. "epoll" (Linux) has a few event loops, each on a
// thread of its own: a round reads and runs all connections that are ready and writes all
// replies after. While a script runs long, its loop serves the others from within.
//
// # Ownership
//
// A Conn and its session belong to the goroutine or the loop that drives it. Others reach
// it by a message (epoll) or by a deadline of its socket (net): to end it, to let it go
// on, to stop the server. A [Worker] belongs to its loop, or to the goroutine that has
// taken it from the pool. The [Server] itself may be used by anyone.
//
// # What is not here
//
// What calls mean and which may run (package engine), the wire format (package resp), and
// what parameters there are (package config).
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"stampede/internal/config"
	"stampede/internal/engine"
	"stampede/internal/metrics"
	"stampede/internal/session"
)

// Transport says how sockets are served.
type Transport string

// The transports. Epoll exists on Linux only.
const (
	Net   Transport = "net"
	Epoll Transport = "epoll"
)

// Options configure a Server. Engine, Registry and Config are required.
type Options struct {
	Engine   *engine.Engine
	Registry *session.Registry
	Config   *config.Config
	Stats    *metrics.Stats // where connections and traffic are counted; nil: nowhere
	Log      *slog.Logger   // nil: nothing is logged

	Transport Transport     // empty: Best
	Loops     int           // event loops of epoll; 0: DefaultLoops
	DrainMax  time.Duration // how long replies may take to go when the server ends; 0: 5 s
}

const drainMaxDefault = 5 * time.Second

// DefaultLoops is the number of event loops where Options name none: one less than there
// are cores that may be used, because something is left for everything else.
func DefaultLoops() int { return max(1, min(runtime.NumCPU(), runtime.GOMAXPROCS(0))-1) }

// Server serves connections. Make it with [New], give it addresses with [Server.Listen]
// and let it work with [Server.Run].
type Server struct {
	engine   *engine.Engine
	registry *session.Registry
	config   *config.Config
	stats    *metrics.Stats
	log      *slog.Logger
	drainMax time.Duration
	loops    int

	limits    atomic.Pointer[Limits]
	open      atomic.Int64 // connections
	unsent    atomic.Int64 // bytes of output that wait
	listeners []net.Listener
	transport transport

	mu   sync.Mutex
	idle []*Worker // for transports without loops
}

// transport drives connections over sockets.
type transport interface {
	// run accepts and serves until ctx ends, drains, and returns when nothing is left.
	run(ctx context.Context, listeners []net.Listener) error
	// wake lets suspended connections try again. Anyone may call it; it does not wait.
	wake()
	// durable lets held replies go; see Server.Durable.
	durable()
}

// New returns a server that listens nowhere yet.
func New(o Options) (*Server, error) {
	s := &Server{
		engine: o.Engine, registry: o.Registry, config: o.Config, stats: o.Stats,
		log: o.Log, drainMax: o.DrainMax, loops: o.Loops,
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.drainMax == 0 {
		s.drainMax = drainMaxDefault
	}
	s.readLimits()
	for _, p := range limitParams() {
		s.config.OnChange(p, s.readLimits)
	}
	if o.Transport == "" {
		o.Transport = Best
	}
	switch o.Transport {
	case Net:
		s.transport = newNetTransport(s)
	case Epoll:
		t, err := newEpollTransport(s)
		if err != nil {
			return nil, err
		}
		s.transport = t
	default:
		return nil, fmt.Errorf("server: there is no transport %q", o.Transport)
	}
	return s, nil
}

// readLimits puts the limits that the configuration sets in force.
func (s *Server) readLimits() {
	l := readLimits(s.config)
	s.limits.Store(l)
	s.engine.Hub().SetLimit(l.Output[session.PubSub].HardBytes)
}

// Listen opens an address: network is "tcp" or "unix". Clients wait until Run is called.
// The socket of a server that has died is replaced.
func (s *Server) Listen(network, address string) (net.Addr, error) {
	if info, err := os.Stat(address); network == "unix" && err == nil &&
		info.Mode().Type() == os.ModeSocket {
		_ = os.Remove(address) // if it stays, listening says why it cannot
	}
	listener, err := net.Listen(network, address)
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	setBacklog(listener, int(s.config.Int(config.TCPBacklog)))
	s.listeners = append(s.listeners, listener)
	return listener.Addr(), nil
}

// Run serves until ctx ends. Then nobody is let in any more, calls that have begun are
// finished, their replies are sent, and it returns when nothing of the server is left.
func (s *Server) Run(ctx context.Context) error {
	if err := s.transport.run(ctx, s.listeners); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	return nil
}

// Close closes the addresses of a server that has not run.
func (s *Server) Close() error {
	var errs []error
	for _, listener := range s.listeners {
		errs = append(errs, listener.Close())
	}
	s.listeners = nil
	return errors.Join(errs...)
}

// Wake lets suspended connections try their calls again, because CLIENT UNPAUSE has come.
func (s *Server) Wake() { s.transport.wake() }

// Clients is the number of open connections.
func (s *Server) Clients() int { return int(s.open.Load()) }

func (s *Server) newWorker() *Worker {
	w := NewWorker(s.engine.NewRunner(), s.limits.Load(), &s.unsent)
	if s.stats != nil {
		w.counts = s.stats.NewRecorder()
	}
	return w
}

// begin makes w ready for a round at the present time.
func (s *Server) begin(w *Worker) {
	now := time.Now()
	w.Limits, w.NowMs, w.began = s.limits.Load(), now.UnixMilli(), now
}

// borrow returns a worker, ready for a round, to be given back.
func (s *Server) borrow() *Worker {
	s.mu.Lock()
	var w *Worker
	if last := len(s.idle) - 1; last >= 0 {
		w, s.idle = s.idle[last], s.idle[:last]
	}
	s.mu.Unlock()
	if w == nil {
		w = s.newWorker()
	}
	s.begin(w)
	return w
}

// giveBack ends the use of a borrowed worker.
func (s *Server) giveBack(w *Worker) {
	s.mu.Lock()
	s.idle = append(s.idle, w)
	s.mu.Unlock()
}

// tooMany is what a client hears for whom there is no place.
const tooMany = "-ERR max number of clients reached\r\n"

// admit tells whether there is a place for one more connection, and takes it.
func (s *Server) admit() bool {
	if s.open.Add(1) <= int64(s.limits.Load().ClientsMax) {
		return true
	}
	s.open.Add(-1)
	if s.stats != nil {
		s.stats.ConnectionRejected()
	}
	s.log.Debug("a client was turned away: maxclients reached")
	return false
}

// mustRefuse tells whether a TCP client at the given address is refused: without a password
// only this machine is served, unless protected-mode is off.
func (s *Server) mustRefuse(client netip.AddrPort) bool {
	return !client.Addr().Unmap().IsLoopback() && s.config.Bool(config.ProtectedMode) &&
		s.config.Text(config.RequirePass) == ""
}

// refusal is what such a client hears.
const refusal = "-DENIED Stampede runs in protected mode: there is no password, so only " +
	"clients on this machine are served. Set requirepass, or protected-mode no.\r\n"

// openSession begins the session of an admitted connection.
func (s *Server) openSession(link session.Link, w *Worker) *session.Session {
	if w.counts != nil {
		w.counts.Opened()
	}
	opened := s.registry.Open(link, w.NowMs)
	opened.Authenticated = s.config.Text(config.RequirePass) == ""
	return opened
}

// forget ends the session of a connection that is closed, and gives its place back.
func (s *Server) forget(c *Conn, w *Worker) {
	if c.broken != nil {
		s.log.Warn("a client was disconnected", "id", c.session.ID,
			"addr", c.session.Public.Info().Addr, "reason", c.broken)
	}
	if errors.Is(c.broken, errOutputTooBig) && c.kind() == session.PubSub {
		s.engine.Hub().NoteCutOff()
	}
	c.Drop(w)
	if c.waiter != nil {
		s.engine.Abandon(c.waiter)
	}
	s.engine.Close(c.session)
	s.registry.Close(c.session) // who is no longer listed hears nothing, and holds nothing
	s.open.Add(-1)
}
