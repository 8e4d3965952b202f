// SPDX-License-Identifier: Apache-2.0

package jsondoc

// Merge appends target changed by patch as RFC 7396 says: members of patch take the place of
// those of target, objects are merged in turn, null takes a member away, and whatever is no
// object takes the place of the whole. Members keep their place, new ones come last. A target
// that does not exist is as one that is no object. All three share names. The result is a
// document of its own; the error is ErrTooLarge.
func Merge(dst []byte, target, patch Value, names *Names) ([]byte, error) {
	if patch.Kind() != Object {
		return append(dst, patch.Packed()...), nil
	}
	at := len(dst)
	dst, m := OpenObject(dst)
	var err error
	for it := target.Children(); it.Next() && err == nil && target.Kind() == Object; {
		change := patch.Member(it.Name())
		if change.Kind() == Null {
			continue
		}
		dst = AppendName(dst, it.Name(), names)
		if !change.Exists() {
			dst = append(dst, it.Value().Packed()...)
			continue
		}
		dst, err = Merge(dst, it.Value(), change, names)
	}
	for it := patch.Children(); it.Next() && err == nil; {
		if target.Member(it.Name()).Exists() || it.Value().Kind() == Null {
			continue
		}
		dst = AppendName(dst, it.Name(), names)
		dst, err = Merge(dst, Value{}, it.Value(), names)
	}
	if err == nil && len(dst)-at > TextBytesMax {
		err = ErrTooLarge
	}
	if err != nil {
		return dst[:at], err
	}
	return Close(dst, m), nil
}
