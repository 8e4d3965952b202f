// SPDX-License-Identifier: Apache-2.0

package loadgen

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// startRedis runs a redis-server on a Unix socket and a free port until the test ends.
func startRedis(t *testing.T, arguments ...string) (server Server, socket string) {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("redis-server is not on the PATH")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "loadgen") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket = filepath.Join(dir, "s")
	process := exec.Command(program, append([]string{"--port", port, "--bind", "127.0.0.1",
		"--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", dir}, arguments...)...)
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait()
	})
	server = Server{Address: address, ProcessID: process.Process.Pid}
	waitForServer(t, socket)
	return server, "unix:" + socket
}

// waitForServer tries to connect until it succeeds.
func waitForServer(t *testing.T, socket string) {
	t.Helper()
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: socket, Password: "secret",
		MaxRetries: 100, MaxRetryBackoff: 50 * time.Millisecond})
	defer client.Close()
	err := client.Ping(t.Context()).Err()
	for tries := 0; err != nil && tries < 200 && !redis.HasErrorPrefix(err, "WRONGPASS") &&
		!redis.HasErrorPrefix(err, "ERR"); tries++ {
		err = client.Ping(t.Context()).Err()
	}
}

// open opens a session that is closed when the test ends.
func open(t *testing.T, server Server, o Options) *Session {
	t.Helper()
	s, err := Open(t.Context(), server, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// ask makes one call by another client.
func ask(t *testing.T, server Server, arguments ...any) string {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: server.Address, Password: server.Password,
		DB: server.Database})
	defer client.Close()
	reply, err := client.Do(t.Context(), arguments...).Result()
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := reply.(int64); ok {
		return strconv.FormatInt(n, 10)
	}
	text, _ := reply.(string)
	return text
}

func TestEveryCallIsMadeAndAnswered(t *testing.T) {
	server, socket := startRedis(t)
	for _, c := range []struct {
		address           string
		clients, pipeline int
		threads           int
	}{
		{server.Address, 1, 1, 1},
		{server.Address, 50, 1, 2},
		{server.Address, 7, 16, 2},
		{socket, 20, 64, 1},
		{socket, 3, 1000, 1},
	} {
		ask(t, server, "SET", "bench:hot", "0")
		w, _ := Named("hot-incr")
		s := open(t, Server{Address: c.address}, Options{Clients: c.clients, Threads: c.threads,
			Requests: 5003})
		r, err := s.Run(t.Context(), w, c.pipeline)
		if err != nil {
			t.Fatal(err)
		}
		if got := ask(t, server, "GET", "bench:hot"); got != "5003" || r.Calls != 5003 {
			t.Errorf("%+v: the server counted %s, the generator %d calls, want 5003",
				c, got, r.Calls)
		}
		if r.Errors != 0 || r.Latency.P50 <= 0 || r.Latency.P50 > r.Latency.Max {
			t.Errorf("%+v: %+v", c, r)
		}
	}
}

func TestWorkloadsRunOnRedis(t *testing.T) {
	server, _ := startRedis(t)
	var suite Suite
	suite.Servers = []Server{server}
	suite.Workloads = slices.DeleteFunc(Workloads(), func(w Workload) bool { return w.Beyond })
	suite.Pipelines = []int{1, 16}
	suite.Options = Options{Clients: 5, Keys: 1000, Requests: 500, ValueSize: 20}
	told := map[string]float64{}
	suite.Progress = func(what string, share float64) { told[what] = share }
	report, err := suite.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n, example := report.ErrorReplies(); n != 0 {
		t.Errorf("%d error replies such as %s", n, example)
	}
	if want := 2 * len(suite.Workloads); len(report.Results) != want {
		t.Errorf("got %d results, want %d", len(report.Results), want)
	}
	if share := told["set P16 1/1 "+server.Address]; share != 1 {
		t.Errorf("progress of set ends at %v: %v", share, told)
	}
	for key, want := range map[string]string{"key:000000000999": "20", "ctr:000000000999": ""} {
		if got := ask(t, server, "STRLEN", key); want != "" && got != want {
			t.Errorf("%s has %s bytes, want %s", key, got, want)
		}
	}
	if got := ask(t, server, "ZCARD", "bench:board"); got != "1000" {
		t.Errorf("the sorted set has %s members, want 1000", got)
	}
	if got := ask(t, server, "HLEN", "bench:hash"); got != "1000" {
		t.Errorf("the hash has %s fields, want 1000", got)
	}
	if got := ask(t, server, "HGET", "bench:item", "purchased"); got != "1000" {
		t.Errorf("the inventory script sold %s, want 1000", got)
	}
}

