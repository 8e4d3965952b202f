// SPDX-License-Identifier: Apache-2.0

package json

import (
	"strings"
	"testing"

	"stampede/internal/jsondoc"
	"stampede/internal/jsonpath"
)

// TestDeepLayoutIsBounded: a small document that lies deep must not become gigabytes of
// blanks.
func TestDeepLayoutIsBounded(t *testing.T) {
	const depth, elements = 127, 100_000
	d := newDirect(t)
	doc := strings.Repeat("[", depth) + strings.Repeat("1,", elements) + "1" +
		strings.Repeat("]", depth)
	if got := string(d.run(argv("JSON.SET", "d", "$", doc))); got != "+OK\r\n" {
		t.Fatal(got)
	}
	indent := strings.Repeat(" ", spaceMax)
	for _, path := range []string{".", "$", "$..*", "$[0][0]"} {
		got := d.run(argv("JSON.GET", "d", "INDENT", indent, path))
		if want := "-" + string(errTooLarge) + "\r\n"; string(got) != want {
			t.Errorf("%s: %.100q and so on, %d bytes", path, got, len(got))
		}
	}
	got := d.run(argv("JSON.GET", "d", "INDENT", " ", "."))
	if len(got) < elements*depth || got[0] != '$' {
		t.Errorf("one blank: %.100q and so on, %d bytes", got, len(got))
	}
}

// TestLayoutCountsItsSpace: what is added is what the text is longer by.
func TestLayoutCountsItsSpace(t *testing.T) {
	d := newDirect(t)
	d.run(argv("JSON.SET", "d", "$", order))
	for _, path := range []string{".", ".items", ".customer.name"} {
		var tt target
		ch := &chapter{paths: jsonpath.NewCache()}
		if err := tt.read(ch, d.db, []byte("d"), []byte(path)); err != nil {
			t.Fatal(err)
		}
		v := tt.matches[0].Value
		plain := len(v.AppendText(nil, nil))
		l := layout{format: &jsondoc.Format{
			Indent: []byte("  "), Newline: []byte("\r\n"), Space: []byte("   "),
		}}
		if got := len(l.append(nil, v, 2)); got != plain+l.spaceBytes {
			t.Errorf("%s: %d bytes, counted %d and %d", path, got, plain, l.spaceBytes)
		}
	}
}
