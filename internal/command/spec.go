// SPDX-License-Identifier: Apache-2.0

// Package command is what a command is: one row that says its name, its arguments and
// where it runs, and the table that finds the row of a call.
//
// A [Spec] is all that a person writes down about a command. Everything else (arity, key
// positions, ACL categories, COMMAND and COMMAND DOCS, the page of commands, the "wrong
// number of arguments") is derived from it by [NewTable], so one fact stands in one place.
//
// Rows and tables never change after they were made and may be read by anyone. A [Call]
// belongs to the one who runs it.
//
// What a command does is its family's business (packages family/...); finding shards and
// owning them is the engine's.
package command

import (
	"context"

	"stampede/internal/keyspace"
	"stampede/internal/object"
	"stampede/internal/reply"
)

// Spec is one row: a command as a person writes it down.
type Spec struct {
	Name    string  // in capitals; a subcommand as "CLIENT|KILL"
	Args    string  // its synopsis: "@key value [NX | XX] [EX seconds:int]"; @ marks keys
	Summary string  // one sentence for COMMAND DOCS and docs/commands.md
	Group   Group   // the chapter of the manual; also its ACL category
	Flags   Flags   // Read or Write, and what else the dispatcher must know
	Since   string  // the version of Redis that had it first; "stampede" for our own
	Cost    string  // complexity, as "O(1)"
	Do      Handler // what runs it, and where; nil for a container ("CLIENT")

	// What is done with the keys, in the order of the @: "RW access delete; OW update".
	// Empty: "RO access" for rows that read, "RW update" for rows that write. One use
	// stands for all keys.
	KeyUse string

	Tips string // for clients of a cluster, as Redis names them, with blanks between

	// The fields below are for irregular rows. Empty means that there is nothing to say.

	ACL        string    // ACL categories instead of the one of the group: "connection"
	ArityAs    int       // arity that history has fixed, instead of that of the synopsis
	KeySpecs   []KeySpec // instead of those that follow from the synopsis
	FindKeys   KeyFinder // finds the keys where the key specifications cannot
	UseOf      KeyUser   // tells the use of the only key where it depends on the call
	Roams      Roaming   // for OnKeys: tells whether a call needs all shards, whatever its keys
	Inner      int       // argument that is looked up within the key's value: the engine warms it
	Deprecated string    // the version since which Redis advises against it
	Instead    string    // what Redis advises instead of it
}

// Roaming tells by the arguments whether a call looks at keys that they do not name.
type Roaming func(argv [][]byte) bool

// A Handler runs a command. Its type says where; those below are all there are.
type Handler interface{ handler() }

