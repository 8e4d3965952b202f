// SPDX-License-Identifier: Apache-2.0

package script

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"stampede/internal/reply"
)

// Functions is the libraries of functions that were loaded into a server.
//
// Anybody may use it. Whoever changes it should own all shards: then no function runs at that
// time, and the journal has the change in its place. A function that runs nonetheless ends as it
// began.
type Functions struct {
	library *Library
	idle    idleMachines // for libraries without state

	mu  sync.Mutex // held by whoever makes the next set
	set atomic.Pointer[functionSet]

	runs functionRuns
}

// FunctionLibrary is a text that was loaded, and the functions that it registered. Nothing in it
// changes but the state that its functions keep in their upvalues, if they have any.
type FunctionLibrary struct {
	Name      string
	Code      string      // as it was given, with its first line
	Functions []*Function // in the order in which they were registered

	// home holds the machine in which a library with state lives, while nobody uses it. It is
	// nil for a library without state, which lives in any machine.
	home chan *machine
}

// Function is a function that clients may call.
type Function struct {
	Name        string
	Description string
	Described   bool  // it was given a description, be it empty
	Flags       Flags // those of Redis, and Declared

	library *FunctionLibrary
	index   int // in the library
}

// functionSet is all libraries and functions at a time. A set that was published never changes.
type functionSet struct {
	libraries map[string]*FunctionLibrary
	functions map[string]*Function // by their names in small letters
}

func newFunctionSet() *functionSet {
	return &functionSet{
		libraries: make(map[string]*FunctionLibrary), functions: make(map[string]*Function),
	}
}

func (s *functionSet) clone() *functionSet {
	return &functionSet{libraries: maps.Clone(s.libraries), functions: maps.Clone(s.functions)}
}

// join adds a library, in place of its namesake if there is one. The set is of no use after an
// error.
func (s *functionSet) join(lib *FunctionLibrary) error {
	s.remove(lib.Name)
	for _, f := range lib.Functions {
		key := strings.ToLower(f.Name)
		if s.functions[key] != nil {
			return reply.Error("ERR Function " + f.Name + " already exists")
		}
		s.functions[key] = f
	}
	s.libraries[lib.Name] = lib
	return nil
}

// remove removes the library of that name, and tells whether there was one.
func (s *functionSet) remove(name string) bool {
	lib := s.libraries[name]
	if lib == nil {
		return false
	}
	for _, f := range lib.Functions {
		delete(s.functions, strings.ToLower(f.Name))
	}
	delete(s.libraries, name)
	return true
}

func newFunctions(l *Library) *Functions {
	f := &Functions{library: l}
	f.set.Store(newFunctionSet())
	f.idle.max = l.idle.max
	return f
}

// functionNameMax is up to which length names of functions are found without an allocation.
const functionNameMax = 64

// Find is the function of the given name, in letters of any case, or nil.
func (f *Functions) Find(name []byte) *Function {
	var room [functionNameMax]byte
	small := room[:0]
	for _, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		small = append(small, c)
	}
	return f.set.Load().functions[string(small)]
}

// Libraries is every library, in the order of their names.
func (f *Functions) Libraries() []*FunctionLibrary {
	return slices.SortedFunc(maps.Values(f.set.Load().libraries), func(a, b *FunctionLibrary) int {
		return cmp.Compare(a.Name, b.Name)
	})
}

// Counts tells how many libraries and how many functions there are, and how many bytes of code.
func (f *Functions) Counts() (libraries, functions, codeBytes int) {
	set := f.set.Load()
	for _, lib := range set.libraries {
		codeBytes += len(lib.Code)
	}
	return len(set.libraries), len(set.functions), codeBytes
}

// Load adds a library; with replace, in place of its namesake. The code runs for a while, at most
// half a second. What is wrong with it is a [reply.Error].
func (f *Functions) Load(code string, replace bool) (*FunctionLibrary, error) {
	return f.load(code, replace, loadTimeMax)
}

// LoadAgain is Load for a library that was accepted once: it replaces its namesake, and is not
// refused because the machine is slower today.
func (f *Functions) LoadAgain(code string) error {
	_, err := f.load(code, true, loadAgainTimeMax)
	return err
}

func (f *Functions) load(
	code string, replace bool, most time.Duration,
) (*FunctionLibrary, error) {
	name, err := libraryName(code)
	if err != nil {
		return nil, err
	}
	if !replace && f.set.Load().libraries[name] != nil {
		return nil, errLibraryExists("'" + name + "'")
	}
	lib, err := f.build(name, code, most)
	if err != nil {
		return nil, err
	}
	return lib, f.change(func(set *functionSet) error {
		if !replace && set.libraries[name] != nil {
			return errLibraryExists("'" + name + "'")
		}
		return set.join(lib)
	})
}

func errLibraryExists(name string) reply.Error {
	return reply.Error("ERR Library " + name + " already exists")
}

// Delete removes a library, and tells whether there was one of that name.
func (f *Functions) Delete(name string) (found bool) {
	_ = f.change(func(set *functionSet) error {
		found = set.remove(name)
		return nil
	})
	return found
}

// Flush removes all libraries.
func (f *Functions) Flush() {
	_ = f.change(func(set *functionSet) error {
		clear(set.libraries)
		clear(set.functions)
		return nil
	})
}

// Policy says what becomes of libraries that are there when others come in.
type Policy int

// The policies.
const (
	Append  Policy = iota // no library may come in that has the name of one that is there
	Replace               // those that come in replace their namesakes
	Discard               // those that were there go
)

// LoadAll adds libraries by their code, all or none, and tells their names. What is wrong is a
// [reply.Error].
func (f *Functions) LoadAll(codes []string, policy Policy) (names []string, err error) {
	incoming := newFunctionSet()
	for _, code := range codes {
		name, err := libraryName(code)
		if err != nil {
			return nil, err
		}
		if incoming.libraries[name] != nil {
			return nil, errLibraryExists("'" + name + "'")
		}
		lib, err := f.build(name, code, loadTimeMax)
		if err != nil {
			return nil, err
		}
		if err := incoming.join(lib); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, f.change(func(set *functionSet) error { return set.take(incoming, policy) })
}

// take adds the libraries of another set. It is of no use after an error.
func (s *functionSet) take(incoming *functionSet, policy Policy) error {
	if policy == Discard {
		*s = *incoming
		return nil
	}
	names := slices.Sorted(maps.Keys(incoming.libraries))
	for _, name := range names {
		if policy == Append && s.libraries[name] != nil {
			return errLibraryExists(name)
		}
		s.remove(name)
	}
	for _, name := range names {
		if err := s.join(incoming.libraries[name]); err != nil {
			return err
		}
	}
	return nil
}

// change publishes the set that edit makes of a copy of the present one, unless that fails.
func (f *Functions) change(edit func(*functionSet) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	set := f.set.Load().clone()
	if err := edit(set); err != nil {
		return err
	}
	f.set.Store(set)
	f.idle.drop() // they remember libraries that may be gone
	return nil
}
