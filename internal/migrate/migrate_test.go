// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"stampede/internal/resp"
)

// patience is how long something may take that should come at once, short a timeout that passes.
const (
	patience = 20 * time.Second
	short    = 20 * time.Millisecond
)

// target is a server of a test, for one connection: it reads calls and answers each with what
// answer gives; an empty answer is none, and closes is the end.
type target struct {
	Target
	calls chan string
}

const closes = "closes"

func serve(t *testing.T, timeout time.Duration, answer func(call string) string) *target {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().(*net.TCPAddr)
	s := &target{calls: make(chan string, 100)}
	s.Host, s.Port, s.Timeout = "127.0.0.1", uint16(addr.Port), timeout
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		s.talk(conn, answer)
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-ended
	})
	return s
}

func (s *target) talk(conn net.Conn, answer func(call string) string) {
	parser := resp.NewParser(resp.DefaultLimits())
	var in []byte
	chunk := make([]byte, 1<<16)
	for {
		argv, n, err := parser.Next(in, nil)
		if err != nil {
			return
		}
		if n == 0 {
			n, err := conn.Read(chunk)
			if err != nil {
				return
			}
			in = append(in, chunk[:n]...)
			continue
		}
		call := string(bytes.Join(argv, []byte(" ")))
		s.calls <- call
		reply := answer(call)
		if reply == closes {
			return
		}
		_, _ = conn.Write([]byte(reply))
		in = in[n:]
	}
}

func ok(string) string { return "+OK\r\n" }

func TestParcelsArrive(t *testing.T) {
	s := serve(t, patience, func(call string) string {
		if strings.Contains(call, "taken") {
			return "-BUSYKEY Target key name already exists.\r\n"
		}
		return "+OK\r\n"
	})
	s.DB, s.User, s.Password = 3, []byte("me"), []byte("sesame")
	l, err := Dial(t.Context(), &s.Target)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	long := bytes.Repeat([]byte("x"), 3*chunkBytes)
	parcels := []*Parcel{
		{Key: []byte("a"), Payload: []byte("1")},
		{Key: []byte("taken"), Payload: []byte("2"), TTLMs: 17},
		{Key: []byte("b"), Payload: long, Replace: true},
	}
	l.Restore(parcels)
	if err := l.Delete([][]byte{[]byte("c"), []byte("d")}); err != nil || l.Broken() != nil {
		t.Fatalf("%v, %v", err, l.Broken())
	}
	for _, want := range []string{
		"AUTH me sesame", "SELECT 3", "RESTORE a 0 1", "RESTORE taken 17 2",
		"RESTORE b 0 " + string(long) + " REPLACE", "DEL c d",
	} {
		if got := <-s.calls; got != want {
			t.Errorf("got %.50q, want %.50q", got, want)
		}
	}
	const busy = "ERR Target instance replied with error: BUSYKEY Target key name already exists."
	if parcels[0].Err != nil || parcels[2].Err != nil || parcels[1].Err.Error() != busy {
		t.Errorf("%v, %v, %v", parcels[0].Err, parcels[1].Err, parcels[2].Err)
	}
}

// TestGreetings: without a password none is shown, and a target that refuses it or the database is
// none.
func TestGreetings(t *testing.T) {
	s := serve(t, patience, ok)
	l, err := Dial(t.Context(), &s.Target)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got := <-s.calls; got != "SELECT 0" {
		t.Errorf("it has sent %q", got)
	}
	for _, refused := range []string{"AUTH", "SELECT"} {
		s := serve(t, patience, func(call string) string {
			if strings.HasPrefix(call, refused) {
				return "-NO way\r\n"
			}
			return "+OK\r\n"
		})
		s.Password = []byte("")
		l, err := Dial(t.Context(), &s.Target)
		if refusal := Refusal(""); !errors.As(err, &refusal) || refusal != "NO way" || l != nil {
			t.Errorf("%s: %v", refused, err)
		}
	}
}

func TestTargetsThatAreNone(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := uint16(l.Addr().(*net.TCPAddr).Port)
	_ = l.Close()
	for _, c := range []struct {
		target Target
		want   Fault
	}{
		{Target{Host: "", Port: nobody}, ErrConnect},
		{Target{Host: "127.0.0.1", Port: nobody}, ErrWrite},
		{Target{Host: "127.0.0.1", Port: 0}, ErrWrite},
		{Target{Host: "no such host", Port: nobody}, ErrConnect},
	} {
		c.target.Timeout = patience
		if _, err := Dial(t.Context(), &c.target); err != c.want {
			t.Errorf("%v: %v, want %v", c.target, err, c.want)
		}
	}
}

