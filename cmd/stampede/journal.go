// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"stampede/internal/disk"
	"stampede/internal/effect"
	"stampede/internal/journal"
	"stampede/internal/persist"
)

// JournalCmd are the tools for the journal.
type JournalCmd struct {
	Check  JournalCheckCmd  `cmd:"" help:"Read all of it and say whether it is sound."`
	Dump   JournalDumpCmd   `cmd:"" help:"Show the changes that are in it."`
	Repair JournalRepairCmd `cmd:"" help:"Cut it at its first damage; what is cut off is kept."`
}

// JournalCheckCmd reads a journal.
type JournalCheckCmd struct {
	Dir string `arg:"" help:"Folder of the store (--dir of serve), or of its journal."`
}

// Help is shown below the flags.
func (c *JournalCheckCmd) Help() string {
	return `Nothing is changed, and a server may be running on the folder meanwhile. The exit code
is 0 if the journal is sound and 1 if it is damaged or cannot be read.

  stampede journal check /var/lib/stampede`
}

// Run checks.
func (c *JournalCheckCmd) Run(around surroundings) error {
	folder, err := journalFolder(c.Dir)
	if err != nil {
		return err
	}
	report, err := checkJournal(folder, around.stderr)
	if err != nil {
		return err
	}
	if report.Damage != nil {
		return fmt.Errorf("%w\n%s before it is sound. To start without the rest: "+
			"stampede journal repair %s", report.Damage, contents(&report), c.Dir)
	}
	_, err = fmt.Fprintf(around.stdout, "%s is sound\nlog %016x: %s in %s\n%s", folder,
		report.ID, contents(&report), counted(int64(report.Segments), "segment"), torn(&report))
	return err
}

// contents says what is in a journal.
func contents(r *journal.Report) string {
	return fmt.Sprintf("%s from position %d to %d (%s)", counted(r.Records, "record"), r.First,
		r.End, byteSize(r.Bytes))
}

// torn says what is behind the last whole record; empty if nothing is.
func torn(r *journal.Report) string {
	if r.TornBytes == 0 {
		return ""
	}
	return fmt.Sprintf("%s behind position %d are no whole record: a server is writing them, or "+
		"a crash left them before anybody was told that they were durable, and the next start "+
		"cuts them off\n", counted(r.TornBytes, "byte"), r.End)
}

// journalFolder finds the journal in a folder that was named: below it, or in it.
func journalFolder(dir string) (string, error) {
	if _, err := os.Stat(dir); err != nil {
		return "", err
	}
	const segments = "????????????????.log"
	for _, folder := range []string{filepath.Join(dir, persist.JournalDir), dir} {
		names, err := fs.Glob(os.DirFS(folder), segments)
		if err != nil {
			return "", err
		}
		if len(names) > 0 {
			return folder, nil
		}
	}
	return "", fmt.Errorf("there is no journal in %s", dir)
}

// checkTries is how often a journal is read that changes while it is.
const checkTries = 5

// checkJournal checks a journal that a server may be writing. What looks like damage while
// the server writes there is none when it is looked at again.
func checkJournal(folder string, stderr io.Writer) (journal.Report, error) {
	var before *journal.DamageError
	for try := 1; ; try++ {
		report, err := journal.Check(disk.OS{}, folder, checkProgress(folder, stderr))
		again := errors.Is(err, fs.ErrNotExist) || // a snapshot has just made it needless
			report.Damage != nil && (before == nil || *before != *report.Damage)
		if !again || try == checkTries {
			return report, err
		}
		before = report.Damage
	}
}

// checkProgress shows how far a check has come, which is told segment by segment.
func checkProgress(folder string, stderr io.Writer) func(done, all int64) {
	var total, whole, last int64
	if entries, err := os.ReadDir(folder); err == nil { // else the check will say so
		for _, entry := range entries {
			if info, err := entry.Info(); err == nil {
				total += info.Size()
			}
		}
	}
	show := newMeter(stderr)
	return func(done, all int64) {
		if done < last { // the next one
			whole += last
		}
		last = done
		show("checking", float64(whole+done)/float64(max(total, whole+all, 1)))
	}
}

// JournalDumpCmd shows records.
type JournalDumpCmd struct {
	Dir   string `arg:"" help:"Folder of the store (--dir of serve), or of its journal."`
	From  uint64 `placeholder:"POSITION" help:"Show what comes after this position (the beginning)."`
	Limit int64  `short:"n" placeholder:"N" help:"Show so many records (all)."`
	Full  bool   `help:"Show values to their end, not the first bytes of each."`
}

// Help is shown below the flags.
func (c *JournalDumpCmd) Help() string {
	return `A line is one change: the position of its record, what was done, the database, the key.
Lines of the same position are one record: all of them count or none. What is shown is what
became of a call, not the call: an EXPIRE is the time at which the key ends. The journal
begins where the snapshot was taken. A server may be running on the folder meanwhile.

  stampede journal dump /var/lib/stampede --limit 10
  stampede journal dump /var/lib/stampede --from 4096 | grep '"stock:1"'`
}

// shownBytes are shown of a value unless all of it is wanted.
const shownBytes = 64

