// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"errors"
	"fmt"
	"io"
	"os"

	"stampede/internal/assert"
	"stampede/internal/disk"
)

// Report is what a check found.
type Report struct {
	ID        uint64
	Segments  int
	Records   int64
	Bytes     int64 // of log
	First     Position
	End       Position
	TornBytes int64        // at the end, of what was not written to its end: Open cuts them off
	Damage    *DamageError // nil: none
}

// Check reads a whole log. Damage is in the report; the error is the disk's. progress, if
// not nil, is told now and then how many bytes were read of how many.
func Check(fs disk.FS, dir string, progress func(done, all int64)) (Report, error) {
	c := check{folder: folder{fs, dir}, progress: progress}
	segments, err := c.folder.segments()
	if err != nil && !errors.As(err, &c.report.Damage) {
		return c.report, fmt.Errorf("journal: %w", err)
	}
	for i, s := range segments {
		until := everything
		if i+1 < len(segments) {
			until = segments[i+1].first
		}
		whole, err := c.segment(s, until, i+1 == len(segments) && c.report.Damage == nil)
		if err != nil {
			return c.report, fmt.Errorf("journal: %w", err)
		}
		if !whole {
			break
		}
	}
	c.report.Bytes = int64(c.report.End - c.report.First)
	if c.report.Damage == nil {
		var claims claims
		err := claims.load(c.folder, &c.report.ID)
		if err != nil && !errors.As(err, &c.report.Damage) {
			return c.report, err
		}
	}
	return c.report, nil
}

// check is a check at work.
type check struct {
	folder   folder
	progress func(done, all int64)
	report   Report
	end      mark
}

// segment reads one segment; false if it is damaged.
func (c *check) segment(s segment, until Position, last bool) (whole bool, err error) {
	path := c.folder.path(s.name())
	file, err := c.folder.fs.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return false, err
	}
	defer file.Close()
	if c.report.Segments == 0 {
		c.report.ID, c.report.First = s.id, s.first
	} else if c.end.sum != s.previousSum {
		c.report.Damage = &DamageError{path, 40,
			"it does not follow the last record of the segment before it"}
		return false, nil
	}
	c.report.Segments++
	f := newFrames(file, s, s.first)
	f.next.sum = s.previousSum
	for err == nil && f.next.at < until {
		var one frame
		if one, err = f.read(until); err == nil && !one.isMark() {
			c.report.Records++
		}
		c.tell(f)
	}
	c.end, c.report.End = f.next, f.next.at
	if err == nil {
		return true, nil
	}
	return c.broken(f, path, err, last)
}

// broken takes in what ended the frames of a segment before its end.
func (c *check) broken(f *frames, path string, err error, last bool) (whole bool, _ error) {
	var bad badFrame
	switch {
	case errors.Is(err, errEnd):
		bad = missingRecords
	case !errors.As(err, &bad):
		return false, err
	}
	if last {
		torn, damage, err := f.judge(bad)
		if err != nil {
			return false, err
		}
		if damage == nil {
			c.report.TornBytes = torn
			return true, nil
		}
	} else if bad == missingRecords && c.report.Damage != nil {
		return true, nil // it may well end here: that of the next one's header is the first damage
	}
	c.report.Damage = &DamageError{path, f.offset(f.next.at), string(bad)}
	return false, nil
}

// tell tells the progress, each time the reader has read on.
func (c *check) tell(f *frames) {
	if c.progress != nil && f.from+Position(len(f.buf)) == f.next.at {
		c.progress(f.offset(f.next.at), f.size)
	}
}

// Dump shows the records after a position; 0 is wherever the log begins. It ends with the
// error of visit, if that returns one.
func Dump(
	fs disk.FS, dir string, from Position, visit func(end Position, record []byte) error,
) error {
	r, err := OpenReader(fs, dir, from)
	if err != nil {
		return err
	}
	defer r.Close()
	for {
		record, end, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := visit(end, record); err != nil {
			return err
		}
	}
}

// Repair cuts a log at its first damage and keeps what was cut off beside it, in files whose
// names end in .damaged. The report is that of the log as it was. Records are lost: those
// after the damage, whole ones among them.
func Repair(fs disk.FS, dir string) (Report, error) {
	f := folder{fs, dir}
	lock, err := fs.Lock(f.path(lockFile))
	if err != nil {
		return Report{}, fmt.Errorf("journal: %w", err)
	}
	defer lock.Close()
	report, err := Check(fs, dir, nil)
	for again := report; err == nil && again.Damage != nil; {
		before := *again.Damage
		if err := f.cut(again.Damage); err != nil {
			return report, fmt.Errorf("journal: repair: %w", err)
		}
		again, err = Check(fs, dir, nil)
		assert.That(again.Damage == nil || *again.Damage != before, "journal: a repair in vain")
	}
	return report, err
}

// cut sets aside everything from a damage on, the last segment first, so that the log has no
// gap at any moment.
func (f folder) cut(at *DamageError) error {
	if at.File == f.path(claimsFile) {
		return errors.Join(f.fs.Rename(at.File, at.File+damagedSuffix), f.fs.SyncDir(f.dir))
	}
	names, err := f.fs.ReadDir(f.dir)
	if err != nil {
		return err
	}
	for i := len(names) - 1; i >= 0; i-- {
		path := f.path(names[i])
		if _, ok := parseName(names[i]); !ok || path < at.File {
			continue
		}
		if path == at.File && at.Offset > headerBytes {
			if err := f.split(path, at.Offset); err != nil {
				return err
			}
			continue
		}
		if err := f.fs.Rename(path, path+damagedSuffix); err != nil {
			return err
		}
		if err := f.fs.SyncDir(f.dir); err != nil {
			return err
		}
	}
	return nil
}

// split moves the end of a file, but for the zeros after it, to a file beside it.
func (f folder) split(path string, offset int64) (err error) {
	from, err := f.fs.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := f.fs.OpenFile(path+damagedSuffix, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	block, size := make([]byte, readBytes), int64(0)
	for at := int64(0); ; {
		n, err := from.ReadAt(block, offset+at)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if last := lastNotZero(block[:n]); last >= 0 {
			size = at + int64(last) + 1
			if _, err := to.WriteAt(block[:last+1], at); err != nil {
				return err
			}
		}
		if n == 0 {
			break
		}
		at += int64(n)
	}
	if err := errors.Join(to.Truncate(size), to.Sync(), f.fs.SyncDir(f.dir)); err != nil {
		return err
	}
	return errors.Join(from.Truncate(offset), from.Sync())
}
