// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"syscall"
	"testing"

	"stampede/internal/config"
	"stampede/internal/disk/faulty"
	"stampede/internal/effect"
	"stampede/internal/engine"
	"stampede/internal/journal"
	"stampede/internal/seedtest"
	"stampede/internal/session"
	"stampede/internal/stock"
)

// seeds are run by each `go test`, a part of them with -short.
var seeds = flag.Uint64("seeds", 1000, "how many histories are simulated")

// history runs one again. Which keys share a shard is by chance, so it may take some tries.
var history = flag.Uint64("history", 0, "simulate the history of this seed, -seeds times")

// beginMs is the time at which each history begins.
const beginMs = 1_700_000_000_000

// world is one history.
type world struct {
	t     testing.TB
	rng   *rand.Rand
	draw  *drawer
	disk  *faulty.FS
	nowMs int64       // of the machine's clock, which may be set
	fault stock.Fault // that all stocks make
	share int         // of 100 operations of the disk that fail

	// Of the life that runs.
	engine   *engine.Engine
	log      *journal.Log
	parties  []*client // those who take turns; the last ones while a snapshot is written
	reader   *client   // who looks at everything
	clockMs  int64     // the engine's clock, which never goes back
	dead     bool      // the power is cut
	saving   bool      // a snapshot is being written
	turned   int       // how often others had their turn meanwhile
	evicting bool

	base     *twin // of the journal's position where this life began
	live     *twin // of all records that could be read
	records  []record
	known    journal.Position // up to where records were read
	promised journal.Position // was said to be durable
	ended    journal.Position // where the journal was when the last life ended
	sealed   contents         // what the twin does not look into, as it was then
	sealedMs int64            // on the engine's clock
	books    books
	till     till

	counts counts
	effect [256]int // how many of each were seen
}

// record is a record of the journal.
type record struct {
	bytes []byte
	end   journal.Position
}

// counts say what has happened, so that a test can see that enough has.
type counts struct {
	lives, acts, records, snapshots, cuts, kills, closes, failures, refusals, starts int

	lost   int // lives whose last records were lost
	sealed int // starts after which stocks and locks were compared
}

// TestSimulation runs histories by seed. Each ends in a failure of the test or in nothing.
func TestSimulation(t *testing.T) {
	first, n := seedtest.Of(t)*1_000_000, *seeds
	if testing.Short() {
		n = min(n, 100)
	}
	var total counts
	var effects [256]int
	for i := range n {
		seed := first + i
		if *history != 0 {
			seed = *history
		}
		w := newWorld(t, seed)
		w.history()
		if t.Failed() {
			t.Fatalf("-history %d, in life %d", seed, w.counts.lives)
		}
		total.add(w.counts)
		for op, n := range w.effect {
			effects[op] += n
		}
	}
	t.Logf("%d histories: %+v", n, total)
	if *history != 0 || n < 1000 {
		return // too few to have everything in them
	}
	t.Logf("effects: %v", effects[:effect.StreamAck+1])
	for op := effect.Set; op <= effect.StreamAck; op++ {
		known := op <= effect.FunctionDrop ||
			op >= effect.SetAdd && op != effect.StreamNode && op != effect.StreamTrimTo &&
				op.String() != "unknown"
		if known && effects[op] == 0 {
			t.Errorf("no record had effect %d", op)
		}
	}
	if total.cuts == 0 || total.failures == 0 || total.refusals == 0 || total.snapshots == 0 ||
		total.lost == 0 || total.sealed == 0 {
		t.Error("too little has happened")
	}
}

func (c *counts) add(o counts) {
	c.lives, c.acts, c.records = c.lives+o.lives, c.acts+o.acts, c.records+o.records
	c.snapshots, c.cuts, c.kills = c.snapshots+o.snapshots, c.cuts+o.cuts, c.kills+o.kills
	c.closes, c.failures = c.closes+o.closes, c.failures+o.failures
	c.refusals, c.starts, c.lost = c.refusals+o.refusals, c.starts+o.starts, c.lost+o.lost
	c.sealed += o.sealed
}

func newWorld(t testing.TB, seed uint64) *world {
	rng := rand.New(rand.NewPCG(seed, 2))
	w := &world{
		t: t, rng: rng, disk: faulty.New(seed), nowMs: beginMs, base: newTwin(),
		evicting: rng.IntN(6) == 0,
	}
	w.books.on = !w.evicting && rng.IntN(3) > 0
	w.till.on = w.books.on
	w.draw = newDrawer(rng, !w.books.on)
	return w
}

func (w *world) history() {
	for range 2 + w.rng.IntN(3) {
		w.life()
		if w.t.Failed() {
			return
		}
	}
}

// life is one life of the process, from its start to its end.
func (w *world) life() {
	w.counts.lives++
	w.start()
	if w.t.Failed() {
		return
	}
	for range w.rng.IntN(60) {
		w.act()
		if w.dead || w.t.Failed() {
			break
		}
	}
	w.end()
}

