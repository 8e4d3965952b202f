// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"bytes"
	"errors"
	"testing"

	"stampede/internal/effect"
	"stampede/internal/jsondoc"
	"stampede/internal/object"
)

// jsonSpace is a Space in which other names have numbers already, so that documents of two
// of them differ.
func jsonSpace(t *testing.T, names ...string) *Space {
	t.Helper()
	s := newSpace(t)
	for _, name := range names {
		jsondoc.AppendName(nil, []byte(name), s.desk.Names)
	}
	return s
}

func setJSON(t *testing.T, db *DB, key, text string) {
	t.Helper()
	j, err := db.FindJSON([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsondoc.Append(nil, []byte(text), db.space.desk.Names)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Set(doc); err != nil {
		t.Fatal(err)
	}
}

func jsonText(t *testing.T, db *DB, key string) string {
	t.Helper()
	j, err := db.ReadJSON([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	if !j.Exists() {
		return ""
	}
	return string(j.Root().AppendText(nil, nil))
}

const orderText = `{"id":"1","items":[{"id":"001","quantity":1}],"total":1799.99}`

func TestJSONKeepsItsDeadline(t *testing.T) {
	db := jsonSpace(t).DB(0)
	setJSON(t, db, "k", orderText)
	e := db.Find([]byte("k"))
	e.SetDeadline(5000)
	setJSON(t, db, "k", `{"longer":"`+string(bytes.Repeat([]byte("x"), 500))+`"}`)
	e = db.Find([]byte("k"))
	if e.DeadlineMs() != 5000 || e.Kind() != object.JSON || e.Encoding() != "packed" {
		t.Errorf("deadline %d, kind %v, encoding %s", e.DeadlineMs(), e.Kind(), e.Encoding())
	}
}

func TestJSONEdits(t *testing.T) {
	db := jsonSpace(t).DB(0)
	setJSON(t, db, "k", orderText)
	j, _ := db.FindJSON([]byte("k"))
	total := j.Root().Member([]byte("total"))
	before := &j.e.block[0]
	for _, value := range []string{"1799.98", "7"} {
		packed, _ := jsondoc.AppendNumber(nil, []byte(value))
		if err := j.Apply([]jsondoc.Edit{{At: total.Offset(), Value: packed}}); err != nil {
			t.Fatal(err)
		}
		if got := string(j.Root().Member([]byte("total")).AppendText(nil, nil)); got != value {
			t.Errorf("total is %s, not %s", got, value)
		}
		if value == "1799.98" && before != &j.e.block[0] {
			t.Error("a number of the same size moved the document")
		}
	}
}

func TestJSONMovesBetweenSpaces(t *testing.T) {
	from, to := jsonSpace(t, "total"), jsonSpace(t, "a", "b", "items", "c")
	setJSON(t, from.DB(0), "k", orderText)
	e := from.DB(0).Find([]byte("k"))
	e.CopyTo(to.DB(3), []byte("copy"))
	e.CopyTo(from.DB(1), []byte("copy"))
	e = from.DB(0).Find([]byte("k"))
	e.MoveTo(to.DB(0), []byte("moved"))
	for _, got := range []string{jsonText(t, to.DB(3), "copy"), jsonText(t, from.DB(1), "copy"),
		jsonText(t, to.DB(0), "moved")} {
		if got != orderText {
			t.Errorf("copied as %s", got)
		}
	}
	if from.DB(0).Len() != 0 {
		t.Error("what was moved is still there")
	}
}

func TestJSONImage(t *testing.T) {
	db := jsonSpace(t).DB(0)
	setJSON(t, db, "k", orderText)
	image, ok := db.Image([]byte("k"))
	if !ok {
		t.Fatal("no image of a document")
	}
	setJSON(t, db, "k", `[1,2]`)
	db.Restore([]byte("k"), image)
	if got := jsonText(t, db, "k"); got != orderText {
		t.Errorf("restored %s", got)
	}
}

func TestJSONIsOfItsOwnKind(t *testing.T) {
	db := jsonSpace(t).DB(0)
	e := db.Find([]byte("s"))
	e.Set([]byte("s"), []byte("text"), 0)
	if _, err := db.ReadJSON([]byte("s")); !errors.Is(err, ErrNotJSON) {
		t.Errorf("a string read as a document: %v", err)
	}
	setJSON(t, db, "j", `1`)
	if _, err := db.ReadHash([]byte("j")); err == nil {
		t.Error("a document read as a hash")
	}
	if _, err := db.ReadString([]byte("j")); err == nil {
		t.Error("a document read as a string")
	}
}

func TestJSONIsTold(t *testing.T) {
	s, other := jsonSpace(t), jsonSpace(t, "z", "total")
	s.Effects = &effect.Buffer{}
	setJSON(t, s.DB(2), "k", orderText)
	var got effect.Effect
	told := effect.NewReader(s.Effects.Bytes())
	if !told.Next(&got) || got.Op != effect.JSONSet || got.DB != 2 || string(got.Key) != "k" {
		t.Fatalf("told %v, %v", got, told.Err())
	}
	doc, err := jsondoc.Import(nil, got.Value, other.desk.Names)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(jsondoc.Root(doc, other.desk.Names).AppendText(nil, nil)); text != orderText {
		t.Errorf("told %s", text)
	}
}

// TestJSONEditsAreTold: what is told of an edit is the edit, if that is shorter than the document,
// and gives the same document in a Space whose names have other numbers.
func TestJSONEditsAreTold(t *testing.T) {
	s, other := jsonSpace(t), jsonSpace(t, "z", "total")
	setJSON(t, s.DB(0), "k", orderText)
	setJSON(t, other.DB(0), "k", orderText)
	for _, c := range []struct {
		member, value string
		op            effect.Op
	}{
		{"total", `1799.98`, effect.JSONEdit}, // in place
		{"total", `{"net":[1,2]}`, effect.JSONEdit},
		{"items", `"` + string(bytes.Repeat([]byte("x"), 100)) + `"`, effect.JSONSet},
	} {
		s.Effects = &effect.Buffer{}
		j, _ := s.DB(0).FindJSON([]byte("k"))
		packed, err := jsondoc.Append(nil, []byte(c.value), s.desk.Names)
		if err == nil {
			at := j.Root().Member([]byte(c.member)).Offset()
			err = j.Apply([]jsondoc.Edit{{At: at, Value: packed}})
		}
		var got effect.Effect
		if err == nil && effect.NewReader(s.Effects.Bytes()).Next(&got) {
			err = other.Apply(&got)
		}
		if err != nil || got.Op != c.op {
			t.Errorf("%s = %s is told as %v: %v", c.member, c.value, got.Op, err)
		}
		if a, b := jsonText(t, s.DB(0), "k"), jsonText(t, other.DB(0), "k"); a != b {
			t.Errorf("%s elsewhere is %s", a, b)
		}
	}
	gone := effect.Effect{Op: effect.JSONEdit, Key: []byte("gone"), Value: []byte{0, 0, 1, 0x41}}
	if err := other.Apply(&gone); err == nil {
		t.Error("a key that is not there was edited")
	}
}

func TestJSONNamesGoWithAllKeys(t *testing.T) {
	s := jsonSpace(t)
	setJSON(t, s.DB(0), "k", orderText)
	FlushAll([]*Space{s})
	if n := s.desk.Names.Len(); n != 0 {
		t.Errorf("%d names are left", n)
	}
	setJSON(t, s.DB(0), "k", orderText)
	if got := jsonText(t, s.DB(0), "k"); got != orderText {
		t.Errorf("afterwards %s", got)
	}
}
