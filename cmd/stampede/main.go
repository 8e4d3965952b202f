// SPDX-License-Identifier: Apache-2.0

// Command stampede is the whole of Stampede in one program: the store, its load generator
// and its tools. All wiring is here; what is wired lives in packages of its own.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is that of Stampede; CHANGELOG.md says what is in it.
const version = "0.1.0"

// commands are what the program can do.
type commands struct {
	Version kong.VersionFlag `help:"Print the version." short:"v"`

	Serve  ServeCmd      `cmd:"" help:"Run the store."`
	Bench  BenchCommands `cmd:"" help:"Measure a server, or techniques of selling."`
	Demo   DemoCmd       `cmd:"" help:"Watch a flash sale: a crowd of buyers, a few units, nothing oversold."`
	Verify VerifyCmd     `cmd:"" help:"Run the proof on this machine: histories, crashes, a sale under SIGKILL."`

	Audit   AuditCmd   `cmd:"" help:"Compare the stocks of a store with its ledger in PostgreSQL."`
	Journal JournalCmd `cmd:"" help:"Check, show or repair the journal of a store."`
	Import  ImportCmd  `cmd:"" help:"Make a store of an RDB file, such as that of a Redis."`
	Export  ExportCmd  `cmd:"" help:"Write a store to an RDB file that redis-server reads."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// surroundings are what a command may use of the process.
type surroundings struct {
	stdout, stderr io.Writer
}

// exit is how the command line's library leaves: it prints help in the middle of parsing
// and wants to end the process there.
type exit struct{ code int }

// run is main without the process. It returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (code int) {
	defer func() {
		if reason := recover(); reason != nil {
			early, ok := reason.(exit)
			if !ok {
				panic(reason)
			}
			code = early.code
		}
	}()
	parser, err := newParser(ctx, &commands{}, surroundings{stdout, stderr})
	if err != nil {
		fmt.Fprintln(stderr, "stampede:", err)
		return exitFailed
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(stderr, "stampede: %v\nTry: stampede --help\n", err)
		return exitUsage
	}
	if err := parsed.Run(); err != nil {
		fmt.Fprintln(stderr, "stampede:", err)
		return exitFailed
	}
	return exitOK
}

// runProgram runs a command line of the program within it.
func runProgram(ctx context.Context, stderr io.Writer, args ...string) error {
	parser, err := newParser(ctx, &commands{}, surroundings{io.Discard, stderr})
	if err != nil {
		return err
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return err
	}
	return parsed.Run()
}

// newParser returns what reads the command line into c.
func newParser(ctx context.Context, c *commands, around surroundings) (*kong.Kong, error) {
	return kong.New(c,
		kong.Name("stampede"),
		kong.Description("The in-memory store that sells out exactly. It speaks Redis' "+
			"protocol: every Redis client works."),
		kong.Writers(around.stdout, around.stderr),
		kong.Exit(func(code int) { panic(exit{code}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(around),
		kong.PostBuild(nameEnvironment),
		kong.Vars{"version": "stampede " + version},
	)
}
