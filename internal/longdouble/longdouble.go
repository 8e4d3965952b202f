// SPDX-License-Identifier: Apache-2.0

// Package longdouble adds decimal texts the way INCRBYFLOAT and HINCRBYFLOAT do on x86:
// with 64 bits of mantissa, so that 0.1 and 0.2 make 0.3, and printed with at most 17
// digits behind the point.
//
// It is slow (it allocates) and used by nothing but those two commands and the timeouts of
// calls that wait.
package longdouble

import (
	"math/big"
	"strings"
)

const (
	mantissaBits = 64
	exponentMax  = 16384  // of the 80-bit format: what is larger is infinite,
	exponentMin  = -16445 // and what is smaller is lost
	digitsMax    = 17
	textMax      = 5 * 1024 // longer texts are no numbers
)

// Parse reads what C's strtold reads from a whole text, but neither NaN nor a text that
// begins with a space. ok is false for anything else.
func Parse(text string) (f *big.Float, ok bool) {
	if text == "" || len(text) > textMax || strings.ContainsAny(text, "_ \t\n\v\f\r") {
		return nil, false
	}
	base := 10
	digits := strings.ToLower(strings.TrimLeft(text, "+-"))
	if strings.HasPrefix(digits, "0x") {
		base = 0
	} else if strings.Contains(digits, "p") {
		return nil, false // an exponent of two, which package big reads behind decimals, too
	}
	if digits == "infinity" {
		text = text[:len(text)-len("inity")]
	}
	f, _, err := big.ParseFloat(strings.ToLower(text), base, mantissaBits, big.ToNearestEven)
	if err != nil {
		return nil, false
	}
	if exponent := f.MantExp(nil); exponent > exponentMax || exponent < exponentMin {
		return nil, false
	}
	return f, true
}

// Add returns a+b and false if that is infinite or not a number.
func Add(a, b *big.Float) (sum *big.Float, ok bool) {
	if a.IsInf() || b.IsInf() {
		return nil, false
	}
	sum = new(big.Float).SetPrec(mantissaBits).Add(a, b)
	return sum, sum.MantExp(nil) <= exponentMax
}

// Text prints f without an exponent and without zeros at the end.
func Text(f *big.Float) string {
	text := f.Text('f', digitsMax)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	if text == "-0" {
		return "0"
	}
	return text
}
