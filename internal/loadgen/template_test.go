// SPDX-License-Identifier: Apache-2.0

package loadgen

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stampede/internal/resp"
)

// testFeed makes a feed of 1000 keys and values of 8 bytes.
func testFeed(t *testing.T, w Workload) *feed {
	t.Helper()
	o := Options{Keys: 1000, ValueSize: 8}.withDefaults()
	f, err := newFeed(w, o, valuePool(o.ValueSize, false, &random{state: 7}), nil)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// decodeCalls reads calls back as their words.
func decodeCalls(t *testing.T, text []byte) [][]string {
	t.Helper()
	var calls [][]string
	for len(text) > 0 {
		value, n, err := resp.NextReply(text)
		if err != nil || n == 0 {
			t.Fatalf("not whole calls: %q (%v)", text, err)
		}
		var call []string
		for _, e := range value.Elems {
			call = append(call, string(e.Text))
		}
		calls, text = append(calls, call), text[n:]
	}
	return calls
}

func TestBatchIsWellFormed(t *testing.T) {
	f := testFeed(t, Workload{Name: "test", Steps: []Step{{Words: words(
		"CMD __key__ __num__ a__last__z __rand__ __seq__ __client__ __value__:__value__ " +
			"__other__")}}})
	c := client{id: 42}
	calls := decodeCalls(t, f.appendBatch(nil, &c, batch{first: 998, calls: 3}))
	if len(calls) != 3 {
		t.Fatalf("got %d calls, want 3", len(calls))
	}
	for i, call := range calls {
		key, isKey := strings.CutPrefix(call[1], "key:")
		want := []string{"CMD", "key:" + key, call[2], "a" + call[2] + "z", call[4],
			[]string{"000000000998", "000000000999", "000000001000"}[i], "000000000042",
			call[7], "__other__"}
		if diff := cmp.Diff(want, call); diff != "" || !isKey {
			t.Errorf("call %d (-want +got):\n%s", i, diff)
		}
		for _, number := range []string{key, call[2]} {
			if len(number) != digitsWidth || number > "000000000999" {
				t.Errorf("call %d draws %q, want 12 digits below 1000", i, number)
			}
		}
		if len(call[4]) != digitsWidth || call[4][0] == '0' {
			t.Errorf("call %d: __rand__ is %q", i, call[4])
		}
		if value := call[7]; len(value) != 17 || value[8] != ':' {
			t.Errorf("call %d has values %q, want 8 bytes each", i, call[7])
		}
	}
	if calls[0][7] == calls[1][7] {
		t.Errorf("two calls have the same value %q", calls[0][7])
	}
}

func TestPutDigits(t *testing.T) {
	for n, want := range map[int64]string{
		0:            "000000000000",
		7:            "000000000007",
		999_999:      "000000999999",
		1_000_000:    "000001000000",
		123456789012: "123456789012",
		keysMax - 1:  "999999999999",
	} {
		got := make([]byte, digitsWidth)
		if putDigits(got, n); string(got) != want {
			t.Errorf("putDigits(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestParseCall(t *testing.T) {
	for line, want := range map[string][]string{
		"PING":                        {"PING"},
		"  SET  __key__\tv ":          {"SET", "__key__", "v"},
		`EVAL "return 1" 0`:           {"EVAL", "return 1", "0"},
		`SET k "a\x00\n\"b"`:          {"SET", "k", "a\x00\n\"b"},
		`JSON.SET k $ '{"a": "b c"}'`: {"JSON.SET", "k", "$", `{"a": "b c"}`},
		`SET k ""`:                    {"SET", "k", ""},
	} {
		got, err := ParseCall(line)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("ParseCall(%s): error %v (-want +got):\n%s", line, err, diff)
		}
	}
	for _, line := range []string{"", "  ", `SET "k`, `SET 'k`, `SET "k"v`} {
		if got, err := ParseCall(line); err == nil {
			t.Errorf("ParseCall(%s) = %q, want an error", line, got)
		}
	}
}

func TestMixKeepsItsRatio(t *testing.T) {
	w, err := Named("mixed")
	if err != nil {
		t.Fatal(err)
	}
	if w, err = w.WithWeights(3, 1); err != nil {
		t.Fatal(err)
	}
	const calls = 40_000
	var c client
	count := map[string]int{}
	f := testFeed(t, w)
	for _, call := range decodeCalls(t, f.appendBatch(nil, &c, batch{calls: calls})) {
		count[call[0]]++
	}
	// 30,000 expected with a standard deviation of 87; the seed is fixed.
	if got := count["GET"]; got < 29_500 || got > 30_500 {
		t.Errorf("%d of %d calls are GET, want three quarters: %v", got, calls, count)
	}
	if named, _ := Named("mixed"); named.Steps[0].Weight != 9 {
		t.Errorf("WithWeights changed the named workload to %+v", named.Steps)
	}
}

func TestStepsGoInTurn(t *testing.T) {
	w, err := Named("lock")
	if err != nil {
		t.Fatal(err)
	}
	f, c, other := testFeed(t, w), client{id: 1}, client{id: 2}
	first := decodeCalls(t, f.appendBatch(nil, &c, batch{calls: 1}))[0]
	decodeCalls(t, f.appendBatch(nil, &other, batch{calls: 1}))
	second := decodeCalls(t, f.appendBatch(nil, &c, batch{first: 2, calls: 1}))[0]
	if first[0] != "SET" || second[0] != "EVALSHA" || first[1] != second[3] {
		t.Errorf("the client takes %q and then releases %q", first, second)
	}
}

func TestWorkloadsAreWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, w := range Workloads() {
		if seen[w.Name] || w.Summary == "" {
			t.Errorf("workload %q appears twice or has no summary", w.Name)
		}
		seen[w.Name] = true
		var c client
		decodeCalls(t, testFeed(t, w).appendBatch(nil, &c, batch{calls: 10}))
	}
	if _, err := Named("nonesuch"); err == nil || !strings.Contains(err.Error(), "zincrby") {
		t.Errorf("an unknown name gives %v, want an error that lists the known ones", err)
	}
}

func TestAppendBatchAllocatesNothing(t *testing.T) {
	w, err := Named("set")
	if err != nil {
		t.Fatal(err)
	}
	f, c, buf := testFeed(t, w), client{}, make([]byte, 0, 4096)
	allocs := testing.AllocsPerRun(100, func() {
		buf = f.appendBatch(buf[:0], &c, batch{calls: 16})
	})
	if allocs != 0 {
		t.Errorf("a batch allocates %v times, the budget is 0", allocs)
	}
}

func BenchmarkBatchOfSet(b *testing.B) {
	w, _ := Named("set")
	o := Options{}.withDefaults()
	f, err := newFeed(w, o, valuePool(o.ValueSize, false, &random{}), nil)
	if err != nil {
		b.Fatal(err)
	}
	var c client
	buf := f.appendBatch(nil, &c, batch{calls: 64})
	for b.Loop() {
		buf = f.appendBatch(buf[:0], &c, batch{calls: 64})
	}
}
