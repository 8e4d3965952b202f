// SPDX-License-Identifier: Apache-2.0

package glob_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"stampede/internal/glob"
	"stampede/internal/resp"
	"stampede/internal/resp/oracle"
)

var cases = []struct {
	pattern, s string
	want       bool
}{
	{"", "", true},
	{"", "a", false},
	{"*", "", false},
	{"*", "a", true},
	{"***", "abc", true},
	{"?", "a", true},
	{"?", "", false},
	{"h?llo", "hello", true},
	{"h*llo", "hllo", true},
	{"h*llo", "heeeello", true},
	{"h*llo", "heeeellox", false},
	{"*a", "ba", true},
	{"a*", "a", true},
	{"a**?", "a", false},
	{"*aab", "aaaaab", true},
	{"*a*b*c", "xxaxxbxxbc", true},
	{"*a*b*c", "xxaxxbxxb", false},
	{"h[ae]llo", "hallo", true},
	{"h[ae]llo", "hillo", false},
	{"h[^e]llo", "hallo", true},
	{"h[^e]llo", "hello", false},
	{"h[a-c]llo", "hbllo", true},
	{"h[c-a]llo", "hbllo", true},
	{"[a-]", "a", true},
	{"[a-]", "-", false},
	{"[a-]", "_", true},
	{"[-a]", "-", true},
	{"[]", "]", false},
	{"[^]", "x", true},
	{"[^]a]", "xa]", true},
	{"[", "[", false},
	{"[^", "x", true},
	{"[ab", "b", true},
	{"[a-z", "q", true},
	{"[a-", "-", true},
	{"[\\", "\\", true},
	{"[\\]]", "]", true},
	{"[a\\-z]", "b", false},
	{"\\*", "*", true},
	{"\\*", "a", false},
	{"\\", "\\", true},
	{"a\\", "a\\", true},
	{"*\\", "a\\", true},
	{"\\a", "a", true},
	{"[\x01-\xff]", "\x00", true},
	{"[\x01-\xff]", "a", false},
	{"[\x80-\xff]", "\x90", true},
	{"*[a-c]", "xxb", true},
	{"*[ab]*[cd]e", "zazcdzce", true},
}

func TestMatch(t *testing.T) {
	for _, c := range cases {
		if got := glob.Match([]byte(c.pattern), []byte(c.s)); got != c.want {
			t.Errorf("%q on %q: %v", c.pattern, c.s, got)
		}
	}
}

func TestMatchFold(t *testing.T) {
	cases := []struct {
		pattern, s string
		want       bool
	}{
		{"MaxMemory*", "maxmemory-policy", true},
		{"*PORT", "port", true},
		{"[A-C]", "b", true},
		{"[a-c]", "B", true},
		{"[\\B]", "b", false},
		{"\\B", "b", true},
		{"[b]", "B", true},
		{"[Z-a]", "q", false},
		{"é", "É", false},
	}
	for _, c := range cases {
		if got := glob.MatchFold([]byte(c.pattern), []byte(c.s)); got != c.want {
			t.Errorf("%q on %q: %v", c.pattern, c.s, got)
		}
	}
}

// TestMatchHostile would not end if a failed try went back to every star.
func TestMatchHostile(t *testing.T) {
	s := bytes.Repeat([]byte{'a'}, 5000)
	for _, star := range []string{"a*", "*a", "?*", "[a]*", "*[ab]", "*?a"} {
		if glob.Match([]byte(strings.Repeat(star, 500)+"b"), s) {
			t.Errorf("%s: matches", star)
		}
	}
}

// twin is the plain recursive reading of a pattern: the first element, then the rest.
func twin(pattern, s string, fold bool) bool {
	if s == "" {
		return strings.Trim(pattern, "*") == ""
	}
	if pattern == "" {
		return false
	}
	if pattern[0] == '*' {
		return twin(pattern[1:], s, fold) || twin(pattern, s[1:], fold)
	}
	set, rest := element(pattern, fold)
	return set[s[0]] && twin(rest, s[1:], fold)
}

