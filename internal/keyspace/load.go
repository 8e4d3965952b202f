// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"errors"
	"fmt"
	"io"

	"stampede/internal/effect"
	"stampede/internal/jsondoc"
	"stampede/internal/rdb"
)

// Faults of values that are well-formed and nevertheless cannot be taken.
var (
	ErrEmptyValue = errors.New("keyspace: a value without elements")
	ErrTwice      = errors.New("keyspace: an element that comes twice")

	errNotADocument = errors.New("keyspace: a document that is no text")
)

// KindError is a value of a kind that this version has not got.
type KindError struct {
	Key  string
	Type rdb.Type
}

// Error is the sentence for the operator.
func (e *KindError) Error() string {
	return fmt.Sprintf("key %.80q holds a value of RDB type %d, which this version does not have",
		e.Key, e.Type)
}

// Tell reads the value of item, which r has just given, and lets b have the effects that
// make key hold it in database db. strict looks for elements that come twice, which only
// hostile dumps have, and forbids values without elements.
func Tell(b *effect.Buffer, r *rdb.Reader, item *rdb.Item, db int, key []byte, strict bool) error {
	if item.Type.Kind() == rdb.String {
		text, err := r.String()
		if err == nil {
			b.Set(db, key, item.DeadlineMs, text)
		}
		return err
	}
	t := teller{buffer: b, reader: r, db: db, key: key}
	if strict {
		t.seen = make(map[string]struct{})
	}
	return t.all(item, strict)
}

// all tells a value that has elements.
func (t *teller) all(item *rdb.Item, strict bool) (err error) {
	switch item.Type.Kind() {
	case rdb.List:
		err = t.each(t.pushed)
	case rdb.Hash:
		err = t.each(t.pair)
	case rdb.Set:
		err = t.each(t.member)
	case rdb.ZSet:
		err = t.each(t.scored)
	case rdb.Stream:
		t.n = 1
		err = t.streamOf()
	case rdb.Module:
		t.n = 1
		if item.Module == rdbStock() {
			return t.stockOf(item, strict)
		}
		err = t.document()
	default:
		return &KindError{Key: string(t.key), Type: item.Type}
	}
	if err == nil && strict && t.n == 0 {
		return ErrEmptyValue
	}
	if err == nil && item.DeadlineMs != 0 && t.n > 0 {
		t.buffer.Deadline(t.db, t.key, item.DeadlineMs)
	}
	return err
}

// teller reads the elements of a collection.
type teller struct {
	buffer *effect.Buffer
	reader *rdb.Reader
	db     int
	key    []byte
	n      int
	seen   map[string]struct{} // nil: who comes twice does not matter
	try    *trial              // of a stock; nil: it can be trusted
}

func (t *teller) each(one func() error) error {
	for {
		switch err := one(); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		t.n++
	}
}

func (t *teller) pushed() error {
	element, err := t.reader.Member()
	if err != nil {
		return err
	}
	t.buffer.ListPush(t.db, t.key, effect.ListTail, [][]byte{element})
	return nil
}

func (t *teller) pair() error {
	field, value, err := t.reader.Pair()
	if err != nil {
		return err
	}
	t.buffer.HashSet(t.db, t.key, field, value)
	if deadlineMs := t.reader.FieldDeadlineMs(); deadlineMs != 0 {
		t.buffer.HashDeadline(t.db, t.key, field, min(deadlineMs, FieldDeadlineMax))
	}
	return t.note(field)
}

func (t *teller) member() error {
	member, err := t.reader.Member()
	if err != nil {
		return err
	}
	t.buffer.SetAdd(t.db, t.key, member)
	return t.note(member)
}

func (t *teller) scored() error {
	member, score, err := t.reader.Scored()
	if err != nil {
		return err
	}
	t.buffer.ZSetAdd(t.db, t.key, member, score)
	return t.note(member)
}

// document reads a JSON document, as RedisJSON writes it.
func (t *teller) document() error {
	field, err := t.reader.Field()
	if err != nil {
		return err
	}
	if field.Kind != rdb.FieldString {
		return errNotADocument
	}
	portable, err := jsondoc.Append(nil, field.Text, nil)
	if err != nil {
		return err
	}
	t.buffer.Own(effect.JSONSet, t.db, t.key, portable)
	return nil
}

// ReaderOptions are those of a reader of what may be loaded.
func ReaderOptions() rdb.Options {
	return rdb.Options{
		BufferBytes: readBytes,
		Modules: []rdb.ModuleID{
			rdb.NewModuleID(rdb.JSONName, rdb.JSONVersion), rdbStock(),
		},
	}
}

// readBytes are read of a file at once.
const readBytes = 1 << 20

// note finds what comes twice.
func (t *teller) note(element []byte) error {
	if t.seen == nil {
		return nil
	}
	if _, twice := t.seen[string(element)]; twice {
		return ErrTwice
	}
	t.seen[string(element)] = struct{}{}
	return nil
}
