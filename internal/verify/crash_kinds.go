// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// crashRead is how a kind of key is read: by a call whose reply is written down, or by more.
type crashRead struct {
	words []string // the key goes behind the first of them
	value func(v Value) string
	ask   func(c *Conn, key string) (value string, err error) // in the place of words
}

// crashReads are, by kind of key, how one learns what it holds. The models of the calls that
// change it are below, and in the file about what is nested.
var crashReads = map[string]crashRead{
	"string":   {words: []string{"GET"}, value: valueText},
	"hash":     {words: []string{"HGET", "f"}, value: valueText},
	"zset":     {words: []string{"ZSCORE", "m"}, value: valueText},
	"json":     {words: []string{"JSON.GET"}, value: valueText},
	"list":     {words: []string{"LRANGE", "0", "-1"}, value: valueItems},
	"set":      {words: []string{"SMEMBERS"}, value: valueMembers},
	"bits":     {words: []string{"GET"}, value: valueHex},
	"hll":      {words: []string{"PFCOUNT"}, value: valueCount},
	"stock":    {ask: readStock},
	"lock":     {words: []string{"LOCK.INFO"}, value: valueTokens},
	"stream":   {words: []string{"XRANGE", "-", "+"}, value: valueIDs},
	"fields":   {words: timedFieldsRead(), value: valueTimes},
	"group":    {ask: readGroup},
	"doc":      {words: []string{"JSON.GET"}, value: valueText},
	"geo":      {words: placesRead(), value: valueMembers},
	"function": {ask: readFunction},
}

// readKey is what one of a writer's keys holds.
func readKey(c *Conn, key string) (string, error) {
	kind, _, _ := strings.Cut(key, ":")
	read := crashReads[kind]
	if read.ask != nil {
		return read.ask(c, key)
	}
	v, err := c.Must(append([]string{read.words[0], key}, read.words[1:]...)...)
	return read.value(v), err
}

// readStock is what is free, held and sold.
func readStock(c *Conn, key string) (string, error) {
	info, err := c.Do("STOCK.INFO", key)
	if err != nil || info.IsError() {
		return absent, err
	}
	holds, err := c.Must("STOCK.SCAN", key, "0", "COUNT", "10000", "STATE", "HELD")
	has := figuresOf(info)
	return stockValue{has["units"], has["free"], has["sold"], holdIDs(holds)}.String(), err
}

func valueItems(v Value) string   { return joinItems(v.Texts()) }
func valueMembers(v Value) string { return joinMembers(v.Texts()) }

func valueText(v Value) string {
	if v.Null {
		return absent
	}
	return v.Text
}

func valueHex(v Value) string {
	if v.Null {
		return absent
	}
	return hex.EncodeToString([]byte(v.Text))
}

func valueCount(v Value) string {
	if v.Text == "0" {
		return absent
	}
	return v.Text
}

// valueTokens are the tokens that hold a lock.
func valueTokens(v Value) string {
	words := v.Texts()
	if at := slices.Index(words, "token"); at >= 0 && at+1 < len(words) {
		return words[at+1]
	}
	return absent
}

// valueIDs are the IDs of the entries of a stream.
func valueIDs(v Value) string {
	var ids []string
	for _, entry := range v.Elems {
		ids = append(ids, entry.Elems[0].Text)
	}
	return joinItems(ids)
}

// joinItems and items write a list down and read it.
func joinItems(list []string) string {
	if len(list) == 0 {
		return absent
	}
	return strings.Join(list, ",")
}

func joinMembers(list []string) string { return joinItems(slices.Sorted(slices.Values(list))) }

func items(value string) []string {
	if value == absent {
		return nil
	}
	return strings.Split(value, ",")
}

// change is a call and what the keys that it changes hold afterwards.
type change struct {
	words []string
	sets  map[string]string
	lock  string // the lock whose fence it is answered
}

// changeOf draws a change of one of the kinds that have a model.
func (w *crashWriter) changeOf(text string) change {
	switch w.rng.IntN(11) {
	case 0:
		return w.changeList(text)
	case 1:
		return w.changeSet(text)
	case 2:
		return w.changeBits()
	case 3:
		return w.changeHLL()
	case 4:
		return w.changeStock(text)
	case 5:
		return w.changeStream(text)
	case 6:
		return w.changeFields()
	case 7:
		return w.changeGroup(text)
	case 8:
		return w.changeDoc(text)
	case 9:
		return w.changePlaces()
	}
	return w.changeLock(text)
}

// two are two different keys of a kind.
func (w *crashWriter) two(kind string) (a, b string) {
	at := w.rng.Perm(keysOfKind)
	return w.key(kind, at[0]), w.key(kind, at[1])
}

// listMax is how long a list gets before it is trimmed.
const listMax = 12

func (w *crashWriter) changeList(text string) change {
	key, other := w.two("list")
	list := items(w.now[key])
	set := func(list []string, words ...string) change {
		return change{words: words, sets: map[string]string{key: joinItems(list)}}
	}
	n := w.rng.IntN(8)
	switch {
	case len(list) > listMax:
		return set(list[2:7], "LTRIM", key, "2", "6")
	case n < 2 || len(list) == 0:
		return set(append(list, text, text+"b"), "RPUSH", key, text, text+"b")
	case n < 3:
		return set(append([]string{text}, list...), "LPUSH", key, text)
	case n < 4:
		return set(list[1:], "LPOP", key)
	case n < 5:
		list[len(list)-1] = text
		return set(list, "LSET", key, "-1", text)
	case n < 6:
		return set(append([]string{text}, list...), "LINSERT", key, "BEFORE", list[0], text)
	}
	last := len(list) - 1
	moved := append([]string{list[last]}, items(w.now[other])...)
	return change{words: []string{"LMOVE", key, other, "RIGHT", "LEFT"}, sets: map[string]string{
		key: joinItems(list[:last]), other: joinItems(moved),
	}}
}

