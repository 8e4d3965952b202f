// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"stampede/internal/config"
	"stampede/internal/engine"
	"stampede/internal/reply"
	"stampede/internal/session"
)

// tinyStore is a Caller whose calls show what a Conn does with them.
type tinyStore struct {
	ran    []string // names of the calls that have run
	paused bool     // PAUSE suspends
	fuzzed bool     // calls have any number of arguments
}

func (t *tinyStore) WhileBusy(func()) {}
func (t *tinyStore) InsideCall()      {}
func (t *tinyStore) Clock() time.Time { return time.Time{} }

func (t *tinyStore) Finish(*engine.Waiter, *reply.Buffer) (o engine.Outcome, done bool) {
	return o, true
}

func (t *tinyStore) Do(s *session.Session, b *engine.Batch, out *reply.Buffer) engine.Outcome {
	for i := range b.Len() {
		argv := b.Argv(i)
		name := strings.ToUpper(string(argv[0]))
		if t.fuzzed && name != "QUIT" {
			name = "COUNT"
		}
		switch name {
		case "ECHO":
			out.Bulk(argv[1])
		case "COUNT":
			out.Int(int64(len(argv) - 1))
		case "BIG":
			n, _ := strconv.Atoi(string(argv[1]))
			out.Bulk(bytes.Repeat([]byte{'x'}, n))
		case "PAUSE":
			if t.paused {
				return engine.Outcome{Ran: i, RetryAtMs: 77}
			}
			out.OK()
		case "AUTH":
			s.Authenticated = true
			out.OK()
		case "QUIT":
			out.OK()
			s.Closing = true
			t.ran = append(t.ran, name)
			return engine.Outcome{Ran: i + 1}
		default:
			out.Fail(reply.Error("ERR unknown " + name))
		}
		t.ran = append(t.ran, name)
	}
	return engine.Outcome{Ran: b.Len()}
}

// bench is a Conn on a table: bytes go in, what it answers is collected.
type bench struct {
	*Conn
	store  *tinyStore
	worker *Worker
	unsent atomic.Int64
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{store: &tinyStore{}}
	b.worker = NewWorker(b.store, readLimits(config.New()), &b.unsent)
	b.worker.NowMs = 1
	s := session.NewRegistry(nil).Open(session.Link{}, 1)
	s.Authenticated = true
	b.Conn = NewConn(s, b.worker)
	return b
}

// feed gives the connection input as a transport does, in reads of at most size bytes,
// and returns the replies. A client that reads everything is assumed.
func (b *bench) feed(input string, size int) string {
	var replies strings.Builder
	scratch := make([]byte, size)
	for len(input) > 0 {
		space := b.Space(scratch)
		n := copy(space, input)
		input = input[n:]
		b.Receive(b.worker, space[:n])
		replies.WriteString(b.taken())
		for b.GoOn(b.worker) {
			replies.WriteString(b.taken())
		}
	}
	return replies.String()
}

// taken are the replies since it was last asked.
func (b *bench) taken() string {
	taken := string(b.worker.Replies())
	b.worker.Clear()
	return taken
}

// call is a call as clients write it.
func call(argv ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(argv))
	for _, arg := range argv {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(arg), arg)
	}
	return b.String()
}

func TestConnAnswersHoweverInputIsCut(t *testing.T) {
	input := call("ECHO", "one") + "\r\n" + "*0\r\n*-1\r\n" + call("ECHO", "") +
		"ECHO 'in line'\r\n" + "  \r\n" + call("COUNT", "a", "b", "c") + "\n" +
		call("ECHO", strings.Repeat("z", 300))
	want := "$3\r\none\r\n$0\r\n\r\n$7\r\nin line\r\n:3\r\n$300\r\n" +
		strings.Repeat("z", 300) + "\r\n"
	for size := 1; size <= len(input); size++ {
		if got := newBench(t).feed(input, size); got != want {
			t.Fatalf("reads of %d bytes: got %q, want %q", size, got, want)
		}
	}
	for cut := range len(input) {
		b := newBench(t)
		got := b.feed(input[:cut], cut) + b.feed(input[cut:], len(input))
		if got != want {
			t.Fatalf("cut at %d: got %q, want %q", cut, got, want)
		}
		if b.in != nil || b.out != nil {
			t.Fatalf("cut at %d: memory is held though nothing waits", cut)
		}
	}
}

