// SPDX-License-Identifier: Apache-2.0

// Package journal is the one log that says in which order everything changed: opaque
// records in segment files, appended by many, written and synced by one.
//
// # Promises
//
// What was appended up to [Log.Durable] is there after a power cut; what is found after one
// is a prefix of what was appended, never a changed or half record. A last record that was
// being written is cut with a line in the log; any other damage is a [DamageError] that names
// the file and the byte, and nothing is opened.
//
// # Ownership
//
// [Log.Append] and the questions about positions are for every goroutine; Append takes the
// log's only lock, for the time it takes to copy the record. [Log.Run] is the writer; a call
// of [Log.Commit] may do its work in between. A [Reader] belongs to one goroutine. [Open]
// starts nothing.
//
// # What is not here
//
// What a record means, what a snapshot is, and who waits for which position.
//
// The format of the files is drawn in docs/formats/journal.md.
package journal

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"stampede/internal/disk"
)

// Position is a place between two records: how many bytes of log lie before it, counted
// from the first record ever. The position of a record is that of its end; 0 is before all.
type Position uint64

// Fsync says when what was written is made durable. Its names are those of appendfsync.
type Fsync uint8

// When to sync.
const (
	Always      Fsync = iota // as soon as there is something; all that waits goes at once
	EverySecond              // once a second while there is something, beside the writing
	No                       // when a segment is full or much waits in memory, else when asked to
)

// String is the name of a mode in redis.conf.
func (f Fsync) String() string {
	switch f {
	case Always:
		return "always"
	case EverySecond:
		return "everysec"
	case No:
		return "no"
	}
	return "unknown"
}

// ParseFsync is the mode that a name of redis.conf stands for.
func ParseFsync(name string) (f Fsync, ok bool) {
	for _, f := range []Fsync{Always, EverySecond, No} {
		if f.String() == name {
			return f, true
		}
	}
	return No, false
}

// Limits of a log, where [Options] do not say otherwise.
const (
	FrameBytesMax     = 1 << 30   // of a frame; a larger record is a chain of frames
	SegmentBytes      = 64 << 20  // of frames in a file; a larger record has a file of its own
	BufferBytesMax    = 128 << 20 // in memory because not durable yet; beyond it Append waits
	ClaimBytesMax     = 4 << 30   // of log that a claim may hold back
	ClaimsMax         = 64        // readers that claim
	ClaimNameBytesMax = 128       // of a claim's name
)

const (
	gatherBytes   = 64 << 10               // end the writer's pause
	gatherPause   = 2 * time.Millisecond   // between two writes, except with Always
	syncPause     = time.Second            // between two syncs with EverySecond
	syncBytes     = 16 << 20               // are synced before it is over, and with No
	retryPause    = 100 * time.Millisecond // after a failure, twice that after the next
	retryPauseMax = 2 * time.Second
)

// Options say how a log is kept. Only Dir is required.
type Options struct {
	FS             disk.FS // nil: the machine's
	Dir            string  // where the segments lie; made if missing
	Fsync          Fsync   // the mode to begin with
	SegmentBytes   int64
	BufferBytesMax int64
	ClaimBytesMax  int64
	FrameBytesMax  int64 // at most the default

	// Rounds says that whoever appends calls Commit or Nudge after the last record of a
	// round. Append alone then wakes the writer only when much has come together.
	Rounds bool

	// ID is that of the log which the snapshot belongs to: [ErrOtherLog] if the folder holds
	// another one; a log that is made gets it. 0: any log will do, and one that is made gets
	// an ID drawn by chance.
	ID uint64

	Now   func() time.Time // nil: the machine's clock
	Log   *slog.Logger     // nil: nothing is logged
	Hooks Hooks
}

// withDefaults fills in what is zero.
func (o Options) withDefaults() Options {
	if o.FS == nil {
		o.FS = disk.OS{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.SegmentBytes = cmp.Or(o.SegmentBytes, SegmentBytes)
	o.BufferBytesMax = cmp.Or(o.BufferBytesMax, BufferBytesMax)
	o.ClaimBytesMax = cmp.Or(o.ClaimBytesMax, ClaimBytesMax)
	o.FrameBytesMax = cmp.Or(o.FrameBytesMax, FrameBytesMax)
	return o
}

// Hooks are told what happens to a log. Any of them may be nil. They run on the goroutine
// that wrote, so they must not block nor call the log's Flush, Commit or Close.
type Hooks struct {
	Durable   func(Position) // everything up to here is durable; called in ascending order
	Failed    func(error)    // a write or a sync failed: nothing becomes durable until Recovered
	Recovered func()         // everything that waited was made durable again
}

// Errors of a log.
var (
	ErrClosed    = errors.New("journal: closed")
	ErrClaimLost = errors.New("journal: the records that this reader wants next were dropped, " +
		"because it fell too far behind: it must begin again from a snapshot")
	ErrOtherLog  = errors.New("journal: the snapshot belongs to another log than this one")
	ErrBeyondEnd = errors.New("journal: the log ends before this position: records that a " +
		"reader has seen are gone, so it must begin again from a snapshot")
)

// DamageError says where a log is damaged, in such a way that going on would lose records
// that may have been acknowledged.
type DamageError struct {
	File   string // the segment
	Offset int64  // the byte in it, from its beginning
	Reason string
}

// Error is the sentence for the operator.
func (e *DamageError) Error() string {
	return fmt.Sprintf("journal: %s is damaged at byte %d: %s", e.File, e.Offset, e.Reason)
}
