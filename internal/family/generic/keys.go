// SPDX-License-Identifier: Apache-2.0

package generic

import (
	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/object"
	"stampede/internal/reply"
)

// count runs test for each key of the call and answers for how many it was true.
func count(tx command.Tx, c *command.Call, test func(db *keyspace.DB, key []byte) bool) {
	n := 0
	for c.Args.More() {
		key := c.Args.Bytes()
		if test(tx.DB(c.DB, key), key) {
			n++
		}
	}
	c.Reply.Int(int64(n))
}

// del removes all keys, or none if one of them holds a stock that is open.
func del(tx command.Tx, c *command.Call) {
	for keys := c.Args; keys.More(); {
		key := keys.Bytes()
		if e := tx.DB(c.DB, key).Peek(key); e.HoldsOpenStock() {
			c.Reply.Fail(keyspace.ErrStockOpen)
			return
		}
	}
	count(tx, c, remove)
}

// remove removes a key, tells of it, and tells whether it was there.
func remove(db *keyspace.DB, key []byte) bool {
	there := db.Delete(key)
	if there {
		db.Notify(keyspace.EventGeneric, "del", key)
	}
	return there
}

// mayPut tells whether another value may take the place of what is under key; if not, the
// call has been answered.
func mayPut(db *keyspace.DB, c *command.Call, key []byte) bool {
	e := db.Peek(key)
	if err := e.CheckOverwrite(); err != nil {
		c.Reply.Err(err)
		return false
	}
	return true
}

func exists(tx command.Tx, c *command.Call) { count(tx, c, isThere) }
func touch(tx command.Tx, c *command.Call)  { count(tx, c, isThere) }

func isThere(db *keyspace.DB, key []byte) bool {
	e := db.Read(key)
	return e.Exists()
}

func typeOf(db *keyspace.DB, c *command.Call) {
	e := db.Look(c.Args.Bytes())
	c.Reply.Simple(e.Kind().String())
}

func rename(tx command.Tx, c *command.Call) {
	key, newKey := c.Args.Bytes(), c.Args.Bytes()
	e := tx.DB(c.DB, key).Find(key)
	if !e.Exists() {
		c.Reply.Fail(reply.ErrNoSuchKey)
		return
	}
	if string(key) != string(newKey) {
		if !mayPut(tx.DB(c.DB, newKey), c, newKey) {
			return
		}
		if !e.CanMoveTo(tx.DB(c.DB, newKey)) {
			c.Reply.Fail(reply.ErrOOM)
			return
		}
		tx.DB(c.DB, newKey).Delete(newKey)
		moveTo(tx, c, key, newKey)
	}
	c.Reply.OK()
}

func renameNX(tx command.Tx, c *command.Call) {
	key, newKey := c.Args.Bytes(), c.Args.Bytes()
	e := tx.DB(c.DB, key).Find(key)
	if !e.Exists() {
		c.Reply.Fail(reply.ErrNoSuchKey)
		return
	}
	if taken := tx.DB(c.DB, newKey).Find(newKey); taken.Exists() {
		c.Reply.Int(0)
		return
	}
	e = tx.DB(c.DB, key).Peek(key)
	if !e.CanMoveTo(tx.DB(c.DB, newKey)) {
		c.Reply.Fail(reply.ErrOOM)
		return
	}
	moveTo(tx, c, key, newKey)
	c.Reply.Int(1)
}

// moveTo gives a key a name that is free.
func moveTo(tx command.Tx, c *command.Call, key, newKey []byte) {
	from, to := tx.DB(c.DB, key), tx.DB(c.DB, newKey)
	e := from.Peek(key)
	e.MoveTo(to, newKey)
	from.Notify(keyspace.EventGeneric, "rename_from", key)
	to.Notify(keyspace.EventGeneric, "rename_to", newKey)
}

