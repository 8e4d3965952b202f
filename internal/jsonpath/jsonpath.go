// SPDX-License-Identifier: Apache-2.0

// Package jsonpath finds values in JSON documents by paths of RFC 9535.
//
// [Parse] makes a [Path] of a text and [Path.Select] finds what it leads to in a document of
// package jsondoc. All of the RFC is here: names, indexes, slices, wildcards, descendants,
// filters with comparisons and tests, the functions length, count, value, match and search
// with their types, and I-Regexp (RFC 9485) for the latter two.
//
// # Legacy paths
//
// A text that is not $ nor begins with $ and one of . [ and white space is a path of
// RedisJSON's first version: . is the root, and .a.b[0], a.b[0], ["a"].b, ..a and $a (which
// is a member called so) begin there without a $. [Path.Legacy] tells it, as commands reply
// otherwise to it.
//
// # Beyond the RFC
//
// Parse takes what RedisJSON takes, too, where the RFC calls it malformed. [ParseStrict] does
// not.
//
//   - A name behind a dot may begin with a digit and hold - ` ~ + # % $ ^ / and : so that
//     $.unit-price and $.user:1 need no quotes.
//   - A dot may stand before a bracket: $.["a"].[0].
//   - In a filter, text =~ pattern is true if any part of the text has the pattern, which is
//     one of Go's package regexp, such as "(?i)^blue". A malformed one matches nothing.
//
// RedisJSON's answers are followed where the RFC leaves it open: members come in the order of
// the document. They are not where they differ from the RFC: a filter on an object tests its
// members and not the object.
//
// # Ownership and cost
//
// A Path is never changed and may be shared; [Cache] keeps parsed ones for all goroutines.
// Select uses the document and writes nothing but its result. A singular path, names and
// indexes only, goes straight to its value. All others count what they visit and stop at
// [Limits]; patterns take linear time. Texts are bounded by TextBytesMax and NestingMax.
//
// # What is not here
//
// Changing a document (package jsondoc), what commands do with matches, the additions of
// RedisJSON 8 (in, nin, arithmetic, arrays and objects as literals).
package jsonpath
