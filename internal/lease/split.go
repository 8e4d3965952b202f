// SPDX-License-Identifier: Apache-2.0

package lease

import "math"

// Split visits the effects of calls one by one, each with the key of its lock: locks of one
// table may come to different ones. It is false if the bytes are not effects on locks.
func Split(effects []byte, visit func(key, effect []byte)) bool {
	r := reader{rest: effects}
	for len(r.rest) > 0 {
		before := r.rest
		op := r.byte()
		r.number(TimeMsMax)
		key := r.name(0, KeyBytesMax)
		r.name(1, TokenBytesMax)
		switch op {
		case opGrant:
			r.number(FenceMax)
			r.number(TimeMsMax + LeaseMsMax)
			r.number(1)
			r.number(math.MaxUint64)
		case opEnd:
		default:
			return false
		}
		if r.fault {
			return false
		}
		visit(key, before[:len(before)-len(r.rest)])
	}
	return true
}
