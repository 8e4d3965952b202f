// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"stampede/internal/disk"
)

// The header of a segment; docs/formats/journal.md draws it.
const (
	headerBytes    = 64
	magic          = "STMPJRNL"
	version        = 1
	segmentSuffix  = ".log"
	newSuffix      = ".new"     // of a segment that is being made
	damagedSuffix  = ".damaged" // of what a repair cut off
	lockFile       = "lock"
	claimsFile     = "claims"
	positionDigits = 16
)

// segment is a file of the log, as its header tells it.
type segment struct {
	first       Position
	id          uint64
	previous    Position // where the segment before it begins; its own first if there was none
	previousSum uint32   // the sum of the frame before first, 0 if there was none
	epoch       uint32   // how often the log had been opened
	createdMs   int64    // since 1970
	serial      int64    // in memory only: tells a file from the one that it replaced
}

// name is the file's name: its first position in hexadecimal digits, so that names sort.
func (s segment) name() string { return segmentName(s.first) }

func segmentName(first Position) string {
	return fmt.Sprintf("%0*x%s", positionDigits, uint64(first), segmentSuffix)
}

// parseName is the first position of a segment of this name.
func parseName(name string) (first Position, ok bool) {
	digits, found := strings.CutSuffix(name, segmentSuffix)
	if !found || len(digits) != positionDigits {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 16, 64)
	return Position(n), err == nil && segmentName(Position(n)) == name
}

// header is the segment's first bytes.
func (s segment) header() []byte {
	b := make([]byte, headerBytes)
	copy(b, magic)
	binary.LittleEndian.PutUint32(b[8:], version)
	binary.LittleEndian.PutUint32(b[12:], headerBytes)
	binary.LittleEndian.PutUint64(b[16:], s.id)
	binary.LittleEndian.PutUint64(b[24:], uint64(s.first))
	binary.LittleEndian.PutUint64(b[32:], uint64(s.previous))
	binary.LittleEndian.PutUint32(b[40:], s.previousSum)
	binary.LittleEndian.PutUint32(b[44:], s.epoch)
	binary.LittleEndian.PutUint64(b[48:], uint64(s.createdMs))
	binary.LittleEndian.PutUint32(b[60:], crc32.Checksum(b[:60], castagnoli))
	return b
}

// parseHeader reads a header; reason and offset say what is wrong with it.
func parseHeader(b []byte) (s segment, offset int64, reason string) {
	le := binary.LittleEndian
	switch {
	case len(b) < headerBytes:
		return s, int64(len(b)), "the file ends within its header"
	case string(b[:8]) != magic:
		return s, 0, "this is no segment of a journal"
	case le.Uint32(b[8:]) != version:
		return s, 8, fmt.Sprintf("written in format %d, this program reads format %d",
			le.Uint32(b[8:]), version)
	case crc32.Checksum(b[:60], castagnoli) != le.Uint32(b[60:]):
		return s, 60, "the checksum of the header is wrong"
	}
	return segment{
		id:          le.Uint64(b[16:]),
		first:       Position(le.Uint64(b[24:])),
		previous:    Position(le.Uint64(b[32:])),
		previousSum: le.Uint32(b[40:]),
		epoch:       le.Uint32(b[44:]),
		createdMs:   int64(le.Uint64(b[48:])),
	}, 0, ""
}

// folder is where a log lies.
type folder struct {
	fs  disk.FS
	dir string
}

func (f folder) path(name string) string { return filepath.Join(f.dir, name) }

// segments reads the headers of all segments and checks that none is missing between them.
func (f folder) segments() ([]segment, error) {
	names, err := f.fs.ReadDir(f.dir)
	if err != nil {
		return nil, err
	}
	var all []segment
	for _, name := range names {
		first, ok := parseName(name)
		if !ok {
			continue
		}
		s, err := f.readHeader(name)
		if err != nil {
			return all, err
		}
		if s.first != first {
			return all, &DamageError{f.path(name), 24, "the file has the name of another segment"}
		}
		if len(all) > 0 {
			if err := f.follows(all[len(all)-1], s); err != nil {
				return all, err
			}
		}
		all = append(all, s)
	}
	return all, nil
}

// follows tells whether a segment is that which was begun after another.
func (f folder) follows(before, s segment) error {
	path := f.path(s.name())
	if s.id != before.id {
		return &DamageError{path, 16, fmt.Sprintf("it belongs to log %016x, %s to log %016x",
			s.id, before.name(), before.id)}
	}
	if s.previous != before.first {
		return &DamageError{path, 32, fmt.Sprintf("the segment before it, %s, is missing",
			segmentName(s.previous))}
	}
	return nil
}

// readHeader reads the header of a file.
func (f folder) readHeader(name string) (segment, error) {
	path := f.path(name)
	file, err := f.fs.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return segment{}, err
	}
	defer file.Close()
	b := make([]byte, headerBytes)
	n, err := file.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return segment{}, err
	}
	s, offset, reason := parseHeader(b[:n])
	if reason != "" {
		return segment{}, &DamageError{path, offset, reason}
	}
	return s, nil
}

// create makes a segment that survives a power cut from here on, with room for bytes of
// frames. roomless is why there is no such room, if so: the segment can be written until
// the disk is full.
func (f folder) create(s segment, bytes int64) (file disk.File, roomless, err error) {
	temporary := f.path(s.name() + newSuffix)
	file, err = f.fs.OpenFile(temporary, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return nil, nil, err
	}
	if roomless = file.Preallocate(headerBytes + bytes); roomless != nil {
		err = file.Truncate(0)
	}
	if err == nil {
		_, err = file.WriteAt(s.header(), 0)
	}
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = f.fs.Rename(temporary, f.path(s.name()))
	}
	if err == nil {
		err = f.fs.SyncDir(f.dir)
	}
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return file, roomless, nil
}

// removeLeftovers removes what a crash left half made.
func (f folder) removeLeftovers() error {
	names, err := f.fs.ReadDir(f.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasSuffix(name, newSuffix) {
			if err := f.fs.Remove(f.path(name)); err != nil {
				return err
			}
		}
	}
	return nil
}
