// SPDX-License-Identifier: Apache-2.0

package faulty

import (
	"io"
	"slices"
)

// handle is an open file.
type handle struct {
	*inode
	fs      *FS
	name    string
	at      int64
	appends bool
	closed  bool
}

// begin is the beginning of every operation of a handle; end must be called after it.
func (h *handle) begin(kind Kind, offset int64, bytes int) error {
	h.fs.mu.Lock()
	if h.closed {
		return errClosed
	}
	return h.fs.ask(Op{kind, h.name, offset, bytes})
}

func (h *handle) end() { h.fs.mu.Unlock() }

// resize changes a file's size.
func (i *inode) resize(size int64) {
	i.resized = true
	was := int64(len(i.data))
	i.data = resized(i.data, size)
	i.touch(was, size)
}

// resized is b with another size; what is new is zero.
func resized(b []byte, size int64) []byte {
	was := int64(len(b))
	if size <= was {
		return b[:size]
	}
	b = slices.Grow(b, int(size-was))[:size]
	clear(b[was:])
	return b
}

// touch marks pages as not durable.
func (i *inode) touch(low, high int64) {
	for page := low / PageBytes; page*PageBytes < high; page++ {
		i.dirty[page] = true
	}
}

// ReadAt reads.
func (h *handle) ReadAt(p []byte, offset int64) (int, error) {
	err := h.begin(Read, offset, len(p))
	defer h.end()
	if err != nil {
		return 0, err
	}
	if offset >= int64(len(h.data)) {
		return 0, io.EOF
	}
	n := copy(p, h.data[offset:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Read reads on.
func (h *handle) Read(p []byte) (int, error) {
	n, err := h.ReadAt(p, h.at)
	h.at += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

// WriteAt writes; a part, if it fails or the space ends.
func (h *handle) WriteAt(p []byte, offset int64) (int, error) {
	err := h.begin(Write, offset, len(p))
	defer h.end()
	if err != nil {
		if h.fs.dead || h.closed {
			return 0, err
		}
		p = p[:h.fs.rng.IntN(len(p)+1)]
	}
	if room := int64(len(h.data)) + h.fs.left() - offset; int64(len(p)) > room {
		p, err = p[:max(0, room)], full("write", h.name)
	}
	if end := offset + int64(len(p)); end > int64(len(h.data)) && len(p) > 0 {
		h.resize(end)
	}
	n := copy(h.data[min(offset, int64(len(h.data))):], p)
	h.touch(offset, offset+int64(n))
	return n, err
}

// Write writes on.
func (h *handle) Write(p []byte) (int, error) {
	if h.appends {
		h.at, _ = h.Size()
	}
	n, err := h.WriteAt(p, h.at)
	h.at += int64(n)
	return n, err
}

// Sync makes durable what was written. One that fails keeps a part and forgets the rest: a
// later one will not write it.
func (h *handle) Sync() error {
	err := h.begin(Sync, 0, 0)
	defer h.end()
	if h.fs.dead || h.closed {
		return err
	}
	i := h.inode
	pages := make([]int64, 0, len(i.dirty))
	for page := range i.dirty {
		pages = append(pages, page)
	}
	slices.Sort(pages)
	disk := resized(i.disk, int64(len(i.data)))
	for _, page := range pages {
		low, high := page*PageBytes, min((page+1)*PageBytes, int64(len(i.data)))
		if low < high && (err == nil || h.fs.rng.IntN(2) == 0) {
			copy(disk[low:high], i.data[low:high])
		}
	}
	i.disk, i.resized = disk, false
	clear(i.dirty)
	return err
}

// Truncate changes the size.
func (h *handle) Truncate(size int64) error {
	err := h.begin(Truncate, size, 0)
	defer h.end()
	if err != nil {
		return err
	}
	if size-int64(len(h.data)) > h.fs.left() {
		return full("truncate", h.name)
	}
	h.resize(size)
	return nil
}

// Preallocate makes the file at least so long.
func (h *handle) Preallocate(size int64) error {
	err := h.begin(Preallocate, size, 0)
	defer h.end()
	if err != nil || size <= int64(len(h.data)) {
		return err
	}
	if size-int64(len(h.data)) > h.fs.left() {
		return full("fallocate", h.name)
	}
	h.resize(size)
	return nil
}

// Size returns the size.
func (h *handle) Size() (int64, error) {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	if h.fs.dead {
		return 0, ErrPowerCut
	}
	return int64(len(h.data)), nil
}

// Close closes the handle.
func (h *handle) Close() error {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	h.closed = true
	return nil
}
