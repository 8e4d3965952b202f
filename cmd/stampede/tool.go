// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/term"

	"stampede/internal/config"
	"stampede/internal/disk"
	"stampede/internal/engine"
	"stampede/internal/persist"
	"stampede/internal/session"
)

// errLockedFolder tells whether another process has the journal in a folder open: an error
// that says so, or why that cannot be found out.
func errLockedFolder(journal string) error {
	lock, err := disk.OS{}.Lock(filepath.Join(journal, persist.JournalLock))
	if errors.Is(err, disk.ErrLocked) {
		return errInUse(filepath.Dir(journal))
	}
	if err != nil {
		return err
	}
	return lock.Close()
}

// errRunning is why nothing can be done with a folder.
var errRunning = errors.New("a server (or another stampede) is running")

func errInUse(dir string) error {
	return fmt.Errorf("%w on %s: it has the lock of the journal there", errRunning, dir)
}

// checkFolder tells what is wrong with a folder that a server is to keep its data in, as
// far as that can be told without a look at the data. The folder is made if it is missing.
func checkFolder(dir string) error {
	const instead = "; give another folder by --dir, or run with --memory-only"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("the data cannot be kept in %s: %w%s", dir, err, instead)
	}
	for _, folder := range []string{dir, filepath.Join(dir, persist.JournalDir)} {
		probe, err := os.CreateTemp(folder, "probe.*.new")
		if errors.Is(err, fs.ErrNotExist) {
			continue // it will be made
		}
		if err == nil {
			err = errors.Join(probe.Close(), os.Remove(probe.Name()))
		}
		if err != nil {
			return fmt.Errorf("nothing can be written to %s: %w%s", folder, err, instead)
		}
	}
	return nil
}

// storeFolder is a folder that must hold a store: it tells whether it does not.
func storeFolder(dir, snapshot string) error {
	_, err := os.Stat(filepath.Join(dir, snapshot))
	if errors.Is(err, fs.ErrNotExist) {
		_, err = journalFolder(dir)
		if err != nil {
			err = fmt.Errorf("there is no data in %s: neither %s nor a journal", dir, snapshot)
		}
	}
	return err
}

// openOffline opens the store of a folder to work on it without a server.
func openOffline(dir, snapshot string, shards int, stderr io.Writer) (*engine.Engine, error) {
	tuneRuntime()
	parameters := config.New()
	if err := parameters.SetAtStart("dbfilename", snapshot); err != nil {
		return nil, err
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	store, err := engine.New(engine.Options{
		Shards: shards, Config: parameters, Registry: session.NewRegistry(nil),
		Durability: &engine.Durability{Dir: dir, Log: log},
	})
	if errors.Is(err, disk.ErrLocked) {
		return nil, errInUse(dir)
	}
	return store, err
}

// watchEvery is how often something is looked at that does not tell its progress.
const watchEvery = 100 * time.Millisecond

// watch lets show run now and then while work does.
func watch(show func(), work func() error) error {
	ended, shown := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(shown)
		ticker := time.NewTicker(watchEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ended:
				return
			case <-ticker.C:
				show()
			}
		}
	}()
	err := work()
	close(ended)
	<-shown
	return err
}

// meterEvery is how often a meter that is no bar tells something.
const meterEvery = 5 * time.Second

// newMeter returns a function that shows how far something has come: a bar on a terminal,
// else a line now and then.
func newMeter(stderr io.Writer) func(what string, share float64) {
	if file, ok := stderr.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return showProgress(file)
	}
	told := time.Now()
	return func(what string, share float64) {
		if time.Since(told) < meterEvery {
			return
		}
		told = time.Now()
		fmt.Fprintf(stderr, "stampede: %s: %.0f %%\n", what, 100*share)
	}
}

// counted is a number and what it counts.
func counted(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.FormatInt(n, 10) + " " + what + "s"
}

// byteSize is a size for people.
func byteSize(n int64) string {
	units := []string{"bytes", "KiB", "MiB", "GiB", "TiB"}
	size, unit := float64(n), 0
	for size >= 1024 && unit+1 < len(units) {
		size, unit = size/1024, unit+1
	}
	if unit == 0 {
		return strconv.FormatInt(n, 10) + " bytes"
	}
	return strconv.FormatFloat(size, 'f', 1, 64) + " " + units[unit]
}
