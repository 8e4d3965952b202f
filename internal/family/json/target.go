// SPDX-License-Identifier: Apache-2.0

package json

import (
	"errors"
	"slices"

	"stampede/internal/command"
	"stampede/internal/jsondoc"
	"stampede/internal/jsonpath"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

// The errors of this family, in the words of RedisJSON where it has such an error.
const (
	errNoKey    reply.Error = "ERR could not perform this operation on a key that doesn't exist"
	errNewKey   reply.Error = "ERR new objects must be created at the root"
	errStatic   reply.Error = "Err wrong static path"
	errIndex    reply.Error = "ERR array index out of range"
	errBounds   reply.Error = "ERR index out of bounds"
	errFormat   reply.Error = "ERR wrong format"
	errTooLarge reply.Error = "ERR text exceeds maximum allowed size (proto-max-bulk-len)"
)

// errPath is the answer to a path that leads nowhere.
func errPath(path string) reply.Error {
	return reply.Error("ERR Path '" + path + "' does not exist")
}

// errPathOr is the answer to a path that leads nowhere, or to something else.
func errPathOr(path, or string) reply.Error { return errPath(path) + reply.Error(" or "+or) }

// errKind is the answer to a path that leads to something else.
func errKind(want, found string) reply.Error {
	return reply.Error("WRONGTYPE wrong type of path value - expected " + want + " but found " + found)
}

// errJSON is the answer to a text that is no JSON.
func errJSON(err error) reply.Error { return reply.Error("ERR invalid JSON: " + err.Error()) }

// said makes an error that clients see of one of a package below.
func said(err error) error {
	var known reply.Error
	if errors.As(err, &known) {
		return known
	}
	return reply.Error("ERR " + err.Error())
}

// A target is a document and what the path of a call leads to in it.
type target struct {
	keyspace.JSON
	desk    *keyspace.JSONDesk
	path    *jsonpath.Path
	written []byte // the path as the call has it
	limits  jsonpath.Limits
	matches []jsonpath.Match
	added   int // bytes of all edits' values
	vain    int // matches of the right kind that nothing comes of, not even an event
}

// rootPath is what a path is that a call leaves out.
var rootPath = []byte(".")

// optionalPath reads a path that is the last argument, or none.
func optionalPath(c *command.Call) []byte {
	if !c.Args.More() {
		return rootPath
	}
	return c.Args.Bytes()
}

// done tells whether all arguments were read and were good; if not, the call is answered.
func done(c *command.Call) bool {
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return false
	}
	if c.Args.More() {
		c.Reply.Fail(reply.ErrArity(c.Row.Lower))
		return false
	}
	return true
}

// parse reads a path.
func (ch *chapter) parse(written []byte) (*jsonpath.Path, error) {
	path, err := ch.paths.Get(written)
	if err != nil {
		return nil, reply.Error("ERR invalid path: " + err.Error())
	}
	return path, nil
}

// read looks a document up for a call that reads it, with the first match of a legacy path
// or all of another one.
func (t *target) read(ch *chapter, db *keyspace.DB, key, written []byte) error {
	if err := t.look(ch, db, key, written); err != nil {
		return err
	}
	return t.choose(t.path.Legacy())
}

// look is read without the matches.
func (t *target) look(ch *chapter, db *keyspace.DB, key, written []byte) (err error) {
	t.desk, t.written = db.Space().Desk(), written
	if t.path, err = ch.parse(written); err != nil {
		return err
	}
	t.JSON, err = db.ReadJSON(key)
	return err
}

// find looks a document up for a call that changes it, with all matches of the path, each
// value once.
func (t *target) find(ch *chapter, db *keyspace.DB, key, written []byte) (err error) {
	t.desk, t.written = db.Space().Desk(), written
	if t.path, err = ch.parse(written); err != nil {
		return err
	}
	if t.JSON, err = db.FindJSON(key); err != nil {
		return err
	}
	err = t.choose(false)
	t.distinct()
	return err
}

// choose selects what the path leads to, or only the first of it.
func (t *target) choose(first bool) error {
	t.matches = t.desk.Matches[:0]
	if !t.Exists() {
		return nil
	}
	var err error
	if first {
		var m jsonpath.Match
		m, err = t.path.First(t.Root(), t.limits)
		if m.Value.Exists() {
			t.matches = append(t.matches, m)
		}
	} else {
		t.matches, err = t.path.Select(t.matches, t.Root(), t.limits)
	}
	t.desk.Matches = t.matches
	if err != nil {
		return said(err)
	}
	return nil
}

