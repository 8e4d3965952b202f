// SPDX-License-Identifier: Apache-2.0

package script

import (
	"bufio"
	"net"
	"os"
	"strings"
	"testing"

	"stampede/internal/conformance"
	"stampede/internal/reply"
	"stampede/internal/resp"
)

// redisHost lets a redis-server run the calls of our scripts, each as a script that passes the
// call on, so that they are refused as those of scripts are.
type redisHost struct {
	t    testing.TB
	conn net.Conn
	buf  []byte

	pauses int
}

func dialRedis(t testing.TB, addr string) *redisHost {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &redisHost{t: t, conn: conn}
}

func (h *redisHost) ReadOnly()     {}
func (h *redisHost) AllowOOM()     {}
func (h *redisHost) Separate()     {}
func (h *redisHost) HasRoom() bool { return true }
func (h *redisHost) Wrote() bool   { return false }

// Pause ends what runs for too long: no script of these tests is endless.
func (h *redisHost) Pause() error {
	if h.pauses++; h.pauses%1000 == 0 {
		return reply.Error("ERR endless")
	}
	return nil
}

func (h *redisHost) Call(argv [][]byte, out *reply.Buffer) {
	proto := "2"
	if out.Proto == resp.RESP3 {
		proto = "3"
	}
	h.do("HELLO", proto)
	args := []string{""}
	for _, a := range argv {
		args = append(args, string(a))
	}
	got := h.do(args[1:]...)
	if strings.HasPrefix(got, "-ERR unknown ") {
		got = "-ERR Unknown Redis command called from script\r\n"
	}
	if strings.HasPrefix(got, "-ERR wrong number of arguments") &&
		!strings.EqualFold(string(argv[0]), "PING") {
		got = "-ERR Wrong number of args calling Redis command from script\r\n"
	}
	out.B = append(out.B, got...)
}

// Check knows that everybody may do everything.
func (h *redisHost) Check(argv [][]byte) (allowed bool, err reply.Error) {
	if len(h.do("COMMAND", "INFO", string(argv[0]))) <= len("*1\r\n*-1\r\n") {
		return false, "ERR no such command"
	}
	return true, ""
}

// do makes a call and gives the bytes of its reply.
func (h *redisHost) do(args ...string) string {
	call := resp.AppendCommand(nil, bytesOf(args)...)
	if _, err := h.conn.Write(call); err != nil {
		h.t.Fatal(err)
	}
	h.buf = h.buf[:0]
	for {
		if n, _, err := resp.SkipReply(h.buf); err != nil {
			h.t.Fatal(err)
		} else if n > 0 {
			return string(h.buf[:n])
		}
		var chunk [4096]byte
		n, err := h.conn.Read(chunk[:])
		if err != nil {
			h.t.Fatal(err)
		}
		h.buf = append(h.buf, chunk[:n]...)
	}
}

// TestScriptsAnswerAsRedis runs each line of testdata/scripts.txt here, with the calls made by a
// redis-server, and there, and compares the bytes. A line is a script in which ⏎ stands for the
// end of a line.
func TestScriptsAnswerAsRedis(t *testing.T) {
	addr := conformance.StartRedis(t)
	there, host := dialRedis(t, addr), dialRedis(t, addr)
	library := NewLibrary(Options{})
	file, err := os.Open("testdata/scripts.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "# ") {
			continue
		}
		source := strings.ReplaceAll(line, "⏎", "\n")
		for _, proto := range []resp.Proto{resp.RESP2, resp.RESP3} {
			version := string('0' + byte(proto))
			there.do("FLUSHALL")
			there.do("HELLO", version)
			want := there.do("EVAL", source, "2", "k1", "k2", "a1", "5")
			there.do("FLUSHALL")
			out := reply.Buffer{Proto: proto}
			if s, err := library.Eval([]byte(source)); err != nil {
				out.Err(err)
			} else {
				library.Run(s, Input{Host: host, Keys: bytesOf([]string{"k1", "k2"}),
					Args: bytesOf([]string{"a1", "5"})}, &out)
			}
			if got := string(out.B); got != want {
				t.Errorf("RESP%s %s\n got %q\nwant %q", version, line, got, want)
			}
		}
	}
}