// TestTargetsThatFail: what a target does instead of an answer breaks the link, and leaves who
// was answered answered.
func TestTargetsThatFail(t *testing.T) {
	for name, c := range map[string]struct {
		reply   string // to the second RESTORE
		timeout time.Duration
	}{
		"silent":  {"", short},
		"closes":  {closes, patience},
		"half":    {"+O", short},
		"web":     {"HTTP/1.1 400 Bad Request\r\n", patience},
		"bulk":    {"$2\r\nOK\r\n", patience},
		"nothing": {"\r\n", patience},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, c.timeout, func(call string) string {
				if strings.HasPrefix(call, "RESTORE b") {
					return c.reply
				}
				if strings.HasPrefix(call, "RESTORE c") {
					return "" // it would answer the one before
				}
				return "+OK\r\n"
			})
			s.Target.Timeout = patience
			l, err := Dial(t.Context(), &s.Target)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			l.timeout = c.timeout
			a, b, z := &Parcel{Key: []byte("a")}, &Parcel{Key: []byte("b")}, &Parcel{Key: []byte("c")}
			l.Restore([]*Parcel{a, b, z})
			if a.Err != nil || b.Err != ErrRead || z.Err != ErrRead || l.Broken() != ErrRead {
				t.Errorf("%v, %v, %v, %v", a.Err, b.Err, z.Err, l.Broken())
			}
			if l.Restore([]*Parcel{a}); a.Err != ErrRead || l.Delete([][]byte{a.Key}) != ErrRead {
				t.Error("a broken link goes on")
			}
		})
	}
}

// TestContextEndsWaits: no step goes on when the context has ended, whatever its timeout.
func TestContextEndsWaits(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := serve(t, patience, func(call string) string {
		if strings.HasPrefix(call, "RESTORE") {
			cancel()
			return ""
		}
		return "+OK\r\n"
	})
	s.Timeout = time.Hour
	l, err := Dial(ctx, &s.Target)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := &Parcel{Key: []byte("a")}
	if l.Restore([]*Parcel{p}); p.Err != ErrRead {
		t.Error(p.Err)
	}
	if _, err := Dial(ctx, &s.Target); err != ErrConnect {
		t.Errorf("a dead context dials: %v", err)
	}
}

// TestWriteToTheDeaf: a target that reads nothing holds up a large value for no longer than the
// timeout.
func TestWriteToTheDeaf(t *testing.T) {
	mine, theirs := net.Pipe()
	defer theirs.Close()
	l := newLink(mine, short)
	defer l.Close()
	p := &Parcel{Key: []byte("a"), Payload: make([]byte, 2*chunkBytes)}
	if l.Restore([]*Parcel{p}); p.Err != ErrWrite || l.Broken() != ErrWrite {
		t.Error(p.Err)
	}
}

// FuzzReply reads lines however they are cut, against the same done slowly.
func FuzzReply(f *testing.F) {
	for _, seed := range []string{
		"+OK\r\n", "-ERR no\r\n:7\n", "+234567890123456\r\n", "+a\r\r\n", "\r\n", "$1\r\na\r\n", "+",
		"-" + strings.Repeat("x", 5000) + "\r\n+OK\r\n",
	} {
		f.Add([]byte(seed), 1)
	}
	f.Fuzz(func(t *testing.T, in []byte, size int) {
		want := slowLines(in)
		r := bufio.NewReaderSize(bytes.NewReader(in), 16+size&4095)
		var line []byte
		for i := 0; ; i++ {
			var err error
			line, err = readLine(r, line[:0])
			if err != nil {
				if i != len(want) {
					t.Fatalf("%d lines and then %v, want %d", i, err, len(want))
				}
				return
			}
			if i >= len(want) || string(line) != want[i] {
				t.Fatalf("line %d is %.50q, want %.50q", i, line, fmt.Sprint(want))
			}
		}
	})
}

// slowLines are the lines up to the first that is none.
func slowLines(in []byte) (lines []string) {
	for {
		line, rest, whole := strings.Cut(string(in), "\n")
		if !whole || line == "" || !strings.Contains("+-:", line[:1]) {
			return lines
		}
		line = strings.TrimSuffix(line, "\r")
		lines = append(lines, line[:min(len(line), lineMax)])
		in = []byte(rest)
	}
}
