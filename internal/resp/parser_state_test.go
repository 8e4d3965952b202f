// SPDX-License-Identifier: Apache-2.0

package resp

import (
	"strings"
	"testing"
)

// TestParserKeepsItsPlace looks at what the parser remembers, because whether it begins
// anew can be told from outside by time only.
func TestParserKeepsItsPlace(t *testing.T) {
	long := strings.Repeat("1", 1000)
	cases := []struct {
		half        string
		at, scanned int
	}{
		{"x" + long, 0, 1001},
		{"*" + long, 0, 1001},
		{"*3\r\n$" + long, 4, 1001},
		{"*3\r\n$1000\r\n" + long + "\r\n", 1013, 0},
		{"*3\r\n$1000\r\n" + long, 11, 0},
		{"x\x00" + long, 0, 1}, // a zero byte ends the search
	}
	for _, c := range cases {
		p := NewParser(DefaultLimits())
		for end := range len(c.half) + 1 {
			if _, n, err := p.Next([]byte(c.half)[:end], nil); n != 0 || err != nil {
				t.Fatalf("%.20q at %d: n %d, error %v", c.half, end, n, err)
			}
		}
		if p.at != c.at || p.scanned != c.scanned {
			t.Errorf("%.20q: at %d, scanned %d, want %d, %d", c.half, p.at, p.scanned, c.at, c.scanned)
		}
	}
}

func TestParserLetsLargeStateGo(t *testing.T) {
	p := NewParser(DefaultLimits())
	call := "*5000\r\n" + strings.Repeat("$1\r\na\r\n", 5000)
	if _, n, err := p.Next([]byte(call), nil); n != len(call) || err != nil {
		t.Fatal(n, err)
	}
	if cap(p.spans) > spansKept {
		t.Errorf("room for %d arguments is kept", cap(p.spans))
	}
}
