// SPDX-License-Identifier: Apache-2.0

package script

import (
	"cmp"
	"crypto/sha1"
	"encoding/hex"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	lua "github.com/yuin/gopher-lua"

	"stampede/internal/command"
	"stampede/internal/reply"
)

// SHALen is the length of the name of a script, in digits.
const SHALen = 40

const (
	// evaluatedMax is how many scripts stay that were given to EVAL only. Beyond it the one
	// not used for the longest time goes, as in Redis since 7.4: clients that write values
	// into the text of their scripts would fill the memory otherwise.
	evaluatedMax = 1000
	// memoryMaxDefault is how far a script may make the heap grow.
	memoryMaxDefault = 1 << 30
)

// Options are what a library needs from outside. The zero value is fit for use.
type Options struct {
	RedisVersion string // what redis.REDIS_VERSION tells; "7.0.15" if empty

	// Log takes the messages of redis.log; nil drops them. It must not wait.
	Log func(level LogLevel, message string)

	// StringMax is the longest string that a script may make, in bytes; 0: 512 MiB.
	StringMax int

	// MemoryMax is how many bytes the heap may grow while a script runs; 0: 1 GiB. It is
	// looked at from time to time, and the work of others counts too.
	MemoryMax uint64
}

// Library is the scripts of a server. Its lock is held for looking scripts up and for keeping
// them, never while one runs.
type Library struct {
	options Options
	clock   atomic.Uint64 // counts uses
	base    time.Time     // runs are measured from here

	mu        sync.RWMutex
	bySHA     map[string]*Script
	bySource  map[string]*Script
	evaluated int // scripts that no SCRIPT LOAD has asked to keep

	idle   idleMachines
	random random

	functions *Functions
}

// arrayMax is up to which index the elements of a table stand in a row. gopher-lua fills the row
// up to the index that is set, so a single large index costs 16 bytes for each below it; above
// it they are hashed, and the operator # no longer counts them.
const arrayMax = 1 << 22

// limitArrays sets arrayMax, which gopher-lua has for all its states together.
var limitArrays = sync.OnceFunc(func() { lua.MaxArrayIndex = arrayMax })

// NewLibrary returns a library without scripts.
func NewLibrary(o Options) *Library {
	o.RedisVersion = cmp.Or(o.RedisVersion, "7.0.15")
	o.StringMax = cmp.Or(o.StringMax, 512<<20)
	o.MemoryMax = cmp.Or(o.MemoryMax, memoryMaxDefault)
	l := &Library{options: o, base: time.Now()}
	l.forget()
	limitArrays()
	l.random.x.Store(randomBegin)
	l.idle.max = 2 * runtime.GOMAXPROCS(0)
	l.functions = newFunctions(l)
	return l
}

// Functions is the libraries of functions.
func (l *Library) Functions() *Functions { return l.functions }

// forget leaves no script. The caller holds the lock, or is alone.
func (l *Library) forget() {
	l.bySHA, l.bySource = make(map[string]*Script), make(map[string]*Script)
	l.evaluated = 0
}

// Find is the script of the given SHA-1, in digits of any case, or nil. It allocates nothing.
func (l *Library) Find(sha []byte) *Script {
	if len(sha) != SHALen {
		return nil
	}
	var small [SHALen]byte
	for i, c := range sha {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		small[i] = c
	}
	l.mu.RLock()
	s := l.bySHA[string(small[:])]
	l.mu.RUnlock()
	return s
}

// Eval is the script with the given text, kept for as long as there is room. A text that does
// not compile is a [reply.Error].
func (l *Library) Eval(source []byte) (*Script, error) {
	l.mu.RLock()
	s := l.bySource[string(source)]
	l.mu.RUnlock()
	if s != nil {
		return s, nil
	}
	return l.add(source, false)
}

// Load is [Library.Eval], but the script stays until it is flushed.
func (l *Library) Load(source []byte) (*Script, error) { return l.add(source, true) }

