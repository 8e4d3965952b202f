// SPDX-License-Identifier: Apache-2.0

package loadgen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

// errStopped ends a loop because of the context or of another loop.
var errStopped = errors.New("the run was stopped")

// prefillPipeline is how many calls go out at once while data is prepared.
const prefillPipeline = 128

// Session holds the connections to one server. Its methods must not be called concurrently, and
// after an error other than one from its arguments only [Session.Close] may be.
type Session struct {
	// Progress, where set, is told now and then how much of a run is done, from 0 to 1. It is
	// called by a goroutine of the session and never after the run has ended.
	Progress func(share float64)

	server  Server
	options Options
	clock   clock
	loops   []*loop
	values  []byte
	zipf    *zipf
	done    map[string]bool // setup calls and prefills made
	issued  int64           // calls handed out so far, for __once__

	audience *audience // of the workload that is named; nil: it has none
	listens  string
	heard    int64 // messages that each of the audience must have got
}

// Open connects all clients to a server. O(keys) where the distribution is a Zipf one.
func Open(ctx context.Context, server Server, options Options) (*Session, error) {
	o := options.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	if server.ProcessID != 0 {
		if _, err := processTime(server.ProcessID); err != nil {
			return nil, err
		}
	}
	s := &Session{
		server:  server,
		options: o,
		clock:   clock{origin: time.Now()},
		values:  valuePool(o.ValueSize, o.BinaryValues, &random{state: ^o.Seed}),
		done:    map[string]bool{},
	}
	if o.Skew > 0 {
		s.zipf = newZipf(o.Keys, o.Skew)
	}
	if err := s.connect(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// connect opens the connections and shares them out to the loops.
func (s *Session) connect(ctx context.Context) error {
	count := loopCount(s.options)
	for i := range count {
		first, end := s.options.Clients*i/count, s.options.Clients*(i+1)/count
		conns := make([]net.Conn, 0, end-first)
		for range end - first {
			conn, err := dial(ctx, s.server, s.options)
			if err != nil {
				closeAll(conns)
				return err
			}
			conns = append(conns, conn)
		}
		l, err := newLoop(conns, first)
		if err != nil {
			closeAll(conns)
			return err
		}
		s.loops = append(s.loops, l)
	}
	return nil
}

// closeAll closes connections that no loop has taken over.
func closeAll(conns []net.Conn) {
	for _, conn := range conns {
		_ = conn.Close() // some may be closed already
	}
}

// Close closes the connections.
func (s *Session) Close() error {
	var errs []error
	for _, l := range s.loops {
		errs = append(errs, l.close())
	}
	s.loops = nil
	errs = append(errs, s.dismiss())
	return errors.Join(errs...)
}

// Prepare makes the setup calls of a workload and fills in its data, unless that was done in
// this session before. An error reply is an error.
func (s *Session) Prepare(ctx context.Context, w Workload) error {
	for _, words := range w.Setup {
		if s.first("setup", words) {
			if err := s.setup(ctx, words); err != nil {
				return err
			}
		}
	}
	if len(w.Prefill) == 0 || !s.first("prefill", w.Prefill) {
		return nil
	}
	fill := Workload{Name: w.Name, Steps: []Step{{Words: w.Prefill}}}
	t, _, err := s.drive(ctx, fill, load{pipeline: prefillPipeline, requests: s.options.Keys})
	if err == nil && t.errors > 0 {
		err = fmt.Errorf("%d of %d error replies, such as: %s", t.errors, t.replies, t.example)
	}
	if err != nil {
		return fmt.Errorf("prefill for %s on %s: %w", w.Name, s.server.Address, err)
	}
	return nil
}

// first tells whether something is prepared for the first time.
func (s *Session) first(kind string, words []string) bool {
	key := kind + "\x00" + strings.Join(words, "\x00")
	seen := s.done[key]
	s.done[key] = true
	return !seen
}

// setup makes one call on a connection of its own.
func (s *Session) setup(ctx context.Context, words []string) error {
	conn, err := dial(ctx, s.server, s.options)
	if err != nil {
		return err
	}
	return errors.Join(call(conn, s.options, words), conn.Close())
}

// Run warms up, then measures one run of a workload with pipeline calls in a batch.
func (s *Session) Run(ctx context.Context, w Workload, pipeline int) (Result, error) {
	if err := checkPipeline(pipeline); err != nil {
		return Result{}, err
	}
	o := s.options
	if o.WarmUp > 0 {
		warm := load{pipeline: pipeline, duration: o.WarmUp, rate: o.Rate}
		if _, _, err := s.drive(ctx, w, warm); err != nil {
			return Result{}, fmt.Errorf("warm-up of %s on %s: %w", w.Name, s.server.Address, err)
		}
	}
	server := startMeter(s.server.ProcessID)
	self := startSelfMeter()
	measured := load{pipeline: pipeline, requests: o.Requests, duration: o.Duration, rate: o.Rate}
	t, span, err := s.drive(ctx, w, measured)
	if err != nil {
		return Result{}, fmt.Errorf("%s on %s: %w", w.Name, s.server.Address, err)
	}
	r := t.result(span)
	r.Workload, r.Pipeline, r.Server = w.Name, pipeline, s.server.Address
	r.ServerCPU, err = server.perMillion(r.Calls)
	r.ClientCPU, _ = self.perMillion(r.Calls) // unknown on some systems, and then left out
	return r, err
}

// load is what one phase has to do.
type load struct {
	pipeline int
	requests int64
	duration time.Duration
	rate     float64
}

// span is when a phase ran and what it left undone.
type span struct {
	took   time.Duration
	missed int64 // calls that fell due but were not sent before the end
}

// drive runs one phase on all loops and returns what they saw together.
func (s *Session) drive(ctx context.Context, w Workload, l load) (*tally, span, error) {
	f, err := newFeed(w, s.options, s.values, s.zipf)
	if err != nil {
		return nil, span{}, err
	}
	f.base = s.issued
	if err := s.gather(ctx, w); err != nil {
		return nil, span{}, err
	}
	p := s.phase(l)
	defer func() { s.issued += p.next.Load() }()
	release := context.AfterFunc(ctx, func() { p.stopped.Store(true) })
	defer release()
	stopProgress := s.report(p)
	tallies, err := s.runLoops(p, f)
	stopProgress()
	if cause := context.Cause(ctx); cause != nil {
		return nil, span{}, cause
	}
	if err != nil {
		return nil, span{}, err
	}
	if s.audience != nil {
		if err := s.hear(ctx, tallies); err != nil {
			return nil, span{}, err
		}
	}
	sp := span{took: time.Duration(p.clock.nowNs() - p.startNs)}
	for _, other := range tallies[1:] {
		tallies[0].merge(other)
	}
	if p.open() {
		sp.missed = max(p.scheduled()-tallies[0].sent, 0)
	}
	return tallies[0], sp, nil
}

// gather lets those listen whom the workload wants, and nobody else.
func (s *Session) gather(ctx context.Context, w Workload) error {
	if s.listens == w.Name || s.audience == nil && w.Listeners == 0 {
		return nil
	}
	if err := s.dismiss(); err != nil || w.Listeners == 0 {
		return err
	}
	a, err := newAudience(ctx, s.server, s.options, w.Listeners, w.Listen)
	if err != nil {
		return err
	}
	s.audience, s.listens = a, w.Name
	return nil
}

// hear waits until the audience has got all that was sent.
func (s *Session) hear(ctx context.Context, tallies []*tally) error {
	for _, t := range tallies {
		s.heard += t.replies - t.errors
	}
	return s.audience.await(ctx, s.heard, s.options.Stall)
}

// dismiss ends the audience.
func (s *Session) dismiss() error {
	a := s.audience
	s.audience, s.listens, s.heard = nil, "", 0
	if a == nil {
		return nil
	}
	return a.close()
}

// phase begins a phase now.
func (s *Session) phase(l load) *phase {
	p := &phase{
		clock:    s.clock,
		pipeline: l.pipeline,
		startNs:  s.clock.nowNs(),
		limit:    l.requests,
		stallNs:  int64(s.options.Stall),
	}
	if l.duration > 0 {
		p.endNs = p.startNs + int64(l.duration)
	}
	if l.rate > 0 {
		p.periodNs = 1e9 / l.rate
	}
	return p
}

// runLoops runs all loops to their end.
func (s *Session) runLoops(p *phase, f *feed) ([]*tally, error) {
	var wg sync.WaitGroup
	tallies, errs := make([]*tally, len(s.loops)), make([]error, len(s.loops))
	for i, l := range s.loops {
		tallies[i] = newTally()
		wg.Go(func() {
			if errs[i] = l.run(p, f.split(i), tallies[i]); errs[i] != nil {
				p.stopped.Store(true)
			}
		})
	}
	wg.Wait()
	return tallies, firstCause(errs)
}

// firstCause returns an error that is not the consequence of another one.
func firstCause(errs []error) error {
	var consequence error
	for _, err := range errs {
		switch {
		case errors.Is(err, errStopped):
			consequence = err
		case err != nil:
			return err
		}
	}
	return consequence
}

// report calls Progress from time to time until the function it returns has been called.
func (s *Session) report(p *phase) (stop func()) {
	if s.Progress == nil {
		return func() {}
	}
	var wg sync.WaitGroup
	done := make(chan struct{})
	wg.Go(func() {
		ticker := time.NewTicker(200 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				s.Progress(1)
				return
			case <-ticker.C:
				s.Progress(p.share(p.clock.nowNs()))
			}
		}
	})
	return func() { close(done); wg.Wait() }
}
