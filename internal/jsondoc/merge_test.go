// SPDX-License-Identifier: Apache-2.0

package jsondoc

import (
	"fmt"
	"strings"
	"testing"

	"stampede/internal/seedtest"
)

// TestMerge has the kinds of cases of RFC 7396: the target, the patch, the result.
func TestMerge(t *testing.T) {
	for _, c := range [][3]string{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"a":"foo"}`, `null`, `null`},
		{`{"a":"foo"}`, `"bar"`, `"bar"`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
		{`{"a":{"x":1,"y":2},"b":3}`, `{"a":{"y":null,"z":[null]}}`, `{"a":{"x":1,"z":[null]},"b":3}`},
		{``, `{"a":{"b":null},"c":1}`, `{"a":{},"c":1}`},
		{``, `5`, `5`},
	} {
		names := NewNames()
		var target Value
		if c[0] != "" {
			target = Root(packed(t, c[0], names), names)
		}
		got, err := Merge([]byte("before"), target, Root(packed(t, c[1], names), names))
		if err != nil || string(got[:6]) != "before" || textOf(got[6:], names) != c[2] {
			t.Errorf("%s with %s: %s (%v), want %s", c[0], c[1], textOf(got[6:], names), err, c[2])
		}
	}
}

func TestMergeAsTwin(t *testing.T) {
	r := newSource(seedtest.Of(t), 9)
	object := func(depth int) string {
		members := []string{`"n0":{"n1":1,"n2":{"n3":null}}`}
		for range r.IntN(60) {
			members = append(members, fmt.Sprintf("%s:%s", r.name(), r.text(depth)))
		}
		return "{" + strings.Join(members, ",") + "}"
	}
	for range 200 {
		names := NewNames()
		target, patch := object(2), object(2)
		got, err := Merge(nil, Root(packed(t, target, names), names),
			Root(packed(t, patch, names), names))
		if err != nil {
			t.Fatal(err)
		}
		if err := check(got, names); err != nil {
			t.Fatal(err)
		}
		want := treeOf(target).merge(treeOf(patch)).text()
		if textOf(got, names) != want {
			t.Fatalf("%s with %s\n%s, want\n%s", target, patch, textOf(got, names), want)
		}
	}
}
