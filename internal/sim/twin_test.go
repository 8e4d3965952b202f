// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"stampede/internal/effect"
	"stampede/internal/jsondoc"
	"stampede/internal/keyspace"
)

// twin is a keyspace made of maps, which does what effects say.
type twin struct {
	dbs       [keyspace.Databases]map[string]*value
	libraries map[string]string // texts of functions by name
}

// value is what a key holds. One of the first six is not nil, or it is sealed.
type value struct {
	text       []byte
	hash       map[string]string
	zset       map[string]float64
	set        map[string]bool
	list       []string
	document   []byte // in its portable form
	deadlineMs int64

	sealed bool // something that the twin does not look into: a stock, a stream
}

func newTwin() *twin {
	w := &twin{libraries: map[string]string{}}
	for i := range w.dbs {
		w.dbs[i] = map[string]*value{}
	}
	return w
}

func (v *value) clone() *value {
	return &value{
		text: slices.Clone(v.text), hash: maps.Clone(v.hash), zset: maps.Clone(v.zset),
		set: maps.Clone(v.set), list: slices.Clone(v.list), document: slices.Clone(v.document),
		deadlineMs: v.deadlineMs, sealed: v.sealed,
	}
}

func (w *twin) clone() *twin {
	c := &twin{libraries: maps.Clone(w.libraries)}
	for i, db := range w.dbs {
		c.dbs[i] = make(map[string]*value, len(db))
		for key, v := range db {
			c.dbs[i][key] = v.clone()
		}
	}
	return c
}

// record does what the effects of a record say, and counts their kinds.
func (w *twin) record(record []byte, seen *[256]int) error {
	r := effect.NewReader(record)
	var e effect.Effect
	for r.Next(&e) {
		seen[e.Op]++
		if err := w.apply(&e); err != nil {
			return fmt.Errorf("effect %d of database %d, key %q: %w", e.Op, e.DB, e.Key, err)
		}
	}
	return r.Err()
}

func (w *twin) apply(e *effect.Effect) error {
	db, key := w.dbs[e.DB], string(e.Key)
	v, there := db[key]
	switch e.Op {
	case effect.Set:
		db[key] = &value{text: clone(e.Value), deadlineMs: e.DeadlineMs}
	case effect.Deadline:
		if there {
			v.deadlineMs = e.DeadlineMs
		}
	case effect.Remove:
		delete(db, key)
	case effect.Splice:
		return w.splice(e)
	case effect.HashSet, effect.HashDelete:
		return w.applyHash(e)
	case effect.ZSetAdd, effect.ZSetRemove, effect.ZSetCut:
		return w.applyZSet(e)
	case effect.SetAdd, effect.SetRemove:
		return w.applySet(e)
	case effect.ListPush, effect.ListPop, effect.ListSet, effect.ListInsert, effect.ListRemove:
		return w.applyList(e)
	case effect.JSONSet:
		if !there {
			v = &value{}
			db[key] = v
		}
		v.document = clone(e.Value)
	case effect.JSONEdit:
		return w.applyJSONEdit(e)
	case effect.Stock:
		db[key] = &value{sealed: true}
	case effect.StreamAdd, effect.StreamNode, effect.StreamState, effect.StreamDelete,
		effect.StreamTrim, effect.StreamTrimTo, effect.StreamGroup, effect.StreamUngroup,
		effect.StreamConsumer, effect.StreamUnconsumer, effect.StreamPending, effect.StreamAck:
		db[key] = &value{sealed: true}
	case effect.Lease, effect.Fence:
	default:
		return w.applyWide(e)
	}
	return nil
}

// applyJSONEdit edits a document, which is its own portable form.
func (w *twin) applyJSONEdit(e *effect.Effect) error {
	v, there := w.dbs[e.DB][string(e.Key)]
	if !there || v.document == nil {
		return errors.New("edits of a document that is not there")
	}
	edits, err := jsondoc.ImportEdits(nil, e.Value, v.document, nil)
	if err != nil {
		return err
	}
	v.document, err = jsondoc.Apply(nil, v.document, edits, nil)
	return err
}

// clone is a copy that is not nil.
func clone(b []byte) []byte { return append([]byte{}, b...) }

// applyWide does what is not about one key alone.
func (w *twin) applyWide(e *effect.Effect) error {
	switch e.Op {
	case effect.Flush:
		clear(w.dbs[e.DB])
	case effect.FlushAll:
		for _, db := range w.dbs {
			clear(db)
		}
	case effect.Swap:
		w.dbs[e.DB], w.dbs[e.N] = w.dbs[e.N], w.dbs[e.DB]
	case effect.Move, effect.Copy:
		from, to := w.dbs[e.DB][string(e.Key)], w.dbs[e.N]
		if from == nil || to[string(e.Field)] != nil {
			return fmt.Errorf("nothing there, or something in the way")
		}
		to[string(e.Field)] = from.clone()
		if e.Op == effect.Move {
			delete(w.dbs[e.DB], string(e.Key))
		}
	case effect.FunctionLoad:
		head, _, _ := strings.Cut(string(e.Value), "\n")
		_, name, _ := strings.Cut(head, "name=")
		w.libraries[name] = string(e.Value)
	case effect.FunctionDrop:
		if len(e.Field) == 0 {
			clear(w.libraries)
		}
		delete(w.libraries, string(e.Field))
	default:
		return fmt.Errorf("nobody has told the twin what it does")
	}
	return nil
}

