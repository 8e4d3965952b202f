// SPDX-License-Identifier: Apache-2.0

package persist

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"stampede/internal/disk/faulty"
	"stampede/internal/keyspace"
)

// TestLastSnapshotHasTheLastChange: a server that ends while a snapshot is under way waits for
// it and writes another one.
func TestLastSnapshotHasTheLastChange(t *testing.T) {
	fs := faulty.New(1)
	o := open(t, fs, 1000)
	begun, goOn := make(chan struct{}), make(chan struct{})
	first := sync.OnceFunc(func() {
		close(begun)
		<-goOn
	})
	fs.Hook(func(op faulty.Op) error {
		if strings.HasSuffix(op.Name, ".tmp") {
			first()
		}
		return nil
	})
	if !o.SaveSoon(false) {
		t.Fatal("no snapshot has begun")
	}
	<-begun
	if err := o.Save(t.Context()); !errors.Is(err, ErrSaving) || !o.Status().Saving {
		t.Errorf("two snapshots at once: %v", err)
	}
	o.at("late", 1000, func(db *keyspace.DB) {
		e := db.Find([]byte("late"))
		e.Set([]byte("late"), []byte("text"), 0)
	})
	last := make(chan error, 1)
	go func() { last <- o.SaveLast(t.Context()) }()
	close(goOn)
	if err := <-last; err != nil {
		t.Fatal(err)
	}
	if s := o.Status(); s.Saves != 2 || s.SavedKeys != 1 || s.Saving {
		t.Errorf("%d snapshots, %d keys in the last, saving: %v", s.Saves, s.SavedKeys, s.Saving)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
}
