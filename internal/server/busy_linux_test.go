// SPDX-License-Identifier: Apache-2.0

package server

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"stampede/internal/engine"
	"stampede/internal/reply"
	"stampede/internal/seedtest"
	"stampede/internal/session"
)

// loopStore is a tinyStore with a few calls that take long:
//
//	LOOP     runs until somebody calls END, and answers :1; :0 if one runs already
//	TURNS n  runs for n rounds of the others
//	GATE     blocks the loop until the test opens the gate
type loopStore struct {
	tinyStore
	shared *loopTest
	serve  func()
}

// loopTest is what the stores of one server share.
type loopTest struct {
	looping atomic.Int32 // calls of LOOP that run
	over    atomic.Bool  // they must end
	gate    chan struct{}
	atGate  chan struct{}
}

func (l *loopStore) WhileBusy(serve func()) { l.serve = serve }

func (l *loopStore) Do(s *session.Session, b *engine.Batch, out *reply.Buffer) engine.Outcome {
	var one engine.Batch
	for i := range b.Len() {
		argv := b.Argv(i)
		switch name := strings.ToUpper(string(argv[0])); {
		case name == "LOOP" && (l.serve == nil || !l.shared.looping.CompareAndSwap(0, 1)):
			out.Int(0)
		case name == "LOOP":
			for !l.shared.over.Load() {
				l.serve()
			}
			l.shared.looping.Store(0)
			out.Int(1)
		case name == "END":
			l.shared.over.Store(true)
			out.OK()
		case name == "TURNS":
			n, _ := strconv.Atoi(string(argv[1]))
			for range n {
				if l.serve != nil {
					l.serve()
				}
			}
			out.Bulk(argv[1]) // the arguments must be as they were
		case name == "GATE":
			l.shared.atGate <- struct{}{}
			<-l.shared.gate
			out.OK()
		default:
			one.Reset()
			one.Add(argv...)
			if outcome := l.tinyStore.Do(s, &one, out); s.Closing {
				outcome.Ran += i
				return outcome
			}
		}
	}
	return engine.Outcome{Ran: b.Len()}
}

// everyLoop runs the test on servers with event loops whose calls may take long.
func everyLoop(t *testing.T, test func(t *testing.T, s *running, shared *loopTest)) {
	for _, v := range variants() {
		if v.transport != Epoll {
			continue
		}
		t.Run(fmt.Sprintf("%s-%d", v.network, v.loops), func(t *testing.T) {
			t.Parallel()
			shared := &loopTest{gate: make(chan struct{}), atGate: make(chan struct{}, 1)}
			test(t, startPrepared(t, v, "", func(s *Server) {
				for _, l := range s.transport.(*epollTransport).loops {
					store := &loopStore{shared: shared}
					store.WhileBusy(l.serveOthers)
					l.worker.caller = store
					l.other = newRound(s)
					l.other.worker.caller = &loopStore{shared: shared}
				}
			}), shared)
		})
	}
}

// loopOf lets a new client begin a LOOP.
func (r *running) loopOf(t *testing.T, shared *loopTest, before string) *client {
	t.Helper()
	c := r.dial(t)
	c.send(before + "LOOP\r\n")
	eventually(t, "it loops", func() bool { return shared.looping.Load() == 1 })
	return c
}

