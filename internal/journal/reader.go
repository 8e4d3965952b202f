// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"stampede/internal/disk"
)

// Reader reads records in order. It belongs to one goroutine.
type Reader struct {
	log         *Log // nil: of a folder that need not be open
	durableOnly bool
	folder      folder
	segments    []segment // of a folder, as found
	generation  int64     // of the log, when file was chosen
	at          Position
	file        disk.File
	frames      *frames
	until       Position // where the next segment begins
	err         error    // for good
}

// Read reads the records after a position, in order, as far as they are written; with
// durable, as far as they are durable: what was read then is never taken back.
func (l *Log) Read(from Position, durable bool) *Reader {
	r := &Reader{log: l, durableOnly: durable, folder: l.folder, at: from}
	if from > l.End() {
		r.err = ErrBeyondEnd
	}
	return r
}

// OpenReader reads the records of a folder after a position; 0 is wherever it begins. The
// folder need not be open, and may be: then what is found at its end is not the end.
func OpenReader(fs disk.FS, dir string, from Position) (*Reader, error) {
	f := folder{fs, dir}
	segments, err := f.segments()
	if err != nil {
		return nil, err
	}
	if from == 0 && len(segments) > 0 {
		from = segments[0].first
	}
	return &Reader{folder: f, segments: segments, at: from}, nil
}

// Next returns the next record and its position. The record is valid until the next call.
// io.EOF: there is no more at the moment; a later call may find some. Other errors:
// [ErrClaimLost], [ErrBeyondEnd], a *[DamageError], or the disk's.
func (r *Reader) Next() (record []byte, end Position, err error) {
	for r.err == nil {
		limit := r.limit()
		if r.at >= limit {
			return nil, r.at, io.EOF
		}
		if err := r.choose(); err != nil {
			return nil, r.at, r.fail(err)
		}
		if r.at == r.until {
			continue
		}
		f, err := r.frames.read(min(limit, r.until))
		if err != nil {
			if r.moved() {
				continue
			}
			return nil, r.at, r.explain(err)
		}
		r.at = r.frames.next.at
		if !f.isMark() {
			return f.payload, r.at, nil
		}
	}
	return nil, r.at, r.err
}

// limit is up to where there are records.
func (r *Reader) limit() Position {
	switch {
	case r.log == nil && len(r.segments) == 0:
		return r.at
	case r.log == nil:
		return everything
	case r.durableOnly:
		return r.log.Durable()
	}
	return r.log.Written()
}

// moved tells whether the bytes that were read may have been written anew meanwhile,
// elsewhere: then they are looked for again.
func (r *Reader) moved() bool {
	return r.log != nil && (r.generation != r.log.generation.Load() || r.at >= r.limit())
}

// fail keeps an error that a later call would find again.
func (r *Reader) fail(err error) error {
	if errors.Is(err, ErrClaimLost) {
		r.err = err
	}
	return err
}

// choose opens the segment that holds the next frame, unless it is open.
func (r *Reader) choose() error {
	generation := r.generation
	if r.log != nil {
		generation = r.log.generation.Load()
	}
	if r.frames != nil && r.generation == generation && r.at < r.until {
		return nil
	}
	s, until, err := r.find()
	if err != nil {
		return err
	}
	if r.frames == nil || r.frames.segment != s {
		if err := r.open(s); err != nil {
			return err
		}
	}
	r.until, r.generation = until, generation
	return nil
}

// find finds the segment of the next frame, and where the one after it begins.
func (r *Reader) find() (s segment, until Position, err error) {
	segments := r.segments
	if r.log != nil {
		r.log.filesMu.Lock()
		segments = r.log.segments
		r.log.filesMu.Unlock()
	}
	until = everything
	for i := len(segments) - 1; i >= 0; i-- {
		if segments[i].first <= r.at {
			return segments[i], until, nil
		}
		until = segments[i].first
	}
	return s, 0, ErrClaimLost
}

// open opens a segment at the next frame.
func (r *Reader) open(s segment) error {
	path := r.folder.path(s.name())
	file, err := r.folder.fs.OpenFile(path, os.O_RDONLY, 0)
	if missing(err) {
		return ErrClaimLost
	}
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	before := r.frames
	if err := r.Close(); err != nil {
		return errors.Join(err, file.Close())
	}
	r.file, r.frames = file, newFrames(file, s, r.at)
	if before != nil && before.next.at == s.first && before.first == s.previous &&
		before.next.sum != s.previousSum && before.next.sum != 0 {
		return &DamageError{path, 40, "it does not follow the last record of the segment before it"}
	}
	return nil
}

// explain makes of what the frames say what the caller is told.
func (r *Reader) explain(err error) error {
	var bad badFrame
	path, offset := r.folder.path(r.frames.name()), r.frames.offset(r.at)
	last := r.log == nil && r.until == everything
	switch {
	case errors.Is(err, errEnd):
		bad = missingRecords
	case !errors.As(err, &bad):
		return fmt.Errorf("journal: %w", err)
	}
	if !last {
		return &DamageError{path, offset, string(bad)}
	}
	_, damage, err := r.frames.judge(bad)
	r.frames.forget()
	switch {
	case err != nil:
		return fmt.Errorf("journal: %w", err)
	case damage != nil:
		return &DamageError{path, offset, damage.Error()}
	case offset > r.frames.size:
		return ErrBeyondEnd
	}
	return io.EOF
}

// Wait returns when Next has something to say after io.EOF: nil, the error of ctx, or
// [ErrClosed]; of a folder, at once.
func (r *Reader) Wait(ctx context.Context) error {
	for r.log != nil {
		news := r.log.news.listen()
		if r.at < r.limit() {
			break
		}
		if r.log.closed.Load() {
			return ErrClosed
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Position is up to where the reader has read.
func (r *Reader) Position() Position { return r.at }

// Close lets go of the file.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	file := r.file
	r.file, r.frames = nil, nil
	return file.Close()
}