func (w *crashWriter) changeSet(text string) change {
	key, other := w.two("set")
	set := items(w.now[key])
	union := func(more ...string) string {
		return joinMembers(slices.Compact(slices.Sorted(slices.Values(append(more, set...)))))
	}
	switch n := w.rng.IntN(6); {
	case len(set) > listMax:
		return change{words: []string{"DEL", key}, sets: map[string]string{key: absent}}
	case n < 2 || len(set) == 0:
		small := strconv.Itoa(w.rng.IntN(9)) // sets of integers have a form of their own
		return change{words: []string{"SADD", key, small},
			sets: map[string]string{key: union(small)}}
	case n < 3:
		return change{words: []string{"SADD", key, "m" + text},
			sets: map[string]string{key: union("m" + text)}}
	case n < 4:
		return change{words: []string{"SREM", key, set[0]},
			sets: map[string]string{key: joinItems(set[1:])}}
	case n < 5:
		there := items(w.now[other])
		if !slices.Contains(there, set[0]) {
			there = append(there, set[0])
		}
		return change{words: []string{"SMOVE", key, other, set[0]},
			sets: map[string]string{key: joinItems(set[1:]), other: joinMembers(there)}}
	}
	return change{words: []string{"SUNIONSTORE", other, key, other},
		sets: map[string]string{other: union(items(w.now[other])...)}}
}

// changeBits changes bits of a string in place.
func (w *crashWriter) changeBits() change {
	key, other := w.two("bits")
	bytesOf := func(key string) []byte {
		if w.now[key] == absent {
			return nil
		}
		b, _ := hex.DecodeString(w.now[key]) // written by ourselves
		return b
	}
	b := bytesOf(key)
	grow := func(n int) {
		for len(b) < n {
			b = append(b, 0)
		}
	}
	var words []string
	switch at := w.rng.IntN(16); w.rng.IntN(4) {
	case 0:
		grow(at + 1)
		b[at] = byte(w.rng.IntN(256))
		words = []string{"BITFIELD", key, "SET", "u8", "#" + strconv.Itoa(at), strconv.Itoa(int(b[at]))}
	case 1:
		if src := bytesOf(other); len(src) > 0 {
			grow(len(src))
			for i := range src {
				b[i] ^= src[i]
			}
			words = []string{"BITOP", "XOR", key, key, other}
			break
		}
		fallthrough
	default:
		bit := w.rng.IntN(128)
		grow(bit/8 + 1)
		b[bit/8] |= 0x80 >> (bit % 8)
		words = []string{"SETBIT", key, strconv.Itoa(bit), "1"}
	}
	return change{words: words, sets: map[string]string{key: hex.EncodeToString(b)}}
}

// hllMax is how many elements are put into a HyperLogLog: so few that it counts them right.
const hllMax = 8

func (w *crashWriter) changeHLL() change {
	key, other := w.two("hll")
	count := func(key string) int {
		n, _ := strconv.Atoi(w.now[key]) // 0 if it is absent
		return n
	}
	n := count(key)
	switch {
	case n == hllMax:
		return change{words: []string{"DEL", key}, sets: map[string]string{key: absent}}
	case n > 0 && w.rng.IntN(4) == 0:
		more := strconv.Itoa(max(n, count(other)))
		return change{words: []string{"PFMERGE", other, key}, sets: map[string]string{other: more}}
	}
	element := fmt.Sprint("element", n) // the first n are there
	return change{words: []string{"PFADD", key, element},
		sets: map[string]string{key: strconv.Itoa(n + 1)}}
}

// changeLock takes, keeps or gives back a lock.
func (w *crashWriter) changeLock(text string) change {
	key, _ := w.two("lock")
	const ms = "3600000"
	switch token := w.now[key]; {
	case token == absent:
		return change{words: []string{"LOCK.ACQUIRE", key, text, ms}, lock: key,
			sets: map[string]string{key: text}}
	case w.rng.IntN(3) == 0:
		return change{words: []string{"LOCK.EXTEND", key, token, ms}}
	default:
		return change{words: []string{"LOCK.RELEASE", key, token}, sets: map[string]string{key: absent}}
	}
}

// changeStream appends, deletes and trims. An ID is the number of its call, so that IDs grow.
func (w *crashWriter) changeStream(text string) change {
	key, _ := w.two("stream")
	ids := items(w.now[key])
	set := func(ids []string, words ...string) change {
		return change{words: words, sets: map[string]string{key: joinItems(ids)}}
	}
	switch n := w.rng.IntN(6); {
	case len(ids) > listMax || n == 0 && len(ids) > 3:
		return set(ids[len(ids)-3:], "XTRIM", key, "MAXLEN", "3")
	case n == 1 && len(ids) > 0:
		return set(ids[1:], "XDEL", key, ids[0])
	}
	id := entryID(text)
	return set(append(ids, id), "XADD", key, id, "field", text)
}

// entryID is the number of a call, and of its part, as the ID of an entry.
func entryID(text string) string {
	number, part, cut := strings.Cut(text, ".")
	if !cut {
		part = "0"
	}
	return number + "-" + part
}