func (l *Library) add(source []byte, load bool) (*Script, error) {
	s := &Script{Source: string(source)}
	sum := sha1.Sum(source)
	s.SHA = hex.EncodeToString(sum[:])
	flags, err := declared(s.Source)
	if err != nil {
		return nil, err
	}
	s.flags.Store(uint32(flags))
	if err := checkGrammar(s.text(), chunkName); err != nil {
		return nil, compileError(err)
	}
	if load { // else the run that follows says what the grammar does not
		if err := checkChunk(s.text(), chunkName); err != nil {
			return nil, compileError(err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if known := l.bySHA[s.SHA]; known != nil {
		s = known
	} else {
		l.bySHA[s.SHA], l.bySource[s.Source] = s, s
		l.evaluated++
	}
	if load && s.loaded.CompareAndSwap(false, true) {
		l.evaluated--
	}
	s.used.Store(l.clock.Add(1))
	if l.evaluated > evaluatedMax {
		l.dropOldest()
	}
	return s, nil
}

func compileError(err error) reply.Error {
	return reply.Error("ERR Error compiling script (new function): " + err.Error())
}

// dropOldest forgets the script of EVAL that was not used for the longest time.
func (l *Library) dropOldest() {
	var oldest *Script
	for _, s := range l.bySHA {
		if !s.loaded.Load() && (oldest == nil || s.used.Load() < oldest.used.Load()) {
			oldest = s
		}
	}
	if oldest != nil {
		delete(l.bySHA, oldest.SHA)
		delete(l.bySource, oldest.Source)
		l.evaluated--
	}
}

// Flush forgets all scripts. Those that run go on.
func (l *Library) Flush() {
	l.mu.Lock()
	l.forget()
	l.mu.Unlock()
	l.idle.drop()
}

// All is every script, in the order of their SHA-1.
func (l *Library) All() []*Script {
	l.mu.RLock()
	all := make([]*Script, 0, len(l.bySHA))
	for _, s := range l.bySHA {
		all = append(all, s)
	}
	l.mu.RUnlock()
	slices.SortFunc(all, func(a, b *Script) int { return cmp.Compare(a.SHA, b.SHA) })
	return all
}

// Counts tells how many scripts there are, and how many bytes their texts have.
func (l *Library) Counts() (scripts, textBytes int) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for source := range l.bySource {
		textBytes += len(source)
	}
	return len(l.bySource), textBytes
}

// Input is what a run is given.
type Input struct {
	Host       command.Host
	Keys, Args [][]byte // KEYS and ARGV; they are copied
	Call       [][]byte // the call of a function as a whole; copied if the function runs long
	ReadOnly   bool     // writes are refused: EVAL_RO, or the script said so
}

// Run runs a script and writes exactly one reply to out. Whatever the script does, its errors
// included, is in that reply. A panic of the host goes through, so that it can end a run.
func (l *Library) Run(s *Script, in Input, out *reply.Buffer) {
	begin := time.Since(l.base)
	s.used.Store(l.clock.Add(1))
	in.declare(s.Flags())
	m := l.idle.take()
	if m == nil {
		m = newMachine(l, scriptMachine)
	}
	position := out.Len()
	failed := m.run(s, &in, out)
	if m.spoiled {
		m.close()
	} else {
		l.idle.put(m)
	}
	s.ran(time.Since(l.base)-begin, failed)
	if out.Len() == position {
		out.Null()
	}
}

// declare tells the host what the flags of a run mean.
func (in *Input) declare(flags Flags) {
	if in.ReadOnly || flags&NoWrites != 0 {
		in.Host.ReadOnly()
	}
	if flags&AllowOOM != 0 {
		in.Host.AllowOOM()
	}
	if flags&NonAtomic != 0 {
		in.Host.Separate()
	}
}

// idleMachines are those that no run uses at the moment.
type idleMachines struct {
	mu   sync.Mutex
	max  int
	list []*machine
}

// take is an idle machine, the one used last, or nil.
func (i *idleMachines) take() (m *machine) {
	i.mu.Lock()
	if n := len(i.list); n > 0 {
		m = i.list[n-1]
		i.list[n-1] = nil
		i.list = i.list[:n-1]
	}
	i.mu.Unlock()
	return m
}

// put keeps a machine for later, unless there are enough.
func (i *idleMachines) put(m *machine) {
	i.mu.Lock()
	if len(i.list) < i.max {
		i.list, m = append(i.list, m), nil
	}
	i.mu.Unlock()
	if m != nil {
		m.close()
	}
}

// drop forgets the idle machines and what they have compiled.
func (i *idleMachines) drop() {
	i.mu.Lock()
	list := i.list
	i.list = nil
	i.mu.Unlock()
	for _, m := range list {
		m.close()
	}
}
