// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"fmt"
	"math"

	"stampede/internal/effect"
	"stampede/internal/jsondoc"
	"stampede/internal/lease"
	"stampede/internal/reply"
)

// Replay says whether effects are applied that were told before. Meanwhile it is the beginning
// of time, so that no key ends whose deadline was taken back later.
func (s *Space) Replay(on bool) {
	if s.replaying = on; on {
		s.NowMs = 0
	}
}

// ApplyError is an effect that does not fit the keyspace that it is applied to: what was
// told is not all that happened.
type ApplyError struct {
	Op  effect.Op
	DB  int
	Key string
	Err error
}

// Error is the sentence for the operator.
func (e *ApplyError) Error() string {
	return fmt.Sprintf("effect %d on key %.80q of database %d: %v", e.Op, e.Key, e.DB, e.Err)
}

// Unwrap is the reason.
func (e *ApplyError) Unwrap() error { return e.Err }

// Apply does what an effect on one key says, to a key of this Space.
func (s *Space) Apply(e *effect.Effect) error {
	if err := s.dbs[e.DB].apply(e); err != nil {
		return &ApplyError{Op: e.Op, DB: e.DB, Key: string(e.Key), Err: err}
	}
	return nil
}

func (db *DB) apply(e *effect.Effect) error {
	switch e.Op {
	case effect.Set:
		entry := db.Find(e.Key)
		entry.Set(e.Key, e.Value, e.DeadlineMs)
	case effect.Splice:
		return db.applySplice(e)
	case effect.Deadline:
		if entry := db.Peek(e.Key); entry.Exists() {
			entry.SetDeadline(e.DeadlineMs)
		}
	case effect.Remove:
		db.Delete(e.Key)
	case effect.HashSet, effect.HashDelete, effect.HashDeadline:
		return db.applyHash(e)
	case effect.SetAdd, effect.SetRemove:
		return db.applySet(e)
	case effect.ZSetAdd, effect.ZSetRemove, effect.ZSetCut:
		return db.applyZSet(e)
	case effect.ListPush, effect.ListPop, effect.ListSet, effect.ListInsert, effect.ListRemove:
		return db.applyList(e)
	case effect.StreamAdd, effect.StreamNode, effect.StreamState, effect.StreamDelete,
		effect.StreamTrim, effect.StreamTrimTo, effect.StreamGroup, effect.StreamUngroup,
		effect.StreamConsumer, effect.StreamUnconsumer, effect.StreamPending, effect.StreamAck:
		return db.applyStream(e)
	case effect.JSONSet:
		return db.applyJSON(e)
	case effect.JSONEdit:
		return db.applyJSONEdit(e)
	case effect.Lease:
		return db.Locks().apply(e)
	case effect.Stock:
		return db.applyStock(e)
	default:
		return errUnknownEffect
	}
	return nil
}

const (
	errUnknownEffect reply.Error = "this build does not know it"
	errBeyond        reply.Error = "it reaches beyond what the key holds"
)

func (db *DB) applySplice(e *effect.Effect) error {
	entry, err := db.FindString(e.Key)
	if err != nil {
		return err
	}
	if e.N > uint64(db.space.Limits.StringBytesMax) || len(e.Value) == 0 && !entry.Exists() {
		return errBeyond
	}
	entry.Splice(e.Key, int(e.N), e.Value)
	return nil
}

func (db *DB) applyHash(e *effect.Effect) error {
	h, err := db.FindHash(e.Key)
	if err != nil {
		return err
	}
	switch e.Op {
	case effect.HashSet:
		h.Set(e.Field, e.Value)
	case effect.HashDelete:
		h.Delete(e.Field)
	default:
		if _, there := h.FieldDeadlineMs(e.Field); there {
			h.SetFieldDeadline(e.Field, min(e.DeadlineMs, FieldDeadlineMax))
		}
	}
	return nil
}

func (db *DB) applySet(e *effect.Effect) error {
	s, err := db.FindSet(e.Key)
	if err != nil {
		return err
	}
	if e.Op == effect.SetAdd {
		s.Add(e.Field)
	} else {
		s.Remove(e.Field)
	}
	return nil
}

func (db *DB) applyZSet(e *effect.Effect) error {
	z, err := db.FindZSet(e.Key)
	if err != nil {
		return err
	}
	switch n := uint64(z.Len()); {
	case e.Op == effect.ZSetAdd:
		if e.Score == 0 && math.Signbit(e.Score) {
			z.Enlarge() // only large ones keep the sign of a zero
		}
		z.Add(e.Score, e.Field)
	case e.Op == effect.ZSetRemove:
		z.Remove(e.Field)
	case e.N > n || e.M > n-e.N:
		return errBeyond
	default:
		z.RemoveRange(int(e.N), int(e.M))
	}
	return nil
}

func (db *DB) applyJSON(e *effect.Effect) error {
	j, err := db.FindJSON(e.Key)
	if err != nil {
		return err
	}
	desk := db.space.desk
	defer desk.Clear()
	if desk.Doc, err = jsondoc.Import(desk.Doc[:0], e.Value, desk.Names); err != nil {
		return err
	}
	return j.Set(desk.Doc)
}

func (db *DB) applyJSONEdit(e *effect.Effect) error {
	j, err := db.FindJSON(e.Key)
	if err != nil {
		return err
	}
	if !j.Exists() {
		return errBeyond
	}
	desk := db.space.desk
	defer desk.Clear()
	desk.Edits, err = jsondoc.ImportEdits(desk.Edits[:0], e.Value, j.e.value(), desk.Names)
	if err != nil {
		return err
	}
	return j.Apply(desk.Edits)
}

// ApplyAll does what an effect says that is not about one key. All Spaces of the store are
// given; of tells to which of them a key belongs.
func ApplyAll(spaces []*Space, of func(key []byte) int, e *effect.Effect) error {
	switch e.Op {
	case effect.Flush:
		Flush(spaces, e.DB)
	case effect.FlushAll:
		FlushAll(spaces)
	case effect.Fence:
		for _, s := range spaces {
			s.RaiseFences(int64(min(e.N, lease.FenceMax)))
		}
	case effect.Swap:
		Swap(spaces, e.DB, int(e.N))
	case effect.Move, effect.Copy:
		from := spaces[of(e.Key)].dbs[e.DB].Peek(e.Key)
		to := spaces[of(e.Field)].dbs[e.N]
		if target := to.Peek(e.Field); !from.Exists() || target.Exists() {
			err := reply.Error("the key is not there, or what it should become is")
			return &ApplyError{Op: e.Op, DB: e.DB, Key: string(e.Key), Err: err}
		}
		if e.Op == effect.Move {
			from.MoveTo(to, e.Field)
		} else {
			from.CopyTo(to, e.Field)
		}
	default:
		return &ApplyError{Op: e.Op, DB: e.DB, Key: string(e.Key), Err: errUnknownEffect}
	}
	return nil
}
