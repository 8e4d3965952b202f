// SPDX-License-Identifier: Apache-2.0

package json

import (
	"bytes"
	"testing"

	"stampede/internal/jsondoc"
)

// fuzzCalls are calls with a hole for a path (?), a text (#) and a number (%).
var fuzzCalls = []string{
	"JSON.SET d ? #", "JSON.SET d ? # NX", "JSON.SET d ? # XX", "JSON.MERGE d ? #",
	"JSON.DEL d ?", "JSON.CLEAR d ?", "JSON.NUMINCRBY d ? #", "JSON.NUMMULTBY d ? #",
	"JSON.NUMPOWBY d ? %", "JSON.STRAPPEND d ? #", "JSON.TOGGLE d ?", "JSON.ARRAPPEND d ? # #",
	"JSON.ARRINSERT d ? % #", "JSON.ARRPOP d ? %", "JSON.ARRTRIM d ? % 2", "JSON.ARRINDEX d ? # %",
	"JSON.GET d ? .", "JSON.GET d INDENT # ?", "JSON.RESP d ?", "JSON.OBJKEYS d ?",
	"JSON.OBJLEN d ?", "JSON.ARRLEN d ?", "JSON.STRLEN d ?", "JSON.TYPE d ?",
}

// FuzzCalls runs any call with any path and text on any document: there is one reply, and
// what is left is a document.
func FuzzCalls(f *testing.F) {
	for i := range fuzzCalls {
		f.Add(order, "$..quantity", "2", byte(i))
		f.Add(`[[1,"x"],{"a":[true,null]},-0.5]`, "$[*]..*", `{"a":[null]}`, byte(i))
		f.Add(`{"a":{"a":[3,[2,[1]]]}}`, "..a", `"\u00e9"`, byte(i))
		f.Add(`[1,2,3]`, "[?@>1]", "[0]", byte(i))
	}
	d := newDirect(f)
	f.Fuzz(func(t *testing.T, doc, path, text string, n byte) {
		d.run(argv("JSON.DEL", "d"))
		if !bytes.HasPrefix(d.run(argv("JSON.SET", "d", "$", doc)), []byte("+OK")) {
			return
		}
		words := bytes.Fields([]byte(fuzzCalls[int(n)%len(fuzzCalls)]))
		for i, word := range words {
			switch string(word) {
			case "?":
				words[i] = []byte(path)
			case "#":
				words[i] = []byte(text)
			case "%":
				words[i] = []byte{"-0123456789"[int(n)%11]}
				if n%11 == 0 {
					words[i] = []byte("-2")
				}
			}
		}
		before := d.text(t)
		reply := string(d.run(words))
		if after := d.text(t); reply[0] == '-' && after != before {
			t.Errorf("%q failed with %q and made %s of %s", words, reply, after, before)
		}
	})
}

// text gives the document's text after a check of its bytes.
func (d *direct) text(t *testing.T) string {
	j, err := d.db.ReadJSON([]byte("d"))
	if err != nil || !j.Exists() {
		return ""
	}
	portable := jsondoc.AppendPortable(nil, j.Root())
	if _, err := jsondoc.Import(nil, portable, nil); err != nil {
		t.Fatalf("what is left is no document: %v", err)
	}
	text := j.Root().AppendText(nil, nil)
	again, err := jsondoc.Append(nil, text, nil)
	if err != nil || !bytes.Equal(again, portable) {
		t.Fatalf("%s is not what its text says: %v", text, err)
	}
	return string(text)
}
