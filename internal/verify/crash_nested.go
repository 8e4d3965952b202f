// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Kinds of keys that have something within: fields with deadlines, groups of consumers, documents;
// and places, and functions, which are no keys.

// timedFields are the fields of a hash that may have a deadline each.
var timedFields = []string{"a", "b", "c", "d", "e"}

func timedFieldsRead() []string {
	return append([]string{"HPEXPIRETIME", "FIELDS", strconv.Itoa(len(timedFields))}, timedFields...)
}

// valueTimes are the deadlines of all fields: -1 for none, -2 for no field.
func valueTimes(v Value) string { return joinTimes(v.Texts()) }

func joinTimes(times []string) string {
	if !slices.ContainsFunc(times, func(ms string) bool { return ms != "-2" }) {
		return absent
	}
	return joinItems(times)
}

// farMs is when the first of the deadlines passes that are far away.
const farMs = 4_000_000_000_000

func (w *crashWriter) changeFields() change {
	key, _ := w.two("fields")
	times := items(w.now[key])
	for len(times) < len(timedFields) {
		times = append(times, "-2")
	}
	i := w.rng.IntN(len(timedFields))
	field, n := timedFields[i], w.rng.IntN(6)
	set := func(ms string, words ...string) change {
		times[i] = ms
		return change{words: words, sets: map[string]string{key: joinTimes(times)}}
	}
	deadline := strconv.FormatInt(farMs+w.next, 10)
	switch there := times[i] != "-2"; {
	case n == 0:
		return set(deadline, "HSETEX", key, "PXAT", deadline, "FIELDS", "1", field, "v")
	case n < 3 && there:
		return set(deadline, "HPEXPIREAT", key, deadline, "FIELDS", "1", field)
	case n == 3 && there:
		return set("-1", "HPERSIST", key, "FIELDS", "1", field)
	case n == 4 && there:
		return set("-2", "HDEL", key, field)
	}
	return set("-1", "HSET", key, field, "v")
}

// groupValue is a stream with a group: its entries, the last one that was given to a consumer, and
// those that are pending, each with its consumer and how often it was given.
type groupValue struct {
	ids     []string
	last    string
	pending []string // "id/consumer/times"
}

func (g groupValue) String() string {
	return strings.Join(g.ids, ",") + ";" + g.last + ";" + strings.Join(g.pending, ",")
}

func parseGroup(text string) (g groupValue) {
	parts := strings.Split(text, ";")
	split := func(s string) []string {
		return slices.DeleteFunc(strings.Split(s, ","), func(s string) bool { return s == "" })
	}
	return groupValue{split(parts[0]), parts[1], split(parts[2])}
}

// readGroup is what a stream with a group holds.
func readGroup(c *Conn, key string) (string, error) {
	groups, err := c.Do("XINFO", "GROUPS", key)
	if err != nil || groups.IsError() || len(groups.Elems) == 0 {
		return absent, err
	}
	entries, err := c.Must("XRANGE", key, "-", "+")
	if err != nil {
		return "", err
	}
	pending, err := c.Must("XPENDING", key, "g", "-", "+", "1000")
	if err != nil {
		return "", err
	}
	var g groupValue
	for _, entry := range entries.Elems {
		g.ids = append(g.ids, entry.Elems[0].Text)
	}
	facts := groups.Elems[0].Texts()
	g.last = facts[slices.Index(facts, "last-delivered-id")+1]
	for _, one := range pending.Elems {
		e := one.Elems
		g.pending = append(g.pending, e[0].Text+"/"+e[1].Text+"/"+e[3].Text)
	}
	return g.String(), nil
}

// changeGroup adds entries, gives them to consumers, and lets them be done or taken over.
func (w *crashWriter) changeGroup(text string) change {
	key, _ := w.two("group")
	if w.now[key] == absent {
		return change{words: []string{"XGROUP", "CREATE", key, "g", "0", "MKSTREAM"},
			sets: map[string]string{key: groupValue{last: "0-0"}.String()}}
	}
	g := parseGroup(w.now[key])
	set := func(words ...string) change {
		return change{words: words, sets: map[string]string{key: g.String()}}
	}
	given := slices.Index(g.ids, g.last) + 1
	switch n := w.rng.IntN(6); {
	case len(g.ids) > listMax:
		return change{words: []string{"DEL", key}, sets: map[string]string{key: absent}}
	case n < 3 && given < len(g.ids):
		g.last = g.ids[given]
		one := fmt.Sprint("c", w.rng.IntN(2))
		g.pending = append(g.pending, g.last+"/"+one+"/1")
		return set("XREADGROUP", "GROUP", "g", one, "COUNT", "1", "STREAMS", key, ">")
	case n == 3 && len(g.pending) > 0:
		id, _, _ := strings.Cut(g.pending[0], "/")
		g.pending = g.pending[1:]
		return set("XACK", key, "g", id)
	case n == 4 && len(g.pending) > 0:
		p := strings.Split(g.pending[0], "/")
		times, _ := strconv.Atoi(p[2]) // written by ourselves
		g.pending[0] = fmt.Sprintf("%s/heir/%d", p[0], times+1)
		return set("XCLAIM", key, "g", "heir", "0", p[0])
	}
	g.ids = append(g.ids, entryID(text))
	return set("XADD", key, entryID(text), "field", text)
}

