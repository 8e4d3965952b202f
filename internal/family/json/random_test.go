// SPDX-License-Identifier: Apache-2.0

package json_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"stampede/internal/config"
	"stampede/internal/engine"
	"stampede/internal/reply"
	"stampede/internal/resp"
	"stampede/internal/seedtest"
	"stampede/internal/session"
)

// store is an engine with one client.
type store struct {
	t       *testing.T
	runner  *engine.Runner
	session *session.Session
}

func newStore(t *testing.T, shards int) *store {
	t.Helper()
	registry := session.NewRegistry(nil)
	e, err := engine.New(engine.Options{
		Shards: shards, ReserveBytes: 4 << 30, Config: config.New(), Registry: registry,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Free(); err != nil {
			t.Error(err)
		}
	})
	s := &store{t: t, runner: e.NewRunner(), session: registry.Open(session.Link{}, 1)}
	s.session.Authenticated = true
	return s
}

// do runs calls as one batch and gives their replies.
func (s *store) do(calls ...[]string) string {
	s.t.Helper()
	var in []byte
	for _, call := range calls {
		var argv [][]byte
		for _, word := range call {
			argv = append(argv, []byte(word))
		}
		in = resp.AppendCommand(in, argv...)
	}
	var out reply.Buffer
	var b engine.Batch
	parser := resp.NewParser(resp.DefaultLimits())
	if err := b.Parse(&parser, in, len(calls)); err != nil || b.Len() != len(calls) {
		s.t.Fatalf("Parse: %d calls, error %v", b.Len(), err)
	}
	if o := s.runner.Do(s.session, &b, &out); o.Ran != len(calls) {
		s.t.Fatalf("%d calls of %d ran", o.Ran, len(calls))
	}
	return string(out.B)
}

// dice makes random calls.
type dice struct{ *rand.Rand }

func (d dice) pick(words ...string) string { return words[d.IntN(len(words))] }
func (d dice) key() string                 { return d.pick("k1", "k2", "k3", "k4", "k5") }
func (d dice) name() string                { return d.pick("a", "b", "c", "é") }

func (d dice) path() trail {
	p := trail{legacy: d.IntN(3) == 0}
	for range d.IntN(4) {
		switch d.IntN(8) {
		case 0:
			p.steps = append(p.steps, step{how: '*'})
		case 1:
			p.steps = append(p.steps, step{how: '.', name: d.name()})
		case 2, 3:
			p.steps = append(p.steps, step{how: 'i', index: d.IntN(5) - 2})
		default:
			p.steps = append(p.steps, step{how: 'n', name: d.name()})
		}
	}
	for i := range p.steps { // ..a..a finds a value by several ways
		if i > 0 && p.steps[i].how == '.' {
			p.steps[i].how = 'n'
		}
	}
	return p
}