func TestConnKeepsNothingOfEmptyLines(t *testing.T) {
	b := newBench(t)
	for range 1000 {
		b.feed("\r\n*0\r\n\n \r\n", 3)
	}
	if len(b.in) > 0 {
		t.Errorf("%d bytes wait", len(b.in))
	}
}

func TestConnAnswersABreachOfTheProtocolLast(t *testing.T) {
	b := newBench(t)
	got := b.feed(call("ECHO", "a")+"*1\r\n:5\r\n"+call("ECHO", "b"), 1000)
	want := "$1\r\na\r\n-ERR Protocol error: expected '$', got ':'\r\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !b.Ending() || b.WantsInput() {
		t.Error("the connection goes on")
	}
	if got := b.feed(call("ECHO", "c"), 1000); got != "" {
		t.Errorf("after it: %q", got)
	}
}

func TestConnEndsWithQuit(t *testing.T) {
	b := newBench(t)
	got := b.feed(call("QUIT")+call("ECHO", "b"), 1000)
	if got != "+OK\r\n" || !b.Ending() || len(b.store.ran) != 1 {
		t.Errorf("got %q, ending %v, ran %v", got, b.Ending(), b.store.ran)
	}
}

func TestConnReadsOneCallBeforeAuth(t *testing.T) {
	long := call("ECHO", strings.Repeat("x", 20<<10))
	b := newBench(t)
	b.session.Authenticated = false
	want := "-ERR Protocol error: unauthenticated bulk length\r\n"
	if got := b.feed(long, 1000); got != want {
		t.Errorf("before AUTH: got %q, want %q", got, want)
	}
	b = newBench(t)
	b.session.Authenticated = false
	if got := b.feed(call("AUTH", "x")+long, 100<<10); !strings.HasPrefix(got, "+OK\r\n$20480\r\n") {
		t.Errorf("with AUTH before it: got %.40q", got)
	}
}

func TestConnSuspends(t *testing.T) {
	b := newBench(t)
	b.store.paused = true
	input := call("ECHO", "a") + call("PAUSE") + call("ECHO", "b") + "*2\r\n$4\r\nECHO"
	if got := b.feed(input, 1000); got != "$1\r\na\r\n" {
		t.Errorf("before the pause: got %q", got)
	}
	if waits, untilMs := b.Suspended(); !waits || untilMs != 77 {
		t.Errorf("suspended %v until %d", waits, untilMs)
	}
	if got := b.feed("\r\n$1\r\nc\r\n", 1000); got != "" || !b.WantsInput() {
		t.Errorf("in the pause: got %q, wants input %v", got, b.WantsInput())
	}
	b.Resume(b.worker)
	if waits, _ := b.Suspended(); !waits || b.taken() != "" {
		t.Error("it went on though the store says no")
	}
	b.store.paused = false
	b.Resume(b.worker)
	if got, want := b.taken(), "+OK\r\n$1\r\nb\r\n$1\r\nc\r\n"; got != want {
		t.Errorf("after the pause: got %q, want %q", got, want)
	}
}

func TestConnReadsNoMoreWhileItWaits(t *testing.T) {
	b := newBench(t)
	b.store.paused = true
	b.feed(call("PAUSE"), 1000)
	for i := 0; b.WantsInput(); i++ {
		b.feed(call("ECHO", "x"), 1000)
		if i > waitBytesMax {
			t.Fatal("it takes input for ever")
		}
	}
	if len(b.in) > waitBytesMax+1000 {
		t.Errorf("%d bytes wait", len(b.in))
	}
}

