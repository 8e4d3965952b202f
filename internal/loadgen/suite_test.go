// SPDX-License-Identifier: Apache-2.0

package loadgen

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSpreadOf(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   Spread
	}{
		{nil, Spread{}},
		{[]float64{2}, Spread{2, 2, 2}},
		{[]float64{3, 1, 2}, Spread{2, 1, 3}},
		{[]float64{4, 1, 2, 3}, Spread{2.5, 1, 4}},
	} {
		if got := spreadOf(c.values); got != c.want {
			t.Errorf("spreadOf(%v) = %+v, want %+v", c.values, got, c.want)
		}
	}
}

// run makes a result of one round.
func run(server string, round int, perSecond, p50, cpu float64) Result {
	return Result{Workload: "set", Pipeline: 16, Server: server, Round: round,
		CallsPerSecond: perSecond, Latency: Latencies{P50: p50, P99: 2 * p50}, ServerCPU: cpu}
}

func TestRatiosPairNeighbours(t *testing.T) {
	results := []Result{
		run("a", 1, 200, 1, 3), run("b", 1, 100, 2, 0),
		run("a", 2, 90, 5, 3), run("b", 2, 30, 5, 0),
		run("a", 3, 100, 4, 3), run("b", 3, 200, 1, 0),
		run("a", 4, 999, 9, 9), // its partner is missing
	}
	// The median of quotients 2, 3, 0.5, not the quotient of the medians 100 / 100.
	want := []Ratio{{Workload: "set", Pipeline: 16, CallsPerSecond: Spread{2, 0.5, 3},
		P50: Spread{1, 0.5, 4}, P99: Spread{1, 0.5, 4}}}
	if diff := cmp.Diff(want, ratios(results, "a", "b")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestReportText(t *testing.T) {
	results := []Result{run("a:1", 1, 1234567, 2000, 3), run("b:2", 1, 617283.5, 1000, 6)}
	results[0].Errors, results[0].ErrorExample = 3, "ERR no"
	report := Report{
		Servers: []Server{{Address: "a:1"}, {Address: "b:2"}},
		Results: results,
		Ratios:  ratios(results, "a:1", "b:2"),
	}
	var text strings.Builder
	if err := report.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1 234 567", "2.000", "4.000", "3.00", "2.00 (2.00–2.00)",
		"0.50 (0.50–0.50)"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, text.String())
		}
	}
	if n, example := report.ErrorReplies(); n != 3 || example != "ERR no" {
		t.Errorf("got %d error replies such as %q", n, example)
	}
}

func TestParseStat(t *testing.T) {
	line := "42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 150 25 0 0 20 0 4 0 100 1 1"
	if got, err := parseStat([]byte(line)); err != nil || got != 1750*time.Millisecond {
		t.Errorf("got %v (error %v), want 1.75s", got, err)
	}
	for _, line := range []string{"", "42 (x) S 1", "42 (x) S 1 2 3 4 5 6 7 8 9 10 a b"} {
		if _, err := parseStat([]byte(line)); err == nil {
			t.Errorf("parseStat(%q) succeeds", line)
		}
	}
}

func TestPhaseHandsOutItsCalls(t *testing.T) {
	p := &phase{pipeline: 4, limit: 10}
	var got []int
	for b, ok := p.take(5); ok; b, ok = p.take(5) {
		got = append(got, b.calls)
		if b.dueNs != 5 {
			t.Errorf("a closed loop's batch is due at %d, want now (5)", b.dueNs)
		}
	}
	if diff := cmp.Diff([]int{4, 4, 2}, got); diff != "" {
		t.Errorf("batches (-want +got):\n%s", diff)
	}
}

func TestOpenPhaseKeepsItsSchedule(t *testing.T) {
	// 1000 calls a second by two: a batch falls due every 2 ms.
	p := &phase{pipeline: 2, startNs: 100, endNs: 100 + 7e6, periodNs: 1e6}
	var got []int64
	late := int64(100 + 6e6) // asking late does not move what was due
	for b, ok := p.take(late); ok; b, ok = p.take(late) {
		got = append(got, b.dueNs-p.startNs)
	}
	if diff := cmp.Diff([]int64{0, 2e6, 4e6, 6e6}, got); diff != "" {
		t.Errorf("due times (-want +got):\n%s", diff)
	}
	if got := p.scheduled(); got != 8 {
		t.Errorf("%d calls are scheduled, want 8", got)
	}
	if _, ok := p.take(p.endNs); ok {
		t.Error("a batch is handed out at the end")
	}
	p.limit = 5
	if got := p.scheduled(); got != 5 {
		t.Errorf("with a limit, %d calls are scheduled, want 5", got)
	}
}

func TestTallyScansWholeReplies(t *testing.T) {
	y := newTally()
	buf := []byte("+OK\r\n-ERR no\r\n*2\r\n$1\r\na\r\n:1\r\n$5\r\nhel")
	n, replies, err := y.scan(buf, 10)
	if err != nil || replies != 3 || string(buf[n:]) != "$5\r\nhel" {
		t.Errorf("got %d replies and %q left (error %v)", replies, buf[n:], err)
	}
	if y.errors != 1 || y.example != "ERR no" {
		t.Errorf("got %d errors such as %q", y.errors, y.example)
	}
	if n, replies, _ := y.scan(buf, 1); n != 5 || replies != 1 {
		t.Errorf("of one reply wanted, %d were taken", replies)
	}
	if _, _, err := y.scan([]byte("HTTP/1.1 400\r\n"), 1); err == nil {
		t.Error("what is not RESP is accepted")
	}
}

func TestTallyLatencies(t *testing.T) {
	y := newTally()
	y.count(1_000_000, 98)
	y.count(5_000_000, 1)
	y.count(2*latencyMaxNs, 1)
	r := y.result(span{took: 2 * time.Second})
	if r.CallsPerSecond != 50 || r.Calls != 100 {
		t.Errorf("got %d calls, %v a second, want 100 and 50", r.Calls, r.CallsPerSecond)
	}
	near := func(got, want float64) bool { return got > want*0.999 && got < want*1.002 }
	l := r.Latency
	if !near(l.P50, 1000) || !near(l.P99, 5000) || !near(l.Max, latencyMaxNs/1000) {
		t.Errorf("got p50 %v, p99 %v, max %v", l.P50, l.P99, l.Max)
	}
	other := newTally()
	other.count(1_000_000, 100)
	other.refuse([]byte("-ERR x\r\n"))
	y.merge(other)
	if r := y.result(span{took: time.Second}); r.Calls != 200 || r.ErrorExample != "ERR x" {
		t.Errorf("merged: %+v", r)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []Options{{Clients: -1}, {Clients: clientsMax + 1}, {Threads: -1},
		{Keys: -1}, {Keys: keysMax + 1}, {Skew: 1}, {Skew: -1}, {Rate: -1},
		{ValueSize: valueSizeMax + 1}, {Requests: -1}, {Skew: 2, Keys: zipfKeysMax + 1}} {
		if err := o.withDefaults().check(); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
	if o := (Options{}).withDefaults(); o.check() != nil || o.Duration == 0 {
		t.Errorf("the defaults are not accepted: %+v", o)
	}
	if o := (Options{Requests: 5}).withDefaults(); o.Duration != 0 {
		t.Errorf("with a number of requests, the run also ends after %v", o.Duration)
	}
	for _, p := range []int{0, -1, pipelineMax + 1} {
		if checkPipeline(p) == nil {
			t.Errorf("a pipeline of %d is accepted", p)
		}
	}
}
