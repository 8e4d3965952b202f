// SPDX-License-Identifier: Apache-2.0

package generic

import (
	"context"
	"slices"
	"time"

	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/migrate"
	"stampede/internal/object"
	"stampede/internal/rdb"
	"stampede/internal/reply"
)

// Limits: of what is on its way at once, keys, and bytes before the last of them; and how often
// a call sends what has changed again.
const (
	convoyKeys  = 64
	convoyBytes = 1 << 20
	againMax    = 256
)

// carrier moves keys over links that it keeps for the next call.
type carrier struct{ links *migrate.Links }

// migrate looks whether there is anything to send, and sends it without owning anything.
func (r carrier) migrate(tx command.Tx, c *command.Call) command.Errand {
	m, err := readMigration(c)
	if err != nil {
		c.Reply.Err(err)
		return nil
	}
	there := 0
	for _, key := range m.keys {
		db := tx.DB(c.DB, key)
		e := db.Read(key)
		if !e.Exists() {
			continue
		}
		there++
		if err := m.mayLeave(&e); err != nil {
			c.Reply.Err(err)
			return nil
		}
	}
	if there == 0 {
		c.Reply.Simple("NOKEY")
		return nil
	}
	m.own()
	m.links = r.links
	return m.run
}

// mayLeave is why a key must not go, or nil. Units of a stock are never in two places, so one
// that sells does not go.
func (m *migration) mayLeave(e *keyspace.Entry) error {
	switch {
	case m.copy && e.Kind() == object.Stock:
		return keyspace.ErrStockCopy
	case e.HoldsOpenStock():
		return keyspace.ErrStockOpen
	}
	return nil
}

// journey is a migration under way. It belongs to the goroutine of its errand.
//
// Keys go in convoys. What is sent was packed while its shard was owned, and is removed, once
// the target has taken it, while its shard is owned again: if it has not changed in between. If
// it has it goes once more, in the place of what the target has from us.
type journey struct {
	*migration
	home  command.Home
	link  *migrate.Link
	until time.Time // after that what has changed does not go again

	left   [][]byte // keys whose turn has not come
	again  [][]byte // keys that have changed on their way
	convoy []*traveller
	gone   [][]byte // keys that were removed here on their way: the target has them
	moved  int      // keys so far
	rounds int      // convoys in which something went again
	err    error    // the first that went wrong
}

// traveller is a key on its way.
type traveller struct {
	migrate.Parcel
	watch keyspace.Watch // tells whether it has changed since it was packed
}

// run moves the keys and answers.
func (m *migration) run(ctx context.Context, home command.Home, out *reply.Buffer) {
	j := &journey{
		migration: m, home: home, left: m.keys, until: time.Now().Add(m.target.Timeout),
	}
	link, err := m.links.Dial(ctx, &m.target)
	if err != nil {
		out.Fail(reply.Error(err.Error()))
		return
	}
	defer m.links.Keep(link)
	j.link = link
	for j.halt(); len(j.convoy) > 0; j.halt() {
		j.sendOff()
	}
	switch {
	case j.err != nil:
		out.Fail(reply.Error(j.err.Error()))
	case j.moved == 0: // all were removed before they could go
		out.Simple("NOKEY")
	default:
		out.OK()
	}
}

// fail keeps what went wrong first.
func (j *journey) fail(err error) {
	if j.err == nil {
		j.err = err
	}
}

// sendOff sends the convoy.
func (j *journey) sendOff() {
	parcels := make([]*migrate.Parcel, len(j.convoy))
	for i, t := range j.convoy {
		parcels[i] = &t.Parcel
	}
	j.link.Restore(parcels)
}

// halt settles what has been sent and packs what goes next, with the shards of both owned.
func (j *journey) halt() {
	next := j.left[:min(len(j.left), convoyKeys)]
	keys := slices.Clone(next)
	for _, t := range j.convoy {
		keys = append(keys, t.Key)
	}
	j.home.Own(keys, func(tx command.Tx) {
		refusal := j.home.Refusal()
		for _, t := range j.convoy {
			j.settle(tx, t, refusal)
		}
		j.convoy = j.convoy[:0]
		if j.link.Broken() == nil {
			j.pack(tx, next)
		}
	})
	if len(j.gone) > 0 && j.link.Broken() == nil {
		if err := j.link.Delete(j.gone); err != nil {
			j.fail(err)
		}
		j.gone = nil
	}
}

// settle ends the journey of a key: it is removed, stays or goes again.
func (j *journey) settle(tx command.Tx, t *traveller, refusal reply.Error) {
	db := tx.DB(j.db, t.Key)
	db.Unwatch(&t.watch, string(t.Key))
	e := db.Peek(t.Key)
	switch {
	case t.Err != nil:
		j.fail(t.Err)
	case j.copy:
		j.moved++
	case !e.Exists():
		j.gone = append(j.gone, t.Key)
	case refusal != "":
		j.fail(refusal)
	case !t.watch.Changed():
		remove(db, t.Key)
		j.moved++
	case j.rounds >= againMax, time.Now().After(j.until):
		j.fail(errMigrateChanged)
	default:
		j.again = append(j.again, t.Key)
	}
}

// pack makes the next convoy: of those that go again, and of as many more as it may have.
func (j *journey) pack(tx command.Tx, next [][]byte) {
	bytes := 0
	if len(j.again) > 0 {
		j.rounds++
	}
	for _, key := range j.again {
		bytes += j.packKey(tx, key, true)
	}
	j.again = j.again[:0]
	for _, key := range next {
		if bytes >= convoyBytes || len(j.convoy) >= convoyKeys {
			return
		}
		bytes += j.packKey(tx, key, j.replace)
		j.left = j.left[1:]
	}
}

// packKey lets a key go with the convoy if it is there, and gives the size of its value.
func (j *journey) packKey(tx command.Tx, key []byte, replace bool) int {
	db := tx.DB(j.db, key)
	e := db.Peek(key)
	if !e.Exists() {
		return 0
	}
	if err := j.mayLeave(&e); err != nil {
		j.fail(err)
		return 0
	}
	t := &traveller{Parcel: migrate.Parcel{Key: key, Replace: replace}}
	t.Payload = rdb.AppendDumpEnd(e.AppendDump(nil), 0)
	if deadlineMs := e.DeadlineMs(); deadlineMs != 0 {
		t.TTLMs = max(deadlineMs-db.NowMs(), 1)
	}
	if !j.copy {
		db.Watch(&t.watch, key)
	}
	j.convoy = append(j.convoy, t)
	return len(t.Payload)
}
