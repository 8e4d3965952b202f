// SPDX-License-Identifier: Apache-2.0

package jsonpath

import "strconv"

// String gives the path in one canonical form: every name in brackets and single quotes, as in
// the RFC's normalized paths, no white space but around operators. It parses to the same path.
func (p *Path) String() string {
	if !p.legacy {
		return string(appendQuery(nil, &p.query))
	}
	if len(p.query.segments) == 0 {
		return "."
	}
	return string(appendSegments(nil, p.query.segments))
}

func appendQuery(dst []byte, q *query) []byte {
	first := byte('@')
	if q.absolute {
		first = '$'
	}
	return appendSegments(append(dst, first), q.segments)
}

func appendSegments(dst []byte, list []segment) []byte {
	for i := range list {
		if list[i].descendant {
			dst = append(dst, ".."...)
		}
		dst = append(dst, '[')
		for k := range list[i].selectors {
			if k > 0 {
				dst = append(dst, ',')
			}
			dst = appendSelector(dst, &list[i].selectors[k])
		}
		dst = append(dst, ']')
	}
	return dst
}

func appendSelector(dst []byte, s *selector) []byte {
	switch s.kind {
	case selectName:
		return appendQuoted(dst, s.name)
	case selectIndex:
		return strconv.AppendInt(dst, s.index, 10)
	case selectSlice:
		return appendSlice(dst, s.slice)
	case selectFilter:
		return appendCondition(append(dst, '?'), s.filter)
	}
	return append(dst, '*')
}

func appendSlice(dst []byte, s *slice) []byte {
	if s.hasStart {
		dst = strconv.AppendInt(dst, s.start, 10)
	}
	dst = append(dst, ':')
	if s.hasEnd {
		dst = strconv.AppendInt(dst, s.end, 10)
	}
	if s.step != 1 {
		dst = strconv.AppendInt(append(dst, ':'), s.step, 10)
	}
	return dst
}

// appendQuoted writes a text as a normalized path has it.
func appendQuoted(dst, text []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '\'')
	for _, c := range text {
		switch {
		case c == '\'' || c == '\\':
			dst = append(dst, '\\', c)
		case c >= ' ':
			dst = append(dst, c)
		case c >= '\b' && c <= '\r' && c != '\v':
			dst = append(dst, '\\', "btn?fr"[c-'\b'])
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(dst, '\'')
}

func appendCondition(dst []byte, c *condition) []byte {
	switch c.kind {
	case conditionOr, conditionAnd:
		return appendJoined(dst, c)
	case conditionNot:
		return appendNot(dst, &c.parts[0])
	case conditionExists:
		return appendQuery(dst, c.query)
	case conditionMatch:
		return appendMatch(dst, c)
	}
	dst = appendTerm(dst, c.left)
	dst = append(dst, [...]string{" == ", " != ", " < ", " <= ", " > ", " >= "}[c.op]...)
	return appendTerm(dst, c.right)
}

func appendJoined(dst []byte, c *condition) []byte {
	operator := " || "
	if c.kind == conditionAnd {
		operator = " && "
	}
	for i := range c.parts {
		if i > 0 {
			dst = append(dst, operator...)
		}
		part := &c.parts[i]
		bracketed := part.kind == conditionOr || part.kind == conditionAnd && c.kind == conditionAnd
		if bracketed {
			dst = appendBracketed(dst, part)
		} else {
			dst = appendCondition(dst, part)
		}
	}
	return dst
}

func appendBracketed(dst []byte, c *condition) []byte {
	dst = appendCondition(append(dst, '('), c)
	return append(dst, ')')
}

// appendNot writes brackets around all but what ! may stand before alone.
func appendNot(dst []byte, c *condition) []byte {
	dst = append(dst, '!')
	alone := c.kind == conditionExists || c.kind == conditionMatch && c.dialect != patternRE2
	if alone {
		return appendCondition(dst, c)
	}
	return appendBracketed(dst, c)
}

func appendMatch(dst []byte, c *condition) []byte {
	if c.dialect == patternRE2 {
		dst = append(appendTerm(dst, c.left), " =~ "...)
		return appendTerm(dst, c.right)
	}
	name := "match("
	if c.dialect == patternPart {
		name = "search("
	}
	dst = appendTerm(append(dst, name...), c.left)
	dst = appendTerm(append(dst, ", "...), c.right)
	return append(dst, ')')
}

func appendTerm(dst []byte, t *term) []byte {
	switch t.kind {
	case termQuery:
		return appendQuery(dst, t.query)
	case termLength:
		dst = appendTerm(append(dst, "length("...), t.argument)
	case termCount:
		dst = appendQuery(append(dst, "count("...), t.query)
	case termValue:
		dst = appendQuery(append(dst, "value("...), t.query)
	default:
		if t.literal.value.Text() != nil {
			return appendQuoted(dst, t.literal.value.Text())
		}
		return append(dst, t.literal.text...)
	}
	return append(dst, ')')
}
