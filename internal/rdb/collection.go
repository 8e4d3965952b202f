// SPDX-License-Identifier: Apache-2.0

package rdb

import (
	"io"
	"math"
	"strconv"

	"stampede/internal/assert"
	"stampede/internal/container/listpack"
	"stampede/internal/resp"
)

// value is what of the value of a key is still to be read.
type value struct {
	open bool
	typ  Type
	size int // elements in all, as far as known; -1 if not
	left int // strings or nodes that follow in the file
	pack pack
	// An element of a pack that is a number is written here: two, for a field and its
	// value.
	digits [2][]byte
	// Of a hash whose fields have deadlines: the earliest, and that of the last field read.
	fromMs, deadlineMs int64
}

// openValue reads the beginning of the value: the count of its elements or, if it is one
// string, all of it. The error is one that lets the reader go on.
func (r *Reader) openValue() error {
	v := &r.value
	v.open, v.typ, v.size, v.left, v.pack = r.err == nil, r.item.Type, -1, 0, pack{}
	v.fromMs, v.deadlineMs = 0, 0
	if r.err != nil {
		return nil
	}
	switch v.typ {
	case TypeString:
		v.left, v.size = 1, 1
	case TypeList, TypeSet, TypeZSetText, TypeZSet:
		v.left = r.count()
		v.size = v.left
	case TypeHash:
		v.size = r.count()
		v.left = 2 * v.size
	case TypeListQuick, TypeListPacks, TypeStream1, TypeStream2, TypeStream3:
		v.left = r.count()
	case TypeListZiplist, TypeZSetZiplist, TypeHashZiplist, TypeHashZipmap, TypeSetInts,
		TypeHashPack, TypeZSetPack, TypeSetPack:
		r.openPack(v.typ.form())
		v.size = v.pack.elements()
		if v.size > 0 && v.typ.paired() {
			v.size /= 2
		}
	case TypeModule:
		return r.openModule()
	case TypeHashTTL, typeHashPackTTL:
		r.openTimed()
	default:
		r.failType()
	}
	return nil
}

// form tells how the string is packed that is a value of the type, or a node of one.
func (t Type) form() form {
	switch t {
	case TypeListZiplist, TypeZSetZiplist, TypeHashZiplist, TypeListQuick:
		return formZiplist
	case TypeHashZipmap:
		return formZipmap
	case TypeSetInts:
		return formInts
	}
	return formListpack
}

// paired tells whether elements of packs belong together by twos.
func (t Type) paired() bool {
	kind := t.Kind()
	return kind == Hash || kind == ZSet
}

// openPack reads a string and makes it the pack whose elements come next.
func (r *Reader) openPack(f form) {
	blob := r.text(&r.blob)
	if r.err != nil {
		return
	}
	p, err := openPack(f, blob)
	if err != nil {
		r.fail(err)
		return
	}
	r.value.pack = p
}

// Size tells how many elements (fields of a hash, members, elements of a list) the value has
// that Next or Dump has just given; -1 if that shows at its end only. It is a hint: what a
// hostile file says here need not come. A value may have none, which Redis never writes:
// it leaves such a key out of a file, and refuses a dump of one.
func (r *Reader) Size() int { return r.value.size }

// String reads the value of TypeString. The view is valid until the next Next or Dump.
func (r *Reader) String() ([]byte, error) {
	r.expect(String)
	if r.value.left == 0 {
		return nil, r.end()
	}
	r.value.left = 0
	s := r.text(&r.a)
	return s, r.err
}

// Member reads the next element of a list or set, or says io.EOF behind the last. The view
// is valid until the reader is used again.
func (r *Reader) Member() ([]byte, error) {
	assert.That(r.value.typ.Kind() == List || r.value.typ.Kind() == Set,
		"rdb: Member of what is no list or set")
	return r.element(0, &r.a)
}

// Pair reads the next field of a hash and its value, or says io.EOF behind the last. The
// views are valid until the reader is used again.
func (r *Reader) Pair() (field, value []byte, err error) {
	r.expect(Hash)
	if r.value.typ == TypeHashTTL || r.value.typ == typeHashPackTTL {
		return r.timedPair()
	}
	if field, err = r.element(0, &r.a); err != nil {
		return nil, nil, err
	}
	if value, err = r.second(&r.b); err != nil {
		return nil, nil, err
	}
	return field, value, nil
}

