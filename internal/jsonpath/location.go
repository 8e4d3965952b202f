// SPDX-License-Identifier: Apache-2.0

package jsonpath

import (
	"strconv"

	"stampede/internal/assert"
	"stampede/internal/jsondoc"
)

// AppendLocation appends the normalized path of a value to dst: the one path of names in
// single quotes and indexes that leads from root to it. It walks over the siblings before
// each value on the way.
func AppendLocation(dst []byte, root, v jsondoc.Value) []byte {
	dst = append(dst, '$')
	for root.Offset() != v.Offset() {
		it := root.Children()
		for found := false; !found; {
			assert.That(it.Next(), "jsonpath: a value is not in the document")
			child := it.Value()
			found = v.Offset() < child.Offset()+len(child.Packed())
		}
		dst = append(dst, '[')
		if root.Kind() == jsondoc.Object {
			dst = appendQuoted(dst, it.Name())
		} else {
			dst = strconv.AppendInt(dst, int64(it.Index()), 10)
		}
		dst = append(dst, ']')
		root = it.Value()
	}
	return dst
}
