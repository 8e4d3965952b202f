// SPDX-License-Identifier: Apache-2.0

package json

import (
	"stampede/internal/command"
	"stampede/internal/jsondoc"
	"stampede/internal/keyspace"
)

func (ch *chapter) del(db *keyspace.DB, c *command.Call) {
	ch.count(db, c, "json.del", func(t *target) (n int, err error) {
		switch {
		case !t.Exists():
			return 0, nil
		case t.path.IsRoot():
			t.Remove()
			return 1, nil
		}
		t.outermost()
		for _, m := range t.matches {
			if err := t.edit(jsondoc.Edit{At: m.Value.Offset(), Op: jsondoc.Delete}); err != nil {
				return 0, err
			}
		}
		return len(t.matches), t.apply()
	})
}

func (ch *chapter) empty(db *keyspace.DB, c *command.Call) {
	ch.count(db, c, "json.clear", func(t *target) (n int, err error) {
		if !t.Exists() {
			return 0, errNoKey
		}
		t.outermost()
		for _, m := range t.matches {
			empty := emptyOf(m.Value)
			if empty == nil {
				continue
			}
			if err := t.edit(jsondoc.Edit{At: m.Value.Offset(), Value: empty}); err != nil {
				return 0, err
			}
		}
		n = len(t.desk.Edits)
		return n, t.apply()
	})
}

// count answers with how many of the values, to which the path of a call leads, change did
// something to, and tells of it as event.
func (ch *chapter) count(
	db *keyspace.DB, c *command.Call, event string, change func(t *target) (n int, err error),
) {
	key, path := c.Args.Bytes(), optionalPath(c)
	if !done(c) {
		return
	}
	var t target
	n, err := 0, t.find(ch, db, key, path)
	if err == nil {
		n, err = change(&t)
	}
	if err != nil {
		c.Reply.Err(err)
		return
	}
	if n > 0 {
		t.Notify(event)
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
