// SPDX-License-Identifier: Apache-2.0

package json

import (
	"stampede/internal/command"
	"stampede/internal/jsondoc"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

// expand answers with a value in the form of the protocol (RESP3).
func (t *target) expand(r *reply.Buffer, v jsondoc.Value, f form) {
	switch v.Kind() {
	case jsondoc.Null:
		r.Null()
	case jsondoc.Bool:
		r.Bool(v.Bool())
	case jsondoc.Integer:
		n, _ := v.Int()
		r.Int(n)
	case jsondoc.Number:
		r.Double(v.Float())
	case jsondoc.String:
		if f == formExpand {
			r.Bulk(v.Text())
			return
		}
		t.bulkText(r, v)
	default:
		if f == formExpand {
			t.expandChildren(r, v, f)
			return
		}
		t.bulkText(r, v)
	}
}

// bulkText answers with the JSON text of a value.
func (t *target) bulkText(r *reply.Buffer, v jsondoc.Value) {
	at := len(t.desk.Values)
	t.desk.Values = v.AppendText(t.desk.Values, nil)
	r.Bulk(t.desk.Values[at:])
	t.desk.Values = t.desk.Values[:at]
}

func (t *target) expandChildren(r *reply.Buffer, v jsondoc.Value, f form) {
	isObject := v.Kind() == jsondoc.Object
	if isObject {
		r.Map(v.Len())
	} else {
		r.Array(v.Len())
	}
	for it := v.Children(); it.Next(); {
		if isObject {
			r.Bulk(it.Name())
		}
		t.expand(r, it.Value(), f)
	}
}

func (ch *chapter) resp(db *keyspace.DB, c *command.Call) {
	var t target
	ch.tell(&t, db, c, telling{noMatch: lackPath, of: func(v jsondoc.Value) { respond(c.Reply, v) }})
}

// respond answers with a value in the form of JSON.RESP: arrays and objects are arrays
// that begin with their bracket.
func respond(r *reply.Buffer, v jsondoc.Value) {
	switch v.Kind() {
	case jsondoc.Null:
		r.Null()
	case jsondoc.Bool:
		r.Simple(boolText(v.Bool()))
	case jsondoc.Integer:
		n, _ := v.Int()
		r.Int(n)
	case jsondoc.Number:
		r.Double(v.Float())
	case jsondoc.String:
		r.Bulk(v.Text())
	case jsondoc.Array:
		r.Array(1 + v.Len())
		r.Simple("[")
		for it := v.Children(); it.Next(); {
			respond(r, it.Value())
		}
	default:
		r.Array(1 + 2*v.Len())
		r.Simple("{")
		for it := v.Children(); it.Next(); {
			r.Bulk(it.Name())
			respond(r, it.Value())
		}
	}
}

func boolText(b bool) string {
	if b {
		return "true"
	}
	return "false"
}
