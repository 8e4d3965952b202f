// SPDX-License-Identifier: Apache-2.0

// Package assert states what must be so for the program to be right.
//
// An assertion guards against our own mistakes: it panics, because to go on would
// be to go on wrong. What the world does wrong (a bad call, a full disk) is an
// error and never an assertion. Checks that walk a whole structure stand behind
// [Slow], which is compiled in by the build tag slowassert only.
package assert

// That panics with message unless ok. The message is a constant that begins with the
// name of the package, so that a call costs one branch and no allocation.
func That(ok bool, message string) {
	if !ok {
		panic(message)
	}
}
