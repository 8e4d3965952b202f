// SPDX-License-Identifier: Apache-2.0

package json_test

import (
	stdjson "encoding/json"
	"fmt"
	"slices"
	"strings"
)

// The twin of the tests keeps documents as text: each call parses the text, walks a tree of
// plain nodes and writes the text again. It knows only paths of a few simple steps.

// node is a value. Members of an object are elems under names.
type node struct {
	kind  byte // { [ " or 0 for what stands as it is in scalar
	names []string
	elems []*node
	text  string // of a string; of anything else its JSON
}

func parseNode(text string) *node {
	d := stdjson.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	return readNode(d)
}

func readNode(d *stdjson.Decoder) *node {
	token, err := d.Token()
	if err != nil {
		panic(err)
	}
	switch token := token.(type) {
	case stdjson.Delim:
		n := &node{kind: byte(token)}
		for d.More() {
			if token == '{' {
				name, _ := d.Token()
				n.names = append(n.names, name.(string))
			}
			n.elems = append(n.elems, readNode(d))
		}
		_, _ = d.Token()
		return n
	case string:
		return &node{kind: '"', text: token}
	case nil:
		return &node{text: "null"}
	default:
		return &node{text: fmt.Sprint(token)}
	}
}

func (n *node) String() string {
	switch n.kind {
	case '"':
		return quoted(n.text)
	case 0:
		return n.text
	}
	var parts []string
	for i, elem := range n.elems {
		if n.kind == '{' {
			parts = append(parts, quoted(n.names[i])+":"+elem.String())
		} else {
			parts = append(parts, elem.String())
		}
	}
	return string(n.kind) + strings.Join(parts, ",") + string(n.kind+2)
}

// quoted writes texts that need no escape but that of the quote.
func quoted(text string) string { return `"` + strings.ReplaceAll(text, `"`, `\"`) + `"` }

func (n *node) isNumber() bool { return n.kind == 0 && strings.ContainsAny(n.text[:1], "-0123456789") }
func (n *node) isBool() bool {
	return n.text == "true" && n.kind == 0 || n.text == "false" && n.kind == 0
}

func (n *node) member(name string) *node {
	if i := slices.Index(n.names, name); n.kind == '{' && i >= 0 {
		return n.elems[i]
	}
	return nil
}

// remove takes a child out.
func (n *node) remove(child *node) {
	i := slices.Index(n.elems, child)
	if i < 0 {
		return // it went with another one
	}
	n.elems = slices.Delete(n.elems, i, i+1)
	if n.kind == '{' {
		n.names = slices.Delete(n.names, i, i+1)
	}
}

// step is one step of a path: a name, an index, all children, or a name at any depth.
type step struct {
	name  string
	index int
	how   byte // n i * .
}

// trail is a path.
type trail struct {
	steps  []step
	legacy bool
}

func (p trail) String() string {
	var b strings.Builder
	if !p.legacy {
		b.WriteByte('$')
	} else if len(p.steps) == 0 {
		return "."
	}
	for _, s := range p.steps {
		switch s.how {
		case 'n':
			b.WriteString("." + s.name)
		case '.':
			b.WriteString(".." + s.name)
		case '*':
			b.WriteString(".*")
		default:
			fmt.Fprintf(&b, "[%d]", s.index)
		}
	}
	return b.String()
}

// shown is the path as errors write it.
func (p trail) shown() string {
	switch text := p.String(); {
	case !p.legacy:
		return text
	case text == ".":
		return "$"
	case text[0] == '[':
		return "$." + text
	default:
		return "$" + text
	}
}

// found is a node with its parent, nil for the root.
type found struct{ node, parent *node }

func (p trail) find(root *node) []found {
	list := []found{{node: root}}
	for _, s := range p.steps {
		var next []found
		for _, one := range list {
			next = s.from(next, one.node)
		}
		list = next
	}
	return list
}

func (s step) from(list []found, n *node) []found {
	switch s.how {
	case 'n', '.':
		if child := n.member(s.name); child != nil {
			list = append(list, found{child, n})
		}
		if s.how == '.' {
			for _, child := range n.elems {
				list = s.from(list, child)
			}
		}
	case '*':
		for _, child := range n.elems {
			list = append(list, found{child, n})
		}
	default:
		i := s.index
		if i < 0 {
			i += len(n.elems)
		}
		if n.kind == '[' && i >= 0 && i < len(n.elems) {
			list = append(list, found{n.elems[i], n})
		}
	}
	return list
}

// outermost drops what lies within another one of the list, which has no value twice.
func outermost(list []found) []found {
	var kept []found
	for _, one := range list {
		if !slices.ContainsFunc(list, func(o found) bool {
			return o.node != one.node && o.node.contains(one.node)
		}) {
			kept = append(kept, one)
		}
	}
	return kept
}

func (n *node) contains(other *node) bool {
	return n == other || slices.ContainsFunc(n.elems, func(c *node) bool { return c.contains(other) })
}
