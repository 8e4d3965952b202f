// SPDX-License-Identifier: Apache-2.0

package generic

import (
	"bytes"
	"slices"
	"time"

	"stampede/internal/command"
	"stampede/internal/migrate"
	"stampede/internal/reply"
)

// migration is what MIGRATE is told. Its bytes are its own.
type migration struct {
	links   *migrate.Links
	db      int // that the keys are taken from
	target  migrate.Target
	copy    bool // they stay here, too
	replace bool
	keys    [][]byte // each once
}

const (
	errMigrateKeys reply.Error = "ERR When using MIGRATE KEYS option, the key argument must be set " +
		"to the empty string"
	errMigrateChanged reply.Error = "ERR a key was changed again and again while it was sent: " +
		"it stays here, and the target instance may have it as it was before"
)

// How long a step of MIGRATE may take: where the call says nothing, and at most.
const (
	migrateTimeoutMs    = 1000
	migrateTimeoutMaxMs = 1 << 40
)

// firstOption is where the options of MIGRATE begin.
const firstOption = 6

// readMigration reads a call and takes what is secret out of it. Without an error, keys are views.
func readMigration(c *command.Call) (m *migration, err error) {
	m = &migration{db: c.DB}
	host, port, key := c.Args.Bytes(), c.Args.Bytes(), c.Args.Bytes()
	db, timeout := c.Args.Bytes(), c.Args.Bytes()
	m.keys = [][]byte{key}
	if err := m.readOptions(c, key); err != nil {
		return nil, err
	}
	numbers := command.NewArgs([][]byte{timeout, db})
	timeoutMs := numbers.Int()
	m.target.DB = numbers.Int()
	if timeoutMs <= 0 {
		timeoutMs = migrateTimeoutMs
	}
	m.target.Host, m.target.Port = string(host), portOf(port)
	m.target.Timeout = time.Duration(min(timeoutMs, migrateTimeoutMaxMs)) * time.Millisecond
	return m, numbers.Err()
}

// readOptions reads what stands behind the timeout.
func (m *migration) readOptions(c *command.Call, key []byte) error {
	for at := firstOption; at < len(c.Argv); at++ {
		left := len(c.Argv) - 1 - at
		switch word := c.Argv[at]; {
		case command.EqualFold(word, "COPY"):
			m.copy = true
		case command.EqualFold(word, "REPLACE"):
			m.replace = true
		case command.EqualFold(word, "AUTH") && left >= 1:
			at++
			m.target.User, m.target.Password = nil, secret(c, at)
		case command.EqualFold(word, "AUTH2") && left >= 2:
			at += 2
			m.target.User, m.target.Password = secret(c, at-1), secret(c, at)
		case command.EqualFold(word, "KEYS"):
			if len(key) > 0 {
				return errMigrateKeys
			}
			m.keys = c.Argv[at+1:]
			return nil
		default:
			return reply.ErrSyntax
		}
	}
	return nil
}

// secret takes an argument out of a call, which the slow log and monitors see.
func secret(c *command.Call, at int) []byte {
	text := append([]byte{}, c.Argv[at]...)
	c.Argv[at] = []byte("(redacted)")
	return text
}

// portOf reads a port as redis-server does: the digits in front, modulo 2¹⁶.
func portOf(text []byte) (port uint16) {
	for _, ch := range text {
		if ch < '0' || ch > '9' {
			break
		}
		port = port*10 + uint16(ch-'0')
	}
	return port
}

// migrateKeys finds the keys of MIGRATE: those behind KEYS, else the one before the options.
func migrateKeys(argv [][]byte, dst []int) ([]int, error) {
	for at := firstOption; at < len(argv)-1; at++ {
		switch {
		case command.EqualFold(argv[at], "AUTH"):
			at++
		case command.EqualFold(argv[at], "AUTH2"):
			at += 2
		case command.EqualFold(argv[at], "KEYS"):
			if len(argv[3]) > 0 {
				return dst, command.ErrKeys
			}
			for at++; at < len(argv); at++ {
				dst = append(dst, at)
			}
			return dst, nil
		}
	}
	return append(dst, 3), nil
}

// own lets the keys be the migration's own, each once: there is one value to send.
func (m *migration) own() {
	met := make(map[string]bool, len(m.keys))
	keys := make([][]byte, 0, len(m.keys))
	for _, key := range m.keys {
		if !met[string(key)] {
			met[string(key)] = true
			keys = append(keys, bytes.Clone(key))
		}
	}
	m.keys = slices.Clip(keys)
}
