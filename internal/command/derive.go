// SPDX-License-Identifier: Apache-2.0

package command

import (
	"errors"
	"fmt"
	"strings"
)

// deriveKeys fills in everything that the row says about keys.
func (r *Row) deriveKeys() error {
	uses, err := parseKeyUses(&r.Spec)
	if err != nil {
		return err
	}
	d := keyDeriver{uses: uses}
	d.sequence(r.Tree, r.firstArg(), 0)
	switch {
	case len(r.KeySpecs) > 0:
		r.Specs = r.KeySpecs
	case d.err != nil:
		return d.err
	case len(uses) > 1 && len(uses) != d.groups:
		return fmt.Errorf("%d key uses for %d groups of keys", len(uses), d.groups)
	default:
		r.Specs = d.specs
	}
	r.deriveRange()
	return nil
}

// parseKeyUses reads what is done with each group of keys.
func parseKeyUses(spec *Spec) ([]KeyUse, error) {
	text := spec.KeyUse
	if text == "" {
		text = "RO access"
		if spec.Flags&Write != 0 {
			text = "RW update"
		}
	}
	var uses []KeyUse
	for group := range strings.SplitSeq(text, ";") {
		var use KeyUse
		for _, name := range strings.Fields(group) {
			bit := indexOf(keyUseNames[:], name)
			if bit < 0 {
				return nil, fmt.Errorf("unknown key use %q", name)
			}
			use |= 1 << bit
		}
		uses = append(uses, use)
	}
	return uses, nil
}

func indexOf(names []string, name string) int {
	for i := range names {
		if names[i] == name {
			return i
		}
	}
	return -1
}

// keyDeriver walks the argument tree and writes a key specification for each group of
// keys.
type keyDeriver struct {
	uses   []KeyUse
	groups int
	specs  []KeySpec
	err    error
}

// sequence looks for keys among arguments of which the first stands at index at; behind
// them at least tail words follow. at is negative if it is not fixed, and then -at is the
// least index.
func (d *keyDeriver) sequence(args []Arg, at, tail int) {
	for i := range args {
		arg := &args[i]
		rest, exact := extent(args[i+1:])
		rest += tail
		if i > 0 && arg.Type == ArgKey && arg.Token == "" && args[i-1].Name == "numkeys" {
			d.counted(arg, at)
		} else {
			d.arg(arg, at, rest, exact)
		}
		least, fixed := arg.extent()
		at = advance(at, least, fixed)
	}
}

// advance moves a position, which may be negative as in sequence, over an argument.
func advance(at, least int, fixed bool) int {
	switch {
	case at < 0:
		return at - least
	case !fixed:
		return -(at + least)
	}
	return at + least
}

// arg looks for keys in one argument. Behind it rest words follow, or more if not exact.
func (d *keyDeriver) arg(arg *Arg, at, rest int, exact bool) {
	if !arg.hasKeys() {
		return
	}
	begin := KeyBegin{Index: at}
	if arg.Token != "" {
		begin = KeyBegin{Keyword: arg.Token, From: max(at, -at)}
	} else if at < 0 || arg.Optional {
		d.fail(arg, "no fixed place and no word before it")
		return
	}
	switch {
	case arg.Type == ArgKey && !arg.Multiple:
		d.add(arg, begin, KeyFind{Step: 1})
	case arg.Type == ArgKey && exact:
		d.add(arg, begin, KeyFind{Step: 1, Last: -1 - rest})
	case arg.Type == ArgBlock && arg.Token != "" && arg.pairsUp():
		d.add(&arg.Args[0], begin, KeyFind{Step: 1, Last: -1, Limit: len(arg.Args)})
	case arg.Type == ArgBlock && arg.Multiple && exact && arg.Args[0].Type == ArgKey:
		d.add(&arg.Args[0], begin, KeyFind{Step: len(arg.Args), Last: -1 - rest})
	case arg.Type == ArgBlock && !arg.Multiple && arg.Token == "":
		d.sequence(arg.Args, at, rest)
	default:
		d.fail(arg, "use the field KeySpecs")
	}
}

func (d *keyDeriver) fail(arg *Arg, why string) {
	d.err = errors.Join(d.err, fmt.Errorf("where the keys of %q stand cannot be said: %s",
		arg.Name, why))
}

// counted adds keys behind their number, which stands at index at-1.
func (d *keyDeriver) counted(arg *Arg, at int) {
	if at < 0 || !arg.Multiple {
		d.fail(arg, "numkeys needs a fixed place and repeated keys behind it")
		return
	}
	d.add(arg, KeyBegin{Index: at - 1}, KeyFind{Step: 1, Counted: true, First: 1})
}

// add writes a specification, or makes the last one longer if the key stands next to it
// and the same is done with both.
func (d *keyDeriver) add(arg *Arg, begin KeyBegin, find KeyFind) {
	use := d.uses[min(d.groups, len(d.uses)-1)]
	d.groups++
	arg.KeySpec = len(d.specs)
	if n := len(d.specs); n > 0 && begin.Index > 0 {
		last := &d.specs[n-1]
		next := last.Begin.Index + last.Find.Last + 1
		if last.Use == use && last.Find == (KeyFind{Step: 1, Last: last.Find.Last}) &&
			find == (KeyFind{Step: 1}) && begin.Index == next {
			last.Find.Last++
			arg.KeySpec = n - 1
			return
		}
	}
	d.specs = append(d.specs, KeySpec{Use: use, Begin: begin, Find: find})
}

// hasKeys tells whether the argument is a key or holds one.
func (a *Arg) hasKeys() bool {
	if a.Type == ArgKey {
		return true
	}
	for i := range a.Args {
		if a.Args[i].hasKeys() {
			return true
		}
	}
	return false
}

// pairsUp tells whether a block is repeated keys and then as many repeated other things.
func (a *Arg) pairsUp() bool {
	for i := range a.Args {
		if !a.Args[i].Multiple || (a.Args[i].Type == ArgKey) != (i == 0) {
			return false
		}
	}
	return true
}

// deriveRange derives from the key specifications the older description: one range of
// keys, and the flag MovableKeys where it does not tell all.
func (r *Row) deriveRange() {
	for _, spec := range r.Specs {
		if spec.Use&KeyIncomplete != 0 {
			r.Flags |= MovableKeys
		}
		plain := spec.Begin.Index > 0 && spec.Find.Step > 0 && !spec.Find.Counted
		if len(r.Specs) > 1 {
			plain = plain && spec.Find.Step == 1 &&
				(r.LastKey == 0 || r.LastKey == spec.Begin.Index-1)
		}
		if !plain {
			r.Flags |= MovableKeys
			continue
		}
		last := spec.Find.Last
		if last >= 0 {
			last += spec.Begin.Index
		}
		if r.FirstKey == 0 {
			r.FirstKey, r.KeyStep = spec.Begin.Index, spec.Find.Step
		}
		r.LastKey = last
	}
	r.OneKey = r.FirstKey > 0 && r.LastKey == r.FirstKey && r.Flags&MovableKeys == 0 &&
		r.FindKeys == nil && r.Roams == nil && r.Specs[0].Use&KeyNotKey == 0
}
