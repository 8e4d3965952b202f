// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"stampede/internal/config"
	"stampede/internal/engine"
	"stampede/internal/session"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long something may take that should come at once.
const patience = 30 * time.Second

// running is a server under test.
type running struct {
	*Server
	t        *testing.T
	network  string
	address  string
	config   *config.Config
	registry *session.Registry
	stop     func() error // ends it and waits; what Run returned
}

// variant is a way to serve.
type variant struct {
	transport Transport
	network   string
	loops     int
}

func variants() []variant {
	all := []variant{{Net, "tcp", 0}, {Net, "unix", 0}}
	if Best == Epoll {
		all = append(all, variant{Epoll, "tcp", 1}, variant{Epoll, "tcp", 3}, variant{Epoll, "unix", 2})
	}
	return all
}

// everyWay runs the test on a server of each kind. settings are lines of redis.conf.
func everyWay(t *testing.T, settings string, test func(t *testing.T, s *running)) {
	for _, v := range variants() {
		t.Run(fmt.Sprintf("%s-%s-%d", v.transport, v.network, v.loops), func(t *testing.T) {
			t.Parallel()
			test(t, start(t, v, settings))
		})
	}
}

func start(t *testing.T, v variant, settings string) *running {
	t.Helper()
	return startPrepared(t, v, settings, func(*Server) {})
}

// startPrepared is start for who has to change something before the server runs.
func startPrepared(
	t *testing.T, v variant, settings string, prepare func(s *Server),
) *running {
	t.Helper()
	r := &running{t: t, network: v.network, config: config.New()}
	if err := r.config.Load(strings.NewReader(settings), "test"); err != nil {
		t.Fatal(err)
	}
	r.registry = session.NewRegistry(func() { r.Wake() })
	store, err := engine.New(engine.Options{Shards: 4, Config: r.config, Registry: r.registry})
	if err != nil {
		t.Fatal(err)
	}
	r.Server, err = New(Options{
		Engine: store, Registry: r.registry, Config: r.config, Transport: v.transport,
		Loops: v.loops, DrainMax: patience,
	})
	if err != nil {
		t.Fatal(err)
	}
	r.address = "127.0.0.1:0"
	if v.network == "unix" {
		r.address = filepath.Join(t.TempDir(), "s")
	}
	address, err := r.Listen(v.network, r.address)
	if err != nil {
		t.Fatal(err)
	}
	r.address = address.String()
	prepare(r.Server)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	r.stop = sync.OnceValue(func() error {
		cancel()
		select {
		case err := <-ended:
			return err
		case <-time.After(patience):
			return fmt.Errorf("the server does not end")
		}
	})
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Error(err)
			return
		}
		if n := r.Clients(); n != 0 || r.registry.Len() != 0 {
			t.Errorf("%d clients, %d sessions are left", n, r.registry.Len())
		}
		if n := r.unsent.Load(); n != 0 {
			t.Errorf("%d bytes are counted as unsent", n)
		}
		if err := store.Free(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// client is a raw connection.
type client struct {
	net.Conn
	t testing.TB
	r *bufio.Reader
}

func (r *running) dial(t testing.TB) *client {
	t.Helper()
	var conn net.Conn
	eventually(t, "somebody answers", func() bool {
		var err error
		conn, err = net.DialTimeout(r.network, r.address, patience)
		return err == nil // where too many wait at a Unix socket they are not let wait
	})
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return &client{Conn: conn, t: t, r: bufio.NewReader(conn)}
}

func (c *client) send(input string) {
	c.t.Helper()
	if _, err := io.WriteString(c.Conn, input); err != nil {
		c.t.Fatal(err)
	}
}

// want reads as many bytes as want has and compares.
func (c *client) want(want string) {
	c.t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(c.r, got); err != nil {
		c.t.Fatalf("want %.80q, got %.80q and then %v", want, got[:n], err)
	}
	if string(got) != want {
		c.t.Fatalf("want %.80q, got %.80q", want, got)
	}
}

// wantEnd expects that the server has closed the connection. A reset will do.
func (c *client) wantEnd() {
	c.t.Helper()
	b, err := c.r.ReadByte()
	if err == nil {
		c.t.Fatalf("want the end, got %q", b)
	}
	if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
		c.t.Fatal("the connection stays open")
	}
}

// eventually waits until ok.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
	}
}

func TestHalfCalls(t *testing.T) {
	everyWay(t, "", func(t *testing.T, s *running) {
		c := s.dial(t)
		for _, b := range []byte(call("SET", "k", "v") + call("GET", "k")) {
			c.send(string(b))
		}
		c.want("+OK\r\n$1\r\nv\r\n")
		c.send("*2\r\n$3\r\nGE")
		other := s.dial(t)
		other.send("GET k\r\n")
		other.want("$1\r\nv\r\n")
		c.send("T\r\n$1\r\nk\r\n")
		c.want("$1\r\nv\r\n")
		c.send("*2\r\n$3\r\nGE") // and nothing more: the server has to end with this
	})
}