// start starts the process on the disk as it is, if need be again, because it fails.
func (w *world) start() {
	w.dead, w.saving, w.clockMs = false, false, 0
	if w.rng.IntN(8) == 0 {
		w.breakDisk(20)
		err := w.open()
		w.breakDisk(0)
		if err == nil {
			w.found()
			return
		}
		w.counts.starts++
		if !excused(err) {
			w.t.Errorf("start on a disk that fails: %v", err)
		}
		w.disk = w.disk.Kill()
		if w.rng.IntN(2) == 0 {
			w.disk = w.disk.Crash()
		}
	}
	if err := w.open(); err != nil {
		w.t.Errorf("start: %v", err)
		return
	}
	w.found()
}

// open starts the process.
func (w *world) open() error {
	parameters := config.New()
	mode := journal.Fsync(w.rng.IntN(4) % 3)
	set := func(name, value string) {
		if err := parameters.SetAtStart(name, value); err != nil {
			w.t.Fatal(err)
		}
	}
	set("appendfsync", mode.String())
	if w.rng.IntN(2) == 0 {
		set("hash-max-listpack-entries", "3")
		set("zset-max-listpack-entries", "3")
	}
	registry := session.NewRegistry(nil)
	e, err := engine.New(engine.Options{
		Shards: 1 + w.rng.IntN(8), ReserveBytes: 1 << 32, Config: parameters, Registry: registry,
		Clock: w.clock, StockFault: w.fault,
		Durability: &engine.Durability{
			FS: watchedDisk{w.disk, w.turn}, Dir: folder, SegmentBytes: 1 << (8 + w.rng.IntN(6)),
			Durable: func(p journal.Position) { w.promised = max(w.promised, p) },
		},
	})
	if err != nil {
		return err
	}
	w.engine, w.log = e, e.Journal()
	if err := e.Load(); err != nil {
		return errors.Join(err, e.Free())
	}
	w.parties = w.parties[:0]
	for range 5 {
		w.parties = append(w.parties, newClient(e, registry, w.nowMs))
	}
	w.reader = newClient(e, registry, w.nowMs)
	if w.evicting {
		limit := e.Summary().Used + 8000
		w.reader.ask(w.t, "CONFIG", "SET", "maxmemory", strconv.FormatInt(limit, 10),
			"maxmemory-policy", []string{"allkeys-lru", "volatile-ttl", "allkeys-random"}[w.rng.IntN(3)])
	}
	return nil
}

// clock is what the engine takes for the time.
func (w *world) clock() int64 {
	w.clockMs = max(w.clockMs, w.nowMs)
	return w.clockMs
}

// errFault is what the disk says while it is broken.
var errFault = errors.New("a fault")

// excused tells whether an error is the disk's fault.
func excused(err error) bool {
	return err == nil || errors.Is(err, errFault) || errors.Is(err, syscall.ENOSPC) ||
		errors.Is(err, faulty.ErrPowerCut)
}

// breakDisk lets so many of 100 operations fail.
func (w *world) breakDisk(share int) {
	w.share = share
	w.disk.Hook(func(op faulty.Op) error {
		if share > 0 && w.rng.IntN(100) < share {
			return fmt.Errorf("operation %d on %s: %w", op.Kind, op.Name, errFault)
		}
		return nil
	})
}

// found compares what is there after a start with what had happened before it.
func (w *world) found() {
	end := w.log.End()
	if end < w.promised {
		w.t.Errorf("the journal ends at %d, but %d was durable", end, w.promised)
	}
	for len(w.records) > 0 && w.records[len(w.records)-1].end > end {
		w.records = w.records[:len(w.records)-1]
	}
	if end < w.ended {
		w.counts.lost++
	}
	w.live = w.base
	for _, r := range w.records {
		w.take(r.bytes)
	}
	w.records = nil
	w.known = min(w.known, end)
	w.pull()
	w.compare("after a restart")
	if end == w.ended && w.sealed != nil && w.clock() == w.sealedMs {
		w.counts.sealed++
		for _, line := range differences(w.reader.sealed(w.t), w.sealed) {
			w.t.Errorf("after a restart, at position %d: %s", end, line)
		}
	}
	w.sealed = nil
	w.base, w.records = w.live.clone(), nil
	w.promised = w.log.Durable()
	w.books.found(w)
	w.till.found(w, end)
}

// take lets the twin have a record.
func (w *world) take(bytes []byte) {
	if err := w.live.record(bytes, &w.effect); err != nil {
		w.t.Errorf("a record that does not fit: %v", err)
	}
}

// pull reads the records that nobody has read yet. The disk works meanwhile.
func (w *world) pull() {
	if w.dead {
		return
	}
	share := w.share
	if share > 0 {
		w.breakDisk(0)
		defer w.breakDisk(share)
	}
	r := w.log.Read(w.known, false)
	defer func() { _ = r.Close() }()
	for {
		bytes, end, err := r.Next()
		if err == io.EOF {
			w.known = max(w.known, end)
			return
		}
		if err != nil {
			w.t.Errorf("reading from %d: %v", w.known, err)
			return
		}
		w.counts.records++
		w.take(bytes)
		w.records = append(w.records, record{clone(bytes), end})
	}
}

// compare compares the store with the twin, if that has heard of everything.
func (w *world) compare(when string) {
	w.pull()
	if w.dead || w.t.Failed() || w.known < w.log.End() {
		return
	}
	at := w.known
	want := w.live.contents(w.t, w.clock())
	for _, line := range differences(w.reader.contents(w.t), want) {
		w.t.Errorf("%s, at position %d: %s", when, at, line)
	}
}
