// SPDX-License-Identifier: Apache-2.0

// Package pgcluster makes PostgreSQL clusters of one's own: each is a folder with the data of
// one server, which listens on a free port of the loopback and syncs to the disk.
//
// It says what is to be run. To run it, to wait and to end it is its caller's, who owns the
// cluster: it has no locks. Connections to it are not here.
package pgcluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"stampede/internal/loopback"
)

// Programs are those of an installed PostgreSQL.
type Programs struct {
	folder string
	owner  *syscall.Credential // who runs them; nil: who runs us
}

// Find looks for the programs on PATH, where pg_config says and where Debian has them. Its error
// says why clusters cannot be made on this machine.
func Find() (Programs, error) {
	folder, err := find()
	if err != nil {
		return Programs{}, err
	}
	owner, err := findOwner()
	return Programs{folder, owner}, err
}

// find is the folder of initdb and postgres.
func find() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		path, err = filepath.EvalSymlinks(path) // the others may stand only where it stands
		return filepath.Dir(path), err
	}
	if text, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		folder := strings.TrimSpace(string(text))
		if _, err := os.Stat(filepath.Join(folder, "initdb")); err == nil {
			return folder, nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // as Debian has it
	if err != nil || len(found) == 0 {
		return "", errors.New("there is no PostgreSQL: neither initdb nor pg_config on PATH")
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// findOwner is who runs the programs: they refuse to be run by root.
func findOwner() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(errUID, errGID)
	}
	return nil, errors.New("PostgreSQL is not run by root, and there is no user postgres or nobody")
}

// Cluster is a folder for the data of one server.
type Cluster struct {
	Programs
	dir  string
	port int // 0: none is chosen yet
}

// New makes an empty folder below parent, which must be open to who runs the programs; empty:
// where temporary files are.
func (p Programs) New(parent string) (*Cluster, error) {
	dir, err := os.MkdirTemp(parent, "stampede-postgres-")
	if err != nil {
		return nil, err
	}
	if p.owner != nil {
		if err := os.Chown(dir, int(p.owner.Uid), int(p.owner.Gid)); err != nil {
			return nil, errors.Join(err, os.Remove(dir))
		}
	}
	return &Cluster{Programs: p, dir: dir}, nil
}

// Dir is the folder, which belongs to the owner.
func (c *Cluster) Dir() string { return c.dir }

// Data is the folder of the server's data, in Dir. Init makes it, or pg_basebackup.
func (c *Cluster) Data() string { return filepath.Join(c.dir, "data") }

// Owner is who runs the programs; nil: who runs us.
func (c *Cluster) Owner() *syscall.Credential { return c.owner }

// Command is a call of one of the programs, by its owner in the folder.
func (c *Cluster) Command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.folder, program), args...)
	cmd.Dir = c.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.owner}
	return cmd
}

// Init makes the data. Everyone who reaches the port is trusted.
func (c *Cluster) Init() error {
	text, err := c.Command("initdb", "-D", c.Data(), "-U", "stampede", "-A", "trust", "-E", "UTF8",
		"--locale=C", "--no-sync").CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb in %s, which must be open to who runs it: %w\n%s", c.dir, err, text)
	}
	return nil
}

// Server is the call of the server, with settings such as shared_buffers=64MB.
func (c *Cluster) Server(settings ...string) (*exec.Cmd, error) {
	port, err := c.Port()
	if err != nil {
		return nil, err
	}
	args := []string{"-D", c.Data(), "-p", strconv.Itoa(port)}
	for _, setting := range append([]string{
		"listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=on",
	}, settings...) {
		args = append(args, "-c", setting)
	}
	return c.Command("postgres", args...), nil
}

// Port is where the server listens, now and whenever it is started again.
func (c *Cluster) Port() (port int, err error) {
	if c.port == 0 {
		c.port, err = loopback.FreePort()
	}
	return c.port, err
}

// URL names a database; the port must have been chosen, by Server or Port.
func (c *Cluster) URL(database string) string {
	return fmt.Sprintf("postgres://stampede@127.0.0.1:%d/%s?sslmode=disable", c.port, database)
}

// Remove deletes the folder. The server must have ended.
func (c *Cluster) Remove() error { return os.RemoveAll(c.dir) }
