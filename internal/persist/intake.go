// SPDX-License-Identifier: Apache-2.0

package persist

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"stampede/internal/effect"
	"stampede/internal/keyspace"
	"stampede/internal/rdb"
)

// intake reads an RDB file into the shards.
type intake struct {
	reader *rdb.Reader
	feed   *feeder
	keys   *atomic.Int64 // that were taken
	bytes  int64         // of the file; 0: not known
	buffer effect.Buffer

	// expiredMs is the time up to which a deadline keeps a key out; 0: none does. expired is
	// how many stayed out.
	expiredMs int64
	expired   int64

	// leave is asked about a key or a library that cannot be taken, although the file is
	// well-formed: nil goes on without it.
	leave func(item *rdb.Item, reason error) error
	// progress is told now and then how much of the file has been read; an error ends it.
	progress func(offset int64) error
}

// leastKeyBytes is what a key takes in a file at least: a type, and two lengths with a byte.
const leastKeyBytes = 5

// progressKeys is after how many keys progress is told.
const progressKeys = 4096

// run reads everything.
func (in *intake) run() error {
	for n := 0; ; n++ {
		item, unfit := in.reader.Next()
		if unfit == io.EOF {
			return nil
		}
		if item == nil {
			return unfit
		}
		var err error
		if unfit == nil {
			unfit, err = in.take(item)
		}
		if unfit != nil {
			err = in.leave(item, unfit)
		}
		if err == nil && n%progressKeys == 0 {
			err = in.progress(in.reader.Offset())
		}
		if err != nil {
			return err
		}
	}
}

// take hands what an item of the file stands for to the shards. unfit is why this version
// cannot have it; err ends everything.
func (in *intake) take(item *rdb.Item) (unfit, err error) {
	in.buffer.Reset()
	switch item.What {
	case rdb.ItemAux:
		return nil, in.takeAux(item)
	case rdb.ItemFunction:
		return in.takeFunction(item.Value)
	case rdb.ItemSizes:
		// What a file says of itself is not believed beyond what it has room for.
		most := int(in.bytes / leastKeyBytes)
		if item.DB < keyspace.Databases && in.bytes > 0 {
			return nil, in.feed.reserve(item.DB, min(item.Keys, most), min(item.Deadlines, most))
		}
	case rdb.ItemKey:
		return in.takeKey(item)
	}
	return nil, nil
}

// takeAux takes locks; other fields of a file are not about data.
func (in *intake) takeAux(item *rdb.Item) error {
	if err := keyspace.TellAux(&in.buffer, item.Name, item.Value); err != nil {
		return err
	}
	return in.feed.record(in.buffer.Bytes())
}

func (in *intake) takeFunction(code []byte) (unfit, err error) {
	if err := in.feed.drain(); err != nil {
		return nil, err
	}
	return in.feed.others(&effect.Effect{Op: effect.FunctionLoad, Value: code}), nil
}

func (in *intake) takeKey(item *rdb.Item) (unfit, err error) {
	if item.DB >= keyspace.Databases {
		return fmt.Errorf("key %.80q is in database %d: there are %d",
			item.Key, item.DB, keyspace.Databases), nil
	}
	if item.DeadlineMs != 0 && item.DeadlineMs <= in.expiredMs {
		in.expired++
		return nil, nil
	}
	shard, batch := in.feed.batch(item.Key)
	mark := batch.Len()
	if err = keyspace.Tell(batch, in.reader, item, item.DB, item.Key, false); err != nil {
		batch.Truncate(mark)
		if broken := new(rdb.Error); errors.As(err, &broken) {
			return nil, err // the reader does not go on
		}
		return err, nil
	}
	in.keys.Add(1)
	return nil, in.feed.filled(shard)
}
