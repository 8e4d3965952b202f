// SPDX-License-Identifier: Apache-2.0

package resp

import (
	"slices"

	"stampede/internal/assert"
)

// Limits is how much one call may be.
type Limits struct {
	BulkBytesMax       int // of one argument
	ArgsMax            int // of one call, its name included
	InlineBytesMax     int // of a line: an inline call, or a count before an argument
	UnauthArgsMax      int // ArgsMax while the connection has not authenticated
	UnauthBulkBytesMax int // BulkBytesMax while the connection has not authenticated
}

// DefaultLimits returns the limits of a server whose configuration names no others.
func DefaultLimits() Limits {
	return Limits{
		BulkBytesMax:       512 << 20,
		ArgsMax:            1 << 20,
		InlineBytesMax:     64 << 10,
		UnauthArgsMax:      10,
		UnauthBulkBytesMax: 16 << 10,
	}
}

const (
	// argBytesMin is the least an argument takes on the wire: $0, its end, and an end again.
	argBytesMin = 6
	// quickArgsMax is how many arguments a call may have to be read in one go.
	quickArgsMax = 1024
	// spansKept is the capacity that survives the call it was needed for.
	spansKept = 256
)

// Parser turns the bytes of one connection into calls. Make it with [NewParser].
//
// Between two calls of [Parser.Next] it keeps what it knows about a call that has not
// wholly come, as offsets from the start of that call: the caller may move those bytes
// to another place meanwhile. So no byte is looked at more than a few times, however
// the calls are cut into reads.
type Parser struct {
	// Limits may be changed between calls.
	Limits Limits
	// Unauthenticated makes the stricter limits count. As long as it is set the caller
	// has to run each call before it asks for the next, which may be what clears it.
	Unauthenticated bool

	at      int    // offset of the line or argument to read next
	scanned int    // bytes of the line at at that are known not to end it
	left    int    // arguments still to come; 0 before the count has been read
	bulk    int    // bytes of the argument at at; negative before its line has been read
	seen    int    // bytes of the call that Next was last shown
	spans   []span // arguments that have come
}

// span is where an argument lies within its call.
type span struct{ at, size int }

// NewParser returns a parser at the start of a connection.
func NewParser(limits Limits) Parser { return Parser{Limits: limits} }

// Next finds the call at the start of buf, which is all that has come and has not been
// consumed. It returns the arguments, the name of the command first, appended to dst as
// views into buf, and how many bytes the call takes: the caller consumes these.
//
// If n is 0 and err is nil the call is not whole: Next has to be called again with the
// same bytes and more behind them. If n is above 0 and no argument was appended it was
// an empty line or an empty array, to which there is no reply. An error is a
// [ProtocolError]; after it only [Parser.Reset] may be called.
//
// Next allocates only if dst is too small, if a call has come in pieces, or for an
// inline argument in which quotes or escapes stand.
func (p *Parser) Next(buf []byte, dst [][]byte) (argv [][]byte, n int, err error) {
	if p.left == 0 && p.scanned == 0 && !p.Unauthenticated {
		if argv, n = p.quick(buf, dst); n > 0 {
			return argv, n, nil
		}
	}
	return p.resume(buf, dst)
}

// Need returns how many bytes at least are missing of the call that Next found not
// whole, or 0 if that is not known. It is what the client announced: good for sizing a
// read, but memory is to be taken for bytes that have come only.
func (p *Parser) Need() int {
	if p.left == 0 {
		return 0
	}
	whole := p.at + argBytesMin*p.left
	if p.bulk >= 0 {
		whole += p.bulk + 2 - argBytesMin
	}
	return max(whole-p.seen, 0)
}

// Reset forgets the half-read call.
func (p *Parser) Reset() {
	p.at, p.scanned, p.left, p.bulk, p.seen = 0, 0, 0, 0, 0
	if cap(p.spans) > spansKept {
		p.spans = nil
	}
	p.spans = p.spans[:0]
}

// quick reads a call that is whole, well-formed and not large, without keeping state.
// It returns n == 0 for all others, which resume then judges.
func (p *Parser) quick(buf []byte, dst [][]byte) (argv [][]byte, n int) {
	if len(buf) == 0 || buf[0] != '*' {
		return dst, 0
	}
	args, at := length(buf, 1)
	if at == 0 || args == 0 || args > min(quickArgsMax, p.Limits.ArgsMax) {
		return dst, 0
	}
	argv = dst
	for range args {
		if at >= len(buf) || buf[at] != '$' {
			return dst, 0
		}
		size, start := length(buf, at+1)
		if start == 0 || size > p.Limits.BulkBytesMax || len(buf)-start < size+2 {
			return dst, 0
		}
		argv = append(argv, buf[start:start+size:start+size])
		at = start + size + 2
	}
	return argv, at
}

