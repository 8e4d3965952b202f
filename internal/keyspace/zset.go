// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"stampede/internal/object"
	"stampede/internal/reply"
)

// ZSet is the sorted set under a key that was looked up; an absent key is an empty one.
// The first member that is added makes the key, and with the last one that is removed it
// goes. Members are in the order of their scores and, where these are equal, of their
// bytes; a rank is a place in that order, from 0.
//
// A small sorted set is a pack of member, score, member, score … (zpack.go); a large one
// an [object.BigZSet]. Once large it stays so. Members that are passed in must not be
// views of the same Space.
type ZSet struct {
	e   Entry
	key []byte // as the caller gave it
}

// ReadZSet looks key up for a call that reads a sorted set.
func (db *DB) ReadZSet(key []byte) (z ZSet, err error) {
	z.key = key
	db.read(&z.e, key)
	return z, z.checkKind()
}

// FindZSet looks key up for a call that changes a sorted set.
func (db *DB) FindZSet(key []byte) (z ZSet, err error) {
	z.key = key
	db.find(&z.e, key)
	return z, z.checkKind()
}

func (z *ZSet) checkKind() error {
	if z.e.Exists() && z.e.kind != object.ZSet {
		return reply.ErrWrongType
	}
	return nil
}

func (z *ZSet) big() *object.BigZSet {
	if z.e.form != formBig {
		return nil
	}
	return z.e.big().(*object.BigZSet)
}

func (z *ZSet) pack() zpack { return zpack{z.e.db.space, z.e.pack()} }

// Exists tells whether the key is there.
func (z *ZSet) Exists() bool { return z.e.Exists() }

// Len is the number of members.
func (z *ZSet) Len() int {
	switch big := z.big(); {
	case !z.Exists():
		return 0
	case big != nil:
		return big.Len()
	}
	return z.e.pack().Len() / 2
}

// spot is where a member was looked for.
type spot struct {
	found bool
	score float64
	ref   uint32 // in a large sorted set
	off   int    // in a pack
}

func (z *ZSet) find(member []byte) spot {
	if !z.Exists() {
		return spot{}
	}
	if big := z.big(); big != nil {
		ref, ok := big.Find(member)
		if !ok {
			return spot{}
		}
		return spot{found: true, score: big.Score(ref), ref: ref}
	}
	p := z.pack()
	off := p.find(member)
	if off < 0 {
		return spot{}
	}
	return spot{found: true, score: p.score(off), off: off}
}

// Score is the score of a member. Cost: O(1), or O(bytes) in a small sorted set.
func (z *ZSet) Score(member []byte) (score float64, ok bool) {
	at := z.find(member)
	return at.score, at.found
}

// Rank is the rank of a member, from the other end if reverse is set. Cost: O(log n).
func (z *ZSet) Rank(member []byte, reverse bool) (rank int, ok bool) {
	at := z.find(member)
	if !at.found {
		return 0, false
	}
	if big := z.big(); big != nil {
		rank = big.Rank(at.ref)
	} else {
		rank = z.pack().rank(at.off)
	}
	if reverse {
		rank = z.Len() - 1 - rank
	}
	return rank, true
}

// AddRule says when [ZSet.AddIf] changes something, and how. Rules are combined with |.
type AddRule uint8

// The rules of ZADD.
const (
	OnlyNew     AddRule = 1 << iota // members that are there stay as they are
	OnlyOld                         // no member becomes new
	OnlyGreater                     // scores only rise
	OnlyLess                        // scores only fall
	Increment                       // the score given is added to that of the member
)

// AddOutcome is what [ZSet.AddIf] did.
type AddOutcome uint8

// The outcomes.
const (
	AddRefused AddOutcome = iota // the rule did not let anything happen
	AddNaN                       // the sum of the scores is no number: nothing happened
	AddSame                      // the member has this score already
	AddUpdated                   // the member has a new score
	AddCreated                   // the member is new
)

