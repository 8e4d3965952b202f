// SPDX-License-Identifier: Apache-2.0

package script

// This file is the patterns of Lua 5.1, without anything of the evaluator: a matcher works on
// strings and panics with a [patternFault] for a pattern that is none.

const (
	capturesMax     = 32
	patternDepthMax = 10_000 // items of a pattern that wait for those behind them
	stepsPerTick    = 1 << 12
	escape          = '%'

	captureOpen     = -1 // length of a capture that has not ended
	capturePosition = -2 // length of a capture that is a position
)

// patternFault is what is wrong with a pattern.
type patternFault string

// capture is a part of the subject; size may be captureOpen or capturePosition.
type capture struct{ begin, size int }

// matcher looks for a pattern in a subject.
type matcher struct {
	subject, pattern string
	captures         [capturesMax]capture
	level            int // captures in use
	depth            int
	steps            int
	tick             func() // called once in a while; nil: never
}

// at tries the pattern from index p at position s of the subject and returns where the match
// ends, or -1.
func (m *matcher) at(s int) int {
	m.level, m.depth = 0, 0
	return m.match(s, 0)
}

func (m *matcher) step() {
	m.steps++
	if m.steps%stepsPerTick == 0 && m.tick != nil {
		m.tick()
	}
}

// match matches what stands in the pattern from p on.
func (m *matcher) match(s, p int) int {
	if m.depth++; m.depth > patternDepthMax {
		panic(patternFault("pattern too complex"))
	}
	defer func() { m.depth-- }()
	for p < len(m.pattern) {
		m.step()
		switch c := m.pattern[p]; {
		case c == '(':
			if p+1 < len(m.pattern) && m.pattern[p+1] == ')' {
				return m.startCapture(s, p+2, capturePosition)
			}
			return m.startCapture(s, p+1, captureOpen)
		case c == ')':
			return m.endCapture(s, p+1)
		case c == '$' && p+1 == len(m.pattern):
			if s == len(m.subject) {
				return s
			}
			return -1
		case c == escape && p+1 < len(m.pattern) && m.pattern[p+1] == 'b':
			if s = m.balance(s, p+2); s < 0 {
				return -1
			}
			p += 4
			continue
		case c == escape && p+1 < len(m.pattern) && m.pattern[p+1] == 'f':
			end, ok := m.frontier(s, p+2)
			if !ok {
				return -1
			}
			p = end
			continue
		case c == escape && p+1 < len(m.pattern) && isDigitByte(m.pattern[p+1]):
			if s = m.backReference(s, m.pattern[p+1]); s < 0 {
				return -1
			}
			p += 2
			continue
		}
		next, done := m.item(&s, p)
		if done {
			return s
		}
		p = next
	}
	return s
}

// item matches a class of characters and what says how often. If done, s is where the whole
// match ends, or -1.
func (m *matcher) item(s *int, p int) (next int, done bool) {
	end := m.classEnd(p)
	matches := *s < len(m.subject) && m.single(m.subject[*s], p, end)
	repeat := byte(0)
	if end < len(m.pattern) {
		repeat = m.pattern[end]
	}
	switch repeat {
	case '?':
		if matches {
			if r := m.match(*s+1, end+1); r >= 0 {
				*s = r
				return 0, true
			}
		}
		return end + 1, false
	case '*':
		*s = m.most(*s, p, end)
		return 0, true
	case '+':
		if !matches {
			*s = -1
		} else {
			*s = m.most(*s+1, p, end)
		}
		return 0, true
	case '-':
		*s = m.least(*s, p, end)
		return 0, true
	}
	if !matches {
		*s = -1
		return 0, true
	}
	*s++
	return end, false
}

// most takes as many characters as there are, then fewer.
func (m *matcher) most(s, p, end int) int {
	n := 0
	for s+n < len(m.subject) && m.single(m.subject[s+n], p, end) {
		m.step()
		n++
	}
	for ; n >= 0; n-- {
		if r := m.match(s+n, end+1); r >= 0 {
			return r
		}
	}
	return -1
}

// least takes as few characters as possible.
func (m *matcher) least(s, p, end int) int {
	for {
		if r := m.match(s, end+1); r >= 0 {
			return r
		}
		if s >= len(m.subject) || !m.single(m.subject[s], p, end) {
			return -1
		}
		s++
	}
}

func (m *matcher) startCapture(s, p, size int) int {
	if m.level >= capturesMax {
		panic(patternFault("too many captures"))
	}
	m.captures[m.level] = capture{begin: s, size: size}
	m.level++
	r := m.match(s, p)
	if r < 0 {
		m.level--
	}
	return r
}

