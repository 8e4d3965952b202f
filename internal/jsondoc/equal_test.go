// SPDX-License-Identifier: Apache-2.0

package jsondoc

import (
	"strings"
	"testing"

	"stampede/internal/seedtest"
)

func TestEqual(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{`1`, `1.0`, true}, {`1`, `10e-1`, true}, {`1`, `2`, false}, {`0`, `-0`, true},
		{`0`, `0e99`, true}, {`1e400`, `10e399`, true}, {`1e400`, `1e401`, false},
		{`"a"`, `"\u0061"`, true}, {`"a"`, `"b"`, false}, {`"1"`, `1`, false}, {`null`, `null`, true},
		{`null`, `false`, false}, {`true`, `true`, true}, {`true`, `false`, false},
		{`[1,2]`, `[1.0,2.0]`, true}, {`[1,2]`, `[2,1]`, false}, {`[1]`, `[1,1]`, false},
		{`[1,1]`, `[1]`, false}, {`[]`, `[]`, true}, {`[]`, `{}`, false}, {`{}`, `{}`, true},
		{`{"a":1,"b":2}`, `{"b":2,"a":1.0}`, true}, {`{"a":1,"b":2}`, `{"b":1,"a":2}`, false},
		{`{"a":1}`, `{"a":1,"b":2}`, false}, {`{"a":1,"b":2}`, `{"a":1}`, false},
		{`{"a":1,"b":2}`, `{"a":1,"c":2}`, false}, {`{"a":1,"b":2,"c":3}`, `{"a":1,"c":3}`, false},
		{`{"x":{"a":[1,{"p":0,"q":1}]}}`, `{"x":{"a":[1,{"q":1,"p":0}]}}`, true},
	} {
		for _, bNames := range []*Names{nil, NewNames()} {
			names := NewNames()
			a, b := Root(packed(t, c.a, names), names), Root(packed(t, c.b, bNames), bNames)
			if a.Equal(b) != c.want || b.Equal(a) != c.want {
				t.Errorf("%s equals %s: %v, want %v", c.a, c.b, a.Equal(b), c.want)
			}
			if !a.Equal(a) || a.Equal(Value{}) || (Value{}).Equal(a) {
				t.Errorf("%s does not equal itself", c.a)
			}
		}
	}
	if !(Value{}).Equal(Value{}) {
		t.Error("nothing does not equal nothing")
	}
}

// TestEqualGreatObjects has objects that are too great to be searched one by one.
func TestEqualGreatObjects(t *testing.T) {
	r := newSource(seedtest.Of(t), 7)
	for range 100 {
		twin := treeOf("{}")
		for range 20 + r.IntN(100) {
			twin.set(treeOf(r.name()).scalar.(string), treeOf(r.number()))
		}
		other := treeOf(twin.text())
		r.Shuffle(len(other.names), func(i, j int) {
			other.names[i], other.names[j] = other.names[j], other.names[i]
			other.children[i], other.children[j] = other.children[j], other.children[i]
		})
		if r.IntN(2) == 0 {
			i := r.IntN(len(other.names))
			other.children[i] = treeOf(r.number())
		}
		if strings.Contains(twin.text()+other.text(), "e") && hasGreatExponent(twin, other) {
			continue // the twin cannot compare these
		}
		names := NewNames()
		a := Root(packed(t, twin.text(), names), names)
		b := Root(packed(t, other.text(), names), names)
		if a.Equal(b) != twin.equal(other) {
			t.Fatalf("%s\n%s\nequal: %v", twin.text(), other.text(), a.Equal(b))
		}
	}
}

func hasGreatExponent(trees ...*tree) bool {
	for _, t := range trees {
		text := strings.ToLower(t.text())
		if strings.Contains(text, "e400") || strings.Contains(text, "e-400") {
			return true
		}
	}
	return false
}

func TestCompare(t *testing.T) {
	// in rising order; those of one line are equal
	lines := [][]string{
		{"-1e9999999999999999999999"}, {"-1e400"}, {"-18446744073709551616", "-18446744073709551616.0"},
		{"-9223372036854775808", "-92233720368547758.08e2"}, {"-9223372036854775807"}, {"-100.5"},
		{"-100", "-1e2", "-100.00"}, {"-0.5", "-5e-1"}, {"-1e-400"},
		{"0", "-0", "0.00", "-0.0", "0e5", "-0E-5", "0.000000000000"},
		{"1e-9999999999999999999999"}, {"1e-400", "0.1e-399", "10e-401"}, {"0.000000000001"},
		{"0.1", "1e-1", "0.10"}, {"0.10000000000000000001"}, {"0.3"}, {"0.30000000000000004"},
		{"1", "1.0", "0.1e1", "10e-1", "1.00000000000000000000"}, {"9.99"}, {"10", "1e1", "1E+1"},
		{"63.99999999", "63.999999990"}, {"64"}, {"100.05", "100.050", "10005e-2"}, {"100.5"},
		{"9007199254740992"}, {"9007199254740993", "9007199254740993.0"},
		{"92233720368547758.07"}, {"9223372036854775807", "9223372036854775807.0"},
		{"9223372036854775808"}, {"12345678901234567890.1"}, {"12345678901234567890.12"},
		{"1e400", "0.01e402"}, {"1.1e400"}, {"1e401"}, {"1e9999999999999999999999"},
	}
	for i, line := range lines {
		for j, other := range lines {
			for _, a := range line {
				for _, b := range other {
					want := 0
					if i < j {
						want = -1
					} else if i > j {
						want = 1
					}
					got := Root(packed(t, a, nil), nil).Compare(Root(packed(t, b, nil), nil))
					if got != want {
						t.Errorf("%s against %s: %d, want %d", a, b, got, want)
					}
				}
			}
		}
	}
}

func TestCompareAsTwin(t *testing.T) {
	r := newSource(seedtest.Of(t), 8)
	for range 20_000 {
		a, b := r.number(), r.number()
		if strings.Contains(a+b, "400") {
			continue
		}
		got := Root(packed(t, a, nil), nil).Compare(Root(packed(t, b, nil), nil))
		if want := compareExactly(a, b); got != want {
			t.Fatalf("%s against %s: %d, want %d", a, b, got, want)
		}
	}
}
