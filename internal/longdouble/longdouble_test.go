// SPDX-License-Identifier: Apache-2.0

package longdouble

import "testing"

func TestAdd(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"0.1", "0.2", "0.3"},
		{"10.50", "0.1", "10.6"},
		{"5.0e3", "200", "5200"},
		{"3", "-3", "0"},
		{"-0.0", "0", "0"},
		{"1e17", "1", "100000000000000001"},
		{"0x1p3", "1", "9"},
		{"1", "0.00000000000000001", "1.00000000000000001"},
	} {
		a, okA := Parse(c.a)
		b, okB := Parse(c.b)
		if !okA || !okB {
			t.Fatalf("Parse(%q), Parse(%q) = %v, %v", c.a, c.b, okA, okB)
		}
		sum, ok := Add(a, b)
		if !ok || Text(sum) != c.want {
			t.Errorf("%s + %s = %s, %v; want %s", c.a, c.b, Text(sum), ok, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{"", " 1", "1 ", "1_0", "nan", "1x", "0b1", "1e5000", "1e-5000", "--1", ".", "0p10", "1p3"} {
		if f, ok := Parse(text); ok {
			t.Errorf("Parse(%q) = %v, want a refusal", text, f)
		}
	}
}

func TestInfinityIsNoSum(t *testing.T) {
	for _, text := range []string{"inf", "-inf", "Infinity"} {
		f, ok := Parse(text)
		if !ok {
			t.Fatalf("Parse(%q) refuses", text)
		}
		if sum, ok := Add(f, f); ok {
			t.Errorf("%s twice = %v, want none", text, sum)
		}
	}
}
