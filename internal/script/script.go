// SPDX-License-Identifier: Apache-2.0

// Package script is the Lua machine: it runs the scripts of clients against the calls of a host.
//
// A [Library] holds the scripts that were given to the server, under the SHA-1 of their text,
// and the machines that run them. A machine is a Lua state with what Redis gives to its scripts
// (the table redis, cjson, cmsgpack, struct, bit and a guarded part of the standard library)
// and the buffers of one run; nothing that a script does stays in it. Values go from Lua to
// replies and back through the bytes of the protocol, without a tree of values between.
//
// [Functions] are the libraries of functions. One that keeps something between calls lives in a
// machine of its own, and stays there.
//
// # Ownership
//
// A Library may be used by anybody, and so may its Functions. A machine belongs to one run at a
// time, and so do the values in it. A run happens on its caller's goroutine. Who has the machine of
// a library waits for nothing, so it may be waited for while shards are owned.
//
// # The evaluator
//
// Today it is gopher-lua, which is hidden here: the types of its values appear in no exported
// name. It is bent where it differs from the Lua 5.1 of Redis: libraries are our own, texts of
// errors are translated, and the syntax tree is changed before it is compiled (compile.go).
//
// # What differs from Redis 7.0
//
// The order of pairs is that in which fields came. The metamethod __len counts for tables, as
// since Lua 5.2. A name cannot be goto. An unknown key given to next is no error. a % b is exact
// where Lua rounds, and x % math.huge is x. string.dump refuses. tostring shows other addresses.
// Functions call each other 8,000 deep, not 20,000. Tables count (#) up to 4 million elements,
// and of one with holes # is the last index with a value, where Lua takes any before a hole. A seed
// given to math.random ends with its script, and a setting of cjson too. error({}), which ends
// redis-server, is an error. Texts of errors name no for loop's hidden variables and, in a
// few places, no operand where Lua does.
//
// # What is not here
//
// Which shards a script owns, what a call does and when a script is killed: the engine. The
// commands EVAL, SCRIPT, FCALL and their like: package family/scripting.
package script

import (
	"strconv"
	"sync/atomic"
	"time"
)

// Flags say what a script declared about itself in its first line.
type Flags uint16

// The flags of Redis, then those of Dragonfly.
const (
	NoWrites        Flags = 1 << iota // no-writes: its calls must not write
	AllowOOM                          // allow-oom: runs while memory is above maxmemory
	AllowStale                        // allow-stale: runs on a replica without its primary
	NoCluster                         // no-cluster: does not run in a cluster
	AllowCrossSlots                   // allow-cross-slot-keys
	NonAtomic                         // disable-atomicity: others may run between its calls
	UndeclaredKeys                    // allow-undeclared-keys: a promise that nobody needs here
	Declared                          // it has a first line that declares: "#!lua"
)

// flagNames are the names of flags in a first line, those of Redis before those of Dragonfly.
var flagNames = [...]struct {
	flag Flags
	name string
}{
	{NoWrites, "no-writes"}, {AllowOOM, "allow-oom"}, {AllowStale, "allow-stale"},
	{NoCluster, "no-cluster"}, {AllowCrossSlots, "allow-cross-slot-keys"},
	{NonAtomic, "disable-atomicity"}, {UndeclaredKeys, "allow-undeclared-keys"},
}

// redisFlags is how many of flagNames Redis knows.
const redisFlags = 5

// Names is the names of the flags in the set.
func (f Flags) Names() []string {
	names := []string{}
	for _, known := range flagNames {
		if f&known.flag != 0 {
			names = append(names, known.name)
		}
	}
	return names
}

// FlagNamed is the flag of the given name; 0 if there is none.
func FlagNamed(name string) Flags {
	for _, known := range flagNames {
		if known.name == name {
			return known.flag
		}
	}
	return 0
}

// Script is a text that was found to compile. Any goroutine may use it.
type Script struct {
	SHA    string // its SHA-1 in 40 small hexadecimal digits
	Source string // its text, as it was given

	flags  atomic.Uint32
	loaded atomic.Bool   // by SCRIPT LOAD: it stays until SCRIPT FLUSH
	used   atomic.Uint64 // the library's clock at its last use

	calls, failures, microseconds atomic.Int64
}

// Flags is what the script declares, and what SCRIPT FLAGS has added.
func (s *Script) Flags() Flags { return Flags(s.flags.Load()) }

// AddFlags declares more of the script.
func (s *Script) AddFlags(f Flags) { s.flags.Or(uint32(f)) }

// Stats is what is known of the runs of a script since it was first given.
type Stats struct {
	Calls    int64
	Failures int64 // runs that ended in an error
	Micros   int64 // time of all runs together
}

// Stats is a copy of the counters.
func (s *Script) Stats() Stats {
	return Stats{Calls: s.calls.Load(), Failures: s.failures.Load(), Micros: s.microseconds.Load()}
}

// ran counts a run.
func (s *Script) ran(took time.Duration, failed bool) {
	s.calls.Add(1)
	if failed {
		s.failures.Add(1)
	}
	s.microseconds.Add(took.Microseconds())
}

// text is what stands behind the first line if that declares flags, else everything. The line
// itself stays, empty, so that the numbers of lines are right.
func (s *Script) text() string {
	if Flags(s.flags.Load())&Declared == 0 {
		return s.Source
	}
	for i := range len(s.Source) {
		if s.Source[i] == '\n' {
			return s.Source[i:]
		}
	}
	return ""
}

// LogLevel is the weight of a message of redis.log.
type LogLevel int

// The levels, as scripts number them.
const (
	LogDebug LogLevel = iota
	LogVerbose
	LogNotice
	LogWarning
)

// String names the level.
func (l LogLevel) String() string {
	switch l {
	case LogDebug:
		return "debug"
	case LogVerbose:
		return "verbose"
	case LogNotice:
		return "notice"
	case LogWarning:
		return "warning"
	}
	return strconv.Itoa(int(l))
}
