// SPDX-License-Identifier: Apache-2.0

package json

import (
	"stampede/internal/command"
	"stampede/internal/jsondoc"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
	"stampede/internal/resp"
)

// A layout is how JSON.GET is to give what it finds.
type layout struct {
	format *jsondoc.Format // nil: no space at all
	form   form
	paths  [][]byte

	spaceBytes int  // that the format has added
	isTooLong  bool // the text is longer than an answer may be, and not complete
}

// A form is how JSON.GET answers.
type form uint8

const (
	formString  form = iota // one text
	formExpand              // values of the protocol
	formExpand1             // the same, but arrays and objects as text
)

// optionMax is the length of the longest word of JSON.GET: what is longer is a path.
const optionMax = len("NOESCAPE")

// readLayout reads what stands behind the key.
func (l *layout) read(c *command.Call) {
	a := &c.Args
	for a.More() {
		switch {
		case len(a.Peek()) > optionMax:
			l.addPath(a)
		case a.Opt("INDENT"):
			l.pretty().Indent = a.Bytes()
		case a.Opt("NEWLINE"):
			l.pretty().Newline = a.Bytes()
		case a.Opt("SPACE"):
			l.pretty().Space = a.Bytes()
		case a.Opt("NOESCAPE"):
		case a.Opt("FORMAT"):
			l.readForm(c)
		default:
			l.addPath(a)
		}
	}
	if f := l.format; f != nil && max(len(f.Indent), len(f.Newline), len(f.Space)) > spaceMax {
		a.Fail(errSpace)
	}
	if len(l.paths) > pathsMax {
		a.Fail(errPaths)
	}
}

// addPath reads a path. Where there is only one nothing is copied.
func (l *layout) addPath(a *command.Args) {
	if next := a.Take(1); l.paths == nil {
		l.paths = next
	} else {
		l.paths = append(l.paths, next...)
	}
}

// pretty is the format, which there is from now on.
func (l *layout) pretty() *jsondoc.Format {
	if l.format == nil {
		l.format = &jsondoc.Format{}
	}
	return l.format
}

// What bounds what a call can make of a small document.
const (
	spaceMax             = 64
	pathsMax             = 1024
	errSpace reply.Error = "ERR INDENT, NEWLINE and SPACE have 64 bytes at most"
	errPaths reply.Error = "ERR JSON.GET takes 1024 paths at most"
)

func (l *layout) readForm(c *command.Call) {
	if c.Reply.Proto < resp.RESP3 {
		c.Args.Fail(reply.Error("ERR FORMAT argument is not supported on RESP2"))
		return
	}
	switch {
	case c.Args.Opt("STRING"):
		l.form = formString
	case c.Args.Opt("EXPAND"):
		l.form = formExpand
	case c.Args.Opt("EXPAND1"):
		l.form = formExpand1
	default:
		c.Args.Fail(reply.Error("ERR wrong reply format"))
	}
}

// append appends the text of a value that lies within depth arrays or objects of the reply.
// Texts may be longer in sum than the document, as some lie within others; beyond the
// longest text the rest is left out.
func (l *layout) append(dst []byte, v jsondoc.Value, depth int) []byte {
	if l.format != nil {
		l.format.Depth = depth
		l.addSpace(v, depth)
	}
	if len(dst)+l.spaceBytes > jsondoc.TextBytesMax {
		l.isTooLong = true
		return dst
	}
	return v.AppendText(dst, l.format)
}

// addSpace counts what the format adds to the text of a value: little of a document may
// become much text where it lies deep.
func (l *layout) addSpace(v jsondoc.Value, depth int) {
	n, line := 0, l.lineBytes(depth+1)
	if v.Kind() == jsondoc.Object {
		line += len(l.format.Space)
	}
	for it := v.Children(); it.Next() && l.spaceBytes <= jsondoc.TextBytesMax; n++ {
		l.addSpace(it.Value(), depth+1)
		l.spaceBytes += line
	}
	if n > 0 {
		l.spaceBytes += l.lineBytes(depth)
	}
}

func (l *layout) lineBytes(depth int) int {
	return len(l.format.Newline) + depth*len(l.format.Indent)
}

// answer answers with a text unless it is too long.
func (l *layout) answer(db *keyspace.DB, c *command.Call, text []byte) {
	if l.isTooLong || len(text) > db.Space().Limits.StringBytesMax {
		c.Reply.Fail(errTooLarge)
		return
	}
	c.Reply.Bulk(text)
}

// newline begins a line within depth arrays or objects of the reply.
func (l *layout) newline(dst []byte, depth int) []byte {
	if l.format != nil {
		dst = l.format.Break(dst, depth)
	}
	return dst
}
