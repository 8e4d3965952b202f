// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stampede/internal/config"
)

// program is a running "stampede serve".
type program struct {
	addr   string
	stderr *bytes.Buffer
	stop   func() (code int)
	wait   func() (code int)
}

// startProgram runs the program on a free port and waits for its address.
func startProgram(t *testing.T, args ...string) *program {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stdoutReads, stdout := io.Pipe()
	p := &program{stderr: new(bytes.Buffer)}
	code, dir := make(chan int, 1), t.TempDir()
	go func() {
		code <- run(ctx, append([]string{"serve", "--port", "0", "--dir", dir}, args...), stdout, p.stderr)
		_ = stdout.Close()
	}()
	p.stop = func() int {
		cancel()
		return p.wait()
	}
	p.wait = func() int {
		select {
		case c := <-code:
			code <- c
			return c
		case <-time.After(20 * time.Second):
			t.Fatal("the program does not end")
			return -1
		}
	}
	t.Cleanup(func() { p.stop() })
	line, err := bufio.NewReader(stdoutReads).ReadString('\n')
	if err != nil {
		t.Fatalf("no address: %v; exit code %d\n%s", err, <-code, p.stderr)
	}
	p.addr = strings.TrimSpace(line)
	return p
}

// ask sends a line and returns the first line of the answer.
func ask(t *testing.T, network, addr, line string) string {
	t.Helper()
	conn, err := net.Dial(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, line+"\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(answer)
}

func TestServeAndStop(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	for _, io := range []string{"net", "auto"} {
		p := startProgram(t, "--memory-only", "--io", io, "--unixsocket", socket,
			"--unixsocketperm", "700", "--set", "io-threads=4")
		if got := ask(t, "tcp", p.addr, "SET k v"); got != "+OK" {
			t.Errorf("%s: SET: %s", io, got)
		}
		if got := ask(t, "unix", socket, "GET k"); got != "$1" {
			t.Errorf("%s: GET: %s", io, got)
		}
		if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: socket: %v, %v", io, info.Mode(), err)
		}
		if code := p.stop(); code != exitOK {
			t.Errorf("%s: exit code %d\n%s", io, code, p.stderr)
		}
		if !strings.Contains(p.stderr.String(), "memory only") ||
			!strings.Contains(p.stderr.String(), p.addr) ||
			!strings.Contains(p.stderr.String(), "names=io-threads") {
			t.Errorf("%s: the log says too little: %s", io, p.stderr)
		}
	}
}

func TestClientEndsTheProgram(t *testing.T) {
	p := startProgram(t)
	conn, err := net.Dial("tcp", p.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, "SHUTDOWN NOSAVE\r\n"); err != nil {
		t.Fatal(err)
	}
	if answer, err := io.ReadAll(conn); err != nil || len(answer) > 0 {
		t.Errorf("got %q, %v", answer, err)
	}
	if code := p.wait(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
}

func TestMetricsAndLogFile(t *testing.T) {
	addr := freeAddress(t)
	logFile := filepath.Join(t.TempDir(), "log")
	p := startProgram(t, "--memory-only", "--metrics-addr", addr, "--set", "logfile="+logFile)
	ask(t, "tcp", p.addr, "GET k")
	readPageWith(t, addr, "redis_connections_received_total 1\n",
		`redis_commands_total{cmd="get"} 1`+"\n", "redis_net_input_bytes_total 7\n")
	http.DefaultClient.CloseIdleConnections()
	p.stop()
	if text, err := os.ReadFile(logFile); err != nil || !strings.Contains(string(text), p.addr) {
		t.Errorf("log file: %s, %v", text, err)
	}
	if p.stderr.Len() > 0 {
		t.Errorf("beside the log file: %s", p.stderr)
	}
}

func TestMetricsOfTheDisk(t *testing.T) {
	addr := freeAddress(t)
	p := startProgram(t, "--metrics-addr", addr, "--fsync", "always")
	askLoaded(t, p, "SET k v")
	page := readPageWith(t, addr, "redis_loading_dump_file 0\n",
		`stampede_journal_fsync_info{mode="always"} 1`+"\n", "redis_aof_enabled 1\n",
		"redis_rdb_changes_since_last_save 1\n", "stampede_journal_durable_lag_bytes 0\n",
		"stampede_journal_failed 0\n", "redis_rdb_last_bgsave_status 1\n")
	if strings.Contains(page, "stampede_journal_position_bytes_total 0\n") {
		t.Errorf("nothing came into the journal:\n%s", page)
	}
	askLoaded(t, p, "SAVE")
	readPageWith(t, addr, "redis_rdb_changes_since_last_save 0\n", "redis_rdb_saves_total 1\n")
	http.DefaultClient.CloseIdleConnections()
}

// freeAddress is one that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	_ = free.Close()
	return addr
}

