// SPDX-License-Identifier: Apache-2.0

package zset

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
	"stampede/internal/resp"
)

const (
	errScoreBound reply.Error = "ERR min or max is not a float"
	errLexBound   reply.Error = "ERR min or max not valid string range item"
)

// by is what a range is a range of.
type by uint8

const (
	byRank by = iota
	byScore
	byLex
)

// span is a range as a call describes it.
type span struct {
	by            by
	reverse       bool  // read from the last member on; then ranks count from there
	start, stop   int64 // of ranks, the last one included; negative: from the end
	scores        keyspace.ScoreRange
	names         keyspace.LexRange
	offset, limit int64 // members left out, and members taken, if limited
	limited       bool
}

// run is some members in a row: n of them, read from a rank on.
type run struct {
	from, n int
	reverse bool // towards lower ranks
}

// parseBounds reads the ends of the range from two arguments. The failure goes to a.
func (s *span) parseBounds(a *command.Args, low, high []byte) {
	switch s.by {
	case byRank:
		s.parseRanks(a, low, high)
	case byScore:
		if s.reverse {
			low, high = high, low
		}
		s.parseScores(a, low, high)
	case byLex:
		if s.reverse {
			low, high = high, low
		}
		s.parseNames(a, low, high)
	}
}

func (s *span) parseRanks(a *command.Args, start, stop []byte) {
	var okStart, okStop bool
	s.start, okStart = resp.ParseInt(start)
	s.stop, okStop = resp.ParseInt(stop)
	if !okStart || !okStop {
		a.Fail(reply.ErrNotInt)
	}
}

func (s *span) parseScores(a *command.Args, low, high []byte) {
	var okLow, okHigh bool
	r := &s.scores
	r.Min, r.MinOpen, okLow = parseScoreBound(low)
	r.Max, r.MaxOpen, okHigh = parseScoreBound(high)
	if !okLow || !okHigh {
		a.Fail(errScoreBound)
	}
}

func (s *span) parseNames(a *command.Args, low, high []byte) {
	var okLow, okHigh bool
	s.names.Min, okLow = parseLexBound(low)
	s.names.Max, okHigh = parseLexBound(high)
	if !okLow || !okHigh {
		a.Fail(errLexBound)
	}
}

func parseScoreBound(text []byte) (score float64, open, ok bool) {
	if len(text) > 0 && text[0] == '(' {
		text, open = text[1:], true
	}
	if score, ok = resp.ParseDouble(text); !ok {
		score, ok = parseLoose(text)
	}
	return score, open, ok
}

// parseLoose reads the numbers that Redis takes in a range though not as a score: with
// blanks in front, too large or too small, ended by a zero byte, or empty.
func parseLoose(text []byte) (float64, bool) {
	if end := bytes.IndexByte(text, 0); end >= 0 {
		text = text[:end]
	}
	if len(text) == 0 {
		return 0, true
	}
	text = bytes.TrimLeft(text, " \t\n\v\f\r")
	if score, ok := resp.ParseDouble(text); ok {
		return score, true
	}
	number := string(text)
	if len(number) == 0 || strings.Trim(number, "0123456789+-.eE") != "" {
		return 0, false
	}
	score, err := strconv.ParseFloat(number, 64)
	if err != nil && !math.IsInf(score, 0) {
		return 0, false
	}
	return score, true
}

func parseLexBound(text []byte) (b keyspace.LexBound, ok bool) {
	switch {
	case len(text) == 0:
		return b, false
	case text[0] == '[' || text[0] == '(':
		return keyspace.LexBound{Text: text[1:], Open: text[0] == '('}, true
	case text[0] == '-' && len(text) == 1:
		return keyspace.LexBound{Infinite: -1}, true
	case text[0] == '+' && len(text) == 1:
		return keyspace.LexBound{Infinite: 1}, true
	}
	return b, false
}

// of is the members of z that the span describes, in the order in which they are read.
func (s *span) of(z *keyspace.ZSet) run {
	var first, n int
	switch s.by {
	case byRank:
		return s.ofRanks(z.Len())
	case byScore:
		first, n = z.RangeByScore(s.scores)
	case byLex:
		first, n = z.RangeByLex(s.names, s.reverse)
	}
	offset := 0
	if s.limited {
		if s.offset < 0 || s.offset >= int64(n) {
			return run{}
		}
		offset = int(s.offset)
	}
	r := run{from: first + offset, n: n - offset, reverse: s.reverse}
	if s.reverse {
		r.from = first + n - 1 - offset
	}
	if s.limited && s.limit >= 0 {
		r.n = int(min(int64(r.n), s.limit))
	}
	return r
}

func (s *span) ofRanks(length int) run {
	start, stop := s.start, s.stop
	if start < 0 {
		start = max(start+int64(length), 0)
	}
	if stop < 0 {
		stop += int64(length)
	}
	stop = min(stop, int64(length)-1)
	if start > stop {
		return run{}
	}
	r := run{from: int(start), n: int(stop-start) + 1, reverse: s.reverse}
	if s.reverse {
		r.from = length - 1 - int(start)
	}
	return r
}
