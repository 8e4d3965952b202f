// SPDX-License-Identifier: Apache-2.0

package jsonpath

// A query is what stands behind $ or @: segments that lead from one node to others.
type query struct {
	absolute bool // begins at the root and not at the current node
	segments []segment

	// steps is the query again where each segment is one name or one index, which finds one
	// node at most. singular tells so for the query without segments, too.
	steps    []step
	singular bool
}

// A step is a segment of a singular query.
type step struct {
	name    []byte
	index   int64
	byIndex bool
}

// A segment leads from a node to some of its children, or to children of its descendants.
type segment struct {
	descendant bool
	selectors  []selector
}

type selectorKind uint8

const (
	selectName selectorKind = iota
	selectIndex
	selectAll
	selectSlice
	selectFilter
)

type selector struct {
	kind   selectorKind
	name   []byte     // of selectName
	index  int64      // of selectIndex
	slice  *slice     // of selectSlice
	filter *condition // of selectFilter
}

// A slice is start:end:step of an array. A bound that is not written depends on the sign of
// the step.
type slice struct {
	start, end, step int64
	hasStart, hasEnd bool
}

type conditionKind uint8

const (
	conditionOr      conditionKind = iota // any of parts
	conditionAnd                          // all of parts
	conditionNot                          // not parts[0]
	conditionExists                       // query finds a node
	conditionCompare                      // left and right compare so
	conditionMatch                        // the text left has the pattern right
)

// A condition is a filter, or a part of one.
type condition struct {
	kind        conditionKind
	parts       []condition
	query       *query
	op          comparison
	left, right *term
	dialect     dialect  // of the pattern of conditionMatch
	pattern     *pattern // where right is a text of the path; nil where the document has it
}

type comparison uint8

const (
	equal comparison = iota
	notEqual
	less
	lessOrEqual
	greater
	greaterOrEqual
)

type termKind uint8

const (
	termLiteral termKind = iota
	termQuery            // the value of the one node of a singular query
	termLength           // length(argument)
	termCount            // count(query)
	termValue            // value(query)
)

// A term has a value, or none.
type term struct {
	kind     termKind
	literal  literal
	query    *query
	argument *term
}

// singularSteps gives the segments as steps where they are no more than that.
func singularSteps(segments []segment) (steps []step, singular bool) {
	for i := range segments {
		if segments[i].descendant || len(segments[i].selectors) != 1 {
			return nil, false
		}
		switch one := &segments[i].selectors[0]; one.kind {
		case selectName:
			steps = append(steps, step{name: one.name})
		case selectIndex:
			steps = append(steps, step{index: one.index, byIndex: true})
		default:
			return nil, false
		}
	}
	return steps, true
}

func newQuery(absolute bool, segments []segment) *query {
	q := &query{absolute: absolute, segments: segments}
	q.steps, q.singular = singularSteps(segments)
	return q
}