// doc is a document that is changed in place.
type doc struct {
	List []string `json:"list"`
	N    int      `json:"n"`
}

// String is the document as the server writes it.
func (d doc) String() string {
	b, _ := json.Marshal(d) // cannot fail
	return string(b)
}

func (w *crashWriter) changeDoc(text string) change {
	key, _ := w.two("doc")
	d := doc{List: []string{}}
	set := func(words ...string) change {
		return change{words: words, sets: map[string]string{key: d.String()}}
	}
	if w.now[key] == absent {
		return set("JSON.SET", key, "$", d.String())
	}
	_ = json.Unmarshal([]byte(w.now[key]), &d) // written by ourselves
	switch n := w.rng.IntN(6); {
	case n == 0 && len(d.List) > 0 || len(d.List) > listMax:
		d.List = d.List[1:]
		return set("JSON.ARRPOP", key, "$.list", "0")
	case n == 1 && len(d.List) > 0:
		d.List[0] = text
		return set("JSON.SET", key, "$.list[0]", strconv.Quote(text))
	case n == 2:
		d.N += 7
		return set("JSON.NUMINCRBY", key, "$.n", "7")
	case n == 3 && len(d.List) > 3:
		return change{words: []string{"JSON.DEL", key}, sets: map[string]string{key: absent}}
	}
	d.List = append(d.List, text)
	return set("JSON.ARRAPPEND", key, "$.list", strconv.Quote(text))
}

// placesRead asks for all places of a map.
func placesRead() []string {
	return []string{"GEOSEARCH", "FROMLONLAT", "13", "38", "BYRADIUS", "1000", "km"}
}

// changePlaces adds, moves and removes places.
func (w *crashWriter) changePlaces() change {
	key, other := w.two("geo")
	places := items(w.now[key])
	place := fmt.Sprint("p", w.rng.IntN(9))
	at := slices.Index(places, place)
	switch {
	case at >= 0 && w.rng.IntN(3) > 0:
		return change{words: []string{"ZREM", key, place},
			sets: map[string]string{key: joinItems(slices.Delete(places, at, at+1))}}
	case len(places) > 3 && w.rng.IntN(2) == 0:
		return change{words: append([]string{"GEOSEARCHSTORE", other, key}, placesRead()[1:]...),
			sets: map[string]string{other: joinItems(places)}}
	case at < 0:
		places = append(places, place)
	}
	east := strconv.FormatFloat(13+w.rng.Float64(), 'f', 6, 64)
	return change{words: []string{"GEOADD", key, east, "38.5", place},
		sets: map[string]string{key: joinMembers(places)}}
}

// functionName is the name of a library and its function, which stand for a key.
func functionName(key string) string { return strings.ReplaceAll(key, ":", "_") }

// readFunction is what a function answers.
func readFunction(c *Conn, key string) (string, error) {
	v, err := c.Do("FCALL", functionName(key), "0")
	if err != nil || v.IsError() {
		return absent, err
	}
	return v.Text, nil
}

// changeFunction loads a library or deletes it. It is called by itself: scripts must not.
func (w *crashWriter) changeFunction(text string) change {
	key, _ := w.two("function")
	name := functionName(key)
	if w.now[key] != absent && w.rng.IntN(3) == 0 {
		return change{words: []string{"FUNCTION", "DELETE", name},
			sets: map[string]string{key: absent}}
	}
	code := fmt.Sprintf("#!lua name=%s\nredis.register_function('%s', function() return '%s' end)",
		name, name, text)
	return change{words: []string{"FUNCTION", "LOAD", "REPLACE", code},
		sets: map[string]string{key: text}}
}
