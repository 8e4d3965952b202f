// SPDX-License-Identifier: Apache-2.0

package json

import (
	"stampede/internal/command"
	"stampede/internal/jsondoc"
	"stampede/internal/jsonpath"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
	"stampede/internal/resp"
)

// A layout is how JSON.GET is to give what it finds.
type layout struct {
	format *jsondoc.Format // nil: no space at all
	form   form
	paths  [][]byte
}

// A form is how JSON.GET answers.
type form uint8

const (
	formString  form = iota // one text
	formExpand              // values of the protocol
	formExpand1             // the same, but arrays and objects as text
)

// optionMax is the length of the longest word of JSON.GET: what is longer is a path.
const optionMax = len("NOESCAPE")

// readLayout reads what stands behind the key.
func (l *layout) read(c *command.Call) {
	a := &c.Args
	for a.More() {
		switch {
		case len(a.Peek()) > optionMax:
			l.addPath(a)
		case a.Opt("INDENT"):
			l.pretty().Indent = a.Bytes()
		case a.Opt("NEWLINE"):
			l.pretty().Newline = a.Bytes()
		case a.Opt("SPACE"):
			l.pretty().Space = a.Bytes()
		case a.Opt("NOESCAPE"):
		case a.Opt("FORMAT"):
			l.readForm(c)
		default:
			l.addPath(a)
		}
	}
	if f := l.format; f != nil && max(len(f.Indent), len(f.Newline), len(f.Space)) > spaceMax {
		a.Fail(errSpace)
	}
	if len(l.paths) > pathsMax {
		a.Fail(errPaths)
	}
}

// addPath reads a path. Where there is only one nothing is copied.
func (l *layout) addPath(a *command.Args) {
	if next := a.Take(1); l.paths == nil {
		l.paths = next
	} else {
		l.paths = append(l.paths, next...)
	}
}

// pretty is the format, which there is from now on.
func (l *layout) pretty() *jsondoc.Format {
	if l.format == nil {
		l.format = &jsondoc.Format{}
	}
	return l.format
}

// What bounds what a call can make of a small document.
const (
	spaceMax             = 64
	pathsMax             = 1024
	errSpace reply.Error = "ERR INDENT, NEWLINE and SPACE have 64 bytes at most"
	errPaths reply.Error = "ERR JSON.GET takes 1024 paths at most"
)

func (l *layout) readForm(c *command.Call) {
	if c.Reply.Proto < resp.RESP3 {
		c.Args.Fail(reply.Error("ERR FORMAT argument is not supported on RESP2"))
		return
	}
	switch {
	case c.Args.Opt("STRING"):
		l.form = formString
	case c.Args.Opt("EXPAND"):
		l.form = formExpand
	case c.Args.Opt("EXPAND1"):
		l.form = formExpand1
	default:
		c.Args.Fail(reply.Error("ERR wrong reply format"))
	}
}

// inside is the format of what lies within depth arrays or objects of the reply.
func (l *layout) inside(depth int) *jsondoc.Format {
	if l.format != nil {
		l.format.Depth = depth
	}
	return l.format
}

// newline begins a line within depth arrays or objects of the reply.
func (l *layout) newline(dst []byte, depth int) []byte {
	if l.format != nil {
		dst = l.format.Break(dst, depth)
	}
	return dst
}

func (ch *chapter) get(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	var l layout
	l.read(c)
	if !done(c) {
		return
	}
	switch {
	case len(l.paths) > 1 && l.form == formString:
		ch.getSeveral(db, c, key, &l)
	case l.form != formString:
		ch.getValues(db, c, key, &l)
	case len(l.paths) == 1:
		ch.getOne(db, c, key, l.paths[0], &l)
	default:
		ch.getOne(db, c, key, rootPath, &l)
	}
}

// getOne answers with the text of one path's value or values.
func (ch *chapter) getOne(db *keyspace.DB, c *command.Call, key, path []byte, l *layout) {
	var t target
	if err := t.read(ch, db, key, path); err != nil {
		c.Reply.Err(err)
		return
	}
	switch {
	case !t.Exists():
		c.Reply.Null()
		return
	case !t.path.Legacy():
		t.desk.Values = t.appendList(t.desk.Values, l, 0)
	case len(t.matches) == 0:
		c.Reply.Fail(errPath(t.shownPath()))
		return
	default:
		t.desk.Values = t.matches[0].Value.AppendText(t.desk.Values, l.inside(0))
	}
	answerText(db, c, t.desk.Values)
}

// answerText answers with a text unless it is too long.
func answerText(db *keyspace.DB, c *command.Call, text []byte) {
	if len(text) > db.Space().Limits.StringBytesMax {
		c.Reply.Fail(errTooLarge)
		return
	}
	c.Reply.Bulk(text)
}

