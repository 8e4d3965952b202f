// SPDX-License-Identifier: Apache-2.0

package loadgen

import (
	"errors"
	"fmt"

	"github.com/HdrHistogram/hdrhistogram-go"

	"stampede/internal/resp"
)

// errUnasked is what a server gets that sends more replies than it got calls.
var errUnasked = errors.New("more replies than calls")

// latencyMaxNs is the longest latency told apart; what takes longer counts as this long.
const latencyMaxNs = 120_000_000_000

// tally is what one loop has seen of a phase. The loop owns it until it has ended.
type tally struct {
	latencies *hdrhistogram.Histogram // ns, three digits
	sent      int64
	replies   int64
	errors    int64
	example   string // the first error reply
}

// newTally returns an empty tally. It takes about 300 KB for the histogram.
func newTally() *tally {
	return &tally{latencies: hdrhistogram.New(1000, latencyMaxNs, 3)}
}

// count adds n replies that came latencyNs after they were due.
func (t *tally) count(latencyNs, n int64) {
	t.replies += n
	// The only error is a value out of range, and the value is kept in range.
	_ = t.latencies.RecordValues(min(max(latencyNs, 0), latencyMaxNs), n)
}

// refuse adds an error reply, which counts as a reply too.
func (t *tally) refuse(reply []byte) {
	if t.errors++; t.example == "" {
		t.example = fmt.Sprintf("%.200s", trimLine(reply))
	}
}

// isRefusal tells whether replies of a kind are errors.
func isRefusal(kind resp.Kind) bool { return kind == resp.KindError || kind == resp.KindBulkError }

// trimLine cuts the kind and the end of line off a reply of one line.
func trimLine(reply []byte) []byte {
	for len(reply) > 0 && (reply[len(reply)-1] == '\n' || reply[len(reply)-1] == '\r') {
		reply = reply[:len(reply)-1]
	}
	if len(reply) > 0 {
		reply = reply[1:]
	}
	return reply
}

// merge adds what another loop has seen.
func (t *tally) merge(other *tally) {
	t.latencies.Merge(other.latencies)
	t.sent += other.sent
	t.replies += other.replies
	t.errors += other.errors
	if t.example == "" {
		t.example = other.example
	}
}

// scan skips the whole replies at the beginning of buf, at most want of them, and returns the
// bytes they took and their number.
func (t *tally) scan(buf []byte, want int) (n, replies int, err error) {
	for replies < want {
		size, kind, err := resp.SkipReply(buf[n:])
		if err != nil {
			return n, replies, err
		}
		if size == 0 {
			break
		}
		if isRefusal(kind) {
			t.refuse(buf[n : n+size])
		}
		n += size
		replies++
	}
	return n, replies, nil
}
