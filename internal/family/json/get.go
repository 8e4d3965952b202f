// SPDX-License-Identifier: Apache-2.0

package json

import (
	"stampede/internal/command"
	"stampede/internal/jsondoc"
	"stampede/internal/jsonpath"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

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
		t.desk.Values = l.append(t.desk.Values, t.matches[0].Value, 0)
	}
	l.answer(db, c, t.desk.Values)
}

// appendList appends an array of all matches.
func (t *target) appendList(dst []byte, l *layout, depth int) []byte {
	dst = append(dst, '[')
	for i, m := range t.matches {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = l.append(l.newline(dst, depth+1), m.Value, depth+1)
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
		l.answer(db, c, text)
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
		if err := t.readAs(ch, db, key, written, legacy, len(l.paths)); err != nil || !t.Exists() {
			return nil, err
		}
		if legacy && len(t.matches) == 0 {
			return nil, errPath(t.shownPath())
		}
		dst = t.appendPair(dst, l, legacy)
	}
	return append(l.newline(dst, 0), '}'), nil
}

// readAs is read of one path of several, of which a legacy one may mean all matches.
// All of them together visit what one may.
func (t *target) readAs(
	ch *chapter, db *keyspace.DB, key, written []byte, legacy bool, paths int,
) error {
	t.limits.Nodes = jsonpath.NodesDefault / paths
	if err := t.look(ch, db, key, written); err != nil {
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
		return l.append(dst, t.matches[0].Value, 1)
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
		err := t.readAs(ch, db, key, written, false, len(l.paths))
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
		t.desk.Values = l.append(t.desk.Values, t.matches[0].Value, 0)
	}
	l.answer(db, c, t.desk.Values)
	return nil
}
