// SPDX-License-Identifier: Apache-2.0

package persist

import (
	"testing"

	"stampede/internal/disk/faulty"
	"stampede/internal/journal"
	"stampede/internal/keyspace"
	"stampede/internal/txn"
)

// opened is a store that was loaded into shards of its own.
type opened struct {
	*Store
	shards *txn.Shards
}

// open opens the store on a disk. The shards have been told the time before, as engines do.
func open(t *testing.T, fs *faulty.FS, nowMs int64) opened {
	t.Helper()
	shards, err := txn.New(3, keyspace.Options{ReserveBytes: 1 << 26})
	if err != nil {
		t.Fatal(err)
	}
	for i := range shards.Len() {
		shards.Shard(i).Own(nowMs)
		shards.Shard(i).Release()
	}
	s, err := Open(Options{
		FS: fs, Dir: "store", Journal: true, Fsync: journal.Always, SegmentBytes: 4 << 10,
		Shards: shards, NowMs: func() int64 { return nowMs },
	})
	if err == nil {
		err = s.Load()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for i := range shards.Len() {
			if err := shards.Shard(i).Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return opened{s, shards}
}

// at does something with the part of database 0 that holds a key.
func (o opened) at(key string, nowMs int64, do func(db *keyspace.DB)) {
	shard := o.shards.Shard(o.shards.Of([]byte(key)))
	do(shard.Own(nowMs).DB(0))
	shard.Release()
}

func (o opened) text(key string, nowMs int64) (text string) {
	o.at(key, nowMs, func(db *keyspace.DB) {
		if e := db.Peek([]byte(key)); e.Exists() {
			text = string(e.AppendText(nil))
		}
	})
	return text
}

// TestEmptySnapshot: the snapshot of a store without a key can be loaded.
func TestEmptySnapshot(t *testing.T) {
	fs := faulty.New(1)
	o := open(t, fs, 1000)
	if err := o.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	o = open(t, fs.Crash(), 1000)
	if !o.found || o.Status().LoadedKeys != 0 {
		t.Errorf("found: %v, keys: %d", o.found, o.Status().LoadedKeys)
	}
}

// TestDeadlineTakenBack: a key whose deadline has passed when the store starts, but was taken
// back in time, is there with all it held; one whose deadline was left is not.
func TestDeadlineTakenBack(t *testing.T) {
	for _, saved := range []bool{false, true} {
		fs := faulty.New(1)
		o := open(t, fs, 1000)
		for _, key := range []string{"kept", "ended"} {
			o.at(key, 1000, func(db *keyspace.DB) {
				e := db.Find([]byte(key))
				e.Set([]byte(key), []byte("text"), 2000)
			})
		}
		if saved {
			if err := o.Save(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		o.at("kept", 1500, func(db *keyspace.DB) {
			e := db.Find([]byte("kept"))
			e.SetDeadline(0)
			e.Splice([]byte("kept"), 4, []byte(" and more"))
		})
		if !o.Journal().Commit() {
			t.Fatal("not durable")
		}
		o = open(t, fs.Crash(), 3000)
		if got := o.text("kept", 3000); got != "text and more" {
			t.Errorf("saved: %v: %q", saved, got)
		}
		if got := o.text("ended", 3000); got != "" {
			t.Errorf("saved: %v: a key whose deadline has passed is %q", saved, got)
		}
	}
}

// TestKeyInTheWay: what is renamed to a key whose deadline has passed finds its place in a
// replay that begins with a snapshot made before, and with one made after.
func TestKeyInTheWay(t *testing.T) {
	for _, savedAtMs := range []int64{0, 1500, 2500} {
		fs := faulty.New(1)
		o := open(t, fs, 1000)
		const from, to = "{x}from", "{x}to" // on the same shard
		o.at(to, 1000, func(db *keyspace.DB) {
			e := db.Find([]byte(to))
			e.Set([]byte(to), []byte("old"), 2000)
			e = db.Find([]byte(from))
			e.Set([]byte(from), []byte("new"), 0)
		})
		if savedAtMs > 0 {
			o.at(to, savedAtMs, func(*keyspace.DB) {})
			if err := o.Save(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		o.at(from, 3000, func(db *keyspace.DB) {
			db.Delete([]byte(to))
			e := db.Find([]byte(from))
			e.MoveTo(db, []byte(to))
		})
		if !o.Journal().Commit() {
			t.Fatal("not durable")
		}
		o = open(t, fs.Crash(), 4000)
		if got := o.text(to, 4000); got != "new" {
			t.Errorf("saved at %d: %q", savedAtMs, got)
		}
	}
}

// TestSnapshotHasWhatEnded: a snapshot holds all keys that the records behind it build on, also
// those whose deadline has passed and that nobody has looked at since.
func TestSnapshotHasWhatEnded(t *testing.T) {
	fs := faulty.New(1)
	o := open(t, fs, 1000)
	o.at("k", 1000, func(db *keyspace.DB) {
		e := db.Find([]byte("k"))
		e.Set([]byte("k"), []byte("text"), 2000)
	})
	o.at("k", 3000, func(*keyspace.DB) {})
	if err := o.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	o = open(t, fs.Crash(), 4000)
	if n := o.Status().LoadedKeys; n != 1 {
		t.Errorf("%d keys were loaded", n)
	}
	if got := o.text("k", 4000); got != "" {
		t.Errorf("it is back: %q", got)
	}
}
