// SPDX-License-Identifier: Apache-2.0

package loadgen

import "fmt"

// client is what one connection remembers from call to call.
type client struct {
	id   int64
	last int64 // the number drawn last, for __last__
	once int64 // that of __once__, for __again__
	turn int   // the step to come next in a workload that goes in turn
}

// step is one call of a workload, ready to be written.
type step struct {
	template template
	upTo     int64 // the step is chosen by a draw below this and not below the one before
}

// feed writes the calls of one workload. One loop owns it.
type feed struct {
	steps   []step
	weights int64
	inTurn  bool
	random  random
	keys    int64
	base    int64 // how many calls the session has made before
	zipf    *zipf // nil: uniform
	values  []byte
}

// newFeed compiles a workload. The pool of values and the distribution are shared by all feeds
// of a session and only read.
func newFeed(w Workload, o Options, values []byte, z *zipf) (*feed, error) {
	f := &feed{inTurn: w.InTurn, keys: o.Keys, zipf: z, values: values}
	f.random.state = o.Seed
	for _, s := range w.Steps {
		t, err := compile(s.Words, o.ValueSize)
		if err != nil {
			return nil, fmt.Errorf("workload %s: %w", w.Name, err)
		}
		f.weights += int64(max(s.Weight, 1))
		f.steps = append(f.steps, step{template: t, upTo: f.weights})
	}
	if len(f.steps) == 0 {
		return nil, fmt.Errorf("workload %s has no calls", w.Name)
	}
	return f, nil
}

// split returns a feed of the same calls with a random sequence of its own.
func (f *feed) split(part int) *feed {
	twin := *f
	twin.random.state += uint64(part) * 0xD1342543DE82EF95
	return &twin
}

// number draws a key number.
func (f *feed) number() int64 {
	if f.zipf != nil {
		return f.zipf.number(&f.random)
	}
	return f.random.below(f.keys)
}

// appendBatch appends the calls of a batch for client c.
func (f *feed) appendBatch(dst []byte, c *client, b batch) []byte {
	for i := range int64(b.calls) {
		dst = f.pick(c).append(dst, f, c, b.first+i)
	}
	return dst
}

// pick chooses the call that client c makes next.
func (f *feed) pick(c *client) *template {
	switch {
	case len(f.steps) == 1:
		return &f.steps[0].template
	case f.inTurn:
		s := &f.steps[c.turn]
		c.turn = (c.turn + 1) % len(f.steps)
		return &s.template
	}
	drawn := f.random.below(f.weights)
	for i := range f.steps {
		if drawn < f.steps[i].upTo {
			return &f.steps[i].template
		}
	}
	panic("loadgen: a draw lies above all weights")
}
