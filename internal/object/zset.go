// SPDX-License-Identifier: Apache-2.0

package object

import (
	"encoding/binary"
	"hash/maphash"
	"math"
	"unsafe"

	"stampede/internal/assert"
	"stampede/internal/container/arena"
	"stampede/internal/container/btree"
	"stampede/internal/container/table"
)

// BigZSet is a sorted set that outgrew its packed form. Each member is one block of the
// arena,
//
//	score (float64 bits, LE) · uvarint 2 · length + phase · member
//
// found by its name through a table, and by score or rank through a tree that holds the
// scores once more: what is read by name never touches the tree.
//
// Invariant: table and tree refer to the same blocks, and the tree's score of a block is
// the one in it.
type BigZSet struct {
	arena      *arena.Arena
	seed       maphash.Seed
	index      *table.Table
	tree       *btree.Tree
	blockBytes int64        // of the arena, in members
	indexBytes int64        // of the arena, in the table
	rest       btree.Cursor // what FreeStep has not freed yet
	freeing    bool

	phase int // 0 or 1; that of all members unless a save is under way; see package dict
	save  SaveFunc
	saved uint64 // how far SaveStep has come
}

const (
	scoreBytes  = 8
	tagBytesMax = 5 // no member is longer than 2^32
)

// NewZSet returns an empty sorted set whose members lie in a.
func NewZSet(a *arena.Arena, seed maphash.Seed) *BigZSet {
	z := &BigZSet{arena: a, seed: seed}
	used := a.Used()
	z.index = table.NewIn(a, func(ref uint32) uint64 { return z.hash(z.Member(ref)) })
	z.indexBytes = a.Used() - used
	z.tree = btree.New(z)
	return z
}

// Kind is [ZSet].
func (*BigZSet) Kind() Kind { return ZSet }

// Encoding is what OBJECT ENCODING answers.
func (*BigZSet) Encoding() string { return "skiplist" }

// Len is the number of members.
func (z *BigZSet) Len() int { return z.tree.Len() }

// Bytes is all the memory that the sorted set holds.
func (z *BigZSet) Bytes() int64 { return z.blockBytes + z.indexBytes + z.OutsideBytes() }

// OutsideBytes is the memory beside the arena: the tree, and the table's directory. Cost:
// O(len / 3000).
func (z *BigZSet) OutsideBytes() int64 {
	directory := z.index.Bytes() - z.indexBytes
	return int64(unsafe.Sizeof(*z)) + z.tree.Bytes() + directory
}

// Copy makes an equal sorted set in a. Cost: O(members).
func (z *BigZSet) Copy(a *arena.Arena, seed maphash.Seed) Big {
	c := NewZSet(a, seed)
	z.tree.Each(func(score float64, ref uint32) bool {
		c.Insert(score, z.Member(ref))
		return true
	})
	return c
}

// FreeStep gives back n members' memory and tells whether it was the last.
func (z *BigZSet) FreeStep(n int) (done bool) {
	if !z.freeing {
		z.freeing, z.rest = true, z.tree.At(0)
	}
	for ; n > 0 && z.rest.Valid(); n-- {
		z.freeBlock(z.rest.Ref())
		z.rest.Next()
	}
	if z.rest.Valid() {
		return false
	}
	if z.indexBytes > 0 {
		z.tree.Reset()
		z.index.Free()
		z.indexBytes = 0
	}
	return true
}

func (z *BigZSet) hash(member []byte) uint64 { return maphash.Bytes(z.seed, member) }

// Member is a view of the member at ref.
func (z *BigZSet) Member(ref uint32) []byte {
	r := arena.Ref(ref)
	tag, start := int(z.arena.Bytes(r, scoreBytes+1)[scoreBytes]), scoreBytes+1
	if tag >= 0x80 {
		long, bytes := binary.Uvarint(z.arena.Bytes(r, scoreBytes+tagBytesMax)[scoreBytes:])
		tag, start = int(long), scoreBytes+bytes
	}
	return z.arena.Bytes(r, start+tag>>1)[start:]
}

// Score is the score of the member at ref.
func (z *BigZSet) Score(ref uint32) float64 {
	bits := binary.LittleEndian.Uint64(z.arena.Bytes(arena.Ref(ref), scoreBytes))
	return math.Float64frombits(bits)
}

func (z *BigZSet) setScore(ref uint32, score float64) {
	block := z.arena.Bytes(arena.Ref(ref), scoreBytes)
	binary.LittleEndian.PutUint64(block, math.Float64bits(score))
}

// Find looks a member up. ref is good until a member is deleted. Cost: O(1).
func (z *BigZSet) Find(member []byte) (ref uint32, ok bool) {
	for p := z.index.Probe(z.hash(member)); p.Next(); {
		if string(z.Member(p.Ref())) == string(member) {
			return p.Ref(), true
		}
	}
	return 0, false
}

// Insert adds a member that is not there. Cost: O(log n).
func (z *BigZSet) Insert(score float64, member []byte) {
	size := zsetBlockSize(len(member))
	r := z.arena.Alloc(size)
	z.blockBytes += int64(arena.SizeOf(size))
	block := z.arena.Bytes(r, size)
	binary.LittleEndian.PutUint64(block, math.Float64bits(score))
	n := scoreBytes + binary.PutUvarint(block[scoreBytes:], uint64(len(member)<<1|z.phase))
	copy(block[n:], member)
	used := z.arena.Used()
	z.index.Insert(z.hash(member), uint32(r))
	z.indexBytes += z.arena.Used() - used
	z.tree.Insert(score, uint32(r))
}

