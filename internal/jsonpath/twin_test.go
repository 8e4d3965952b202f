// SPDX-License-Identifier: Apache-2.0

package jsonpath

import (
	"bytes"
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// The twin evaluates paths over trees that encoding/json read, list of nodes by list of nodes
// as the RFC words it. It shares no code with the package. Its paths are functions, which
// gen_test.go makes together with their text, so it needs no parser.

// A tree is a value with its place in the document.
type tree struct {
	at       string // normalized path
	scalar   any    // string, json.Number, bool or nil
	isArray  bool
	isObject bool
	children []*tree
	names    []string // of the children of an object
}

// A query finds nodes from a current node.
type twinQuery func(root, current *tree) []*tree

// A twinTest is a condition, and a twinTerm a value or nil for none.
type (
	twinTest func(root, current *tree) bool
	twinTerm func(root, current *tree) *tree
)

// readTree decodes a JSON text and keeps the order of members.
func readTree(t testing.TB, text []byte) *tree {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := readValue(d, "$")
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func readValue(d *json.Decoder, at string) (*tree, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	v := &tree{at: at, isArray: token == json.Delim('['), isObject: token == json.Delim('{')}
	if !v.isArray && !v.isObject {
		v.scalar = token
		return v, nil
	}
	for d.More() {
		place := "[" + strconv.Itoa(len(v.children)) + "]"
		if v.isObject {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			v.names = append(v.names, name.(string))
			place = "[" + quoteNormalized(name.(string)) + "]"
		}
		child, err := readValue(d, at+place)
		if err != nil {
			return nil, err
		}
		v.children = append(v.children, child)
	}
	_, err = d.Token()
	return v, err
}

// quoteNormalized writes a name as section 2.7 has it.
func quoteNormalized(name string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range name {
		if short := strings.IndexRune("\b\t\n\f\r'\\", r); short >= 0 {
			b.WriteByte('\\')
			b.WriteByte(`btnfr'\`[short])
		} else if r < 0x20 {
			b.WriteString(`\u00`)
			b.WriteString(strconv.FormatInt(int64(r>>4), 16))
			b.WriteString(strconv.FormatInt(int64(r&15), 16))
		} else {
			b.WriteRune(r)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// all gives a node and everything below it, each before what is below it.
func (v *tree) all() []*tree {
	list := []*tree{v}
	for _, c := range v.children {
		list = append(list, c.all()...)
	}
	return list
}

// member gives the child with a name as a list of one or none.
func (v *tree) member(name string) []*tree {
	for i, n := range v.names {
		if n == name {
			return v.children[i : i+1]
		}
	}
	return nil
}

// element gives the child with an index as a list of one or none.
func (v *tree) element(i int) []*tree {
	if i < 0 {
		i += len(v.children)
	}
	if !v.isArray || i < 0 || i >= len(v.children) {
		return nil
	}
	return v.children[i : i+1]
}

// slice follows section 2.3.4.2.2 line by line; start and end are nil where not written.
func (v *tree) slice(start, end *int, step int) (list []*tree) {
	if !v.isArray || step == 0 {
		return nil
	}
	length := len(v.children)
	from, to := 0, length
	if step < 0 {
		from, to = length-1, -length-1
	}
	if start != nil {
		from = *start
	}
	if end != nil {
		to = *end
	}
	normalize := func(i int) int {
		if i >= 0 {
			return i
		}
		return length + i
	}
	from, to = normalize(from), normalize(to)
	if step > 0 {
		lower, upper := min(max(from, 0), length), min(max(to, 0), length)
		for i := lower; i < upper; i += step {
			list = append(list, v.children[i])
		}
		return list
	}
	upper, lower := min(max(from, -1), length-1), min(max(to, -1), length-1)
	for i := upper; lower < i; i += step {
		list = append(list, v.children[i])
	}
	return list
}

// single is the value of a list of one node, nil for any other.
func single(list []*tree) *tree {
	if len(list) != 1 {
		return nil
	}
	return list[0]
}

func number(n int) *tree { return &tree{scalar: json.Number(strconv.Itoa(n))} }

// length is the function of this name.
func (v *tree) length() *tree {
	if v == nil {
		return nil
	}
	if text, ok := v.scalar.(string); ok {
		return number(utf8.RuneCountInString(text))
	}
	if v.isArray || v.isObject {
		return number(len(v.children))
	}
	return nil
}

func (v *tree) rational() *big.Rat {
	if v == nil {
		return nil
	}
	n, ok := v.scalar.(json.Number)
	if !ok {
		return nil
	}
	r, ok := new(big.Rat).SetString(n.String())
	if !ok {
		panic("no number: " + n)
	}
	return r
}

// twinEqual compares two values, each of which may be nil.
func twinEqual(a, b *tree) bool {
	if a == nil || b == nil {
		return a == b
	}
	if x, y := a.rational(), b.rational(); x != nil && y != nil {
		return x.Cmp(y) == 0
	}
	if a.isArray != b.isArray || a.isObject != b.isObject || len(a.children) != len(b.children) {
		return false
	}
	if !a.isArray && !a.isObject {
		return a.scalar == b.scalar
	}
	for i, c := range a.children {
		other := b.children[i]
		if a.isObject {
			other = single(b.member(a.names[i]))
		}
		if other == nil || !twinEqual(c, other) {
			return false
		}
	}
	return true
}

// twinLess tells whether a is less than b.
func twinLess(a, b *tree) bool {
	if x, y := a.rational(), b.rational(); x != nil && y != nil {
		return x.Cmp(y) < 0
	}
	if a == nil || b == nil {
		return false
	}
	x, ok := a.scalar.(string)
	y, ok2 := b.scalar.(string)
	if !ok || !ok2 {
		return false
	}
	r, s := []rune(x), []rune(y)
	for i := range min(len(r), len(s)) {
		if r[i] != s[i] {
			return r[i] < s[i]
		}
	}
	return len(r) < len(s)
}

func twinCompare(a *tree, op string, b *tree) bool {
	switch op {
	case "==":
		return twinEqual(a, b)
	case "!=":
		return !twinEqual(a, b)
	case "<":
		return twinLess(a, b)
	case "<=":
		return twinLess(a, b) || twinEqual(a, b)
	case ">":
		return twinLess(b, a)
	}
	return twinLess(b, a) || twinEqual(a, b)
}

// A twinPattern gives all ends of what it matches from an index on.
type twinPattern func(text []rune, from int) map[int]bool

// twinMatch is match() or search().
func twinMatch(v *tree, p twinPattern, whole bool) bool {
	if v == nil {
		return false
	}
	s, ok := v.scalar.(string)
	if !ok {
		return false
	}
	text := []rune(s)
	if whole {
		return p(text, 0)[len(text)]
	}
	for from := range len(text) + 1 {
		if len(p(text, from)) > 0 {
			return true
		}
	}
	return false
}