// errLimit ends a dump that has shown enough.
var errLimit = errors.New("enough was shown")

// Run shows.
func (c *JournalDumpCmd) Run(ctx context.Context, around surroundings) error {
	folder, err := journalFolder(c.Dir)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(around.stdout)
	lines := lines{shownMax: shownBytes}
	if c.Full {
		lines.shownMax = int(^uint(0) >> 1)
	}
	var shown int64
	last := journal.Position(c.From)
	err = journal.Dump(disk.OS{}, folder, last, func(at journal.Position, record []byte) error {
		text, err := lines.of(at, record)
		if _, writeErr := out.Write(text); err == nil {
			err = writeErr
		}
		last = at
		if shown++; err == nil && shown == c.Limit {
			err = errLimit
		}
		return errors.Join(err, ctx.Err())
	})
	if errors.Is(err, errLimit) {
		err = nil
	}
	return errors.Join(c.explain(err, last, shown > 0), out.Flush())
}

// explain says more about what may be wrong with the position. last is up to where records
// were shown, if any were.
func (c *JournalDumpCmd) explain(err error, last journal.Position, shown bool) error {
	var damage *journal.DamageError
	switch {
	case errors.Is(err, journal.ErrClaimLost) && !shown && c.From != 0:
		return fmt.Errorf("the journal begins after position %d: records before a snapshot are "+
			"dropped; without --from it is shown from its beginning", c.From)
	case errors.Is(err, journal.ErrClaimLost):
		return fmt.Errorf("what follows position %d was dropped meanwhile: a server has written a "+
			"snapshot that holds it", last)
	case errors.Is(err, journal.ErrBeyondEnd):
		return fmt.Errorf("the journal ends before position %d", c.From)
	case errors.As(err, &damage) && c.From != 0 && !shown:
		return fmt.Errorf("%w, or no record ends at position %d: --from takes positions as dump "+
			"shows them", err, c.From)
	}
	return err
}

// lines makes the lines of a dump.
type lines struct {
	shownMax int // bytes of a value
	reader   effect.Reader
	text     []byte
}

// of are the lines of a record; they are valid until the next call.
func (l *lines) of(at journal.Position, record []byte) ([]byte, error) {
	l.text = l.text[:0]
	var e effect.Effect
	for l.reader.Reset(record); l.reader.Next(&e); {
		l.text = fmt.Appendf(l.text, "%d ", at)
		l.text = append(appendEffect(l.text, &e, l.shownMax), '\n')
	}
	if err := l.reader.Err(); err != nil {
		return l.text, fmt.Errorf("the record that ends at position %d: %w", at, err)
	}
	return l.text, nil
}

// JournalRepairCmd cuts a journal.
type JournalRepairCmd struct {
	Dir string `arg:"" help:"Folder of the store (--dir of serve), or of its journal."`
	Yes bool   `short:"y" help:"Do not ask."`

	stdin io.Reader // nil: that of the process
}

// Help is shown below the flags.
func (c *JournalRepairCmd) Help() string {
	return `A journal that is damaged in its middle makes the server refuse to start, because going
on would lose changes without a word. This cuts it where the damage begins. All changes from
there on are lost, whole ones among them; they are kept beside the journal in files that end
in .damaged. No server may be running on the folder. Where a replica or a backup has the
data, take that instead.

  stampede journal check /var/lib/stampede
  cp -a /var/lib/stampede /somewhere/safe
  stampede journal repair /var/lib/stampede`
}

// Run repairs.
func (c *JournalRepairCmd) Run(around surroundings) error {
	folder, err := journalFolder(c.Dir)
	if err != nil {
		return err
	}
	if err := errLockedFolder(folder); err != nil {
		return err
	}
	report, err := checkJournal(folder, around.stderr)
	if err != nil {
		return err
	}
	if report.Damage == nil {
		_, err = fmt.Fprintf(around.stdout, "%s is sound: nothing to repair\n%s", folder,
			torn(&report))
		return err
	}
	if err := c.confirm(around, &report); err != nil {
		return err
	}
	if _, err := journal.Repair(disk.OS{}, folder); err != nil {
		return err
	}
	_, err = fmt.Fprintf(around.stdout, "%s is cut at its damage; what was cut off is in %s\n",
		folder, filepath.Join(folder, "*.damaged"))
	return err
}

// confirm tells what would be lost and asks whether to go on.
func (c *JournalRepairCmd) confirm(around surroundings, report *journal.Report) error {
	_, err := fmt.Fprintf(around.stdout, "%v\n%s before it is kept. Every change behind it that "+
		"no snapshot holds will be lost.\n", report.Damage, contents(report))
	if err != nil || c.Yes {
		return err
	}
	in := c.stdin
	if in == nil {
		in = os.Stdin
	}
	if _, err := fmt.Fprint(around.stdout, "Cut the journal there? Type yes: "); err != nil {
		return err
	}
	answer, err := bufio.NewReader(io.LimitReader(in, 100)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimSpace(answer) != "yes" {
		return errors.New("nothing was changed (--yes does not ask)")
	}
	return nil
}
