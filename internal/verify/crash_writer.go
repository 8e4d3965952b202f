// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// crashWriter is a client that writes to keys of its own, one call or transaction after the
// other, and knows what they must hold after each of them.
type crashWriter struct {
	id   int
	rng  *rand.Rand
	next int64 // number of the next call

	base  map[string]string // what its keys held when this life began
	now   map[string]string // what they hold after all calls
	calls []crashCall       // of this life
	acked int               // of them; the others got no answer
	kept  int64             // number of the last call of earlier lives that is there

	fences   map[string]int64 // the latest of each lock
	refused  string           // an answer that no call should get
	fleeting []fleetingKey
	diedAt   time.Time
}

// crashCall is a call, and what it leaves behind.
type crashCall struct {
	n          int64
	words      [][]string // the last one's reply is the answer
	sets       map[string]string
	lock       string // whose fence the answer is; empty: no lock's
	issuedAt   time.Time
	answeredAt time.Time
}

// fleetingKey is one that ends soon after it was set, or such a field of a hash.
type fleetingKey struct {
	key, field string // field: empty if the key ends
	answeredAt time.Time
}

const fleetingFor = 20 * time.Millisecond

// absent is what a key holds that is not there.
const absent = "(absent)"

func newCrashWriter(id int, seed uint64) *crashWriter {
	w := &crashWriter{
		id: id, rng: rand.New(rand.NewPCG(seed, uint64(id))), base: map[string]string{},
		fences: map[string]int64{},
	}
	for _, key := range w.keys() {
		w.base[key] = absent
	}
	w.now = maps.Clone(w.base)
	return w
}

// key is the name of one of its keys; kind says how it is written and read.
func (w *crashWriter) key(kind string, i int) string { return fmt.Sprint(kind, ":", w.id, ":", i) }

// marker is the key that most often tells how far the writer is.
func (w *crashWriter) marker() string { return w.key("string", 0) }

const keysOfKind = 4

// keys are all of its keys.
func (w *crashWriter) keys() (keys []string) {
	for _, kind := range slices.Sorted(maps.Keys(crashReads)) {
		for i := range keysOfKind {
			keys = append(keys, w.key(kind, i))
		}
	}
	return keys
}

// run does calls until the server is gone. answered is told of each answer.
func (w *crashWriter) run(addr string, answered func()) {
	c, err := Dial(addr)
	if err != nil {
		return
	}
	defer c.Close()
	for {
		if w.rng.IntN(10) == 0 && !w.setFleeting(c) {
			return
		}
		call := w.draw()
		maps.Copy(w.now, call.sets)
		call.issuedAt = time.Now()
		w.calls = append(w.calls, call)
		for _, words := range call.words {
			c.Put(words...)
		}
		if c.Flush() != nil {
			return
		}
		for _, words := range call.words {
			v, err := c.Receive()
			if err != nil {
				return
			}
			if w.judge(&call, words, v); w.refused != "" {
				return
			}
		}
		w.calls[len(w.calls)-1].answeredAt = time.Now()
		w.acked = len(w.calls)
		answered()
	}
}

// judge looks at the answer to one of the calls that were sent together.
func (w *crashWriter) judge(call *crashCall, words []string, v Value) {
	if v.IsError() || slices.ContainsFunc(v.Elems, Value.IsError) {
		w.refused = fmt.Sprintf("%q: %q", words, v.Texts())
	}
	if call.lock == "" {
		return
	}
	fence, err := strconv.ParseInt(v.Text, 10, 64)
	if before := w.fences[call.lock]; err != nil || fence <= before {
		w.refused = fmt.Sprintf("%q is answered %q; the lock had the fence %d before", words, v.Text,
			before)
	}
	w.fences[call.lock] = fence
}

// setFleeting sets a key that ends soon, or a field.
func (w *crashWriter) setFleeting(c *Conn) bool {
	one := fleetingKey{key: fmt.Sprint("fleeting:", w.id, ":", w.next)}
	ms := strconv.FormatInt(fleetingFor.Milliseconds(), 10)
	words := []string{"SET", one.key, "x", "PX", ms}
	if w.rng.IntN(2) == 0 {
		one.key, one.field = w.key("fields", w.rng.IntN(keysOfKind)), one.key
		words = []string{"HSETEX", one.key, "PX", ms, "FIELDS", "1", one.field, "x"}
	}
	w.next++
	v, err := c.Do(words...)
	if err != nil || v.IsError() {
		return false
	}
	one.answeredAt = time.Now()
	w.fleeting = append(w.fleeting, one)
	return true
}

