// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Why a value cannot be, in Redis' words.
var (
	errUnknown = errors.New("Unknown option or number of arguments for CONFIG SET")
	errTwice   = errors.New("duplicate parameter")
	errFixed   = errors.New("can't set immutable config")
	errGuarded = errors.New("can't set protected config")
	errInteger = errors.New("argument couldn't be parsed into an integer")
	errOctal   = errors.New("argument couldn't be parsed as an octal number")
	errMemory  = errors.New("argument must be a memory value")
	errPercent = errors.New("argument must be a memory or percent value")
	errYesNo   = errors.New("argument must be 'yes' or 'no'")
)

// kind reads the values of a parameter.
type kind interface {
	// read checks text. before is the value so far, for parameters of several parts of
	// which one may be set alone.
	read(text, before string) (value, error)
	// several tells whether a line of a file may give several arguments.
	several() bool
}

// one is a kind that takes one argument.
type one struct{}

func (one) several() bool { return false }

// text takes anything.
type text struct{ one }

func (text) read(text, _ string) (value, error) { return value{shown: text}, nil }

// words takes words parted by blanks.
type words struct{}

func (words) several() bool { return true }

func (words) read(text, _ string) (value, error) {
	return value{shown: strings.Join(strings.Fields(text), " ")}, nil
}

// integer takes a number within bounds, included.
type integer struct {
	one
	min, max int64
}

func (k integer) read(text, _ string) (value, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return value{}, errInteger
	}
	return bounded(n, k.min, k.max, strconv.FormatInt(n, 10))
}

func bounded(n, low, high int64, shown string) (value, error) {
	if n < low || n > high {
		return value{}, fmt.Errorf("argument must be between %d and %d inclusive", low, high)
	}
	return value{number: n, shown: shown}, nil
}

// frequency takes any number that is not negative and keeps it within bounds.
type frequency struct{ one }

const hzMin, hzMax = 1, 500

func (frequency) read(text, before string) (value, error) {
	v, err := integer{min: 0, max: math.MaxInt32}.read(text, before)
	n := min(max(v.number, hzMin), hzMax)
	return value{number: n, shown: strconv.FormatInt(n, 10)}, err
}

// octal takes the mode of a file.
type octal struct{ one }

func (octal) read(text, _ string) (value, error) {
	n, err := strconv.ParseInt(text, 8, 64)
	if err != nil {
		return value{}, errOctal
	}
	return bounded(n, 0, 0o777, strconv.FormatInt(n, 8))
}

// memory takes an amount of memory of at least min bytes.
type memory struct {
	one
	min     int64
	max     int64 // 0: none
	percent bool  // also a share of maxmemory, as "5%"
}

func (k memory) read(text, _ string) (value, error) {
	if k.percent && strings.HasSuffix(text, "%") {
		n, err := strconv.ParseInt(strings.TrimSuffix(text, "%"), 10, 64)
		if err != nil || n < 0 {
			return value{}, errPercent
		}
		return value{number: -n, shown: text}, nil
	}
	n, ok := ParseMemory(text)
	switch {
	case !ok && k.percent:
		return value{}, errPercent
	case !ok:
		return value{}, errMemory
	}
	most := k.max
	if most == 0 {
		most = math.MaxInt64
	}
	return bounded(n, k.min, most, strconv.FormatInt(n, 10))
}

// ParseMemory reads an amount such as 100mb. k, m and g are powers of ten, kb, mb and gb
// powers of two; nothing at all is zero.
func ParseMemory(text string) (bytes int64, ok bool) {
	digits := strings.TrimRight(text, "kmgbKMGB")
	factor := int64(1)
	switch strings.ToLower(text[len(digits):]) {
	case "", "b":
	case "k":
		factor = 1000
	case "kb":
		factor = 1 << 10
	case "m":
		factor = 1000 * 1000
	case "mb":
		factor = 1 << 20
	case "g":
		factor = 1000 * 1000 * 1000
	case "gb":
		factor = 1 << 30
	default:
		return 0, false
	}
	if digits == "" {
		return 0, true
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || int64(n) > math.MaxInt64/factor {
		return 0, false
	}
	return int64(n) * factor, true
}

// yesNo takes a truth value.
type yesNo struct{ one }

func (yesNo) read(text, _ string) (value, error) {
	switch strings.ToLower(text) {
	case "yes":
		return value{number: 1, shown: "yes"}, nil
	case "no":
		return value{shown: "no"}, nil
	}
	return value{}, errYesNo
}

// word takes one of several words; its number is the word's place among them.
type word []string

func (word) several() bool { return false }

func (k word) read(text, _ string) (value, error) {
	for i, w := range k {
		if strings.EqualFold(text, w) {
			return value{number: int64(i), shown: w}, nil
		}
	}
	return value{}, fmt.Errorf("argument(s) must be one of the following: %s",
		strings.Join(k, ", "))
}
