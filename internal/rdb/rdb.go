// SPDX-License-Identifier: Apache-2.0

// Package rdb reads and writes Redis' RDB format: whole files, and the payloads of DUMP.
//
// Writing is a set of Append functions that add a piece to bytes the caller owns: a large
// collection is written bit by bit, as long as the number of its elements is known first.
// A [Writer] hands the bytes on and keeps the checksum. What is written is version
// [Version], which redis-server 7.0 reads.
//
// A [Reader] reads all that Redis up to 7.2 and Valkey up to 8 write, from version 1 to
// [VersionMax]. It gives one item after the other, and the value of a key element by
// element: nothing is built, and no memory is taken for bytes that have not arrived. A file
// may be hostile: whatever it says ends in an [*Error], never in a panic.
//
// # Ownership
//
// A Reader and a Writer belong to the goroutine that uses them: no locks. Everything else is
// a function of its arguments. There is no clock, no file and no keyspace here.
//
// # What is not here
//
// What becomes of the items (package snapshot, the commands RESTORE and DUMP), which keys
// have expired, and the meaning of the bytes in a module's value. docs/formats/rdb.md says
// what in our files is not Redis' own.
package rdb

const (
	// Version is what we write: that of Redis 7.0.
	Version = 10
	// VersionMax is the highest version that is read: that of Redis 7.4 and 8. Valkey 7.2
	// and 8 write 11.
	VersionMax = 12

	magic        = "REDIS"
	magicValkey  = "VALKEY"
	headerBytes  = len(magic) + 4
	trailerBytes = 8 // the checksum behind the end of a file

	// versionChecksum is the first version with a checksum at its end.
	versionChecksum = 5
)

// Limits of what a file may ask for; see docs/limits.md.
const (
	// StringBytesMax is the length that a string in a file may have unless the options
	// say otherwise: Redis' own proto-max-bulk-len.
	StringBytesMax = 512 << 20
	// DBMax is the highest number of a database that a file may name.
	DBMax = 1<<31 - 1
)

// Type is the byte that says which value follows, and how it is encoded.
type Type byte

// The types of values. Those with a comment "written" are what the Append functions make;
// the others are only read.
const (
	TypeString         Type = 0 // written
	TypeList           Type = 1 // written: a count, and that many strings
	TypeSet            Type = 2 // written: a count, and that many strings
	TypeZSetText       Type = 3
	TypeHash           Type = 4 // written: a count, and that many pairs of strings
	TypeZSet           Type = 5 // written: a count, and that many members with binary scores
	TypeModuleOld      Type = 6
	TypeModule         Type = 7 // written
	TypeHashZipmap     Type = 9
	TypeListZiplist    Type = 10
	TypeSetInts        Type = 11 // written: one string, an intset
	TypeZSetZiplist    Type = 12
	TypeHashZiplist    Type = 13
	TypeListQuick      Type = 14
	TypeStream1        Type = 15
	TypeHashPack       Type = 16 // written: one string, a listpack
	TypeZSetPack       Type = 17 // written: one string, a listpack
	TypeListPacks      Type = 18 // written: a count, and that many listpacks or single elements
	TypeStream2        Type = 19 // written
	TypeSetPack        Type = 20
	TypeStream3        Type = 21
	typeHashTTLOld     Type = 22 // of a release candidate; Valkey 9 has another one with this number
	typeHashPackTTLOld Type = 23
	TypeHashTTL        Type = 24 // written: a deadline, a count, and deadlines, fields, values
	typeHashPackTTL    Type = 25
	typeEnd            Type = 26 // the first type that does not exist
)

// The bytes in the place of a type that are something else.
const (
	opSlotInfo   = 244
	opFunction   = 245
	opFunctionRC = 246 // of a release candidate of Redis 7
	opModuleAux  = 247
	opIdle       = 248
	opFreq       = 249
	opAux        = 250
	opResize     = 251
	opDeadlineMs = 252
	opDeadlineS  = 253
	opSelectDB   = 254
	opEnd        = 255
)

// Kind is what a value is, however it is encoded.
type Kind byte

// The kinds of values.
const (
	String Kind = iota + 1
	List
	Set
	ZSet
	Hash
	Stream
	Module
)

// Kind tells what a value of this type is; 0 if there is no such type or it is not read.
func (t Type) Kind() Kind {
	switch t {
	case TypeString:
		return String
	case TypeList, TypeListZiplist, TypeListQuick, TypeListPacks:
		return List
	case TypeSet, TypeSetInts, TypeSetPack:
		return Set
	case TypeZSetText, TypeZSet, TypeZSetZiplist, TypeZSetPack:
		return ZSet
	case TypeHash, TypeHashZipmap, TypeHashZiplist, TypeHashPack, TypeHashTTL, typeHashPackTTL:
		return Hash
	case TypeStream1, TypeStream2, TypeStream3:
		return Stream
	case TypeModule:
		return Module
	}
	return 0
}
