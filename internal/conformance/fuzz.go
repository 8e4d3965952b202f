// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// FuzzOptions says how much to try.
type FuzzOptions struct {
	Seed       uint64
	Calls      int
	ProbeEvery int         // calls between two looks at the whole data; 0 means 2000
	Config     [][2]string // parameters set on both servers for the time of the run
	Scripts    bool        // most calls run scripts
	Streams    bool        // most calls are about streams
	Events     bool        // what the servers tell of their keys is compared, too
	Alone      bool        // each call is answered before the next one is sent
}

// shrinkRuns and shrinkTime bound how often, and for how long, calls are sent again to find the few
// that matter.
const (
	shrinkRuns = 1000
	shrinkTime = 90 * time.Second
)

// maxTrimmedCalls is up to how many calls single arguments are tried, maxShownCalls how many
// calls a report shows.
const (
	maxTrimmedCalls = 40
	maxShownCalls   = 100
)

// Fuzz sends the same random calls to two servers and fails t where they differ, with the
// seed and the fewest calls that show the difference, as a script whose replies are those
// of the oracle. It gives what was covered.
func Fuzz(t testing.TB, oracle, tested string, opts FuzzOptions) Coverage {
	t.Helper()
	cover := Coverage{}
	report, err := fuzz(oracle, tested, opts, cover)
	if err != nil {
		t.Fatalf("seed %d: %v", opts.Seed, err)
	}
	if report != "" {
		t.Error(report)
	}
	return cover
}

// fuzz is Fuzz without the test: an empty report means that the servers agree.
func fuzz(oracle, tested string, opts FuzzOptions, cover Coverage) (report string, err error) {
	if opts.ProbeEvery == 0 {
		opts.ProbeEvery = 2000
	}
	if opts.Events {
		opts.Config = append(slices.Clone(opts.Config), eventsOn)
	}
	for _, addr := range []string{oracle, tested} {
		restore, err := prepare(addr, opts.Config)
		if err != nil {
			return "", fmt.Errorf("%s: prepare: %w", addr, err)
		}
		defer func() {
			if restoreErr := restore(); err == nil {
				err = restoreErr
			}
		}()
	}
	calls := generate(opts, cover)
	l := &lockstep{
		addr: [2]string{oracle, tested}, rules: fuzzRules(), cover: cover,
		events: opts.Events, alone: opts.Alone,
	}
	diff, err := l.run(calls, opts.ProbeEvery)
	if diff == nil || err != nil {
		return "", err
	}
	l.cover = nil
	calls = l.shrink(calls[:min(diff.at+1, len(calls))], diff)
	shown, err := l.run(calls, len(calls))
	if err != nil {
		return "", fmt.Errorf("call %d, %q: %s (%s, %s); then: %w",
			diff.at, diff.call, diff.what, diff.got[0], diff.got[1], err)
	}
	if shown == nil {
		return fmt.Sprintf("seed %d: call %d: %s, but not when sent again: is a reply a matter of time?"+
			"\n%q\n--- oracle\n%s\n--- tested\n%s", opts.Seed, diff.at, diff.what, diff.call,
			diff.got[0], diff.got[1]), nil
	}
	text, err := l.script(calls)
	return fmt.Sprintf("seed %d: %s\n%q\n--- oracle\n%s\n--- tested\n%s\n--- script\n%s",
		opts.Seed, shown.what, shown.call, shown.got[0], shown.got[1], text), err
}

// shrinker drops calls as long as the servers still differ in the same way.
type shrinker struct {
	l     *lockstep
	want  *difference
	runs  int
	until time.Time
}

func (l *lockstep) shrink(calls []FuzzCall, diff *difference) []FuzzCall {
	s := &shrinker{l: l, want: diff, until: time.Now().Add(shrinkTime)}
	if !s.differs(calls) {
		return calls // it was a matter of time
	}
	calls = s.dropCalls(calls)
	if len(calls) <= maxTrimmedCalls {
		calls = s.dropArgs(calls)
	}
	return calls
}

// differs says whether calls show the difference that is wanted: the same command, and the
// replies, or the data, differ.
func (s *shrinker) differs(calls []FuzzCall) bool {
	if time.Now().After(s.until) {
		return false
	}
	s.runs++
	diff, err := s.l.run(calls, len(calls))
	return err == nil && diff != nil && diff.what == s.want.what &&
		callName(diff.call) == callName(s.want.call)
}

// dropCalls tries halves first, then smaller and smaller pieces, from the end.
func (s *shrinker) dropCalls(calls []FuzzCall) []FuzzCall {
	for size := (len(calls) + 1) / 2; size >= 1 && s.runs < shrinkRuns; {
		dropped := false
		for end := len(calls); end > 0 && s.runs < shrinkRuns; {
			from := max(0, end-size)
			fewer := slices.Delete(slices.Clone(calls), from, end)
			if len(fewer) > 0 && s.differs(fewer) {
				calls, dropped = fewer, true
			}
			end = from
		}
		if size > 1 {
			size = (size + 1) / 2
		} else if !dropped {
			break
		}
	}
	return calls
}

// dropArgs tries without single arguments.
func (s *shrinker) dropArgs(calls []FuzzCall) []FuzzCall {
	for i := range calls {
		for j := len(calls[i].Args) - 1; j > 0 && s.runs < 2*shrinkRuns; j-- {
			fewer := slices.Clone(calls)
			fewer[i].Args = slices.Delete(slices.Clone(calls[i].Args), j, j+1)
			if !calls[i].Gone && !risky(fewer[i].Args) && s.differs(fewer) {
				calls = fewer
			}
		}
	}
	return calls
}

// risky says of a call with an argument dropped that its reply may have become a matter of
// time or of chance.
func risky(args []string) bool {
	name := callName(args)
	return strings.Contains(name, "EX") || strings.Contains(name, "SCAN") || name == "SET"
}

// script writes calls with the replies of the oracle.
func (l *lockstep) script(calls []FuzzCall) (string, error) {
	if err := l.open(); err != nil {
		return "", err
	}
	defer l.close()
	var b strings.Builder
	if len(calls) > maxShownCalls {
		fmt.Fprintf(&b, "# after %d more\n", len(calls)-maxShownCalls)
	}
	for i, call := range calls {
		name := "[" + string(rune('a'+call.Conn)) + "]"
		words := make([]string, len(call.Args))
		for i, arg := range call.Args {
			words[i] = arg
			if arg == "" || strings.ContainsAny(quote(arg), ` \$<`) {
				words[i] = quote(arg)
			}
		}
		v, err := l.conns[0][call.Conn].Do(call.Args...)
		if err != nil {
			return b.String(), err
		}
		if call.Gone {
			if err := l.waitUntilGone(call.Conn, call.Args[1]); err != nil {
				return b.String(), err
			}
		}
		if i < len(calls)-maxShownCalls {
			continue
		}
		fmt.Fprintf(&b, "%s> %s\n%s\n", name, strings.Join(words, " "), v)
		if call.Gone {
			fmt.Fprintf(&b, "%suntil> EXISTS %s\n:0\n", name, call.Args[1])
		}
	}
	return b.String(), nil
}