type (
	// OnShard runs on the one shard that owns every key of the call. The keys of such a
	// row must stand behind each other or be one; a call whose keys lie on several
	// shards cannot be written as OnShard.
	OnShard func(db *keyspace.DB, c *Call)

	// OnKeys runs with every shard that holds one of the call's keys owned at once, so
	// what it does is atomic over all of them.
	OnKeys func(tx Tx, c *Call)

	// OnAll runs with every shard owned: KEYS, FLUSHALL, INFO. spaces stand in the order
	// of the shards.
	OnAll func(spaces []*keyspace.Space, c *Call)

	// Local runs on the connection and touches no key. It must not wait for a shard: in
	// MULTI it runs while shards are owned.
	Local func(c *Call)

	// Exec runs the calls that MULTI queued in the session as one transaction. Its only
	// row is EXEC; the engine does the work.
	Exec struct{}

	// Waiting runs as OnKeys does; where what it wants is not there it waits for it, and
	// those who have waited longest are served first.
	Waiting struct {
		// Try does the call. If what it wants is not there, it changes nothing, answers
		// nothing, says in c.Wait for what it waits, and returns false. It is tried again
		// whenever one of the keys has changed, perhaps on another goroutine than that of
		// its connection: all it may use of the session is what the call says.
		Try func(tx Tx, c *Call) (done bool)
		// TimeUp answers a call whose time is over, or that must not wait because it is
		// part of a transaction or a script (c.InExec).
		TimeUp func(tx Tx, c *Call)
		// MayWait tells by the arguments whether a call can wait; nil: every one can.
		MayWait func(argv [][]byte) bool
		// InOrder says that nobody is served before the one who has waited longest.
		InOrder bool
		// Wants is the kind of value that it waits for; those who wait for another kind
		// under the same key stand in another queue. None: it may be any.
		Wants object.Kind
		// Locks says that what it waits for are locks of its keys' names: their queues are
		// apart from those of the keys.
		Locks bool
		// Acks says that Try always does the call, and that a call which MayWait may set
		// [Call.Ledger]: it is its reply that waits.
		Acks bool
	}

	// Settled waits until the disk has everything that was written so far; not in a
	// transaction. It touches no keys.
	Settled struct {
		// Begin reads the arguments and says in c.Wait.UntilMs how long to wait. It is true if
		// the call has been answered.
		Begin func(c *Call) (done bool)
		// End answers the call. durable tells whether the disk has it.
		End func(c *Call, durable bool)
	}

	// Leaving runs as OnKeys does, and answers or gives the errand that will: its connection
	// waits for that, and its shards do not. A transaction or a script cannot wait, and refuses
	// an errand.
	Leaving func(tx Tx, c *Call) Errand

	// Scripted runs a script, whose calls h runs as one transaction. It may be run again
	// from its beginning, with more shards owned, as long as it has written nothing.
	Scripted func(h Host, c *Call)
)

func (OnShard) handler()  {}
func (OnKeys) handler()   {}
func (OnAll) handler()    {}
func (Local) handler()    {}
func (Exec) handler()     {}
func (Scripted) handler() {}
func (Settled) handler()  {}
func (Leaving) handler()  {}
func (Waiting) handler()  {}

// Tx reaches the keys of a call that may lie on several shards, all of them owned.
type Tx interface {
	// DB is the part of database number n that holds key. It panics if the shard of
	// key is not owned, which means that the row's synopsis has no @ before that key.
	DB(n int, key []byte) *keyspace.DB
}

// Errand is the rest of a call that has to wait for another server or for files. It runs on
// a goroutine of its own, where no shard is owned, and writes exactly one reply to out. It runs
// to its end also if its connection has gone; when ctx ends it is to give up what it waits for.
type Errand func(ctx context.Context, home Home, out *reply.Buffer)

// Home is the store as an errand sees it, while it runs.
type Home interface {
	// Own runs do with the shards of keys owned, as soon as nobody else owns them and writes
	// are not paused. do must not wait for anybody.
	Own(keys [][]byte, do func(tx Tx))
	// Refusal is why nothing may be written at the moment, or empty.
	Refusal() reply.Error
}

// Host runs the calls of a script. It is valid while the script's handler runs.
type Host interface {
	// Call runs one call and appends its reply to out, in the protocol that out speaks.
	// Whatever is wrong with the call is an error reply: the handler says what that means
	// in a script. Calls that are not for scripts (NoScript) and, where ReadOnly was said,
	// those that write are refused in Redis' words.
	Call(argv [][]byte, out *reply.Buffer)
	// ReadOnly forbids writes from now on: EVAL_RO, or the flag no-writes.
	ReadOnly()
	// AllowOOM lets the script write while memory is above maxmemory: the flag allow-oom.
	AllowOOM()
	// Separate lets others run between the calls of the script from now on: the flag
	// disable-atomicity. In a transaction it has no effect.
	Separate()
	// HasRoom tells whether memory is below maxmemory, after keys were let go if they may
	// be. A script that has declared that it writes asks before it begins.
	HasRoom() bool
	// Wrote tells whether a call of the script has been allowed to write: then it must run
	// to its end, and cannot be killed.
	Wrote() bool
	// Pause is to be called from time to time by a script that runs long, after at most
	// some ten thousand instructions: others are told that the store is busy, and an order
	// to kill the script comes back as an error, which must end the script.
	Pause() error
}

