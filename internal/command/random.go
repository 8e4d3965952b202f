// SPDX-License-Identifier: Apache-2.0

package command

import (
	"math"

	"stampede/internal/reply"
)

// RepeatMax bounds how many elements a call like HRANDFIELD with a negative count can ask
// for. Redis knows no such bound and fills its memory instead.
const RepeatMax = 1 << 26

const errRandomCount reply.Error = "ERR value is out of range, " +
	"value must between -9223372036854775807 and 9223372036854775807"

// RandomCount reads what stands behind the key of HRANDFIELD and its relatives: a count,
// negative if elements may come twice, and perhaps the given word.
func (a *Args) RandomCount(word string) (count int64, with bool) {
	count = a.Int()
	if count == math.MinInt64 {
		a.Fail(errRandomCount)
	}
	with = a.Opt(word)
	switch {
	case a.More():
		a.Fail(reply.ErrSyntax)
	case with && (count < -math.MaxInt64/2 || count > math.MaxInt64/2), count < -RepeatMax:
		a.Fail(reply.ErrOutOfRange)
	}
	return count, with
}