func TestConnTakesMemoryForWhatHasComeOnly(t *testing.T) {
	b := newBench(t)
	b.feed("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\n", 1000)
	sent := 0
	for size := 1; sent < 4<<20; size = min(2*size, 200<<10) {
		b.feed(strings.Repeat("v", size), readBytesMax)
		sent += size
		if held := cap(b.in); held > 3*sent+4*readBytesMax {
			t.Fatalf("%d bytes are held after %d have come", held, sent)
		}
	}
}

func TestConnTakesLargeCalls(t *testing.T) {
	big := strings.Repeat("0123456789", 1<<18)
	b := newBench(t)
	if got := b.feed(call("ECHO", big)+call("ECHO", "next"), readBytesMax); got !=
		fmt.Sprintf("$%d\r\n%s\r\n$4\r\nnext\r\n", len(big), big) {
		t.Errorf("got %d bytes, beginning with %.40q", len(got), got)
	}
	many := make([]string, 1_000_000)
	many[0] = "COUNT"
	if got := b.feed(call(many...), readBytesMax); got != ":999999\r\n" {
		t.Errorf("a million arguments: got %.40q", got)
	}
	if b.in != nil {
		t.Error("memory is held though nothing waits")
	}
}

func TestConnBreaksWhenTooMuchInputWaits(t *testing.T) {
	b := newBench(t)
	b.worker.Limits.QueryBytesMax = 1 << 20
	for i := 0; b.Broken() == nil; i++ {
		if i == 3 {
			t.Fatal("3 MiB of a call have come")
		}
		b.feed("*1\r\n$16777216\r\n"+strings.Repeat("x", 1<<20), readBytesMax)
	}
	if b.WantsInput() {
		t.Error("it wants more")
	}
}

func TestConnStallsWhileItsRepliesWait(t *testing.T) {
	b := newBench(t)
	l := b.worker.Limits
	l.StallBytes, l.StallBytesMax, l.TotalBytes = 1000, 5000, 1<<30
	b.feedUnread(call("BIG", "4000") + call("ECHO", "a"))
	if b.Stalled() {
		t.Error("stalled though there is room")
	}
	b.feedUnread(call("BIG", "4000") + call("ECHO", "b"))
	if !b.Stalled() || b.WantsInput() {
		t.Fatal("not stalled by more than StallBytesMax")
	}
	ran := len(b.store.ran)
	b.feedUnread(call("ECHO", "c"))
	if b.GoOn(b.worker) || len(b.store.ran) != ran {
		t.Error("a call ran though the connection has stalled")
	}
	b.Sent(b.worker, len(b.Pending())-100)
	if ok, got := b.GoOn(b.worker), b.taken(); !ok || got != "$1\r\nc\r\n" {
		t.Errorf("its output has gone: goes on %v, got %q", ok, got)
	}
	b.Sent(b.worker, 100)
	if b.out != nil || b.unsent.Load() != 0 {
		t.Errorf("all sent, but %d bytes are held and %d counted", cap(b.out), b.unsent.Load())
	}
}

func TestConnStallsEarlyWhenAllTogetherHaveTooMuch(t *testing.T) {
	b := newBench(t)
	l := b.worker.Limits
	l.StallBytes, l.StallBytesMax, l.TotalBytes = 1000, 1<<30, 10_000
	b.unsent.Store(10_000)
	b.feedUnread(call("BIG", "500"))
	if b.Stalled() {
		t.Error("stalled by little output")
	}
	b.feedUnread(call("BIG", "600"))
	if !b.Stalled() {
		t.Error("not stalled")
	}
}

// feedUnread feeds input whose replies the client does not read.
func (b *bench) feedUnread(input string) {
	b.Receive(b.worker, []byte(input))
	for goesOn := true; goesOn; goesOn = b.GoOn(b.worker) {
		b.Keep(b.worker, b.worker.Replies())
		b.worker.Clear()
	}
}

