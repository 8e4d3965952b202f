// SPDX-License-Identifier: Apache-2.0

package jsondoc

import (
	"fmt"
	"strings"
	"testing"
)

// TestFormat has the first bytes of values and how long they are, as docs/formats/jsondoc.md
// says.
func TestFormat(t *testing.T) {
	x := func(n int) string { return strings.Repeat("x", n) }
	zeros := func(n int) string { return "[" + strings.Repeat("0,", n-1) + "0]" }
	for _, c := range []struct {
		text  string
		first string
		bytes int
	}{
		{`null`, "\xE8", 1}, {`false`, "\xE9", 1}, {`true`, "\xEA", 1},
		{`0`, "\x40", 1}, {`63`, "\x7F", 1}, {`64`, "\xE0\x40", 2}, {`-1`, "\xE0\xFF", 2},
		{`127`, "\xE0\x7F", 2}, {`128`, "\xE1\x80\x00", 3}, {`-128`, "\xE0\x80", 2},
		{`-129`, "\xE1\x7F\xFF", 3}, {`8388607`, "\xE2\xFF\xFF\x7F", 4}, {`8388608`, "\xE3", 5},
		{`9223372036854775807`, "\xE7\xFF", 9}, {`-9223372036854775808`, "\xE7\x00", 9},
		{`9223372036854775808`, "\xF0\x13" + "9", 21}, {`1.5`, "\x80\x0F", 2},
		{`1799.90`, "\x8A\x16\xBF\x02", 4}, {`0.00000000`, "\xB8\x00", 2}, {`-0.01`, "\x88\xFF", 2},
		{`0.000000000`, "\xF0\x0B" + "0", 13}, {`-0`, "\xF0\x02-0", 4}, {`1e5`, "\xF0\x031e5", 5},
		{`92233720368547758.07`, "\x8F\xFF", 9}, {`92233720368547758.08`, "\xF0\x14", 22},
		{`1e` + strings.Repeat("0", 253), "\xF0\xFF", 257},
		{`1e` + strings.Repeat("0", 254), "\xF1\x00\x01", 259},
		{`""`, "\x00", 1}, {`"` + x(63) + `"`, "\x3Fx", 64}, {`"` + x(64) + `"`, "\xF4\x40x", 66},
		{`"` + x(255) + `"`, "\xF4\xFFx", 257}, {`"` + x(256) + `"`, "\xF5\x00\x01x", 259},
		{`"` + x(65_535) + `"`, "\xF5\xFF\xFFx", 65_538},
		{`"` + x(65_536) + `"`, "\xF6\x00\x00\x01\x00x", 65_541},
		{`[]`, "\xC0", 1}, {zeros(15), "\xCF@", 16}, {zeros(16), "\xF8\x10@", 18},
		{zeros(255), "\xF8\xFF@", 257}, {zeros(256), "\xF9\x00\x01@", 259},
		{zeros(65_536), "\xFA\x00\x00\x01\x00@", 65_541},
		{`{}`, "\xD0", 1}, {`{"a":` + zeros(12) + `}`, "\xDE\x00\xCC", 15},
		{`{"a":` + zeros(14) + `}`, "\xFC\x10\x00\xCE", 18},
		{`{"` + x(64) + `":1}`, "\xD2\x00\x41", 3},
		{`{"` + x(65) + `":1}`, "\xFC\x44\xFE\x41x", 70},
		{`{"\"":1}`, "\xD3\xC1\"\x41", 4}, {`{"\n` + x(60) + `":1}`, "\xFC\x3F\xFD\nx", 65},
		{`{"\n` + x(61) + `":1}`, "\xFC\x41\xFE\x3E\nx", 67},
		{`{"` + x(255) + `":1}`, "\xFD\x02\x01\xFE\xFFx", 261},
		{`{"` + x(256) + `":1}`, "\xFD\x06\x01\xFF\x00\x01\x00\x00x", 265},
		{`{"id":7,"price":1799.90,"tags":["new"]}`,
			"\xDD\x00\x47\x01\x8A\x16\xBF\x02\x02\xC4\x03new", 14},
	} {
		doc := packed(t, c.text, NewNames())
		if len(doc) != c.bytes || !strings.HasPrefix(string(doc), c.first) {
			t.Errorf("%.50s is %d bytes, %.20x…, want %d, %.20x…", c.text, len(doc), doc, c.bytes,
				c.first)
		}
	}
}

func TestFormatOfNames(t *testing.T) {
	names := NewNames()
	for i := range 300 {
		want := fmt.Sprintf("\xD2%c\x40", i)
		if i >= 128 {
			want = "\xD3" + string([]byte{byte(0x80 | i>>8), byte(i)}) + "\x40"
		}
		if doc := packed(t, fmt.Sprintf(`{"%s":0}`, word(i)), names); string(doc) != want {
			t.Fatalf("name %d: %x, want %x", i, doc, want)
		}
	}
}
