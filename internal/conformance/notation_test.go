// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// wire reads a reply out of its bytes.
func wire(t *testing.T, bytes string) Value {
	t.Helper()
	v, err := readValue(bufio.NewReader(strings.NewReader(bytes)))
	if err != nil {
		t.Fatalf("%q: %v", bytes, err)
	}
	return v
}

// replies are bytes and what a script writes for them.
func replies() map[string]string {
	return map[string]string{
		"+OK\r\n":                      "+OK",
		"-ERR with \"quotes\"\r\n":     `-ERR with "quotes"`,
		":-12\r\n":                     ":-12",
		"$3\r\na\x00\"\r\n":            `"a\x00\""`,
		"$0\r\n\r\n":                   `""`,
		"$-1\r\n":                      "$-1",
		"*-1\r\n":                      "*-1",
		"_\r\n":                        "_",
		",1.5\r\n":                     ",1.5",
		"#t\r\n":                       "#t",
		"(12345678901234567890123\r\n": "(12345678901234567890123",
		"=5\r\ntxt:a\r\n":              "=txt:a",
		"*0\r\n":                       "*0",
		"*2\r\n:1\r\n*1\r\n+a\r\n":     "*2\n  :1\n  *1\n    +a",
		"%1\r\n+k\r\n*1\r\n_\r\n":      "%1\n  +k\n  *1\n    _",
		"~2\r\n:1\r\n:2\r\n":           "~2\n  :1\n  :2",
		">2\r\n+a\r\n+b\r\n":           ">2\n  +a\n  +b",
	}
}

func TestNotationIsThatOfTheWire(t *testing.T) {
	for bytes, text := range replies() {
		v := wire(t, bytes)
		if v.String() != text {
			t.Errorf("%q is written as\n%s\nwant\n%s", bytes, v, text)
		}
		if back := string(appendWire(nil, v)); back != bytes {
			t.Errorf("%q goes back over the wire as %q", bytes, back)
		}
		for other, otherText := range replies() {
			p, err := parsePattern(strings.Split(otherText, "\n"))
			if err != nil {
				t.Fatalf("%q: %v", otherText, err)
			}
			if got := p.match(v, ordering{group: 1, in: -1}); got != (other == bytes) {
				t.Errorf("%q matches the reply recorded as %q: %v", bytes, otherText, got)
			}
		}
	}
}

func TestBrokenRepliesAreErrors(t *testing.T) {
	for _, bytes := range []string{
		"", "+OK", "+OK\n", "?x\r\n", "$5\r\nabc\r\n", "$3\r\nabcd\r\n", "$x\r\n", "$-2\r\n",
		"*2\r\n:1\r\n", "*-2\r\n", "*999999999\r\n", "$99999999999\r\n",
	} {
		if v, err := readValue(bufio.NewReader(strings.NewReader(bytes))); err == nil {
			t.Errorf("%q is read as %s", bytes, v)
		}
	}
}

func TestPatterns(t *testing.T) {
	none := ordering{group: 1, in: -1}
	whole := ordering{unordered: true, group: 1, in: -1}
	pairs := ordering{unordered: true, group: 2, in: -1}
	inOne := ordering{unordered: true, group: 1, in: 1}
	for _, test := range []struct {
		reply   string
		pattern string
		order   ordering
		want    bool
	}{
		{":5\r\n", ":<1..9>", none, true},
		{":5\r\n", ":<6..9>", none, false},
		{":5\r\n", ":<5..>", none, true},
		{":5\r\n", ":<..4>", none, false},
		{"$1\r\n5\r\n", ":<1..9>", none, false},
		{"$3\r\nabc\r\n", "$/[a-c]+/", none, true},
		{"$3\r\nabd\r\n", "$/[a-c]+/", none, false},
		{"-ERR no\r\n", "-/ERR .*/", none, true},
		{"*1\r\n:1\r\n", "<any>", none, true},
		{"*2\r\n:1\r\n:2\r\n", "*2\n  <any>\n  :2", none, true},
		{"*2\r\n:1\r\n:2\r\n", "*2\n  :2\n  :1", none, false},
		{"*2\r\n:1\r\n:2\r\n", "*2\n  :2\n  :1", whole, true},
		{"*2\r\n:1\r\n:1\r\n", "*2\n  :2\n  :1", whole, false},
		{"*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n", "*4\n  :3\n  :4\n  :1\n  :2", pairs, true},
		{"*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n", "*4\n  :3\n  :2\n  :1\n  :4", pairs, false},
		{"%2\r\n:1\r\n:2\r\n:3\r\n:4\r\n", "%2\n  :3\n  :4\n  :1\n  :2", whole, true},
		{"*2\r\n+0\r\n*2\r\n:1\r\n:2\r\n", "*2\n  +0\n  *2\n    :2\n    :1", inOne, true},
		{"*2\r\n+0\r\n*2\r\n:1\r\n:2\r\n", "*2\n  +0\n  *2\n    :2\n    :1", none, false},
	} {
		p, err := parsePattern(strings.Split(test.pattern, "\n"))
		if err != nil {
			t.Fatalf("%q: %v", test.pattern, err)
		}
		if got := p.match(wire(t, test.reply), test.order); got != test.want {
			t.Errorf("%q against %q (%+v): got %v", test.reply, test.pattern, test.order, got)
		}
	}
	for _, text := range []string{
		"", "x", "*2\n  :1", "*1\n:1", ":1\n:2", ":<a..b>", "$/(/", `"a`, "*x",
	} {
		if _, err := parsePattern(strings.Split(text, "\n")); err == nil {
			t.Errorf("%q is taken for a reply", text)
		}
	}
}

