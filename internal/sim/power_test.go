// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"stampede/internal/config"
	"stampede/internal/disk/faulty"
	"stampede/internal/engine"
	"stampede/internal/journal"
	"stampede/internal/resp"
	"stampede/internal/seedtest"
	"stampede/internal/server"
	"stampede/internal/session"
)

// grid is a disk, and the clients of the servers that use it one after the other until the
// power is cut.
type grid struct {
	t       *testing.T
	rng     *rand.Rand
	disk    *faulty.FS
	fsync   journal.Fsync
	writers []*meter

	isCut atomic.Bool // what is answered from now on counts for nobody
	left  atomic.Int64
	over  chan struct{} // closed when the power has to be cut
	acks  atomic.Int64
}

// meter is a client that counts.
type meter struct {
	name   string
	issued int64
	acked  int64
	read   atomic.Int64 // the highest count that somebody else has seen
}

const (
	metersMax    = 6
	powerLives   = 12
	powerAnswers = 400 // of a life, at most
)

// TestPowerCuts cuts the power of a real server while clients talk to it. A reply that comes
// before the sync shows here, and nowhere else: the end of a process alone takes nothing from
// the page cache.
func TestPowerCuts(t *testing.T) {
	for _, transport := range []server.Transport{server.Net, server.Best} {
		for _, fsync := range []journal.Fsync{journal.Always, journal.EverySecond} {
			t.Run(fmt.Sprint(transport, "/", fsync), func(t *testing.T) {
				seed := seedtest.Of(t)
				g := &grid{
					t: t, rng: rand.New(rand.NewPCG(seed, 3)), disk: faulty.New(seed), fsync: fsync,
				}
				for i := range metersMax {
					g.writers = append(g.writers, &meter{name: fmt.Sprint("meter", i)})
				}
				for life := 0; life < powerLives && !t.Failed(); life++ {
					g.life(transport)
				}
				t.Logf("%d answers", g.acks.Load())
			})
		}
	}
}

// plant is a server that runs.
type plant struct {
	engine *engine.Engine
	addr   string
	stop   func()
}

// start starts a server on the disk as it is.
func (g *grid) start(transport server.Transport) *plant {
	parameters := config.New()
	if err := parameters.SetAtStart("appendfsync", g.fsync.String()); err != nil {
		g.t.Fatal(err)
	}
	var door *server.Server
	registry := session.NewRegistry(func() { door.Wake() })
	e, err := engine.New(engine.Options{
		Shards: 1 + g.rng.IntN(8), Config: parameters, Registry: registry,
		Durability: &engine.Durability{
			FS: g.disk, Dir: folder, SegmentBytes: 64 << 10,
			Durable: func(journal.Position) { door.Durable() }, Failed: func() { door.Durable() },
		},
	})
	if err != nil {
		g.t.Fatalf("start: %v", err)
	}
	door, err = server.New(server.Options{
		Engine: e, Registry: registry, Config: parameters, Transport: transport, Loops: 2,
		DrainMax: time.Millisecond,
	})
	if err != nil {
		g.t.Fatal(err)
	}
	addr, err := door.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		g.t.Fatal(err)
	}
	if err := e.Load(); err != nil {
		g.t.Fatalf("load: %v", err)
	}
	ctx, cancel := context.WithCancel(g.t.Context())
	var parts sync.WaitGroup
	parts.Go(func() { _ = e.Store().Run(ctx) }) // the power is cut: it fails
	parts.Go(func() {
		if err := door.Run(ctx); err != nil {
			g.t.Errorf("server: %v", err)
		}
	})
	return &plant{engine: e, addr: addr.String(), stop: func() {
		cancel()
		parts.Wait()
		if err := e.Free(); err != nil && !errors.Is(err, faulty.ErrPowerCut) {
			g.t.Errorf("free: %v", err)
		}
	}}
}

// life is one life of a server, from its start to the power cut.
func (g *grid) life(transport server.Transport) {
	g.isCut.Store(false)
	g.left.Store(int64(1 + g.rng.IntN(powerAnswers)))
	g.over = make(chan struct{})
	p := g.start(transport)
	g.found(p.addr)
	var clients sync.WaitGroup
	for _, m := range g.writers {
		clients.Go(func() { g.write(p.addr, m) })
	}
	clients.Go(func() { g.read(p.addr) })
	if g.rng.IntN(2) == 0 {
		clients.Go(func() { g.save(p.addr) })
	}
	<-g.over
	g.isCut.Store(true)
	g.disk = g.disk.Crash()
	p.stop()
	clients.Wait()
}

