// SPDX-License-Identifier: Apache-2.0

package json_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// twin is the documents of the slow twin, as text by key, and its calls: each takes the
// words of a call and gives the reply as it goes over the wire.
type twin struct{ docs map[string]string }

func bulk(text string) string  { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }
func number(n int) string      { return fmt.Sprintf(":%d\r\n", n) }
func fault(text string) string { return "-" + text + "\r\n" }

func list(items []string) string {
	return fmt.Sprintf("*%d\r\n%s", len(items), strings.Join(items, ""))
}

const (
	null    = "$-1\r\n"
	okay    = "+OK\r\n"
	noKey   = "-ERR could not perform this operation on a key that doesn't exist\r\n"
	newKey  = "-ERR new objects must be created at the root\r\n"
	noIndex = "-ERR array index out of range\r\n"
	static  = "-Err wrong static path\r\n"
)

func (w *twin) get(key string, p trail) string {
	text, ok := w.docs[key]
	if !ok {
		return null
	}
	hits := p.find(parseNode(text))
	if !p.legacy {
		return bulk((&node{kind: '[', elems: nodes(hits)}).String())
	}
	if len(hits) == 0 {
		return fault("ERR Path '" + p.shown() + "' does not exist")
	}
	return bulk(hits[0].node.String())
}

func nodes(hits []found) (list []*node) {
	for _, one := range hits {
		list = append(list, one.node)
	}
	return list
}

// set is JSON.SET; option is NX, XX or empty.
func (w *twin) set(key string, p trail, value, option string) string {
	text, ok := w.docs[key]
	switch {
	case !ok && option == "XX":
		return null
	case !ok && len(p.steps) > 0:
		return newKey
	case len(p.steps) == 0 && ok && option == "NX":
		return null
	case len(p.steps) == 0:
		w.docs[key] = parseNode(value).String()
		return okay
	}
	root := parseNode(text)
	hits := p.find(root)
	var set bool
	if len(hits) == 0 && option == "XX" {
		return null
	} else if len(hits) == 0 || option == "NX" {
		answer := addMember(root, p, len(hits), func() *node { return parseNode(value) })
		if answer != okay {
			return answer
		}
		set = true
	} else {
		for _, one := range outermost(hits) {
			*one.node = *parseNode(value)
			set = true
		}
	}
	w.docs[key] = root.String()
	if !set {
		return null
	}
	return okay
}

// addMember gives a member of the last name to the objects that the rest leads to.
func addMember(root *node, p trail, hits int, value func() *node) string {
	last := p.steps[len(p.steps)-1]
	singular := !slices.ContainsFunc(p.steps, func(s step) bool { return s.how == '*' || s.how == '.' })
	switch {
	case last.how == 'n':
	case !singular:
		return static
	case hits == 0:
		return noIndex
	default:
		return null
	}
	answer := null
	for _, parent := range (trail{steps: p.steps[:len(p.steps)-1]}).find(root) {
		if parent.node.kind == '{' && parent.node.member(last.name) == nil {
			parent.node.names = append(parent.node.names, last.name)
			parent.node.elems = append(parent.node.elems, value())
			answer = okay
		}
	}
	return answer
}

func (w *twin) merge(key string, p trail, patch string) string {
	text, ok := w.docs[key]
	switch {
	case !ok && len(p.steps) > 0:
		return newKey
	case !ok:
		w.docs[key] = merged(&node{text: "null"}, parseNode(patch)).String()
		return okay
	}
	root := parseNode(text)
	hits := p.find(root)
	if len(hits) == 0 {
		answer := addMember(root, p, 0, func() *node {
			return merged(&node{text: "null"}, parseNode(patch))
		})
		if answer == okay {
			w.docs[key] = root.String()
		}
		return answer
	}
	for _, one := range slices.Backward(hits) { // the inner ones stand behind the outer ones
		*one.node = *merged(one.node, parseNode(patch))
	}
	w.docs[key] = root.String()
	return okay
}

// merged is RFC 7396, word for word.
func merged(target, patch *node) *node {
	if patch.kind != '{' {
		return patch
	}
	if target.kind != '{' {
		target = &node{kind: '{'}
	}
	for i, name := range patch.names {
		old := target.member(name)
		switch change := patch.elems[i]; {
		case change.kind == 0 && change.text == "null":
			if old != nil {
				target.remove(old)
			}
		case old != nil:
			target.elems[slices.Index(target.names, name)] = merged(old, change)
		default:
			target.names = append(target.names, name)
			target.elems = append(target.elems, merged(&node{text: "null"}, change))
		}
	}
	return target
}

// mset is JSON.MSET of triples: it changes all or nothing.
func (w *twin) mset(keys []string, paths []trail, values []string) string {
	for i := range keys {
		try := twin{docs: maps.Clone(w.docs)}
		if answer := try.set(keys[i], paths[i], values[i], ""); answer[0] == '-' {
			return answer
		}
	}
	all := twin{docs: maps.Clone(w.docs)}
	for i := range keys {
		if answer := all.set(keys[i], paths[i], values[i], ""); answer[0] == '-' {
			return answer
		}
	}
	w.docs = all.docs
	return okay
}

func (w *twin) del(key string, p trail) string {
	text, ok := w.docs[key]
	switch {
	case !ok:
		return number(0)
	case len(p.steps) == 0:
		delete(w.docs, key)
		return number(1)
	}
	root := parseNode(text)
	hits := outermost(p.find(root))
	for _, one := range hits {
		one.parent.remove(one.node)
	}
	w.docs[key] = root.String()
	return number(len(hits))
}