func TestBreachOfTheProtocol(t *testing.T) {
	everyWay(t, "", func(t *testing.T, s *running) {
		c := s.dial(t)
		c.send(call("SET", "k", "v") + "*1\r\nx\r\n")
		c.want("+OK\r\n-ERR Protocol error: expected '$', got 'x'\r\n")
		c.wantEnd()
		eventually(t, "the connection is forgotten", func() bool { return s.Clients() == 0 })
	})
}

func TestLargeValues(t *testing.T) {
	everyWay(t, "", func(t *testing.T, s *running) {
		value := strings.Repeat("0123456789abcdef", 1<<18)
		c := s.dial(t)
		go func() { _, _ = io.WriteString(c.Conn, call("SET", "k", value)+call("GET", "k")) }()
		c.want("+OK\r\n")
		c.want(fmt.Sprintf("$%d\r\n%s\r\n", len(value), value))
	})
}

func TestMaxClients(t *testing.T) {
	everyWay(t, "maxclients 2", func(t *testing.T, s *running) {
		a, b := s.dial(t), s.dial(t)
		for _, c := range []*client{a, b} {
			c.send("GET k\r\n")
			c.want("$-1\r\n")
		}
		c := s.dial(t)
		c.want("-ERR max number of clients reached\r\n")
		c.wantEnd()
		_ = a.Close()
		eventually(t, "a place is free", func() bool { return s.Clients() == 1 })
		d := s.dial(t)
		d.send("GET k\r\n")
		d.want("$-1\r\n")
	})
}

func TestKill(t *testing.T) {
	everyWay(t, "", func(t *testing.T, s *running) {
		idle, half := s.dial(t), s.dial(t)
		half.send("*2\r\n")
		eventually(t, "two are connected", func() bool { return s.registry.Len() == 2 })
		for _, public := range s.registry.All() {
			if !public.Kill() {
				t.Error("not open?")
			}
			public.Kill()
		}
		idle.wantEnd()
		half.wantEnd()
		eventually(t, "all are forgotten", func() bool { return s.registry.Len() == 0 })
	})
}

func TestClientThatKillsItselfHearsOfIt(t *testing.T) {
	everyWay(t, "", func(t *testing.T, s *running) {
		c := s.dial(t)
		c.send("CLIENT KILL TYPE normal SKIPME no\r\nGET k\r\n")
		c.want(":1\r\n")
		c.wantEnd()
	})
}

func TestPauseAndUnpause(t *testing.T) {
	everyWay(t, "", func(t *testing.T, s *running) {
		c := s.dial(t)
		c.send("SET k 1\r\n")
		c.want("+OK\r\n")
		nowMs := time.Now().UnixMilli()
		s.registry.Pause(false, nowMs+patience.Milliseconds(), nowMs)
		c.send("GET k\r\nSET k 2\r\nGET k\r\n")
		c.want("$1\r\n1\r\n")
		c.send("GET k\r\n")
		s.registry.Unpause()
		c.want("+OK\r\n$1\r\n2\r\n$1\r\n2\r\n")

		nowMs = time.Now().UnixMilli()
		s.registry.Pause(true, nowMs+20, nowMs)
		c.send("GET k\r\n")
		c.want("$1\r\n2\r\n")
		if time.Now().UnixMilli() < nowMs+20 {
			t.Error("the pause was too short")
		}

		nowMs = time.Now().UnixMilli()
		s.registry.Pause(true, nowMs+patience.Milliseconds(), nowMs)
		c.send("GET k\r\n") // and the server has to end with this
	})
}

func TestIdleClientsAreClosed(t *testing.T) {
	everyWay(t, "timeout 1", func(t *testing.T, s *running) {
		c := s.dial(t)
		c.send("GET k\r\n")
		c.want("$-1\r\n")
		c.wantEnd()
	})
}

func TestDrainSendsWhatCallsHaveAnswered(t *testing.T) {
	everyWay(t, "", func(t *testing.T, s *running) {
		value := strings.Repeat("v", 1<<20)
		reply := fmt.Sprintf("$%d\r\n%s\r\n", len(value), value)
		c := s.dial(t)
		go func() { _, _ = io.WriteString(c.Conn, call("SET", "k", value)) }()
		c.want("+OK\r\n")
		c.send(strings.Repeat(call("GET", "k"), 16))
		c.want(reply)
		stopped := make(chan error, 1)
		go func() { stopped <- s.stop() }()
		rest, err := io.ReadAll(c.r)
		if err != nil {
			t.Fatal(err)
		}
		whole := bytes.Repeat([]byte(reply), len(rest)/len(reply))
		if !bytes.Equal(rest, whole) {
			t.Errorf("%d bytes are no whole replies of %d", len(rest), len(reply))
		}
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		if _, err := net.Dial(s.network, s.address); err == nil {
			t.Error("somebody still listens")
		}
	})
}

func TestDrainDoesNotWaitForEver(t *testing.T) {
	everyWay(t, "", func(t *testing.T, s *running) {
		s.drainMax = 100 * time.Millisecond
		c := s.floodUnread(t, 32<<20)
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		_ = c.Close()
	})
}

