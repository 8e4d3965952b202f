// SPDX-License-Identifier: Apache-2.0

// Package effect is what calls did to the keyspace, as bytes: what the journal keeps and a
// replica or the ledger reads.
//
// An effect says what is so afterwards, not what was asked for: a deadline is a time and no
// duration, a random choice is what was chosen, a script is what it wrote. Effects applied
// in order to the keyspace that they began with give the keyspace that they ended with, on
// any number of shards.
//
// A record of the journal holds the effects of a group of calls or of one transaction: all
// of them count or none. Which record is where, and whether it is whole, is package
// journal's business; what an effect does to a keyspace is package keyspace's.
//
// # Ownership
//
// A [Buffer] belongs to whoever owns the shard or shards whose changes it takes. A [Reader]
// belongs to its maker.
//
// # Format
//
// An effect is one byte for its [Op], one byte for the database, and the parts that its op
// has, in the order of [Effect]'s fields: byte strings after their length, numbers as
// uvarints, scores as eight bytes of a float64, little-endian.
package effect

// Op says what an effect does.
type Op uint8

// The ops, with the parts that each has. The numbers are on disks: they never change.
const (
	Set          Op = 1  // Key DeadlineMs Value: a string, whatever was there before
	Splice       Op = 2  // Key N Value: a string has these bytes from N on; it grows as needed
	Deadline     Op = 3  // Key DeadlineMs; 0: the key never ends
	Remove       Op = 4  // Key
	HashSet      Op = 5  // Key Field Value
	HashDelete   Op = 6  // Key Field
	ZSetAdd      Op = 7  // Key Field Score: the member has this score
	ZSetRemove   Op = 8  // Key Field
	ZSetCut      Op = 9  // Key N M: M members go from rank N on
	Flush        Op = 10 // the database is empty
	FlushAll     Op = 11 // all databases are empty
	Swap         Op = 12 // N: the database and number N exchange their contents
	Move         Op = 13 // Key N Field: the key is Field of database N now, which was absent
	Copy         Op = 14 // Key N Field: Field of database N, absent so far, equals the key
	JSONSet      Op = 15 // Key Value: a document in its portable form; the deadline stays
	Stock        Op = 16 // Key Value: what happened to a stock, in its own terms
	Lease        Op = 17 // Key Value: what happened to a lock, in its own terms
	FunctionLoad Op = 18 // Value: the text of a library; one of the same name is replaced
	FunctionDrop Op = 19 // Field: the name of a library; empty: all of them
	Fence        Op = 20 // N: locks of all databases give fences greater than N from now on
	JSONEdit     Op = 21 // Key Value: edits of a document in their portable form
	HashDeadline Op = 22 // Key DeadlineMs Field: when a field ends; 0: never. HashSet takes it back
	SetAdd       Op = 30 // Key Field: the set has this member
	SetRemove    Op = 31 // Key Field: the set does not have this member
	ListPush     Op = 40 // Key N Value: elements, each after its length, at an end, one by one
	ListPop      Op = 41 // Key N M: M elements go from an end
	ListSet      Op = 42 // Key N Value: element N
	ListInsert   Op = 43 // Key N Value: a new element N; those from N on move up
	ListRemove   Op = 44 // Key N M Value: M elements that equal the value go, from an end on
	StreamAdd    Op = 50 // Key N M Value: entry N-M, fields and values each after its length

	StreamNode       Op = 51 // Key N M Value: a node with the ID N-M, behind all others
	StreamState      Op = 52 // Key Value: the last ID, the highest deleted one, entries added
	StreamDelete     Op = 53 // Key Value: the IDs of entries that are deleted
	StreamTrim       Op = 54 // Key N: the first N entries go
	StreamTrimTo     Op = 55 // Key N M: the entries below N-M go
	StreamGroup      Op = 56 // Key Field Value: a group, the last ID and how many it has read
	StreamUngroup    Op = 57 // Key Field: a group goes
	StreamConsumer   Op = 58 // Key Field Value: of the group, a consumer, and when it called
	StreamUnconsumer Op = 59 // Key Field Value: of the group, a consumer goes
	StreamPending    Op = 60 // Key Field Value: for a consumer, when, how often, which IDs
	StreamAck        Op = 61 // Key Field Value: of the group, the IDs that are pending no more

	opEnd Op = 62
)

// The ends of a list, as N of [ListPush], [ListPop] and [ListRemove].
const (
	ListHead = 0
	ListTail = 1
)

// parts are what an op has beside the database.
type parts uint8

