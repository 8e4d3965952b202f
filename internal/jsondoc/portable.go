// SPDX-License-Identifier: Apache-2.0

package jsondoc

// Transcode appends a value in packed form for another Names, as a document of its own.
func Transcode(dst []byte, v Value, names *Names) []byte {
	if names == v.names {
		return append(dst, v.Packed()...)
	}
	at := len(dst)
	dst = transcode(dst, v, names)
	assertWell(dst[at:], names)
	return dst
}

// AppendPortable appends a value in packed form with all names written out: bytes that stand
// for themselves, for a file or another process. Import reads them.
func AppendPortable(dst []byte, v Value) []byte { return Transcode(dst, v, nil) }

func transcode(dst []byte, v Value, names *Names) []byte {
	kind := v.Kind()
	if kind < Array {
		return append(dst, v.Packed()...)
	}
	from, end := body(v.doc, v.at)
	at, room, f := len(dst), from-v.at, familyArray
	if kind == Object {
		f = familyObject
	}
	dst = append(dst, "....."[:room]...)
	for pos := from; pos < end; {
		if f == familyObject {
			value := afterName(v.doc, pos)
			dst = AppendName(dst, nameAt(v.doc, pos, value, v.names), names)
			pos = value
		}
		next := after(v.doc, pos)
		if kinds[v.doc[pos]] < Array {
			dst = append(dst, v.doc[pos:next]...)
		} else {
			dst = transcode(dst, Value{v.doc, v.names, pos}, names)
		}
		pos = next
	}
	return closeBody(dst, at, room, f)
}

// Import appends the document that AppendPortable wrote, for names. Bytes that are no such
// document give an error, whatever they are; dst comes back as it was then.
func Import(dst, portable []byte, names *Names) ([]byte, error) {
	if err := check(portable, nil); err != nil {
		return dst, err
	}
	return Transcode(dst, Root(portable, nil), names), nil
}