// floodUnread makes a client ask for size bytes that it does not read, and waits until
// the server has them.
func (r *running) floodUnread(t *testing.T, size int) *client {
	t.Helper()
	value := strings.Repeat("v", 1<<16)
	c := r.dial(t)
	go func() { _, _ = io.WriteString(c.Conn, call("SET", "k", value)) }()
	c.want("+OK\r\n")
	c.send(strings.Repeat(call("GET", "k"), size>>16))
	eventually(t, "output waits", func() bool { return r.unsent.Load() > 0 || r.Clients() == 0 })
	return c
}

func TestClientThatNeverReadsIsDisconnectedAtTheLimit(t *testing.T) {
	everyWay(t, "client-output-buffer-limit normal 16mb 0 0", func(t *testing.T, s *running) {
		s.floodUnread(t, 64<<20)
		eventually(t, "it is disconnected", func() bool { return s.Clients() == 0 })
	})
}

func TestClientThatNeverReadsStallsItselfOnly(t *testing.T) {
	everyWay(t, "", func(t *testing.T, s *running) {
		limits := *s.limits.Load()
		limits.StallBytesMax, limits.TotalBytes = 4<<20, 2<<20
		s.limits.Store(&limits)
		slow := s.floodUnread(t, 64<<20)
		quick := s.dial(t)
		for range 10 {
			quick.send("GET nothing\r\n")
			quick.want("$-1\r\n")
		}
		if held := s.unsent.Load(); held > 64<<20-4<<20 {
			t.Errorf("%d bytes wait for one client", held)
		}
		_ = slow.Close()
		eventually(t, "it is forgotten", func() bool { return s.Clients() == 1 })
	})
}

func TestPipelineMayBeWrittenBeforeTheFirstReplyIsRead(t *testing.T) {
	everyWay(t, "", func(t *testing.T, s *running) {
		const calls = 100_000
		c := s.dial(t)
		value := strings.Repeat("v", 200)
		c.send(call("SET", "k", value))
		c.want("+OK\r\n")
		c.send(strings.Repeat(call("GET", "k"), calls))
		c.want(strings.Repeat("$200\r\n"+value+"\r\n", calls))
	})
}

func TestStalledPipelineGoesOnWhenItsRepliesAreRead(t *testing.T) {
	everyWay(t, "", func(t *testing.T, s *running) {
		limits := *s.limits.Load()
		limits.StallBytes, limits.StallBytesMax, limits.TotalBytes = 32<<10, 64<<10, 0
		s.limits.Store(&limits)
		const calls = 2000
		c := s.dial(t)
		value := strings.Repeat("v", 5000)
		c.send(call("SET", "k", value))
		c.want("+OK\r\n")
		go func() { _, _ = io.WriteString(c.Conn, strings.Repeat(call("GET", "k"), calls)) }()
		for range calls {
			c.want("$5000\r\n" + value + "\r\n")
		}
		c.send("GET nothing\r\n")
		c.want("$-1\r\n")
	})
}

func TestThousandConnections(t *testing.T) {
	everyWay(t, "", func(t *testing.T, s *running) {
		clients := make([]*client, 1000)
		for i := range clients {
			clients[i] = s.dial(t)
			clients[i].send(call("INCR", "n") + call("GET", fmt.Sprint("k", i)))
		}
		for _, c := range clients {
			line, err := c.r.ReadString('\n')
			if err != nil || line[0] != ':' {
				t.Fatalf("got %q, %v", line, err)
			}
			c.want("$-1\r\n")
		}
		clients[0].send("INCR n\r\n")
		clients[0].want(":1001\r\n")
		for _, c := range clients {
			_ = c.Close()
		}
		eventually(t, "all are forgotten", func() bool { return s.Clients() == 0 })
	})
}

func TestProtectedModeServesThisMachineOnly(t *testing.T) {
	s := start(t, variant{Net, "tcp", 0}, "")
	for _, test := range []struct {
		client, mode, password string
		want                   bool
	}{
		{"127.0.0.1:5", "yes", "", false},
		{"[::1]:5", "yes", "", false},
		{"[::ffff:127.0.0.1]:5", "yes", "", false},
		{"192.0.2.1:5", "yes", "", true},
		{"[2001:db8::1]:5", "yes", "", true},
		{"192.0.2.1:5", "yes", "secret", false},
		{"192.0.2.1:5", "no", "", false},
	} {
		err := s.config.Set(config.Setting{Name: "protected-mode", Value: test.mode},
			config.Setting{Name: "requirepass", Value: test.password})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.mustRefuse(netip.MustParseAddrPort(test.client)); got != test.want {
			t.Errorf("%+v: refused: %v", test, got)
		}
	}
}

func TestLimitsFollowTheConfiguration(t *testing.T) {
	everyWay(t, "", func(t *testing.T, s *running) {
		c := s.dial(t)
		set := config.Setting{Name: "proto-max-bulk-len", Value: "1mb"}
		if err := s.config.Set(set); err != nil {
			t.Fatal(err)
		}
		c.send("*2\r\n$3\r\nGET\r\n$1048577\r\n")
		c.want("-ERR Protocol error: invalid bulk length\r\n")
		c.wantEnd()
	})
}
