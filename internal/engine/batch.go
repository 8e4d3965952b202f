// SPDX-License-Identifier: Apache-2.0

package engine

import "stampede/internal/resp"

// Batch holds the calls that one read brought, as views into the connection's input. It
// is used again for the next read, so that it allocates only while it grows.
type Batch struct {
	args [][]byte // of all calls, back to back
	ends []call   // where each call ends
}

type call struct {
	args  int // position behind its last argument in args
	bytes int // position behind its last byte in the input
}

// Reset forgets all calls.
func (b *Batch) Reset() {
	clear(b.args) // let go of the connection's buffer
	b.args, b.ends = b.args[:0], b.ends[:0]
}

// Len is the number of calls.
func (b *Batch) Len() int { return len(b.ends) }

// Argv is call i, its name first.
func (b *Batch) Argv(i int) [][]byte {
	start := 0
	if i > 0 {
		start = b.ends[i-1].args
	}
	end := b.ends[i].args
	return b.args[start:end:end]
}

// End is the number of bytes of the input that the first i calls take.
func (b *Batch) End(i int) int {
	if i == 0 {
		return 0
	}
	return b.ends[i-1].bytes
}

// Add appends a call, for tests and for callers that have no bytes to parse.
func (b *Batch) Add(argv ...[]byte) {
	b.args = append(b.args, argv...)
	b.ends = append(b.ends, call{args: len(b.args), bytes: b.End(len(b.ends))})
}

// Parse appends the whole calls at the beginning of in, at most max of them. The error is
// a breach of the protocol; it comes after the calls that stand before it. Empty lines
// and empty calls take bytes but are no calls; those behind the last call are left over.
func (b *Batch) Parse(p *resp.Parser, in []byte, max int) error {
	at := b.End(len(b.ends))
	for len(b.ends) < max && at < len(in) {
		args, n, err := p.Next(in[at:], b.args)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		at += n
		if len(args) > len(b.args) {
			b.args = args
			b.ends = append(b.ends, call{args: len(args), bytes: at})
		}
	}
	return nil
}
