// SPDX-License-Identifier: Apache-2.0

package rdb

import (
	"errors"
	"fmt"
	"strconv"
)

// What can be wrong with a file or a dump; an [*Error] says where.
var (
	// ErrFormat: it is no RDB file at all.
	ErrFormat = errors.New("not an RDB file")
	// ErrVersion: it is one of a version that is not read here.
	ErrVersion = errors.New("RDB version not supported")
	// ErrTruncated: it ends too early.
	ErrTruncated = errors.New("the file ends here, in the middle")
	// ErrMalformed: the bytes cannot be what they should be.
	ErrMalformed = errors.New("malformed")
	// ErrTooLong: a string is longer than the options allow.
	ErrTooLong = errors.New("string too long")
	// ErrChecksum: all was readable, but it is not what was written.
	ErrChecksum = errors.New("the checksum does not match")
	// ErrType: there is no such type of value, or only other servers have it.
	ErrType = errors.New("type of value not supported")

	// ErrModule: the value is of a module that is not among the options. The reader can go
	// on: the next Next leaves the key out.
	ErrModule = errors.New("value of a module that is not known here")
)

// Error says where and why a file or a dump cannot be read. Whoever wants to know the
// cause asks errors.Is for one of the errors above or for what the source returned.
type Error struct {
	Err    error
	Offset int64  // bytes of the file read when it showed
	Key    []byte // the key whose value was being read; nil outside of one, or in a dump
	DB     int    // the database of the key
}

// keyShownMax is how much of a key stands in an error's text, in bytes.
const keyShownMax = 64

// Error gives the text: the byte, the key if there is one, and the cause.
func (e *Error) Error() string {
	text := "rdb: at byte " + strconv.FormatInt(e.Offset, 10)
	if e.Key != nil {
		key, more := e.Key, ""
		if len(key) > keyShownMax {
			key, more = key[:keyShownMax], "…"
		}
		text += fmt.Sprintf(", key %q%s of database %d", key, more, e.DB)
	}
	return text + ": " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// malformed makes an error that says what is wrong.
func malformed(what string) error { return fmt.Errorf("%w: %s", ErrMalformed, what) }

// fault wraps an error with the place where the reader is. It does not stop the reader.
func (r *Reader) fault(err error) error {
	e := &Error{Err: err, Offset: r.Offset(), DB: r.item.DB}
	if r.inKey {
		e.Key = append([]byte{}, r.item.Key[:min(len(r.item.Key), keyShownMax+1)]...)
	}
	return e
}

// fail stops the reader: everything it is asked from now on ends in the first error.
func (r *Reader) fail(err error) {
	if r.err == nil {
		r.err = r.fault(err)
	}
}
