// SPDX-License-Identifier: Apache-2.0

package json

import (
	"strconv"

	"stampede/internal/command"
	"stampede/internal/jsondoc"
	"stampede/internal/keyspace"
	"stampede/internal/resp"
)

// A telling is how a command answers that tells something of values.
type telling struct {
	of   func(v jsondoc.Value) // answers for one
	kind jsondoc.Kind          // of those that it can tell of; Missing: all

	// What is answered where there is nothing to tell of. A path that is not legacy answers
	// with an empty list for no match, and with null in the list for another kind.
	noKey    lack // a legacy path
	noKeyAll lack // another path
	noMatch  lack // a legacy path
	noKind   lack // a legacy path
	or       string
}

// A lack is an answer to a call that finds nothing to tell of.
type lack uint8

const (
	lackNull   lack = iota
	lackKey         // an error: no such key
	lackPath        // an error: no such path
	lackPathOr      // an error: no such path, or of another kind
	lackKind        // an error: of another kind
)

// tell answers for what the path of a call leads to: the arguments are a key and a path,
// which may be missing.
func (ch *chapter) tell(t *target, db *keyspace.DB, c *command.Call, how telling) {
	key, path := c.Args.Bytes(), optionalPath(c)
	if done(c) {
		ch.tellOf(t, db, c, key, path, how)
	}
}

// tellOf is tell with key and path given.
func (ch *chapter) tellOf(
	t *target, db *keyspace.DB, c *command.Call, key, path []byte, how telling,
) {
	if err := t.read(ch, db, key, path); err != nil {
		c.Reply.Err(err)
		return
	}
	switch legacy := t.path.Legacy(); {
	case !t.Exists() && legacy:
		t.lacks(c, how.noKey, how)
	case !t.Exists():
		t.lacks(c, how.noKeyAll, how)
	case !legacy:
		t.tellAll(c, how)
	case len(t.matches) == 0:
		t.lacks(c, how.noMatch, how)
	case !how.fits(t.matches[0].Value):
		t.lacks(c, how.noKind, how)
	default:
		how.of(t.matches[0].Value)
	}
}

func (how *telling) fits(v jsondoc.Value) bool {
	return how.kind == jsondoc.Missing || v.Kind() == how.kind
}

func (t *target) tellAll(c *command.Call, how telling) {
	at := c.Reply.Len()
	c.Reply.Array(len(t.matches))
	for _, m := range t.matches {
		if !how.fits(m.Value) {
			c.Reply.Null()
			continue
		}
		how.of(m.Value)
		if c.Reply.Len()-at > jsondoc.TextBytesMax {
			c.Reply.Truncate(at)
			c.Reply.Fail(errTooLarge)
			return
		}
	}
}

// lacks answers where there is nothing to tell of.
func (t *target) lacks(c *command.Call, l lack, how telling) {
	switch l {
	case lackNull:
		c.Reply.Null()
	case lackKey:
		c.Reply.Fail(errNoKey)
	case lackPath:
		c.Reply.Fail(errPath(t.shownPath()))
	case lackPathOr:
		c.Reply.Err(errPathOr(t.shownPath(), how.or))
	case lackKind:
		c.Reply.Err(errKind(how.kind.String(), typeName(t.matches[0].Value)))
	}
}

func (ch *chapter) typeOf(db *keyspace.DB, c *command.Call) {
	var t target
	at := c.Reply.Len()
	ch.tell(&t, db, c, telling{of: func(v jsondoc.Value) { c.Reply.Text(typeName(v)) }})
	if c.Reply.Proto >= resp.RESP3 && c.Reply.B[at] != '-' {
		c.Reply.ArrayAt(at, 1)
	}
}

// typeName is what JSON.TYPE calls a value. An integer is one up to 64 bits without a sign.
func typeName(v jsondoc.Value) string {
	if v.Kind() == jsondoc.Number && isWhole(v) {
		var digits [32]byte
		if _, err := strconv.ParseUint(string(v.NumberText(digits[:0])), 10, 64); err == nil {
			return jsondoc.Integer.String()
		}
	}
	return v.Kind().String()
}

