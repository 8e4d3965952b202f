// SPDX-License-Identifier: Apache-2.0

package resp_test

import (
	"bytes"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"stampede/internal/resp"
)

// naive is the twin of the parser: it has the whole stream, keeps nothing, and makes a
// string of everything.
type naive struct {
	limits resp.Limits
	unauth bool
}

func (v naive) parse(stream string) (out parsed) {
	for len(stream) > 0 {
		call, size, errText := v.one(stream)
		if errText != "" {
			out.errText = "Protocol error: " + errText
			return out
		}
		if size == 0 {
			return out
		}
		if len(call) > 0 {
			out.calls = append(out.calls, call)
		}
		out.consumed += size
		stream = stream[size:]
	}
	return out
}

// one returns the call at the start of text; size is 0 if it is not whole.
func (v naive) one(text string) (call []string, size int, errText string) {
	if text[0] != '*' {
		line, size, tooBig := v.line(text, '\n')
		if tooBig {
			return nil, 0, "too big inline request"
		}
		call, ok := resp.SplitWords([]byte(strings.TrimSuffix(line, "\r")), nil)
		if !ok {
			return nil, 0, "unbalanced quotes in request"
		}
		return words(call), size, ""
	}
	line, at, tooBig := v.line(text, '\r')
	if tooBig {
		return nil, 0, "too big mbulk count string"
	}
	if at == 0 {
		return nil, 0, ""
	}
	count, ok := number(line[1:])
	if !ok || count > v.limits.ArgsMax {
		return nil, 0, "invalid multibulk length"
	}
	if v.unauth && count > v.limits.UnauthArgsMax {
		return nil, 0, "unauthenticated multibulk length"
	}
	for range max(count, 0) {
		line, size, tooBig := v.line(text[at:], '\r')
		if tooBig {
			return nil, 0, "too big bulk count string"
		}
		if size == 0 {
			return nil, 0, ""
		}
		if text[at] != '$' {
			return nil, 0, "expected '$', got '" + text[at:at+1] + "'"
		}
		bulk, ok := number(line[1:])
		if !ok || bulk < 0 || bulk > v.limits.BulkBytesMax {
			return nil, 0, "invalid bulk length"
		}
		if v.unauth && bulk > v.limits.UnauthBulkBytesMax {
			return nil, 0, "unauthenticated bulk length"
		}
		at += size
		if len(text) < at+bulk+2 {
			return nil, 0, ""
		}
		call = append(call, text[at:at+bulk])
		at += bulk + 2
	}
	return call, at, ""
}

// line returns what stands before stop, and how many bytes that is with the end: one for
// a line feed, two for a carriage return and whatever follows it.
func (v naive) line(text string, stop byte) (line string, size int, tooBig bool) {
	cText, _, _ := strings.Cut(text, "\x00")
	end := strings.IndexByte(cText, stop)
	if end > v.limits.InlineBytesMax || (end < 0 && len(text) > v.limits.InlineBytesMax) {
		return "", 0, true
	}
	if end < 0 || (stop == '\r' && end+1 == len(text)) {
		return "", 0, false
	}
	if stop == '\r' {
		return text[:end], end + 2, false
	}
	return text[:end], end + 1, false
}

// number reads an integer that is written as Go would write it.
func number(text string) (int, bool) {
	value, err := strconv.Atoi(text)
	return value, err == nil && strconv.Itoa(value) == text
}

func FuzzParser(f *testing.F) {
	for _, c := range parserCases {
		if len(c.stream) < 1000 {
			f.Add([]byte(c.stream), uint64(1), false)
		}
	}
	f.Add([]byte("*2\r\n$4\r\nECHO\r\n$4\r\n0123\r\n\"\\x41\" 'b'\r\n"), uint64(3), true)
	f.Add(bytes.Repeat([]byte{'x'}, 60), uint64(3), true)
	f.Fuzz(func(t *testing.T, stream []byte, seed uint64, unauth bool) {
		limits := resp.Limits{BulkBytesMax: 2000, ArgsMax: 1500, InlineBytesMax: 50,
			UnauthArgsMax: 2, UnauthBulkBytesMax: 5}
		want := naive{limits, unauth}.parse(string(stream))
		random := rand.New(rand.NewPCG(seed, 0))
		for _, pieceMax := range []int{1, 5, 40, len(stream) + 1} {
			p := resp.NewParser(limits)
			p.Unauthenticated = unauth
			got := parseSliced(&p, bytes.Clone(stream), func() int { return 1 + random.IntN(pieceMax) })
			if !equal(got, want) {
				t.Fatalf("pieces up to %d: got %v, want %v", pieceMax, got, want)
			}
		}
	})
}

// TestParserTwin runs the fuzz target's comparison on random streams, mutated a little.
func TestParserTwin(t *testing.T) {
	const seed = 20240502
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	limits := resp.Limits{BulkBytesMax: 2000, ArgsMax: 1500, InlineBytesMax: 50,
		UnauthArgsMax: 2, UnauthBulkBytesMax: 5}
	for range 20_000 {
		stream := mutatedStream(random)
		unauth := random.IntN(4) == 0
		want := naive{limits, unauth}.parse(string(stream))
		pieceMax := 1 + random.IntN(40)
		p := resp.NewParser(limits)
		p.Unauthenticated = unauth
		got := parseSliced(&p, stream, func() int { return 1 + random.IntN(pieceMax) })
		if !equal(got, want) {
			t.Fatalf("%q in pieces up to %d: got %v, want %v", stream, pieceMax, got, want)
		}
	}
}

// mutatedStream returns some calls of ECHO, in both forms, of which some bytes are wrong.
func mutatedStream(random *rand.Rand) []byte {
	const odd = "\r\n\n*$0123456789-+ \"'\\x\x00\x80"
	var stream []byte
	for range 1 + random.IntN(6) {
		word := bytes.Repeat([]byte{'a'}, random.IntN(1+random.IntN(30)))
		switch random.IntN(4) {
		case 0:
			stream = append(stream, "ECHO \""...)
			stream = append(stream, word...)
			stream = append(stream, "\"\r\n"...)
		case 1:
			stream = append(stream, "*0\r\n\r\n"...)
		default:
			stream = resp.AppendCommand(stream, []byte("ECHO"), word)
		}
	}
	for range random.IntN(4) {
		at, c := random.IntN(len(stream)+1), odd[random.IntN(len(odd))]
		switch {
		case random.IntN(3) == 0 || at == len(stream):
			stream = append(stream[:at], append([]byte{c}, stream[at:]...)...)
		case random.IntN(2) == 0:
			stream[at] = c
		default:
			stream = append(stream[:at], stream[at+1:]...)
		}
	}
	return stream
}