// outcome is what the rule makes of a score for a member that has the score at says.
func (r AddRule) outcome(at spot, score float64) (AddOutcome, float64) {
	switch {
	case !at.found && r&OnlyOld != 0, at.found && r&OnlyNew != 0:
		return AddRefused, 0
	case !at.found:
		return AddCreated, score
	case r&Increment != 0:
		score += at.score
	}
	switch {
	case score != score:
		return AddNaN, 0
	case r&OnlyGreater != 0 && score <= at.score, r&OnlyLess != 0 && score >= at.score:
		return AddRefused, 0
	case score == at.score:
		return AddSame, score
	}
	return AddUpdated, score
}

// AddIf gives a member a score as far as the rule allows, and returns what came of it and
// the score that the member has then. score must be a number. Cost: O(log n).
func (z *ZSet) AddIf(rule AddRule, score float64, member []byte) (AddOutcome, float64) {
	at := z.find(member)
	outcome, score := rule.outcome(at, score)
	if outcome < AddUpdated {
		return outcome, score
	}
	z.e.saveFirst()
	if outcome == AddCreated {
		z.insert(score, member)
	} else {
		z.move(at, score, member)
	}
	told := score
	if score == 0 && z.e.form == formPacked {
		told = 0 // a small sorted set has no negative zero: see applyZSet
	}
	z.e.db.space.Effects.ZSetAdd(z.e.db.index, z.key, member, told)
	z.e.db.changed(z.key)
	return outcome, score
}

// Add gives a member a score and tells whether the member is new, and whether anything
// changed. Cost: O(log n).
func (z *ZSet) Add(score float64, member []byte) (created, changed bool) {
	outcome, _ := z.AddIf(0, score, member)
	return outcome == AddCreated, outcome >= AddUpdated
}

func (z *ZSet) insert(score float64, member []byte) {
	if !z.Exists() {
		z.e.createPack(z.key, object.ZSet)
	}
	if z.e.form == formPacked && !z.packTakes(member) {
		z.Enlarge()
	}
	if big := z.big(); big != nil {
		big.Insert(score, member)
		return
	}
	z.packInsert(score, member)
}

func (z *ZSet) move(at spot, score float64, member []byte) {
	if big := z.big(); big != nil {
		big.Move(at.ref, score)
		return
	}
	z.packMove(at.off, score, member)
}

// EnlargeFor lets a sorted set that is going to have n members of up to so many bytes
// begin in the form in which it will end.
func (z *ZSet) EnlargeFor(n, memberBytes int) {
	limits := &z.e.db.space.Limits
	if n > limits.ZSetEntriesMax || memberBytes > limits.ZSetValueMax {
		z.Enlarge()
	}
}

// Enlarge lets a small sorted set continue in its large form.
func (z *ZSet) Enlarge() {
	space := z.e.db.space
	if !z.Exists() {
		z.e.createPack(z.key, object.ZSet)
	}
	if z.e.form == formBig {
		return
	}
	big := object.NewZSet(space.arena, space.seed)
	z.Each(func(member []byte, score float64) bool {
		big.Insert(score, member)
		return true
	})
	z.e.becomeBig(big)
}

// Remove removes a member and tells whether it was there. Cost: O(log n).
func (z *ZSet) Remove(member []byte) bool {
	at := z.find(member)
	if !at.found {
		return false
	}
	z.e.saveFirst()
	if big := z.big(); big != nil {
		big.Delete(at.ref)
	} else {
		z.e.fitPack(z.e.pack().Delete(at.off, 2))
	}
	if z.removeEmpty() {
		return true
	}
	z.e.db.space.Effects.ZSetRemove(z.e.db.index, z.key, member)
	z.e.db.changed(z.key)
	return true
}

// RemoveRange removes n members from rank first on; all of them must be there. Cost:
// O(log n + n).
func (z *ZSet) RemoveRange(first, n int) {
	if n <= 0 {
		return
	}
	z.e.saveFirst()
	if big := z.big(); big != nil {
		big.DeleteRange(first, n)
	} else {
		p := z.e.pack()
		z.e.fitPack(p.Delete(p.At(2*first), 2*n))
	}
	if z.removeEmpty() {
		return
	}
	z.e.db.space.Effects.ZSetCut(z.e.db.index, z.key, first, n)
	z.e.db.changed(z.key)
}

// removeEmpty removes the key if its last member is gone.
func (z *ZSet) removeEmpty() bool {
	if z.Len() > 0 {
		return false
	}
	z.e.Remove()
	return true
}