func TestArguments(t *testing.T) {
	got, err := parseArgs(`SET k "a\x00 b" "x"*3 <seq 1..2 f%d %d> ${id} $x`,
		map[string]string{"id": "7"})
	want := []string{"SET", "k", "a\x00 b", "xxx", "f1", "1", "f2", "2", "7", "$x"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
	for _, words := range []string{`"open`, `<seq 1..2 a`, `<seq x a>`, `"a"*x`} {
		if got, err := parseArgs(words, nil); err == nil {
			t.Errorf("%q is read as %q", words, got)
		}
	}
}

// TestRecordThenRun writes replies into a script, keeps patterns that hold, and finds the
// reply that is changed afterwards.
func TestRecordThenRun(t *testing.T) {
	addr := StartRedis(t)
	file := filepath.Join(t.TempDir(), "script.txt")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(`# config hash-max-listpack-entries 7
> SET k v
> CONFIG GET hash-max-listpack-entries
+wrong
> TIME
*2
  $/\d+/
  <any>
[b]> MGET k none
~ capture who
[b]> ECHO x
> ECHO ${who}
`)
	Record(t, addr, file)
	want := `# config hash-max-listpack-entries 7
> SET k v
+OK
> CONFIG GET hash-max-listpack-entries
*2
  "hash-max-listpack-entries"
  "7"
> TIME
*2
  $/\d+/
  <any>
[b]> MGET k none
*2
  "v"
  $-1
~ capture who
[b]> ECHO x
"x"
> ECHO ${who}
"x"
`
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Fatalf("recorded (%v)\n%s\nwant\n%s", err, got, want)
	}
	Run(t, addr, file)
	write(strings.Replace(want, "\"v\"", "\"w\"", 1))
	quiet := &quietTest{T: t}
	Run(quiet, addr, file)
	if len(quiet.failures) != 1 || !strings.Contains(quiet.failures[0], "MGET k none") {
		t.Errorf("a wrong reply is reported as %q", quiet.failures)
	}
	c, err := Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	v, err := c.Do("CONFIG", "GET", "hash-max-listpack-entries")
	if err != nil || v.Elems[1].Text != "512" {
		t.Errorf("the parameter was not put back: %v (%v)", v, err)
	}
}

// TestRowsOfTheFuzzer wants each row to be drawn, and the same calls from the same seed.
func TestRowsOfTheFuzzer(t *testing.T) {
	cover := Coverage{}
	calls := generate(FuzzOptions{Seed: *fuzzSeed, Calls: 50000}, cover)
	again := generate(FuzzOptions{Seed: *fuzzSeed, Calls: 50000}, Coverage{})
	if !slices.EqualFunc(calls, again, func(a, b FuzzCall) bool {
		return a.Conn == b.Conn && a.Gone == b.Gone && slices.Equal(a.Args, b.Args)
	}) {
		t.Errorf("seed %d gives different calls the second time", *fuzzSeed)
	}
	for _, name := range cover.Missing() {
		if !strings.HasSuffix(name, " answered") {
			t.Errorf("seed %d: %d calls without %q", *fuzzSeed, len(calls), name)
		}
	}
}