// Scored reads the next member of a sorted set and its score, which is not NaN, or says
// io.EOF behind the last. The view is valid until the reader is used again. Members come
// in ascending or descending order if Redis wrote them, but nothing is said about others.
func (r *Reader) Scored() (member []byte, score float64, err error) {
	r.expect(ZSet)
	if member, err = r.element(0, &r.a); err != nil {
		return nil, 0, err
	}
	switch r.value.typ {
	case TypeZSet:
		score = math.Float64frombits(r.uint64())
	case TypeZSetText:
		score = r.textScore()
	default:
		text, err := r.second(&r.b)
		if err != nil {
			return nil, 0, err
		}
		var ok bool
		if score, ok = resp.ParseDouble(text); !ok {
			r.fail(malformed("score"))
		}
	}
	if r.err == nil && math.IsNaN(score) {
		r.fail(malformed("score that is not a number"))
	}
	return member, score, r.err
}

// The lengths of a score's text that stand for something else.
const (
	scoreNaN      = 253
	scoreInf      = 254
	scoreMinusInf = 255
)

// textScore reads a score of TypeZSetText.
func (r *Reader) textScore() float64 {
	switch n := r.byte(); n {
	case scoreNaN:
		return math.NaN()
	case scoreInf:
		return math.Inf(1)
	case scoreMinusInf:
		return math.Inf(-1)
	default:
		text := r.bytes(&r.b, uint64(n))
		score, err := strconv.ParseFloat(string(text), 64)
		if err != nil && r.err == nil {
			r.fail(malformed("score"))
		}
		return score
	}
}

// expect guards against a caller who has not looked at the type.
func (r *Reader) expect(k Kind) {
	assert.That(r.value.typ.Kind() == k, "rdb: value read as one of another kind")
}

// end says what is behind the last element.
func (r *Reader) end() error {
	if r.err != nil {
		return r.err
	}
	r.value.open = false
	return io.EOF
}

// second reads the other half of a pair, which must be there.
func (r *Reader) second(dst *[]byte) ([]byte, error) {
	b, err := r.element(1, dst)
	if err == io.EOF {
		r.fail(malformed("an odd number of elements"))
		return nil, r.err
	}
	return b, err
}

// element reads the next element of a collection: out of the pack that is open, else out of
// the file. which is 0 or 1: the half of a pair.
func (r *Reader) element(which int, dst *[]byte) ([]byte, error) {
	v := &r.value
	for r.err == nil {
		if v.pack.more() {
			b, err := v.pack.next(&v.digits[which])
			if err != nil {
				r.fail(err)
				break
			}
			return b, nil
		}
		if v.left == 0 {
			break
		}
		v.left--
		switch v.typ {
		case TypeListQuick:
			r.openPack(formZiplist)
		case TypeListPacks:
			if plain, ok := r.openNode(); ok {
				return plain, r.err
			}
		default:
			b := r.text(dst)
			return b, r.err
		}
	}
	return nil, r.end()
}

// openNode reads a node of a list: a pack, or one element.
func (r *Reader) openNode() (element []byte, plain bool) {
	switch r.uint() {
	case nodePlain:
		return r.text(&r.a), true
	case nodePacked:
		r.openPack(formListpack)
	default:
		r.fail(malformed("node of a list"))
	}
	return nil, false
}

// Pack gives the whole value, before any of it was read, if it is one listpack: fields and
// values of a hash, members and scores of a sorted set, members of a set. It is well-formed,
// and no more than that: members may come twice, scores may be no numbers or not in order,
// and for pairs the number of elements may be odd. The value counts as read. The view is
// valid until the next Next.
func (r *Reader) Pack() (pack listpack.Pack, ok bool) {
	v := &r.value
	if r.err != nil || v.pack.form != formListpack || v.typ.Kind() == List || !v.pack.fresh() {
		return nil, false
	}
	pack = v.pack.blob
	v.pack.off = v.pack.end
	return pack, true
}

// Node gives the next piece of a list as it lies in the file, or io.EOF behind the last: a
// well-formed listpack of elements, else a single element. The views are valid until the
// reader is used again. It may be called as long as Member has not been.
func (r *Reader) Node() (pack listpack.Pack, element []byte, err error) {
	r.expect(List)
	v := &r.value
	if v.typ != TypeListPacks || v.left == 0 || v.pack.more() {
		element, err = r.element(0, &r.a)
		return nil, element, err
	}
	v.left--
	element, plain := r.openNode()
	if r.err != nil {
		return nil, nil, r.err
	}
	if plain {
		return nil, element, nil
	}
	pack = v.pack.blob
	v.pack.off = v.pack.end
	return pack, nil, nil
}
