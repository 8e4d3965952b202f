// SPDX-License-Identifier: Apache-2.0

package command

import (
	"math"
	"math/big"

	"stampede/internal/longdouble"
	"stampede/internal/reply"
	"stampede/internal/resp"
)

// Args reads the arguments of a call from left to right.
//
// The first failure sticks: later reads return zero values, so a handler reads everything
// it wants and asks for [Args.Err] once, at the end.
type Args struct {
	rest [][]byte
	err  error
}

// NewArgs reads the given arguments.
func NewArgs(args [][]byte) Args { return Args{rest: args} }

// Err is the first failure, or nil.
func (a *Args) Err() error { return a.err }

// Fail makes err the failure unless there is one already.
func (a *Args) Fail(err error) {
	if a.err == nil {
		a.err = err
	}
	a.rest = nil
}

// More tells whether there is something left to read.
func (a *Args) More() bool { return len(a.rest) > 0 }

// Left is the number of arguments not yet read.
func (a *Args) Left() int { return len(a.rest) }

// Rest reads all that is left. The slice is a view and must not be changed.
func (a *Args) Rest() [][]byte {
	rest := a.rest
	a.rest = nil
	return rest
}

// Take reads n arguments; fewer than n left is a syntax error.
func (a *Args) Take(n int) [][]byte {
	if n < 0 || n > len(a.rest) {
		a.Fail(reply.ErrSyntax)
		return nil
	}
	taken := a.rest[:n:n]
	a.rest = a.rest[n:]
	return taken
}

// Peek is the next argument without reading it; nil if there is none.
func (a *Args) Peek() []byte {
	if len(a.rest) == 0 {
		return nil
	}
	return a.rest[0]
}

// Bytes reads one argument as it is. A missing one is a syntax error.
func (a *Args) Bytes() []byte {
	if len(a.rest) == 0 {
		a.Fail(reply.ErrSyntax)
		return nil
	}
	b := a.rest[0]
	a.rest = a.rest[1:]
	return b
}

// Int reads a 64-bit integer in the only form that Redis accepts: no sign but a minus, no
// leading zeros, no space.
func (a *Args) Int() int64 { return a.IntOr(reply.ErrNotInt) }

// IntOr is [Args.Int] with the failure that a command has of its own.
func (a *Args) IntOr(failure reply.Error) int64 {
	b := a.Bytes()
	if a.err != nil {
		return 0
	}
	n, ok := resp.ParseInt(b)
	if !ok {
		a.Fail(failure)
	}
	return n
}

// IntFrom is [Args.IntOr] for an integer that must not be below least.
func (a *Args) IntFrom(least int64, failure reply.Error) int64 {
	n := a.IntOr(failure)
	if n < least {
		a.Fail(failure)
	}
	return n
}

// Int32 reads an integer of 32 bits, as numbers of databases are.
func (a *Args) Int32() int {
	n := a.Int()
	if n < math.MinInt32 || n > math.MaxInt32 {
		a.Fail(reply.Error("ERR value is out of range, value must between -2147483648 and 2147483647"))
	}
	return int(n)
}

// Float reads a floating point number, infinities included and NaN excluded.
func (a *Args) Float() float64 { return a.FloatOr(reply.ErrNotFloat) }

// FloatOr is [Args.Float] with the failure that a command has of its own.
func (a *Args) FloatOr(failure reply.Error) float64 {
	b := a.Bytes()
	if a.err != nil {
		return 0
	}
	f, ok := resp.ParseDouble(b)
	if !ok {
		a.Fail(failure)
	}
	return f
}

// Timeout reads for how long a call waits, in seconds, and makes it the Unix time when it
// gives up, in milliseconds; 0: never.
func (a *Args) Timeout(nowMs int64) (untilMs int64) { return a.TimeoutOf(a.Bytes(), nowMs) }

// TimeoutOf is Timeout for an argument that was read before.
func (a *Args) TimeoutOf(text []byte, nowMs int64) (untilMs int64) {
	if a.err != nil {
		return 0
	}
	ms, ok := resp.ParseInt(text)
	if ok && ms > -timeoutSecondsMax && ms < timeoutSecondsMax {
		ms *= 1000
	} else if f, ok := longdouble.Parse(string(text)); ok {
		ms = ceilMs(f)
	} else {
		a.Fail(reply.Error("ERR timeout is not a float or out of range"))
		return 0
	}
	switch {
	case ms < 0:
		a.Fail(reply.Error("ERR timeout is negative"))
		return 0
	case ms == 0 || ms > math.MaxInt64-nowMs:
		return 0
	}
	return nowMs + ms
}

// timeoutSecondsMax is beyond what is worth a short way.
const timeoutSecondsMax = 1 << 40

// ceilMs makes seconds milliseconds, the next whole number of them above; what is too large
// is negative, as in Redis.
func ceilMs(seconds *big.Float) int64 {
	if seconds.IsInf() {
		return -1
	}
	product := new(big.Float).SetPrec(seconds.Prec()).Mul(seconds, big.NewFloat(1000))
	ms, accuracy := product.Int64()
	switch {
	case ms == math.MaxInt64:
		return -1
	case accuracy == big.Below && product.Sign() > 0:
		ms++
	}
	return ms
}

// Opt reads the next argument if it is the given word in any case. word is in capitals.
func (a *Args) Opt(word string) bool {
	if len(a.rest) == 0 || !EqualFold(a.rest[0], word) {
		return false
	}
	a.rest = a.rest[1:]
	return true
}

// EqualFold tells whether b is word in any case of ASCII letters. word is in capitals.
func EqualFold(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i, ch := range b {
		if 'a' <= ch && ch <= 'z' {
			ch -= 'a' - 'A'
		}
		if ch != word[i] {
			return false
		}
	}
	return true
}
