// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"bytes"
	"testing"
)

// TestGrowingStringSeldomMoves: a string that grows by little at a time is not copied each
// time, even where another one grows behind it.
func TestGrowingStringSeldomMoves(t *testing.T) {
	const chunk, chunks, movesMax = 1000, 8000, 120
	s := newSpace(t)
	db, keys := s.DB(0), [][]byte{[]byte("a"), []byte("b")}
	moves := 0
	for i := range chunks {
		for _, key := range keys {
			e := db.Find(key)
			ref := e.ref
			part := bytes.Repeat(key, chunk)
			e.Splice(key, i*chunk, part)
			if e.ref != ref {
				moves++
			}
		}
	}
	for _, key := range keys {
		e := db.Find(key)
		if want := bytes.Repeat(key, chunk*chunks); !bytes.Equal(e.Text(), want) {
			t.Errorf("%s: not what was appended", key)
		}
		e.Remove()
	}
	if moves > movesMax {
		t.Errorf("%d moves, want %d at most", moves, movesMax)
	}
	if used := s.Used(); used != newSpace(t).Used() {
		t.Errorf("%d bytes used when both are gone", used)
	}
}
