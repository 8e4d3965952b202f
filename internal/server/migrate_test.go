// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// elsewhere is another server, as far as MIGRATE sees it: each call is given to answer on the
// goroutine of its connection. An answer of hangUp closes that.
type elsewhere struct {
	port  int
	calls chan string
}

const hangUp = "hang up"

func startElsewhere(t *testing.T, answer func(call string) string) *elsewhere {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &elsewhere{port: l.Addr().(*net.TCPAddr).Port, calls: make(chan string, 1000)}
	var links sync.WaitGroup
	var conns []net.Conn // of the goroutine that accepts, until it has ended
	accepting := make(chan struct{})
	go func() {
		defer close(accepting)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conns = append(conns, conn)
			links.Go(func() {
				defer conn.Close()
				s.talk(conn, answer)
			})
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-accepting
		for _, conn := range conns {
			_ = conn.Close() // some lie idle
		}
		links.Wait()
	})
	return s
}

func (s *elsewhere) talk(conn net.Conn, answer func(call string) string) {
	in := bufio.NewReader(conn)
	for {
		call, err := readCall(in)
		if err != nil {
			return
		}
		select {
		case s.calls <- call:
		default: // nobody asks for so many
		}
		reply := answer(call)
		if reply == hangUp {
			return
		}
		if _, err := conn.Write([]byte(reply)); err != nil {
			return
		}
	}
}

