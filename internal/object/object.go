// SPDX-License-Identifier: Apache-2.0

// Package object is what a key can hold: the kinds of values, and the structures of the
// large ones.
//
// Small values (strings, integers, packed collections) are bytes inside the key's own
// block and are package keyspace's business. A collection that outgrew its packed form is
// a [Big]: a structure of its own whose parts lie in the shard's arena, so that the
// garbage collector sees one pointer for a sorted set of a million members.
//
// Everything here belongs to one shard and is used by its owner only: no locks, no clock.
package object

import (
	"hash/maphash"
	"strings"

	"stampede/internal/container/arena"
	"stampede/internal/container/stream"
)

// Kind says what a key holds. Its order is ours; nothing on disk depends on it.
type Kind uint8

// The kinds of values.
const (
	None Kind = iota
	String
	List
	Set
	ZSet
	Hash
	Stream
	JSON
	Stock
)

// String is the name that TYPE answers.
func (k Kind) String() string {
	return [...]string{
		"none", "string", "list", "set", "zset", "hash", "stream", "ReJSON-RL", "stock",
	}[k]
}

// ParseKind is the inverse of [Kind.String], in any case; ok is false for a name that is
// not one.
func ParseKind(name string) (k Kind, ok bool) {
	for k = String; k <= Stock; k++ {
		if strings.EqualFold(k.String(), name) {
			return k, true
		}
	}
	return None, false
}

// Big is a collection in its large form.
type Big interface {
	Kind() Kind
	// Encoding is what OBJECT ENCODING answers: "hashtable", "skiplist" and so on.
	Encoding() string
	// Len is the number of elements.
	Len() int
	// Bytes is all the memory that the collection holds, in the arena and beside it;
	// OutsideBytes is the part beside it.
	Bytes() int64
	OutsideBytes() int64
	// Copy makes an equal collection whose parts lie in a, with hash tables seeded by seed.
	Copy(a *arena.Arena, seed maphash.Seed) Big
	// FreeStep gives back about n elements' memory and tells whether it was the last.
	// Nothing else may be called on the value once FreeStep has been.
	FreeStep(n int) (done bool)

	// Elements visits every element. visit must not change the shard.
	Elements(visit SaveFunc)

	// BeginSave hands every element out once as it is now: those that are about to change
	// at once, the others in steps of about n elements that must follow until one is the
	// last. No other save may be under way.
	BeginSave(save SaveFunc)
	SaveStep(n int) (done bool)
	Saving() bool
}

// SaveFunc takes an element of a collection that is handed out: a field and its value, or a
// member and its score. They are views; the collection must not be changed meanwhile.
type SaveFunc func(member, value []byte, score float64)

// Limits say up to which size a collection stays packed and a string grows. They are the
// parameters of the same names in redis.conf.
type Limits struct {
	StringBytesMax int         // proto-max-bulk-len
	HashEntriesMax int         // hash-max-listpack-entries
	HashValueMax   int         // hash-max-listpack-value, bytes
	ListFill       int         // list-max-listpack-size: elements, or -1 … -5 for 4 to 64 KiB
	SetIntsMax     int         // set-max-intset-entries
	ZSetEntriesMax int         // zset-max-listpack-entries
	ZSetValueMax   int         // zset-max-listpack-value, bytes
	StreamNode     stream.Fill // stream-node-max-bytes and stream-node-max-entries
	SketchBytesMax int         // hll-sparse-max-bytes: up to which a HyperLogLog stays sparse
}

// DefaultLimits are those of Redis 7.
func DefaultLimits() Limits {
	return Limits{
		StringBytesMax: 512 << 20,
		HashEntriesMax: 512, HashValueMax: 64,
		ListFill:       -2,
		SetIntsMax:     512,
		ZSetEntriesMax: 128, ZSetValueMax: 64,
		StreamNode:     stream.Fill{Bytes: 4096, Entries: 100},
		SketchBytesMax: 3000,
	}
}
