// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"stampede/internal/container/listpack"
	"stampede/internal/container/quicklist"
	"stampede/internal/effect"
	"stampede/internal/object"
	"stampede/internal/reply"
)

// List is the list under a key that was looked up; an absent key is an empty one. The first
// element that is pushed makes the key, and with the last one that is removed it goes.
// Elements are counted from the head, from 0.
//
// A small list is a pack of elements, up to the size of a node of a large one, which is an
// [object.BigList]. Once large it stays so. Elements that are passed in must not be views
// of the same Space.
type List struct {
	e   Entry
	key []byte // as the caller gave it
}

// ReadList looks key up for a call that reads a list.
func (db *DB) ReadList(key []byte) (l List, err error) {
	l.key = key
	db.read(&l.e, key)
	return l, l.checkKind()
}

// FindList looks key up for a call that changes a list.
func (db *DB) FindList(key []byte) (l List, err error) {
	err = l.find(db, key)
	return l, err
}

// find is FindList in place; a List is too long to be passed about.
func (l *List) find(db *DB, key []byte) error {
	l.key = key
	db.find(&l.e, key)
	return l.checkKind()
}

func (l *List) checkKind() error {
	if l.e.Exists() && l.e.kind != object.List {
		return reply.ErrWrongType
	}
	return nil
}

// big is the list in its large form, or nil.
func (l *List) big() *quicklist.List {
	if l.e.form != formBig {
		return nil
	}
	return l.e.big().(object.BigList).List
}

// Exists tells whether the key is there.
func (l *List) Exists() bool { return l.e.Exists() }

// Len is the number of elements.
func (l *List) Len() int {
	switch big := l.big(); {
	case !l.Exists():
		return 0
	case big != nil:
		return big.Len()
	}
	return l.e.pack().Len()
}

func endOf(front bool) int {
	if front {
		return effect.ListHead
	}
	return effect.ListTail
}

// Push puts elements, of which there must be one, at an end of the list, one after the
// other. Cost: O(1) each.
func (l *List) Push(front bool, elements ...[]byte) {
	l.e.saveFirst()
	for _, b := range elements {
		l.push(front, b)
	}
	l.e.db.space.Effects.ListPush(l.e.db.index, l.key, endOf(front), elements)
	l.e.db.changed(l.key)
}

func (l *List) push(front bool, b []byte) {
	if big := l.big(); big != nil {
		big.Push(front, b, l.e.db.space.Limits.ListFill)
		return
	}
	i := 0
	if !front {
		i = l.Len()
	}
	l.insert(i, b)
}

// insert lets b be element i.
func (l *List) insert(i int, b []byte) {
	fill := l.e.db.space.Limits.ListFill
	if !l.Exists() {
		if quicklist.Fits(fill, listpack.EmptyBytes, 0, len(b)) {
			l.e.createPack(l.key, object.List, b)
			return
		}
		l.e.createPack(l.key, object.List)
	}
	big := l.big()
	if big == nil {
		p := l.e.pack()
		if n := p.Len(); quicklist.Fits(fill, len(p), n, len(b)) {
			p = l.e.growPack(len(p) + listpack.EncodedLen(b))
			off := p.End()
			if i < n {
				off = p.At(i)
			}
			l.e.fitPack(p.Insert(off, b))
			return
		}
		big = l.enlarge()
	}
	big.Insert(i, b, fill)
}

// enlarge lets a small list continue in its large form.
func (l *List) enlarge() *quicklist.List {
	big := object.NewList(l.e.db.space.arena)
	big.AppendPack(l.e.pack())
	l.e.becomeBig(big)
	return big.List
}

// Pop takes n elements at an end away; so many must be there. Cost: O(n).
func (l *List) Pop(front bool, n int) {
	if n <= 0 {
		return
	}
	if n == l.Len() {
		l.e.Remove()
		return
	}
	l.e.saveFirst()
	if big := l.big(); big != nil {
		big.Pop(front, n)
	} else {
		p := l.e.pack()
		first := 0
		if !front {
			first = p.Len() - n
		}
		l.e.fitPack(p.Delete(p.At(first), n))
	}
	l.e.db.space.Effects.ListPop(l.e.db.index, l.key, endOf(front), n)
	l.e.db.changed(l.key)
}

// Get is element i, which must be there, a view that is good until the next one is asked
// for. Cost: O(1) near the ends, and else one step for some hundred elements.
func (l *List) Get(i int) []byte {
	if big := l.big(); big != nil {
		return big.Get(i)
	}
	p := l.e.pack()
	return l.e.db.space.text(p.Get(p.At(i)), 0)
}

