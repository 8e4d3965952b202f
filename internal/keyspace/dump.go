// SPDX-License-Identifier: Apache-2.0

package keyspace

import (
	"stampede/internal/object"
	"stampede/internal/rdb"
)

// rdbType is how the entry's value is written.
func (e *Entry) rdbType() rdb.Type {
	small := e.form != formBig
	switch {
	case e.kind == object.String:
		return rdb.TypeString
	case e.kind == object.List:
		return rdb.TypeListPacks
	case e.kind == object.Stream:
		return rdb.TypeStream2
	case e.kind == object.Hash && e.fieldsFromMs() != 0:
		return rdb.TypeHashTTL
	case e.kind == object.Hash && e.form == formTimed:
		return rdb.TypeHash
	case e.kind == object.Hash && small:
		return rdb.TypeHashPack
	case e.kind == object.Hash:
		return rdb.TypeHash
	case e.kind == object.Set && e.form == formPacked:
		return rdb.TypeSetInts
	case e.kind == object.Set:
		return rdb.TypeSet
	case e.kind == object.ZSet && small:
		return rdb.TypeZSetPack
	case e.kind == object.ZSet:
		return rdb.TypeZSet
	}
	return rdb.TypeModule
}

// appendSmall appends the value, which is not a large collection, as RDB has it.
func (e *Entry) appendSmall(dst []byte) []byte {
	switch {
	case e.kind == object.String && e.form == formInt:
		return rdb.AppendInt(dst, e.integer())
	case e.kind == object.String:
		return rdb.AppendString(dst, e.value())
	case e.kind == object.Hash && e.form == formTimed:
		return e.appendTimed(dst)
	case e.kind == object.Set:
		return e.appendSet(dst)
	case e.kind == object.JSON:
		return e.appendJSON(dst)
	case e.kind == object.List:
		return rdb.AppendListPack(rdb.AppendLen(dst, 1), e.pack())
	}
	return rdb.AppendText(dst, e.value())
}

// fieldsFromMs is the earliest deadline of a field of a hash: then it is written in a form that
// only Redis from 7.4 on reads. 0: none has one.
func (e *Entry) fieldsFromMs() int64 {
	if e.kind != object.Hash {
		return 0
	}
	h := Hash{e: *e}
	return h.nextDeadlineMs()
}

// appendTimed appends a small hash some of whose fields may have deadlines.
func (e *Entry) appendTimed(dst []byte) []byte {
	h, fromMs := Hash{e: *e}, e.fieldsFromMs()
	dst = appendCount(dst, h.size(), fromMs)
	h.eachStamped(func(field, value []byte, deadlineMs int64) bool {
		dst = appendField(dst, field, value, deadlineMs, fromMs)
		return true
	})
	return dst
}

// appendCount begins a hash of n fields.
func appendCount(dst []byte, n int, fromMs int64) []byte {
	if fromMs != 0 {
		return rdb.AppendTimedHeader(dst, fromMs, n)
	}
	return rdb.AppendLen(dst, n)
}

func appendField(dst, field, value []byte, deadlineMs, fromMs int64) []byte {
	if fromMs != 0 {
		return rdb.AppendTimedPair(dst, field, value, deadlineMs, fromMs)
	}
	return rdb.AppendPair(dst, field, value)
}

// appendElement appends an element of a large collection of the given kind; fromMs is that of
// appendBegin.
func appendElement(dst []byte, kind object.Kind, member, value []byte, score float64,
	fromMs int64) []byte {
	switch kind {
	case object.Set:
		return rdb.AppendString(dst, member)
	case object.ZSet:
		return rdb.AppendScored(dst, member, score)
	case object.Stock:
		return rdb.AppendModuleString(dst, member)
	case object.List:
		return appendNode(dst, member, value)
	case object.Stream:
		return append(dst, member...)
	}
	return appendField(dst, member, value, int64(score), fromMs)
}

// appendNode appends a node of a list: a pack, or else one element.
func appendNode(dst, pack, element []byte) []byte {
	if pack != nil {
		return rdb.AppendListPack(dst, pack)
	}
	return rdb.AppendListPlain(dst, element)
}

// appendBegin begins the value of a large collection; its elements follow. fromMs is the
// earliest deadline of a field, if it is a hash with such; 0: none.
func appendBegin(dst []byte, big object.Big, fromMs int64) []byte {
	if big.Kind() == object.Stock {
		return rdb.AppendModule(dst, rdbStock())
	}
	if big.Kind() == object.Stream {
		return dst
	}
	if list, ok := big.(object.BigList); ok {
		return rdb.AppendLen(dst, list.Nodes())
	}
	return appendCount(dst, big.Len(), fromMs)
}

// appendEnd ends the value of a large collection.
func appendEnd(dst []byte, kind object.Kind) []byte {
	if kind == object.Stock {
		return rdb.AppendModuleEnd(dst)
	}
	return dst
}

// AppendDump appends the type and the value of the key, which must exist, as a DUMP payload
// has them. Cost: O(size of the value).
func (e *Entry) AppendDump(dst []byte) []byte {
	dst = append(dst, byte(e.rdbType()))
	if e.form != formBig {
		return e.appendSmall(dst)
	}
	big, fromMs := e.big(), e.fieldsFromMs()
	dst = appendBegin(dst, big, fromMs)
	big.Elements(func(member, value []byte, score float64) {
		dst = appendElement(dst, e.kind, member, value, score, fromMs)
	})
	return appendEnd(dst, e.kind)
}