func TestOthersAreServedWhileACallTakesLong(t *testing.T) {
	everyLoop(t, func(t *testing.T, s *running, shared *loopTest) {
		old, half := s.dial(t), s.dial(t)
		old.send("ECHO a\r\n")
		old.want("$1\r\na\r\n")
		half.send("ECHO ")
		busy := s.loopOf(t, shared, "ECHO 1\r\n")
		busy.send("ECHO 2\r\n")
		for i := range 20 {
			old.send(fmt.Sprintf("ECHO %02d\r\nECHO x\r\n", i))
			old.want(fmt.Sprintf("$2\r\n%02d\r\n$1\r\nx\r\n", i))
			young := s.dial(t) // on any loop
			young.send("ECHO young\r\nLOOP\r\n")
			young.want("$5\r\nyoung\r\n:0\r\n")
			_ = young.Close()
		}
		half.send("b\r\n")
		half.want("$1\r\nb\r\n")
		busy.send("ECHO 3\r\n")
		old.send("END\r\n")
		old.want("+OK\r\n")
		busy.want("$1\r\n1\r\n:1\r\n$1\r\n2\r\n$1\r\n3\r\n")
		eventually(t, "the young are forgotten", func() bool { return s.Clients() == 3 })
	})
}

func TestRepliesOfAnInterruptedRoundAreSent(t *testing.T) {
	for _, size := range []int{1 << 10, 8 << 20} { // the latter is more than a socket takes
		everyLoop(t, func(t *testing.T, s *running, shared *loopTest) {
			clients := make([]*client, 9)
			for i := range clients {
				clients[i] = s.dial(t)
				clients[i].send("ECHO a\r\n")
				clients[i].want("$1\r\na\r\n")
			}
			opens := s.dial(t)
			opens.send("GATE\r\n")
			<-shared.atGate
			const middle = 4 // some calls come before that of this client, and some after
			for i, c := range clients {
				if i == middle {
					c.send("ECHO b\r\nLOOP\r\nECHO c\r\n")
				} else {
					c.send(fmt.Sprintf("ECHO b\r\nBIG %d\r\nECHO c\r\n", size))
				}
			}
			close(shared.gate)
			opens.want("+OK\r\n")
			eventually(t, "it loops", func() bool { return shared.looping.Load() == 1 })
			big := fmt.Sprintf("$1\r\nb\r\n$%d\r\n%s\r\n$1\r\nc\r\n", size, strings.Repeat("x", size))
			for i, c := range clients {
				if i != middle {
					c.want(big)
					c.send("ECHO d\r\n")
					c.want("$1\r\nd\r\n")
				}
			}
			opens.send("END\r\n")
			opens.want("+OK\r\n")
			clients[middle].want("$1\r\nb\r\n:1\r\n$1\r\nc\r\n")
		})
	}
}

// TestTheInterruptedConnectionIsSentNothing: a round may have two answers for a connection.
func TestTheInterruptedConnectionIsSentNothing(t *testing.T) {
	startPrepared(t, variant{Epoll, "tcp", 1}, "", func(s *Server) {
		l := s.transport.(*epollTransport).loops[0]
		var sockets [2]*socket
		var peers [2]int
		for i := range sockets {
			pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
			if err != nil {
				t.Fatal(err)
			}
			s.admit()
			l.open.Add(1)
			l.adopt(pair[0], true)
			sockets[i], peers[i] = l.sockets[pair[0]], pair[1]
			defer func() { _ = unix.Close(pair[1]) }() // the server sees its end
		}
		other, busy := sockets[0], sockets[1]
		l.worker.out.B = []byte("onetwosix")
		l.answers = []answer{{busy, 0, 3}, {other, 3, 6}, {busy, 6, 9}}
		l.running = busy
		want := func(toOther, toBusy string) {
			t.Helper()
			var got [2][16]byte
			n, _ := readNow(peers[0], got[0][:])
			m, _ := readNow(peers[1], got[1][:])
			if string(got[0][:n]) != toOther || string(got[1][:m]) != toBusy {
				t.Errorf("got %q and %q, want %q and %q", got[0][:n], got[1][:m], toOther, toBusy)
			}
		}
		l.serveOthers()
		want("two", "")
		l.sendAll()
		want("", "onesix")
	})
}