// element returns the bytes that the first element of pattern matches, and the rest.
func element(pattern string, fold bool) (set [256]bool, rest string) {
	first := pattern[0]
	rest = pattern[1:]
	switch {
	case first == '?':
		return flip(set), rest
	case first == '[':
		return bracket(rest, fold)
	case first == '\\' && rest != "":
		first, rest = rest[0], rest[1:]
	}
	add(&set, first, fold)
	return set, rest
}

func bracket(pattern string, fold bool) (set [256]bool, rest string) {
	rest, not := strings.CutPrefix(pattern, "^")
	for rest != "" && rest[0] != ']' {
		switch {
		case rest[0] == '\\' && len(rest) > 1:
			set[rest[1]] = true
			rest = rest[2:]
		case len(rest) > 2 && rest[1] == '-':
			addRange(&set, int(int8(rest[0])), int(int8(rest[2])), fold)
			rest = rest[3:]
		default:
			add(&set, rest[0], fold)
			rest = rest[1:]
		}
	}
	if not {
		set = flip(set)
	}
	return set, strings.TrimPrefix(rest, "]")
}

func addRange(set *[256]bool, low, high int, fold bool) {
	if low > high {
		low, high = high, low
	}
	for c := -128; c < 128; c++ {
		if !fold {
			set[byte(c)] = set[byte(c)] || (low <= c && c <= high)
			continue
		}
		folded := small(c)
		set[byte(c)] = set[byte(c)] || (small(low) <= folded && folded <= small(high))
	}
}

func small(c int) int {
	if 'A' <= c && c <= 'Z' {
		return c + 32
	}
	return c
}

func add(set *[256]bool, c byte, fold bool) {
	set[c] = true
	if fold {
		for other := range 256 {
			set[other] = set[other] || small(other) == small(int(c))
		}
	}
}

func flip(set [256]bool) [256]bool {
	for i := range set {
		set[i] = !set[i]
	}
	return set
}

// twinMatch is the twin with the one exception that Redis makes.
func twinMatch(pattern, s string, fold bool) bool {
	if s == "" {
		return pattern == ""
	}
	return twin(pattern, s, fold)
}

func FuzzMatch(f *testing.F) {
	for _, c := range cases {
		f.Add([]byte(c.pattern), []byte(c.s), false)
		f.Add([]byte(c.pattern), []byte(c.s), true)
	}
	f.Fuzz(func(t *testing.T, pattern, s []byte, fold bool) {
		if len(pattern) > 40 || len(s) > 20 || bytes.Count(pattern, []byte{'*'}) > 5 {
			return
		}
		want := twinMatch(string(pattern), string(s), fold)
		got := glob.Match(pattern, s)
		if fold {
			got = glob.MatchFold(pattern, s)
		}
		if got != want {
			t.Fatalf("%q on %q, fold %v: got %v", pattern, s, fold, got)
		}
	})
}

// randomOf returns up to size bytes of an alphabet.
func randomOf(random *rand.Rand, alphabet string, size int) []byte {
	text := make([]byte, random.IntN(size+1))
	for i := range text {
		text[i] = alphabet[random.IntN(len(alphabet))]
	}
	return text
}

const (
	patternBytes = "**??[[]]^--\\\\aabbcdABz\x00\x80\xff"
	textBytes    = "aabbcdABz[]^-\\*\x00\x80\xff"
)

func TestMatchTwin(t *testing.T) {
	const seed = 20240507
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	matches := 0
	for range 200_000 {
		pattern, s := randomOf(random, patternBytes, 9), randomOf(random, textBytes, 7)
		fold := random.IntN(2) == 0
		got := glob.Match(pattern, s)
		if fold {
			got = glob.MatchFold(pattern, s)
		}
		if got != twinMatch(string(pattern), string(s), fold) {
			t.Fatalf("%q on %q, fold %v: got %v", pattern, s, fold, got)
		}
		if got {
			matches++
		}
	}
	if matches < 1000 {
		t.Errorf("only %d matches", matches)
	}
}

