// SPDX-License-Identifier: Apache-2.0

package generic

import (
	"errors"

	"stampede/internal/command"
	"stampede/internal/effect"
	"stampede/internal/keyspace"
	"stampede/internal/rdb"
	"stampede/internal/reply"
	"stampede/internal/resp"
)

// The refusals of RESTORE, in Redis' words.
const (
	errBusyKey   reply.Error = "BUSYKEY Target key name already exists."
	errTTL       reply.Error = "ERR Invalid TTL value, must be >= 0"
	errIdleTime  reply.Error = "ERR Invalid IDLETIME value, must be >= 0"
	errFrequency reply.Error = "ERR Invalid FREQ value, must be >= 0 and <= 255"
	errDump      reply.Error = "ERR DUMP payload version or checksum are wrong"
	errBadData   reply.Error = "ERR Bad data format"
)

func dump(db *keyspace.DB, c *command.Call) {
	e := db.Read(c.Args.Bytes())
	if !e.Exists() {
		c.Reply.Null()
		return
	}
	payload := e.AppendDump(nil)
	c.Reply.Bulk(rdb.AppendDumpEnd(payload, 0))
}

// restoreWish is what RESTORE is told.
type restoreWish struct {
	key, ttl, payload []byte
	ttlMs             int64
	replace, absolute bool
	idleSeconds, freq int64 // -1: not given
}

func (w *restoreWish) read(a *command.Args) {
	w.key, w.ttl, w.payload = a.Bytes(), a.Bytes(), a.Bytes()
	w.idleSeconds, w.freq = -1, -1
	for a.More() {
		switch {
		case a.Opt("REPLACE"):
			w.replace = true
		case a.Opt("ABSTTL"):
			w.absolute = true
		case w.freq < 0 && a.Left() > 1 && a.Opt("IDLETIME"):
			if w.idleSeconds = a.Int(); w.idleSeconds < 0 {
				a.Fail(errIdleTime)
			}
		case w.idleSeconds < 0 && a.Left() > 1 && a.Opt("FREQ"):
			if w.freq = a.Int(); w.freq < 0 || w.freq > 255 {
				a.Fail(errFrequency)
			}
		default:
			a.Fail(reply.ErrSyntax)
		}
	}
}

func restore(db *keyspace.DB, c *command.Call) {
	var w restoreWish
	if w.read(&c.Args); c.Args.Err() != nil {
		c.Reply.Err(c.Args.Err())
		return
	}
	if refusal := w.check(db); refusal != "" {
		c.Reply.Fail(refusal)
		return
	}
	if w.ttlMs != 0 && !w.absolute {
		w.ttlMs += db.NowMs()
	}
	var told effect.Buffer
	if err := w.tell(&told, db); err != nil {
		c.Reply.Fail(restoreRefusal(err))
		return
	}
	switch had := db.Delete(w.key); {
	case w.ttlMs == 0 || w.ttlMs > db.NowMs():
		w.put(db, &told)
		db.Notify(keyspace.EventGeneric, "restore", w.key)
	case had:
		db.Notify(keyspace.EventGeneric, "del", w.key)
	}
	c.Reply.OK()
}

// check says what is wrong with the call, or nothing, and reads the time to live.
func (w *restoreWish) check(db *keyspace.DB) reply.Error {
	e := db.Find(w.key)
	ttlMs, ok := resp.ParseInt(w.ttl)
	w.ttlMs = ttlMs
	switch {
	case e.Exists() && !w.replace:
		return errBusyKey
	case e.CheckOverwrite() != nil:
		return keyspace.ErrStockKept
	case !ok:
		return reply.ErrNotInt
	case ttlMs < 0:
		return errTTL
	case rdb.CheckDump(w.payload) != nil:
		return errDump
	}
	return ""
}

// tell reads the whole payload before anything is changed.
func (w *restoreWish) tell(told *effect.Buffer, db *keyspace.DB) error {
	r := rdb.NewReader(nil, keyspace.ReaderOptions())
	item, err := r.Dump(w.payload)
	if err != nil {
		return err
	}
	item.DeadlineMs = w.ttlMs
	return keyspace.Tell(told, r, item, db.Index(), w.key, true)
}

func (w *restoreWish) put(db *keyspace.DB, told *effect.Buffer) {
	var e effect.Effect
	for r := effect.NewReader(told.Bytes()); r.Next(&e); {
		if db.Space().Apply(&e) != nil {
			panic("generic: a value that was read does not fit an absent key")
		}
	}
	entry := db.Peek(w.key)
	switch {
	case w.idleSeconds >= 0:
		entry.SetIdleSeconds(w.idleSeconds)
	case w.freq >= 0:
		entry.SetFrequency(uint8(w.freq))
	}
}

// restoreRefusal is what RESTORE says of a payload that cannot be taken.
func restoreRefusal(err error) reply.Error {
	if errors.Is(err, keyspace.ErrStockTTL) {
		return keyspace.ErrStockTTL
	}
	if kind := (*keyspace.KindError)(nil); errors.As(err, &kind) {
		return "ERR " + reply.Error(kind.Error())
	}
	return errBadData
}
