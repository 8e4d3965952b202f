// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"context"

	"stampede/internal/disk"
)

// Log is an open log. See the package for who may call what.
type Log struct{}

// Open finds the segments in a folder, checks and cuts their tail, and takes the folder's
// lock. from is the position of the snapshot that the reader will begin with: records from
// there on must be there (a *[DamageError] if not), and a log that has none begins there.
// Nothing runs and nothing is written before [Log.Run] or [Log.Commit].
func Open(o Options, from Position) (*Log, error) { panic("journal: to come") }

// Append adds a record, given in parts, and returns its position. It copies the parts, does
// not wait for the disk and never refuses: whoever wants to change something asks
// [Log.Failed] first. If more than BufferBytesMax waits to be durable while the writer runs
// and has not failed, it waits until there is room. O(bytes); allocates nothing once warm.
func (l *Log) Append(parts ...[]byte) Position { panic("journal: to come") }

// End is the position of the last record that was appended.
func (l *Log) End() Position { panic("journal: to come") }

// Written is up to where the operating system has the records: they survive the end of this
// process. It goes back when a sync fails.
func (l *Log) Written() Position { panic("journal: to come") }

// Durable is up to where the records survive a power cut. It never goes back.
func (l *Log) Durable() Position { panic("journal: to come") }

// Failed is why nothing can be made durable at the moment, or nil. While it is not nil no
// new change may be made: what is appended all the same waits in memory without a bound.
func (l *Log) Failed() error { panic("journal: to come") }

// Fsync is the mode.
func (l *Log) Fsync() Fsync { panic("journal: to come") }

// SetFsync changes the mode.
func (l *Log) SetFsync(mode Fsync) { panic("journal: to come") }

// Run writes and syncs until ctx ends, then all that was appended before it returns.
func (l *Log) Run(ctx context.Context) error { panic("journal: to come") }

// Commit does the work of the writer on the goroutine of the caller, unless somebody is at
// it: everything appended so far is written and synced when it returns true. It saves a loop
// that is about to wait for its records the way to another thread and back.
func (l *Log) Commit() bool { panic("journal: to come") }

// Wait returns when everything up to a position is durable: nil, or the error of ctx, or
// [ErrClosed]. A failure of the disk does not end it.
func (l *Log) Wait(ctx context.Context, p Position) error { panic("journal: to come") }

// Flush makes everything durable that was appended so far, whatever the mode. The error is
// that of the disk, or of ctx, or [ErrClosed].
func (l *Log) Flush(ctx context.Context) error { panic("journal: to come") }

// Close makes everything durable that can be, and lets go of the files and of the folder's
// lock. Run must have returned. The error is that of the disk, if something was lost.
func (l *Log) Close() error { panic("journal: to come") }

// First is the position where the oldest segment begins.
func (l *Log) First() Position { panic("journal: to come") }

// Size is what the segments hold, in bytes.
func (l *Log) Size() int64 { panic("journal: to come") }

// ID names this log: positions of one log mean nothing in another.
func (l *Log) ID() uint64 { panic("journal: to come") }

// DropBefore says that a snapshot holds everything before a position, so that segments that
// end there are needed by claims only. Those that no claim holds are removed now, others
// when they are let go.
func (l *Log) DropBefore(p Position) error { panic("journal: to come") }

// Claim keeps the records after a position for the reader of this name, across restarts. It
// writes a file, so it is not for every record. [ErrClaimLost] if some are gone already.
func (l *Log) Claim(name string, p Position) error { panic("journal: to come") }

// Release ends a claim; one that is not there is no error.
func (l *Log) Release(name string) error { panic("journal: to come") }

// Claims are the claims, by name.
func (l *Log) Claims() map[string]Position { panic("journal: to come") }

// Read reads the records after a position, in order, as far as they are written; with
// durable, as far as they are durable: what has been read then is never taken back.
func (l *Log) Read(from Position, durable bool) *Reader { panic("journal: to come") }

// Reader reads records in order. It belongs to one goroutine.
type Reader struct{}

// OpenReader reads the records of a folder that need not be open.
func OpenReader(fs disk.FS, dir string, from Position) (*Reader, error) { panic("journal: to come") }

// Next returns the next record and its position. The record is valid until the next call.
// io.EOF: there is no more at the moment; a later call may find some. Other errors:
// [ErrClaimLost], [ErrBeyondEnd], a *[DamageError], or the disk's.
func (r *Reader) Next() (record []byte, end Position, err error) { panic("journal: to come") }

// Wait returns when Next has something to say after io.EOF: nil, the error of ctx, [ErrClosed].
func (r *Reader) Wait(ctx context.Context) error { panic("journal: to come") }

// Position is that of the record read last, or where the reader began.
func (r *Reader) Position() Position { panic("journal: to come") }

// Close lets go of the file.
func (r *Reader) Close() error { panic("journal: to come") }

// Report is what a check found.
type Report struct {
	Segments  int
	Records   int64
	Bytes     int64 // of records
	First     Position
	End       Position
	TornBytes int64        // at the end, of a record that was being written
	Damage    *DamageError // nil: none
}

// Check reads a whole log. Damage is in the report; the error is the disk's. progress may be nil.
func Check(fs disk.FS, dir string, progress func(done, all int64)) (Report, error) {
	panic("journal: to come")
}

// Repair cuts a log at its first damage and keeps what was cut off beside it, in files
// whose names end in .damaged. The report is that of the log as it was.
func Repair(fs disk.FS, dir string) (Report, error) { panic("journal: to come") }

// Dump shows the records after a position.
func Dump(fs disk.FS, dir string, from Position, visit func(end Position, record []byte) error) error {
	panic("journal: to come")
}
