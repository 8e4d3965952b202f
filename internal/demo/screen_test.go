// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// snapshots are three moments of two sales.
func snapshots() []Snapshot {
	d := SaleProgress{Name: "D", Title: "DECR, sold if >= 0", Stock: 100}
	k := SaleProgress{Name: "K", Title: "lock by SET NX EX", Stock: 100}
	first := Snapshot{Sales: []SaleProgress{d, k}}
	d.State, d.Sold, d.Refused, d.Tries, d.Elapsed = SaleOpen, 50, 1150, 1200, time.Second/2
	second := Snapshot{Elapsed: 2 * time.Second, Sales: []SaleProgress{d, k},
		Readers: AudienceProgress{Calls: 123456, Hits: 99, Misses: 1}}
	d.State, d.Sold, d.Refused, d.Tries, d.Elapsed = SaleOver, 100, 9900, 10000, time.Second
	k.State = SaleOpen
	third := Snapshot{Elapsed: 2500 * time.Millisecond, Sales: []SaleProgress{d, k}}
	return []Snapshot{first, second, third}
}

func TestPlainScreenIsALinePerSecond(t *testing.T) {
	var out bytes.Buffer
	screen := Screen{Out: &out}
	for _, snap := range snapshots() {
		screen.Show(snap)
		screen.Show(snap) // nothing new, no new line
	}
	screen.Close()
	want := `readers: 0 calls, 0 calls/s, 0.0 % from the cache
D  sold 50/100, served 1 200, refused 1 150, 2 400 attempts/s
readers: 123 456 calls, 61 728 calls/s, 99.0 % from the cache
D  sold 100/100, served 10 000, refused 9 900, 10 000 attempts/s over
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// escapes are the codes that move the cursor or paint.
var escapes = regexp.MustCompile(`\x1b\[[?0-9;]*[a-zA-Z]`)

func TestTerminalIsDrawnInPlace(t *testing.T) {
	var out bytes.Buffer
	screen := Screen{Out: &out, Terminal: true, Colors: true}
	for _, snap := range snapshots() {
		screen.Show(snap)
	}
	screen.Close()
	drawn := out.String()
	if n := strings.Count(drawn, "\x1b[5A"); n != 2 {
		t.Errorf("the cursor goes up 5 lines %d times, want 2: %q", n, drawn)
	}
	if !strings.HasPrefix(drawn, "\x1b[?25l") || !strings.HasSuffix(drawn, "\x1b[?25h") {
		t.Errorf("the cursor is not hidden and shown: %q", drawn)
	}
	lines := strings.Split(escapes.ReplaceAllString(drawn, ""), "\n")
	want := []string{"\r",
		"\r                                           sold    served   refused  attempts/s",
		"\rD  DECR, sold if >= 0 ███████░░░░░░░     50/100     1 200     1 150       2 400",
		"\rK  lock by SET NX EX  ░░░░░░░░░░░░░░      0/100         0         0           0",
		"\rreaders: 123 456 calls, 61 728 calls/s, 99.0 % from the cache"}
	if diff := cmp.Diff(want, lines[5:10]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	screen = Screen{Out: &out, Terminal: true, Width: 30}
	out.Reset()
	screen.Show(snapshots()[1])
	wantWithin(t, escapes.ReplaceAllString(out.String(), ""), 30)
}

// wantWithin fails the test if a line reaches the last column of the terminal.
func wantWithin(t *testing.T, text string, columns int) {
	t.Helper()
	for line := range strings.SplitSeq(text, "\n") {
		if n := utf8.RuneCountInString(strings.TrimPrefix(line, "\r")); n >= columns {
			t.Errorf("%d columns: %q", n, line)
		}
	}
}

// sample is a report with large figures.
func sample() Report {
	r := Report{Address: "127.0.0.1:6379", Buyers: 100000, Stock: 1000, Connections: 200}
	for i, recipe := range recipes() {
		s := Result{Name: recipe.Name(), Title: recipe.Title(), Buyers: 100000, Sold: 1000,
			Refused: 99000, Left: -99000, Tries: 123456, Seconds: 1.5, PaymentMs: 5,
			TriesPerSecond: 123456, SoldPerSecond: 12345, P50Ms: 0.51, P99Ms: 1234.5}
		if i == 1 {
			s.Undersold, s.Sold = 1, 999
		}
		s.Lessons = recipe.Lessons(s)
		r.Sales = append(r.Sales, s)
	}
	r.Audience = AudienceResult{Calls: 1234567, CallsPerSecond: 123456, P50Ms: 12.34,
		P99Ms: 123.4, Hits: 99, Misses: 1, Views: 1234567, Ranked: 1234567,
		Trending: []Trend{{"laptops", 400000}, {"accessories", 100000}}}
	return r
}

func TestTextFitsATerminal(t *testing.T) {
	var out bytes.Buffer
	o := small("127.0.0.1:12345", recipes()...)
	if err := o.WriteIntroduction(&out, false); err != nil {
		t.Fatal(err)
	}
	if err := sample().WriteText(&out, false); err != nil {
		t.Fatal(err)
	}
	wantWithin(t, out.String(), 80)
	for _, want := range []string{
		"over- under-  attempts   sales   p50  p99\n",
		"D  DECR, sold if >= 0 1 000   99 000      0      0   123 456  12 345  0.51 1234\n",
		"P  DECR, sold if > 0    999   99 000      0      1   123 456  12 345  0.51 1234\n",
		"  1  laptops          400 000  " + strings.Repeat("█", 40) + "\n",
		"  2  accessories      100 000  " + strings.Repeat("█", 10) + "\n",
		"Not exact: P undersold 1.\n", "The counter stands at -99 000",
		"payments of 5 ms allow 200",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in:\n%s", want, out.String())
		}
	}
	plain := out.String()
	out.Reset()
	_ = o.WriteIntroduction(&out, true)
	_ = sample().WriteText(&out, true)
	if diff := cmp.Diff(plain, escapes.ReplaceAllString(out.String(), "")); diff != "" {
		t.Errorf("colors change the text (-plain +colored):\n%s", diff)
	}
}

func TestReportAsJSON(t *testing.T) {
	text, err := json.Marshal(sample())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"recipe":"K"`, `"undersold":1`, `"attemptsPerSecond":123456`,
		`"p99Ms":1234.5`, `"exact":false`, `"trending":[{"category":"laptops"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("there is no %s in %s", want, text)
		}
	}
}
