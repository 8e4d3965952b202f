// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"stampede/internal/disk"
	"stampede/internal/engine"
	"stampede/internal/keyspace"
	"stampede/internal/persist"
)

// ImportCmd takes the data of another server over.
type ImportCmd struct {
	File        string `arg:"" help:"An RDB file (dump.rdb) of Redis, Valkey or Stampede."`
	Dir         string `required:"" placeholder:"DIR" help:"Folder of the store that is made."`
	DBFilename  string `name:"dbfilename" default:"dump.rdb" help:"Name of its snapshot."`
	Replace     bool   `help:"Put it in the place of the store that the folder holds."`
	SkipUnknown bool   `help:"Leave out what this version cannot hold, and name it."`
	Shards      int    `placeholder:"N" help:"Parts to work on at a time (by cores)."`
}

// Help is shown below the flags.
func (c *ImportCmd) Help() string {
	return `Reads what Redis up to 8 and Valkey 7.2 to 8 write, and writes a snapshot that
"stampede serve --dir DIR" starts from. All of it must fit in memory. If the import fails or
is interrupted, the store that was in the folder is untouched. Keys that have expired are not
kept. A key of a type that this version lacks (docs/durability.md) ends the import; with
--skip-unknown such keys are left out, named and counted.

  redis-cli --rdb dump.rdb                          get the data of a running Redis
  stampede import dump.rdb --dir /var/lib/stampede
  stampede serve --dir /var/lib/stampede

The file can also be laid into the folder as dump.rdb: a server that finds it takes it over.`
}

// Run imports.
func (c *ImportCmd) Run(ctx context.Context, around surroundings) error {
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if info.IsDir() {
		return fmt.Errorf("%s is a folder: the file in it is wanted", c.File)
	}
	in := &transfer{
		ImportCmd: c, around: around, file: file, size: info.Size(), start: time.Now(),
		left: leftOut{out: around.stderr},
	}
	if c.Replace {
		err = persist.Replace(disk.OS{}, c.Dir, c.DBFilename, func(staged string) error {
			return in.into(ctx, staged)
		})
	} else {
		err = in.into(ctx, c.Dir)
	}
	if errors.Is(err, disk.ErrLocked) {
		return errInUse(c.Dir)
	}
	if err != nil {
		return err
	}
	return in.report()
}

// transfer is an import at work.
type transfer struct {
	*ImportCmd
	around surroundings
	file   *os.File
	size   int64
	start  time.Time

	left leftOut
	done persist.Imported
}

// into imports into an empty folder.
func (t *transfer) into(ctx context.Context, dir string) (err error) {
	shards := (&ServeCmd{Shards: t.Shards}).shards()
	store, err := openOffline(dir, t.DBFilename, shards, t.around.stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Free()) }()
	if !store.Store().Empty() {
		return fmt.Errorf("there is a store in %s already: --replace puts %s in its place", dir,
			t.File)
	}
	show := newMeter(t.around.stderr)
	options := persist.ImportOptions{
		Bytes: t.size,
		Progress: func(bytes int64) {
			show("reading", float64(bytes)/float64(max(t.size, 1)))
		},
	}
	if t.SkipUnknown {
		options.Leave = t.left.note
	}
	if t.done, err = store.Store().Import(ctx, t.file, options); err != nil {
		return t.explain(err)
	}
	return nil
}

// explain says which file an error is about, and what helps.
func (t *transfer) explain(err error) error {
	var kind *keyspace.KindError
	if !t.SkipUnknown && (errors.As(err, &kind) || isOfAModule(err)) {
		return fmt.Errorf("%s: %w; --skip-unknown leaves such keys out", t.File, err)
	}
	return fmt.Errorf("%s: %w", t.File, err)
}

