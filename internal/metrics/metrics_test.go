// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"stampede/internal/keyspace"
)

func TestRecordersAddUp(t *testing.T) {
	s := New([]string{"get", "set", "client|list"})
	a, b := s.NewRecorder(), s.NewRecorder()
	for range 3 * notesMax {
		a.Call(0, 100, false)
	}
	b.Call(0, 50, true)
	b.Call(2, 7, false)
	b.Rejected(1)
	b.Opened()
	b.Read(10)
	b.Wrote(20)
	if got := s.Totals(); got.Calls != 3*(notesMax-LapMax) || got.Connections != 0 {
		t.Errorf("before Flush others see %+v", got)
	}
	a.Flush()
	b.Flush()
	want := Totals{Connections: 1, Calls: 3*notesMax + 2, InBytes: 10, OutBytes: 20, Reads: 1, Writes: 1}
	if got := s.Totals(); got != want {
		t.Errorf("totals %+v, want %+v", got, want)
	}
	commands := s.Commands()
	names := ""
	for _, k := range commands {
		names += k.Name + " "
	}
	if names != "get set client|list " {
		t.Fatalf("commands %s", names)
	}
	get := commands[0]
	if get.Calls != 3*notesMax+1 || get.Nanos != 300*notesMax+50 || get.Failed != 1 ||
		get.Latency.count != get.Calls {
		t.Errorf("get: %+v", get)
	}
	if commands[1].Rejected != 1 || commands[1].Calls != 0 {
		t.Errorf("set: %+v", commands[1])
	}
	s.Reset()
	if got := s.Totals(); got != (Totals{}) || len(s.Commands()) != 0 {
		t.Errorf("after Reset: %+v", got)
	}
}

func TestReadersDisturbNobody(t *testing.T) {
	s := New([]string{"get"})
	const each, owners = 20_000, 4
	var wg sync.WaitGroup
	for range owners {
		r := s.NewRecorder()
		wg.Go(func() {
			for i := range each {
				r.Call(0, int64(i), false)
				if i%16 == 0 {
					r.Flush()
				}
			}
			r.Flush()
		})
	}
	wg.Go(func() {
		for i := range 100 {
			s.Tick(int64(i) * TickMs)
			s.Commands()
			s.Error([]byte("-ERR x\r\n"))
			s.Errors()
		}
	})
	wg.Wait()
	if got := s.Totals().Calls; got != each*owners {
		t.Errorf("%d calls, want %d", got, each*owners)
	}
}

func TestRecordingAllocatesNothing(t *testing.T) {
	r := New([]string{"get", "set"}).NewRecorder()
	r.Call(0, 1, false)
	r.Flush()
	if n := testing.AllocsPerRun(1000, func() {
		r.Call(0, 100, false)
		r.Flush()
	}); n != 0 {
		t.Errorf("%v allocations a call", n)
	}
}

// The twin of a Histogram is the sorted list of all durations.
func TestHistogramAgainstSortedList(t *testing.T) {
	const seed = 7
	rnd := rand.New(rand.NewPCG(seed, seed))
	var h, other Histogram
	var all []int64
	for i := range 20_000 {
		v := rnd.Int64N(1 << (1 + rnd.IntN(37)))
		all = append(all, min(v, nanosMax))
		if i%2 == 0 {
			h.Add(v)
		} else {
			other.Add(v)
		}
	}
	h.Merge(&other)
	slices.Sort(all)
	for _, share := range []float64{0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1} {
		rank := max(int(share*float64(len(all))+0.5), 1)
		want, got := all[rank-1], h.Quantile(share)
		if got < want || float64(got) > float64(want)*1.0625+1 {
			t.Errorf("seed %d: quantile %v is %d, of the list %d", seed, share, got, want)
		}
	}
	for _, p := range h.Powers() {
		n := int64(0)
		for _, v := range all {
			if v < p.Micros*1000 {
				n++
			}
		}
		if low, high := n-n/10-1, n+n/10+1; p.Count < low || p.Count > high {
			t.Errorf("seed %d: %d within %d µs, of the list %d", seed, p.Count, p.Micros, n)
		}
	}
	if last := h.Powers(); last[len(last)-1].Count != int64(len(all)) {
		t.Errorf("the last power counts %d of %d", last[len(last)-1].Count, len(all))
	}
}

