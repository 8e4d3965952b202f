// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"stampede/internal/config"
	"stampede/internal/engine"
	"stampede/internal/pubsub"
	"stampede/internal/reply"
	"stampede/internal/session"
)

// subscribed answers one name of SUBSCRIBE.
func subscribed(verb, name string, n int) string {
	return fmt.Sprintf("*3\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n:%d\r\n", len(verb), verb, len(name), name, n)
}

// published is what a subscriber of a channel gets.
func published(channel, text string) string { return call("message", channel, text) }

// TestSubscribersGetEverything: all subscribers see all messages of many publishers in one
// order, wherever their connections are served.
func TestSubscribersGetEverything(t *testing.T) {
	const subscribers, publishers, messages = 5, 3, 200
	everyWay(t, "", func(t *testing.T, s *running) {
		var listeners []*client
		for range subscribers {
			c := s.dial(t)
			c.send(call("SUBSCRIBE", "c"))
			c.want(subscribed("subscribe", "c", 1))
			listeners = append(listeners, c)
		}
		var wg sync.WaitGroup
		for p := range publishers {
			c := s.dial(t)
			wg.Go(func() {
				var calls strings.Builder
				for n := range messages {
					calls.WriteString(call("PUBLISH", "c", fmt.Sprintf("%d %03d", p, n)))
				}
				_, _ = io.WriteString(c.Conn, calls.String()) // reading tells of an error
				for range messages {
					if line, err := c.r.ReadString('\n'); line != fmt.Sprintf(":%d\r\n", subscribers) {
						t.Errorf("a publisher gets %q %v", line, err)
						return
					}
				}
			})
		}
		wg.Wait()
		size := len(published("c", "0 000"))
		first := make([]byte, publishers*messages*size)
		if _, err := io.ReadFull(listeners[0].r, first); err != nil {
			t.Fatal(err)
		}
		var next [publishers]int
		for at := 0; at < len(first); at += size {
			text := string(first[at+size-len("0 000\r\n"):][:5])
			p, _ := strconv.Atoi(text[:1])
			if n, _ := strconv.Atoi(text[2:]); n != next[p] {
				t.Fatalf("publisher %d: %d comes where %d is due", p, n, next[p])
			}
			next[p]++
		}
		for _, c := range listeners[1:] {
			c.want(string(first))
		}
	})
}

