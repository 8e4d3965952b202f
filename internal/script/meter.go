// SPDX-License-Identifier: Apache-2.0

package script

import (
	"context"
	"errors"
	"runtime/metrics"
	"time"
)

const (
	// stepsPerPause is how many instructions run before the host is asked whether to go on.
	stepsPerPause = 10_000
	heapMetric    = "/memory/classes/heap/objects:bytes"
)

var (
	errScriptMemory = errors.New("ERR script used too much memory")
	errHost         = errors.New("ERR the host of the script failed") // never seen by a client
)

// meter counts the instructions of a run. To gopher-lua it is the context that it asks before
// each instruction whether it is done: that costs a call and leaves the machine as it is.
type meter struct {
	m    *machine
	left int
	done chan struct{} // closed

	heap      []metrics.Sample
	heapBegin uint64 // bytes in the heap at the first pause of the run; 0 before it
}

func (t *meter) init(m *machine) {
	t.m = m
	t.done = make(chan struct{})
	close(t.done)
	t.heap = []metrics.Sample{{Name: heapMetric}}
}

// start begins a run.
func (t *meter) start() { t.left, t.heapBegin = stepsPerPause, 0 }

// Done counts an instruction. It is never done but by order.
func (t *meter) Done() <-chan struct{} {
	t.left--
	if t.left > 0 {
		return nil
	}
	return t.pause()
}

// pause asks the host. Once the run has to end, there is no other answer, so that no protected
// call of the script can go on.
func (t *meter) pause() <-chan struct{} {
	if t.m.ended != nil {
		return t.done
	}
	if err := t.m.pauseHost(); err != nil {
		t.end(err)
		return t.done
	}
	metrics.Read(t.heap)
	used := t.heap[0].Value.Uint64()
	if t.heapBegin == 0 {
		t.heapBegin = used
	}
	if used > t.heapBegin+t.m.options.MemoryMax {
		t.end(errScriptMemory)
		return t.done
	}
	t.left = stepsPerPause
	return nil
}

// end lets no further instruction of the run pass.
func (t *meter) end(err error) { t.m.ended, t.left = err, 0 }

// steps counts n instructions' worth of work done in Go.
func (t *meter) steps(n int) {
	t.left -= n
	if t.left <= 0 && t.pause() != nil {
		t.m.state.RaiseError("%s", t.m.ended.Error())
	}
}

// Err is why the run ends.
func (t *meter) Err() error {
	if t.m.ended == nil {
		return context.Canceled
	}
	return t.m.ended
}

// Deadline tells that there is none: the host decides.
func (t *meter) Deadline() (deadline time.Time, ok bool) { return time.Time{}, false }

// Value has none.
func (t *meter) Value(any) any { return nil }

// pauseHost is the host's Pause, whose panics end the run too.
func (m *machine) pauseHost() (err error) {
	defer m.caught()
	if err := m.host.Pause(); err != nil || m.functionRun.runs == nil {
		return err
	}
	return m.functionRun.pause(m.host.Wrote())
}

// caught lets a panic of the host end the run, although gopher-lua stops panics where a script
// has a protected call. It is to be deferred.
func (m *machine) caught() {
	if r := recover(); r != nil {
		m.hostile = r
		m.meter.end(errHost)
		panic(r)
	}
}
