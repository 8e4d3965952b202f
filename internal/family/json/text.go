// SPDX-License-Identifier: Apache-2.0

package json

import (
	"stampede/internal/command"
	"stampede/internal/jsondoc"
	"stampede/internal/keyspace"
)

func (ch *chapter) strAppend(db *keyspace.DB, c *command.Call) {
	key, path := c.Args.Bytes(), rootPath
	if c.Args.Left() > 1 {
		path = c.Args.Bytes()
	}
	text := c.Args.Bytes()
	if !done(c) {
		return
	}
	packed, err := jsondoc.Append(nil, text, nil)
	if err != nil {
		c.Reply.Fail(errJSON(err))
		return
	}
	suffix := jsondoc.Root(packed, nil)
	if suffix.Kind() != jsondoc.String {
		c.Reply.Err(errKind(jsondoc.String.String(), typeName(suffix)))
		return
	}
	var t target
	if err := t.find(ch, db, key, path); err != nil {
		c.Reply.Err(err)
		return
	}
	t.changeAll(c, jsondoc.String, "not a string", func(v jsondoc.Value) error {
		whole := append(append([]byte(nil), v.Text()...), suffix.Text()...)
		c.Reply.Int(int64(len(whole)))
		return t.edit(jsondoc.Edit{At: v.Offset(), Value: jsondoc.AppendString(nil, whole)})
	})
}

func (ch *chapter) toggle(db *keyspace.DB, c *command.Call) {
	key, path := c.Args.Bytes(), c.Args.Bytes()
	if !done(c) {
		return
	}
	var t target
	if err := t.find(ch, db, key, path); err != nil {
		c.Reply.Err(err)
		return
	}
	t.changeAll(c, jsondoc.Bool, "not a bool", func(v jsondoc.Value) error {
		at := len(t.desk.Values)
		t.desk.Values = jsondoc.AppendBool(t.desk.Values, !v.Bool())
		switch {
		case t.path.Legacy():
			c.Reply.Text(boolText(!v.Bool()))
		case v.Bool():
			c.Reply.Int(0)
		default:
			c.Reply.Int(1)
		}
		return t.edit(jsondoc.Edit{At: v.Offset(), Value: t.desk.Values[at:]})
	})
}