// length reads the number of at most nine digits at buf[at:] and the two bytes that end
// its line. It returns the offset behind these, or 0 if the line is not of that form.
func length(buf []byte, at int) (value, next int) {
	for i := at; i < len(buf)-1 && i-at < 10; i++ {
		digit := buf[i] - '0'
		if digit > 9 {
			if buf[i] != '\r' || i == at || (buf[at] == '0' && i > at+1) {
				return 0, 0
			}
			return value, i + 2
		}
		value = value*10 + int(digit)
	}
	return 0, 0
}

// resume reads on in a call where the last look at it ended.
func (p *Parser) resume(buf []byte, dst [][]byte) (argv [][]byte, n int, err error) {
	p.seen = len(buf)
	if len(buf) == 0 {
		return dst, 0, nil
	}
	if p.left == 0 {
		if buf[0] != '*' {
			return p.inline(buf, dst)
		}
		whole, err := p.readCount(buf)
		if err != nil || !whole {
			return dst, 0, err
		}
		if p.left == 0 {
			n = p.at
			p.Reset()
			return dst, n, nil
		}
	}
	whole, err := p.readArgs(buf)
	if err != nil || !whole {
		return dst, 0, err
	}
	argv = slices.Grow(dst, len(p.spans))
	for _, s := range p.spans {
		argv = append(argv, buf[s.at:s.at+s.size:s.at+s.size])
	}
	n = p.at
	p.Reset()
	return argv, n, nil
}

// readCount reads the line that says how many arguments the call has. Afterwards left
// is that number, or 0 if it is not above 0.
func (p *Parser) readCount(buf []byte) (whole bool, err error) {
	end, err := p.lineEnd(buf, '\r', errArgsTooBig)
	if err != nil || end < 0 || end+1 >= len(buf) {
		return false, err
	}
	count, ok := ParseInt(buf[1:end])
	if !ok || count > int64(p.Limits.ArgsMax) {
		return false, errArgsInvalid
	}
	if p.Unauthenticated && count > int64(p.Limits.UnauthArgsMax) {
		return false, errArgsUnauth
	}
	p.at, p.scanned = end+2, 0
	p.left, p.bulk = int(max(count, 0)), -1
	return true, nil
}

// readArgs reads arguments up to the last one or up to one that has not wholly come.
func (p *Parser) readArgs(buf []byte) (whole bool, err error) {
	for p.left > 0 {
		if p.bulk < 0 {
			known, err := p.readBulk(buf)
			if err != nil || !known {
				return false, err
			}
		}
		if len(buf)-p.at < p.bulk+2 {
			return false, nil
		}
		p.spans = append(p.spans, span{p.at, p.bulk})
		p.at += p.bulk + 2
		p.bulk = -1
		p.left--
	}
	assert.That(p.at <= len(buf), "resp: a call ends behind its bytes")
	return true, nil
}

// readBulk reads the line that says how many bytes the next argument has.
func (p *Parser) readBulk(buf []byte) (known bool, err error) {
	end, err := p.lineEnd(buf, '\r', errBulkTooBig)
	if err != nil || end < 0 || end+1 >= len(buf) {
		return false, err
	}
	line := buf[p.at:end]
	if buf[p.at] != '$' {
		return false, ProtocolError("expected '$', got '" + string(buf[p.at:p.at+1]) + "'")
	}
	size, ok := ParseInt(line[1:])
	if !ok || size < 0 || size > int64(p.Limits.BulkBytesMax) {
		return false, errBulkInvalid
	}
	if p.Unauthenticated && size > int64(p.Limits.UnauthBulkBytesMax) {
		return false, errBulkUnauth
	}
	p.at, p.scanned = end+2, 0
	p.bulk = int(size)
	return true, nil
}

// lineEnd returns the offset of the byte that ends the line at p.at, or -1 if it has not
// come. A line with a zero byte never ends, as in Redis, but becomes too long one day.
func (p *Parser) lineEnd(buf []byte, stop byte, tooBig ProtocolError) (int, error) {
	limit := min(len(buf), p.at+p.Limits.InlineBytesMax+1)
	for i := p.at + p.scanned; i < limit; i++ {
		if buf[i] == stop {
			p.scanned = i - p.at
			return i, nil
		}
		if buf[i] == 0 {
			limit = i
		}
	}
	if len(buf)-p.at > p.Limits.InlineBytesMax {
		return -1, tooBig
	}
	p.scanned = max(p.scanned, limit-p.at)
	return -1, nil
}
