// SPDX-License-Identifier: Apache-2.0

package json

import (
	"slices"

	"stampede/internal/command"
	"stampede/internal/jsondoc"
	"stampede/internal/jsonpath"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

func (ch *chapter) merge(db *keyspace.DB, c *command.Call) {
	key, path, text := c.Args.Bytes(), c.Args.Bytes(), c.Args.Bytes()
	for c.Args.More() {
		if !c.Args.Opt("FORMAT") {
			c.Args.Fail(reply.ErrSyntax)
			continue
		}
		readFormat(c)
	}
	if !done(c) {
		return
	}
	var t target
	isSet, err := t.merge(ch, db, key, path, text)
	t.answerSet(c, isSet, err)
}

// merge merges the patch that text is into what the path leads to, and tells whether there
// was anything to merge with.
func (t *target) merge(
	ch *chapter, db *keyspace.DB, key, path, text []byte,
) (isSet bool, err error) {
	if err := t.find(ch, db, key, path); err != nil {
		return false, err
	}
	packed, err := t.pack(text)
	if err != nil {
		return false, err
	}
	patch := jsondoc.Root(packed, t.desk.Names)
	switch {
	case !t.Exists() && !t.path.IsRoot():
		return false, errNewKey
	case !t.Exists():
		doc, err := jsondoc.Merge(nil, jsondoc.Value{}, patch)
		if err != nil {
			return false, said(err)
		}
		return true, t.Set(doc)
	case len(t.matches) == 0:
		err = t.addMembers(func() ([]byte, error) {
			return jsondoc.Merge(nil, jsondoc.Value{}, patch)
		})
	default:
		err = t.mergeAll(patch)
	}
	if err != nil || len(t.desk.Edits) == 0 {
		return false, err
	}
	return true, t.apply()
}

// mergeAll makes the edits that merge the patch into all matches. Where matches lie within
// others, the inner ones come first.
func (t *target) mergeAll(patch jsondoc.Value) error {
	slices.SortFunc(t.matches, ascending)
	m := merger{root: t.Root(), patch: patch, names: t.desk.Names, left: t.matches}
	edits, err := m.within(nil, len(m.root.Packed()))
	if err != nil {
		return said(err)
	}
	t.desk.Edits = append(t.desk.Edits, edits...)
	return nil
}

// A merger merges a patch into matches, which are sorted by their place.
type merger struct {
	root  jsondoc.Value
	patch jsondoc.Value
	names *jsondoc.Names
	left  []jsonpath.Match
	bytes int // made so far
}

// within appends the edits of the matches that begin before an offset.
func (m *merger) within(edits []jsondoc.Edit, end int) ([]jsondoc.Edit, error) {
	for len(m.left) > 0 && m.left[0].Value.Offset() < end {
		v := m.left[0].Value
		m.left = m.left[1:]
		merged, err := m.one(v)
		if err != nil {
			return nil, err
		}
		if m.bytes += len(merged); m.bytes > jsondoc.TextBytesMax {
			return nil, jsondoc.ErrTooLarge
		}
		edits = append(edits, jsondoc.Edit{At: v.Offset(), Value: merged})
	}
	return edits, nil
}

// one gives a value merged, packed, after the matches within it were.
func (m *merger) one(v jsondoc.Value) ([]byte, error) {
	at, packed := v.Offset(), v.Packed()
	inner, err := m.within(nil, at+len(packed))
	if err != nil {
		return nil, err
	}
	if len(inner) > 0 {
		for i := range inner {
			inner[i].At -= at
		}
		if packed, err = jsondoc.Apply(nil, packed, inner, m.names); err != nil {
			return nil, err
		}
	}
	return jsondoc.Merge(nil, jsondoc.Root(packed, m.names), m.patch)
}
