// SPDX-License-Identifier: Apache-2.0

package command

import (
	"errors"
	"fmt"
	"strings"
)

// Row is a [Spec] with all that is derived from it. It never changes after [NewTable].
type Row struct {
	Spec

	ID    int    // position in the table: an index into arrays of statistics
	Lower string // the name as Redis writes it in errors and reports: "get", "client|kill"
	Tree  []Arg  // the arguments, as the synopsis describes them

	// Arity is the number of arguments of a call, its name counted (and that of the
	// subcommand); negative means at least.
	Arity int

	Specs     []KeySpec // where the keys of a call stand
	FirstKey  int       // index of the first key; 0: none, or not at a fixed place
	LastKey   int       // index of the last key, from the end if negative
	KeyStep   int       // distance from key to key; 0: no keys
	OneKey    bool      // every call has exactly one key, at FirstKey
	Container *Row      // the row whose subcommand this is, or nil

	Subcommands []*Row     // of a container, in the order in which they were given
	Categories  Categories // ACL categories

	table   *Table
	words   nameIndex // of the subcommands
	derived bool      // no family wrote it: the HELP of a container
}

// Table is the table that the row belongs to.
func (r *Row) Table() *Table { return r.table }

// newRow derives a row from its spec.
func newRow(spec Spec) (*Row, error) {
	r := &Row{Spec: spec, Lower: strings.ToLower(spec.Name)}
	if err := checkSpec(&spec); err != nil {
		return nil, err
	}
	var err error
	if r.Tree, err = parseSynopsis(spec.Args); err != nil {
		return nil, err
	}
	if err := r.deriveKeys(); err != nil {
		return nil, err
	}
	switch spec.Do.(type) {
	case OnShard:
		if r.FirstKey == 0 {
			return nil, errors.New("OnShard needs a key at a fixed place: where is the @?")
		}
	case OnKeys:
		if !r.HasKeys() {
			return nil, errors.New("OnKeys needs keys: where is the @?")
		}
	}
	if r.Categories, err = deriveCategories(&spec); err != nil {
		return nil, err
	}
	r.deriveArity()
	return r, nil
}

// checkSpec finds what a spec must not say.
func checkSpec(spec *Spec) error {
	var errs []error
	wrong := func(is bool, format string, args ...any) {
		if is {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	wrong(spec.Name == "" || spec.Name != strings.ToUpper(spec.Name) ||
		strings.ContainsAny(spec.Name, " \x00"), "the name must be in capitals")
	wrong(spec.Summary == "", "no summary")
	wrong(spec.Since == "", "since which version?")
	wrong(spec.Cost == "" && spec.Do != nil, "no cost")
	wrong(spec.Flags&Read != 0 && spec.Flags&Write != 0, "both Read and Write")
	wrong(spec.Do == nil && spec.Args != "", "a container has no arguments of its own")
	return errors.Join(errs...)
}

// Words is the number of words in the command's name: two for a subcommand.
func (r *Row) Words() int {
	if r.Container != nil {
		return 2
	}
	return 1
}

// firstArg is the index of the first argument behind the name.
func (r *Row) firstArg() int { return 1 + strings.Count(r.Name, "|") }

func (r *Row) deriveArity() {
	least, exact := extent(r.Tree)
	r.Arity = r.firstArg() + least
	if !exact {
		r.Arity = -r.Arity
	}
	if r.Do == nil {
		r.Arity = -2
	}
	if r.ArityAs != 0 {
		r.Arity = r.ArityAs
	}
}

// ArityOK tells whether a call of argc arguments, its name counted, may be of this row.
func (r *Row) ArityOK(argc int) bool {
	return argc == r.Arity || r.Arity < 0 && argc >= -r.Arity
}

// extent is the least number of words that the arguments take, and whether they take
// no other number.
func extent(args []Arg) (least int, exact bool) {
	exact = true
	for i := range args {
		n, fixed := args[i].extent()
		least += n
		exact = exact && fixed
	}
	return least, exact
}

func (a *Arg) extent() (least int, exact bool) {
	switch a.Type {
	case ArgBlock:
		least, exact = extent(a.Args)
	case ArgOneOf:
		least, exact = a.Args[0].extent()
		for i := range a.Args[1:] {
			n, fixed := a.Args[1+i].extent()
			exact = exact && fixed && n == least
			least = min(least, n)
		}
	case ArgToken:
		least, exact = 0, true
	default:
		least, exact = 1, true
	}
	if a.Token != "" {
		least++
	}
	if a.Optional {
		return 0, false
	}
	return least, exact && !a.Multiple
}
