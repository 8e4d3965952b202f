// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"

	"stampede/internal/assert"
)

// claims are the readers that segments are kept for. The file has a line for the log, one
// for each claim, and one with the checksum of those before:
//
//	claims 1 00000000c0ffee01
//	4096 "ledger"
//	crc32c 1badb002
type claims struct {
	mu      sync.Mutex
	byName  map[string]Position // replaced, never changed
	covered Position            // a snapshot holds everything before it

	unsettled bool // a segment was removed, but not durably yet
}

func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// load reads the file. id is that of the log, and becomes that of the file if it is 0.
func (c *claims) load(f folder, id *uint64) error {
	c.byName = map[string]Position{}
	path := f.path(claimsFile)
	file, err := f.fs.OpenFile(path, os.O_RDONLY, 0)
	if missing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	defer file.Close()
	const bytesMax = ClaimsMax*(ClaimNameBytesMax*4+32) + 128
	text, err := io.ReadAll(io.LimitReader(file, bytesMax))
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	fileID, byName, err := parseClaims(text)
	if err != nil {
		return &DamageError{path, 0, err.Error()}
	}
	if *id == 0 {
		*id = fileID
	}
	if *id == fileID {
		c.byName = byName
	}
	return nil
}

func parseClaims(text []byte) (id uint64, byName map[string]Position, err error) {
	at := bytes.LastIndex(text, []byte("crc32c "))
	var sum uint32
	if at < 0 {
		return 0, nil, errors.New("it has no checksum")
	}
	if _, err := fmt.Sscanf(string(text[at:]), "crc32c %x\n", &sum); err != nil ||
		sum != crc32.Checksum(text[:at], castagnoli) {
		return 0, nil, errors.New("its checksum is wrong")
	}
	r := bytes.NewReader(text[:at])
	if _, err := fmt.Fscanf(r, "claims 1 %x\n", &id); err != nil {
		return 0, nil, errors.New("its first line is wrong")
	}
	byName = map[string]Position{}
	for r.Len() > 0 {
		var name string
		var p Position
		if _, err := fmt.Fscanf(r, "%d %q\n", &p, &name); err != nil {
			return 0, nil, errors.New("a line is wrong")
		}
		byName[name] = p
	}
	return id, byName, nil
}

// save writes the file so that a power cut leaves the old one or the new one.
func (c *claims) save(f folder, id uint64, byName map[string]Position) (err error) {
	text := fmt.Appendf(nil, "claims 1 %016x\n", id)
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		text = fmt.Appendf(text, "%d %q\n", byName[name], name)
	}
	text = fmt.Appendf(text, "crc32c %08x\n", crc32.Checksum(text, castagnoli))
	temporary := f.path(claimsFile + newSuffix)
	file, err := f.fs.OpenFile(temporary, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return err
	}
	if _, err = file.WriteAt(text, 0); err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := f.fs.Rename(temporary, f.path(claimsFile)); err != nil {
		return err
	}
	c.byName = byName
	return f.fs.SyncDir(f.dir)
}

// Claim keeps the records after a position for the reader of this name, across restarts. It
// writes a file and syncs, so it is not for every record. [ErrClaimLost] if some of them
// are gone already.
func (l *Log) Claim(name string, p Position) error {
	assert.That(len(name) <= ClaimNameBytesMax, "journal: a claim with too long a name")
	l.claims.mu.Lock()
	defer l.claims.mu.Unlock()
	if p < l.First() {
		return ErrClaimLost
	}
	if p > l.End() {
		return ErrBeyondEnd
	}
	now, has := l.claims.byName[name]
	if has && now == p {
		return nil
	}
	if !has && len(l.claims.byName) >= ClaimsMax {
		return fmt.Errorf("journal: more than %d claims", ClaimsMax)
	}
	next := maps.Clone(l.claims.byName)
	next[name] = p
	if err := l.claims.save(l.folder, l.id, next); err != nil {
		return fmt.Errorf("journal: claim of %q: %w", name, err)
	}
	return l.drop()
}

// Release ends a claim; one that is not there is no error.
func (l *Log) Release(name string) error {
	l.claims.mu.Lock()
	defer l.claims.mu.Unlock()
	if _, has := l.claims.byName[name]; !has {
		return nil
	}
	next := maps.Clone(l.claims.byName)
	delete(next, name)
	if err := l.claims.save(l.folder, l.id, next); err != nil {
		return fmt.Errorf("journal: release of %q: %w", name, err)
	}
	return l.drop()
}

// Claims are the claims, by name.
func (l *Log) Claims() map[string]Position {
	l.claims.mu.Lock()
	defer l.claims.mu.Unlock()
	return maps.Clone(l.claims.byName)
}

// DropBefore says that a snapshot holds everything before a position. Segments that end
// there are removed now, or when the claims on them are past them. A claim that holds back
// more than ClaimBytesMax is lost.
func (l *Log) DropBefore(p Position) error {
	l.claims.mu.Lock()
	defer l.claims.mu.Unlock()
	l.claims.covered = max(l.claims.covered, p)
	return l.drop()
}

// dropWhatIsCovered is for the writer: the log grew, so a claim may hold back too much.
// Whoever is at the claims just now does the same.
func (l *Log) dropWhatIsCovered() {
	if !l.claims.mu.TryLock() {
		return
	}
	defer l.claims.mu.Unlock()
	if err := l.drop(); err != nil {
		l.options.Log.Warn("journal: segments stay that nobody needs", "error", err)
	}
}

// drop removes what nobody needs, with the lock of the claims.
func (l *Log) drop() error {
	if err := l.endClaims(); err != nil {
		return err
	}
	floor := min(l.claims.covered, l.Durable())
	for _, p := range l.claims.byName {
		floor = min(floor, p)
	}
	for {
		l.filesMu.Lock()
		covered := len(l.segments) > 1 && l.segments[1].first <= floor
		l.filesMu.Unlock()
		if !covered {
			return nil
		}
		if err := l.removeFirst(); err != nil {
			return fmt.Errorf("journal: dropping segments: %w", err)
		}
	}
}

// endClaims ends the claims of readers that are too far behind, and those whose records are
// gone.
func (l *Log) endClaims() error {
	c, next := &l.claims, map[string]Position{}
	for name, p := range c.byName {
		behind := l.End() - min(p, l.End())
		if p < l.First() || p < c.covered && behind > Position(l.options.ClaimBytesMax) {
			l.options.Log.Warn("journal: a reader fell too far behind and lost its claim",
				"name", name, "position", uint64(p), "bytes", uint64(behind))
			continue
		}
		next[name] = p
	}
	if len(next) == len(c.byName) {
		return nil
	}
	return c.save(l.folder, l.id, next)
}
