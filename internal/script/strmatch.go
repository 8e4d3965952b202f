// SPDX-License-Identifier: Apache-2.0

package script

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// matching runs f, which works with the matcher of the machine, and raises what is wrong with
// the pattern.
func (m *machine) matching(L *lua.LState, subject, pattern string, f func(p *matcher) int) int {
	p := &matcher{subject: subject, pattern: pattern}
	p.tick = func() { m.meter.steps(stepsPerTick / 4) }
	fault := patternFault("")
	n := func() int {
		defer func() {
			r := recover()
			if text, ok := r.(patternFault); ok {
				fault = text
			} else if r != nil {
				panic(r)
			}
		}()
		return f(p)
	}()
	if fault != "" {
		m.fault(L, string(fault))
	}
	return n
}

// pushCapture pushes capture i of a match from begin to end; without captures, the first is the
// whole match.
func (m *machine) pushCapture(L *lua.LState, p *matcher, i, begin, end int) {
	if i >= p.level {
		if i != 0 {
			panic(patternFault("invalid capture index"))
		}
		L.Push(lua.LString(p.subject[begin:end]))
		return
	}
	switch c := p.captures[i]; c.size {
	case captureOpen:
		panic(patternFault("unfinished capture"))
	case capturePosition:
		L.Push(m.words.number(float64(c.begin + 1)))
	default:
		L.Push(lua.LString(p.subject[c.begin : c.begin+c.size]))
	}
}

// pushCaptures pushes all captures, or the whole match if whole and there are none.
func (m *machine) pushCaptures(L *lua.LState, p *matcher, begin, end int, whole bool) int {
	n := p.level
	if n == 0 && whole {
		n = 1
	}
	for i := range n {
		m.pushCapture(L, p, i, begin, end)
	}
	return n
}

func (m *machine) stringFind(L *lua.LState) int  { return m.find(L, "find", true) }
func (m *machine) stringMatch(L *lua.LState) int { return m.find(L, "match", false) }

// find is string.find, or string.match, which gives no positions.
func (m *machine) find(L *lua.LState, function string, positions bool) int {
	subject, pattern := m.checkString(L, 1, function), m.checkString(L, 2, function)
	from := relative(m.optPosition(L, 3, 1, function), len(subject)) - 1
	from = min(max(from, 0), len(subject))
	if positions && (lua.LVAsBool(L.Get(4)) || !strings.ContainsAny(pattern, "^$*+?.([%-")) {
		i := strings.Index(subject[from:], pattern)
		if i < 0 {
			L.Push(lua.LNil)
			return 1
		}
		L.Push(m.words.number(float64(from + i + 1)))
		L.Push(m.words.number(float64(from + i + len(pattern))))
		return 2
	}
	anchored := strings.HasPrefix(pattern, "^")
	pattern = strings.TrimPrefix(pattern, "^")
	if !anchored {
		return m.matching(L, subject, pattern, func(p *matcher) int {
			for s := from; s <= len(subject); s++ {
				if end := p.at(s); end >= 0 {
					return m.found(L, p, s, end, positions)
				}
			}
			L.Push(lua.LNil)
			return 1
		})
	}
	return m.matching(L, subject, pattern, func(p *matcher) int {
		if end := p.at(from); end >= 0 {
			return m.found(L, p, from, end, positions)
		}
		L.Push(lua.LNil)
		return 1
	})
}

// found pushes what find and match return.
func (m *machine) found(L *lua.LState, p *matcher, begin, end int, positions bool) int {
	if !positions {
		return m.pushCaptures(L, p, begin, end, true)
	}
	L.Push(m.words.number(float64(begin + 1)))
	L.Push(m.words.number(float64(end)))
	return 2 + m.pushCaptures(L, p, begin, end, false)
}

// stringGmatch returns a function that gives the next match each time.
func (m *machine) stringGmatch(L *lua.LState) int {
	subject, pattern := m.checkString(L, 1, "gmatch"), m.checkString(L, 2, "gmatch")
	from := 0
	L.Push(L.NewFunction(func(L *lua.LState) int {
		return m.matching(L, subject, pattern, func(p *matcher) int {
			for s := from; s <= len(subject); s++ {
				end := p.at(s)
				if end < 0 {
					continue
				}
				if from = end; end == s {
					from++
				}
				return m.pushCaptures(L, p, s, end, true)
			}
			from = len(subject) + 1
			return 0
		})
	}))
	return 1
}

func (m *machine) stringGsub(L *lua.LState) int {
	subject, pattern := m.checkString(L, 1, "gsub"), m.checkString(L, 2, "gsub")
	switch L.Get(3).(type) {
	case lua.LNumber, lua.LString, *lua.LTable, *lua.LFunction:
	default:
		m.badArgument(L, 3, "gsub", "string/function/table expected")
	}
	most := m.optInt(L, 4, len(subject)+1, "gsub")
	anchored := strings.HasPrefix(pattern, "^")
	pattern = strings.TrimPrefix(pattern, "^")
	return m.matching(L, subject, pattern, func(p *matcher) int {
		var out []byte
		s, n := 0, 0
		for n < most {
			end := p.at(s)
			if end >= 0 {
				n++
				out = m.replaced(L, p, out, s, end)
			}
			if end > s {
				s = end
			} else if s < len(subject) {
				out = append(out, subject[s])
				s++
			} else {
				break
			}
			m.checkLength(L, len(out))
			if anchored {
				break
			}
		}
		if s < len(subject) {
			out = append(out, subject[s:]...)
		}
		L.Push(lua.LString(out))
		L.Push(m.words.number(float64(n)))
		return 2
	})
}

// replaced appends what stands in place of a match.
func (m *machine) replaced(L *lua.LState, p *matcher, out []byte, begin, end int) []byte {
	var v lua.LValue
	switch r := L.Get(3).(type) {
	case *lua.LFunction:
		level, captures := p.level, p.captures // the function may match as well
		L.Push(r)
		n := m.pushCaptures(L, p, begin, end, true)
		L.Call(n, 1)
		p.level, p.captures = level, captures
		v = L.Get(-1)
		L.Pop(1)
	case *lua.LTable:
		m.pushCapture(L, p, 0, begin, end)
		key := L.Get(-1)
		L.Pop(1)
		v = L.GetTable(r, key)
	default:
		return m.template(L, p, out, begin, end)
	}
	if lua.LVIsFalse(v) {
		return append(out, p.subject[begin:end]...)
	}
	text, ok := stringOf(v)
	if !ok {
		panic(patternFault("invalid replacement value (a " + typeName(v) + ")"))
	}
	return append(out, text...)
}

// template appends a replacement in which %1 stands for a capture.
func (m *machine) template(L *lua.LState, p *matcher, out []byte, begin, end int) []byte {
	text, _ := stringOf(L.Get(3))
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c != escape {
			out = append(out, c)
			continue
		}
		i++
		switch {
		case i >= len(text):
			out = append(out, 0)
		case !isDigitByte(text[i]):
			out = append(out, text[i])
		case text[i] == '0':
			out = append(out, p.subject[begin:end]...)
		default:
			m.pushCapture(L, p, int(text[i]-'1'), begin, end)
			s, _ := stringOf(L.Get(-1))
			L.Pop(1)
			out = append(out, s...)
		}
	}
	return out
}
