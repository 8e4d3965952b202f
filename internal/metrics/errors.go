// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"bytes"
	"maps"
	"slices"
)

// errorKindsMax bounds how many kinds of errors are told apart: scripts can make up any.
const errorKindsMax = 128

// errorRest counts what came when there were errorKindsMax kinds.
const errorRest = "ERRORSTATS_OVERFLOW"

// ErrorCount is how often errors of one kind were answered.
type ErrorCount struct {
	Kind  string // the first word of the error: ERR, WRONGTYPE
	Count int64
}

// Error counts an error reply: its bytes as they go over the wire, or its text without the
// minus. Errors are rare enough for a lock.
func (s *Stats) Error(text []byte) {
	kind := bytes.TrimPrefix(text, []byte("-"))
	text = kind
	if i := bytes.IndexAny(text, " \r\n"); i >= 0 {
		kind = text[:i]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.errorSum++
	if n, known := s.errors[string(kind)]; known {
		s.errors[string(kind)] = n + 1
		return
	}
	if len(s.errors) >= errorKindsMax {
		s.errors[errorRest]++
		return
	}
	s.errors[string(kind)] = 1
}

// Errors are the kinds of errors that were answered, sorted.
func (s *Stats) Errors() []ErrorCount {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := make([]ErrorCount, 0, len(s.errors))
	for _, kind := range slices.Sorted(maps.Keys(s.errors)) {
		counts = append(counts, ErrorCount{kind, s.errors[kind]})
	}
	return counts
}
