// SPDX-License-Identifier: Apache-2.0

package json

import (
	"stampede/internal/command"
	"stampede/internal/jsondoc"
	"stampede/internal/keyspace"
)

func (ch *chapter) del(db *keyspace.DB, c *command.Call) {
	key, path := c.Args.Bytes(), optionalPath(c)
	if !done(c) {
		return
	}
	var t target
	if err := t.find(ch, db, key, path); err != nil {
		c.Reply.Err(err)
		return
	}
	if t.Exists() && t.path.IsRoot() {
		t.Remove()
		c.Reply.Int(1)
		return
	}
	t.outermost()
	for _, m := range t.matches {
		t.edit(jsondoc.Edit{At: m.Value.Offset(), Op: jsondoc.Delete})
	}
	n := len(t.matches)
	if err := t.apply(); err != nil {
		c.Reply.Err(err)
		return
	}
	c.Reply.Int(int64(n))
}

func (ch *chapter) empty(db *keyspace.DB, c *command.Call) {
	key, path := c.Args.Bytes(), optionalPath(c)
	if !done(c) {
		return
	}
	var t target
	err := t.find(ch, db, key, path)
	if err == nil && !t.Exists() {
		err = errNoKey
	}
	if err != nil {
		c.Reply.Err(err)
		return
	}
	t.outermost()
	for _, m := range t.matches {
		if empty := emptyOf(m.Value); empty != nil {
			t.edit(jsondoc.Edit{At: m.Value.Offset(), Value: empty})
		}
	}
	n := len(t.desk.Edits)
	if err := t.apply(); err != nil {
		c.Reply.Err(err)
		return
	}
	c.Reply.Int(int64(n))
}

// emptyOf is what JSON.CLEAR makes of a value, packed; nil if that is nothing new.
func emptyOf(v jsondoc.Value) []byte {
	var mark jsondoc.Mark
	var empty []byte
	switch v.Kind() {
	case jsondoc.Integer, jsondoc.Number:
		if v.Float() == 0 {
			return nil
		}
		return jsondoc.AppendInt(nil, 0)
	case jsondoc.Array:
		empty, mark = jsondoc.OpenArray(nil)
	case jsondoc.Object:
		empty, mark = jsondoc.OpenObject(nil)
	default:
		return nil
	}
	if it := v.Children(); !it.Next() {
		return nil
	}
	return jsondoc.Close(empty, mark)
}