// report tells what was done.
func (t *transfer) report() error {
	expired := ""
	if n := t.done.Expired; n > 0 {
		expired = fmt.Sprintf("; %d more had expired", n)
	}
	if err := t.left.report(); err != nil {
		return err
	}
	took := time.Since(t.start)
	_, err := fmt.Fprintf(t.around.stdout, "imported %s from %s (%s) into %s in %.1f s%s\n",
		counted(t.done.Keys, "key"), t.File, byteSize(t.size), t.Dir, took.Seconds(), expired)
	return err
}

// ExportCmd writes the data for another server.
type ExportCmd struct {
	File         string `arg:"" help:"The RDB file to write, for redis-server 7.0 and later."`
	Dir          string `required:"" placeholder:"DIR" help:"Folder of the store."`
	DBFilename   string `name:"dbfilename" default:"dump.rdb" help:"Name of its snapshot."`
	Replace      bool   `help:"Write over the file if it is there."`
	JSONAsString bool   `name:"json-as-string" help:"Write JSON documents as strings of their text."`
	Shards       int    `placeholder:"N" help:"Parts to work on at a time (by cores)."`
}

// Help is shown below the flags.
func (c *ExportCmd) Help() string {
	return `The file holds what a server would have if it started on the folder now: the snapshot and
all of the journal. No server may be running there; of one that runs, take the dump.rdb that
BGSAVE writes: it is a file for Redis as well. JSON documents are written as those of
RedisJSON, which a redis-server without that module does not load: --json-as-string helps.

  stampede export dump.rdb --dir /var/lib/stampede
  redis-server --dir . --dbfilename dump.rdb`
}

// Run exports.
func (c *ExportCmd) Run(ctx context.Context, around surroundings) (err error) {
	if err := storeFolder(c.Dir, c.DBFilename); err != nil {
		return err
	}
	if _, err := os.Stat(c.File); !c.Replace && !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, fmt.Errorf("%s is there already: --replace writes over it", c.File))
	}
	start := time.Now()
	store, err := openOffline(c.Dir, c.DBFilename, (&ServeCmd{Shards: c.Shards}).shards(),
		around.stderr)
	if errors.Is(err, errRunning) {
		return fmt.Errorf("%w: call BGSAVE, and its %s is a file for Redis", err, c.DBFilename)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Free()) }()
	written, err := c.write(ctx, store, newMeter(around.stderr))
	if err != nil {
		return err
	}
	note := ""
	if written.Modules > 0 {
		note = fmt.Sprintf("note: %s of these: JSON documents or stocks. A redis-server without "+
			"their modules does not load the file; --json-as-string helps with documents\n",
			counted(written.Modules, "value"))
	}
	if written.Timed > 0 {
		note += fmt.Sprintf("note: %s of these: hashes whose fields have deadlines. A redis-server "+
			"before 7.4 does not load the file\n", counted(written.Timed, "key"))
	}
	_, err = fmt.Fprintf(around.stdout, "exported %s from %s to %s (%s) in %.1f s\n%s",
		counted(written.Keys, "key"), c.Dir, c.File, byteSize(written.Bytes),
		time.Since(start).Seconds(), note)
	return err
}

// write loads the store and writes it.
func (c *ExportCmd) write(
	ctx context.Context, store *engine.Engine, show func(what string, share float64),
) (written persist.Exported, err error) {
	kept := store.Store()
	err = watch(func() {
		if s := kept.Status(); s.LoadTotalBytes > 0 {
			show("loading", float64(s.LoadedBytes)/float64(s.LoadTotalBytes))
		}
	}, store.Load)
	if err != nil {
		return written, err
	}
	if err := ctx.Err(); err != nil {
		return written, err
	}
	total := 0
	for _, db := range store.Summary().DBs {
		total += db.Keys
	}
	err = watch(func() {
		show("writing", float64(kept.Status().SavedKeys)/float64(max(total, 1)))
	}, func() (err error) {
		written, err = kept.Export(ctx, c.File, persist.ExportOptions{JSONAsString: c.JSONAsString})
		return err
	})
	return written, err
}