func move(db *keyspace.DB, c *command.Call) {
	key, n := c.Args.Bytes(), c.Args.Int32()
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	switch {
	case n < 0 || n >= keyspace.Databases:
		c.Reply.Fail(reply.ErrDBIndex)
		return
	case n == c.DB:
		c.Reply.Fail(errSame)
		return
	}
	dst := db.Space().DB(n)
	taken, e := dst.Find(key), db.Find(key)
	if !e.Exists() || taken.Exists() {
		c.Reply.Int(0)
		return
	}
	e.MoveTo(dst, key)
	db.Notify(keyspace.EventGeneric, "move_from", key)
	dst.Notify(keyspace.EventGeneric, "move_to", key)
	c.Reply.Int(1)
}

const errSame reply.Error = "ERR source and destination objects are the same"

func copyKey(tx command.Tx, c *command.Call) {
	source, destination := c.Args.Bytes(), c.Args.Bytes()
	n, replace := c.DB, false
	for c.Args.More() {
		switch {
		case c.Args.Opt("REPLACE"):
			replace = true
		case c.Args.Left() > 1 && c.Args.Opt("DB"):
			n = c.Args.Int32()
			if c.Args.Err() == nil && (n < 0 || n >= keyspace.Databases) {
				c.Args.Fail(reply.ErrDBIndex)
			}
		default:
			c.Args.Fail(reply.ErrSyntax)
		}
	}
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	if n == c.DB && string(source) == string(destination) {
		c.Reply.Fail(errSame)
		return
	}
	copyTo(tx, c, source, destination, n, replace)
}

func copyTo(tx command.Tx, c *command.Call, source, destination []byte, n int, replace bool) {
	e := tx.DB(c.DB, source).Read(source)
	if !e.Exists() {
		c.Reply.Int(0)
		return
	}
	dst := tx.DB(n, destination)
	taken := dst.Find(destination)
	switch {
	case e.Kind() == object.Stock:
		c.Reply.Fail(keyspace.ErrStockCopy)
		return
	case taken.Exists() && !replace:
		c.Reply.Int(0)
		return
	case !e.CanCopyTo(dst):
		c.Reply.Fail(reply.ErrOOM)
		return
	case !mayPut(dst, c, destination):
		return
	case taken.Exists():
		taken.Remove()
		e = tx.DB(c.DB, source).Peek(source)
	}
	e.CopyTo(dst, destination)
	dst.Notify(keyspace.EventGeneric, "copy_to", destination)
	c.Reply.Int(1)
}

// sharedInts is how many small integers Redis keeps once for all keys.
const (
	sharedInts     = 10000
	sharedRefCount = 2147483647
)

func objectEncoding(db *keyspace.DB, c *command.Call) {
	e := db.Peek(c.Args.Bytes())
	if !e.Exists() {
		c.Reply.Null()
		return
	}
	c.Reply.Text(e.Encoding())
}

func objectRefCount(db *keyspace.DB, c *command.Call) {
	e := db.Peek(c.Args.Bytes())
	if !e.Exists() {
		c.Reply.Null()
		return
	}
	refs := int64(1)
	if e.Kind() == object.String && e.Encoding() == "int" {
		if n, _ := e.Int(); 0 <= n && n < sharedInts {
			refs = sharedRefCount
		}
	}
	c.Reply.Int(refs)
}

const adjust = " Please note that when switching between policies at runtime " +
	"LRU and LFU data will take some time to adjust."

func objectIdleTime(db *keyspace.DB, c *command.Call) {
	e := db.Peek(c.Args.Bytes())
	switch {
	case !e.Exists():
		c.Reply.Null()
	case db.Space().Policy().LFU():
		c.Reply.Fail("ERR An LFU maxmemory policy is selected, idle time not tracked." + adjust)
	default:
		c.Reply.Int(e.IdleSeconds())
	}
}

func objectFreq(db *keyspace.DB, c *command.Call) {
	e := db.Peek(c.Args.Bytes())
	switch {
	case !e.Exists():
		c.Reply.Null()
	case !db.Space().Policy().LFU():
		c.Reply.Fail("ERR An LFU maxmemory policy is not selected, " +
			"access frequency not tracked." + adjust)
	default:
		c.Reply.Int(int64(e.Frequency()))
	}
}
