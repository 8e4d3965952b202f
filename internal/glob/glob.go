// SPDX-License-Identifier: Apache-2.0

// Package glob matches keys, channels and names against patterns as Redis does.
//
//	?       one byte
//	*       any bytes, also none
//	[abc]   one of these bytes; [a-z] one of a range; [^a] one that is not of the class
//	\x      x itself, whatever it would mean; also within a class
//
// Everything is bytes, nothing is UTF-8. Where patterns are malformed the package does
// what Redis 7.0 does: a class that is not closed ends with the pattern, a backslash at
// the end stands for itself, ranges compare bytes as signed, and no pattern but the empty
// one matches the empty string.
//
// # Cost
//
// At most len(pattern) × len(s) steps, and no memory: a failed try goes back to the last
// star only. So a hostile pattern costs a product, never a power.
//
// The package is pure functions. What is not here: patterns kept in a parsed form.
package glob

import "bytes"

// Match tells whether pattern matches the whole of s.
func Match(pattern, s []byte) bool { return match(pattern, s, false) }

// MatchFold is [Match] that takes no notice of the case of ASCII letters, escaped ones in
// a class excepted.
func MatchFold(pattern, s []byte) bool { return match(pattern, s, true) }

// match walks pattern and s side by side. Each element of a pattern but the star takes
// one byte of s, so when it fails only the last star has to take one more.
func match(pattern, s []byte, fold bool) bool {
	if len(s) == 0 {
		return len(pattern) == 0
	}
	p, i := 0, 0
	afterStar, tried := -1, 0 // where to go on in pattern and in s
	for i < len(s) {
		if p < len(pattern) && pattern[p] == '*' {
			for p < len(pattern) && pattern[p] == '*' {
				p++
			}
			if p == len(pattern) {
				return true
			}
			afterStar, tried = p, i
			continue
		}
		if p < len(pattern) {
			if size, ok := one(pattern[p:], s[i], fold); ok {
				p += size
				i++
				continue
			}
		}
		if afterStar < 0 {
			return false
		}
		tried++
		if c := pattern[afterStar]; !fold && c != '?' && c != '[' && c != '\\' {
			skip := bytes.IndexByte(s[tried:], c)
			if skip < 0 {
				return false
			}
			tried += skip
		}
		p, i = afterStar, tried
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// one tells whether the first element of pattern, which is no star, matches c, and how
// many bytes of the pattern it is. The size counts only if it matches.
func one(pattern []byte, c byte, fold bool) (size int, ok bool) {
	switch pattern[0] {
	case '?':
		return 1, true
	case '[':
		return class(pattern, c, fold)
	case '\\':
		if len(pattern) > 1 {
			return 2, same(pattern[1], c, fold)
		}
	}
	return 1, same(pattern[0], c, fold)
}

// class is [one] for a pattern that begins with a class.
func class(pattern []byte, c byte, fold bool) (size int, ok bool) {
	at := 1
	not := at < len(pattern) && pattern[at] == '^'
	if not {
		at++
	}
	for at < len(pattern) && (pattern[at] != ']') {
		rest := pattern[at:]
		switch {
		case len(rest) >= 2 && rest[0] == '\\':
			ok = ok || rest[1] == c
			at += 2
		case len(rest) >= 3 && rest[1] == '-':
			ok = ok || within(rest[0], rest[2], c, fold)
			at += 3
		default:
			ok = ok || same(rest[0], c, fold)
			at++
		}
	}
	return min(at+1, len(pattern)), ok != not
}

// within tells whether c lies between two bytes, in either order. Fold comes after the
// order has been found, and bytes are signed, because it is so in Redis.
func within(from, to, c byte, fold bool) bool {
	low, high := int8(from), int8(to)
	if low > high {
		low, high = high, low
	}
	if fold {
		return int8(lower(byte(low))) <= int8(lower(c)) && int8(lower(c)) <= int8(lower(byte(high)))
	}
	return low <= int8(c) && int8(c) <= high
}

func same(a, b byte, fold bool) bool { return a == b || (fold && lower(a) == lower(b)) }

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c | 0x20
	}
	return c
}