// readCall reads a call and gives its words, values left out but for what is readable of them.
func readCall(in *bufio.Reader) (string, error) {
	var line string
	var n int
	if _, err := fmt.Fscanf(in, "*%d\r\n", &n); err != nil {
		return "", err
	}
	for i := range n {
		var size int
		if _, err := fmt.Fscanf(in, "$%d\r\n", &size); err != nil {
			return "", err
		}
		arg := make([]byte, size+2)
		for got := 0; got < len(arg); {
			k, err := in.Read(arg[got:])
			if err != nil {
				return "", err
			}
			got += k
		}
		word := string(arg[:size])
		if i == 3 && strings.HasPrefix(line, "RESTORE") {
			word = string(bytes.Trim(arg[2:size-10], "\x00")) // a short string's own bytes
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return line, nil
}

func (s *elsewhere) want(t *testing.T, calls ...string) {
	t.Helper()
	for _, want := range calls {
		if got := <-s.calls; got != want {
			t.Fatalf("the target got %q, want %q", got, want)
		}
	}
}

// migrate is the call that moves keys there.
func (s *elsewhere) migrate(timeoutMs int, options, keys string) string {
	return fmt.Sprintf("MIGRATE 127.0.0.1 %d \"\" 0 %d %s KEYS %s", s.port, timeoutMs, options, keys)
}

const (
	taken      = "+OK\r\n"
	longMs     = 60_000
	errReading = "-IOERR error or timeout reading to target instance"
)

// onEach runs a test on each transport.
func onEach(t *testing.T, test func(t *testing.T, s *running)) {
	for _, transport := range transports() {
		t.Run(string(transport), func(t *testing.T) {
			test(t, start(t, variant{transport, "tcp", 1}, ""))
		})
	}
}

// TestMigrateHoldsNobodyUp: while a target says nothing, others on the same event loop are
// served, also those who want the key that is on its way; later calls of the same connection
// wait.
func TestMigrateHoldsNobodyUp(t *testing.T) {
	onEach(t, func(t *testing.T, s *running) {
		silence := make(chan struct{})
		there := startElsewhere(t, func(call string) string {
			if strings.HasPrefix(call, "RESTORE") {
				<-silence
				return hangUp
			}
			return taken
		})
		moves, other := dialPlain(t, s.address), dialPlain(t, s.address)
		moves.send("SET k v")
		moves.want("+OK")
		moves.send(there.migrate(longMs, "", "k") + "\r\nPING")
		there.want(t, "SELECT 0", "RESTORE k 0 v")
		for i := range 50 { // of each shard one
			other.send(fmt.Sprintf("SET o%d v\r\nGET k\r\nDBSIZE", i))
			other.want("+OK", "$1", "v", fmt.Sprintf(":%d", i+2))
		}
		if n := s.engine.Waiting(); n != 1 {
			t.Errorf("%d wait", n)
		}
		close(silence)
		moves.want(errReading, "+PONG")
		moves.send("GET k")
		moves.want("$1", "v")
		if n := s.engine.Waiting(); n != 0 {
			t.Errorf("%d still wait", n)
		}
	})
}

// TestMigrateIsCalledBack: CLIENT UNBLOCK ends the wait for a silent target in both ways.
func TestMigrateIsCalledBack(t *testing.T) {
	onEach(t, func(t *testing.T, s *running) {
		there := startElsewhere(t, func(string) string { return "" })
		moves, other := dialPlain(t, s.address), dialPlain(t, s.address)
		moves.send("SET k v\r\nCLIENT ID")
		moves.want("+OK")
		id := moves.line()
		for _, c := range [][2]string{
			{"TIMEOUT", errReading}, {"ERROR", "-UNBLOCKED client unblocked via CLIENT UNBLOCK"},
		} {
			moves.send(there.migrate(longMs, "", "k"))
			there.want(t, "SELECT 0")
			other.send("CLIENT UNBLOCK " + id[1:] + " " + c[0])
			other.want(":1")
			moves.want(c[1])
			other.send("CLIENT UNBLOCK " + id[1:])
			other.want(":0")
		}
		moves.send("EXISTS k")
		moves.want(":1")
	})
}

// TestMigrateGoesOnAlone: what has begun goes on when its client has gone, because the target
// may have done its part.
func TestMigrateGoesOnAlone(t *testing.T) {
	onEach(t, func(t *testing.T, s *running) {
		gone := make(chan struct{})
		there := startElsewhere(t, func(call string) string {
			if strings.HasPrefix(call, "RESTORE") {
				<-gone
			}
			return taken
		})
		moves, other := dialPlain(t, s.address), dialPlain(t, s.address)
		moves.send("SET k v")
		moves.want("+OK")
		moves.send(there.migrate(longMs, "", "k"))
		there.want(t, "SELECT 0", "RESTORE k 0 v")
		_ = moves.conn.Close()
		eventually(t, "the client has gone", func() bool { return s.registry.Len() == 1 })
		other.send("EXISTS k")
		other.want(":1")
		close(gone)
		eventually(t, "it is done", func() bool { return s.engine.Waiting() == 0 })
		other.send("EXISTS k")
		other.want(":0")
	})
}

// TestMigrateTargetDies: keys that were taken have gone, all others stay.
func TestMigrateTargetDies(t *testing.T) {
	onEach(t, func(t *testing.T, s *running) {
		for name, answer := range map[string]string{
			"dies": hangUp, "is none": "HTTP/1.1 400 Bad Request\r\n\r\n", "is mad": "*1\r\n+OK\r\n",
		} {
			there := startElsewhere(t, func(call string) string {
				if strings.HasPrefix(call, "RESTORE b") {
					return answer
				}
				return taken
			})
			c := dialPlain(t, s.address)
			c.send("MSET a 1 b 2 c 3")
			c.want("+OK")
			c.send(there.migrate(longMs, "", "a b none c"))
			if got := c.line(); got != errReading {
				t.Errorf("a target that %s: %q", name, got)
			}
			c.send("EXISTS a\r\nEXISTS b c")
			c.want(":0", ":2")
		}
	})
}

// TestMigrateWithoutWelcome: a target that refuses the password or the database gets no value.
func TestMigrateWithoutWelcome(t *testing.T) {
	onEach(t, func(t *testing.T, s *running) {
		for _, refused := range []string{"AUTH me sesame", "SELECT 0"} {
			there := startElsewhere(t, func(call string) string {
				if call == refused {
					return "-NO way\r\n"
				}
				return taken
			})
			c := dialPlain(t, s.address)
			c.send("SET k v")
			c.want("+OK")
			c.send(there.migrate(longMs, "AUTH2 me sesame", "k"))
			c.want("-ERR Target instance replied with error: NO way")
			c.send("EXISTS k")
			c.want(":1")
			for len(there.calls) > 0 {
				if call := <-there.calls; strings.HasPrefix(call, "RESTORE") {
					t.Errorf("%s is refused, and then it gets %q", refused, call)
				}
			}
		}
	})
}

// TestMigrateOfChangingKeys: a key that has changed on its way goes again, one that was removed
// is removed there, and one that changes all the time stays.
func TestMigrateOfChangingKeys(t *testing.T) {
	onEach(t, func(t *testing.T, s *running) {
		meddler := dialPlain(t, s.address)
		there := startElsewhere(t, func(call string) string {
			switch call {
			case "RESTORE a 0 v":
				meddler.send("SET a w")
				meddler.want("+OK")
			case "RESTORE b 0 v":
				meddler.send("DEL b")
				meddler.want(":1")
			case "RESTORE c 0 v":
				meddler.send("DEL c\r\nSET c v")
				meddler.want(":1", "+OK")
			case "DEL b":
				return ":1\r\n"
			}
			return taken
		})
		c := dialPlain(t, s.address)
		c.send("MSET a v b v c v d v")
		c.want("+OK")
		c.send(there.migrate(longMs, "", "a b c d"))
		c.want("+OK")
		there.want(t, "SELECT 0", "RESTORE a 0 v", "RESTORE b 0 v", "RESTORE c 0 v", "RESTORE d 0 v",
			"DEL b", "RESTORE a 0 w REPLACE", "RESTORE c 0 v REPLACE")
		c.send("EXISTS a b c d\r\nMSET a v b v c v")
		c.want(":0", "+OK")
		c.send(there.migrate(longMs, "COPY", "a b c"))
		c.want("+OK")
		there.want(t, "SELECT 0", "RESTORE a 0 v", "RESTORE b 0 v", "RESTORE c 0 v")
		c.send("MGET a b c")
		c.want("*3", "$1", "w", "$-1", "$1", "v")
	})
}

func TestMigrateOfARestlessKey(t *testing.T) {
	onEach(t, func(t *testing.T, s *running) {
		meddler := dialPlain(t, s.address)
		there := startElsewhere(t, func(call string) string {
			if strings.HasPrefix(call, "RESTORE") {
				meddler.send("INCR k")
				meddler.line()
			}
			return taken
		})
		c := dialPlain(t, s.address)
		c.send("SET k 1\r\nSET quiet 1")
		c.want("+OK", "+OK")
		c.send(there.migrate(longMs, "", "k quiet"))
		c.want("-ERR a key was changed again and again while it was sent: it stays here, and the " +
			"target instance may have it as it was before")
		c.send("EXISTS k\r\nEXISTS quiet")
		c.want(":1", ":0")
	})
}

// TestMigrateInMulti: what waits for others cannot be part of a transaction, which does nothing.
func TestMigrateInMulti(t *testing.T) {
	onEach(t, func(t *testing.T, s *running) {
		const mustStay = "a call that waits for another server cannot be part of a transaction or a " +
			"script: its shards would have to wait, too"
		c := dialPlain(t, s.address)
		c.send("MULTI\r\nSET k v\r\nMIGRATE 127.0.0.1 1 k 0 100\r\nEXEC\r\nEXISTS k\r\nSET k v")
		c.want("+OK", "+QUEUED", "-ERR "+mustStay,
			"-EXECABORT Transaction discarded because of previous errors.", ":0", "+OK")
		c.send(`EVAL "return redis.pcall('MIGRATE', '127.0.0.1', 1, 'k', 0, 100).err" 0`)
		c.want(fmt.Sprintf("$%d", len("ERR "+mustStay)), "ERR "+mustStay)
	})
}

// line reads a line, whatever it is.
func (p *plain) line() string {
	p.t.Helper()
	line, err := p.in.ReadString('\n')
	if err != nil {
		p.t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// TestMigrateLosesNothing: while some push to lists and others take what is in them away, two
// move the lists to another server and take there what has come. Each element is found once.
func TestMigrateLosesNothing(t *testing.T) {
	here := start(t, variant{Best, "tcp", 2}, "")
	there := start(t, variant{Best, "tcp", 1}, "")
	_, port, _ := net.SplitHostPort(there.address)
	const lists, pushes = 3, 2000
	key := func(i int) string { return fmt.Sprint("list:", i%lists) }

	var mu sync.Mutex
	found := map[string]int{}
	take := func(p *plain, key string) {
		p.send("MULTI\r\nLRANGE " + key + " 0 -1\r\nDEL " + key + "\r\nEXEC")
		p.want("+OK", "+QUEUED", "+QUEUED", "*2")
		n := p.number('*')
		mu.Lock()
		defer mu.Unlock()
		for range n {
			p.number('$')
			found[p.line()]++
		}
		p.number(':')
	}
	var moves [2]atomic.Int64
	var pushed atomic.Int64
	var pushers, takers sync.WaitGroup
	done := make(chan struct{})
	for w := range 3 {
		p := dialPlain(t, here.address)
		pushers.Go(func() {
			for i := 0; i < pushes || moves[0].Load() < 3 || moves[1].Load() < 3; i++ {
				pushed.Add(1)
				p.send(fmt.Sprintf("RPUSH %s %d-%d", key(i), w, i))
				p.line()
			}
		})
	}
	work := func(do func(i int)) {
		takers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
					do(i)
				}
			}
		})
	}
	remover := dialPlain(t, here.address)
	work(func(i int) { take(remover, key(i)) })
	for m := range moves {
		from, to := dialPlain(t, here.address), dialPlain(t, there.address)
		work(func(i int) {
			from.send(fmt.Sprintf(`MIGRATE 127.0.0.1 %s "" 0 %d KEYS %s`, port, longMs, key(i+m)))
			switch got := from.line(); got {
			case "+OK":
				moves[m].Add(1)
				take(to, key(i+m))
			case "+NOKEY", "-ERR Target instance replied with error: BUSYKEY Target key name " +
				"already exists.":
			default:
				t.Error(got)
			}
		})
	}
	pushers.Wait()
	close(done)
	takers.Wait()
	for i := range lists {
		take(dialPlain(t, here.address), key(i))
		take(dialPlain(t, there.address), key(i))
	}
	for element, times := range found {
		if times != 1 {
			t.Errorf("%s was found %d times", element, times)
		}
	}
	if int64(len(found)) != pushed.Load() {
		t.Errorf("%d elements, want %d", len(found), pushed.Load())
	}
}

// number reads a line of a kind that has a number.
func (p *plain) number(kind byte) (n int) {
	p.t.Helper()
	line := p.line()
	if _, err := fmt.Sscanf(line, string(kind)+"%d", &n); err != nil {
		p.t.Errorf("got %q", line)
	}
	return n
}
