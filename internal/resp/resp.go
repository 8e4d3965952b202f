// SPDX-License-Identifier: Apache-2.0

// Package resp is the wire format, RESP2 and RESP3, in both directions: bytes in,
// calls or replies out, and the other way round.
//
// A [Parser] finds the calls in what a client has sent, as views into the caller's
// bytes. The Append functions write replies (and, for clients, calls) behind a slice.
// [NextReply] and [SkipReply] read replies where we are the client. [ParseInt],
// [ParseDouble] and [FormatDouble] are the forms numbers have on the wire and in values.
//
// # Ownership
//
// Nothing here is shared: a Parser belongs to its connection, everything else is a
// function of its arguments. There is no lock, no goroutine and no socket. A view is
// good for as long as the bytes it looks at stay where they are; who owns the buffer
// decides how long that is.
//
// # What is not here
//
// Sockets and buffers (the server), what a call means and the texts of its errors (the
// commands), and the limit on the bytes a connection may have pending.
package resp

// Proto is the version of the protocol a connection speaks.
type Proto uint8

// The two versions; a connection begins with RESP2 until it says HELLO 3.
const (
	RESP2 Proto = 2
	RESP3 Proto = 3
)

// Kind tells the type of a reply: it is the first byte of it on the wire.
type Kind byte

// The kinds of replies. Those after KindArray exist in RESP3 only.
const (
	KindSimple    Kind = '+'
	KindError     Kind = '-'
	KindInt       Kind = ':'
	KindBulk      Kind = '$'
	KindArray     Kind = '*'
	KindNull      Kind = '_'
	KindBool      Kind = '#'
	KindDouble    Kind = ','
	KindBigNumber Kind = '('
	KindBulkError Kind = '!'
	KindVerbatim  Kind = '='
	KindMap       Kind = '%'
	KindSet       Kind = '~'
	KindPush      Kind = '>'
	KindAttribute Kind = '|'
)

// ProtocolError is bytes that are no call or no reply. The stream cannot be read on
// behind it: a server answers it (as "ERR " and the text) and closes the connection.
type ProtocolError string

// Error returns the text as Redis words it, without the error code before it.
func (e ProtocolError) Error() string { return "Protocol error: " + string(e) }

// What can be wrong with a call.
const (
	errArgsInvalid  ProtocolError = "invalid multibulk length"
	errBulkInvalid  ProtocolError = "invalid bulk length"
	errArgsUnauth   ProtocolError = "unauthenticated multibulk length"
	errBulkUnauth   ProtocolError = "unauthenticated bulk length"
	errInlineTooBig ProtocolError = "too big inline request"
	errArgsTooBig   ProtocolError = "too big mbulk count string"
	errBulkTooBig   ProtocolError = "too big bulk count string"
	errQuotes       ProtocolError = "unbalanced quotes in request"
)