// TestNothingComesAfterUnsubscribe: on a RESP2 connection a message behind the word that the
// last subscription has ended would be taken for a reply.
func TestNothingComesAfterUnsubscribe(t *testing.T) {
	everyWay(t, "", func(t *testing.T, s *running) {
		stop, publisher := make(chan struct{}), s.dial(t)
		var wg sync.WaitGroup
		defer wg.Wait()
		defer close(stop)
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				publisher.send(strings.Repeat(call("PUBLISH", "c", "x"), 8))
				for range 8 {
					if _, err := publisher.r.ReadString('\n'); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
		c := s.dial(t)
		last := subscribed("unsubscribe", "c", 0)
		for range 50 {
			c.send(call("SUBSCRIBE", "c"))
			c.want(subscribed("subscribe", "c", 1) + published("c", "x"))
			c.send(call("UNSUBSCRIBE", "c") + call("PING"))
			for got := ""; !strings.HasSuffix(got, last); {
				line, err := c.r.ReadString('\n')
				if got += line; err != nil {
					t.Fatal(err)
				}
			}
			c.want("+PONG\r\n")
		}
	})
}

// TestSlowSubscriberIsCutOff: who does not read is disconnected, in bounded memory, and the
// others get everything.
func TestSlowSubscriberIsCutOff(t *testing.T) {
	const limit = 1 << 20
	everyWay(t, "client-output-buffer-limit pubsub 1mb 0 0", func(t *testing.T, s *running) {
		slow, quick, publisher := s.dial(t), s.dial(t), s.dial(t)
		for _, c := range []*client{slow, quick} {
			c.send(call("SUBSCRIBE", "c"))
			c.want(subscribed("subscribe", "c", 1))
		}
		text := strings.Repeat("x", 64<<10)
		for n := 0; ; n++ {
			publisher.send(call("PUBLISH", "c", text))
			line, err := publisher.r.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			quick.want(published("c", text))
			if unsent := s.unsent.Load(); unsent > 2*limit {
				t.Fatalf("%d bytes wait", unsent)
			}
			if line == ":1\r\n" {
				break
			}
			if n > 5000 {
				t.Fatal("it is never cut off")
			}
		}
		if stats := s.engine.Hub().Stats(); stats.Channels != 1 || stats.CutOff != 1 {
			t.Errorf("%+v", stats)
		}
		quick.send(call("UNSUBSCRIBE"))
		quick.want(subscribed("unsubscribe", "c", 0))
	})
}

// TestLimitsOfSubscribers: whoever subscribes is of another class than others, until it does
// not any more.
func TestLimitsOfSubscribers(t *testing.T) {
	hub := pubsub.NewHub()
	b := newBench(t)
	b.worker.Limits.IdleMs = 1000
	b.worker.Limits.Output[session.PubSub] = config.OutputLimit{SoftBytes: 1000, SoftSeconds: 5}
	m := b.session.OpenMailbox(hub)
	hub.Subscribe(m, pubsub.Channel, []byte("c"))
	b.worker.NowMs += 2000
	if b.Tick(b.worker); b.Broken() != nil {
		t.Fatal("a subscriber is cut off because it says nothing")
	}
	hub.Publish(pubsub.Message{Channel: []byte("c"), Text: make([]byte, 2000)})
	b.TakeMail(b.worker)
	b.Keep(b.worker, b.worker.Replies())
	b.worker.NowMs += 4000
	if b.Tick(b.worker); b.Broken() != nil {
		t.Fatal("it is cut off too early")
	}
	b.worker.NowMs += 2000
	if b.Tick(b.worker); b.Broken() == nil {
		t.Error("it is above the soft limit for ever")
	}
}

// TestEndOfSubscribers: a connection that ends, however it does, subscribes to nothing more.
func TestEndOfSubscribers(t *testing.T) {
	everyWay(t, "", func(t *testing.T, s *running) {
		for _, end := range []func(c *client){
			func(c *client) { _ = c.Close() },
			func(c *client) { c.send(call("QUIT")) },
			func(c *client) { c.send(call("RESET")) },
			func(c *client) { c.send("*1\r\nx\r\n") },
			func(*client) {
				for _, public := range s.registry.All() {
					public.Kill()
				}
			},
		} {
			c := s.dial(t)
			c.send(call("SUBSCRIBE", "a") + call("PSUBSCRIBE", "b*") + call("SSUBSCRIBE", "c"))
			c.want(subscribed("subscribe", "a", 1) + subscribed("psubscribe", "b*", 2) +
				subscribed("ssubscribe", "c", 1))
			end(c)
			eventually(t, "nobody has subscribed", s.engine.Hub().Idle)
			_ = c.Close()
		}
		c := s.dial(t)
		c.send(call("MONITOR"))
		c.want("+OK\r\n")
		_ = c.Close()
		eventually(t, "nobody monitors", func() bool { return !s.engine.Hub().Monitored() })
	})
}

// TestEventsWaitForTheDisk: with appendfsync always nobody sees an event of a change, nor what
// is published after it, before the change is durable.
func TestEventsWaitForTheDisk(t *testing.T) {
	for _, transport := range transports() {
		disk, shut, open := gatedDisk()
		store, addr := startKept(t, transport, "always", disk)
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		in := bufio.NewReader(conn)
		want := func(bytes string) {
			t.Helper()
			_ = conn.SetReadDeadline(time.Now().Add(patience))
			got := make([]byte, len(bytes))
			if n, err := io.ReadFull(in, got); string(got) != bytes {
				t.Fatalf("%s: got %q %v, want %q", transport, got[:n], err, bytes)
			}
		}
		_, _ = io.WriteString(conn, call("CONFIG", "SET", "notify-keyspace-events", "KEA")+
			call("SUBSCRIBE", "__keyevent@0__:set", "c"))
		want("+OK\r\n" + subscribed("subscribe", "__keyevent@0__:set", 1) + subscribed("subscribe", "c", 2))

		shut()
		run(store, "SET", "k", "v")
		run(store, "PUBLISH", "c", "behind it")
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		b, err := in.ReadByte()
		durable, end := store.Journal().Durable(), store.Journal().End()
		open()
		if err == nil || durable == end {
			t.Fatalf("%s: %q is told before it is durable (%d of %d)", transport, b, durable, end)
		}
		want(published("__keyevent@0__:set", "k") + published("c", "behind it"))
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
}

// run makes a call of a session that has no connection.
func run(store *engine.Engine, argv ...string) {
	var b engine.Batch
	var out reply.Buffer
	var args [][]byte
	for _, arg := range argv {
		args = append(args, []byte(arg))
	}
	b.Add(args...)
	s := &session.Session{Proto: 2, Authenticated: true}
	store.NewRunner().Do(s, &b, &out)
}

// TestMailWhileAScriptRuns: a script that lets others run between its calls lets them have
// their messages, too; its own connection gets them when it has ended, before its reply.
func TestMailWhileAScriptRuns(t *testing.T) {
	everyWay(t, "lua-default-flags disable-atomicity", func(t *testing.T, s *running) {
		own, other, publisher := s.dial(t), s.dial(t), s.dial(t)
		own.send(call("HELLO", "3"))
		for line := ""; line != "*0\r\n"; {
			var err error
			if line, err = own.r.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
		own.send(call("SUBSCRIBE", "c"))
		own.want(">" + subscribed("subscribe", "c", 1)[1:])
		other.send(call("SUBSCRIBE", "c"))
		other.want(subscribed("subscribe", "c", 1))
		own.send(call("EVAL", "redis.call('SET', 'runs', '1') "+
			"repeat until redis.call('GET', 'stop') return 'done'", "0"))
		publisher.send(call("GET", "runs"))
		eventually(t, "the script runs", func() bool {
			line, err := publisher.r.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			publisher.send(call("GET", "runs"))
			return line == "1\r\n"
		})
		publisher.send(call("PUBLISH", "c", "first"))
		other.want(published("c", "first"))
		publisher.send(call("PUBLISH", "c", "last") + call("SET", "stop", "1"))
		other.want(published("c", "last"))
		push := func(text string) string { return ">" + published("c", text)[1:] }
		own.want(push("first") + push("last") + "$4\r\ndone\r\n")
	})
}
