// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// CrashOptions say how a server is crashed.
type CrashOptions struct {
	Seed    uint64
	Crashes int
	Clients int    // writers; there is one who reads and one who saves beside them
	Fsync   string // as the parameter appendfsync
	Calls   int    // a life ends when so many calls were answered, or fewer
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
	SlowStart time.Duration // the longest from the start of a process to its first answer
}

// String is the report for a log.
func (r CrashReport) String() string {
	return fmt.Sprintf("crashes %d, acknowledged writes checked %d, lost %d (oldest %v), "+
		"done without an answer %d, reads not contradicted %d, snapshots begun %d, "+
		"sums of accounts %d, crashes while loading %d, slowest start %v", r.Crashes, r.Acked, r.Missing,
		r.OldestGap.Round(time.Microsecond), r.Unacked, r.Reads, r.Snapshots, r.Accounts,
		r.Early, r.SlowStart.Round(time.Millisecond))
}

// crashLoop is a folder, and the clients of the processes that use it one after the other.
type crashLoop struct {
	t       testing.TB
	o       CrashOptions
	rng     *rand.Rand
	dir     string
	binary  string
	writers []*crashWriter
	report  CrashReport

	left   atomic.Int64  // answers until the process is killed
	killed chan struct{} // closed when it has to be
	seen   []atomic.Int64
}

// CheckCrashes starts our server in a folder again and again, each time with other flags,
// lets clients write, kills it at some moment, and fails t unless what is there afterwards is
// what clients may expect:
//
//   - with always, all that was acknowledged, and nothing that a client has read is gone;
//   - each client finds its own calls up to one of them, and none behind it: transactions and
//     scripts whole or not at all;
//   - if something is missing, everything is that was asked for after it was answered, by
//     whichever client.
func CheckCrashes(t testing.TB, o CrashOptions) CrashReport {
	t.Helper()
	l := &crashLoop{
		t: t, o: o, rng: rand.New(rand.NewPCG(o.Seed, 0xc4a5)), dir: t.TempDir(),
		binary: stampedeBinary(t), seen: make([]atomic.Int64, o.Clients),
	}
	for id := range o.Clients {
		l.writers = append(l.writers, newCrashWriter(id, o.Seed))
	}
	for range o.Crashes {
		l.life()
		if t.Failed() {
			t.Logf("seed %d, after %d crashes", o.Seed, l.report.Crashes)
			return l.report
		}
		l.report.Crashes++
	}
	p := l.start()
	l.verify(p)
	p.kill()
	return l.report
}

// crashProcess is a running server.
type crashProcess struct {
	cmd    *exec.Cmd
	addr   string
	stderr bytes.Buffer
}

// start starts the server and waits until all data is there.
func (l *crashLoop) start() *crashProcess {
	began := time.Now()
	p := l.launch()
	if err := waitForData(p.addr); err != nil {
		p.kill()
		l.t.Fatalf("%v does not start again after %d crashes: %v\n%s", p.cmd.Args,
			l.report.Crashes, err, p.stderr.String())
	}
	l.report.SlowStart = max(l.report.SlowStart, time.Since(began))
	return p
}

// launch starts the server with some flags.
func (l *crashLoop) launch() *crashProcess {
	return launch(l.t, l.binary, l.dir, "--fsync", l.o.Fsync,
		"--shards", []string{"1", "2", "3", "8"}[l.rng.IntN(4)],
		"--io", []string{"net", "epoll"}[l.rng.IntN(2)])
}

// launch starts our server on a folder and waits until it listens.
func launch(t testing.TB, binary, dir string, flags ...string) *crashProcess {
	t.Helper()
	args := append([]string{"serve", "--bind", "127.0.0.1", "--port", "0", "--dir", dir,
		"--save", ""}, flags...)
	p := &crashProcess{cmd: exec.Command(binary, args...)}
	p.cmd.Stderr = &p.stderr
	stdout, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		p.kill()
		t.Fatalf("%v: no address: %v\n%s", args, err, p.stderr.String())
	}
	p.addr = strings.TrimSpace(line)
	return p
}

// waitForData asks until the server has loaded everything.
func waitForData(addr string) error {
	c, err := Dial(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	for timeout := time.Now().Add(startTimeout); ; {
		v, err := c.Do("DBSIZE")
		switch {
		case err != nil:
			return err
		case !v.IsError():
			return nil
		case time.Now().After(timeout):
			return fmt.Errorf("no data within %v: %s", startTimeout, v.Text)
		}
		<-time.After(time.Millisecond)
	}
}

// kill ends the process at once, as SIGKILL does.
func (p *crashProcess) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // it says that it was killed
}

// life is one life of the server, from its start to its crash.
func (l *crashLoop) life() {
	if l.rng.IntN(8) == 0 {
		l.report.Early++
		l.launch().kill()
	}
	p := l.start()
	defer p.kill()
	l.verify(p)
	if l.t.Failed() {
		l.t.Logf("what the server said:\n%s", p.stderr.String())
		return
	}
	l.killed = make(chan struct{})
	l.left.Store(int64(1 + l.rng.IntN(l.o.Calls)))
	var clients sync.WaitGroup
	for _, w := range l.writers {
		clients.Go(func() { w.run(p.addr, l.answered) })
	}
	clients.Go(func() { l.read(p.addr) })
	if l.rng.IntN(2) == 0 {
		l.report.Snapshots++
		after := l.rng.IntN(3)
		clients.Go(func() { saveSoon(p.addr, after) })
	}
	select {
	case <-l.killed:
	case <-time.After(replyTimeout):
		l.t.Errorf("the clients hang\n%s", p.stderr.String())
	}
	p.kill()
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