// appendList appends an array of all matches. Their texts may be longer in sum than the
// document, as some lie within others; beyond the longest text the rest is left out.
func (t *target) appendList(dst []byte, l *layout, depth int) []byte {
	dst = append(dst, '[')
	for i, m := range t.matches {
		if len(dst) > jsondoc.TextBytesMax {
			break
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = m.Value.AppendText(l.newline(dst, depth+1), l.inside(depth+1))
	}
	if len(t.matches) > 0 {
		dst = l.newline(dst, depth)
	}
	return append(dst, ']')
}

// getSeveral answers with the text of an object: its names are the paths, its values what
// they lead to.
func (ch *chapter) getSeveral(db *keyspace.DB, c *command.Call, key []byte, l *layout) {
	text, err := ch.appendSeveral(nil, db, key, l)
	switch {
	case err != nil:
		c.Reply.Err(err)
	case text == nil:
		c.Reply.Null()
	default:
		answerText(db, c, text)
	}
}

// appendSeveral appends that text, or nothing if there is no such key. Legacy paths give
// lists as the others do unless all paths are legacy.
func (ch *chapter) appendSeveral(
	dst []byte, db *keyspace.DB, key []byte, l *layout,
) (text []byte, err error) {
	legacy := true
	for _, written := range l.paths {
		path, err := ch.parse(written)
		if err != nil {
			return nil, err
		}
		legacy = legacy && path.Legacy()
	}
	dst = append(dst, '{')
	seen := make(map[string]bool, len(l.paths))
	for _, written := range l.paths {
		if seen[string(written)] {
			continue
		}
		seen[string(written)] = true
		var t target
		if err := t.readAs(ch, db, key, written, legacy); err != nil || !t.Exists() {
			return nil, err
		}
		if legacy && len(t.matches) == 0 {
			return nil, errPath(t.shownPath())
		}
		if dst = t.appendPair(dst, l, legacy); len(dst) > jsondoc.TextBytesMax {
			break
		}
	}
	return append(l.newline(dst, 0), '}'), nil
}

// readAs is read of one path of several, of which a legacy one may mean all matches.
func (t *target) readAs(
	ch *chapter, db *keyspace.DB, key, written []byte, legacy bool,
) (err error) {
	t.desk, t.written = db.Space().Desk(), written
	if t.path, err = ch.parse(written); err != nil {
		return err
	}
	if t.JSON, err = db.ReadJSON(key); err != nil {
		return err
	}
	return t.choose(legacy)
}

// appendPair appends a path and what it leads to as a member of the reply's object.
func (t *target) appendPair(dst []byte, l *layout, legacy bool) []byte {
	if len(dst) > 1 {
		dst = append(dst, ',')
	}
	dst = jsondoc.AppendQuoted(l.newline(dst, 1), t.written)
	if dst = append(dst, ':'); l.format != nil {
		dst = append(dst, l.format.Space...)
	}
	if legacy {
		return t.matches[0].Value.AppendText(dst, l.inside(1))
	}
	return t.appendList(dst, l, 1)
}

// getValues answers with a list of what each path leads to, in the form of the protocol.
func (ch *chapter) getValues(db *keyspace.DB, c *command.Call, key []byte, l *layout) {
	at := c.Reply.Len()
	if len(l.paths) == 0 {
		l.paths = [][]byte{rootPath}
	}
	c.Reply.Array(len(l.paths))
	for _, written := range l.paths {
		var t target
		err := t.readAs(ch, db, key, written, false)
		if err == nil && !t.Exists() {
			c.Reply.Truncate(at)
			c.Reply.Null()
			return
		}
		if err == nil {
			err = t.expandAll(c, at, l.form)
		}
		if err != nil {
			c.Reply.Truncate(at)
			c.Reply.Err(err)
			return
		}
	}
}

// expandAll answers with a list of all matches. The reply began at position at.
func (t *target) expandAll(c *command.Call, at int, f form) error {
	c.Reply.Array(len(t.matches))
	for _, m := range t.matches {
		t.expand(c.Reply, m.Value, f)
		if c.Reply.Len()-at > jsondoc.TextBytesMax {
			return errTooLarge
		}
	}
	return nil
}

func (ch *chapter) mget(tx command.Tx, c *command.Call) {
	if c.Args.Left() < 2 {
		c.Reply.Fail(reply.ErrArity(c.Row.Lower))
		return
	}
	keys := c.Args.Take(c.Args.Left() - 1)
	path, err := ch.parse(c.Args.Bytes())
	if err != nil {
		c.Reply.Err(err)
		return
	}
	at := c.Reply.Len()
	c.Reply.Array(len(keys))
	for _, key := range keys {
		if err := mgetOne(tx.DB(c.DB, key), c, key, path); err != nil {
			c.Reply.Truncate(at)
			c.Reply.Err(err)
			return
		}
	}
}

// mgetOne answers for one key of several.
func mgetOne(db *keyspace.DB, c *command.Call, key []byte, path *jsonpath.Path) (err error) {
	t := target{desk: db.Space().Desk(), path: path}
	defer t.desk.Clear()
	if t.JSON, err = db.ReadJSON(key); err != nil || !t.Exists() {
		c.Reply.Null()
		return nil
	}
	if err = t.choose(path.Legacy()); err != nil {
		return err
	}
	var l layout
	switch {
	case !path.Legacy():
		t.desk.Values = t.appendList(t.desk.Values, &l, 0)
	case len(t.matches) == 0:
		c.Reply.Null()
		return nil
	default:
		t.desk.Values = t.matches[0].Value.AppendText(t.desk.Values, nil)
	}
	answerText(db, c, t.desk.Values)
	return nil
}