func (m *matcher) endCapture(s, p int) int {
	open := -1
	for i := m.level - 1; i >= 0 && open < 0; i-- {
		if m.captures[i].size == captureOpen {
			open = i
		}
	}
	if open < 0 {
		panic(patternFault("invalid pattern capture"))
	}
	m.captures[open].size = s - m.captures[open].begin
	r := m.match(s, p)
	if r < 0 {
		m.captures[open].size = captureOpen
	}
	return r
}

// balance matches a text between two characters that may be nested.
func (m *matcher) balance(s, p int) int {
	if p+1 >= len(m.pattern) {
		panic(patternFault("unbalanced pattern"))
	}
	if s >= len(m.subject) || m.subject[s] != m.pattern[p] {
		return -1
	}
	open, closing, depth := m.pattern[p], m.pattern[p+1], 1
	for i := s + 1; i < len(m.subject); i++ {
		m.step()
		switch m.subject[i] {
		case closing:
			if depth--; depth == 0 {
				return i + 1
			}
		case open:
			depth++
		}
	}
	return -1
}

// frontier is the place where a class begins. It returns the index behind the class.
func (m *matcher) frontier(s, p int) (end int, ok bool) {
	if p >= len(m.pattern) || m.pattern[p] != '[' {
		panic(patternFault("missing '[' after '%f' in pattern"))
	}
	end = m.classEnd(p)
	var before, here byte
	if s > 0 {
		before = m.subject[s-1]
	}
	if s < len(m.subject) {
		here = m.subject[s]
	}
	return end, !m.inSet(before, p, end-1) && m.inSet(here, p, end-1)
}

// backReference matches what a capture holds.
func (m *matcher) backReference(s int, digit byte) int {
	i := int(digit) - '1'
	if i < 0 || i >= m.level || m.captures[i].size == captureOpen {
		panic(patternFault("invalid capture index"))
	}
	c := m.captures[i]
	size := max(c.size, 0)
	if len(m.subject)-s < size || m.subject[s:s+size] != m.subject[c.begin:c.begin+size] {
		return -1
	}
	return s + size
}

// classEnd is the index behind the class of characters at p.
func (m *matcher) classEnd(p int) int {
	c := m.pattern[p]
	p++
	switch c {
	case escape:
		if p >= len(m.pattern) {
			panic(patternFault("malformed pattern (ends with '%')"))
		}
		return p + 1
	case '[':
		if p < len(m.pattern) && m.pattern[p] == '^' {
			p++
		}
		for first := true; ; first = false {
			if p >= len(m.pattern) {
				panic(patternFault("malformed pattern (missing ']')"))
			}
			c := m.pattern[p]
			p++
			if c == ']' && !first {
				return p
			}
			if c == escape && p < len(m.pattern) {
				p++
			}
		}
	}
	return p
}

// single tells whether c is of the class at p, which ends before end.
func (m *matcher) single(c byte, p, end int) bool {
	switch m.pattern[p] {
	case '.':
		return true
	case escape:
		return inClass(c, m.pattern[p+1])
	case '[':
		return m.inSet(c, p, end-1)
	}
	return m.pattern[p] == c
}

// inSet tells whether c is in the set from "[" at p to "]" at last.
func (m *matcher) inSet(c byte, p, last int) bool {
	found := true
	p++
	if m.pattern[p] == '^' {
		found = false
		p++
	}
	for ; p < last; p++ {
		switch {
		case m.pattern[p] == escape:
			p++
			if inClass(c, m.pattern[p]) {
				return found
			}
		case p+2 < last && m.pattern[p+1] == '-':
			if m.pattern[p] <= c && c <= m.pattern[p+2] {
				return found
			}
			p += 2
		case m.pattern[p] == c:
			return found
		}
	}
	return !found
}

func isDigitByte(c byte) bool { return '0' <= c && c <= '9' }

// inClass tells whether c is of the class that a letter names; a capital names what is not of
// it, and anything but a letter of a class names itself.
func inClass(c, class byte) bool {
	var is bool
	switch class | 0x20 {
	case 'a':
		is = isLetter(c)
	case 'c':
		is = c < ' ' || c == 0x7f
	case 'd':
		is = isDigitByte(c)
	case 'l':
		is = 'a' <= c && c <= 'z'
	case 'p':
		is = ' ' < c && c < 0x7f && !isLetter(c) && !isDigitByte(c)
	case 's':
		is = c == ' ' || '\t' <= c && c <= '\r'
	case 'u':
		is = 'A' <= c && c <= 'Z'
	case 'w':
		is = isLetter(c) || isDigitByte(c)
	case 'x':
		is = isDigitByte(c) || 'a' <= c|0x20 && c|0x20 <= 'f'
	case 'z':
		is = c == 0
	default:
		return class == c
	}
	if !isLetter(class) {
		return class == c
	}
	return is == ('a' <= class)
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
