// SPDX-License-Identifier: Apache-2.0

package jsonpath

import (
	"errors"
	"slices"

	"stampede/internal/jsondoc"
)

// What [Limits] hold where they are 0.
const (
	NodesDefault   = 10_000_000
	MatchesDefault = 1_000_000
)

var (
	// ErrTooManyNodes tells that a path had to visit more nodes than it may.
	ErrTooManyNodes = errors.New("path visits too many values")

	// ErrTooManyMatches tells that a path found more values than it may.
	ErrTooManyMatches = errors.New("path matches too many values")
)

// Limits bound one Select.
type Limits struct {
	// Nodes is how many values it may visit, those for its filters included; a visit to one
	// value that takes long, such as a search in a long text, counts as several. A singular
	// path is not counted: it visits no more than it has segments. 0 is NodesDefault.
	Nodes int

	// Matches is how many values it may find. 0 is MatchesDefault.
	Matches int
}

// A Match is a value that a path found. Value.Offset is what an edit of the document wants,
// be it to replace the value or to delete it.
type Match struct {
	Value  jsondoc.Value
	Parent jsondoc.Value // the array or object that it lies in; Missing for the root
}

// Select appends what the path finds in a document to dst: in the order of the RFC, objects
// in the order of their members, values that are found twice twice. The matches are views:
// good until the document changes.
//
// The error is ErrTooManyNodes or ErrTooManyMatches; dst comes back as it was then. Where
// the path is singular there is none, and nothing is allocated if dst has room.
func (p *Path) Select(dst []Match, root jsondoc.Value, limits Limits) ([]Match, error) {
	if p.query.singular {
		if m := lookup(root, p.query.steps); m.Value.Exists() {
			dst = append(dst, m)
		}
		return dst, nil
	}
	w := newWalk(root, limits)
	w.out = dst
	if all := (sink{keeps: true}); !w.segments(Match{Value: root}, p.query.segments, &all) {
		return dst, w.err
	}
	return w.out, nil
}

// First gives the first value that the path finds, Missing if there is none: what a legacy
// path is about. It visits no more values than it must.
func (p *Path) First(root jsondoc.Value, limits Limits) (Match, error) {
	if p.query.singular {
		return lookup(root, p.query.steps), nil
	}
	w := newWalk(root, limits)
	one := sink{stopAt: 1}
	w.segments(Match{Value: root}, p.query.segments, &one)
	return one.last, w.err
}

// lookup walks names and indexes down from a value.
func lookup(v jsondoc.Value, steps []step) Match {
	var parent jsondoc.Value
	for i := range steps {
		parent = v
		if one := &steps[i]; one.byIndex {
			v = element(v, one.index)
		} else {
			v = v.Member(one.name)
		}
		if !v.Exists() {
			return Match{}
		}
	}
	return Match{Value: v, Parent: parent}
}

// element gives an element of an array; one that is counted from the end has a negative
// index.
func element(v jsondoc.Value, index int64) jsondoc.Value {
	if index < 0 && v.Kind() == jsondoc.Array {
		index += int64(v.Len())
	}
	return v.Element(int(index))
}

// A walk is one evaluation of a path. Its methods that give a bool tell whether to go on:
// they do not if a limit is reached, which err tells, or if a sink has what it wants.
type walk struct {
	root    jsondoc.Value
	left    int // nodes that may still be visited
	matches int // that may still be found
	out     []Match
	err     error
	recent  *pattern // the last one that came from the document
}

// A sink takes what a query finds.
type sink struct {
	keeps  bool // in the walk's out
	stopAt int  // how many are enough; 0: all
	found  int
	last   Match
}

func newWalk(root jsondoc.Value, limits Limits) walk {
	w := walk{root: root, left: limits.Nodes, matches: limits.Matches}
	if w.left == 0 {
		w.left = NodesDefault
	}
	if w.matches == 0 {
		w.matches = MatchesDefault
	}
	return w
}

// visit counts n visits.
func (w *walk) visit(n int) bool {
	if w.left -= n; w.left < 0 {
		w.err = ErrTooManyNodes
	}
	return w.err == nil
}

// found gives a match to a sink.
func (w *walk) found(m Match, s *sink) bool {
	s.found++
	if !s.keeps {
		s.last = m
		return s.found != s.stopAt
	}
	if w.matches--; w.matches < 0 {
		w.err = ErrTooManyMatches
		return false
	}
	w.out = append(w.out, m)
	return true
}