// TestMatchAgainstRedis asks KEYS which of a few keys match.
func TestMatchAgainstRedis(t *testing.T) {
	server := oracle.Start(t)
	const seed, rounds, keysMax = 20240508, 300, 20
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for _, c := range cases {
		compareKeys(t, server, [][]byte{[]byte(c.s)}, [][]byte{[]byte(c.pattern)})
	}
	for range rounds {
		keys, patterns := make([][]byte, keysMax), make([][]byte, 100)
		for i := range keys {
			keys[i] = randomOf(random, textBytes, 6)
		}
		for i := range patterns {
			patterns[i] = randomOf(random, patternBytes, 8)
		}
		compareKeys(t, server, keys, patterns)
	}
}

func compareKeys(t *testing.T, server *oracle.Server, keys, patterns [][]byte) {
	t.Helper()
	calls := resp.AppendCommand(nil, []byte("FLUSHALL"))
	distinct := map[string]bool{}
	for _, key := range keys {
		calls = resp.AppendCommand(calls, []byte("SET"), key, nil)
		distinct[string(key)] = true
	}
	for _, pattern := range patterns {
		calls = resp.AppendCommand(calls, []byte("KEYS"), pattern)
	}
	answer := server.Ask(t, calls)
	for range 1 + len(keys) {
		_, answer = next(t, answer)
	}
	for _, pattern := range patterns {
		var value resp.Value
		value, answer = next(t, answer)
		found := map[string]bool{}
		for _, elem := range value.Elems {
			found[string(elem.Text)] = true
		}
		for key := range distinct {
			if string(pattern) == "*" {
				continue // KEYS * does not match at all, it lists
			}
			if got := glob.Match(pattern, []byte(key)); got != found[key] {
				t.Errorf("%q on %q: got %v, redis %v", pattern, key, got, found[key])
			}
		}
	}
}

// TestMatchFoldAgainstRedis compares with CONFIG GET, whose names are matched so.
func TestMatchFoldAgainstRedis(t *testing.T) {
	server := oracle.Start(t)
	const seed = 20240509
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	ask := func(pattern []byte) []byte {
		return resp.AppendCommand(nil, []byte("CONFIG"), []byte("GET"), pattern)
	}
	all, _ := next(t, server.Ask(t, ask([]byte{'*'})))
	var patterns [][]byte
	var calls []byte
	for range 1000 {
		name := bytes.Clone(all.Elems[2*random.IntN(len(all.Elems)/2)].Text)
		for range 1 + random.IntN(4) {
			name = scramble(random, name)
		}
		name = append([]byte{'*'}, name...) // a plain name is looked up, not matched
		patterns = append(patterns, name)
		calls = append(calls, ask(name)...)
	}
	answer := server.Ask(t, calls)
	for _, pattern := range patterns {
		var value resp.Value
		value, answer = next(t, answer)
		found := map[string]bool{}
		for i := 0; i < len(value.Elems); i += 2 {
			found[string(value.Elems[i].Text)] = true
		}
		for i := 0; i < len(all.Elems); i += 2 {
			name := all.Elems[i].Text
			if got := glob.MatchFold(pattern, name); got != found[string(name)] {
				t.Errorf("%q on %q: got %v, redis %v", pattern, name, got, found[string(name)])
			}
		}
	}
}

// scramble puts a part of a pattern in the place of a byte of text.
func scramble(random *rand.Rand, text []byte) []byte {
	at := random.IntN(len(text))
	parts := []string{"*", "?", "[A-Z]", "[^A-m]", "\\" + strings.ToUpper(string(text[at:at+1])),
		"[\\" + strings.ToUpper(string(text[at:at+1])) + "]", strings.ToUpper(string(text[at : at+1])),
		"[Z-a]", "[a-Z]", "[" + strings.ToUpper(string(text[at:at+1])) + "_]"}
	return bytes.Join([][]byte{text[:at], []byte(parts[random.IntN(len(parts))]), text[at+1:]}, nil)
}

func next(t *testing.T, answer []byte) (resp.Value, []byte) {
	t.Helper()
	value, n, err := resp.NextReply(answer)
	if n == 0 || err != nil {
		t.Fatalf("no reply in %.100q: %v", answer, err)
	}
	return value, answer[n:]
}

func BenchmarkMatchPrefix(b *testing.B) {
	pattern, key := []byte("user:*:cart"), []byte("user:0123456789:cart")
	for b.Loop() {
		glob.Match(pattern, key)
	}
}
