// SPDX-License-Identifier: Apache-2.0

package jsonpath

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"stampede/internal/jsondoc"
	"stampede/internal/seedtest"
)

// locations gives where matches lie.
func locations(root jsondoc.Value, list []Match) (at []string) {
	for _, m := range list {
		at = append(at, string(AppendLocation(nil, root, m.Value)))
	}
	return at
}

// againstTwin evaluates some random paths over a random document, here and by the twin.
func againstTwin(t *testing.T, g *gen, paths int) {
	var b strings.Builder
	g.value(&b, 4)
	root, twin := document(t, []byte(b.String())), readTree(t, []byte(b.String()))
	for range paths {
		g.budget = 5 + g.IntN(20)
		text, run := g.segments(g.chance(1), 7)
		text = "$" + text
		path, err := ParseStrict(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		var want []string
		for _, n := range run(twin, twin) {
			want = append(want, n.at)
		}
		list, err := path.Select(nil, root, Limits{})
		if got := locations(root, list); err != nil || !slices.Equal(got, want) {
			t.Fatalf("document %s\npath %q\ngives %q, %v\n want %q", b.String(), text, got, err, want)
		}
		again, err := ParseStrict(path.String())
		if err != nil || again.String() != path.String() {
			t.Fatalf("%q is %q and then %v, %v", text, path, again, err)
		}
		list, _ = again.Select(nil, root, Limits{})
		if got := locations(root, list); !slices.Equal(got, want) {
			t.Fatalf("document %s\npath %q as %q\ngives %q\n want %q", b.String(), text, path, got, want)
		}
		limited(t, path, root, want)
	}
}

// limited runs a path with every limit that is too little, and with the least that is not.
func limited(t *testing.T, path *Path, root jsondoc.Value, want []string) {
	for nodes := 1; ; nodes *= 2 {
		list, err := path.Select(make([]Match, 1, 2), root, Limits{Nodes: nodes})
		if err == nil {
			if got := locations(root, list[1:]); !slices.Equal(got, want) {
				t.Fatalf("%q with %d nodes: %q, want %q", path, nodes, got, want)
			}
			break
		}
		if !errors.Is(err, ErrTooManyNodes) || len(list) != 1 {
			t.Fatalf("%q with %d nodes: %d matches, %v", path, nodes, len(list), err)
		}
	}
	if len(want) < 2 {
		return
	}
	if _, err := path.Select(nil, root, Limits{Matches: len(want)}); err != nil {
		t.Fatalf("%q with %d matches: %v", path, len(want), err)
	}
	list, err := path.Select(nil, root, Limits{Matches: len(want) - 1})
	if !errors.Is(err, ErrTooManyMatches) || list != nil {
		t.Fatalf("%q with %d matches: %v, %v", path, len(want)-1, list, err)
	}
}

func TestRandomPathsAgainstTwin(t *testing.T) {
	documents := 3000
	if testing.Short() {
		documents = 500
	}
	g := &gen{Rand: rand.New(rand.NewPCG(seedtest.Of(t), 4))}
	for range documents {
		againstTwin(t, g, 5)
	}
}

// chosen is a source of randomness that a fuzzer writes, one byte for each choice, as long as
// there are bytes.
type chosen struct {
	bytes []byte
	rest  rand.PCG
}

func (c *chosen) Uint64() uint64 {
	if len(c.bytes) == 0 {
		return c.rest.Uint64()
	}
	b := c.bytes[0]
	c.bytes = c.bytes[1:]
	return uint64(b) * 0x0101010101010101
}

func FuzzSelect(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 5))
	for range 20 {
		seed := make([]byte, 200)
		for i := range seed {
			seed[i] = byte(r.Uint32())
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, choices []byte) {
		againstTwin(t, &gen{Rand: rand.New(&chosen{bytes: choices})}, 3)
	})
}

// FuzzParse: no text makes the parser panic, an error lies within the text, and what is a
// path is one again as it is written out, in both dialects.
func FuzzParse(f *testing.F) {
	for _, g := range groups(f) {
		for _, c := range g.Cases {
			f.Add(c.Path)
		}
	}
	root := document(f, []byte(`{"a":[1,{"b":"x","a":null},[true,2.5]],"b":{"a":"abc"},"c":"a"}`))
	f.Fuzz(func(t *testing.T, text string) {
		path, err := Parse(text)
		strict, strictErr := ParseStrict(text)
		var fault *SyntaxError
		switch {
		case err != nil && (!errors.As(err, &fault) || fault.Offset < 0 || fault.Offset > len(text)):
			t.Fatalf("%q: %v", text, err)
		case strictErr == nil && (err != nil || strict.String() != path.String() || path.Legacy()):
			t.Fatalf("%q is %q by the RFC and %v, %v else", text, strict, path, err)
		case err != nil || len(path.String()) > TextBytesMax:
			return
		}
		again, err := Parse(path.String())
		if err != nil || again.String() != path.String() || again.Legacy() != path.Legacy() {
			t.Fatalf("%q is %q and then %v, %v", text, path, again, err)
		}
		list, err := path.Select(nil, root, Limits{Nodes: 1000, Matches: 1000})
		second, err2 := again.Select(nil, root, Limits{Nodes: 1000, Matches: 1000})
		if err != err2 || !slices.Equal(locations(root, list), locations(root, second)) {
			t.Fatalf("%q as %q: %v, %v and %v, %v", text, path, list, err, second, err2)
		}
	})
}
