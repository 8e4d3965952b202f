// SPDX-License-Identifier: Apache-2.0

package command

import "stampede/internal/keyspace"

// Find looks for a value of one kind, as keyspace.DB's FindList and FindZSet do: what is not
// there is a value that does not exist, what is of another kind is an error.
type Find[T any] func(db *keyspace.DB, key []byte) (T, error)

// handle is a pointer to a value that is or is not there.
type handle[T any] interface {
	*T
	Exists() bool
}

// First calls found with the first of the keys that has a value, and tells whether the call has
// been answered: by found, or with the error of a key of another kind.
func First[T any, H handle[T]](tx Tx, c *Call, keys [][]byte, find Find[T],
	found func(db *keyspace.DB, key []byte, value H),
) (answered bool) {
	for _, key := range keys {
		db := tx.DB(c.DB, key)
		value, err := find(db, key)
		if err != nil {
			c.Reply.Err(err)
			return true
		}
		if h := H(&value); h.Exists() {
			found(db, key, h)
			return true
		}
	}
	return false
}

// AwaitFirst is [First] for a handler of [Waiting]. It is false if the call has to wait: for
// lack of a value, or because others have come before it. When it is tried again, what counts
// is the key that has changed, and what is of another kind is not there.
func AwaitFirst[T any, H handle[T]](tx Tx, c *Call, keys [][]byte, find Find[T],
	found func(db *keyspace.DB, key []byte, value H),
) (done bool) {
	if key := c.Ready; key != nil {
		db := tx.DB(c.DB, key)
		value, err := find(db, key)
		if err != nil || !H(&value).Exists() {
			return false
		}
		found(db, key, &value)
		return true
	}
	inTurn := true
	done = First(tx, c, keys, find, func(db *keyspace.DB, key []byte, value H) {
		if inTurn = !c.Others; inTurn {
			found(db, key, value)
		}
	})
	return done && inTurn
}
