// SPDX-License-Identifier: Apache-2.0

package jsondoc

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"stampede/internal/seedtest"
)

func textOf(doc []byte, names *Names) string {
	return string(Root(doc, names).AppendText(nil, nil))
}

func nest(left, right string, depth int) string {
	return strings.Repeat(left, depth) + strings.Repeat(right, depth)
}

// TestAccepts has texts and what is written for them; "" is the same text.
func TestAccepts(t *testing.T) {
	for text, want := range map[string]string{
		"null": "", "true": "", "false": "", `""`: "", "[]": "", "{}": "", "0": "",
		" \t\r\n1\n": "1", `[ 1 , 2 ]`: "[1,2]", `{ "a" : 1 }`: `{"a":1}`,

		// numbers are written as they were
		"-0": "", "-0.0": "", "-0.5": "", "0.0": "", "1.0": "", "1.50": "", "0.05": "", "63": "",
		"64": "", "-1": "", "127": "", "128": "", "-128": "", "-129": "", "32768": "",
		"1799.90": "", "0.00000001": "", "0.000000001": "", "123456789.12345678": "",
		"9223372036854775807": "", "-9223372036854775808": "", "9223372036854775808": "",
		"-9223372036854775809": "", "18446744073709551616": "", "12345678901234567890": "",
		"92233720368547758.07": "", "-92233720368547758.08": "", "92233720368547758.08": "",
		"1e400": "", "1E+2": "", "1e-2": "", "0e1": "", "1.5e300": "", "-1e-400": "",
		"0.30000000000000004": "", "1" + strings.Repeat("0", 70_000): "",

		// strings: escapes go, but for those that must stay
		`"\u0041\/\"\\\b\f\n\r\t"`: `"A/\"\\\b\f\n\r\t"`, `"\u001F\u007f"`: "\"\\u001f\u007f\"",
		`"\ud83d\uDE00"`: `"😀"`, `"\uFFFF\u0000"`: "\"\uffff\\u0000\"", `"€łü"`: "",
		`"` + strings.Repeat("x", 63) + `"`:        "",
		`"` + strings.Repeat("x", 64) + `"`:        "",
		`"` + strings.Repeat("x", 255) + `"`:       "",
		`"` + strings.Repeat("x", 256) + `"`:       "",
		`"` + strings.Repeat("x", 65_535) + `"`:    "",
		`"` + strings.Repeat("x", 65_536) + `"`:    "",
		`"` + strings.Repeat(`\n`, 300) + `"`:      "",
		`"\n` + strings.Repeat(`x`, 70_000) + `"`:  "",
		`"` + strings.Repeat("1234567ł", 10) + `"`: "",

		// names
		`{"":0}`: "", `{"\u0061":1}`: `{"a":1}`, `{"a\"b":1}`: "", `{"a\nb":1}`: "",
		`{"` + strings.Repeat("n", 64) + `":1}`:     "",
		`{"` + strings.Repeat("n", 65) + `":1}`:     "",
		`{"` + strings.Repeat("n", 300) + `":1}`:    "",
		`{"\t` + strings.Repeat("n", 300) + `":1}`:  "",
		`{"\t` + strings.Repeat("n", 70) + `":"b"}`: "",

		// a name that comes again: the place of the first, the value of the last
		`{"a":1,"b":2,"a":3}`:                   `{"a":3,"b":2}`,
		`{"a":1,"a":2,"\u0061":[3]}`:            `{"a":[3]}`,
		`{"a":{"a":1},"b":0,"a":{"a":2,"a":4}}`: `{"a":{"a":4},"b":0}`,
		`{"x\ny":1,"q":[],"x\ny":"long"}`:       `{"x\ny":"long","q":[]}`,

		nest("[", "]", DepthMax):                                        "",
		`[` + strings.Repeat(`[1,2,3],`, 30_000) + `[]]`:                "",
		`[{"a":"` + strings.Repeat("x", 70_000) + `"},[` + `"y"` + `]]`: "",
	} {
		if want == "" {
			want = text
		}
		for _, names := range []*Names{nil, NewNames()} {
			doc, err := Append([]byte("before"), []byte(text), names)
			if err != nil || string(doc[:6]) != "before" {
				t.Errorf("%.80s: %v", text, err)
				continue
			}
			if err := check(doc[6:], names); err != nil {
				t.Errorf("%.80s: %v", text, err)
			}
			if got := textOf(doc[6:], names); got != want {
				t.Errorf("%.80s became %.80s, want %.80s", text, got, want)
			}
		}
	}
}

