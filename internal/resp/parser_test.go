// SPDX-License-Identifier: Apache-2.0

package resp_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"stampede/internal/resp"
)

// parsed is what becomes of a stream: its calls, its end, and how much was consumed.
type parsed struct {
	calls    [][]string
	errText  string
	consumed int
}

func (p parsed) String() string {
	return fmt.Sprintf("calls %.300q, error %q, %d bytes", p.calls, p.errText, p.consumed)
}

func words(argv [][]byte) []string {
	call := make([]string, len(argv))
	for i, arg := range argv {
		call[i] = string(arg)
	}
	return call
}

// parseSliced feeds stream to a parser in pieces. Before each look the bytes are copied to a
// new place of exactly their size, and the old place is overwritten.
func parseSliced(p *resp.Parser, stream []byte, piece func() int) (out parsed) {
	var buf []byte
	for {
		for {
			need := p.Need()
			argv, n, err := p.Next(buf, nil)
			if err != nil {
				out.errText = err.Error()
				return out
			}
			if n == 0 {
				break
			}
			if need > 0 && len(buf) < need {
				panic("a call was whole before the bytes it needed had come")
			}
			if len(argv) > 0 {
				out.calls = append(out.calls, words(argv))
			}
			out.consumed += n
			buf = buf[n:]
		}
		if len(stream) == 0 {
			return out
		}
		size := min(piece(), len(stream))
		moved := slices.Concat(buf, stream[:size])
		for i := range buf {
			buf[i] = '!'
		}
		buf, stream = slices.Clip(moved), stream[size:]
	}
}

func equal(a, b parsed) bool {
	return a.errText == b.errText && a.consumed == b.consumed &&
		slices.EqualFunc(a.calls, b.calls, slices.Equal[[]string])
}

var parserCases = []struct {
	name, stream string
	want         parsed
}{
	{"get", "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", parsed{[][]string{{"GET", "k"}}, "", 20}},
	{"empty argument", "*2\r\n$4\r\nECHO\r\n$0\r\n\r\n", parsed{[][]string{{"ECHO", ""}}, "", 20}},
	{"pipeline", "*1\r\n$4\r\nPING\r\nPING x\r\n*1\r\n$4\r\nQUIT\r\n",
		parsed{[][]string{{"PING"}, {"PING", "x"}, {"QUIT"}}, "", 36}},
	{"ten arguments", "*10\r\n" + strings.Repeat("$1\r\na\r\n", 10),
		parsed{[][]string{slices.Repeat([]string{"a"}, 10)}, "", 75}},
	{"empty calls", "\r\n\n*0\r\n*-1\r\n*-9\r\n  \r\nPING\n",
		parsed{[][]string{{"PING"}}, "", 26}},
	{"half a call", "PING\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r", parsed{[][]string{{"PING"}}, "", 6}},
	{"line breaks within", "*1\r\n$4\r\n\r\n\r\n\r\n", parsed{[][]string{{"\r\n\r\n"}}, "", 14}},
	{"count", "*x\r\n", parsed{nil, "Protocol error: invalid multibulk length", 0}},
	{"count with zero", "*01\r\n", parsed{nil, "Protocol error: invalid multibulk length", 0}},
	{"count too large", "*1048577\r\n",
		parsed{nil, "Protocol error: invalid multibulk length", 0}},
	{"no dollar", "*1\r\nX4\r\nPING\r\n", parsed{nil, "Protocol error: expected '$', got 'X'", 0}},
	{"bulk", "*1\r\n$-1\r\n", parsed{nil, "Protocol error: invalid bulk length", 0}},
	{"bulk with zero", "*1\r\n$04\r\nPING\r\n", parsed{nil, "Protocol error: invalid bulk length", 0}},
	{"bulk too large", "*1\r\n$536870913\r\n", parsed{nil, "Protocol error: invalid bulk length", 0}},
	{"bulk overflows", "*1\r\n$9223372036854775807\r\n",
		parsed{nil, "Protocol error: invalid bulk length", 0}},
	{"bulk wraps around", "*1\r\n$18446744073709551620\r\nPING\r\n",
		parsed{nil, "Protocol error: invalid bulk length", 0}},
	{"count wraps around", "*18446744073709551617\r\n$4\r\nPING\r\n",
		parsed{nil, "Protocol error: invalid multibulk length", 0}},
	{"quotes", "PING \"a\r\n", parsed{nil, "Protocol error: unbalanced quotes in request", 0}},
	{"longest line", strings.Repeat("x", 65536) + "\n",
		parsed{[][]string{{strings.Repeat("x", 65536)}}, "", 65537}},
	{"line too long", strings.Repeat("x", 65537) + "\n",
		parsed{nil, "Protocol error: too big inline request", 0}},
	{"count too long", "*" + strings.Repeat("1", 65536) + "\r\n",
		parsed{nil, "Protocol error: too big mbulk count string", 0}},
	{"bulk count too long", "*1\r\n$" + strings.Repeat("1", 65536) + "\r\n",
		parsed{nil, "Protocol error: too big bulk count string", 0}},
	{"zero byte", "a\x00b\r\nPING\r\n", parsed{}},
}

