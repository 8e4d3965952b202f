// SPDX-License-Identifier: Apache-2.0

package jsonpath

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// numbered writes an array or object of n parts.
func numbered(open string, n int, part func(i int) string, end string) string {
	var b strings.Builder
	b.WriteString(open)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(part(i))
	}
	b.WriteString(end)
	return b.String()
}

// TestCostIsLimited: paths that would take time beyond the size of the document are stopped
// after so many visits; the same paths with enough of them are not.
func TestCostIsLimited(t *testing.T) {
	const n = 300
	list := numbered("[", n, func(i int) string { return fmt.Sprintf(`{"a":%d}`, i) }, "]")
	object := numbered("{", n, func(i int) string { return fmt.Sprintf(`"name%d":%d`, i, i) }, "}")
	copies := func(text string, n int) string {
		list := numbered("[", n, func(int) string { return text }, "]")
		return `{"list":` + list + `,"one":` + text + `}`
	}
	reversed := numbered("{", n, func(i int) string {
		return fmt.Sprintf(`"name%d":%d`, n-1-i, n-1-i)
	}, "}")
	fives := numbered("[", n, func(int) string { return "5" }, "]")
	patterns := numbered("[", 50, func(i int) string { return fmt.Sprintf(`"(ab){%d}"`, i) }, "]")
	long := `"` + strings.Repeat("ab", 5000) + `"`
	deep := strings.Repeat(`[`, 60) + strings.Repeat(`]`, 60)
	for _, c := range []struct {
		path, document string
		visits         int // that must not be enough
	}{
		{"$..*", list, 2*n - 1},
		{"$[?count($..*) > 0]", list, 2 * n * n},
		{"$[?$[?@.a == -1]]", list, 2 * n * n},
		{"$[?@.a == $[-1].a]", list, n * (n/8 + n/8)},
		{"$.list[?@ == $.one]", copies(object, 10), 10 * n},
		{"$.list[?@ == $.one]", `{"list":[` + reversed + `],"one":` + object + `}`, n * n / 16},
		{"$.list[?@.none == 1]", copies(object, 50), 50 * n / 8 * 3 / 4},
		{"$.list[?@.name299 == 1]", copies(object, 50), 50 * n / 8},
		{"$.list[?@ == $.one]", copies(fives, 50), 50 * n},
		{"$.list[?@[-1] == 1]", copies(fives, 50), 50 * n / 8},
		{"$.list[?@ == $.one]", copies(long, 20), 20 * 10_000 / textBytesPerVisit},
		{"$.list[?@ < $.one]", copies(long, 20), 20 * 10_000 / textBytesPerVisit},
		{"$.list[?length(@) == 3]", copies(long, 20), 20 * 10_000 / textBytesPerVisit},
		{"$.list[?length(@) == 3]", copies(object, 20), 20 * n / 8},
		{"$.list[?search(@, 'bb')]", copies(long, 20), 20 * 10_000 / patternBytesPerVisit},
		{"$.list[?search(@, '(a|b){100}c')]", copies(long, 2), 2 * 10_000 / 4 * 10},
		{"$.list[?search('', @)]", `{"list":` + patterns + `}`, 50 * patternVisits},
		{"$[::-1]", list, asideVisits * (n - 1)},
		{"$..[0]..[0]..[0]..[0]", deep, 60 * 60 * 60},
	} {
		root := document(t, []byte(c.document))
		path := mustParse(t, c.path)
		_, err := path.Select(nil, root, Limits{Nodes: c.visits})
		if !errors.Is(err, ErrTooManyNodes) {
			t.Errorf("%s with %d visits: %v", c.path, c.visits, err)
		}
		_, err = path.Select(nil, root, Limits{Nodes: 12 * c.visits, Matches: 1 << 30})
		if err != nil {
			t.Errorf("%s with %d visits: %v", c.path, 12*c.visits, err)
		}
	}
}

// TestSteadyPatternIsMadeOnce: the pattern that all values of a list are held to costs once.
func TestSteadyPatternIsMadeOnce(t *testing.T) {
	root := document(t, []byte(`{"re":"b+","list":`+
		numbered("[", 100, func(int) string { return `"abc"` }, "]")+`}`))
	const visits = 100*5 + patternVisits + 100
	list, err := mustParse(t, "$.list[?search(@, $.re)]").Select(nil, root, Limits{Nodes: visits})
	if err != nil || len(list) != 100 {
		t.Errorf("%d matches, %v", len(list), err)
	}
}

func TestDefaultLimits(t *testing.T) {
	const n = 4000
	root := document(t, []byte(numbered("[", n, func(int) string { return "[0,0]" }, "]")))
	_, err := mustParse(t, "$[?$[?$.x]]").Select(nil, root, Limits{})
	if !errors.Is(err, ErrTooManyNodes) {
		t.Errorf("no limit on nodes: %v", err)
	}
	text := "$[" + strings.Repeat("*,", 300) + "*]"
	_, err = mustParse(t, text).Select(nil, root, Limits{})
	if !errors.Is(err, ErrTooManyMatches) {
		t.Errorf("no limit on matches: %v", err)
	}
}

// TestFirstStops: the first match of a path costs no more than the way to it.
func TestFirstStops(t *testing.T) {
	root := document(t, []byte(numbered("[", 1000, func(i int) string {
		return fmt.Sprintf(`{"a":%d}`, i)
	}, "]")))
	for path, want := range map[string]string{
		"..a": "0", "$[*]": `{"a":0}`, "$[?@.a == 5].a": "5", "$[3:].a": "3", "$.none": "",
		"$..a": "0", "$[7].a": "7",
	} {
		m, err := mustParse(t, path).First(root, Limits{Nodes: 200})
		got := ""
		if m.Value.Exists() {
			got = textOf(m.Value)
		}
		if err != nil || got != want {
			t.Errorf("%s: first is %s, %v, want %s", path, got, err, want)
		}
	}
	_, err := mustParse(t, "$..none").First(root, Limits{Nodes: 100})
	if !errors.Is(err, ErrTooManyNodes) {
		t.Errorf("First has no limit: %v", err)
	}
}