// distinct drops matches of a value that was found before.
func (t *target) distinct() {
	if slices.IsSortedFunc(t.matches, ascending) {
		t.matches = slices.CompactFunc(t.matches, same)
		return
	}
	seen := make(map[int]struct{}, len(t.matches))
	t.matches = slices.DeleteFunc(t.matches, func(m jsonpath.Match) bool {
		_, again := seen[m.Value.Offset()]
		seen[m.Value.Offset()] = struct{}{}
		return again
	})
}

func ascending(a, b jsonpath.Match) int { return a.Value.Offset() - b.Value.Offset() }
func same(a, b jsonpath.Match) bool     { return a.Value.Offset() == b.Value.Offset() }

// outermost sorts the matches by their place and drops those that lie within others. It
// tells whether there were such.
func (t *target) outermost() (nested bool) {
	slices.SortFunc(t.matches, ascending)
	end, n := 0, len(t.matches)
	t.matches = slices.DeleteFunc(t.matches, func(m jsonpath.Match) bool {
		at := m.Value.Offset()
		if at < end {
			return true
		}
		end = at + len(m.Value.Packed())
		return false
	})
	return len(t.matches) < n
}

// nested tells whether some matches lie within others.
func (t *target) nested() bool {
	if len(t.matches) < 2 {
		return false
	}
	all := t.matches
	defer func() { t.matches = all }()
	t.matches = slices.Clone(all)
	return t.outermost()
}

// shownPath is the path as RedisJSON's errors write it: a legacy one with its root.
func (t *target) shownPath() string {
	switch written := string(t.written); {
	case !t.path.Legacy():
		return written
	case written == ".":
		return "$"
	case written[0] == '.':
		return "$" + written
	default:
		return "$." + written
	}
}

// pack parses a JSON text and keeps it on the desk.
func (t *target) pack(text []byte) (packed []byte, err error) {
	at := len(t.desk.Values)
	if t.desk.Values, err = jsondoc.Append(t.desk.Values, text, t.desk.Names); err != nil {
		return nil, errJSON(err)
	}
	return t.desk.Values[at:len(t.desk.Values):len(t.desk.Values)], nil
}

// edit adds an edit to those that apply will carry out, unless what they put in is more
// than a document can be.
func (t *target) edit(e jsondoc.Edit) error {
	if t.added += len(e.Value); t.added > jsondoc.TextBytesMax {
		return said(jsondoc.ErrTooLarge)
	}
	t.desk.Edits = append(t.desk.Edits, e)
	return nil
}

// apply carries out the edits, all or none.
func (t *target) apply() error {
	if len(t.desk.Edits) == 0 {
		return nil
	}
	if err := t.Apply(t.desk.Edits); err != nil {
		return said(err)
	}
	return nil
}

// changeAll lets change make edits of each match of a kind and answer for it, then applies
// the edits. Other matches are answered with null. The reply to a legacy path is the last
// answer, or the error otherwise if there is none.
func (t *target) changeAll(
	c *command.Call, kind jsondoc.Kind, otherwise string, change func(v jsondoc.Value) error,
) {
	at := c.Reply.Len()
	changed, err := t.change(c, kind, otherwise, change)
	if err != nil {
		c.Reply.Truncate(at)
		c.Reply.Err(err)
	}
	if changed > 0 {
		t.Notify(c.Row.Lower)
	}
}

func (t *target) change(
	c *command.Call, kind jsondoc.Kind, otherwise string, change func(v jsondoc.Value) error,
) (changed int, err error) {
	if !t.Exists() {
		return 0, errNoKey
	}
	at, legacy := c.Reply.Len(), t.path.Legacy()
	if !legacy {
		c.Reply.Array(len(t.matches))
	}
	for _, m := range t.matches {
		switch is := m.Value.Kind() == kind; {
		case is && legacy:
			c.Reply.Truncate(at)
		case !is && legacy:
			continue
		case !is:
			c.Reply.Null()
			continue
		}
		if err := change(m.Value); err != nil {
			return 0, err
		}
		changed++
	}
	if legacy && c.Reply.Len() == at {
		return 0, errPathOr(t.shownPath(), otherwise)
	}
	if err := t.apply(); err != nil {
		return 0, err
	}
	return changed - t.vain, nil
}
