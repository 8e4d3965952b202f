// SPDX-License-Identifier: Apache-2.0

package loadgen

import (
	"errors"
	"fmt"
	"strings"

	"stampede/internal/resp"
)

// digitsWidth is the width of every number written for a placeholder. All placeholders have a
// fixed width, so a call is a copy of its template with some bytes overwritten.
const digitsWidth = 12

// filler writes what stands for one placeholder over dst, for the client that makes the call
// with running number seq.
type filler func(f *feed, c *client, seq int64, dst []byte)

// Placeholder is one word that stands for something else in a template.
type Placeholder struct {
	Word    string
	Summary string // for help texts

	prefix string // stands before the filled bytes and never changes
	value  bool   // as wide as a value rather than a number
	fill   filler
}

// Placeholders returns all the words that mean something in a template, wherever they stand in
// an argument.
func Placeholders() []Placeholder {
	return []Placeholder{
		{Word: "__key__", Summary: "key: and a drawn number", prefix: "key:", fill: fillNumber},
		{Word: "__num__", Summary: "a drawn number below the number of keys", fill: fillNumber},
		{Word: "__last__", Summary: "the number this client drew last", fill: fillLast},
		{Word: "__rand__", Summary: "any number of 12 digits", fill: fillRandom},
		{Word: "__seq__", Summary: "the running number of the call", fill: fillSequence},
		{Word: "__once__", Summary: "a number that no call before it had", fill: fillOnce},
		{Word: "__again__", Summary: "that number in the last call of this client that had one",
			fill: fillAgain},
		{Word: "__client__", Summary: "the number of the connection", fill: fillClient},
		{Word: "__value__", Summary: "a random value", value: true, fill: fillValue},
	}
}

func fillNumber(f *feed, c *client, _ int64, dst []byte) {
	c.last = f.number()
	putDigits(dst, c.last)
}

func fillLast(_ *feed, c *client, _ int64, dst []byte) { putDigits(dst, c.last) }

// fillRandom never begins with a zero, so that the number is an integer to every command.
func fillRandom(f *feed, _ *client, _ int64, dst []byte) {
	const least = keysMax / 10
	putDigits(dst, least+f.random.below(keysMax-least))
}

func fillSequence(_ *feed, _ *client, seq int64, dst []byte) { putDigits(dst, seq) }

func fillOnce(f *feed, c *client, seq int64, dst []byte) {
	c.once = f.base + seq
	putDigits(dst, c.once)
}

func fillAgain(_ *feed, c *client, _ int64, dst []byte) { putDigits(dst, c.once) }

func fillClient(_ *feed, c *client, _ int64, dst []byte) { putDigits(dst, c.id) }

func fillValue(f *feed, _ *client, _ int64, dst []byte) {
	at := f.random.below(int64(len(f.values) - len(dst) + 1))
	copy(dst, f.values[at:])
}

// hole is a place in a template that is filled anew for every call.
type hole struct {
	from, to int
	fill     filler
}

// template is one call in RESP with holes.
type template struct {
	text  []byte
	holes []hole
}

// compile makes the template of a call from its words, the first of which names the command.
func compile(words []string, valueSize int) (template, error) {
	if len(words) == 0 {
		return template{}, errors.New("a call needs at least the name of a command")
	}
	t := template{text: resp.AppendArray(nil, len(words))}
	for _, word := range words {
		argument, holes := compileWord(word, valueSize)
		t.text = resp.AppendBulk(t.text, argument)
		start := len(t.text) - len("\r\n") - len(argument)
		for _, h := range holes {
			h.from, h.to = h.from+start, h.to+start
			t.holes = append(t.holes, h)
		}
	}
	return t, nil
}

// compileWord widens the placeholders of one argument to what will stand there. The holes count
// from the beginning of the argument.
func compileWord(word string, valueSize int) (argument []byte, holes []hole) {
	for word != "" {
		before, found := cutPlaceholder(word)
		argument = append(argument, before...)
		word = word[len(before):]
		if found == nil {
			break
		}
		word = word[len(found.Word):]
		argument = append(argument, found.prefix...)
		width := digitsWidth
		if found.value {
			width = valueSize
		}
		from := len(argument)
		argument = append(argument, strings.Repeat("0", width)...)
		holes = append(holes, hole{from: from, to: from + width, fill: found.fill})
	}
	return argument, holes
}

// cutPlaceholder finds the first placeholder of word and what stands before it.
func cutPlaceholder(word string) (before string, found *Placeholder) {
	before = word
	for _, p := range Placeholders() {
		if at := strings.Index(before, p.Word); at >= 0 {
			before, found = before[:at], &p
		}
	}
	return before, found
}

// append appends one call with all holes filled.
func (t *template) append(dst []byte, f *feed, c *client, seq int64) []byte {
	start := len(dst)
	dst = append(dst, t.text...)
	call := dst[start:]
	for i := range t.holes {
		h := &t.holes[i]
		h.fill(f, c, seq, call[h.from:h.to])
	}
	return dst
}

// digitPairs holds the two digits of every number below 100.
const digitPairs = "00010203040506070809" + "10111213141516171819" +
	"20212223242526272829" + "30313233343536373839" + "40414243444546474849" +
	"50515253545556575859" + "60616263646566676869" + "70717273747576777879" +
	"80818283848586878889" + "90919293949596979899"

// putDigits writes n, from 0 to keysMax-1, over the digitsWidth bytes of dst.
func putDigits(dst []byte, n int64) {
	_ = dst[digitsWidth-1]
	putSixDigits(dst[:6], uint32(n/1_000_000))
	putSixDigits(dst[6:12], uint32(n%1_000_000))
}

// putSixDigits writes n, below a million, over six bytes.
func putSixDigits(dst []byte, n uint32) {
	_ = dst[5]
	high, middle, low := n/10_000*2, n/100%100*2, n%100*2
	dst[0], dst[1] = digitPairs[high], digitPairs[high+1]
	dst[2], dst[3] = digitPairs[middle], digitPairs[middle+1]
	dst[4], dst[5] = digitPairs[low], digitPairs[low+1]
}

// ParseCall splits a line into the words of a call as redis-cli does: at blanks, with double
// quotes and escapes, or single quotes, around what has blanks in it.
func ParseCall(line string) ([]string, error) {
	split, ok := resp.SplitWords([]byte(line), nil)
	if !ok {
		return nil, fmt.Errorf("the quotes of the call %s are not closed", line)
	}
	if len(split) == 0 {
		return nil, errors.New("the call is empty")
	}
	words := make([]string, len(split))
	for i, word := range split {
		words[i] = string(word)
	}
	return words, nil
}