func TestQuantilesOfFew(t *testing.T) {
	var h Histogram
	if h.Quantile(0.5) != 0 || h.Powers() != nil {
		t.Error("nothing has a quantile")
	}
	h.Add(1)
	h.Add(10)
	for share, want := range map[float64]int64{0: 1, 0.5: 1, 0.9: 10, 1: 10} {
		if got := h.Quantile(share); got != want {
			t.Errorf("quantile %v is %d, want %d", share, got, want)
		}
	}
}

func TestBucketsLeaveNoGap(t *testing.T) {
	for i := range buckets {
		if bucketOf(bucketMin(i)) != i || bucketOf(bucketMax(i)) != i {
			t.Fatalf("bucket %d is [%d, %d] and counts %d, %d", i, bucketMin(i), bucketMax(i),
				bucketOf(bucketMin(i)), bucketOf(bucketMax(i)))
		}
	}
	if bucketOf(-1) != 0 || bucketOf(1<<62) != buckets-1 {
		t.Error("what is out of range is not in the outermost buckets")
	}
}

func TestSlowLog(t *testing.T) {
	s := New(nil)
	l := &s.Slow
	if l.Slow(9_999_999) || !l.Slow(10_000_000) {
		t.Error("the limit is not 10 ms")
	}
	l.SetLimits(0, 2)
	if !l.Slow(0) {
		t.Error("with limit 0 every call is slow")
	}
	args := make([][]byte, 40)
	for i := range args {
		args[i] = []byte(strconv.Itoa(i))
	}
	args[1] = []byte(strings.Repeat("x", 130))
	for i := range 3 {
		l.Add(int64(i), 5000, args, "addr", "name")
	}
	args[0][0] = 'X' // what the log keeps is its own
	calls := l.Last(-1)
	if len(calls) != 2 || calls[0].ID != 2 || calls[1].ID != 1 {
		t.Fatalf("the log is %+v", calls)
	}
	kept := calls[0].Args
	if len(kept) != 32 || string(kept[0]) != "0" || string(kept[31]) != "... (9 more arguments)" ||
		string(kept[1]) != strings.Repeat("x", 128)+"... (2 more bytes)" {
		t.Errorf("arguments are kept as %q", kept)
	}
	if len(l.Last(1)) != 1 || len(l.Last(0)) != 0 {
		t.Error("Last returns a wrong number")
	}
	l.SetLimits(-1, 1)
	if l.Slow(1<<60) || l.Len() != 1 {
		t.Error("limits were not taken over")
	}
	l.Reset()
	l.Add(9, 1, nil, "", "")
	if got := l.Last(-1); len(got) != 1 || got[0].ID != 3 {
		t.Errorf("numbers do not go on: %+v", got)
	}
}

func TestLatencyEvents(t *testing.T) {
	var l LatencyEvents
	l.Add("b", 10, 5)
	l.Add("b", 10, 3)
	l.Add("b", 11, 4)
	for i := range int64(latencySamplesMax + 5) {
		l.Add("a", i, i)
	}
	all := l.All()
	if len(all) != 2 || all[0].Name != "a" || len(all[0].Samples) != latencySamplesMax {
		t.Fatalf("events: %+v", all)
	}
	if b := all[1]; b.MaxMs != 5 || len(b.Samples) != 2 || b.Samples[0].Millis != 5 {
		t.Errorf("b: %+v", b)
	}
	if l.Reset("b", "c") != 1 || l.Reset() != 1 || len(l.All()) != 0 {
		t.Error("Reset forgets the wrong events")
	}
}

func TestErrorsAreCountedByFirstWord(t *testing.T) {
	s := New(nil)
	for _, text := range []string{"-ERR a b\r\n", "ERR c", "-WRONGTYPE x\r\n", "-LOADING\r\n"} {
		s.Error([]byte(text))
	}
	want := []ErrorCount{{"ERR", 2}, {"LOADING", 1}, {"WRONGTYPE", 1}}
	if got := s.Errors(); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	for i := range 2 * errorKindsMax {
		s.Error([]byte("E" + strconv.Itoa(i) + " x"))
	}
	if n := len(s.Errors()); n > errorKindsMax+1 {
		t.Errorf("%d kinds of errors are kept", n)
	}
	if s.Totals().Errors != 4+2*errorKindsMax {
		t.Errorf("%d errors in all", s.Totals().Errors)
	}
}

func TestRates(t *testing.T) {
	s := New([]string{"get"})
	r := s.NewRecorder()
	for i := range int64(rateSamples + 1) {
		for range 50 {
			r.Call(0, 1, false)
		}
		r.Read(1024)
		r.Flush()
		s.Tick(1000 + i*TickMs)
	}
	got := s.Rates()
	if got.Calls < 499 || got.Calls > 501 || got.InBytes < 10239 || got.InBytes > 10241 {
		t.Errorf("rates are %+v", got)
	}
}