func TestParser(t *testing.T) {
	for _, c := range parserCases {
		for _, piece := range []int{1, 2, 3, 7, 1000, math.MaxInt} {
			if piece < 1000 && len(c.stream) > 1000 {
				continue
			}
			p := resp.NewParser(resp.DefaultLimits())
			got := parseSliced(&p, []byte(c.stream), func() int { return piece })
			if !equal(got, c.want) {
				t.Errorf("%s in pieces of %d: got %v, want %v", c.name, piece, got, c.want)
			}
		}
	}
}

func TestParserUnauthenticated(t *testing.T) {
	cases := []struct{ stream, errText string }{
		{"*10\r\n" + strings.Repeat("$1\r\na\r\n", 10), ""},
		{"*11\r\n" + strings.Repeat("$1\r\na\r\n", 11),
			"Protocol error: unauthenticated multibulk length"},
		{"*1\r\n$16384\r\n" + strings.Repeat("x", 16384) + "\r\n", ""},
		{"*1\r\n$16385\r\n", "Protocol error: unauthenticated bulk length"},
		{"*2147483648\r\n", "Protocol error: invalid multibulk length"},
	}
	for _, c := range cases {
		p := resp.NewParser(resp.DefaultLimits())
		p.Unauthenticated = true
		got := parseSliced(&p, []byte(c.stream), func() int { return math.MaxInt })
		if got.errText != c.errText || (c.errText == "" && got.consumed != len(c.stream)) {
			t.Errorf("%.20q: got %v, want %q", c.stream, got, c.errText)
		}
		p.Reset()
		p.Unauthenticated = false
		if got := parseSliced(&p, []byte(c.stream), func() int { return 1 }); got.errText != "" &&
			!strings.HasPrefix(c.stream, "*2147483648") {
			t.Errorf("%.20q, authenticated: %s", c.stream, got.errText)
		}
	}
}

func TestParserLimits(t *testing.T) {
	limits := resp.Limits{BulkBytesMax: 4, ArgsMax: 2, InlineBytesMax: 12}
	cases := []struct{ stream, errText string }{
		{"*2\r\n$4\r\nECHO\r\n$4\r\nabcd\r\n", ""},
		{"*2\r\n$4\r\nECHO\r\n$5\r\nabcde\r\n", "Protocol error: invalid bulk length"},
		{"*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n", "Protocol error: invalid multibulk length"},
		{"ECHO abcdef\r\n", ""},
		{"ECHO abcdefg\r\n", "Protocol error: too big inline request"},
	}
	for _, c := range cases {
		for _, piece := range []int{1, math.MaxInt} {
			p := resp.NewParser(limits)
			got := parseSliced(&p, []byte(c.stream), func() int { return piece })
			if got.errText != c.errText || len(got.calls) > 1 {
				t.Errorf("%q in pieces of %d: got %v, want %q", c.stream, piece, got, c.errText)
			}
		}
	}
}

