// SPDX-License-Identifier: Apache-2.0

package metrics

import "sync"

// notesMax is how many calls a Recorder notes before it adds them up by itself.
const notesMax = 512

// Recorder counts what one loop or one connection's goroutine does. Everything but what
// mu guards belongs to its owner.
type Recorder struct {
	stats   *Stats
	notes   [notesMax]note
	noted   int
	pending Totals

	mu       sync.Mutex
	commands []*commandTally // by number of the command; nil: never called
	sums     Totals
}

// note is one call that has not been added up yet.
type note struct {
	nanos int64
	id    int32
	how   outcome
}

type outcome uint8

const (
	succeeded outcome = iota
	failed
	rejected
)

// commandTally is what was counted of one command.
type commandTally struct {
	calls, nanos, rejected, failed int64
	latency                        Histogram
}

// Call counts one call of command number id that took nanos. It shows in the statistics
// after the next [Recorder.Flush].
func (r *Recorder) Call(id int, nanos int64, fail bool) {
	how := succeeded
	if fail {
		how = failed
	}
	r.note(note{nanos: nanos, id: int32(id), how: how})
}

// Spread says that the last n calls noted took nanos together: each of them gets its part.
// n is at most [LapMax].
func (r *Recorder) Spread(n int, nanos int64) {
	each := nanos / int64(n)
	for i := range r.notes[r.noted-n : r.noted] {
		r.notes[r.noted-n+i].nanos = each
	}
}

// Rejected counts a call of command number id that was refused before it ran: wrong
// arity, no rights, no memory.
func (r *Recorder) Rejected(id int) { r.note(note{id: int32(id), how: rejected}) }

// LapMax is how many calls may be measured together.
const LapMax = 8

func (r *Recorder) note(n note) {
	if r.noted == notesMax {
		// The last calls may still wait for their time.
		keep := r.notes[notesMax-LapMax:]
		r.noted -= LapMax
		r.Flush()
		r.noted = copy(r.notes[:], keep)
	}
	r.notes[r.noted] = n
	r.noted++
}

// Error counts an error reply; see [Stats.Error].
func (r *Recorder) Error(text []byte) { r.stats.Error(text) }

// Opened counts a connection.
func (r *Recorder) Opened() { r.pending.Connections++ }

// Read counts one read from a socket.
func (r *Recorder) Read(bytes int) {
	r.pending.Reads++
	r.pending.InBytes += int64(bytes)
}

// Wrote counts one write to a socket.
func (r *Recorder) Wrote(bytes int) {
	r.pending.Writes++
	r.pending.OutBytes += int64(bytes)
}

// Flush adds up what was counted since the last Flush, so that others see it. Its owner
// calls it at the end of a batch and before a call that reads the statistics.
func (r *Recorder) Flush() {
	r.mu.Lock()
	for i := range r.notes[:r.noted] {
		r.add(&r.notes[i])
	}
	r.sums.Connections += r.pending.Connections
	r.sums.InBytes += r.pending.InBytes
	r.sums.OutBytes += r.pending.OutBytes
	r.sums.Reads += r.pending.Reads
	r.sums.Writes += r.pending.Writes
	r.mu.Unlock()
	r.noted = 0
	r.pending = Totals{}
}

func (r *Recorder) add(n *note) {
	t := r.commands[n.id]
	if t == nil {
		t = new(commandTally)
		r.commands[n.id] = t
	}
	if n.how == rejected {
		t.rejected++
		return
	}
	if n.how == failed {
		t.failed++
	}
	t.calls++
	t.nanos += n.nanos
	t.latency.Add(n.nanos)
	r.sums.Calls++
}

// addTo adds the Recorder's commands to sums.
func (r *Recorder) addTo(sums []*Command) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, t := range r.commands {
		if t == nil {
			continue
		}
		if sums[id] == nil {
			sums[id] = new(Command)
		}
		c := sums[id]
		c.Calls += t.calls
		c.Nanos += t.nanos
		c.Rejected += t.rejected
		c.Failed += t.failed
		c.Latency.Merge(&t.latency)
	}
}