func TestTwoServersAreComparedInTurn(t *testing.T) {
	a, _ := startRedis(t)
	_, b := startRedis(t)
	w, _ := Named("incr")
	suite := Suite{Servers: []Server{a, {Address: b}}, Workloads: []Workload{w},
		Pipelines: []int{1, 4}, Rounds: 2, Options: Options{Clients: 3, Keys: 10, Requests: 50}}
	report, err := suite.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, r := range report.Results {
		order = append(order, r.Server)
	}
	for i, got := range order {
		if want := suite.Servers[i%2].Address; got != want {
			t.Errorf("run %d is on %s, want %s", i, got, want)
		}
	}
	if len(order) != 8 || len(report.Ratios) != 2 || report.Ratios[1].P50.Median <= 0 {
		t.Errorf("%d results, ratios %+v", len(order), report.Ratios)
	}
}

func TestErrorRepliesAreCounted(t *testing.T) {
	server, _ := startRedis(t)
	ask(t, server, "SET", "text", "abc")
	w, err := Custom("custom", "INCR text", "PING")
	if err != nil {
		t.Fatal(err)
	}
	r, err := open(t, server, Options{Requests: 1000, Clients: 4}).Run(t.Context(), w, 10)
	if err != nil || r.Calls != 1000 {
		t.Fatalf("%d calls, error %v", r.Calls, err)
	}
	const want = "ERR value is not an integer or out of range"
	if r.Errors < 400 || r.Errors > 600 || r.ErrorExample != want {
		t.Errorf("%d of 1000 replies are errors such as %q", r.Errors, r.ErrorExample)
	}
	bad := Workload{Name: "bad", Prefill: words("INCR text"), Steps: w.Steps}
	if err := open(t, server, Options{Keys: 5}).Prepare(t.Context(), bad); err == nil {
		t.Error("a prefill of error replies succeeds")
	}
}

func TestBatchLargerThanTheSockets(t *testing.T) {
	server, _ := startRedis(t)
	w, _ := Custom("echo", "ECHO __value__")
	const size = 1 << 20
	s := open(t, server, Options{Requests: 32, Clients: 2, ValueSize: size, BinaryValues: true})
	r, err := s.Run(t.Context(), w, 8)
	if err != nil || r.Calls != 32 || r.Errors != 0 {
		t.Errorf("%+v, error %v", r, err)
	}
}

func TestOpenLoopKeepsItsRate(t *testing.T) {
	server, _ := startRedis(t)
	w, _ := Named("hot-incr")
	s := open(t, server, Options{Clients: 4, Threads: 2, Rate: 2000,
		Duration: 500 * time.Millisecond, WarmUp: 10 * time.Millisecond})
	r, err := s.Run(t.Context(), w, 4)
	if err != nil {
		t.Fatal(err)
	}
	// However slow the machine is: never more than what fell due, and what was due is either
	// answered or missed.
	if r.Calls+r.Missed != 1000 || r.Calls < 1 {
		t.Errorf("%d calls and %d missed, want 1000 together", r.Calls, r.Missed)
	}
	if r.Took < 490*time.Millisecond && r.Missed == 0 {
		t.Errorf("a schedule of half a second was done in %v", r.Took)
	}
}

