// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"stampede/internal/command"
	"stampede/internal/container/stream"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

const (
	errKeyNeeded reply.Error = "ERR The XGROUP subcommand requires the key to exist. Note that for " +
		"CREATE you may want to use the MKSTREAM option to create an empty stream automatically."
	errBusyGroup   reply.Error = "BUSYGROUP Consumer Group name already exists"
	errEntriesRead reply.Error = "ERR value for ENTRIESREAD must be positive or -1"
)

func errNoSuchGroup(group, key []byte) reply.Error {
	return reply.Error("NOGROUP No such consumer group '" + string(group) + "' for key name '" +
		string(key) + "'")
}

func errNoKeyOrGroup(key, group []byte) reply.Error {
	return reply.Error("NOGROUP No such key '" + string(key) + "' or consumer group '" +
		string(group) + "'")
}

// errSubcommand is what is wrong with options that a subcommand has not got.
func errSubcommand(c *command.Call) reply.Error {
	name := c.Argv[1]
	return reply.Error("ERR unknown subcommand or wrong number of arguments for '" +
		string(name[:min(len(name), 128)]) + "'. Try " + c.Row.Container.Name + " HELP.")
}

// groupWish is what XGROUP CREATE and XGROUP SETID are told.
type groupWish struct {
	key, group, id []byte
	read           int64
	make           bool
	lenient        bool // - and + are IDs, too
}

func readGroupWish(c *command.Call, create bool) (w groupWish) {
	a := &c.Args
	w.key, w.group, w.id, w.read = a.Bytes(), a.Bytes(), a.Bytes(), stream.ReadUnknown
	for a.More() {
		switch {
		case create && a.Opt("MKSTREAM"):
			w.make = true
		case a.Left() > 1 && a.Opt("ENTRIESREAD"):
			if w.read = a.Int(); w.read < stream.ReadUnknown {
				a.Fail(errEntriesRead)
			}
		default:
			a.Fail(errSubcommand(c))
		}
	}
	return w
}

// find looks the stream up, which must be there unless it may be made.
func (w *groupWish) find(db *keyspace.DB, c *command.Call) (s keyspace.Stream, ok bool) {
	if failed(c) {
		return s, false
	}
	s, ok = find(db, c, w.key)
	if ok && !s.Exists() && !w.make {
		c.Reply.Fail(errKeyNeeded)
		return s, false
	}
	return s, ok
}

// last is the ID that the group is to have read last; ok is false if the call has been
// answered. wordsMax is how many words the call may have.
func (w *groupWish) last(
	c *command.Call, s *keyspace.Stream, wordsMax int,
) (id stream.ID, ok bool) {
	if len(c.Argv) > wordsMax {
		c.Reply.Fail(errSubcommand(c))
		return id, false
	}
	switch string(w.id) {
	case "$":
		return s.Last(), true
	case "-":
		return id, w.lenient || w.fail(c)
	case "+":
		return stream.Max(), w.lenient || w.fail(c)
	}
	if id, ok = stream.Parse(w.id, 0); !ok {
		return id, w.fail(c)
	}
	return id, true
}

// fail answers that the ID is none.
func (w *groupWish) fail(c *command.Call) (ok bool) {
	c.Reply.Fail(errID)
	return false
}

func groupCreate(db *keyspace.DB, c *command.Call) {
	w := readGroupWish(c, true)
	s, ok := w.find(db, c)
	if !ok {
		return
	}
	last, ok := w.last(c, &s, 8)
	if !ok {
		return
	}
	s.Create()
	if s.Look().Group(w.group) != nil {
		c.Reply.Fail(errBusyGroup)
		return
	}
	s.SetGroup(w.group, last, w.read)
	db.Notify(keyspace.EventStream, "xgroup-create", w.key)
	c.Reply.OK()
}

func groupSetID(db *keyspace.DB, c *command.Call) {
	w := readGroupWish(c, false)
	w.lenient = true
	s, ok := w.find(db, c)
	if !ok {
		return
	}
	if _, ok = s.Group(w.group); !ok {
		c.Reply.Fail(errNoSuchGroup(w.group, w.key))
		return
	}
	last, ok := w.last(c, &s, 7)
	if !ok {
		return
	}
	s.SetGroup(w.group, last, w.read)
	db.Notify(keyspace.EventStream, "xgroup-setid", w.key)
	c.Reply.OK()
}

func groupDestroy(db *keyspace.DB, c *command.Call) {
	w := groupWish{key: c.Args.Bytes(), group: c.Args.Bytes()}
	s, ok := w.find(db, c)
	switch {
	case !ok:
	case s.DropGroup(w.group):
		db.Notify(keyspace.EventStream, "xgroup-destroy", w.key)
		c.Reply.Int(1)
	default:
		c.Reply.Int(0)
	}
}

// findGroup looks up the group of a call on one of its consumers.
func findGroup(db *keyspace.DB, c *command.Call) (key []byte, g keyspace.StreamGroup, ok bool) {
	w := groupWish{key: c.Args.Bytes(), group: c.Args.Bytes()}
	s, ok := w.find(db, c)
	if !ok {
		return w.key, g, false
	}
	if g, ok = s.Group(w.group); !ok {
		c.Reply.Fail(errNoSuchGroup(w.group, w.key))
	}
	return w.key, g, ok
}

func groupCreateConsumer(db *keyspace.DB, c *command.Call) {
	key, g, ok := findGroup(db, c)
	if !ok {
		return
	}
	name := c.Args.Bytes()
	if g.Consumer(name) != nil {
		c.Reply.Int(0)
		return
	}
	g.Call(name)
	db.Notify(keyspace.EventStream, "xgroup-createconsumer", key)
	c.Reply.Int(1)
}

func groupDelConsumer(db *keyspace.DB, c *command.Call) {
	key, g, ok := findGroup(db, c)
	if !ok {
		return
	}
	pending, ok := g.DropConsumer(c.Args.Bytes())
	if ok {
		db.Notify(keyspace.EventStream, "xgroup-delconsumer", key)
	}
	c.Reply.Int(int64(pending))
}
