// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"encoding/binary"
	"strconv"

	"stampede/internal/assert"
	"stampede/internal/effect"
	"stampede/internal/lease"
	"stampede/internal/rdb"
	"stampede/internal/reply"
)

// Locks are the locks of one database that belong to one shard. A lock has a name and is no
// key: a key of the same name has nothing to do with it, and DBSIZE, SCAN and SWAPDB do not
// see it. FLUSHDB and FLUSHALL end what is held, but fences go on.
type Locks struct {
	db      *DB
	table   *lease.Table
	log     lease.Log
	awaited map[string]int // how many calls wait, by name; see await.go
}

// Locks are those of db. They are made when somebody asks for the first time.
func (db *DB) Locks() *Locks {
	if db.locks == nil {
		db.locks = &Locks{db: db}
		db.locks.init(db.space.fence)
		db.space.locks = append(db.space.locks, db.locks)
	}
	return db.locks
}

// init lets nothing be held. Fences go on behind fence.
func (l *Locks) init(fence int64) {
	l.table = lease.New(l.db.space.seed, fence, func(key []byte) { l.notify("lock:expired", key) })
	l.table.RaiseClock(l.db.space.lockClockMs)
}

func (l *Locks) notify(event string, key []byte) { l.db.Notify(EventModule, event, key) }

// Acquire is [lease.Table.Acquire], now.
func (l *Locks) Acquire(r lease.Request) (g lease.Grant, ok bool, err error) {
	g, ok, err = l.table.Acquire(l.db.space.NowMs, r, &l.log)
	if len(l.log.Effect) > 0 {
		l.notify("lock:acquired", r.Key)
	}
	l.tell(r.Key)
	return g, ok, err
}

// Holds tells whether a token holds a lock now.
func (l *Locks) Holds(key, token []byte) bool {
	return l.table.Holds(l.db.space.NowMs, key, token)
}

// Release ends what a token holds, and tells whether it held it.
func (l *Locks) Release(key, token []byte) bool {
	held := l.table.Release(l.db.space.NowMs, key, token, &l.log)
	if held {
		l.notify("lock:released", key)
	}
	l.tell(key)
	l.MarkReady(key)
	return held
}

// Extend is [lease.Table.Extend], now. ms must be within its limits.
func (l *Locks) Extend(key, token []byte, ms int64) (g lease.Grant, ok bool) {
	g, ok, err := l.table.Extend(l.db.space.NowMs, key, token, ms, &l.log)
	assert.That(err == nil, "keyspace: a lease that nobody looked at")
	l.tell(key)
	if !ok {
		l.MarkReady(key) // it had ended, perhaps unnoticed
	}
	return g, ok
}

// Info is [lease.Table.Info], now, with the calls that wait.
func (l *Locks) Info(key []byte, visit func(lease.Holder)) (info lease.Info, waiting int) {
	return l.table.Info(l.db.space.NowMs, key, visit), l.awaited[string(key)]
}

// FreeAtMs is the Unix time when the last of those who hold a lock now has to let go of it;
// 0: none of them has to, or none is there. Cost: O(holders).
func (l *Locks) FreeAtMs(key []byte) (atMs int64) {
	endless := false
	l.table.Info(l.db.space.NowMs, key, func(h lease.Holder) {
		endless = endless || h.Grant.DeadlineMs == 0
		atMs = max(atMs, h.Grant.DeadlineMs)
	})
	if endless {
		return 0
	}
	return atMs
}

// tell lets the effects have what happened to the lock of that name.
func (l *Locks) tell(key []byte) {
	if len(l.log.Effect) == 0 {
		return
	}
	space := l.db.space
	space.Stats.Changes++
	space.Effects.Own(effect.Lease, l.db.index, key, l.log.Effect)
	l.log.Effect = l.log.Effect[:0]
}

// endSession ends all that a session holds; 0: all that any session holds.
func (l *Locks) endSession(session uint64) {
	for l.table.Sweep(l.db.space.NowMs, sweptLocks) {
		continue // what time has ended the session does not end
	}
	if session == 0 {
		l.table.EndSessions(l.db.space.NowMs, &l.log)
	} else {
		l.table.EndSession(l.db.space.NowMs, session, &l.log)
	}
	space := l.db.space
	lease.Split(l.log.Effect, func(key, one []byte) {
		space.Stats.Changes++
		space.Effects.Own(effect.Lease, l.db.index, key, one)
		l.notify("lock:released", key)
		l.MarkReady(key)
	})
	l.log.Effect = l.log.Effect[:0]
}