// TestRefuses has texts, the place of the error and a word of its reason.
func TestRefuses(t *testing.T) {
	for _, c := range []struct {
		text   string
		offset int
		reason string
	}{
		{"", 0, "unexpected end"}, {"  ", 2, "unexpected end"}, {"nul", 3, "unexpected end"},
		{"nulL", 3, "expected null"}, {"tru1", 3, "expected true"}, {"False", 0, "a value"},
		{"falsE", 4, "expected false"}, {"NaN", 0, "a value"}, {"Infinity", 0, "a value"},
		{"-Infinity", 1, "digit"}, {"-", 1, "unexpected end"}, {"-a", 1, "digit"},
		{"+1", 0, "a value"}, {".5", 0, "a value"}, {"1.", 2, "unexpected end"},
		{"1.e1", 2, "digit"}, {"1e", 2, "unexpected end"}, {"1e+", 3, "unexpected end"},
		{"1e+-2", 3, "digit"}, {"1eE2", 2, "digit"}, {"01", 1, "behind"}, {"-01", 2, "behind"},
		{"1.5.2", 3, "behind"}, {"0x1", 1, "behind"}, {"1 2", 2, "behind"}, {"1_000", 1, "behind"},
		{"[1", 2, "unexpected end"}, {"[1,", 3, "unexpected end"}, {"[1,]", 3, "a value"},
		{"[,1]", 1, "a value"}, {"[1 2]", 3, "comma"}, {"[1}", 2, "comma"}, {"[", 1, "end"},
		{"]", 0, "a value"}, {"[]]", 2, "behind"}, {"[1,,2]", 3, "a value"},
		{"{", 1, "unexpected end"}, {"{1:2}", 1, "name"}, {"{a:1}", 1, "name"},
		{`{"a"}`, 4, "colon"}, {`{"a" 1}`, 5, "colon"}, {`{"a":}`, 5, "a value"},
		{`{"a":1,}`, 7, "name"}, {`{"a":1]`, 6, "comma"}, {`{"a":1 "b":2}`, 7, "comma"},
		{`{'a':1}`, 1, "name"}, {`{,}`, 1, "name"}, {`{"a"`, 4, "end"}, {`{"a":`, 5, "end"},
		{`{"a":1`, 6, "end"}, {`{"a`, 3, "end"}, {`{"a\`, 4, "end"}, {`{"a\x":1}`, 4, "escape"},
		{`"`, 1, "unexpected end"}, {`"abc`, 4, "end"}, {`"abcdefghijk`, 12, "end"},
		{`"\`, 2, "end"}, {`"\x"`, 2, "escape"}, {`"\u12"`, 5, "hexadecimal"},
		{`"\u12g4"`, 5, "hexadecimal"}, {`"\U0041"`, 2, "escape"}, {`"\u123`, 6, "end"},
		{`"\ud800"`, 1, "surrogate"}, {`"\udc00"`, 1, "surrogate"}, {`"\ud800\ud800"`, 1, "surr"},
		{`"x\udc00\ud800"`, 2, "surrogate"}, {`"\ud800\u0041"`, 1, "surrogate"},
		{`"\ud800x"`, 1, "surrogate"}, {`"\ud800\`, 1, "surrogate"}, {`"\ud800\u00`, 11, "end"},
		{"\"\x00\"", 1, "control"}, {"\"a\nb\"", 2, "control"}, {"\"12345678\t\"", 9, "control"},
		{"\"\x1f\"", 1, "control"}, {"[\x0b1]", 1, "a value"}, {"\xa01", 0, "a value"},
		{"\"\xff\"", 1, "UTF-8"}, {"\"ab\xc3\"", 3, "UTF-8"}, {"\"\xed\xa0\x80\"", 1, "UTF-8"},
		{"\"€\xc0\xaf123456789\"", 4, "UTF-8"}, {"\"\xf4\x90\x80\x80\"", 1, "UTF-8"},
		{"{\"\x80\":1}", 2, "UTF-8"},
		{"[\"ab\xff\",12345678]", 4, "UTF-8"},
		{"\"\\n\xff\"", 3, "UTF-8"}, {"\xef\xbb\xbf1", 0, "a value"},
		{"1\x00", 1, "behind"}, {"/**/1", 0, "a value"}, {"1//x", 1, "behind"},
		{nest("[", "]", DepthMax+1), DepthMax, "deep"},
		{strings.Repeat(`{"a":`, DepthMax) + "[]", 5 * DepthMax, "deep"},
		{strings.Repeat(`[`, 100_000), DepthMax, "deep"},
	} {
		doc, err := Append([]byte("before"), []byte(c.text), NewNames())
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%.40q: %v", c.text, err)
			continue
		}
		if syntax.Offset != c.offset || !strings.Contains(syntax.Reason, c.reason) {
			t.Errorf("%.40q: %v, want %q at %d", c.text, err, c.reason, c.offset)
		}
		if string(doc) != "before" {
			t.Errorf("%.40q: left %q", c.text, doc)
		}
	}
}

func TestRandomTextsAreKept(t *testing.T) {
	r := newSource(seedtest.Of(t), 1)
	names := NewNames()
	for range 3000 {
		sameAsTwin(t, r.text(5), names)
	}
}

// sameAsTwin packs a valid text and compares it with its twin.
func sameAsTwin(t testing.TB, text string, names *Names) {
	t.Helper()
	doc, err := Append(nil, []byte(text), names)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if err := check(doc, names); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	got, want := textOf(doc, names), treeOf(text).text()
	if got != want {
		t.Fatalf("%s\nbecame %s\nwant   %s", text, got, want)
	}
	again, err := Append(nil, []byte(got), names)
	if err != nil || string(again) != string(doc) {
		t.Fatalf("%s: packed again is %x (%v), want %x", text, again, err, doc)
	}
}

func TestManyNamesTwice(t *testing.T) {
	r := newSource(seedtest.Of(t), 2)
	for _, names := range []*Names{nil, NewNames()} {
		for range 100 {
			var members []string
			for range 20 + r.IntN(200) {
				members = append(members, r.name()+":"+r.number())
			}
			sameAsTwin(t, "{"+strings.Join(members, ",")+"}", names)
		}
	}
}

func FuzzAppend(f *testing.F) {
	r := newSource(1, 3)
	for range 20 {
		f.Add([]byte(r.text(3)))
	}
	for _, text := range []string{order, `{"a":1,"a":2}`, `"\ud800"`, "\"\xff\"", "-0", "1e400",
		nest("[", "]", DepthMax+1)} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		names := NewNames()
		_, err := Append(nil, text, names)
		if err == nil {
			sameAsTwin(t, string(text), names)
			return
		}
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > len(text) {
			t.Fatalf("%q: %v", text, err)
		}
		// encoding/json mends text that is no Unicode, and nests deeper
		if json.Valid(text) && !strings.Contains(err.Error(), "UTF-8") &&
			!strings.Contains(err.Error(), "surrogate") && !strings.Contains(err.Error(), "deep") {
			t.Fatalf("%q is valid, but: %v", text, err)
		}
	})
}
