// SPDX-License-Identifier: Apache-2.0

package persist

import (
	"sync"
	"sync/atomic"

	"stampede/internal/effect"
	"stampede/internal/keyspace"
	"stampede/internal/shard"
	"stampede/internal/txn"
)

// feeder brings effects to the shards: those of different shards at the same time, those of
// one shard in their order, and those of several shards when all before them are done.
type feeder struct {
	shards  *txn.Shards
	others  func(e *effect.Effect) error // for effects that are of no shard
	batches []effect.Buffer              // by shard: not handed over yet
	queues  []chan *effect.Buffer
	spare   sync.Pool
	pending sync.WaitGroup // batches handed over
	workers sync.WaitGroup
	failed  atomic.Pointer[error]

	reader effect.Reader
	effect effect.Effect // that was read
	tx     txn.Tx
}

const (
	feedBytes = 64 << 10 // of a batch
	feedAhead = 16       // batches that may wait for a shard
)

func newFeeder(shards *txn.Shards, others func(e *effect.Effect) error) *feeder {
	f := &feeder{
		shards: shards, others: others, batches: make([]effect.Buffer, shards.Len()),
		spare: sync.Pool{New: func() any { return new(effect.Buffer) }},
	}
	for i := range shards.Len() {
		queue := make(chan *effect.Buffer, feedAhead)
		f.queues = append(f.queues, queue)
		f.workers.Go(func() { f.work(shards.Shard(i), queue) })
	}
	return f
}

// work applies what comes for one shard.
func (f *feeder) work(s *shard.Shard, queue <-chan *effect.Buffer) {
	var r effect.Reader
	for batch := range queue {
		if f.failed.Load() == nil {
			if err := applyTo(s, &r, batch.Bytes()); err != nil {
				f.failed.CompareAndSwap(nil, &err)
			}
		}
		batch.Reset()
		f.spare.Put(batch)
		f.pending.Done()
	}
}

func applyTo(s *shard.Shard, r *effect.Reader, batch []byte) error {
	space := s.Own(0)
	defer s.Release()
	var some [applyAhead]effect.Effect
	var keys [applyAhead][]byte
	var hashes [applyAhead]uint64
	for r.Reset(batch); ; {
		n, of := 0, 0 // how many there are, and how many of them belong to the database of the first
		for n < applyAhead && r.Next(&some[n]) {
			if some[n].DB == some[0].DB {
				keys[of] = some[n].Key
				of++
			}
			n++
		}
		if n == 0 {
			return r.Err()
		}
		space.DB(some[0].DB).Warm(keys[:of], hashes[:of])
		for i := range some[:n] {
			if err := space.Apply(&some[i]); err != nil {
				return err
			}
		}
	}
}

// applyAhead is how many effects are looked at together before they are applied, so that
// their keys' memory comes near at the same time.
const applyAhead = 32

// reserve makes room for the keys of a database, if it is empty.
func (f *feeder) reserve(db, keys, expiring int) error {
	if err := f.drain(); err != nil {
		return err
	}
	f.shards.Begin(&f.tx, f.shards.All(), 0)
	defer f.tx.End()
	n := f.shards.Len()
	for _, space := range f.tx.Spaces() {
		space.DB(db).Reserve(keys/n, expiring/n)
	}
	return nil
}

// record hands the effects of a record over.
func (f *feeder) record(record []byte) error {
	f.reader.Reset(record)
	e := &f.effect
	for f.reader.Next(e) {
		if !e.Op.HasKey() {
			if err := f.together(e); err != nil {
				return err
			}
			continue
		}
		shard, batch := f.batch(e.Key)
		batch.Add(f.reader.Raw())
		if err := f.filled(shard); err != nil {
			return err
		}
	}
	return f.reader.Err()
}

// batch is where effects on a key gather, and the shard that they are for. [feeder.filled]
// must be told once they are there.
func (f *feeder) batch(key []byte) (shard int, batch *effect.Buffer) {
	shard = f.shards.Of(key)
	return shard, &f.batches[shard]
}

// filled hands a shard's batch over if it is large enough. The error is that of a batch before.
func (f *feeder) filled(shard int) error {
	if f.batches[shard].Len() < feedBytes {
		return nil
	}
	f.handOver(shard)
	if err := f.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// handOver lets a shard's worker have its batch.
func (f *feeder) handOver(shard int) {
	full := f.spare.Get().(*effect.Buffer)
	*full, f.batches[shard] = f.batches[shard], *full
	f.pending.Add(1)
	f.queues[shard] <- full
}

// together applies an effect that is about more than one key.
func (f *feeder) together(e *effect.Effect) error {
	if err := f.drain(); err != nil {
		return err
	}
	if e.Op == effect.FunctionLoad || e.Op == effect.FunctionDrop {
		return f.others(e)
	}
	f.shards.Begin(&f.tx, f.shards.All(), 0)
	defer f.tx.End()
	return keyspace.ApplyAll(f.tx.Spaces(), f.shards.Of, e)
}

// drain waits until everything has been applied.
func (f *feeder) drain() error {
	for i := range f.batches {
		if f.batches[i].Len() > 0 {
			f.handOver(i)
		}
	}
	f.pending.Wait()
	if err := f.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// close ends the workers.
func (f *feeder) close() {
	for _, queue := range f.queues {
		close(queue)
	}
	f.workers.Wait()
}