func (d dice) value(depth int) string {
	switch n := d.IntN(9); {
	case n < 2 && depth > 0:
		var parts []string
		for _, name := range []string{"a", "b", "c", "é"} {
			if d.IntN(2) == 0 {
				parts = append(parts, quoted(name)+":"+d.value(depth-1))
			}
		}
		return "{" + strings.Join(parts, ",") + "}"
	case n < 4 && depth > 0:
		var parts []string
		for range d.IntN(5) {
			parts = append(parts, d.value(depth-1))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case n < 6:
		return d.pick("0", "1", "-1", "63", "64", "1000", "9223372036854775807",
			"-9223372036854775808", "1.5", "-0.25", "10.0")
	case n == 6:
		return quoted(strings.Repeat(d.pick("", "x", "ü", `q"`), d.IntN(90)))
	}
	return d.pick("true", "false", "null")
}

// call makes a call and what the twin answers to it.
func (d dice) call(w *twin) (words []string, want string) {
	key, p := d.key(), d.path()
	at := p.String()
	value, other := d.value(3), d.value(1)
	i, k := d.IntN(9)-4, d.IntN(9)-4
	switch d.IntN(16) {
	case 0, 1:
		option := d.pick("", "", "NX", "XX")
		words = append([]string{"JSON.SET", key, at, value}, strings.Fields(option)...)
		return words, w.set(key, p, value, option)
	case 2:
		return []string{"JSON.SET", key, "$", value}, w.set(key, trail{}, value, "")
	case 3:
		return []string{"JSON.GET", key, at}, w.get(key, p)
	case 4:
		return []string{"JSON.DEL", key, at}, w.del(key, p)
	case 5:
		return []string{"JSON.CLEAR", key, at}, w.empty(key, p)
	case 6:
		by := d.pick("1", "-1", "64", "0.5", "9223372036854775807", "1.0")
		return []string{"JSON.NUMINCRBY", key, at, by}, w.incr(key, p, by)
	case 7:
		return []string{"JSON.TOGGLE", key, at}, w.toggle(key, p)
	case 8:
		return []string{"JSON.STRAPPEND", key, at, `"yß"`}, w.strAppend(key, p, "yß")
	case 9:
		return []string{"JSON.ARRAPPEND", key, at, value, other},
			w.insert(key, p, math.MaxInt, value, other)
	case 10:
		return []string{"JSON.ARRINSERT", key, at, strconv.Itoa(i), value},
			w.insert(key, p, i, value)
	case 11:
		return []string{"JSON.ARRPOP", key, at, strconv.Itoa(i)}, w.pop(key, p, i)
	case 12:
		return []string{"JSON.ARRTRIM", key, at, strconv.Itoa(i), strconv.Itoa(k)},
			w.trim(key, p, i, k)
	case 13:
		return []string{"JSON.MERGE", key, at, value}, w.merge(key, p, value)
	case 14:
		key2, p2 := d.key(), d.path()
		return []string{"JSON.MSET", key, at, value, key2, p2.String(), other},
			w.mset([]string{key, key2}, []trail{p, p2}, []string{value, other})
	}
	key2 := d.key()
	if key2 == key || w.docs[key] == "" {
		return []string{"JSON.GET", key}, w.get(key, trail{legacy: true})
	}
	w.docs[key2] = w.docs[key]
	return []string{"COPY", key, key2, "REPLACE"}, number(1)
}

// TestRandomCalls runs random calls, alone, in transactions and in scripts, and compares
// every reply, and from time to time every document, with those of the twin.
func TestRandomCalls(t *testing.T) {
	for _, shards := range []int{1, 8} {
		t.Run(fmt.Sprintf("%d shards", shards), func(t *testing.T) {
			s := newStore(t, shards)
			w := &twin{docs: map[string]string{}}
			d := dice{rand.New(rand.NewPCG(seedtest.Of(t), uint64(shards)))}
			for n := range 6000 {
				before := fmt.Sprint(w.docs)
				words, want := d.call(w)
				if got := s.somehow(d, words); got != want {
					t.Fatalf("call %d: %q on %s\ngot  %q\nwant %q", n, words, before, got, want)
				}
				if n%10 == 0 {
					s.compare(w, words)
				}
			}
		})
	}
}

// somehow runs a call in one of several ways.
func (s *store) somehow(d dice, words []string) string {
	switch d.IntN(4) {
	case 0:
		got := s.do([]string{"MULTI"}, words, []string{"EXEC"})
		const head = "+OK\r\n+QUEUED\r\n*1\r\n"
		if !strings.HasPrefix(got, head) {
			s.t.Fatalf("in a transaction: %q", got)
		}
		return got[len(head):]
	case 1:
		const script = "return redis.pcall(unpack(ARGV))"
		return s.do(append([]string{"EVAL", script, "1", words[1]}, words...))
	}
	return s.do(words)
}

// compare compares all documents.
func (s *store) compare(w *twin, words []string) {
	for _, key := range []string{"k1", "k2", "k3", "k4", "k5"} {
		want := w.get(key, trail{legacy: true})
		if got := s.do([]string{"JSON.GET", key}); got != want {
			s.t.Fatalf("after %q: %s is\n%q, not\n%q", words, key, got, want)
		}
	}
}