// Group is a chapter of the manual, named as COMMAND DOCS names it.
type Group string

// The groups.
const (
	GroupString       Group = "string"
	GroupGeneric      Group = "generic"
	GroupHash         Group = "hash"
	GroupList         Group = "list"
	GroupSet          Group = "set"
	GroupSortedSet    Group = "sorted-set"
	GroupTransactions Group = "transactions"
	GroupConnection   Group = "connection"
	GroupServer       Group = "server"
	GroupScripting    Group = "scripting"
	GroupPubSub       Group = "pubsub"
	GroupBitmap       Group = "bitmap"
	GroupHyperLogLog  Group = "hyperloglog"
	GroupStream       Group = "stream"
	GroupGeo          Group = "geo"
	GroupCluster      Group = "cluster"
	GroupJSON         Group = "json"
	GroupStock        Group = "stock"
	GroupLock         Group = "lock"
)

// Flags say what the dispatcher and clients must know of a command. The first block are
// the flags of Redis' COMMAND, under the names given by [Flags.Names].
type Flags uint32

// The flags of a row.
const (
	Read        Flags = 1 << iota // readonly: changes nothing
	Write                         // write: may change the data
	DenyOOM                       // denyoom: refused while memory is above maxmemory
	Fast                          // fast: O(1) or O(log n)
	Admin                         // admin
	NoScript                      // noscript: not from scripts
	Loading                       // loading: allowed while data is being loaded
	Stale                         // stale: allowed on a replica without its primary
	SkipMonitor                   // skip_monitor
	SkipSlowLog                   // skip_slowlog
	NoAuth                        // no_auth: allowed before AUTH
	NoMulti                       // no_multi: an error inside MULTI
	AllowBusy                     // allow_busy: allowed while a script runs
	Blocking                      // blocking: may wait
	NoAsyncLoad                   // no_async_loading
	NoMandKeys                    // no_mandatory_keys
	PubSub                        // pubsub
	MovableKeys                   // movablekeys; derived where the synopsis shows it

	Steady     // its time depends on nothing but the bytes it moves; see the engine's laps
	OtherDBs   // writes to more than its keys: to other databases (MOVE, COPY), or to locks
	Immediate  // runs at once even inside MULTI: EXEC, DISCARD, MULTI, WATCH, QUIT, RESET
	Hidden     // left out of COMMAND
	Messages   // its replies are messages, which CLIENT REPLY does not silence
	Subscribed // allowed on a RESP2 connection that has subscribed
	Spreads    // writes nothing that lasts, but is refused where writes are: PFCOUNT, PUBLISH
	Dangerous  // ACL category @dangerous that group and flags do not imply
	KeySpace   // ACL category @keyspace beyond the generic group
)

// flagNames holds the names that COMMAND gives to flags, in its order.
var flagNames = [...]struct {
	flag Flags
	name string
}{
	{Write, "write"}, {Read, "readonly"}, {DenyOOM, "denyoom"}, {Admin, "admin"},
	{PubSub, "pubsub"}, {NoScript, "noscript"}, {Blocking, "blocking"}, {Loading, "loading"},
	{Stale, "stale"}, {SkipMonitor, "skip_monitor"}, {SkipSlowLog, "skip_slowlog"},
	{Fast, "fast"}, {NoAuth, "no_auth"}, {NoAsyncLoad, "no_async_loading"},
	{NoMandKeys, "no_mandatory_keys"}, {NoMulti, "no_multi"}, {MovableKeys, "movablekeys"},
	{AllowBusy, "allow_busy"},
}

// Names is the flags in the set that Redis knows, as COMMAND writes them.
func (f Flags) Names() []string {
	var names []string
	for _, known := range flagNames {
		if f&known.flag != 0 {
			names = append(names, known.name)
		}
	}
	return names
}
