// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// CrashOptions say how a server is crashed.
type CrashOptions struct {
	Binary  string // our program
	Dir     string // an empty folder for its files
	Seed    uint64
	Crashes int
	Clients int               // writers; there is one who reads and one who saves beside them
	Fsync   string            // as the parameter appendfsync
	Calls   int               // a life ends when so many calls were answered, or fewer
	After   func(crashes int) // told of each crash; may be nil
}

// CrashReport says what has been checked.
type CrashReport struct {
	Crashes   int
	Acked     int           // calls that write and were acknowledged
	Missing   int           // of them after a crash; 0 with always
	OldestGap time.Duration // how long before the crash the first of the missing was answered
	Unacked   int           // calls that write and were done, but not answered
	Reads     int           // answers of other clients that must not be contradicted
	Snapshots int           // that were begun
	Early     int           // crashes before the data was loaded
	Accounts  int           // times that the sum of all accounts was right
	Ended     int           // keys and fields whose deadline had passed, and which were gone
	SlowStart time.Duration // the longest from the start of a process to its first answer
}

// String is the report for a log.
func (r CrashReport) String() string {
	return fmt.Sprintf("crashes %d, acknowledged writes checked %d, lost %d (oldest %v), "+
		"done without an answer %d, reads not contradicted %d, snapshots begun %d, "+
		"sums of accounts %d, keys and fields ended %d, crashes while loading %d, slowest start %v",
		r.Crashes, r.Acked, r.Missing,
		r.OldestGap.Round(time.Microsecond), r.Unacked, r.Reads, r.Snapshots, r.Accounts,
		r.Ended, r.Early, r.SlowStart.Round(time.Millisecond))
}

// crashLoop is a folder, and the clients of the processes that use it one after the other.
type crashLoop struct {
	ctx     context.Context
	t       *judge
	o       CrashOptions
	rng     *rand.Rand
	writers []*crashWriter
	report  CrashReport

	left   atomic.Int64  // answers until the process is killed
	killed chan struct{} // closed when it has to be
	seen   []atomic.Int64
}

// CheckCrashes starts our server in a folder again and again, each time with other flags,
// lets clients write, kills it at some moment, and reports to t unless what is there afterwards is
// what clients may expect:
//
//   - with always, all that was acknowledged, and nothing that a client has read is gone;
//   - each client finds its own calls up to one of them, and none behind it: transactions and
//     scripts whole or not at all;
//   - if something is missing, everything is that was asked for after it was answered, by
//     whichever client.
//
// When ctx ends, the servers are killed and what is reported from then on means nothing.
func CheckCrashes(ctx context.Context, t Reporter, o CrashOptions) CrashReport {
	l := &crashLoop{
		ctx: ctx, t: &judge{Reporter: t}, o: o, rng: rand.New(rand.NewPCG(o.Seed, 0xc4a5)),
		seen: make([]atomic.Int64, o.Clients),
	}
	for id := range o.Clients {
		l.writers = append(l.writers, newCrashWriter(id, o.Seed))
	}
	for range o.Crashes {
		l.life()
		if ctx.Err() != nil || l.t.failed.Load() {
			t.Logf("seed %d, after %d crashes", o.Seed, l.report.Crashes)
			return l.report
		}
		if l.report.Crashes++; o.After != nil {
			o.After(l.report.Crashes)
		}
	}
	if p := l.start(); p != nil {
		l.verify(p)
		p.Kill()
	}
	return l.report
}

// start starts the server and waits until all data is there. It returns nil if that fails,
// which is reported.
func (l *crashLoop) start() *Process {
	began := time.Now()
	p := l.launch()
	if p == nil {
		return nil
	}
	if err := WaitForData(p.Addr); err != nil {
		p.Kill()
		l.t.Errorf("%v does not start again after %d crashes: %v\n%s", p.cmd.Args,
			l.report.Crashes, err, p.Said())
		return nil
	}
	l.report.SlowStart = max(l.report.SlowStart, time.Since(began))
	return p
}

// launch starts the server with some flags.
func (l *crashLoop) launch() *Process {
	p, err := Launch(l.ctx, l.o.Binary, l.o.Dir, "--fsync", l.o.Fsync,
		"--shards", []string{"1", "2", "3", "8"}[l.rng.IntN(4)],
		"--io", []string{"net", "epoll"}[l.rng.IntN(2)])
	if err != nil {
		l.t.Errorf("after %d crashes: %v", l.report.Crashes, err)
		return nil
	}
	return p
}

// life is one life of the server, from its start to its crash.
func (l *crashLoop) life() {
	if l.rng.IntN(8) == 0 {
		l.report.Early++
		if p := l.launch(); p != nil {
			p.Kill()
		}
	}
	p := l.start()
	if p == nil {
		return
	}
	defer p.Kill()
	l.verify(p)
	if l.t.failed.Load() {
		p.Kill()
		l.t.Logf("what the server said:\n%s", p.Said())
		return
	}
	l.killed = make(chan struct{})
	l.left.Store(int64(1 + l.rng.IntN(l.o.Calls)))
	var clients sync.WaitGroup
	for _, w := range l.writers {
		clients.Go(func() { w.run(p.Addr, l.answered) })
	}
	clients.Go(func() { l.read(p.Addr) })
	if l.rng.IntN(2) == 0 {
		l.report.Snapshots++
		after := l.rng.IntN(3)
		clients.Go(func() { saveSoon(p.Addr, after) })
	}
	select {
	case <-l.killed:
	case <-time.After(replyTimeout):
		l.t.Errorf("the clients hang")
	}
	p.Kill()
	clients.Wait()
	for _, w := range l.writers {
		w.diedAt = time.Now()
	}
}

// answered counts an answer, and has the server killed when there were enough.
func (l *crashLoop) answered() {
	if l.left.Add(-1) == 0 {
		close(l.killed)
	}
}

// read looks at how far all writers have come, until the server ends. What it sees may not
// have been acknowledged to who wrote it; nevertheless it has to stay.
func (l *crashLoop) read(addr string) {
	c, err := Dial(addr)
	if err != nil {
		return
	}
	defer c.Close()
	words := []string{"MGET"}
	for _, w := range l.writers {
		words = append(words, w.marker())
	}
	for {
		v, err := c.Do(words...)
		if err != nil || v.IsError() {
			return
		}
		for i, one := range v.Elems {
			if n, err := strconv.ParseInt(one.Text, 10, 64); err == nil {
				l.seen[i].Store(n)
			}
		}
	}
}

// saveSoon asks for a snapshot after some other calls.
func saveSoon(addr string, after int) {
	c, err := Dial(addr)
	if err != nil {
		return
	}
	defer c.Close()
	for range after {
		if _, err := c.Do("PING"); err != nil {
			return
		}
	}
	_, _ = c.Do("BGSAVE") // the server may be gone
}