// flush ends all that is held. Fences go on.
func (l *Locks) flush() {
	l.init(l.table.Fence())
	for name := range l.awaited {
		l.MarkReady([]byte(name))
	}
}

func (db *DB) flushLocks() {
	if db.locks != nil {
		db.locks.flush()
	}
}

// swapLocks lets the locks stay with the number of their database.
func (db *DB) swapLocks(other *DB) {
	db.locks, other.locks = other.locks, db.locks
	for _, one := range [...]*DB{db, other} {
		if one.locks != nil {
			one.locks.db = one
		}
	}
}

// EndSession ends all locks that a session holds. Cost: O(databases), and O(log n) for each.
func (s *Space) EndSession(session int64) {
	for _, l := range s.locks {
		l.endSession(uint64(session))
	}
}

// EndSessions ends all locks that sessions hold: after a restart there are none.
func (s *Space) EndSessions() { s.EndSession(0) }

// RaiseFences makes all fences from now on greater than fence.
func (s *Space) RaiseFences(fence int64) {
	s.fence = max(s.fence, fence)
	for _, l := range s.locks {
		l.table.Raise(fence)
	}
}

// LockClock is the time of the latest change of a lock, as far as its table remembers.
func (s *Space) LockClock() int64 {
	latest := s.lockClockMs
	for _, l := range s.locks {
		latest = max(latest, l.table.Clock())
	}
	return latest
}

// RaiseLockClock lets no call come before a time, as far as locks go.
func (s *Space) RaiseLockClock(ms int64) {
	s.lockClockMs = max(s.lockClockMs, ms)
	for _, l := range s.locks {
		l.table.RaiseClock(ms)
	}
}

// latestFence is the greatest that a lock of the Space has given, or could have.
func (s *Space) latestFence() int64 {
	latest := s.fence
	for _, l := range s.locks {
		latest = max(latest, l.table.Fence())
	}
	return latest
}

// sweptLocks bounds how many holders one step forgets.
const sweptLocks = 1000

// SweepLocks forgets some holders whose lease has ended, which nobody can see. It tells
// whether there are more of them.
func (s *Space) SweepLocks() (more bool) {
	for _, l := range s.locks {
		more = l.table.Sweep(s.NowMs, sweptLocks) || more
	}
	return more
}

// lockBytes is what the locks take, about; it counts against maxmemory.
func (s *Space) lockBytes() (n int64) {
	for _, l := range s.locks {
		n += l.table.Bytes()
	}
	return n
}

// apply does what was told.
func (l *Locks) apply(e *effect.Effect) error {
	same := true
	known := lease.Split(e.Value, func(key, _ []byte) {
		same = same && string(key) == string(e.Key)
	})
	if !known || !same {
		return lease.ErrFormat
	}
	return l.table.Apply(e.Value)
}

// Aux fields of a snapshot: a holder (a byte for the database, the length of the lock's name
// as a uvarint, the name, the effect that makes the holder), and the latest fence.
const (
	auxLock  = "stampede-lock"
	auxFence = "stampede-fence"
)

// appendLocks appends the locks as records of a snapshot. Other than keys they are all
// copied at the moment of a cut: they are few. Cost: O(holders).
func (s *Space) appendLocks(dst []byte) []byte {
	var value []byte
	for _, l := range s.locks {
		l.table.Walk(func(key, one []byte) {
			value = binary.AppendUvarint(append(value[:0], byte(l.db.index)), uint64(len(key)))
			value = append(append(value, key...), one...)
			dst = rdb.AppendAux(dst, auxLock, string(value))
		})
	}
	if len(s.locks) > 0 {
		dst = rdb.AppendAux(dst, auxFence, strconv.FormatInt(s.latestFence(), 10))
	}
	return dst
}

const errAux reply.Error = "keyspace: a field of the snapshot that does not say what it should"

// TellAux lets b have the effects that an aux field of a snapshot stands for, if any.
func TellAux(b *effect.Buffer, name, value []byte) error {
	switch string(name) {
	case auxLock:
		if len(value) < 2 || value[0] >= Databases {
			return errAux
		}
		n, size := binary.Uvarint(value[1:])
		if size <= 0 || n > uint64(len(value)-1-size) {
			return errAux
		}
		at := 1 + size + int(n)
		b.Own(effect.Lease, int(value[0]), value[1+size:at], value[at:])
	case auxFence:
		fence, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil || fence < 0 || fence > lease.FenceMax {
			return errAux
		}
		b.Fence(fence)
	}
	return nil
}