// wire is a connection.
type wire struct {
	conn net.Conn
	in   *bufio.Reader
}

func dial(addr string) (*wire, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &wire{conn, bufio.NewReader(conn)}, nil
}

// do sends calls at once and returns the reply to the last one.
func (w *wire) do(calls ...string) (any, error) {
	var out []byte
	for _, call := range calls {
		var argv [][]byte
		for word := range strings.FieldsSeq(call) {
			argv = append(argv, []byte(word))
		}
		out = resp.AppendCommand(out, argv...)
	}
	if _, err := w.conn.Write(out); err != nil {
		return nil, err
	}
	var last any
	var got []byte
	for range calls {
		for got = got[:0]; ; {
			line, err := w.in.ReadBytes('\n')
			if err != nil {
				return nil, err
			}
			got = append(got, line...)
			v, rest, err := parse(got)
			if err == nil && len(rest) == 0 {
				last = v
				break
			}
		}
	}
	return last, nil
}

// write counts, in one of several ways, until nobody answers.
func (g *grid) write(addr string, m *meter) {
	w, err := dial(addr)
	if err != nil {
		return
	}
	defer func() { _ = w.conn.Close() }()
	for m.issued = m.acked; ; {
		m.issued++
		calls := []string{"INCR " + m.name}
		if m.issued%3 == 0 {
			calls = []string{"MULTI", "INCR twin-of-" + m.name, "INCR twin-of-" + m.name,
				"DECR twin-of-" + m.name, "DECR twin-of-" + m.name, "INCR " + m.name,
				"APPEND log-of-" + m.name + " x", "EXEC"}
		}
		reply, err := w.do(calls...)
		if _, refused := reply.(error); err != nil || refused || g.isCut.Load() {
			return // the power was cut: who knows whether it was done
		}
		m.acked = m.issued
		g.acks.Add(1)
		if g.left.Add(-1) == 0 {
			close(g.over)
		}
	}
}

// read sees how far the others have come, also before they know it themselves.
func (g *grid) read(addr string) {
	w, err := dial(addr)
	if err != nil {
		return
	}
	defer func() { _ = w.conn.Close() }()
	for {
		for _, m := range g.writers {
			reply, err := w.do("GET " + m.name)
			if err != nil || g.isCut.Load() {
				return
			}
			text, _ := reply.(string)
			n, _ := strconv.ParseInt(text, 10, 64)
			m.read.Store(n)
		}
	}
}

func (g *grid) save(addr string) {
	w, err := dial(addr)
	if err != nil {
		return
	}
	defer func() { _ = w.conn.Close() }()
	_, _ = w.do("SAVE") // the power may be gone
}

// found compares what is there with what clients have seen.
func (g *grid) found(addr string) {
	w, err := dial(addr)
	if err != nil {
		g.t.Fatal(err)
	}
	defer func() { _ = w.conn.Close() }()
	for _, m := range g.writers {
		reply, err := w.do("GET " + m.name)
		text, _ := reply.(string)
		n, _ := strconv.ParseInt(text, 10, 64)
		least := max(m.acked, m.read.Swap(0))
		if err != nil || n > m.issued || g.fsync == journal.Always && n < least {
			g.t.Errorf("%s is %v (%v): a client has seen %d, the last one issued is %d",
				m.name, reply, err, least, m.issued)
		}
		log, err := w.do("STRLEN log-of-" + m.name)
		if err != nil || log != n/3 {
			g.t.Errorf("%s is %d, and in its log are %v: a transaction was torn", m.name, n, log)
		}
		m.issued, m.acked = n, n
	}
}

// TestParse reads replies whole, and nothing else.
func TestParse(t *testing.T) {
	whole := []byte("*3\r\n$2\r\na\n\r\n:5\r\n*-1\r\n")
	for n := range whole {
		if _, _, err := parse(whole[:n]); err == nil {
			t.Errorf("%q is no whole reply", whole[:n])
		}
	}
	v, rest, err := parse(append(bytes.Clone(whole), "+OK"...))
	if fmt.Sprint(v) != "[a\n 5 <nil>]" || string(rest) != "+OK" || err != nil {
		t.Errorf("got %v, rest %q, %v", v, rest, err)
	}
}