func TestConnBreaksWhenTooMuchOutputWaits(t *testing.T) {
	for _, test := range []struct {
		name  string
		limit config.OutputLimit
		waits []int64 // ms between looks
		want  bool
	}{
		{"no limit", config.OutputLimit{}, []int64{100_000}, false},
		{"hard", config.OutputLimit{HardBytes: 1999}, nil, true},
		{"below hard", config.OutputLimit{HardBytes: 3000}, []int64{100_000}, false},
		{"soft, early", config.OutputLimit{SoftBytes: 1000, SoftSeconds: 5}, []int64{4000}, false},
		{"soft, late", config.OutputLimit{SoftBytes: 1000, SoftSeconds: 5}, []int64{4000, 2000}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			b.worker.Limits.Output[session.Normal] = test.limit
			b.feedUnread(call("BIG", "2000"))
			for _, ms := range test.waits {
				b.worker.NowMs += ms
				b.Tick(b.worker)
			}
			if got := b.Broken() != nil; got != test.want {
				t.Errorf("broken: %v", b.Broken())
			}
		})
	}
}

func TestConnBreaksWhenIdle(t *testing.T) {
	b := newBench(t)
	b.worker.Limits.IdleMs = 1000
	b.worker.NowMs += 900
	b.feed("*1", 100)
	b.worker.NowMs += 900
	if b.Tick(b.worker); b.Broken() != nil {
		t.Error("broken though a byte has come")
	}
	b.worker.NowMs += 200
	if b.Tick(b.worker); b.Broken() == nil {
		t.Error("not broken")
	}
}

func TestConnKeepsALargeReplyWithoutCopy(t *testing.T) {
	b := newBench(t)
	b.Receive(b.worker, []byte(call("ECHO", "a")+call("BIG", "1000000")))
	replies := b.worker.Replies()
	last := &replies[len(replies)-1]
	b.Keep(b.worker, replies[100:])
	if p := b.Pending(); len(p) != len(replies)-100 || &p[len(p)-1] != last {
		t.Error("copied, or not all of it")
	}
	b.worker.Clear()
	b.feedUnread(call("ECHO", "b"))
	if !bytes.HasSuffix(b.Pending(), []byte("x\r\n$1\r\nb\r\n")) {
		t.Error("what follows is not behind it")
	}
}

func TestConnAllocatesNothingForWholeCalls(t *testing.T) {
	b := newBench(t)
	input := []byte(strings.Repeat(call("ECHO", "hello"), 16))
	b.store.ran = make([]string, 0, 1<<20)
	run := func() {
		b.store.ran = b.store.ran[:0]
		b.worker.out.B = b.worker.out.B[:0]
		b.Receive(b.worker, input)
	}
	run()
	// ToUpper of the store's own does not allocate for capitals, string(argv[0]) does.
	if n := testing.AllocsPerRun(100, run); n > 16 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzConn gives a connection any bytes in any cuts: it must answer as one that is given
// all at once, hold nothing when it ends, and never panic.
func FuzzConn(f *testing.F) {
	f.Add([]byte(call("ECHO", "a")+"\r\n"+call("QUIT")), uint8(3), uint8(0))
	f.Add([]byte("*2\r\n$4\r\nECHO\r\n$1\r\n\n\r\nECHO 'x\n"), uint8(1), uint8(7))
	f.Add([]byte(call("PAUSE")+call("BIG", "9")+"*0\r\n*9"), uint8(5), uint8(2))
	f.Fuzz(func(t *testing.T, input []byte, size, cut uint8) {
		whole := newBench(t)
		whole.store.fuzzed = true
		want := whole.feed(string(input), len(input)+1)
		pieces := newBench(t)
		pieces.store.fuzzed = true
		at := min(int(cut), len(input))
		got := pieces.feed(string(input[:at]), int(size)+1)
		got += pieces.feed(string(input[at:]), int(size)+1)
		if got != want || whole.Ending() != pieces.Ending() {
			t.Errorf("in pieces %q (ending %v), as a whole %q (ending %v)",
				got, pieces.Ending(), want, whole.Ending())
		}
		if len(pieces.in) != len(whole.in) || (pieces.in != nil && len(pieces.in) == 0) {
			t.Errorf("in pieces %d bytes wait, as a whole %d", len(pieces.in), len(whole.in))
		}
	})
}
