// SPDX-License-Identifier: Apache-2.0

package jsonpath

// A parameterType is what a function takes or gives, as the RFC has it.
type parameterType uint8

const (
	typeValue   parameterType = iota // a value or none
	typeLogical                      // true or false, which is no value
	typeNodes                        // any number of nodes
)

// A function is one that filters may call.
type function struct {
	name       string
	parameters []parameterType
	result     parameterType
}

// functions are all there are.
var functions = []function{
	{"length", []parameterType{typeValue}, typeValue},
	{"count", []parameterType{typeNodes}, typeValue},
	{"value", []parameterType{typeNodes}, typeValue},
	{"match", []parameterType{typeValue, typeValue}, typeLogical},
	{"search", []parameterType{typeValue, typeValue}, typeLogical},
}

type operandKind uint8

const (
	operandLiteral operandKind = iota
	operandQuery
	operandValue   // a function's value
	operandLogical // a function's truth
)

// An operand is what stands beside an operator, alone, or as an argument. What it may be used
// for depends on its kind, so whoever has read it asks for one of its uses.
type operand struct {
	kind  operandKind
	at    int // where it began
	term  term
	truth condition
}

// or reads conditions with || between them.
func (p *parser) or() condition {
	return p.joined("||", conditionOr, p.and)
}

// and reads conditions with && between them.
func (p *parser) and() condition {
	return p.joined("&&", conditionAnd, p.basic)
}

func (p *parser) joined(operator string, kind conditionKind, part func() condition) condition {
	parts := []condition{part()}
	for {
		mark := p.at
		p.space()
		if !p.accept(operator) {
			p.at = mark
			break
		}
		p.space()
		parts = append(parts, part())
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return condition{kind: kind, parts: parts}
}

// basic reads what stands between the operators: something in brackets, a comparison, a test.
func (p *parser) basic() condition {
	p.enter()
	defer p.leave()
	if p.accept("!") {
		p.space()
		var inner condition
		if p.peek() == '(' {
			inner = p.bracket()
		} else {
			inner = p.asTest(p.operand())
		}
		return condition{kind: conditionNot, parts: []condition{inner}}
	}
	if p.peek() == '(' {
		return p.bracket()
	}
	left := p.operand()
	mark := p.at
	p.space()
	if !p.strict && p.accept("=~") {
		p.space()
		return p.matching(p.asComparable(left), p.asComparable(p.operand()), patternRE2)
	}
	op, ok := p.comparison()
	if !ok {
		p.at = mark
		return p.asTest(left)
	}
	p.space()
	l, r := p.asComparable(left), p.asComparable(p.operand())
	return condition{kind: conditionCompare, op: op, left: &l, right: &r}
}

// bracket reads a condition in round brackets.
func (p *parser) bracket() condition {
	p.at++
	p.space()
	c := p.or()
	p.space()
	p.expect(')', "expected && or || or )")
	return c
}

// comparison reads an operator if there is one.
func (p *parser) comparison() (op comparison, ok bool) {
	switch {
	case p.accept("=="):
		return equal, true
	case p.accept("!="):
		return notEqual, true
	case p.accept("<="):
		return lessOrEqual, true
	case p.accept("<"):
		return less, true
	case p.accept(">="):
		return greaterOrEqual, true
	case p.accept(">"):
		return greater, true
	}
	return 0, false
}

// operand reads a literal, a query or a call.
func (p *parser) operand() operand {
	start := p.at
	switch c := p.peek(); {
	case c == '@' || c == '$':
		p.at++
		return operand{kind: operandQuery, at: start,
			term: term{kind: termQuery, query: newQuery(c == '$', p.segments())}}
	case c == '\'' || c == '"':
		return literalOperand(start, textLiteral(p.quoted()))
	case c == '-' || isDigit(c):
		return literalOperand(start, numberLiteral(p.number()))
	}
	name := p.word()
	if name != "" && p.peek() == '(' {
		return p.call(start, name)
	}
	switch name {
	case "true", "false", "null":
		return literalOperand(start, wordLiteral(name))
	}
	p.fail(start, "expected @, $, a literal or a function")
	return operand{}
}

func literalOperand(at int, l literal) operand {
	return operand{kind: operandLiteral, at: at, term: term{kind: termLiteral, literal: l}}
}

// call reads the arguments of a function and looks whether they fit it.
func (p *parser) call(start int, name string) operand {
	f := functionNamed(name)
	if f == nil {
		p.fail(start, "no such function")
	}
	p.enter()
	defer p.leave()
	p.at++
	p.space()
	var arguments []operand
	for p.peek() != ')' {
		if len(arguments) > 0 {
			p.expect(',', "expected , or )")
			p.space()
		}
		arguments = append(arguments, p.argument())
		p.space()
	}
	if len(arguments) != len(f.parameters) {
		p.fail(p.at, "wrong number of arguments for "+name+"()")
	}
	p.at++
	return p.apply(f, start, arguments)
}

// argument reads one argument. The RFC also knows conditions as arguments, but no function
// that takes one.
func (p *parser) argument() operand {
	start := p.at
	if c := p.peek(); c == '!' || c == '(' {
		p.fail(start, "no function takes a condition")
	}
	o := p.operand()
	mark := p.at
	p.space()
	if c := p.peek(); c != ',' && c != ')' {
		p.fail(p.at, "expected , or )")
	}
	p.at = mark
	return o
}

func functionNamed(name string) *function {
	for i := range functions {
		if functions[i].name == name {
			return &functions[i]
		}
	}
	return nil
}

// apply makes an operand of a call.
func (p *parser) apply(f *function, start int, arguments []operand) operand {
	terms := make([]term, len(arguments))
	for i, o := range arguments {
		if f.parameters[i] == typeNodes {
			terms[i] = p.asNodes(o)
		} else {
			terms[i] = p.asComparable(o)
		}
	}
	result := operand{kind: operandValue, at: start}
	switch f.name {
	case "length":
		result.term = term{kind: termLength, argument: &terms[0]}
	case "count":
		result.term = term{kind: termCount, query: terms[0].query}
	case "value":
		result.term = term{kind: termValue, query: terms[0].query}
	case "match":
		result.truth = p.matching(terms[0], terms[1], patternWhole)
	case "search":
		result.truth = p.matching(terms[0], terms[1], patternPart)
	}
	if f.result == typeLogical {
		result.kind = operandLogical
	}
	return result
}

// matching is the condition that a text has a pattern, which is made ready here if the path
// holds it.
func (p *parser) matching(text, right term, d dialect) condition {
	c := condition{kind: conditionMatch, left: &text, right: &right, dialect: d}
	if right.kind == termLiteral {
		c.pattern = newPattern(right.literal.value.Text(), d)
	}
	return c
}

// asTest uses an operand as a condition.
func (p *parser) asTest(o operand) condition {
	switch o.kind {
	case operandQuery:
		return condition{kind: conditionExists, query: o.term.query}
	case operandLogical:
		return o.truth
	case operandLiteral:
		p.fail(o.at, "a literal is no condition")
	}
	p.fail(o.at, "the value of this function is no condition")
	return condition{}
}

// asComparable uses an operand as a value.
func (p *parser) asComparable(o operand) term {
	switch {
	case o.kind == operandLogical:
		p.fail(o.at, "this function is a condition and has no value")
	case o.kind == operandQuery && !o.term.query.singular:
		p.fail(o.at, "query may find several nodes, so it has no value")
	}
	return o.term
}

// asNodes uses an operand as a list of nodes.
func (p *parser) asNodes(o operand) term {
	if o.kind != operandQuery {
		p.fail(o.at, "expected a query")
	}
	return o.term
}