func TestKillWhileACallTakesLong(t *testing.T) {
	everyLoop(t, func(t *testing.T, s *running, shared *loopTest) {
		idle := s.dial(t)
		idle.send("ECHO a\r\n")
		idle.want("$1\r\na\r\n")
		busy := s.loopOf(t, shared, "")
		for _, public := range s.registry.All() {
			public.Kill()
		}
		idle.wantEnd()
		last := s.dial(t)
		last.send("END\r\n")
		last.want("+OK\r\n")
		busy.want(":1\r\n")
		busy.wantEnd()
	})
}

func TestClientLeavesWhileItsCallTakesLong(t *testing.T) {
	everyLoop(t, func(t *testing.T, s *running, shared *loopTest) {
		busy := s.loopOf(t, shared, "")
		_ = busy.Close()
		other := s.dial(t)
		other.send("ECHO a\r\n")
		other.want("$1\r\na\r\n")
		other.send("END\r\n")
		other.want("+OK\r\n")
		eventually(t, "one is left", func() bool { return s.Clients() == 1 })
	})
}

func TestServerStopsWhileACallTakesLong(t *testing.T) {
	everyLoop(t, func(t *testing.T, s *running, shared *loopTest) {
		idle := s.dial(t)
		idle.send("ECHO a\r\n")
		idle.want("$1\r\na\r\n")
		busy := s.loopOf(t, shared, "")
		stopped := make(chan error, 1)
		go func() { stopped <- s.stop() }()
		idle.wantEnd()
		shared.over.Store(true)
		busy.want(":1\r\n")
		busy.wantEnd()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
}

// TestManyClientsWhileCallsTakeLong lets clients send random calls, some of which are
// interrupted for the others, with limits that stall them: each must get its replies, in
// order, as if it were alone.
func TestManyClientsWhileCallsTakeLong(t *testing.T) {
	seed := seedtest.Of(t)
	everyLoop(t, func(t *testing.T, s *running, shared *loopTest) {
		limits := *s.limits.Load()
		limits.StallBytes, limits.StallBytesMax, limits.TotalBytes = 16<<10, 64<<10, 0
		s.limits.Store(&limits)
		var running sync.WaitGroup
		for i := range 12 {
			running.Go(func() { s.randomClient(t, rand.New(rand.NewPCG(seed, uint64(i)))) })
		}
		running.Wait()
		eventually(t, "all are forgotten", func() bool { return s.Clients() == 0 })
	})
}

// randomClient connects a few times, sends random calls and looks at the replies.
func (r *running) randomClient(t *testing.T, rng *rand.Rand) {
	for range 8 {
		c := r.dial(t)
		for range 1 + rng.IntN(4) {
			var calls, want strings.Builder
			for i := range 1 + rng.IntN(40) {
				switch rng.IntN(8) {
				case 0:
					n := strconv.Itoa(rng.IntN(6))
					calls.WriteString(call("TURNS", n))
					want.WriteString("$1\r\n" + n + "\r\n")
				case 1:
					n := rng.IntN(300 << 10)
					calls.WriteString(call("BIG", strconv.Itoa(n)))
					fmt.Fprintf(&want, "$%d\r\n%s\r\n", n, strings.Repeat("x", n))
				default:
					word := strings.Repeat(fmt.Sprintf("%02d", i), 1+rng.IntN(40))
					calls.WriteString(call("ECHO", word))
					fmt.Fprintf(&want, "$%d\r\n%s\r\n", len(word), word)
				}
			}
			if _, err := io.WriteString(c.Conn, calls.String()); err != nil {
				t.Error(err)
				return
			}
			if rng.IntN(10) == 0 {
				break // it leaves without reading
			}
			got := make([]byte, want.Len())
			_ = c.SetReadDeadline(time.Now().Add(patience))
			if n, err := io.ReadFull(c.r, got); err != nil || string(got) != want.String() {
				t.Errorf("%d of %d bytes, %v; equal: %v",
					n, len(got), err, string(got[:n]) == want.String()[:n])
				return
			}
		}
		_ = c.Close()
	}
}