func TestPage(t *testing.T) {
	s := New([]string{"get", "config|get"})
	r := s.NewRecorder()
	r.Opened()
	r.Call(0, 2_000_000_000, false)
	r.Flush()
	s.Error([]byte("-OOM x\r\n"))
	var data keyspace.Summary
	data.Used = 123
	data.Stats.Hits = 5
	data.DBs[2].Keys = 9
	handler := Handler(s, Build{Version: "0.1", RedisVersion: "7.2.4", GoVersion: "go1"},
		func() Gauges { return Gauges{Data: data, Connections: 3, MaxMemoryBytes: 1000} })
	out := httptest.NewRecorder()
	handler.ServeHTTP(out, httptest.NewRequest("GET", "/metrics", nil))
	if out.Code != 200 {
		t.Fatalf("status %d: %s", out.Code, out.Body)
	}
	for _, line := range []string{
		`redis_up 1`, `redis_connected_clients 3`, `redis_memory_used_bytes 123`,
		`redis_memory_max_bytes 1000`, `redis_commands_processed_total 1`,
		`redis_connections_received_total 1`, `redis_keyspace_hits_total 5`,
		`redis_db_keys{db="db0"} 0`, `redis_db_keys{db="db2"} 9`,
		`redis_commands_total{cmd="get"} 1`, `redis_errors_total{err="OOM"} 1`,
		`redis_commands_duration_seconds_total{cmd="get"} 2`,
		`redis_latency_percentiles_usec_count{cmd="get"} 1`,
		`stampede_build_info{go_version="go1",version="0.1"} 1`,
	} {
		if !strings.Contains(out.Body.String(), "\n"+line+"\n") {
			t.Errorf("the page lacks %s", line)
		}
	}
	if !strings.Contains(out.Body.String(), "go_goroutines") {
		t.Error("the page lacks the runtime's metrics")
	}
}

// page is the page of metrics as it is with these gauges.
func page(t *testing.T, g Gauges) string {
	t.Helper()
	out := httptest.NewRecorder()
	handler := Handler(New(nil), Build{}, func() Gauges { return g })
	handler.ServeHTTP(out, httptest.NewRequest("GET", "/metrics", nil))
	if out.Code != 200 {
		t.Fatalf("status %d: %s", out.Code, out.Body)
	}
	return out.Body.String()
}

func TestPageOfADisk(t *testing.T) {
	d := Disk{
		Saving: true, SavingForMs: 1500, LastSaveMs: 1_700_000_000_500, SaveTookMs: -1, Saves: 2,
		Changes: 7, SnapshotBytes: 99, Journal: true, Fsync: "everysec", Position: 1000,
		Durable: 900, JournalBytes: 500, JournalFailure: true,
	}
	text := page(t, Gauges{Disk: &d})
	for _, line := range []string{
		"redis_loading_dump_file 0", "stampede_loading_ratio 1",
		"redis_rdb_changes_since_last_save 7", "redis_rdb_bgsave_in_progress 1",
		"redis_rdb_last_save_timestamp_seconds 1.7000000005e+09",
		"redis_rdb_last_bgsave_status 0", "redis_rdb_last_bgsave_duration_sec -1",
		"redis_rdb_current_bgsave_duration_sec 1.5", "redis_rdb_saves_total 2",
		"stampede_snapshot_size_bytes 99", "redis_aof_enabled 1",
		"redis_aof_current_size_bytes 500", "redis_aof_last_write_status 0",
		"stampede_journal_position_bytes_total 1000", "stampede_journal_durable_lag_bytes 100",
		"stampede_journal_failed 1", `stampede_journal_fsync_info{mode="everysec"} 1`,
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("the page lacks %s", line)
		}
	}
	text = page(t, Gauges{Disk: &Disk{Loading: true, LoadedBytes: 1, LoadTotal: 4}})
	if !strings.Contains(text, "\nstampede_loading_ratio 0.25\n") ||
		strings.Contains(text, "_journal_") {
		t.Errorf("while it is loaded, without a journal:\n%s", text)
	}
	if text = page(t, Gauges{}); strings.Contains(text, "_rdb_") || strings.Contains(text, "_aof_") {
		t.Errorf("without a disk:\n%s", text)
	}
}