func (w *twin) empty(key string, p trail) string {
	text, ok := w.docs[key]
	if !ok {
		return noKey
	}
	root := parseNode(text)
	n := 0
	for _, one := range outermost(p.find(root)) {
		switch {
		case len(one.node.elems) > 0:
			*one.node = node{kind: one.node.kind}
			n++
		case one.node.isNumber() && strings.Trim(one.node.text, "-.0") != "":
			*one.node = node{text: "0"}
			n++
		}
	}
	w.docs[key] = root.String()
	return number(n)
}

// change is what the commands have in common that change values of one kind: do changes one
// and gives the reply to it, or an error.
func (w *twin) change(
	key string, p trail, fits func(n *node) bool, otherwise string, do func(n *node) string,
) string {
	text, ok := w.docs[key]
	if !ok {
		return noKey
	}
	root := parseNode(text)
	var replies []string
	last := ""
	for _, one := range p.find(root) {
		if !fits(one.node) {
			replies = append(replies, null)
			continue
		}
		if last = do(one.node); last[0] == '-' {
			return last
		}
		replies = append(replies, last)
	}
	if p.legacy && last == "" {
		return fault("ERR Path '" + p.shown() + "' does not exist or " + otherwise)
	}
	w.docs[key] = root.String()
	if p.legacy {
		return last
	}
	return list(replies)
}

func isArray(n *node) bool  { return n.kind == '[' }
func isString(n *node) bool { return n.kind == '"' }

func (w *twin) incr(key string, p trail, by string) string {
	var texts []string
	answer := w.change(key, p, (*node).isNumber, "does not contains a number", func(n *node) string {
		a, errA := strconv.ParseInt(n.text, 10, 64)
		b, errB := strconv.ParseInt(by, 10, 64)
		if errA == nil && errB == nil {
			if a > 0 && b > math.MaxInt64-a || a < 0 && b < math.MinInt64-a {
				return fault("ERR numeric overflow")
			}
			n.text = strconv.FormatInt(a+b, 10)
		} else {
			x, _ := strconv.ParseFloat(n.text, 64)
			y, _ := strconv.ParseFloat(by, 64)
			n.text = doubleText(x + y)
		}
		texts = append(texts, n.text)
		return bulk(n.text)
	})
	if answer[0] != '*' {
		return answer
	}
	var all []string
	for _, one := range p.find(parseNode(w.docs[key])) {
		if all = append(all, "null"); one.node.isNumber() {
			all[len(all)-1], texts = texts[0], texts[1:]
		}
	}
	return bulk("[" + strings.Join(all, ",") + "]")
}

// doubleText writes doubles that are not very small.
func doubleText(f float64) string {
	if math.Abs(f) >= 1e16 {
		return strings.Replace(strconv.FormatFloat(f, 'e', -1, 64), "e+", "e", 1)
	}
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

func (w *twin) toggle(key string, p trail) string {
	return w.change(key, p, (*node).isBool, "not a bool", func(n *node) string {
		n.text = strconv.FormatBool(n.text == "false")
		switch {
		case p.legacy:
			return bulk(n.text)
		case n.text == "true":
			return number(1)
		}
		return number(0)
	})
}

func (w *twin) strAppend(key string, p trail, text string) string {
	return w.change(key, p, isString, "not a string", func(n *node) string {
		n.text += text
		return number(len(n.text))
	})
}

func (w *twin) insert(key string, p trail, index int, values ...string) string {
	return w.change(key, p, isArray, "not an array", func(n *node) string {
		at := index
		if at == math.MaxInt {
			at = len(n.elems)
		} else if at < 0 {
			at += len(n.elems)
		}
		if at < 0 || at > len(n.elems) {
			return fault("ERR index out of bounds")
		}
		for i, value := range values {
			n.elems = slices.Insert(n.elems, at+i, parseNode(value))
		}
		return number(len(n.elems))
	})
}

func (w *twin) pop(key string, p trail, index int) string {
	var after []func() // so that what is popped is what was there before the call
	answer := ""
	text, ok := w.docs[key]
	if !ok {
		return noKey
	}
	root := parseNode(text)
	copied := twin{docs: map[string]string{key: text}}
	answer = copied.change(key, p, isArray, "not an array", func(n *node) string {
		if len(n.elems) == 0 {
			return null
		}
		return bulk(n.elems[near(index, len(n.elems))].String())
	})
	for _, one := range p.find(root) {
		if isArray(one.node) && len(one.node.elems) > 0 {
			popped := one.node.elems[near(index, len(one.node.elems))]
			after = append(after, func() { one.node.remove(popped) })
		}
	}
	for _, remove := range after {
		remove()
	}
	w.docs[key] = root.String()
	return answer
}

// near is the index of an array of n values that is nearest to i.
func near(i, n int) int {
	if i < 0 {
		i += n
	}
	return min(max(i, 0), n-1)
}

func (w *twin) trim(key string, p trail, start, stop int) string {
	return w.change(key, p, isArray, "not an array", func(n *node) string {
		size := len(n.elems)
		if size == 0 || start >= size || near(start, size) > near(stop, size) {
			n.elems = nil
		} else {
			n.elems = slices.Clone(n.elems[near(start, size) : near(stop, size)+1])
		}
		return number(len(n.elems))
	})
}
