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

// A condition is what must be so for JSON.SET to set anything.
type condition uint8

const (
	always condition = iota
	ifAbsent
	ifPresent
)

func (ch *chapter) set(db *keyspace.DB, c *command.Call) {
	key, path, text := c.Args.Bytes(), c.Args.Bytes(), c.Args.Bytes()
	only := always
	for c.Args.More() {
		switch {
		case only == always && c.Args.Opt("NX"):
			only = ifAbsent
		case only == always && c.Args.Opt("XX"):
			only = ifPresent
		case c.Args.Opt("FORMAT"):
			readFormat(c)
		default:
			c.Args.Fail(reply.ErrSyntax)
		}
	}
	if !done(c) {
		return
	}
	var t target
	isSet, err := t.set(ch, db, key, path, text, only)
	t.answerSet(c, isSet, err)
}

// readFormat reads the format of a text. There is one, under two names.
func readFormat(c *command.Call) {
	switch {
	case !c.Args.More():
		c.Args.Fail(reply.ErrSyntax)
	case !c.Args.Opt("JSON") && !c.Args.Opt("STRING"):
		c.Args.Fail(errFormat)
	}
}

// answerSet answers whether anything was set, and tells of it.
func (t *target) answerSet(c *command.Call, isSet bool, err error) {
	switch {
	case err != nil:
		c.Reply.Err(err)
	case isSet:
		t.Notify(c.Row.Lower)
		c.Reply.OK()
	default:
		c.Reply.Null()
	}
}

// set lets what the path leads to be the value that text is, and tells whether there was
// anything to set.
func (t *target) set(
	ch *chapter, db *keyspace.DB, key, path, text []byte, only condition,
) (isSet bool, err error) {
	if err := t.find(ch, db, key, path); err != nil {
		return false, err
	}
	value, err := t.pack(text)
	if err != nil {
		return false, err
	}
	switch {
	case !t.Exists() && only == ifPresent:
		return false, nil
	case !t.Exists() && !t.path.IsRoot():
		return false, errNewKey
	case t.path.IsRoot():
		if t.Exists() && only == ifAbsent {
			return false, nil
		}
		return true, t.Set(value)
	}
	if err := t.aimAt(value, only); err != nil || len(t.desk.Edits) == 0 {
		return false, err
	}
	return true, t.apply()
}

// aimAt makes the edits that let all matches be the value, or make new members of that
// value if there is no match.
func (t *target) aimAt(value []byte, only condition) error {
	switch {
	case len(t.matches) == 0 && only != ifPresent, only == ifAbsent:
		return t.addMembers(func() ([]byte, error) { return value, nil })
	default:
		for _, m := range t.matches {
			if err := t.edit(jsondoc.Edit{At: m.Value.Offset(), Value: value}); err != nil {
				return err
			}
		}
		return nil
	}
}

// addMembers makes edits that give a member of the path's last name to each object that the
// rest of the path leads to and that has none.
func (t *target) addMembers(value func() ([]byte, error)) error {
	name, ok := t.path.LastName()
	switch {
	case ok:
	case !t.path.Singular():
		return errStatic
	case len(t.matches) == 0:
		return errIndex
	default:
		return nil
	}
	parents, err := t.path.Parent().Select(nil, t.Root(), jsonpath.Limits{})
	if err != nil {
		return said(err)
	}
	t.matches = parents
	t.distinct()
	for _, m := range t.matches {
		if m.Value.Kind() != jsondoc.Object || m.Value.Member(name).Exists() {
			continue
		}
		packed, err := value()
		if err != nil {
			return err
		}
		if err := t.edit(jsondoc.Edit{
			At: m.Value.Offset(), Op: jsondoc.InsertMember, Name: name, Value: packed,
		}); err != nil {
			return err
		}
	}
	return nil
}

func (ch *chapter) mset(tx command.Tx, c *command.Call) {
	if c.Args.Left()%3 != 0 {
		c.Reply.Fail(reply.ErrArity(c.Row.Lower))
		return
	}
	triples := c.Args.Rest()
	if err := ch.checkAll(tx, c, triples); err != nil {
		c.Reply.Err(err)
		return
	}
	if err := ch.setAll(tx, c, triples); err != nil {
		c.Reply.Err(err)
		return
	}
	c.Reply.OK()
}

// setAll sets triples of key, path and value in their order. If one of them turns out to be
// impossible because of those before it, their keys become again what they were.
func (ch *chapter) setAll(tx command.Tx, c *command.Call, triples [][]byte) (err error) {
	images := make([]keyspace.Image, 0, len(triples)/3)
	targets := make([]target, 0, len(triples)/3) // where something was set
	for i := 0; err == nil && i < len(triples); i += 3 {
		db := tx.DB(c.DB, triples[i])
		image, _ := db.Image(triples[i])
		images = append(images, image)
		var t target
		isSet, failed := t.set(ch, db, triples[i], triples[i+1], triples[i+2], always)
		if err = failed; isSet {
			targets = append(targets, t)
		}
		db.Space().Desk().Clear()
	}
	if err == nil {
		for i := range targets {
			targets[i].Notify(c.Row.Lower)
		}
		return nil
	}
	for i, image := range slices.Backward(images[:len(images)-1]) {
		tx.DB(c.DB, triples[3*i]).Restore(triples[3*i], image)
	}
	return err
}

// checkAll tells what is wrong with any of several triples of key, path and value, before
// any of them has an effect.
func (ch *chapter) checkAll(tx command.Tx, c *command.Call, triples [][]byte) error {
	for i := 0; i < len(triples) && len(triples) > 3; i += 3 {
		db := tx.DB(c.DB, triples[i])
		var t target
		err := t.check(ch, db, triples[i], triples[i+1], triples[i+2])
		db.Space().Desk().Clear()
		if err != nil {
			return err
		}
	}
	return nil
}

// check is set without an effect.
func (t *target) check(ch *chapter, db *keyspace.DB, key, path, text []byte) error {
	if err := t.find(ch, db, key, path); err != nil {
		return err
	}
	value, err := t.pack(text)
	switch {
	case err != nil || t.path.IsRoot():
		return err
	case !t.Exists():
		return errNewKey
	}
	return t.aimAt(value, always)
}
