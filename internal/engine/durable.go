// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"log/slog"

	"stampede/internal/config"
	"stampede/internal/disk"
	"stampede/internal/family/scripting"
	"stampede/internal/journal"
	"stampede/internal/keyspace"
	"stampede/internal/persist"
	"stampede/internal/reply"
	"stampede/internal/script"
)

// Durability says where an engine keeps its data. What is kept, and when it is synced, are
// parameters (appendonly, appendfsync, save, dbfilename).
type Durability struct {
	FS  disk.FS // nil: the machine's
	Dir string
	Log *slog.Logger

	SegmentBytes int64 // of the journal; 0: its default

	// Durable and Failed are told when more of the journal has become durable and when the
	// disk fails or works again; they must not wait. nil: nobody wants to know.
	Durable func(journal.Position)
	Failed  func()
}

// errLoading is the answer while the data is being loaded.
const errLoading reply.Error = "LOADING Redis is loading the dataset in memory"

// openStore opens the folder.
func (e *Engine) openStore(d *Durability) error {
	c := e.config
	failed := func() {
		if d.Failed != nil {
			d.Failed()
		}
	}
	fsync := func() journal.Fsync {
		mode, _ := journal.ParseFsync(c.Text(config.AppendFsync)) // the names are the same
		return mode
	}
	store, err := persist.Open(persist.Options{
		FS: d.FS, Dir: d.Dir, Snapshot: c.Text(config.DBFilename),
		Journal: c.Bool(config.AppendOnly), Fsync: fsync(),
		Shards: e.shards, Functions: libraries{e.scripts.Functions()}, NowMs: e.clock, Log: d.Log,
		Hooks: journal.Hooks{
			Durable: func(p journal.Position) {
				e.settles.look(p)
				if d.Durable != nil {
					d.Durable(p)
				}
			},
			Failed: func(error) { failed() }, Recovered: failed,
		},
		Points: c.SavePoints, Growth: e.growth, Next: c.NextSnapshot, SegmentBytes: d.SegmentBytes,
	})
	if err != nil {
		return err
	}
	e.store = store
	if log := store.Journal(); log != nil {
		e.log = log
		c.OnChange(config.AppendFsync, func() { log.SetFsync(fsync()) })
	}
	e.loading.Store(true)
	return nil
}

// libraries are the functions as package persist wants to see them.
type libraries struct{ functions *script.Functions }

// Codes are the texts of all libraries.
func (l libraries) Codes() (codes [][]byte) {
	for _, library := range l.functions.Libraries() {
		codes = append(codes, []byte(library.Code))
	}
	return codes
}

// Load adds a library, or replaces the one of the same name.
func (l libraries) Load(code []byte) error { return l.functions.LoadAgain(string(code)) }

// Drop removes a library; all of them if name is empty.
func (l libraries) Drop(name string) {
	if name == "" {
		l.functions.Flush()
	} else {
		l.functions.Delete(name)
	}
}

// tellFunctions lets the journal have what became of the libraries. All shards are owned.
func tellFunctions(spaces []*keyspace.Space, change scripting.FunctionsChange) {
	effects := spaces[0].Effects
	if change.DroppedAll {
		effects.FunctionDrop("")
	}
	for _, name := range change.Dropped {
		effects.FunctionDrop(name)
	}
	for _, code := range change.Loaded {
		effects.FunctionLoad([]byte(code))
	}
}

// growth is how much journal makes a snapshot worth it: as much as auto-aof-rewrite-percentage
// says, as if the snapshot were the file that Redis rewrites.
func (e *Engine) growth(snapshotBytes int64) int64 {
	percent := e.config.Int(config.AutoAOFRewritePercentage)
	if percent == 0 {
		return 0
	}
	return max(e.config.Int(config.AutoAOFRewriteMinSize), snapshotBytes*percent/100)
}

// Load brings what is on disk into the store. Until it returns, calls that need data are
// answered that it is being loaded. Without a folder it does nothing.
func (e *Engine) Load() error {
	if e.store == nil {
		return nil
	}
	if err := e.store.Load(); err != nil {
		return err
	}
	e.beginLocks()
	e.loading.Store(false)
	return nil
}

// Store is what keeps the data on disk; nil if nothing does.
func (e *Engine) Store() *persist.Store { return e.store }

// Journal is the log of all changes; nil if none is kept.
func (e *Engine) Journal() *journal.Log { return e.log }

// failed tells whether the journal takes nothing at the moment.
func (e *Engine) failed() bool { return e.log != nil && e.log.Failed() != nil }

// journalRefusal is the refusal of a call that writes while the journal takes nothing, or empty.
func (e *Engine) journalRefusal() reply.Error {
	if e.log == nil {
		return ""
	}
	err := e.log.Failed()
	if err == nil {
		return ""
	}
	return "MISCONF Errors writing to the journal: " + reply.Error(err.Error()) +
		". Nothing is written until the disk works again: free space on it or repair it; " +
		"reads go on."
}

// writeRefusal is the refusal of a call that writes while what it writes could not be kept, or
// empty.
func (e *Engine) writeRefusal() reply.Error {
	if e.log != nil {
		return e.journalRefusal()
	}
	if e.store == nil || e.store.SaveOK() || !e.config.Bool(config.StopWritesOnBgsaveError) ||
		e.config.Text(config.Save) == "" {
		return ""
	}
	return "MISCONF Stampede is configured to save RDB snapshots, but it's currently unable to " +
		"persist to disk. Commands that may modify the data set are disabled, because this " +
		"instance is configured to report errors during writes if RDB snapshotting fails " +
		"(stop-writes-on-bgsave-error option). Please check the log for details about the RDB error."
}