func (ch *chapter) strLen(db *keyspace.DB, c *command.Call) {
	var t target
	ch.tell(&t, db, c, telling{
		kind: jsondoc.String, noKeyAll: lackKey, noMatch: lackPath, noKind: lackKind,
		of: func(v jsondoc.Value) { c.Reply.Int(int64(len(v.Text()))) },
	})
}

func (ch *chapter) arrLen(db *keyspace.DB, c *command.Call) {
	var t target
	ch.tell(&t, db, c, telling{
		kind: jsondoc.Array, noKeyAll: lackKey, noMatch: lackPath, noKind: lackPathOr,
		or: notArray,
		of: func(v jsondoc.Value) { c.Reply.Int(int64(v.Len())) },
	})
}

func (ch *chapter) objLen(db *keyspace.DB, c *command.Call) {
	var t target
	ch.tell(&t, db, c, telling{
		kind: jsondoc.Object, noKeyAll: lackPathOr, noKind: lackKind, or: notObject,
		of: func(v jsondoc.Value) { c.Reply.Int(int64(v.Len())) },
	})
}

func (ch *chapter) objKeys(db *keyspace.DB, c *command.Call) {
	var t target
	ch.tell(&t, db, c, telling{
		kind: jsondoc.Object, noKeyAll: lackKey, noKind: lackPathOr, or: notObject,
		of: func(v jsondoc.Value) {
			c.Reply.Array(v.Len())
			for it := v.Children(); it.Next(); {
				c.Reply.Bulk(it.Name())
			}
		},
	})
}

// What errors say of a path that leads to something else.
const (
	notArray  = "not an array"
	notObject = "not an object"
)

func (ch *chapter) arrIndex(db *keyspace.DB, c *command.Call) {
	key, path, text := c.Args.Bytes(), c.Args.Bytes(), c.Args.Bytes()
	var start, stop int64
	if c.Args.More() {
		start = c.Args.Int()
	}
	if c.Args.More() {
		stop = c.Args.Int()
	}
	if !done(c) {
		return
	}
	wanted, err := jsondoc.Append(nil, text, nil)
	if err != nil {
		c.Reply.Fail(errJSON(err))
		return
	}
	root := jsondoc.Root(wanted, nil)
	var t target
	ch.tellOf(&t, db, c, key, path, telling{
		kind: jsondoc.Array, noKey: lackPath, noKeyAll: lackPath, noMatch: lackPath,
		noKind: lackKind,
		of:     func(v jsondoc.Value) { c.Reply.Int(indexOf(v, root, start, stop)) },
	})
}

// indexOf is where an array holds a value, from start on and before stop; -1 if nowhere. As
// in RedisJSON a start beyond the end is the last element, a stop of 0 the end, and 1 is not
// the same as 1.0.
func indexOf(array, wanted jsondoc.Value, start, stop int64) int64 {
	n := int64(array.Len())
	start = fromStart(start, n)
	switch {
	case stop < 0:
		stop = max(n+stop, 0)
	case stop == 0 || stop > n:
		stop = n
	}
	for it := array.Children(); it.Next() && int64(it.Index()) < stop; {
		if int64(it.Index()) < start {
			continue
		}
		if v := it.Value(); v.Kind() == wanted.Kind() && v.Equal(wanted) {
			return int64(it.Index())
		}
	}
	return -1
}

// fromStart is an index as it counts from the start of an array of n values, whatever it
// was, as near as can be.
func fromStart(i, n int64) int64 {
	if i < 0 {
		return max(n+i, 0)
	}
	return max(min(i, n-1), 0)
}

func (ch *chapter) debugMemory(db *keyspace.DB, c *command.Call) {
	var t target
	key, path := c.Args.Bytes(), optionalPath(c)
	if !done(c) {
		return
	}
	size := func(v jsondoc.Value) { c.Reply.Int(int64(len(v.Packed()))) }
	if err := t.read(ch, db, key, path); err != nil {
		c.Reply.Err(err)
		return
	}
	switch legacy := t.path.Legacy(); {
	case !legacy:
		t.tellAll(c, telling{of: size})
	case !t.Exists():
		c.Reply.Int(0)
	case len(t.matches) == 0:
		c.Reply.Err(errPath(t.shownPath()))
	default:
		size(t.matches[0].Value)
	}
}
