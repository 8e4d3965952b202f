// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"stampede/internal/disk/faulty"
	"stampede/internal/seedtest"
)

// A simulation is a history of one log by one seed: appends, steps of the writer, faults of
// the disk, power cuts and restarts. What is there after each restart is compared with what
// was appended and what was promised.
type simulation struct {
	t        *testing.T
	rng      *rand.Rand
	fs       *faulty.FS
	log      *Log
	options  Options
	now      time.Time
	flights  []func()
	records  []appended // in order, those that may be found
	next     uint64     // number of the next record
	snapshot Position   // recovery begins here
	promised Position   // was said to be durable
	faulty   int        // of 100 operations fail
	readers  []*follower
	claims   map[string]Position
}

type appended struct {
	bytes []byte
	end   Position
}

// follower reads along.
type follower struct {
	*Reader
	at Position
}

const simulatedDir = "log"

// simulationSeeds are run by each `go test`, a part of them with -short.
const simulationSeeds = 1000

func TestSimulation(t *testing.T) {
	first := seedtest.Of(t) * 1_000_000
	seeds := uint64(simulationSeeds)
	if testing.Short() {
		seeds /= 10
	}
	for seed := first; seed < first+seeds; seed++ {
		simulate(t, seed)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// Simulate one history.
func simulate(t *testing.T, seed uint64) {
	s := &simulation{
		t: t, rng: rand.New(rand.NewPCG(seed, 1)), fs: faulty.New(seed), now: time.Unix(1e9, 0),
		claims: map[string]Position{},
	}
	s.options = Options{
		Dir: simulatedDir, ID: seed + 1, Fsync: Fsync(s.rng.IntN(3)), Rounds: s.rng.IntN(2) == 0,
		SegmentBytes:   1 << (7 + s.rng.IntN(6)),
		BufferBytesMax: 1 << (9 + s.rng.IntN(6)),
		ClaimBytesMax:  1 << (9 + s.rng.IntN(6)),
		FrameBytesMax:  1 << (4 + s.rng.IntN(14)),
		Now:            func() time.Time { return s.now },
	}
	for range 2 + s.rng.IntN(4) {
		if !s.live() {
			return
		}
	}
}

// live is one life of the process, from its start to its end.
func (s *simulation) live() bool {
	if !s.open() {
		return false
	}
	steps := s.rng.IntN(120)
	for range steps {
		s.act()
		s.check()
		if s.t.Failed() {
			return false
		}
	}
	s.fs.Hook(nil)
	s.end()
	return !s.t.Failed()
}

// open starts the process on the disk as it is.
func (s *simulation) open() bool {
	s.options.FS = s.fs
	log, err := Open(s.options, s.snapshot)
	if err != nil {
		s.t.Errorf("open after a power cut: %v", err)
		return false
	}
	log.writer.spawn = func(f func()) { s.flights = append(s.flights, f) }
	log.writer.landing = s.fly
	s.log, s.flights, s.readers = log, nil, nil
	return s.recovered()
}

// recovered compares what was found with what was appended.
func (s *simulation) recovered() bool {
	end := s.log.End()
	if end < s.promised {
		s.t.Errorf("ends at %d, but %d was durable", end, s.promised)
	}
	kept := s.records[:0:0]
	for _, r := range s.records {
		if r.end <= end {
			kept = append(kept, r)
		}
	}
	s.records = kept
	follower := &follower{s.log.Read(s.snapshot, false), s.snapshot}
	s.follow(follower)
	if follower.Position() != end {
		s.t.Errorf("read to %d of %d", follower.Position(), end)
	}
	s.promised = s.log.Durable()
	for name, p := range s.log.Claims() {
		if p < s.log.First() {
			s.t.Errorf("claim %q at %d is kept, but the log begins at %d", name, p, s.log.First())
		}
	}
	return !s.t.Failed()
}

// follow reads on to the end and compares each record.
func (s *simulation) follow(f *follower) {
	i := 0
	for i < len(s.records) && s.records[i].end <= f.at {
		i++
	}
	for {
		record, end, err := f.Next()
		switch {
		case errors.Is(err, io.EOF):
			limit := f.limit()
			if i < len(s.records) && s.records[i].end <= limit {
				s.t.Errorf("record at %d is not read, limit %d", s.records[i].end, limit)
			}
			return
		case errors.Is(err, ErrClaimLost) && f.at < s.log.First():
			return
		case err != nil && excused(err):
			return
		case err != nil:
			s.t.Errorf("follow from %d: %v", f.at, err)
			return
		}
		if i >= len(s.records) || s.records[i].end != end || !bytes.Equal(s.records[i].bytes, record) {
			s.t.Errorf("record %q at %d was not appended there", record, end)
			return
		}
		f.at = end
		i++
	}
}

// act does one thing.
func (s *simulation) act() {
	switch n := s.rng.IntN(100); {
	case n < 40:
		s.append()
	case n < 60:
		s.now = s.now.Add(time.Duration(s.rng.IntN(700)) * time.Millisecond)
		s.log.step()
	case n < 68:
		s.fly()
	case n < 73:
		end := s.log.End()
		if s.log.Commit() && s.log.Durable() < end {
			s.t.Error("Commit is true too early")
		}
	case n < 76:
		end := s.log.End()
		if s.log.Flush(s.t.Context()) == nil && s.log.Durable() < end {
			s.t.Error("Flush is nil too early")
		}
	case n < 78:
		s.log.SetFsync(Fsync(s.rng.IntN(3)))
	case n < 82:
		s.take()
	case n < 88:
		s.claim()
	case n < 94:
		s.read()
	case n < 97:
		s.break_()
	default:
		s.fs.SetSpace([]int64{-1, -1, 0, 1000, 10000}[s.rng.IntN(5)])
	}
}

func (s *simulation) append() {
	for range 1 + s.rng.IntN(4) {
		s.next++
		bytes := fmt.Appendf(nil, "record %d ", s.next)
		size := s.rng.IntN(60)
		if s.rng.IntN(30) == 0 {
			size = s.rng.IntN(2000)
		}
		if s.rng.IntN(3000) == 0 {
			size = bigBytes + s.rng.IntN(100)
		}
		for range size {
			bytes = append(bytes, byte(s.rng.IntN(256)))
		}
		cut := s.rng.IntN(len(bytes))
		end := s.log.Append(bytes[:cut], bytes[cut:])
		s.records = append(s.records, appended{bytes, end})
	}
}

// fly ends the syncs that run beside the writing.
func (s *simulation) fly() {
	flights := s.flights
	s.flights = nil
	for _, f := range flights {
		f()
	}
}

// take takes a snapshot somewhere in what is durable, or, as nobody should, beyond it.
func (s *simulation) take() {
	from, to := s.snapshot, s.log.Durable()
	if s.rng.IntN(10) == 0 {
		to = s.log.End()
	}
	for _, r := range s.records {
		if r.end > from && r.end <= to && s.rng.IntN(2) == 0 {
			s.snapshot = r.end
		}
	}
	if err := s.log.DropBefore(s.snapshot); !excused(err) {
		s.t.Errorf("drop: %v", err)
	}
}

func (s *simulation) claim() {
	name := fmt.Sprintf("reader %d", s.rng.IntN(3))
	if s.rng.IntN(4) == 0 {
		if err := s.log.Release(name); !excused(err) {
			s.t.Errorf("release: %v", err)
		}
		return
	}
	p := s.log.First()
	for _, r := range s.records {
		if r.end > p && r.end <= s.log.Durable() && s.rng.IntN(2) == 0 {
			p = r.end
		}
	}
	err := s.log.Claim(name, p)
	if !excused(err) {
		s.t.Errorf("claim: %v", err)
	}
}

// errFault is what the disk says while it is broken.
var errFault = errors.New("a fault")

// excused tells whether an error is the disk's fault.
func excused(err error) bool {
	return err == nil || errors.Is(err, errFault) || errors.Is(err, syscall.ENOSPC)
}

// read reads along, with a reader that is there or another one.
func (s *simulation) read() {
	if len(s.readers) < 3 {
		from := max(s.log.First(), s.snapshot)
		if from > s.log.Durable() {
			return
		}
		durable := s.rng.IntN(2) == 0
		s.readers = append(s.readers, &follower{s.log.Read(from, durable), from})
	}
	s.follow(s.readers[s.rng.IntN(len(s.readers))])
}

// break_ makes the disk better or worse.
func (s *simulation) break_() {
	s.faulty = []int{0, 0, 2, 20, 100}[s.rng.IntN(5)]
	share := s.faulty
	s.fs.Hook(func(op faulty.Op) error {
		if share > 0 && s.rng.IntN(100) < share {
			return fmt.Errorf("operation %d on %s: %w", op.Kind, op.Name, errFault)
		}
		return nil
	})
}

// check compares what the log says at every moment.
func (s *simulation) check() {
	durable := s.log.Durable()
	if durable < s.promised {
		s.t.Errorf("durable went back from %d to %d", s.promised, durable)
	}
	s.promised = durable
	if w := s.log.Written(); w < durable || w > s.log.End() {
		s.t.Errorf("written %d is not between durable %d and end %d", w, durable, s.log.End())
	}
}

// end is the end of the process, or of the power.
func (s *simulation) end() {
	s.fs.SetSpace(-1)
	s.faulty = 0
	switch n := s.rng.IntN(10); {
	case n < 2:
		end := s.log.End()
		if err := s.log.Close(); err != nil {
			s.t.Errorf("close: %v", err)
		}
		s.promised = max(end, s.promised)
		s.fs = s.fs.Crash()
	case n < 4:
		s.promised = s.log.Written()
		s.fs = s.fs.Kill()
	default:
		s.promised = s.log.Durable()
		s.fs = s.fs.Crash()
	}
}