// readPageWith reads the page of metrics until it has the wanted texts: it may not listen
// yet, and calls are counted a moment after their replies.
func readPageWith(t *testing.T, addr string, wanted ...string) string {
	t.Helper()
	var page, missing string
	for deadline := time.Now().Add(20 * time.Second); page == "" || missing != ""; {
		if time.Now().After(deadline) {
			t.Fatalf("the page lacks %s:\n%s", missing, page)
		}
		page = readPage(t, "http://"+addr+"/metrics")
		missing = firstMissing(page, wanted...)
	}
	return page
}

// readPage is a page's text; empty if nobody answers.
func readPage(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		return ""
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// firstMissing is the first of the wanted texts that page lacks; empty if it has all.
func firstMissing(page string, wanted ...string) string {
	for _, want := range wanted {
		if !strings.Contains(page, want) {
			return want
		}
	}
	return ""
}

func TestPasswordIsAskedFor(t *testing.T) {
	p := startProgram(t, "--requirepass", "secret")
	if got := ask(t, "tcp", p.addr, "GET k"); !strings.HasPrefix(got, "-NOAUTH") {
		t.Errorf("without it: %s", got)
	}
	if got := ask(t, "tcp", p.addr, "AUTH secret"); got != "+OK" {
		t.Errorf("AUTH: %s", got)
	}
	p.stop()
	if strings.Contains(p.stderr.String(), "secret") {
		t.Error("the password is in the log")
	}
}

func TestFlagsWinOverEnvironmentOverFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "redis.conf")
	lines := "maxclients 11\nmaxmemory 11mb\ntimeout 11\nbind 127.0.0.11\n"
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("STAMPEDE_MAXCLIENTS", "22")
	t.Setenv("STAMPEDE_MAXMEMORY", "22mb")
	c := parseServe(t, "--config", file, "--maxclients", "33", "--set", "timeout=33",
		"--bind", "127.0.0.1,::1")
	parameters, err := c.parameters()
	if err != nil {
		t.Fatal(err)
	}
	for p, want := range map[config.Param]string{
		config.MaxClients: "33", config.MaxMemory: "23068672", config.Timeout: "33",
		config.Bind: "127.0.0.1 ::1",
	} {
		if got := parameters.Text(p); got != want {
			t.Errorf("parameter %d is %s, want %s", p, got, want)
		}
	}
}

func parseServe(t *testing.T, args ...string) *ServeCmd {
	t.Helper()
	var c commands
	parser, err := newParser(t.Context(), &c, surroundings{io.Discard, io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(append([]string{"serve"}, args...)); err != nil {
		t.Fatal(err)
	}
	return &c.Serve
}

func TestShardsFollowTheLoops(t *testing.T) {
	for _, test := range []struct{ loops, shards, want int }{
		{1, 0, 1}, {2, 0, 8}, {3, 0, 16}, {4, 0, 16}, {7, 0, 32}, {63, 0, 64}, {1, 8, 8}, {4, 2, 2},
	} {
		c := ServeCmd{Loops: test.loops, Shards: test.shards}
		if got := c.shards(); got != test.want {
			t.Errorf("%+v: %d shards", test, got)
		}
	}
}

func TestCommandLine(t *testing.T) {
	wrong := filepath.Join(t.TempDir(), "wrong.conf")
	if err := os.WriteFile(wrong, []byte("port 1\nmaxclients many\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args string
		code int
		says string
	}{
		{"--help", exitOK, "serve"},
		{"serve --help", exitOK, "--maxmemory-policy"},
		{"", exitUsage, "expected"},
		{"serve --nonsense", exitUsage, "--nonsense"},
		{"serve --io carrier-pigeon", exitUsage, "epoll"},
		{"serve --config /nowhere/at/all", exitFailed, "no such file"},
		{"--version", exitOK, version},
		{"serve --config " + wrong, exitFailed, wrong + ":2"},
		{"serve --maxclients 0", exitFailed, "maxclients"},
		{"serve --set nonsense=1", exitFailed, "nonsense"},
		{"serve --memory-only --bind 192.0.2.1", exitFailed, "192.0.2.1"},
		{"serve --memory-only --bind=", exitFailed, "no address"},
	} {
		t.Run(test.args, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), strings.Fields(test.args), &stdout, &stderr)
			if says := stdout.String() + stderr.String(); code != test.code ||
				!strings.Contains(says, test.says) {
				t.Errorf("exit code %d, want %d; says:\n%s", code, test.code, says)
			}
		})
	}
}
