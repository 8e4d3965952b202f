// SPDX-License-Identifier: Apache-2.0

package server

import (
	"slices"
	"sync/atomic"
	"time"

	"stampede/internal/engine"
	"stampede/internal/metrics"
	"stampede/internal/reply"
	"stampede/internal/session"
)

// Caller runs the calls of a batch; outside of tests it is an [engine.Runner].
type Caller interface {
	// Do runs the calls in order and appends their replies to out.
	Do(s *session.Session, b *engine.Batch, out *reply.Buffer) engine.Outcome
	// Finish tells whether a call that waited is done, and appends its reply to out then.
	Finish(waiter *engine.Waiter, out *reply.Buffer) (outcome engine.Outcome, done bool)
	// WhileBusy names what Do is to call again and again, on its own goroutine, while it is
	// in the middle of a call that takes long. Without it Do calls nothing.
	WhileBusy(serve func())
	// InsideCall says that Do is only called from such a serve.
	InsideCall()
	// Clock is about when the last Do ended. It does not look at the clock.
	Clock() time.Time
}

// Worker is what it takes to run calls, and what connections need only while theirs run,
// so that a thousand idle ones share it. It belongs to one goroutine at a time.
type Worker struct {
	Limits *Limits // in force
	NowMs  int64   // Unix time of the present round

	began  time.Time // when the round began, or its latest replies went
	caller Caller
	counts *metrics.Recorder // of reads and writes; nil: nobody counts
	batch  engine.Batch
	out    reply.Buffer  // replies of the present round
	spare  [][]byte      // buffers that no connection needs at the moment
	unsent *atomic.Int64 // bytes of output that wait in all connections
}

// NewWorker returns a worker. unsent counts the output that waits in all connections of a
// server, whichever worker runs them.
func NewWorker(caller Caller, limits *Limits, unsent *atomic.Int64) *Worker {
	return &Worker{Limits: limits, caller: caller, unsent: unsent}
}

// Replies are the bytes that calls have appended since the last [Worker.Clear].
func (w *Worker) Replies() []byte { return w.out.B }

// Clear ends a round: it forgets the replies, which have been sent or kept, and lets the
// statistics see the round.
func (w *Worker) Clear() {
	if w.counts != nil {
		w.counts.Flush()
	}
	w.out.B = w.out.B[:0]
	if cap(w.out.B) > keepBytesMax {
		w.out.B = nil
	}
}

// endsWith tells whether part, which is not empty, is the end of the replies in place.
func (w *Worker) endsWith(part []byte) bool {
	n := w.out.Len()
	return n > 0 && &w.out.B[n-1] == &part[len(part)-1]
}

// Limits of the buffers that a worker keeps for the next connection that needs one.
const (
	spareBytesMin = 512 // smaller ones are left to the garbage collector
	spareBytesMax = 256 << 10
	sparesMax     = 16
)

// take returns an empty buffer with room for at least n bytes, and not for many times that.
func (w *Worker) take(n int) []byte {
	size := spareSize(n)
	for i := len(w.spare) - 1; i >= 0; i-- {
		if buffer := w.spare[i]; cap(buffer) >= n && cap(buffer) <= 4*size {
			w.spare = slices.Delete(w.spare, i, i+1)
			return buffer
		}
	}
	return make([]byte, 0, size)
}

// spareSize rounds the size of a buffer up, so that it fits again for another need.
func spareSize(n int) int {
	grain := spareBytesMin
	if n > 16*grain {
		grain *= 16
	}
	return (n + grain - 1) / grain * grain
}

// give takes a buffer back that nothing looks at any more; nil is none.
func (w *Worker) give(buffer []byte) {
	switch n := cap(buffer); {
	case n > spareBytesMax:
		w.batch.Reset() // its views would hold the memory
	case n >= spareBytesMin && len(w.spare) < sparesMax:
		w.spare = append(w.spare, buffer[:0])
	}
}
