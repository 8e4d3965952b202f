// SPDX-License-Identifier: Apache-2.0

package command

import (
	"stampede/internal/reply"
	"stampede/internal/resp"
)

// KeyUse is what a command does with a key. Exactly one of the first four is set.
type KeyUse uint16

// What is done with a key.
const (
	KeyRO         KeyUse = 1 << iota // its value is read, or only whether it is there
	KeyRW                            // its value is changed, depending on what it was
	KeyOW                            // its value is overwritten, whatever it was
	KeyRM                            // it is removed
	KeyAccess                        // what the value holds gets out, or somewhere else
	KeyUpdate                        // data of the caller gets in, perhaps over other data
	KeyInsert                        // data of the caller gets in beside what is there
	KeyDelete                        // data is deleted on purpose
	KeyNotKey                        // it is no key but routes like one
	KeyIncomplete                    // the specification does not find all such keys
	KeyVariable                      // what is done depends on other arguments
)

// keyUseNames holds the name of each use, as COMMAND INFO writes it, at its bit.
var keyUseNames = [...]string{"RO", "RW", "OW", "RM", "access", "update", "insert", "delete",
	"not_key", "incomplete", "variable_flags"}

// Names is the uses in the set, as COMMAND INFO writes them.
func (u KeyUse) Names() []string {
	var names []string
	for bit, name := range keyUseNames {
		if u&(1<<bit) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// KeySpec says where some keys of a call stand and what is done with them: first how to
// find the place where they begin, then how far they go. It is Redis' own model.
type KeySpec struct {
	Use   KeyUse
	Begin KeyBegin
	Find  KeyFind
}

// KeyBegin is how the first word is found. The zero value says that there is no way.
type KeyBegin struct {
	Index   int    // at this index of the call, if above 0
	Keyword string // else behind this word
	From    int    // which is looked for from here on; if negative, from there backwards
}

// KeyFind is how the keys are found from there on. The zero value says that there is no
// way.
type KeyFind struct {
	Step int // from key to key; above 0 in what follows

	// A range: Counted is false.
	Last  int // the last key: words behind the first; if negative, from the end of the call
	Limit int // above 1: of the words up to the end only this part holds keys

	// A number of keys, written at Count, with the first key at First.
	Counted      bool
	Count, First int
}

// KeyFinder appends to dst the positions of the keys of a call; see [Row.Keys].
type KeyFinder func(argv [][]byte, dst []int) ([]int, error)

// KeyUser tells what a call does with its only key: see the flag variable_flags.
type KeyUser func(argv [][]byte) KeyUse

// ErrKeys is the answer of COMMAND GETKEYS to a call whose keys cannot be found.
const ErrKeys reply.Error = "ERR Invalid arguments specified for command"

// Keys appends to dst the positions of the keys of a call and returns the longer slice.
// The call has passed [Row.ArityOK]. It allocates only if dst is too small.
//
// If the call is wrong in such a way that its keys cannot be found, a count that is no
// number for example, the error is [ErrKeys] and positions is dst. Such a call may still
// be run: its handler finds the same mistake before it looks at any key.
func (r *Row) Keys(argv [][]byte, dst []int) (positions []int, err error) {
	if r.FindKeys != nil {
		return r.FindKeys(argv, dst)
	}
	if r.OneKey {
		return append(dst, r.FirstKey), nil
	}
	positions = dst
	for i := range r.Specs {
		spec := &r.Specs[i]
		if spec.Use&KeyNotKey != 0 {
			continue
		}
		first, last, ok := spec.locate(argv, r.Flags&NoMandKeys != 0)
		if !ok {
			return dst, ErrKeys
		}
		for at := first; at <= last; at += spec.Find.Step {
			positions = append(positions, at)
		}
	}
	return positions, nil
}

// locate finds the first and the last key. No keys is first > last; ok is false where the
// call makes no sense.
func (s *KeySpec) locate(argv [][]byte, mayBeNone bool) (first, last int, ok bool) {
	first = s.Begin.locate(argv)
	if first < 0 {
		return 1, 0, s.Begin.Keyword != ""
	}
	switch {
	case s.Find.Step == 0:
		return 0, 0, false
	case s.Find.Counted:
		if first+s.Find.Count >= len(argv) {
			return 0, 0, false
		}
		count, isInt := resp.ParseInt(argv[first+s.Find.Count])
		if !isInt || count < 0 || count > int64(len(argv)) {
			return 0, 0, false
		}
		if count == 0 && mayBeNone {
			return 1, 0, true
		}
		first += s.Find.First
		last = first + (int(count)-1)*s.Find.Step
	case s.Find.Last >= 0:
		last = first + s.Find.Last
	case s.Find.Limit > 1:
		last = first + (len(argv)-first)/s.Find.Limit + s.Find.Last
	default:
		last = len(argv) + s.Find.Last
	}
	return first, last, first <= last && last < len(argv)
}

// locate is the index of the word at which the keys begin, or -1.
func (b *KeyBegin) locate(argv [][]byte) int {
	if b.Index > 0 {
		return b.Index
	}
	if b.Keyword == "" {
		return -1
	}
	if b.From < 0 {
		for i := len(argv) + b.From; i > 0; i-- {
			if EqualFold(argv[i], b.Keyword) {
				return i + 1
			}
		}
		return -1
	}
	for i := b.From; i < len(argv); i++ {
		if EqualFold(argv[i], b.Keyword) {
			return i + 1
		}
	}
	return -1
}

// Use is what the call does with the key at the given position, one of those that
// [Row.Keys] found.
func (r *Row) Use(argv [][]byte, position int) KeyUse {
	if r.UseOf != nil {
		return r.UseOf(argv)
	}
	use := KeyRW | KeyAccess | KeyUpdate // the worst, should no specification hold it
	for i := range r.Specs {
		spec := &r.Specs[i]
		if spec.Find.Step == 0 {
			use = spec.Use
			continue
		}
		if first, last, ok := spec.locate(argv, true); ok && first <= position && position <= last {
			return spec.Use &^ (KeyIncomplete | KeyVariable)
		}
	}
	return use
}

// HasKeys tells whether calls of the row can have keys.
func (r *Row) HasKeys() bool {
	for i := range r.Specs {
		if r.Specs[i].Use&KeyNotKey == 0 {
			return true
		}
	}
	return r.FindKeys != nil
}
