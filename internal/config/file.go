// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"stampede/internal/resp"
)

const (
	includeDepthMax = 16
	lineBytesMax    = 1 << 16
)

// LoadFile reads a redis.conf. The errors of all its wrong lines come back as one, each
// with file and line. A later line wins over an earlier one. The file is the one that
// [Config.Rewrite] writes.
func (c *Config) LoadFile(path string) error {
	whole, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.file = whole
	c.mu.Unlock()
	l := loader{config: c}
	l.include(path, 0)
	return errors.Join(l.errs...)
}

// Load reads lines of a redis.conf; name stands for their file in errors.
func (c *Config) Load(lines io.Reader, name string) error {
	l := loader{config: c}
	l.read(lines, name, 0)
	return errors.Join(l.errs...)
}

// File is the path given to [Config.LoadFile], made absolute; empty if there is none.
func (c *Config) File() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.file
}

// loader reads a file and those it includes.
type loader struct {
	config *Config
	errs   []error
	saved  bool // a save line was met: further ones add to it
}

func (l *loader) include(path string, depth int) {
	f, err := os.Open(path)
	if err != nil {
		l.errs = append(l.errs, fmt.Errorf("config: %w", err))
		return
	}
	defer f.Close()
	l.read(f, path, depth)
}

func (l *loader) read(r io.Reader, name string, depth int) {
	text, err := io.ReadAll(r)
	if err != nil {
		l.errs = append(l.errs, fmt.Errorf("config: %s: %w", name, err))
		return
	}
	for i, line := range bytes.Split(text, []byte("\n")) {
		if err := l.line(line, name, depth); err != nil {
			l.errs = append(l.errs, fmt.Errorf("%s:%d: %w", name, i+1, err))
		}
	}
}

// line takes one line: nothing, a comment, or a name and its arguments.
func (l *loader) line(line []byte, name string, depth int) error {
	if len(line) > lineBytesMax {
		return fmt.Errorf("line is longer than %d bytes", lineBytesMax)
	}
	line = bytes.TrimSpace(line)
	if len(line) == 0 || line[0] == '#' {
		return nil
	}
	split, ok := resp.SplitWords(line, nil)
	if !ok {
		return errors.New("unbalanced quotes")
	}
	args := make([]string, len(split))
	for i, w := range split {
		args[i] = string(w)
	}
	switch strings.ToLower(args[0]) {
	case "include":
		return l.includes(args[1:], name, depth)
	case "save":
		return l.save(args[1:])
	}
	return l.config.SetAtStart(args[0], args[1:]...)
}

// includes reads the files that an include line names; names without a folder are
// looked for beside the file that includes them.
func (l *loader) includes(paths []string, from string, depth int) error {
	if len(paths) != 1 {
		return errors.New(`wrong number of arguments for "include"`)
	}
	if depth >= includeDepthMax {
		return fmt.Errorf("files include each other more than %d deep", includeDepthMax)
	}
	pattern := paths[0]
	if !filepath.IsAbs(pattern) {
		pattern = filepath.Join(filepath.Dir(from), pattern)
	}
	found, err := filepath.Glob(pattern)
	if err != nil {
		return err
	}
	if len(found) == 0 && !strings.ContainsAny(pattern, "*?[") {
		return fmt.Errorf("include: no file %s", paths[0])
	}
	for _, path := range found {
		l.include(path, depth+1)
	}
	return nil
}

// save adds to the save lines before it; the first one of a file takes the place of the
// default.
func (l *loader) save(args []string) error {
	if len(args) == 0 {
		return errors.New(`wrong number of arguments for "save"`)
	}
	given := strings.Join(args, " ")
	if l.saved && given != "" {
		given = strings.TrimSpace(l.config.Text(Save) + " " + given)
	}
	l.saved = true
	return l.config.SetAtStart("save", given)
}
