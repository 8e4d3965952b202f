// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"stampede/internal/verify"
)

// VerifyCmd is the command line of the proof.
type VerifyCmd struct {
	Seeds   int     `default:"3" help:"Histories of each kind in each configuration."`
	Crashes int     `default:"100" help:"How often a server is killed, in each loop."`
	Minutes float64 `help:"Begin again with other seeds until so many minutes have passed."`
	Seed    uint64  `default:"1" help:"The first seed."`
	Dir     string  `type:"existingdir" help:"The servers' files are in a folder of this one."`
}

// Help is shown below the flags.
func (c *VerifyCmd) Help() string {
	return `Runs the proof on this machine, against servers of its own on free ports:

  histories of concurrent clients, some hanging up in the middle of a call, for each of which an
  order must exist that explains all replies: single keys, transactions and scripts, stock
  a crash loop: SIGKILL under load, and a look at what is there afterwards
  a sale of a million units to 200 buyers at a time under SIGKILL: nothing oversold, no id
  answered in two ways, no confirmation lost

It shows a table at the end, and fails if anything was violated. Then the files stay.

  stampede verify                             some minutes, or less
  stampede verify --minutes 60 --seed 1000    an hour, with seeds that others do not try
  stampede verify --crashes 1000              many more kills`
}

// Run verifies until the end or until ctx ends.
func (c *VerifyCmd) Run(ctx context.Context, around surroundings) error {
	if c.Seeds < 1 || c.Crashes < 1 || c.Minutes < 0 {
		return errors.New("verify: there must be a seed and a crash at least")
	}
	binary, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(c.Dir, "stampede-verify-")
	if err != nil {
		return err
	}
	report, err := verify.Run(ctx, verify.Options{
		Binary: binary, Dir: dir, Seed: c.Seed, Seeds: c.Seeds, Crashes: c.Crashes,
		Time: time.Duration(c.Minutes * float64(time.Minute)), Progress: around.stderr,
	})
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	if err := report.WriteText(around.stdout); err != nil {
		return err
	}
	if n := report.Violations(); n > 0 {
		return fmt.Errorf("verify: %d violations; the files are in %s", n, dir)
	}
	return os.RemoveAll(dir)
}
