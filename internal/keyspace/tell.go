// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"stampede/internal/effect"
	"stampede/internal/object"
)

// tell lets the effects say all of a key that is not a large collection, whatever they
// said of it before.
func (e *Entry) tell(key []byte) {
	effects, index := e.db.space.Effects, e.db.index
	if effects == nil {
		return
	}
	switch e.kind {
	case object.String:
		effects.Set(index, key, e.DeadlineMs(), e.Text())
		return
	case object.Hash:
		effects.Remove(index, key)
		h := Hash{e: *e, key: key}
		h.eachStamped(func(field, value []byte, deadlineMs int64) bool {
			effects.HashSet(index, key, field, value)
			if deadlineMs != 0 {
				effects.HashDeadline(index, key, field, deadlineMs)
			}
			return true
		})
	case object.Set:
		effects.Remove(index, key)
		s := Set{e: *e, key: key}
		s.Each(func(member []byte) bool {
			effects.SetAdd(index, key, member)
			return true
		})
	case object.List:
		effects.Remove(index, key)
		l := List{e: *e, key: key}
		l.Each(0, false, func(element []byte) bool {
			effects.ListPush(index, key, effect.ListTail, [][]byte{element})
			return true
		})
	case object.ZSet:
		effects.Remove(index, key)
		z := ZSet{e: *e, key: key}
		z.Each(func(member []byte, score float64) bool {
			effects.ZSetAdd(index, key, member, score)
			return true
		})
	case object.JSON:
		effects.Remove(index, key)
		e.tellJSON(key)
	}
	effects.Deadline(index, key, e.DeadlineMs())
}