// draw draws a call.
func (w *crashWriter) draw() crashCall {
	w.next++
	text, i, j := strconv.FormatInt(w.next, 10), 1+w.rng.IntN(keysOfKind-1), w.rng.IntN(keysOfKind)
	a, hash, zset, json := w.key("string", i), w.key("hash", j), w.key("zset", j), w.key("json", j)
	call := func(sets map[string]string, words ...string) crashCall {
		return crashCall{n: w.next, sets: sets, words: [][]string{words}}
	}
	switch w.rng.IntN(24) {
	case 0, 1, 2:
		return call(map[string]string{w.marker(): text}, "SET", w.marker(), text)
	case 3:
		return call(map[string]string{a: text}, "SET", a, text, "PX", "3600000")
	case 4:
		return call(map[string]string{a: absent, hash: absent}, "DEL", a, hash)
	case 5:
		return call(map[string]string{hash: text}, "HSET", hash, "f", text, "g", "more")
	case 6:
		return call(map[string]string{zset: text}, "ZADD", zset, text, "m")
	case 7:
		return call(map[string]string{json: text}, "JSON.SET", json, "$", text)
	case 8:
		return call(map[string]string{w.marker(): text, a: text, w.key("string", 3): text},
			"MSET", w.marker(), text, a, text, w.key("string", 3), text)
	case 9:
		return call(map[string]string{a: text, zset: text}, "EVAL", "redis.call('SET', KEYS[1], "+
			"ARGV[1]) return redis.call('ZADD', 'zset:' .. ARGV[2], ARGV[1], 'm')", "1", a, text,
			strings.TrimPrefix(zset, "zset:"))
	case 10:
		c := w.changeFunction(text)
		return call(c.sets, c.words...)
	}
	if w.rng.IntN(6) == 0 {
		return w.transfer(text, hash)
	}
	return w.changes(text)
}

// changes are one change of any kind, or some of them as a transaction or a script.
func (w *crashWriter) changes(text string) crashCall {
	if n := w.rng.IntN(4); n > 1 {
		c := w.changeOf(text)
		return crashCall{n: w.next, sets: c.sets, lock: c.lock, words: [][]string{c.words}}
	}
	call := crashCall{n: w.next, sets: map[string]string{}}
	var body strings.Builder
	script := []string{"EVAL", "", "0"}
	for range 2 + w.rng.IntN(3) {
		c := w.changeOf(fmt.Sprintf("%s.%d", text, len(call.words)))
		maps.Copy(w.now, c.sets)
		maps.Copy(call.sets, c.sets)
		call.words = append(call.words, c.words)
		body.WriteString("redis.call(")
		for i, word := range c.words {
			script = append(script, word)
			fmt.Fprintf(&body, "%sARGV[%d]", []string{"", ", "}[min(i, 1)], len(script)-3)
		}
		body.WriteString(") ")
	}
	if w.rng.IntN(2) == 0 {
		script[1] = body.String()
		call.words = [][]string{script}
		return call
	}
	call.words = append(append([][]string{{"MULTI"}}, call.words...), []string{"EXEC"})
	return call
}

// transfer moves money and writes down that it did, as one transaction.
func (w *crashWriter) transfer(text, hash string) crashCall {
	from := w.rng.IntN(crashAccounts)
	to := (from + 1 + w.rng.IntN(crashAccounts-1)) % crashAccounts
	n := strconv.Itoa(1 + w.rng.IntN(100))
	return crashCall{
		n: w.next, sets: map[string]string{w.marker(): text, hash: text},
		words: [][]string{{"MULTI"}, {"DECRBY", crashAccount(from), n},
			{"SET", w.marker(), text}, {"INCRBY", crashAccount(to), n}, {"HSET", hash, "f", text},
			{"EXEC"}},
	}
}

var errTorn = errors.New("what is there is not what was there after any call")

// found tells how many of the calls of the last life are there: as many as make its keys what
// they are, none of them in part. Where several numbers fit, as calls without a visible effect
// make them, it gives the lowest and the highest.
func (w *crashWriter) found(c *Conn) (low, high int, err error) {
	there := map[string]string{}
	for _, key := range w.keys() {
		if there[key], err = readKey(c, key); err != nil {
			return 0, 0, err
		}
	}
	state := maps.Clone(w.base)
	low, high = -1, -1
	for n := 0; ; n++ {
		if maps.Equal(state, there) {
			if high = n; low < 0 {
				low = n
			}
		}
		if n == len(w.calls) {
			break
		}
		maps.Copy(state, w.calls[n].sets)
	}
	if low < 0 {
		err = fmt.Errorf("%w: of %d calls %d acknowledged\n%s", errTorn, len(w.calls), w.acked,
			w.explain(there))
	}
	return low, high, err
}

// explain shows where what is there comes from.
func (w *crashWriter) explain(there map[string]string) string {
	state := maps.Clone(w.base)
	for _, call := range w.calls[:w.acked] {
		maps.Copy(state, call.sets)
	}
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(there)) {
		if there[key] != state[key] {
			fmt.Fprintf(&b, "%s is %s, was %s\n", key, there[key], state[key])
		}
	}
	for _, call := range w.calls[max(0, w.acked-5):] {
		fmt.Fprintf(&b, "%d: %q\n", call.n, call.words)
	}
	return b.String()
}

// reached is the number of the last call if the first n of this life are there.
func (w *crashWriter) reached(n int) int64 {
	if n == 0 {
		return w.kept
	}
	return w.calls[n-1].n
}

// goOn begins another life with what is there.
func (w *crashWriter) goOn(n int) {
	for _, call := range w.calls[:n] {
		maps.Copy(w.base, call.sets)
	}
	w.kept, w.now = w.reached(n), maps.Clone(w.base)
	w.calls, w.acked = nil, 0
}
