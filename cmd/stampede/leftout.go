// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"stampede/internal/keyspace"
	"stampede/internal/rdb"
)

// leftOutNamed is how many of the keys that are left out are named.
const leftOutNamed = 20

// leftOut counts what an import leaves out.
type leftOut struct {
	out    io.Writer
	n      int64
	byKind map[string]int64
}

// note is told what is left out, and why.
func (l *leftOut) note(item *rdb.Item, reason error) error {
	kind := unfitKind(item, reason)
	if l.byKind == nil {
		l.byKind = map[string]int64{}
	}
	l.byKind[kind]++
	if l.n++; l.n > leftOutNamed {
		return nil
	}
	var err error
	switch {
	case item.What == rdb.ItemFunction:
		_, err = fmt.Fprintf(l.out, "left out: %s: %v\n", kind, reason)
	case kind == unfitValue:
		_, err = fmt.Fprintf(l.out, "left out: key %.80q of database %d: %v\n", item.Key, item.DB,
			reason)
	default:
		_, err = fmt.Fprintf(l.out, "left out: key %.80q of database %d: %s\n", item.Key, item.DB,
			kind)
	}
	return err
}

// report tells how much was left out, if anything was.
func (l *leftOut) report() error {
	if l.n == 0 {
		return nil
	}
	text := fmt.Sprintf("left out, all together: %d\n", l.n)
	for _, kind := range slices.Sorted(maps.Keys(l.byKind)) {
		text += fmt.Sprintf("  %8d  %s\n", l.byKind[kind], kind)
	}
	_, err := io.WriteString(l.out, text)
	return err
}

// isOfAModule tells whether a value was refused that only a module of Redis knows.
func isOfAModule(reason error) bool {
	return errors.Is(reason, rdb.ErrModule)
}

// unfitKind says in a few words what this version cannot hold.
func unfitKind(item *rdb.Item, reason error) string {
	var kind *keyspace.KindError
	switch {
	case item.What == rdb.ItemFunction:
		return "library of functions"
	case errors.As(reason, &kind):
		return typeName(item.Type.Kind())
	case errors.Is(reason, rdb.ErrModule):
		return "value of the module type " + item.Module.Name()
	case item.DB >= keyspace.Databases:
		return fmt.Sprintf("in a database beyond %d", keyspace.Databases-1)
	}
	return unfitValue
}

// unfitValue is a value of a known type that cannot be had as it is.
const unfitValue = "value that is not accepted"

func typeName(kind rdb.Kind) string {
	switch kind {
	case rdb.List:
		return "list"
	case rdb.Set:
		return "set"
	case rdb.Stream:
		return "stream"
	}
	return "value of another type"
}