const (
	hasKey parts = 1 << iota
	hasN
	hasM
	hasDeadline
	hasField
	hasScore
	hasValue
	hasNothing // of an op that says all by itself
)

// partsOf is the layout of an op; none for one that is not known.
func partsOf(op Op) (p parts, ok bool) {
	layouts := [opEnd]parts{
		Set:          hasKey | hasDeadline | hasValue,
		Splice:       hasKey | hasN | hasValue,
		Deadline:     hasKey | hasDeadline,
		Remove:       hasKey,
		HashSet:      hasKey | hasField | hasValue,
		HashDelete:   hasKey | hasField,
		ZSetAdd:      hasKey | hasField | hasScore,
		ZSetRemove:   hasKey | hasField,
		ZSetCut:      hasKey | hasN | hasM,
		Flush:        hasNothing,
		FlushAll:     hasNothing,
		Swap:         hasN,
		Move:         hasKey | hasN | hasField,
		Copy:         hasKey | hasN | hasField,
		JSONSet:      hasKey | hasValue,
		Stock:        hasKey | hasValue,
		Lease:        hasKey | hasValue,
		FunctionLoad: hasValue,
		FunctionDrop: hasField,
		Fence:        hasN,
		JSONEdit:     hasKey | hasValue,
		HashDeadline: hasKey | hasDeadline | hasField,
		SetAdd:       hasKey | hasField,
		SetRemove:    hasKey | hasField,
		ListPush:     hasKey | hasN | hasValue,
		ListPop:      hasKey | hasN | hasM,
		ListSet:      hasKey | hasN | hasValue,
		ListInsert:   hasKey | hasN | hasValue,
		ListRemove:   hasKey | hasN | hasM | hasValue,
		StreamAdd:    hasKey | hasN | hasM | hasValue,

		StreamNode:       hasKey | hasN | hasM | hasValue,
		StreamState:      hasKey | hasValue,
		StreamDelete:     hasKey | hasValue,
		StreamTrim:       hasKey | hasN,
		StreamTrimTo:     hasKey | hasN | hasM,
		StreamGroup:      hasKey | hasField | hasValue,
		StreamUngroup:    hasKey | hasField,
		StreamConsumer:   hasKey | hasField | hasValue,
		StreamUnconsumer: hasKey | hasField | hasValue,
		StreamPending:    hasKey | hasField | hasValue,
		StreamAck:        hasKey | hasField | hasValue,
	}
	if op >= opEnd {
		return 0, false
	}
	return layouts[op], layouts[op] != 0
}

// String is the op's name, for people: what names it on a disk is its number.
func (op Op) String() string {
	names := [opEnd]string{
		Set: "set", Splice: "splice", Deadline: "deadline", Remove: "remove",
		HashSet: "hash-set", HashDelete: "hash-delete",
		ZSetAdd: "zset-add", ZSetRemove: "zset-remove", ZSetCut: "zset-cut",
		Flush: "flush", FlushAll: "flush-all", Swap: "swap", Move: "move", Copy: "copy",
		JSONSet: "json-set", Stock: "stock", Lease: "lease",
		FunctionLoad: "function-load", FunctionDrop: "function-drop",
		Fence: "fence", JSONEdit: "json-edit", HashDeadline: "hash-deadline",
		SetAdd: "set-add", SetRemove: "set-remove",
		ListPush: "list-push", ListPop: "list-pop", ListSet: "list-set",
		ListInsert: "list-insert", ListRemove: "list-remove",
		StreamAdd: "stream-add", StreamNode: "stream-node", StreamState: "stream-state",
		StreamDelete: "stream-delete", StreamTrim: "stream-trim", StreamTrimTo: "stream-trim-to",
		StreamGroup: "stream-group", StreamUngroup: "stream-ungroup",
		StreamConsumer: "stream-consumer", StreamUnconsumer: "stream-unconsumer",
		StreamPending: "stream-pending", StreamAck: "stream-ack",
	}
	if _, ok := partsOf(op); !ok {
		return "unknown"
	}
	return names[op]
}

// HasKey tells whether an effect of this op is about one key and nothing else: then it
// concerns one shard only.
func (op Op) HasKey() bool {
	p, _ := partsOf(op)
	return p&hasKey != 0 && op != Move && op != Copy
}

// Effect is one change. Which fields count is said at its Op; byte strings of an effect
// that was read are views into its record.
type Effect struct {
	Op         Op
	DB         int
	Key        []byte
	N, M       uint64
	DeadlineMs int64 // Unix time; 0: none
	Field      []byte
	Score      float64
	Value      []byte
}
