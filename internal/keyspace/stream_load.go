// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"errors"
	"slices"

	"stampede/internal/container/listpack"
	"stampede/internal/container/stream"
	"stampede/internal/effect"
	"stampede/internal/rdb"
)

// Faults of streams whose bytes are well-formed.
var (
	errStreamLast  = errors.New("keyspace: a stream with entries above its last ID")
	errStreamTwice = errors.New("keyspace: a stream with two groups, or consumers, of one name")
	errStreamOwner = errors.New("keyspace: a stream with pending entries that are not one's own")
)

// streamOf reads a stream. What is pending in a group comes before whose it is, so it is
// gathered: 48 bytes an entry, of which the file has 25.
func (t *teller) streamOf() error {
	l := streamLoader{teller: t}
	if err := t.reader.Stream(rdb.StreamVisitor{
		Node: l.node, Meta: l.meta, Group: l.group,
		Pending: l.pend, Consumer: l.consumer, Owned: l.own,
	}); err != nil {
		return err
	}
	return l.endGroup()
}

// streamLoader makes effects of a stream that is read.
type streamLoader struct {
	*teller
	top    stream.ID // of the nodes so far
	groups map[string]struct{}

	name      []byte // of the group
	pending   []loadedPending
	owned     int
	consumers map[string]struct{}
	one       []byte // the consumer whose entries come
}

type loadedPending struct {
	rdb.StreamPending
	owned bool
}

func (l *streamLoader) node(id rdb.StreamID, pack listpack.Pack) error {
	end, ok := stream.NodeEnd(stream.ID(id), pack)
	if !ok || !l.top.Less(stream.ID(id)) {
		return stream.ErrNode
	}
	l.top = end
	l.buffer.StreamNode(l.db, l.key, stream.ID(id), pack)
	return nil
}

func (l *streamLoader) meta(m rdb.StreamMeta) error {
	if stream.ID(m.Last).Less(l.top) {
		return errStreamLast
	}
	l.buffer.StreamState(l.db, l.key, stream.State{
		Last: stream.ID(m.Last), MaxDeleted: stream.ID(m.MaxDeleted), Added: m.EntriesAdded,
	})
	return nil
}

func (l *streamLoader) group(g rdb.StreamGroup) error {
	if err := l.endGroup(); err != nil {
		return err
	}
	if !note(&l.groups, g.Name) {
		return errStreamTwice
	}
	l.name = append(l.name[:0], g.Name...)
	l.buffer.StreamGroup(l.db, l.key, l.name, stream.ID(g.Last), g.EntriesRead)
	return nil
}

// note puts a name into a set; it is false if it was there.
func note(set *map[string]struct{}, name []byte) bool {
	if _, twice := (*set)[string(name)]; twice {
		return false
	}
	if *set == nil {
		*set = make(map[string]struct{})
	}
	(*set)[string(name)] = struct{}{}
	return true
}

// endGroup comes when all of a group has been read.
func (l *streamLoader) endGroup() error {
	if l.owned != len(l.pending) {
		return errStreamOwner
	}
	l.pending, l.owned, l.consumers = l.pending[:0], 0, nil
	return nil
}

func (l *streamLoader) pend(p rdb.StreamPending) error {
	if n := len(l.pending); n > 0 &&
		!stream.ID(l.pending[n-1].ID).Less(stream.ID(p.ID)) {
		return errStreamOwner
	}
	l.pending = append(l.pending, loadedPending{StreamPending: p})
	return nil
}

func (l *streamLoader) consumer(c rdb.StreamConsumer) error {
	if !note(&l.consumers, c.Name) {
		return errStreamTwice
	}
	l.one = append(l.one[:0], c.Name...)
	l.buffer.StreamConsumer(l.db, l.key, l.name, l.one, c.SeenMs)
	return nil
}

func (l *streamLoader) own(id rdb.StreamID) error {
	at, found := slices.BinarySearchFunc(l.pending, stream.ID(id),
		func(p loadedPending, id stream.ID) int { return stream.ID(p.ID).Compare(id) })
	if !found || l.pending[at].owned {
		return errStreamOwner
	}
	p := &l.pending[at]
	p.owned = true
	l.owned++
	l.buffer.StreamPending(l.db, l.key, l.name, &effect.Pending{
		Consumer: l.one, DeliveredMs: p.DeliveredMs, Deliveries: p.Deliveries,
		IDs: []stream.ID{stream.ID(id)},
	})
	return nil
}
