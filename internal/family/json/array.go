// SPDX-License-Identifier: Apache-2.0

package json

import (
	"stampede/internal/command"
	"stampede/internal/jsondoc"
	"stampede/internal/jsonpath"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

func (ch *chapter) arrAppend(db *keyspace.DB, c *command.Call) {
	key, path := c.Args.Bytes(), c.Args.Bytes()
	ch.insert(db, c, key, path, func(n int64) (int64, bool) { return n, true })
}

func (ch *chapter) arrInsert(db *keyspace.DB, c *command.Call) {
	key, path, index := c.Args.Bytes(), c.Args.Bytes(), c.Args.Int()
	ch.insert(db, c, key, path, func(n int64) (int64, bool) {
		at := index
		if index < 0 {
			at += n
		}
		return at, at >= 0 && at <= n
	})
}

// insert puts the values that the call has left into arrays, where place says for an array
// of n values.
func (ch *chapter) insert(
	db *keyspace.DB, c *command.Call, key, path []byte, place func(n int64) (at int64, ok bool),
) {
	texts := c.Args.Rest()
	if len(texts) == 0 && c.Args.Err() == nil {
		c.Args.Fail(reply.ErrArity(c.Row.Lower))
	}
	if !done(c) {
		return
	}
	var t target
	err := t.find(ch, db, key, path)
	for i := 0; err == nil && i < len(texts); i++ {
		_, err = t.pack(texts[i])
	}
	if err != nil {
		c.Reply.Err(err)
		return
	}
	values := t.desk.Values
	t.changeAll(c, jsondoc.Array, notArray, func(v jsondoc.Value) error {
		n := int64(v.Len())
		at, ok := place(n)
		if !ok {
			return errBounds
		}
		c.Reply.Int(n + int64(len(texts)))
		return t.edit(jsondoc.Edit{
			At: v.Offset(), Op: jsondoc.InsertElements, Index: int(at), Value: values,
		})
	})
}

func (ch *chapter) arrPop(db *keyspace.DB, c *command.Call) {
	key, path, index := c.Args.Bytes(), optionalPath(c), int64(-1)
	if c.Args.More() {
		index = c.Args.Int()
	}
	if !done(c) {
		return
	}
	var t target
	if err := t.find(ch, db, key, path); err != nil {
		c.Reply.Err(err)
		return
	}
	t.changeAll(c, jsondoc.Array, notArray, func(v jsondoc.Value) error {
		popped := v.Element(int(fromStart(index, int64(v.Len()))))
		if !popped.Exists() {
			if !t.path.Legacy() {
				t.vain++
			}
			c.Reply.Null()
			return nil
		}
		t.bulkText(c.Reply, popped)
		return t.edit(jsondoc.Edit{At: popped.Offset(), Op: jsondoc.Delete})
	})
}

func (ch *chapter) arrTrim(db *keyspace.DB, c *command.Call) {
	key, path, start, stop := c.Args.Bytes(), c.Args.Bytes(), c.Args.Int(), c.Args.Int()
	if !done(c) {
		return
	}
	var t target
	if err := t.find(ch, db, key, path); err != nil {
		c.Reply.Err(err)
		return
	}
	nested := t.nested()
	t.changeAll(c, jsondoc.Array, notArray, func(v jsondoc.Value) error {
		from, to := kept(start, stop, int64(v.Len()))
		c.Reply.Int(to - from)
		switch {
		case to-from == int64(v.Len()):
			return nil
		case nested:
			return t.deleteOutside(v, from, to)
		}
		return t.replaceByPart(v, from, to)
	})
}

// kept is the range of an array of n values that a trim keeps, with to behind its end.
func kept(start, stop, n int64) (from, to int64) {
	if n == 0 || start >= n {
		return 0, 0
	}
	from, to = fromStart(start, n), fromStart(stop, n)+1
	if from >= to {
		return 0, 0
	}
	return from, to
}

// replaceByPart puts an array of those elements in the place of an array.
func (t *target) replaceByPart(v jsondoc.Value, from, to int64) error {
	at := len(t.desk.Values)
	var m jsondoc.Mark
	t.desk.Values, m = jsondoc.OpenArray(t.desk.Values)
	for it := v.Children(); it.Next() && int64(it.Index()) < to; {
		if int64(it.Index()) >= from {
			t.desk.Values = append(t.desk.Values, it.Value().Packed()...)
		}
	}
	t.desk.Values = jsondoc.Close(t.desk.Values, m)
	return t.edit(jsondoc.Edit{At: v.Offset(), Value: t.desk.Values[at:]})
}

// deleteOutside deletes the other elements one by one: among those that stay may be arrays
// that are trimmed, too.
func (t *target) deleteOutside(v jsondoc.Value, from, to int64) error {
	for it := v.Children(); it.Next(); {
		if i := int64(it.Index()); from <= i && i < to {
			continue
		}
		if len(t.desk.Edits) >= jsonpath.MatchesDefault {
			return said(jsonpath.ErrTooManyMatches)
		}
		if err := t.edit(jsondoc.Edit{At: it.Value().Offset(), Op: jsondoc.Delete}); err != nil {
			return err
		}
	}
	return nil
}
