// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strconv"
	"time"

	"stampede/internal/effect"
	"stampede/internal/jsondoc"
)

// appendEffect appends an effect as people read it; shownMax bytes of each value.
func appendEffect(dst []byte, e *effect.Effect, shownMax int) []byte {
	dst = append(dst, e.Op.String()...)
	switch e.Op {
	case effect.FlushAll:
		return dst
	case effect.FunctionLoad:
		return appendQuoted(append(dst, ' '), e.Value, shownMax)
	case effect.Fence:
		return strconv.AppendUint(append(dst, ' '), e.N, 10)
	case effect.FunctionDrop:
		if len(e.Field) == 0 {
			return append(dst, " all"...)
		}
		return appendQuoted(append(dst, ' '), e.Field, shownMax)
	}
	dst = appendDB(append(dst, ' '), e.DB)
	switch e.Op {
	case effect.Flush:
		return dst
	case effect.Swap:
		return appendDB(append(dst, ' '), int(e.N))
	}
	dst = appendQuoted(append(dst, ' '), e.Key, shownMax)
	if e.Op >= effect.ListPush && e.Op <= effect.ListRemove {
		return appendListChange(dst, e, shownMax)
	}
	return appendChange(dst, e, shownMax)
}

// appendListChange appends what became of the elements of a list.
func appendListChange(dst []byte, e *effect.Effect, shownMax int) []byte {
	quoted := func(s []byte) { dst = appendQuoted(append(dst, ' '), s, shownMax) }
	end := " head"
	if e.N == effect.ListTail {
		end = " tail"
	}
	switch e.Op {
	case effect.ListPush:
		dst = append(dst, end...)
		if !e.Elements(quoted) {
			quoted(e.Value)
		}
	case effect.ListPop, effect.ListRemove:
		dst = strconv.AppendUint(append(append(dst, end...), " elements "...), e.M, 10)
		if e.Op == effect.ListRemove {
			quoted(e.Value)
		}
	case effect.ListSet, effect.ListInsert:
		dst = strconv.AppendUint(append(dst, " at "...), e.N, 10)
		quoted(e.Value)
	}
	return dst
}

// appendChange appends what became of the key.
func appendChange(dst []byte, e *effect.Effect, shownMax int) []byte {
	quoted := func(s []byte) { dst = appendQuoted(append(dst, ' '), s, shownMax) }
	number := func(before string, n uint64) {
		dst = strconv.AppendUint(append(dst, before...), n, 10)
	}
	switch e.Op {
	case effect.Set:
		quoted(e.Value)
		if e.DeadlineMs != 0 {
			dst = appendTime(append(dst, " until "...), e.DeadlineMs)
		}
	case effect.Splice:
		number(" at byte ", e.N)
		quoted(e.Value)
	case effect.Deadline:
		dst = appendTime(append(dst, ' '), e.DeadlineMs)
	case effect.HashSet:
		quoted(e.Field)
		quoted(e.Value)
	case effect.HashDeadline:
		quoted(e.Field)
		dst = appendTime(append(dst, ' '), e.DeadlineMs)
	case effect.HashDelete, effect.ZSetRemove, effect.SetAdd, effect.SetRemove:
		quoted(e.Field)
	case effect.ZSetAdd:
		quoted(e.Field)
		dst = strconv.AppendFloat(append(dst, ' '), e.Score, 'g', -1, 64)
	case effect.ZSetCut:
		number(" from rank ", e.N)
		number(" members ", e.M)
	case effect.Move, effect.Copy:
		dst = appendDB(append(dst, " to "...), int(e.N))
		quoted(e.Field)
	case effect.JSONSet:
		dst = appendDocument(append(dst, ' '), e.Value, shownMax)
	case effect.Stock, effect.Lease, effect.JSONEdit:
		quoted(e.Value)
	}
	return dst
}

func appendDB(dst []byte, db int) []byte {
	return strconv.AppendInt(append(dst, "db"...), int64(db), 10)
}

// appendQuoted appends bytes between quotes, and how many there are if that is not all.
func appendQuoted(dst, s []byte, shownMax int) []byte {
	dst = strconv.AppendQuote(dst, string(s[:min(len(s), shownMax)]))
	return appendMore(dst, len(s), shownMax)
}

func appendMore(dst []byte, size, shownMax int) []byte {
	if size <= shownMax {
		return dst
	}
	dst = strconv.AppendInt(append(dst, "… ("...), int64(size), 10)
	return append(dst, " bytes)"...)
}

// appendTime appends a Unix time in milliseconds.
func appendTime(dst []byte, ms int64) []byte {
	if ms == 0 {
		return append(dst, "never"...)
	}
	return time.UnixMilli(ms).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
}

// appendDocument appends a document in its portable form as text.
func appendDocument(dst, portable []byte, shownMax int) []byte {
	names := jsondoc.NewNames()
	doc, err := jsondoc.Import(nil, portable, names)
	if err != nil {
		return appendQuoted(dst, portable, shownMax)
	}
	text := jsondoc.Root(doc, names).AppendText(nil, nil)
	dst = append(dst, text[:min(len(text), shownMax)]...)
	return appendMore(dst, len(text), shownMax)
}
