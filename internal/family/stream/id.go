// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"math"

	"stampede/internal/command"
	"stampede/internal/container/stream"
	"stampede/internal/reply"
)

const errID reply.Error = "ERR Invalid stream ID specified as stream command argument"

// readID reads an ID; one without a number has the number 0.
func readID(a *command.Args) stream.ID {
	text := a.Bytes()
	if a.Err() != nil {
		return stream.ID{}
	}
	id, ok := stream.Parse(text, 0)
	if !ok {
		a.Fail(errID)
	}
	return id
}

// readIDs reads all that is left as IDs.
func readIDs(a *command.Args) []stream.ID {
	ids := make([]stream.ID, 0, a.Left())
	for a.More() {
		ids = append(ids, readID(a))
	}
	return ids
}

// bound reads an end of a range: an ID, one behind a bracket that is left out itself, or - or
// +. missing is the number of an ID that has none.
func bound(a *command.Args, missing uint64) (id stream.ID, open bool) {
	text := a.Bytes()
	switch {
	case a.Err() != nil:
		return id, false
	case string(text) == "-":
		return stream.ID{}, false
	case string(text) == "+":
		return stream.Max(), false
	case len(text) > 1 && text[0] == '(':
		text, open = text[1:], true
	}
	id, ok := stream.Parse(text, missing)
	if !ok {
		a.Fail(errID)
	}
	return id, open
}

// start reads the lower end of a range, and stop the upper one.
func start(a *command.Args) stream.ID {
	id, open := bound(a, 0)
	if open && a.Err() == nil {
		var ok bool
		if id, ok = id.Next(); !ok {
			a.Fail(reply.Error("ERR invalid start ID for the interval"))
		}
	}
	return id
}

func stop(a *command.Args) stream.ID {
	id, open := bound(a, math.MaxUint64)
	if open && a.Err() == nil {
		var ok bool
		if id, ok = id.Prev(); !ok {
			a.Fail(reply.Error("ERR invalid end ID for the interval"))
		}
	}
	return id
}

// writeID answers with an ID.
func writeID(r *reply.Buffer, id stream.ID) {
	var text [64]byte
	r.Bulk(id.Append(text[:0]))
}

// writeEntry answers with an entry: its ID, and its fields and values.
func writeEntry(r *reply.Buffer, e *stream.Entry) {
	r.Array(2)
	writeID(r, e.ID)
	r.Array(2 * e.Pairs())
	for range e.Pairs() {
		field, value := e.Next()
		writeValue(r, field)
		writeValue(r, value)
	}
}