func TestParserNeed(t *testing.T) {
	cases := []struct {
		half string
		need int
	}{
		{"", 0},
		{"PIN", 0},
		{"*2", 0},
		{"*2\r\n", 12},
		{"*2\r\n$3", 10},
		{"*2\r\n$3\r\n", 11},
		{"*2\r\n$3\r\nGET\r\n", 6},
		{"*2\r\n$3\r\nGET\r\n$1000\r\n", 1002},
		{"*2\r\n$3\r\nGET\r\n$1000\r\nabc", 999},
		{"*2\r\n$3\r\nGET\r\n$1000\r\n" + strings.Repeat("a", 1000) + "\r", 1},
	}
	for _, c := range cases {
		p := resp.NewParser(resp.DefaultLimits())
		if _, n, err := p.Next([]byte(c.half), nil); n != 0 || err != nil {
			t.Fatalf("%.40q: n %d, error %v", c.half, n, err)
		}
		if p.Need() != c.need {
			t.Errorf("%.40q: needs %d, want %d", c.half, p.Need(), c.need)
		}
		p.Reset()
		if argv, n, err := p.Next([]byte("PING\r\n"), nil); len(argv) != 1 || n != 6 || err != nil {
			t.Errorf("%.40q: after Reset got %q %d %v", c.half, argv, n, err)
		}
	}
}

func TestParserViews(t *testing.T) {
	p := resp.NewParser(resp.DefaultLimits())
	for _, stream := range []string{"*2\r\n$3\r\nGET\r\n$3\r\nkey\r\nrest", "GET key\r\nrest"} {
		buf := []byte(stream)
		first := []byte("kept")
		argv, n, err := p.Next(buf, [][]byte{first})
		if err != nil || len(argv) != 3 || string(buf[n:]) != "rest" || &argv[0][0] != &first[0] {
			t.Fatalf("%q: got %q, %d, %v", stream, argv, n, err)
		}
		at := strings.Index(stream, "key")
		if &argv[2][0] != &buf[at] {
			t.Errorf("%q: the key was copied", stream)
		}
		if cap(argv[2]) != 3 {
			t.Errorf("%q: appending to a view would overwrite what follows it", stream)
		}
	}
}

func TestParserAllocates(t *testing.T) {
	stream := []byte("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n" +
		"GET key\r\n\r\n*2\r\n$3\r\nGET\r\n$3\r\nk")
	p := resp.NewParser(resp.DefaultLimits())
	argv := make([][]byte, 0, 8)
	if got := testing.AllocsPerRun(100, func() {
		for rest := stream; ; {
			_, n, err := p.Next(rest, argv)
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				break
			}
			rest = rest[n:]
		}
		p.Reset()
	}); got != 0 {
		t.Errorf("%v allocations for a pipeline", got)
	}
}

// TestParserIsLinear counts nothing but would take hours if a look began at the start of
// the call each time.
func TestParserIsLinear(t *testing.T) {
	for _, c := range []struct{ args, step int }{{50_000, 1}, {1_000_000, 4096}} {
		stream := fmt.Appendf(nil, "*%d\r\n%s", c.args, strings.Repeat("$1\r\na\r\n", c.args))
		p := resp.NewParser(resp.DefaultLimits())
		for end := c.step; ; end = min(end+c.step, len(stream)) {
			argv, n, err := p.Next(stream[:end], nil)
			if err != nil {
				t.Fatal(err)
			}
			if n > 0 {
				if n != len(stream) || len(argv) != c.args {
					t.Errorf("steps of %d: %d arguments in %d bytes", c.step, len(argv), n)
				}
				break
			}
		}
	}
}

