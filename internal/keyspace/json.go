// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"stampede/internal/effect"
	"stampede/internal/jsondoc"
	"stampede/internal/jsonpath"
	"stampede/internal/object"
	"stampede/internal/rdb"
	"stampede/internal/reply"
)

// ErrNotJSON is the answer of the JSON commands to a key that holds something else, in the
// words of RedisJSON.
const ErrNotJSON reply.Error = "Existing key has wrong Redis type"

// JSON is the document under a key that was looked up, or the place for one: it lies packed
// in the key's block, made with the member names of its Space.
type JSON struct {
	e   Entry
	key []byte // as the caller gave it
}

// JSONDesk is what calls on the documents of a Space work with: the names, which they
// share, and buffers that are used again from call to call.
type JSONDesk struct {
	Names   *jsondoc.Names // of all documents of the Space
	Matches []jsonpath.Match
	Edits   []jsondoc.Edit
	Values  []byte // packed values that edits put in, and texts of replies
	Doc     []byte // a document while it is made

	text  []byte // of a document for effects and dumps
	edits []byte // for effects
}

// Limits of what a desk keeps from call to call.
const (
	deskBytesMax = 1 << 20
	deskItemsMax = 1 << 14
)

func newDesk() *JSONDesk { return &JSONDesk{Names: jsondoc.NewNames()} }

// Desk is the desk of the Space.
func (s *Space) Desk() *JSONDesk { return s.desk }

// Clear makes the desk ready for the next call. Memory beyond what calls need as a rule is
// let go.
func (d *JSONDesk) Clear() {
	d.Values, d.Doc, d.text = emptied(d.Values), emptied(d.Doc), emptied(d.text)
	d.edits = emptied(d.edits)
	if d.Matches = d.Matches[:0]; cap(d.Matches) > deskItemsMax {
		d.Matches = nil
	}
	if d.Edits = d.Edits[:0]; cap(d.Edits) > deskItemsMax {
		d.Edits = nil
	}
}

func emptied(b []byte) []byte {
	if cap(b) > deskBytesMax {
		return nil
	}
	return b[:0]
}

// ReadJSON looks key up for a call that reads a document.
func (db *DB) ReadJSON(key []byte) (j JSON, err error) {
	j.key = key
	db.read(&j.e, key)
	return j, j.checkKind()
}

// FindJSON looks key up for a call that changes a document.
func (db *DB) FindJSON(key []byte) (j JSON, err error) {
	j.key = key
	db.find(&j.e, key)
	return j, j.checkKind()
}

func (j *JSON) checkKind() error {
	if j.e.Exists() && j.e.kind != object.JSON {
		return ErrNotJSON
	}
	return nil
}

// Exists tells whether the key is there.
func (j *JSON) Exists() bool { return j.e.Exists() }

// Root is the document; it does not exist if the key does not. A view.
func (j *JSON) Root() jsondoc.Value {
	if !j.e.Exists() {
		return jsondoc.Value{}
	}
	return jsondoc.Root(j.e.value(), j.e.db.space.desk.Names)
}

// Set lets the key hold doc, which is packed with the names of its Space and no view of it.
// The key keeps its deadline. The error is [reply.ErrOOM]; then nothing has changed.
func (j *JSON) Set(doc []byte) error {
	if err := j.hold(doc); err != nil {
		return err
	}
	j.changed(nil)
	return nil
}

func (j *JSON) hold(doc []byte) error {
	space := j.e.db.space
	if space.NearlyFull() && !space.HasRoom(int64(len(doc))) {
		return reply.ErrOOM
	}
	s := shape{kind: object.JSON, form: formPacked, valueLen: len(doc)}
	j.e.put(j.key, s, KeepDeadline)
	copy(j.e.value(), doc)
	return nil
}

// Apply carries out edits of the document, all or none. The error is one of package jsondoc
// or [reply.ErrOOM]. It sorts the edits and uses the desk's Doc.
func (j *JSON) Apply(edits []jsondoc.Edit) error {
	told := j.portable(edits)
	j.e.saveFirst()
	if !jsondoc.Overwrite(j.e.value(), edits) {
		desk := j.e.db.space.desk
		doc, err := jsondoc.Apply(desk.Doc[:0], j.e.value(), edits, desk.Names)
		if desk.Doc = doc; err == nil {
			err = j.hold(doc)
		}
		if err != nil {
			return err
		}
	}
	j.changed(told)
	return nil
}

// portable is what the effects are to say of edits that have not been carried out yet; nil if
// the document as a whole says it in fewer bytes.
func (j *JSON) portable(edits []jsondoc.Edit) []byte {
	space := j.e.db.space
	if space.Effects == nil || len(edits) > jsondoc.PortableEditsMax {
		return nil
	}
	doc, size := j.e.value(), 0
	for i := range edits {
		size += len(edits[i].Value)
	}
	if size >= len(doc) {
		return nil
	}
	desk := space.desk
	desk.edits = jsondoc.AppendEdits(desk.edits[:0], doc, edits, desk.Names)
	if len(desk.edits) >= len(doc) {
		return nil
	}
	return desk.edits
}

// Remove removes the key.
func (j *JSON) Remove() { j.e.Remove() }

// Notify is [DB.Notify] of the key, with the class that RedisJSON uses.
func (j *JSON) Notify(name string) { j.e.db.Notify(EventModule, name, j.key) }

// changed lets the effects say the edits that were carried out, or the document if there are
// none.
func (j *JSON) changed(edits []byte) {
	if edits != nil {
		j.e.db.space.Effects.Own(effect.JSONEdit, j.e.db.index, j.key, edits)
	} else {
		j.e.tellJSON(j.key)
	}
	j.e.db.changed(j.key)
}

// tellJSON lets the effects say the document.
func (e *Entry) tellJSON(key []byte) {
	space := e.db.space
	if space.Effects == nil {
		return
	}
	desk := space.desk
	desk.text = jsondoc.AppendPortable(desk.text[:0], jsondoc.Root(e.value(), desk.Names))
	space.Effects.Own(effect.JSONSet, e.db.index, key, desk.text)
}

// copyJSON lets target, which is absent, hold what e holds. Between Spaces the names of
// members are exchanged.
func (e *Entry) copyJSON(target *Entry, key []byte) {
	value, s := e.value(), e.shape()
	from, to := e.db.space, target.db.space
	if from != to {
		root := jsondoc.Root(value, from.desk.Names)
		value = jsondoc.Transcode(to.desk.Doc[:0], root, to.desk.Names)
		to.desk.Doc, s.valueLen = value, len(value)
	}
	target.create(key, s)
	copy(target.value(), value)
}

// appendJSON appends the document as RDB has it: as RedisJSON writes it.
func (e *Entry) appendJSON(dst []byte) []byte {
	dst = rdb.AppendModule(dst, rdb.NewModuleID(rdb.JSONName, rdb.JSONVersion))
	return rdb.AppendModuleEnd(rdb.AppendModuleString(dst, e.jsonText()))
}

// jsonText is the document as text, in the desk.
func (e *Entry) jsonText() []byte {
	desk := e.db.space.desk
	desk.text = jsondoc.Root(e.value(), desk.Names).AppendText(desk.text[:0], nil)
	return desk.text
}
