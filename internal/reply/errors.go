// SPDX-License-Identifier: Apache-2.0

package reply

// Error is an error that the client sees, exactly as it goes over the wire. Its first
// word is the code by which client libraries tell errors apart.
type Error string

// Error returns e as it goes over the wire.
func (e Error) Error() string { return string(e) }

// The errors that several families share. A command's own errors stand beside it.
const (
	ErrSyntax       Error = "ERR syntax error"
	ErrNotInt       Error = "ERR value is not an integer or out of range"
	ErrNotFloat     Error = "ERR value is not a valid float"
	ErrOutOfRange   Error = "ERR value is out of range"
	ErrNotPositive  Error = "ERR value is out of range, must be positive"
	ErrOverflow     Error = "ERR increment or decrement would overflow"
	ErrNaN          Error = "ERR resulting score is not a number (NaN)"
	ErrNaNOrInf     Error = "ERR increment would produce NaN or Infinity"
	ErrWrongType    Error = "WRONGTYPE Operation against a key holding the wrong kind of value"
	ErrNoSuchKey    Error = "ERR no such key"
	ErrStringTooBig Error = "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
	ErrOffset       Error = "ERR offset is out of range"
	ErrDBIndex      Error = "ERR DB index is out of range"
	ErrNoAuth       Error = "NOAUTH Authentication required."
	ErrOOM          Error = "OOM command not allowed when used memory > 'maxmemory'."
	ErrExecAbort    Error = "EXECABORT Transaction discarded because of previous errors."
)

// ErrArity is the answer to a call with too few or too many arguments. name is the
// command as Redis names it here: in lower case, a subcommand as "client|kill".
func ErrArity(name string) Error {
	return Error("ERR wrong number of arguments for '" + name + "' command")
}

// ErrExpire is the answer to a lifetime that cannot be: zero, negative or beyond 64 bits.
// name is the command in lower case.
func ErrExpire(name string) Error {
	return Error("ERR invalid expire time in '" + name + "' command")
}