func TestParserRandomCalls(t *testing.T) {
	const seed = 20240501
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 300 {
		var stream []byte
		var want [][]string
		for range random.IntN(20) {
			call := make([][]byte, 1+random.IntN(5))
			if random.IntN(20) == 0 {
				call = make([][]byte, random.IntN(2000))
			}
			for i := range call {
				size := random.IntN(1 + random.IntN(1+2400/len(call)))
				call[i] = bytes.Repeat([]byte{byte(random.IntN(256))}, size)
			}
			stream = resp.AppendCommand(stream, call...)
			if len(call) > 0 {
				want = append(want, words(call))
			}
		}
		p := resp.NewParser(resp.DefaultLimits())
		got := parseSliced(&p, stream, func() int { return 1 + random.IntN(20_000) })
		if !equal(got, parsed{want, "", len(stream)}) {
			t.Fatalf("got %v\nwant %.300q", got, want)
		}
	}
}

func TestSplitWords(t *testing.T) {
	cases := []struct {
		line string
		want []string
		ok   bool
	}{
		{"", nil, true},
		{"  \v\f ", nil, true},
		{" a  b ", []string{"a", "b"}, true},
		{"a\vb\f", []string{"a\vb\f"}, true},
		{"a\x00b \x00", []string{"a\x00b", "\x00"}, true},
		{"a\rb", []string{"a", "b"}, true},
		{`"a b"`, []string{"a b"}, true},
		{`""`, []string{""}, true},
		{`x"a b" 'c d'`, []string{"xa b", "c d"}, true},
		{`"\x41\x4g\n\r\t\b\a\q\"\\"`, []string{"Ax4g\n\r\t\b\aq\"\\"}, true},
		{`'\x41 \'b\c'`, []string{`\x41 'b\c`}, true},
		{`'b\\'`, nil, false},
		{`a\ b`, []string{`a\`, "b"}, true},
		{`"\xff\xAb"`, []string{"\xff\xab"}, true},
		{`"a`, nil, false},
		{`'a`, nil, false},
		{`"a\"`, nil, false},
		{`'a\'`, nil, false},
		{`"a"b`, nil, false},
		{`"a""b"`, nil, false},
	}
	for _, c := range cases {
		got, ok := resp.SplitWords([]byte(c.line), nil)
		if ok != c.ok || !slices.Equal(words(got), c.want) {
			t.Errorf("%q: got %q %v, want %q %v", c.line, got, ok, c.want, c.ok)
		}
	}
}

func benchmarkParser(b *testing.B, stream string) {
	p := resp.NewParser(resp.DefaultLimits())
	argv := make([][]byte, 0, 8)
	buf := []byte(stream)
	b.ReportAllocs()
	for b.Loop() {
		if _, n, err := p.Next(buf, argv); n != len(buf) || err != nil {
			b.Fatal(n, err)
		}
	}
}

func BenchmarkParserGet(b *testing.B) {
	benchmarkParser(b, "*2\r\n$3\r\nGET\r\n$16\r\n0123456789abcdef\r\n")
}

func BenchmarkParserSet(b *testing.B) {
	value := strings.Repeat("v", 64)
	benchmarkParser(b, "*3\r\n$3\r\nSET\r\n$16\r\n0123456789abcdef\r\n$64\r\n"+value+"\r\n")
}

func BenchmarkParserInlineGet(b *testing.B) {
	benchmarkParser(b, "GET 0123456789abcdef\r\n")
}

// BenchmarkParserSetHalf is a call that has come in two reads.
func BenchmarkParserSetHalf(b *testing.B) {
	value := strings.Repeat("v", 64)
	buf := []byte("*3\r\n$3\r\nSET\r\n$16\r\n0123456789abcdef\r\n$64\r\n" + value + "\r\n")
	p := resp.NewParser(resp.DefaultLimits())
	argv := make([][]byte, 0, 8)
	b.ReportAllocs()
	for b.Loop() {
		if _, n, err := p.Next(buf[:50], argv); n != 0 || err != nil {
			b.Fatal(n, err)
		}
		if _, n, err := p.Next(buf, argv); n != len(buf) || err != nil {
			b.Fatal(n, err)
		}
	}
}
