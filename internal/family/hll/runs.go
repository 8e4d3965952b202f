// SPDX-License-Identifier: Apache-2.0

package hll

// The registers of a sparse sketch are runs of equal ones:
//
//	00nnnnnn           1 to 64 registers of 0
//	01nnnnnn nnnnnnnn  1 to 16384 registers of 0
//	1vvvvvnn           1 to 4 registers of 1 to 32
//
// Who wrote them may be a client, so every reader copes with any bytes.
const (
	zerosMax     = 64
	runMax       = 4
	runValueMax  = 32
	mergeScanMax = 5 // runs that are looked at for equal neighbours
)

// run is some registers in a row.
type run struct {
	value byte
	n     int // registers
	bytes int // that it takes
}

// runAt is the run at the beginning of body, which must not be empty. One that is cut off in
// its middle is read as if a zero byte followed.
func runAt(body []byte) run {
	first := body[0]
	switch {
	case first&0x80 != 0:
		return run{value: first>>2&0x1F + 1, n: int(first&3) + 1, bytes: 1}
	case first&0x40 == 0:
		return run{n: int(first&0x3F) + 1, bytes: 1}
	}
	n := int(first&0x3F) << 8
	if len(body) > 1 {
		n |= int(body[1])
	}
	return run{n: n + 1, bytes: 2}
}

func appendZeros(dst []byte, n int) []byte {
	if n > zerosMax {
		return append(dst, byte((n-1)>>8)|0x40, byte(n-1))
	}
	return append(dst, byte(n-1))
}

func appendRun(dst []byte, value byte, n int) []byte {
	return append(dst, 0x80|(value-1)<<2|byte(n-1))
}

// appendPart appends n registers of the run's value, none if n is 0.
func (r run) appendPart(dst []byte, n int) []byte {
	switch {
	case n == 0:
		return dst
	case r.value == 0:
		return appendZeros(dst, n)
	}
	return appendRun(dst, r.value, n)
}

// eachRun visits the runs of a sparse sketch with their first registers, up to one that goes
// beyond the last register; it tells whether they are all the registers and no more.
func (s sketch) eachRun(visit func(first int, r run)) (ok bool) {
	first := 0
	for body := s[headBytes:]; len(body) > 0; {
		r := runAt(body)
		if first+r.n > registers {
			return false
		}
		visit(first, r)
		first += r.n
		body = body[min(r.bytes, len(body)):]
	}
	return first == registers
}

// dense is a dense sketch with the registers of a sparse one; ok is false if these make no
// sense.
func (s sketch) dense() (d sketch, ok bool) {
	d = make(sketch, denseBytes)
	copy(d, s[:headBytes])
	d[encodingAt] = denseEncoding
	ok = s.eachRun(func(first int, r run) {
		if r.value == 0 {
			return
		}
		for i := range r.n {
			d.setRegister(first+i, r.value)
		}
	})
	return d, ok
}

// outcome is what came of raising a register.
type outcome uint8

const (
	same    outcome = iota // it was as high already
	raised                 // it is higher now
	corrupt                // the sketch makes no sense
)

// raise lets a register be at least rank. It changes s in place or returns a longer one, dense
// if the sparse one would have more than limit bytes.
func (s sketch) raise(register int, rank byte, limit int) (sketch, outcome) {
	if s.isDense() {
		if s.register(register) >= rank {
			return s, same
		}
		s.setRegister(register, rank)
		s[staleAt] |= stale
		return s, raised
	}
	if rank > runValueMax {
		return s.raiseDense(register, rank)
	}
	at, before, first := headBytes, -1, 0
	var r run
	for ; at < len(s); at += r.bytes {
		if r = runAt(s[at:]); register < first+r.n {
			break
		}
		before = at
		first += r.n
	}
	switch {
	case at >= len(s), at+r.bytes > len(s):
		return s, corrupt
	case r.value >= rank:
		return s, same
	case r.n == 1 && r.bytes == 1:
		appendRun(s[at:at], rank, 1)
		return s.joinRuns(before), raised
	}
	var room [5]byte
	parts := r.appendPart(room[:0], register-first)
	parts = appendRun(parts, rank, 1)
	parts = r.appendPart(parts, first+r.n-1-register)
	if len(parts) > r.bytes && len(s)+len(parts)-r.bytes > limit {
		return s.raiseDense(register, rank)
	}
	return s.replace(at, r.bytes, parts).joinRuns(before), raised
}

// replace puts other bytes in the place of n at an offset.
func (s sketch) replace(at, n int, parts []byte) sketch {
	behind := min(at+n, len(s))
	grown := len(s) - (behind - at) + len(parts)
	for len(s) < grown {
		s = append(s, 0)
	}
	old := len(s)
	copy(s[at+len(parts):], s[behind:old])
	copy(s[at:], parts)
	return s[:grown]
}

func (s sketch) raiseDense(register int, rank byte) (sketch, outcome) {
	d, ok := s.dense()
	if !ok {
		return s, corrupt
	}
	return d.raise(register, rank, 0)
}

// joinRuns lets neighbours that are equal become one run, near the run at the given offset, or
// near the first if that is negative; the estimate is out of date then.
func (s sketch) joinRuns(at int) sketch {
	at = max(at, headBytes)
	for scanned := 0; at < len(s) && scanned < mergeScanMax; scanned++ {
		r := runAt(s[at:])
		if r.value != 0 && at+1 < len(s) {
			next := runAt(s[at+1:])
			if next.value == r.value && r.n+next.n <= runMax {
				appendRun(s[at:at], r.value, r.n+next.n)
				s = append(s[:at+1], s[at+2:]...)
				continue
			}
		}
		at += r.bytes
	}
	s[staleAt] |= stale
	return s
}
