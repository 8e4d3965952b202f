// SPDX-License-Identifier: Apache-2.0

package hll

import (
	"bytes"
	"encoding/binary"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

const (
	errNoSketch reply.Error = "WRONGTYPE Key is not a valid HyperLogLog string value."
	errCorrupt  reply.Error = "INVALIDOBJ Corrupted HLL object detected"
)

// sketchOf is the sketch that an entry holds, a view; nil if the key is absent.
func sketchOf(e *keyspace.Entry) (sketch, error) {
	if !e.Exists() {
		return nil, nil
	}
	s, ok := parseSketch(e.Text())
	if !ok {
		return nil, errNoSketch
	}
	return s, nil
}

// find looks a key up for a call that changes its sketch.
func find(db *keyspace.DB, key []byte) (e keyspace.Entry, s sketch, err error) {
	if e, err = db.FindString(key); err != nil {
		return e, nil, err
	}
	s, err = sketchOf(&e)
	return e, s, err
}

func add(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	e, s, err := find(db, key)
	if err != nil {
		c.Reply.Err(err)
		return
	}
	var changed bool
	if s != nil && s.isDense() {
		changed = addDense(&e, key, c.Args.Rest())
	} else {
		changed, err = addSparse(&e, key, s, c.Args.Rest(), db.Space().Limits.SketchBytesMax)
	}
	switch {
	case err != nil:
		c.Reply.Err(err)
	case changed:
		db.Notify(keyspace.EventString, "pfadd", key)
		c.Reply.Int(1)
	default:
		c.Reply.Int(0)
	}
}

// addDense changes registers where they lie.
func addDense(e *keyspace.Entry, key []byte, elements [][]byte) (changed bool) {
	e.Loosen(key, denseBytes)
	for _, element := range elements {
		register, rank := locate(element)
		s := sketch(e.Text())
		if s.register(register) >= rank {
			continue
		}
		from, to := place(register)
		var part [2]byte
		copy(part[:], s[from:to])
		mask, shift := uint16(registerMax), uint(register*registerBits%8)
		pair := binary.LittleEndian.Uint16(part[:])
		pair = pair&^(mask<<shift) | uint16(rank)<<shift
		binary.LittleEndian.PutUint16(part[:], pair)
		e.Splice(key, from, part[:to-from])
		changed = true
	}
	if last := e.Text()[staleAt]; changed && last&stale == 0 {
		e.Splice(key, staleAt, []byte{last | stale})
	}
	return changed
}

// sparseRoom is how long a sparse sketch may be whose change costs no memory: the limit that
// Redis presets, and a little.
const sparseRoom = 3072

// addSparse changes a copy of a sparse sketch, or an empty one if old is nil, and puts it back.
func addSparse(
	e *keyspace.Entry, key []byte, old sketch, elements [][]byte, limit int,
) (changed bool, err error) {
	var room [sparseRoom]byte
	s := sketch(append(room[:0], old...))
	if old == nil {
		s = newSketch(s)
		s[staleAt] |= stale
		changed = true
	}
	for _, element := range elements {
		register, rank := locate(element)
		var came outcome
		if s, came = s.raise(register, rank, limit); came == corrupt {
			err = errCorrupt
			break
		}
		changed = changed || came == raised
	}
	if changed {
		put(e, key, s)
	} else if old != nil {
		e.Loosen(key, len(old))
	}
	return changed, err
}

// put lets a key hold a sketch, which is no view; its deadline stays. What the sketch has in
// common with the old one need not be written.
func put(e *keyspace.Entry, key []byte, s sketch) {
	old := e.Text()
	if !e.Exists() || len(s) < len(old) || len(s) > len(old)+len(old)/2 {
		e.SetRaw(key, s, keyspace.KeepDeadline)
		return
	}
	from, to := 0, len(s)
	for from < len(old) && s[from] == old[from] {
		from++
	}
	for len(s) == len(old) && to > from+1 && s[to-1] == old[to-1] {
		to--
	}
	if from < to {
		e.Splice(key, from, s[from:to])
	} else {
		e.Loosen(key, len(s))
	}
}

// putCached writes the estimate into the head of a sketch.
func putCached(e *keyspace.Entry, key []byte, estimate uint64) {
	var part [8]byte
	binary.LittleEndian.PutUint64(part[:], estimate)
	e.Splice(key, cachedAt, part[:])
}

// clone is a copy of a view.
func clone(s sketch) sketch { return sketch(bytes.Clone(s)) }
