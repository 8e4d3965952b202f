// SPDX-License-Identifier: Apache-2.0

package jsondoc

// Merge appends target changed by patch as RFC 7396 says: members of patch take the place of
// those of target, objects are merged in turn, null takes a member away, and whatever is no
// object takes the place of the whole. Members keep their place, new ones come last. A target
// that does not exist is as one that is no object. Both are of the same names.
//
// The result is a value of its own. The error is ErrTooLarge; dst comes back as it was then.
func Merge(dst []byte, target, patch Value) ([]byte, error) {
	if len(target.Packed())+len(patch.Packed()) > TextBytesMax {
		return dst, ErrTooLarge
	}
	at := len(dst)
	dst = merge(dst, target, patch)
	assertWell(dst[at:], patch.names)
	return dst, nil
}

func merge(dst []byte, target, patch Value) []byte {
	if patch.Kind() != Object {
		return append(dst, patch.Packed()...)
	}
	at, room := len(dst), openRoom
	if target.Kind() == Object {
		from, _ := body(target.doc, target.at)
		room = from - target.at
	} else {
		target = Value{}
	}
	dst = append(dst, "....."[:room]...)
	changes, old := membersOf(patch), membersOf(target)
	for it := target.Children(); it.Next(); {
		change := changes.get(it.Name())
		if change.Kind() == Null {
			continue
		}
		dst = append(dst, it.doc[it.at:it.value]...)
		if change.Exists() {
			dst = merge(dst, it.Value(), change)
		} else {
			dst = append(dst, it.Value().Packed()...)
		}
	}
	for it := patch.Children(); it.Next(); {
		if it.Value().Kind() != Null && !old.get(it.Name()).Exists() {
			dst = append(dst, it.doc[it.at:it.value]...)
			dst = merge(dst, Value{}, it.Value())
		}
	}
	return closeBody(dst, at, room, familyObject)
}