func TestOpenLoopCountsFromWhenCallsWereDue(t *testing.T) {
	server, _ := startRedis(t)
	w, _ := Custom("slow", `EVAL "for i = 1, 200000 do end" 0`)
	closed, err := open(t, server, Options{Clients: 1, Requests: 20}).Run(t.Context(), w, 1)
	if err != nil {
		t.Fatal(err)
	}
	// All twenty fall due at once, in effect, so they queue and wait for each other.
	queued, err := open(t, server, Options{Clients: 1, Requests: 20, Rate: 1e9}).
		Run(t.Context(), w, 1)
	if err != nil {
		t.Fatal(err)
	}
	if queued.Calls != 20 || queued.Latency.Max < 0.9*float64(queued.Took.Microseconds()) {
		t.Errorf("the last call waited %v µs of %v", queued.Latency.Max, queued.Took)
	}
	if closed.Latency.P50 > float64(closed.Took.Microseconds())/5 {
		t.Errorf("closed loop: a call took %v µs of %v", closed.Latency.P50, closed.Took)
	}
}

func TestPasswordAndDatabase(t *testing.T) {
	server, socket := startRedis(t, "--requirepass", "secret")
	if _, err := Open(t.Context(), Server{Address: socket, Password: "wrong"},
		Options{Clients: 2}); err == nil {
		t.Error("a wrong password is accepted")
	}
	server.Password, server.Database = "secret", 3
	w, _ := Named("hot-incr")
	r, err := open(t, server, Options{Requests: 10}).Run(t.Context(), w, 1)
	if err != nil || r.Errors != 0 {
		t.Fatalf("%+v, error %v", r, err)
	}
	if got := ask(t, server, "GET", "bench:hot"); got != "10" {
		t.Errorf("database 3 counts %s, want 10", got)
	}
}

func TestServerCPUIsMeasured(t *testing.T) {
	server, _ := startRedis(t)
	w, _ := Custom("slow", `EVAL "for i = 1, 2000000 do end" 0`)
	r, err := open(t, server, Options{Clients: 1, Requests: 20}).Run(t.Context(), w, 1)
	if err != nil || r.ServerCPU <= 0 {
		t.Errorf("the server took %v CPU seconds per million calls (error %v)", r.ServerCPU, err)
	}
	server.ProcessID = 1 << 30
	if _, err := Open(t.Context(), server, Options{Clients: 1}); err == nil {
		t.Error("a process that does not exist is accepted")
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	server, _ := startRedis(t)
	silent := fakeServer(t, keepSilent(t))
	for _, c := range []struct {
		server Server
		rate   float64
	}{{server, 0}, {server, 10}, {silent, 0}} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		w, _ := Named("hot-incr")
		s, err := Open(t.Context(), c.server, Options{Duration: time.Hour, Rate: c.rate,
			Stall: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Run(ctx, w, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%+v: got %v, want the error of the context", c, err)
		}
		cancel()
		_ = s.Close() // the portable loop may have closed its connection already
	}
}

// fakeServer accepts connections and hands them to serve.
func fakeServer(t *testing.T, serve func(net.Conn)) Server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
	return Server{Address: listener.Addr().String()}
}

// keepSilent holds a connection open, out of reach of its finalizer, and never answers.
func keepSilent(t *testing.T) func(net.Conn) {
	return func(c net.Conn) {
		<-t.Context().Done()
		_ = c.Close()
	}
}

func TestFaultsOfTheServerEndTheRun(t *testing.T) {
	for name, serve := range map[string]func(net.Conn){
		"closes": func(c net.Conn) { _ = c.Close() },
		"silent": keepSilent(t),
		"garbage": func(c net.Conn) {
			_, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
		},
		"talks too much": func(c net.Conn) {
			_, _ = c.Read(make([]byte, 1000))
			_, _ = c.Write([]byte("+OK\r\n+OK\r\n+OK\r\n"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Open(t.Context(), fakeServer(t, serve), Options{Clients: 3,
				Requests: 1000, Stall: 100 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			w, _ := Named("hot-incr")
			if r, err := s.Run(t.Context(), w, 1); err == nil {
				t.Errorf("the run succeeds: %+v", r)
			}
			_ = s.Close() // the sockets may be closed by the failure already
		})
	}
}
