// SPDX-License-Identifier: Apache-2.0

package jsondoc

// smallObject is how many members an object has at most whose names are compared one by one.
const smallObject = 32

// A nameSet notices, while an object is built, that a name may have come before. It is sure
// that none has as long as mayRepeat is false.
type nameSet struct {
	from      int    // where the object's first member begins
	bits      uint64 // a mark for each name, or for several
	count     int
	mayRepeat bool
}

// add notes the name at an offset, the last thing in dst.
func (s *nameSet) add(dst []byte, at int) {
	s.count++
	if s.mayRepeat {
		return
	}
	bit := uint64(1) << (dst[len(dst)-1] & 63)
	if s.bits&bit != 0 {
		s.mayRepeat = s.count > smallObject || holdsName(dst, s.from, at, dst[at:])
	}
	s.bits |= bit
}

// holdsName tells whether one of the members between two offsets has a name, given packed.
func holdsName(doc []byte, at, end int, packed []byte) bool {
	for at < end {
		behind := afterName(doc, at)
		if string(doc[at:behind]) == string(packed) {
			return true
		}
		at = after(doc, behind)
	}
	return false
}

// unique takes out of the members that stand at the end of dst, from an offset on, those
// whose name comes again, and puts the last value in the place of the first.
func unique(dst []byte, from int, names *Names) []byte {
	last := map[string]int{}
	repeats := false
	for at := from; at < len(dst); {
		behind := afterName(dst, at)
		name := string(nameAt(dst, at, behind, names))
		_, known := last[name]
		repeats = repeats || known
		last[name] = behind
		at = after(dst, behind)
	}
	if !repeats {
		return dst
	}
	end := len(dst)
	for at := from; at < end; {
		behind := afterName(dst, at)
		name := string(nameAt(dst, at, behind, names))
		if value, ok := last[name]; ok {
			dst = append(dst, dst[at:behind]...)
			dst = append(dst, dst[value:after(dst, value)]...)
			delete(last, name)
		}
		at = after(dst, behind)
	}
	n := copy(dst[from:], dst[end:])
	return dst[:from+n]
}
