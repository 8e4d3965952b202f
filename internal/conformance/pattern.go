// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// pattern is a recorded reply: a value in which parts may be left open.
type pattern struct {
	any    bool           // matches every value
	kind   byte           // of the value, as in Value
	null   bool           // "$-1" and "*-1"
	text   string         // of scalars, when neither of the two below is set
	re     *regexp.Regexp // of strings: the whole text matches
	ranged bool           // of integers: from lo to hi, both included
	lo, hi int64
	elems  []pattern
}

// match says whether v is what p describes. order tells which parts have no order.
func (p pattern) match(v Value, order ordering) bool {
	switch {
	case p.any:
		return true
	case p.kind != v.Kind || p.null != v.Null || len(p.elems) != len(v.Elems):
		return false
	case p.re != nil:
		return p.re.MatchString(v.Text)
	case p.ranged:
		n, err := strconv.ParseInt(v.Text, 10, 64)
		return err == nil && p.lo <= n && n <= p.hi
	case !v.IsAggregate():
		return p.text == v.Text
	}
	if order.unordered && order.in < 0 {
		return p.matchUnordered(v, order.group)
	}
	for i, elem := range p.elems {
		below := ordering{}
		if order.unordered && i == order.in {
			below = ordering{unordered: true, group: order.group, in: -1}
		}
		if !elem.match(v.Elems[i], below) {
			return false
		}
	}
	return true
}

// matchUnordered finds for each recorded group one that came. It is greedy, which is enough
// as long as open patterns of one reply do not overlap.
func (p pattern) matchUnordered(v Value, group int) bool {
	if p.kind == '%' {
		group = 2
	}
	if len(p.elems)%group != 0 {
		return false
	}
	left := slices.Collect(slices.Chunk(v.Elems, group))
	for want := range slices.Chunk(p.elems, group) {
		at := slices.IndexFunc(left, func(got []Value) bool {
			for i := range want {
				if !want[i].match(got[i], ordering{}) {
					return false
				}
			}
			return true
		})
		if at < 0 {
			return false
		}
		left = slices.Delete(left, at, at+1)
	}
	return true
}

// ordering says which elements of a reply come in no defined order.
type ordering struct {
	unordered bool
	group     int // elements that stay together: 1, or 2 for fields and values
	in        int // index of the element that has no order; negative: the reply itself
}

// sorted gives v with the groups that have no order in ascending order, to record it.
func (o ordering) sorted(v Value) Value {
	if !o.unordered || !v.IsAggregate() {
		return v
	}
	if o.in >= 0 {
		if o.in < len(v.Elems) {
			v.Elems = slices.Clone(v.Elems)
			below := ordering{unordered: true, group: o.group, in: -1}
			v.Elems[o.in] = below.sorted(v.Elems[o.in])
		}
		return v
	}
	group := o.group
	if v.Kind == '%' {
		group = 2
	}
	if len(v.Elems)%group != 0 {
		return v
	}
	groups := slices.Collect(slices.Chunk(slices.Clone(v.Elems), group))
	slices.SortFunc(groups, func(a, b []Value) int {
		return strings.Compare(Value{Kind: '*', Elems: a}.String(), Value{Kind: '*', Elems: b}.String())
	})
	v.Elems = slices.Concat(groups...)
	return v
}

// parsePattern reads the lines of one recorded reply.
func parsePattern(lines []string) (pattern, error) {
	p, rest, err := parseNode(lines, "")
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%q is beyond the reply", rest[0])
	}
	return p, err
}

func parseNode(lines []string, indent string) (pattern, []string, error) {
	if len(lines) == 0 {
		return pattern{}, nil, fmt.Errorf("the reply ends too early")
	}
	text, ok := strings.CutPrefix(lines[0], indent)
	if !ok || text == "" || text[0] == ' ' {
		return pattern{}, nil, fmt.Errorf("%q is not indented by %d", lines[0], len(indent))
	}
	p, err := parseScalar(text)
	rest := lines[1:]
	if err != nil || strings.IndexByte("*%~>|", p.kind) < 0 || p.null || p.any {
		return p, rest, err
	}
	count, err := strconv.Atoi(p.text)
	if err != nil || count < 0 {
		return pattern{}, nil, fmt.Errorf("%q has no length", lines[0])
	}
	p.text = ""
	if p.kind == '%' || p.kind == '|' {
		count *= 2
	}
	for range count {
		var elem pattern
		if elem, rest, err = parseNode(rest, indent+"  "); err != nil {
			return pattern{}, nil, err
		}
		p.elems = append(p.elems, elem)
	}
	return p, rest, nil
}

func parseScalar(text string) (pattern, error) {
	if text == "<any>" {
		return pattern{any: true}, nil
	}
	if text[0] == '"' {
		s, err := strconv.Unquote(text)
		return pattern{kind: '$', text: s}, err
	}
	p := pattern{kind: text[0], text: text[1:]}
	switch {
	case strings.IndexByte("+-:$*_,#(=!%~>|", p.kind) < 0:
		return p, fmt.Errorf("%q is no reply", text)
	case (p.kind == '$' || p.kind == '*') && p.text == "-1":
		return pattern{kind: p.kind, null: true}, nil
	case p.kind == ':' && strings.HasPrefix(p.text, "<"):
		return parseRange(p)
	case strings.IndexByte("+-$=", p.kind) >= 0 && len(p.text) > 1 && p.text[0] == '/':
		return parseRegexp(p)
	case strings.IndexByte("+-=!", p.kind) >= 0:
		s, err := strconv.Unquote(`"` + strings.ReplaceAll(p.text, `"`, `\"`) + `"`)
		p.text = s
		return p, err
	}
	return p, nil
}

func parseRange(p pattern) (pattern, error) {
	lo, hi, ok := strings.Cut(strings.Trim(p.text, "<>"), "..")
	p.ranged, p.lo, p.hi = true, math.MinInt64, math.MaxInt64
	var errLo, errHi error
	if lo != "" {
		p.lo, errLo = strconv.ParseInt(lo, 10, 64)
	}
	if hi != "" {
		p.hi, errHi = strconv.ParseInt(hi, 10, 64)
	}
	if !ok || errLo != nil || errHi != nil {
		return p, fmt.Errorf("range %q: want <lo..hi>", p.text)
	}
	return p, nil
}

func parseRegexp(p pattern) (pattern, error) {
	body, ok := strings.CutSuffix(p.text[1:], "/")
	if !ok {
		return p, fmt.Errorf("regular expression %q does not end in a slash", p.text)
	}
	re, err := regexp.Compile(`(?s)\A(?:` + body + `)\z`)
	p.re = re
	return p, err
}