// segments goes the rest of a path from a node.
func (w *walk) segments(m Match, rest []segment, s *sink) bool {
	switch {
	case len(rest) == 0:
		return w.found(m, s)
	case rest[0].descendant:
		return w.descend(m.Value, rest, s)
	}
	return w.children(m.Value, rest, s)
}

// descend goes on from a node and from all below it, each before those below it.
func (w *walk) descend(v jsondoc.Value, rest []segment, s *sink) bool {
	if v.Kind() < jsondoc.Array {
		return true
	}
	if !w.children(v, rest, s) {
		return false
	}
	for it := v.Children(); it.Next(); {
		if !w.visit(1) || !w.descend(it.Value(), rest, s) {
			return false
		}
	}
	return true
}

// children goes on from those children of a node that the first segment selects.
func (w *walk) children(v jsondoc.Value, rest []segment, s *sink) bool {
	for i := range rest[0].selectors {
		if !w.choose(v, &rest[0].selectors[i], rest[1:], s) {
			return false
		}
	}
	return true
}

// choose goes on from those children of a node that one selector selects.
func (w *walk) choose(v jsondoc.Value, one *selector, rest []segment, s *sink) bool {
	var child jsondoc.Value
	switch one.kind {
	case selectName:
		child = w.member(v, one.name)
	case selectIndex:
		child = w.element(v, one.index)
	case selectSlice:
		return w.slice(v, one.slice, rest, s)
	default:
		return w.filter(v, one.filter, rest, s)
	}
	if !child.Exists() {
		return w.err == nil
	}
	return w.visit(1) && w.segments(Match{Value: child, Parent: v}, rest, s)
}

// filter goes on from the children of a node for which a condition holds, from all if there
// is none.
func (w *walk) filter(v jsondoc.Value, c *condition, rest []segment, s *sink) bool {
	for it := v.Children(); it.Next(); {
		child := it.Value()
		if !w.visit(1) {
			return false
		}
		if c != nil && !w.holds(c, child) {
			if w.err != nil {
				return false
			}
			continue
		}
		if w.err != nil || !w.segments(Match{Value: child, Parent: v}, rest, s) {
			return false
		}
	}
	return true
}

// slice goes on from a slice of an array.
func (w *walk) slice(v jsondoc.Value, c *slice, rest []segment, s *sink) bool {
	if v.Kind() != jsondoc.Array || c.step == 0 {
		return true
	}
	n := int64(v.Len())
	if !w.visit(int(n >> 3)) {
		return false
	}
	first, last, step := c.within(n)
	if first > last {
		return true
	}
	if c.step < 0 {
		return w.sliceBackwards(v, first, last, step, rest, s)
	}
	for it := v.Children(); it.Next(); {
		i := int64(it.Index())
		if i > last {
			break
		}
		if i < first || (i-first)%step != 0 {
			continue
		}
		if !w.visit(1) || !w.segments(Match{Value: it.Value(), Parent: v}, rest, s) {
			return false
		}
	}
	return true
}

// asideVisits is what it costs to put an element aside, which takes memory.
const asideVisits = 4

// sliceBackwards is slice for a negative step. An array can be walked forwards only, so the
// elements are put aside first.
func (w *walk) sliceBackwards(v jsondoc.Value, first, last, step int64, rest []segment,
	s *sink) bool {
	var list []jsondoc.Value
	for it := v.Children(); it.Next() && int64(it.Index()) <= last; {
		i := int64(it.Index())
		if i < first || (last-i)%step != 0 {
			continue
		}
		if !w.visit(asideVisits) {
			return false
		}
		list = append(list, it.Value())
	}
	for _, one := range slices.Backward(list) {
		if !w.segments(Match{Value: one, Parent: v}, rest, s) {
			return false
		}
	}
	return true
}

// within gives the least and the greatest index of the slice in an array of n elements, and
// the distance between one and the next, which is positive. Backwards the slice begins at
// last, forwards at first. If there is no element, first is greater than last.
func (c *slice) within(n int64) (first, last, step int64) {
	first, last, step = 0, n-1, c.step
	if step > 0 {
		if c.hasStart {
			first = max(fromEnd(c.start, n), 0)
		}
		if c.hasEnd {
			last = min(fromEnd(c.end, n), n) - 1
		}
		return first, last, step
	}
	if c.hasStart {
		last = min(fromEnd(c.start, n), n-1)
	}
	if c.hasEnd {
		first = max(fromEnd(c.end, n)+1, 0)
	}
	return first, last, -step
}

// fromEnd is the index that a negative one counts from the end.
func fromEnd(i, n int64) int64 {
	if i < 0 {
		return i + n
	}
	return i
}
