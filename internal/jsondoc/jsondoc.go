// SPDX-License-Identifier: Apache-2.0

// Package jsondoc keeps a JSON document as one packed string of bytes, reads any part of it
// where it lies, and changes it by copying it once.
//
// [Append] makes a document of JSON text. [Root] and [Value] read it: a value is skipped by
// its size, a member is found by the number of its name, and nothing is unpacked or
// allocated. [Apply] copies a document and carries out a list of [Edit] on the way, so a
// call happens as a whole or not at all; [Overwrite] is the shortcut for values that keep
// their size. [Value.AppendText] makes text again, every number as it was written, all
// members in their order. docs/formats/jsondoc.md draws the bytes.
//
// # Ownership
//
// A document is a slice that its caller owns, as a rule in a block of a shard's arena. The
// member names that documents share stand in the [Names] of their shard: a document is read
// with the Names that it was made with, and [Transcode] takes it to others. One goroutine
// uses a Names and its documents at a time; there is no lock and no clock. Views (texts,
// names, values) are good until the document's bytes change.
//
// Bytes of unknown origin go through [Import] first; all other functions take a well-formed
// document for granted.
//
// # What is not here
//
// Paths (package jsonpath), keys and memory (package keyspace), what a command means.
package jsondoc

import (
	"errors"
	"fmt"
)

const (
	// DepthMax is how deep arrays and objects may lie within one another.
	DepthMax = 128

	// TextBytesMax is the length that no JSON text may exceed, and no document either.
	TextBytesMax = 512 << 20
)

var (
	// ErrDepth refuses a change that would nest deeper than DepthMax.
	ErrDepth = errors.New("nested too deeply")

	// ErrTooLarge refuses a change that would make a document longer than TextBytesMax.
	ErrTooLarge = errors.New("document is too large")
)

// SyntaxError tells why a text is no JSON, and where.
type SyntaxError struct {
	Offset int    // of the byte at which it cannot go on, from 0
	Reason string // in words, without the place
}

// Error names the reason and the place.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s at offset %d", e.Reason, e.Offset)
}

// Kind is what a value is.
type Kind uint8

// The kinds. A number is an Integer if it is written without fraction and exponent and
// fits 64 bits; all others (1.0, 1e3, -0, 2^64) are of kind Number.
const (
	Missing Kind = iota // of a Value that does not exist
	Null
	Bool
	Integer
	Number
	String
	Array
	Object
)

// String is the name of the kind, for messages.
func (k Kind) String() string {
	return [...]string{"missing", "null", "boolean", "integer", "number", "string", "array",
		"object"}[k]
}