// Move gives the member at ref another score. Cost: O(log n).
func (z *BigZSet) Move(ref uint32, score float64) {
	z.saveFirst(ref)
	z.tree.Move(z.Score(ref), score, z.Member(ref))
	z.setScore(ref, score)
}

// Delete removes the member at ref. Cost: O(log n).
func (z *BigZSet) Delete(ref uint32) {
	_, ok := z.tree.Delete(z.Score(ref), z.Member(ref))
	assert.That(ok, "object: member of a sorted set is not in its tree")
	z.forget(ref)
}

// DeleteRange removes n members from a rank on. Cost: O(log n) for a few dozen of them.
func (z *BigZSet) DeleteRange(rank, n int) {
	z.tree.DeleteRange(rank, n, func(_ float64, ref uint32) { z.forget(ref) })
}

// forget takes a member out of the table and frees it.
func (z *BigZSet) forget(ref uint32) {
	z.saveFirst(ref)
	for p := z.index.Probe(z.hash(z.Member(ref))); p.Next(); {
		if p.Ref() == ref {
			used := z.arena.Used()
			z.index.Delete(p.Pos())
			z.indexBytes += z.arena.Used() - used
			z.freeBlock(ref)
			return
		}
	}
	panic("object: member of a sorted set is not in its table")
}

func (z *BigZSet) freeBlock(ref uint32) {
	size := zsetBlockSize(len(z.Member(ref)))
	z.blockBytes -= int64(arena.SizeOf(size))
	z.arena.Free(arena.Ref(ref), size)
}

// zsetBlockSize is the number of bytes of the block of a member.
func zsetBlockSize(memberLen int) int {
	n := scoreBytes + 1 + memberLen
	for rest := memberLen >> 6; rest > 0; rest >>= 7 {
		n++
	}
	return n
}

// Rank is how many members stand before the one at ref. Cost: O(log n).
func (z *BigZSet) Rank(ref uint32) int {
	rank, ok := z.tree.Rank(z.Score(ref), z.Member(ref))
	assert.That(ok, "object: member of a sorted set is not in its tree")
	return rank
}

// At is the place of a rank, as [btree.Tree.At]. It is good until the next change.
func (z *BigZSet) At(rank int) btree.Cursor { return z.tree.At(rank) }

// RankOfScore is how many members have a score below the given one, or at most it if
// after is set. Cost: O(log n).
func (z *BigZSet) RankOfScore(score float64, after bool) int {
	_, rank := z.tree.SeekScore(score, after)
	return rank
}

// RankOfMember is how many members stand before a name, or at most it if after is set,
// where all members have one score: without that, the name counts among the members of
// the lowest score. Cost: O(log n).
func (z *BigZSet) RankOfMember(member []byte, after bool) int {
	first := z.tree.At(0)
	if !first.Valid() {
		return 0
	}
	_, rank := z.tree.Seek(first.Score(), member, after)
	return rank
}

// Random is some member, each with nearly the same chance, chosen by 64 random bits. The
// sorted set must not be empty.
func (z *BigZSet) Random(r uint64) (ref uint32) {
	ref, ok := z.index.Random(r)
	assert.That(ok, "object: random member of an empty sorted set")
	return ref
}

// Scan visits a few members and returns the cursor for the next call, with the guarantee
// of [table.Table.Scan]. visit must not change the sorted set.
func (z *BigZSet) Scan(cursor uint64, visit func(ref uint32)) (next uint64) {
	return z.index.Scan(cursor, visit)
}

// Elements visits every member in order.
func (z *BigZSet) Elements(visit SaveFunc) {
	z.tree.Each(func(score float64, ref uint32) bool {
		visit(z.Member(ref), nil, score)
		return true
	})
}

// BeginSave hands every member out once as it is now; see [dict.Dict.BeginSave].
func (z *BigZSet) BeginSave(save SaveFunc) {
	z.phase ^= phaseBit
	z.save, z.saved = save, 0
}

// Saving tells whether a save is under way.
func (z *BigZSet) Saving() bool { return z.save != nil }

// SaveStep hands about n members out and tells whether all have been.
func (z *BigZSet) SaveStep(n int) (done bool) {
	for z.save != nil && n > 0 {
		z.saved = z.index.Scan(z.saved, func(ref uint32) {
			z.saveFirst(ref)
			n--
		})
		if z.saved == 0 {
			z.save = nil
		}
	}
	return z.save == nil
}

// phaseBit is the phase in the byte behind the score.
const phaseBit = 1

// saveFirst must come before every change of a member.
func (z *BigZSet) saveFirst(ref uint32) {
	if z.save == nil {
		return
	}
	tag := &z.arena.Bytes(arena.Ref(ref), scoreBytes+1)[scoreBytes]
	if int(*tag&phaseBit) != z.phase {
		z.save(z.Member(ref), nil, z.Score(ref))
		*tag ^= phaseBit
	}
}

// Check walks everything and panics where an invariant does not hold. Cost: O(n log n).
func (z *BigZSet) Check() {
	assert.That(z.index.Len() == z.tree.Len(), "object: table and tree differ in length")
	z.tree.Each(func(score float64, ref uint32) bool {
		assert.That(z.Score(ref) == score, "object: tree and member differ in score")
		found, ok := z.Find(z.Member(ref))
		assert.That(ok && found == ref, "object: the table does not find a member")
		return true
	})
}