// Each visits the elements from element first on, backwards if reverse is set, until visit
// says false or the list ends. visit must not change the Space.
func (l *List) Each(first int, reverse bool, visit func(element []byte) bool) {
	if first < 0 || first >= l.Len() {
		return
	}
	if big := l.big(); big != nil {
		big.Each(first, reverse, visit)
		return
	}
	p, space := l.e.pack(), l.e.db.space
	for off := p.At(first); off >= 0; {
		if !visit(space.text(p.Get(off), 0)) {
			return
		}
		if reverse {
			off = p.Prev(off)
		} else {
			off = p.Next(off)
		}
	}
}

// Set puts b in the place of element i, which must be there. Cost: as Get.
func (l *List) Set(i int, b []byte) {
	l.e.saveFirst()
	l.set(i, b)
	l.e.db.space.Effects.ListSet(l.e.db.index, l.key, i, b)
	l.e.db.changed(l.key)
}

func (l *List) set(i int, b []byte) {
	fill := l.e.db.space.Limits.ListFill
	big := l.big()
	if big == nil {
		p := l.e.pack()
		off := p.At(i)
		if rest := len(p) - p.ElementBytes(off); quicklist.Fits(fill, rest, p.Len()-1, len(b)) {
			p = l.e.growPack(p.ReplacedBytes(off, b))
			l.e.fitPack(p.Replace(off, b))
			return
		}
		big = l.enlarge()
	}
	big.Set(i, b, fill)
}

// Insert lets b be a new element i; those from i on move up. Cost: as Get.
func (l *List) Insert(i int, b []byte) {
	l.e.saveFirst()
	l.insert(i, b)
	l.e.db.space.Effects.ListInsert(l.e.db.index, l.key, i, b)
	l.e.db.changed(l.key)
}

// RemoveEqual takes up to n of the elements that equal b away, beginning at an end, and
// tells how many there were. Cost: O(elements).
func (l *List) RemoveEqual(b []byte, n int, front bool) (removed int) {
	if !l.has(b) {
		return 0
	}
	l.e.saveFirst()
	if big := l.big(); big != nil {
		removed = big.RemoveEqual(b, n, front)
	} else {
		removed = l.packRemoveEqual(b, n, front)
	}
	if l.Len() == 0 {
		l.e.Remove()
		return removed
	}
	l.e.db.space.Effects.ListRemove(l.e.db.index, l.key, endOf(front), removed, b)
	l.e.db.changed(l.key)
	return removed
}

// has tells whether an element equals b.
func (l *List) has(b []byte) bool {
	if !l.Exists() {
		return false
	}
	if big := l.big(); big != nil {
		return big.Has(b)
	}
	p := l.e.pack()
	return p.Find(p.First(), 0, b) >= 0
}

func (l *List) packRemoveEqual(b []byte, n int, front bool) (removed int) {
	p := l.e.pack()
	for off := p.Find(p.First(), 0, b); front && off >= 0 && removed < n; removed++ {
		if p = p.Delete(off, 1); off == p.End() {
			off = -1
		}
		off = p.Find(off, 0, b)
	}
	for off := p.Last(); !front && off >= 0 && removed < n; {
		before := p.Prev(off)
		if p.Get(off).Equal(b) {
			p = p.Delete(off, 1)
			removed++
		}
		off = before
	}
	l.e.fitPack(p)
	return removed
}

func (db *DB) applyList(e *effect.Effect) error {
	l, err := db.FindList(e.Key)
	if err != nil {
		return err
	}
	n, front := uint64(l.Len()), e.N == effect.ListHead
	ends := e.Op == effect.ListPush || e.Op == effect.ListPop || e.Op == effect.ListRemove
	if ends && e.N > effect.ListTail {
		return errBeyond
	}
	switch {
	case e.Op == effect.ListPush:
		var elements [][]byte
		if !e.Elements(func(b []byte) { elements = append(elements, b) }) || elements == nil {
			return errBeyond
		}
		l.Push(front, elements...)
	case e.Op == effect.ListPop && e.M <= n:
		l.Pop(front, int(e.M))
	case e.Op == effect.ListSet && e.N < n:
		l.Set(int(e.N), e.Value)
	case e.Op == effect.ListInsert && e.N <= n:
		l.Insert(int(e.N), e.Value)
	case e.Op == effect.ListRemove && e.M <= n:
		l.RemoveEqual(e.Value, int(e.M), front)
	default:
		return errBeyond
	}
	return nil
}
