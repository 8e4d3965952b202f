// SPDX-License-Identifier: Apache-2.0

// Package loadgen puts load on a RESP server and measures what comes back: calls a second,
// latencies, error replies, and the processor time the server and the generator spent.
//
// The generator shares its cores with the server it measures, so it must be cheap. A [Session]
// owns a few loops; each loop is one goroutine on its own thread that owns its connections, its
// random source, its buffers and its histogram, and shares nothing but the [phase] from which
// batches are taken (atomic counters). Calls are written from templates into the buffer of the
// connection, replies are skipped and counted, nothing is allocated while a run lasts.
//
// A client writes a batch of calls (the pipeline), waits for all of its replies, and takes the
// next one. Closed loop: at once. Open loop: batches fall due at a given rate, whichever client
// is free sends them, and latency counts from the moment a batch was due, not from when a slow
// server at last let it be sent.
//
// Not here: the command line and the progress bar (cmd/stampede), and any meaning of the calls:
// a workload is words with placeholders.
package loadgen

import (
	"errors"
	"fmt"
	"time"
)

// Limits of what may be asked of one session.
const (
	clientsMax   = 10_000
	pipelineMax  = 10_000
	valueSizeMax = 16 << 20
	keysMax      = 1_000_000_000_000 // numbers are written with digitsWidth digits
)

// Server is one server under load.
type Server struct {
	// Address is host:port, or unix:/path for a Unix socket.
	Address string `json:"address"`
	// Username and Password are sent by AUTH where Password is not empty.
	Username string `json:"-"`
	Password string `json:"-"`
	// Database is chosen by SELECT where it is not 0.
	Database int `json:"database"`
	// ProcessID, where not 0, is the server's process on this machine, whose processor time is
	// then measured.
	ProcessID int `json:"process_id,omitempty"`
}

// Options say how to load a server. The zero value of a field stands for the default given.
type Options struct {
	// Clients is the number of connections (50).
	Clients int `json:"clients"`
	// Threads is the number of event loops the connections are shared out to (1).
	Threads int `json:"threads"`
	// Keys is the number of keys, members or fields that calls draw from (1,000,000).
	Keys int64 `json:"keys"`
	// Skew is the exponent of the Zipf distribution that keys are drawn from; 0 is uniform.
	Skew float64 `json:"skew"`
	// ValueSize is the length of values in bytes (64). Negative stands for empty values.
	ValueSize int `json:"value_size"`
	// BinaryValues makes values of all 256 byte values rather than of printable characters.
	BinaryValues bool `json:"binary_values"`
	// Requests ends a run after that many calls; 0 leaves it to Duration.
	Requests int64 `json:"requests,omitempty"`
	// Duration ends a run after that time (10 s if Requests is 0 too).
	Duration time.Duration `json:"duration_ns,omitempty"`
	// WarmUp is run before every measurement and not counted (none).
	WarmUp time.Duration `json:"warm_up_ns"`
	// Rate, calls a second over all clients, makes the loop an open one; 0 is closed.
	Rate float64 `json:"rate,omitempty"`
	// Seed makes the drawn keys and values repeatable (1).
	Seed uint64 `json:"seed"`
	// Stall is how long the server may keep silent before the run is given up (30 s).
	Stall time.Duration `json:"stall_ns"`
}

// withDefaults returns o with every zero field that has a default filled in.
func (o Options) withDefaults() Options {
	setDefault(&o.Clients, 50)
	setDefault(&o.Threads, 1)
	setDefault(&o.Keys, 1_000_000)
	setDefault(&o.ValueSize, 64)
	setDefault(&o.Seed, 1)
	setDefault(&o.Stall, 30*time.Second)
	if o.Requests == 0 {
		setDefault(&o.Duration, 10*time.Second)
	}
	o.ValueSize = max(o.ValueSize, 0)
	o.Threads = min(o.Threads, o.Clients)
	return o
}

// setDefault puts value where the zero value is.
func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// check tells what cannot be asked for. It expects the defaults to be filled in.
func (o Options) check() error {
	switch {
	case o.Clients < 1 || o.Clients > clientsMax:
		return fmt.Errorf("clients must be 1 to %d, not %d", clientsMax, o.Clients)
	case o.Threads < 1:
		return fmt.Errorf("threads must be at least 1, not %d", o.Threads)
	case o.Keys < 1 || o.Keys > keysMax:
		return fmt.Errorf("keys must be 1 to %d, not %d", int64(keysMax), o.Keys)
	case o.ValueSize > valueSizeMax:
		return fmt.Errorf("values must be at most %d bytes, not %d", valueSizeMax, o.ValueSize)
	case o.Skew < 0 || o.Skew == 1:
		return errors.New("the Zipf exponent must be above 0 and not exactly 1")
	case o.Skew > 0 && o.Keys > zipfKeysMax:
		return fmt.Errorf("a Zipf distribution has at most %d keys", int64(zipfKeysMax))
	case o.Requests < 0 || o.Duration < 0 || o.WarmUp < 0 || o.Rate < 0 || o.Stall < 0:
		return errors.New("requests, times and the rate must not be negative")
	}
	return nil
}

// checkPipeline tells whether batches of that many calls can be sent.
func checkPipeline(pipeline int) error {
	if pipeline < 1 || pipeline > pipelineMax {
		return fmt.Errorf("the pipeline must be 1 to %d calls, not %d", pipelineMax, pipeline)
	}
	return nil
}