func (w *twin) splice(e *effect.Effect) error {
	v := w.dbs[e.DB][string(e.Key)]
	if v == nil {
		v = &value{text: []byte{}}
		w.dbs[e.DB][string(e.Key)] = v
	}
	if v.text == nil {
		return fmt.Errorf("it holds no string")
	}
	for len(v.text) < int(e.N)+len(e.Value) {
		v.text = append(v.text, 0)
	}
	copy(v.text[e.N:], e.Value)
	return nil
}

func (w *twin) applyHash(e *effect.Effect) error {
	db, key := w.dbs[e.DB], string(e.Key)
	v := db[key]
	if v == nil {
		v = &value{hash: map[string]string{}}
		db[key] = v
	}
	switch {
	case v.hash == nil:
		return fmt.Errorf("it holds no hash")
	case e.Op == effect.HashSet:
		v.hash[string(e.Field)] = string(e.Value)
	default:
		delete(v.hash, string(e.Field))
	}
	if len(v.hash) == 0 {
		delete(db, key)
	}
	return nil
}

func (w *twin) applySet(e *effect.Effect) error {
	db, key := w.dbs[e.DB], string(e.Key)
	v := db[key]
	if v == nil {
		v = &value{set: map[string]bool{}}
		db[key] = v
	}
	switch {
	case v.set == nil:
		return fmt.Errorf("it holds no set")
	case e.Op == effect.SetAdd:
		v.set[string(e.Field)] = true
	default:
		delete(v.set, string(e.Field))
	}
	if len(v.set) == 0 {
		delete(db, key)
	}
	return nil
}

func (w *twin) applyZSet(e *effect.Effect) error {
	db, key := w.dbs[e.DB], string(e.Key)
	v := db[key]
	if v == nil {
		v = &value{zset: map[string]float64{}}
		db[key] = v
	}
	switch {
	case v.zset == nil:
		return fmt.Errorf("it holds no sorted set")
	case e.Op == effect.ZSetAdd:
		v.zset[string(e.Field)] = e.Score
	case e.Op == effect.ZSetRemove:
		delete(v.zset, string(e.Field))
	default:
		for _, member := range v.ranked()[e.N : e.N+e.M] {
			delete(v.zset, member)
		}
	}
	if len(v.zset) == 0 {
		delete(db, key)
	}
	return nil
}

// ranked are the members of a sorted set in their order.
func (v *value) ranked() []string {
	return slices.SortedFunc(maps.Keys(v.zset), func(a, b string) int {
		return cmp.Or(cmp.Compare(v.zset[a], v.zset[b]), cmp.Compare(a, b))
	})
}

// contents is a keyspace as text: what each key holds, by database and key, and the functions.
type contents map[string]string

// contents are those of the twin at a time, without what has ended by then.
func (w *twin) contents(t testing.TB, nowMs int64) contents {
	all := contents{}
	for i, db := range w.dbs {
		for key, v := range db {
			if !v.sealed && (v.deadlineMs == 0 || v.deadlineMs > nowMs) {
				all[name(i, key)] = v.describe(t)
			}
		}
	}
	for library, text := range w.libraries {
		all["function "+library] = text
	}
	return all
}

// name is the name of a key in contents.
func name(db int, key string) string { return strconv.Itoa(db) + "/" + key }

func (v *value) describe(t testing.TB) string {
	var b strings.Builder
	switch {
	case v.text != nil:
		fmt.Fprintf(&b, "string %q", v.text)
	case v.hash != nil:
		b.WriteString("hash")
		for _, field := range slices.Sorted(maps.Keys(v.hash)) {
			fmt.Fprintf(&b, " %q=%q", field, v.hash[field])
		}
	case v.zset != nil:
		b.WriteString("zset")
		for _, member := range v.ranked() {
			fmt.Fprintf(&b, " %q=%v", member, v.zset[member])
		}
	case v.set != nil:
		fmt.Fprintf(&b, "set %q", slices.Sorted(maps.Keys(v.set)))
	case v.list != nil:
		fmt.Fprintf(&b, "list %q", v.list)
	default:
		names := jsondoc.NewNames()
		doc, err := jsondoc.Import(nil, v.document, names)
		if err != nil {
			t.Errorf("a document that is none: %v", err)
			return ""
		}
		fmt.Fprintf(&b, "ReJSON-RL %s", jsondoc.Root(doc, names).AppendText(nil, nil))
	}
	fmt.Fprintf(&b, " until %d", v.deadlineMs)
	return b.String()
}

// differences lists what differs between what is there and what should be.
func differences(got, want contents) (lines []string) {
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if got[key] != want[key] {
			lines = append(lines, fmt.Sprintf("%s:\n  got  %.300s\n  want %.300s", key, got[key], want[key]))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if _, there := got[key]; !there {
			lines = append(lines, fmt.Sprintf("%s is missing: want %.300s", key, want[key]))
		}
	}
	return lines
}
