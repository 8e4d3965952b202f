// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// script is a parsed file of calls and recorded replies.
type script struct {
	lines  []string
	proto3 bool
	ours   bool
	config [][2]string // parameters for the time of the script
	steps  []step
}

// verb is the way a step asks.
type verb byte

const (
	verbCall  verb = iota // send a call, read its reply
	verbRaw               // send bytes, read one reply
	verbMore              // read one more reply
	verbUntil             // repeat a call until the reply is the recorded one
)

// step is one question and its recorded reply.
type step struct {
	line    int // index of the line that asks
	verb    verb
	conn    string // name of the connection; the first one has none
	words   string // the arguments as written
	order   ordering
	capture string // name under which the reply is kept
	reply   []string
}

// replies that are not values
const (
	replyNone   = "(none)"
	replyClosed = "(closed)"
)

// parseScript reads a script file.
func parseScript(file string) (*script, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s := &script{lines: strings.Split(strings.TrimRight(string(text), "\n"), "\n")}
	next := step{order: ordering{group: 1, in: -1}}
	open := false // whether reply lines may follow
	for i, line := range s.lines {
		err = nil
		switch {
		case line == "" || line == "#" || strings.HasPrefix(line, "# "):
			open = false
			err = s.header(line)
		case strings.HasPrefix(line, "~ "):
			open = false
			err = next.annotate(strings.Fields(line[2:]))
		case next.asks(line):
			open = true
			next.line = i
			s.steps = append(s.steps, next)
			next = step{order: ordering{group: 1, in: -1}}
		case open:
			last := &s.steps[len(s.steps)-1]
			last.reply = append(last.reply, line)
		default:
			err = fmt.Errorf("%q follows no call", line)
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, i+1, err)
		}
	}
	return s, nil
}

// header reads a directive out of a comment; other comments are for people.
func (s *script) header(line string) error {
	words := strings.Fields(strings.TrimPrefix(line, "#"))
	switch {
	case len(words) == 0 || len(s.steps) > 0:
		return nil
	case words[0] == "proto" && len(words) == 2:
		s.proto3 = words[1] == "3"
	case words[0] == "ours" || words[0] == "ours:":
		s.ours = true
	case words[0] == "config" && len(words) == 3:
		s.config = append(s.config, [2]string{words[1], words[2]})
	}
	return nil
}

// annotate reads a line that says something of the next reply.
func (st *step) annotate(words []string) error {
	switch words[0] {
	case "capture":
		if len(words) != 2 {
			return fmt.Errorf("capture wants a name")
		}
		st.capture = words[1]
		return nil
	case "unordered":
		st.order.unordered = true
	default:
		return fmt.Errorf("unknown annotation %q", words[0])
	}
	for i := 1; i < len(words); i++ {
		switch {
		case words[i] == "pairs":
			st.order.group = 2
		case words[i] == "in" && i+1 < len(words):
			at, err := strconv.Atoi(words[i+1])
			if err != nil {
				return err
			}
			st.order.in = at
			i++
		default:
			return fmt.Errorf("unknown word %q", words[i])
		}
	}
	return nil
}

// asks reads a line that asks, and says whether it is one.
func (st *step) asks(line string) bool {
	rest := line
	if strings.HasPrefix(rest, "[") {
		name, after, ok := strings.Cut(rest[1:], "]")
		if !ok {
			return false
		}
		st.conn, rest = name, after
	}
	for prefix, v := range map[string]verb{
		">": verbCall, "raw>": verbRaw, "more>": verbMore, "until>": verbUntil,
	} {
		if rest == prefix || strings.HasPrefix(rest, prefix+" ") {
			st.verb, st.words = v, strings.TrimSpace(strings.TrimPrefix(rest, prefix))
			return true
		}
	}
	return false
}

// parseArgs splits the words of a call: plain words, Go strings with an optional "*n",
// <seq …> and ${captured} values.
func parseArgs(words string, captured map[string]string) ([]string, error) {
	var args []string
	for rest := strings.TrimLeft(words, " "); rest != ""; rest = strings.TrimLeft(rest, " ") {
		var err error
		switch {
		case rest[0] == '"':
			var arg string
			if arg, rest, err = cutQuoted(rest); err == nil {
				args = append(args, arg)
			}
		case strings.HasPrefix(rest, "<seq "):
			body, after, ok := strings.Cut(rest[len("<seq "):], ">")
			if !ok {
				return nil, fmt.Errorf("<seq without an end")
			}
			args, err = appendSeq(args, body)
			rest = after
		default:
			word, after, _ := strings.Cut(rest, " ")
			rest = after
			args = append(args, os.Expand(word, func(name string) string {
				if value, ok := captured[name]; ok {
					return value
				}
				return "$" + name
			}))
		}
		if err != nil {
			return nil, err
		}
	}
	return args, nil
}

// cutQuoted takes a Go string, and how often it is repeated, off the front of rest.
func cutQuoted(rest string) (arg, after string, err error) {
	quoted, err := strconv.QuotedPrefix(rest)
	if err != nil {
		return "", "", fmt.Errorf("string %s: %w", rest, err)
	}
	if arg, err = strconv.Unquote(quoted); err != nil {
		return "", "", err
	}
	rest = rest[len(quoted):]
	if strings.HasPrefix(rest, "*") {
		count, after, _ := strings.Cut(rest[1:], " ")
		times, err := strconv.Atoi(count)
		if err != nil {
			return "", "", err
		}
		return strings.Repeat(arg, times), after, nil
	}
	return arg, rest, nil
}

// appendSeq expands "1..3 f%d v%d" to f1 v1 f2 v2 f3 v3.
func appendSeq(args []string, body string) ([]string, error) {
	words := strings.Fields(body)
	if len(words) < 2 {
		return nil, fmt.Errorf("<seq %s> wants a range and words", body)
	}
	var lo, hi int
	if _, err := fmt.Sscanf(words[0], "%d..%d", &lo, &hi); err != nil {
		return nil, fmt.Errorf("<seq %s>: %w", body, err)
	}
	for n := lo; n <= hi; n++ {
		for _, word := range words[1:] {
			args = append(args, strings.ReplaceAll(word, "%d", strconv.Itoa(n)))
		}
	}
	return args, nil
}
