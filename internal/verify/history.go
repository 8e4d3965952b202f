// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// HistoryOptions says how many clients do how much at once.
type HistoryOptions struct {
	Seed    uint64
	Clients int
	Calls   int // of each client
	Keys    int
	// LoseReply is the part of the writing calls after which the client hangs up without
	// reading the reply: whether the call was done is left open.
	LoseReply float64
}

// checkTimeout bounds the search for an order of one history.
const checkTimeout = 60 * time.Second

// errLost says that a call went out and its reply was given up.
var errLost = errors.New("reply given up")

// workload is what the clients of a history do. perform gives errLost when the outcome is
// open; the model then takes the call as done, at any time after it was sent.
type workload struct {
	model   porcupine.Model
	prepare func(c *Conn) error
	draw    func(rng *rand.Rand) any
	perform func(c *Conn, input any, lose bool) (output any, err error)
	dropped func(input any) bool // a lost call that can have changed nothing
}

// lost is the output of a call whose outcome is open.
type lost struct{}

// checkHistory runs the clients and reports to t if no order of their calls explains what they saw.
func checkHistory(t Reporter, addr string, opts HistoryOptions, w workload) {
	history, err := runHistory(addr, opts, w)
	if err != nil {
		t.Errorf("seed %d: %v", opts.Seed, err)
		return
	}
	switch verdict := porcupine.CheckOperationsTimeout(w.model, history, checkTimeout); verdict {
	case porcupine.Ok:
	case porcupine.Unknown:
		t.Errorf("seed %d: %d calls are too many to find their order within %v",
			opts.Seed, len(history), checkTimeout)
	default:
		t.Errorf("seed %d: no order of the calls explains the replies:\n%s",
			opts.Seed, describeFailure(w.model, history))
	}
}

// runHistory lets all clients do their calls and gives the calls with their times.
func runHistory(addr string, opts HistoryOptions, w workload) ([]porcupine.Operation, error) {
	c, err := Dial(addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := w.prepare(c); err != nil {
		return nil, err
	}
	start := time.Now()
	histories := make([][]porcupine.Operation, opts.Clients)
	errs := make([]error, opts.Clients)
	var clients sync.WaitGroup
	for id := range opts.Clients {
		clients.Go(func() {
			client := historyClient{addr: addr, id: id, start: start, workload: w, opts: opts,
				rng: rand.New(rand.NewPCG(opts.Seed, uint64(id)))}
			histories[id], errs[id] = client.run()
		})
	}
	clients.Wait()
	var all []porcupine.Operation
	for _, history := range histories {
		all = append(all, history...)
	}
	return all, errors.Join(errs...)
}

// historyClient is one client of a history.
type historyClient struct {
	addr     string
	id       int
	start    time.Time
	workload workload
	opts     HistoryOptions
	rng      *rand.Rand
}

func (h *historyClient) run() ([]porcupine.Operation, error) {
	c, err := Dial(h.addr)
	if err != nil {
		return nil, err
	}
	defer func() { c.Close() }()
	var history []porcupine.Operation
	for range h.opts.Calls {
		input := h.workload.draw(h.rng)
		lose := h.rng.Float64() < h.opts.LoseReply
		op := porcupine.Operation{ClientId: h.id, Input: input, Call: time.Since(h.start).Nanoseconds()}
		op.Output, err = h.workload.perform(c, input, lose)
		op.Return = time.Since(h.start).Nanoseconds()
		if errors.Is(err, errLost) {
			op.Return = math.MaxInt64
			c.Close()
			if c, err = Dial(h.addr); err != nil {
				return history, err
			}
			if h.workload.dropped(input) {
				continue
			}
			if op.Output == nil {
				op.Output = lost{}
			}
		}
		if err != nil {
			return history, fmt.Errorf("client %d, %+v: %w", h.id, input, err)
		}
		history = append(history, op)
	}
	return history, nil
}

// send does a call, or sends it and hangs up.
func send(c *Conn, lose bool, args ...string) (Value, error) {
	if !lose {
		return c.Must(args...)
	}
	c.Put(args...)
	if err := c.Flush(); err != nil {
		return Value{}, err
	}
	c.Close()
	return Value{}, errLost
}

// describeFailure lists the calls of the first part of a history that has no order.
func describeFailure(model porcupine.Model, history []porcupine.Operation) string {
	parts := [][]porcupine.Operation{history}
	if model.Partition != nil {
		parts = model.Partition(history)
	}
	model.Partition = nil
	illegal := func(history []porcupine.Operation) bool {
		return porcupine.CheckOperationsTimeout(model, history, checkTimeout) == porcupine.Illegal
	}
	for _, part := range parts {
		if !illegal(part) {
			continue
		}
		// the shortest prefix that already has no order ends with the call that broke it
		sortByReturn(part)
		n := sort.Search(len(part), func(i int) bool { return illegal(cut(part, i+1)) })
		var b strings.Builder
		for _, op := range part[max(0, n-30):min(n+1, len(part))] {
			fmt.Fprintf(&b, "client %d  %10d..%-10d  %+v -> %+v\n",
				op.ClientId, op.Call/1000, op.Return/1000, op.Input, op.Output)
		}
		return b.String()
	}
	return "(not found again)"
}

// sortByReturn orders calls by the time of their replies.
func sortByReturn(history []porcupine.Operation) {
	slices.SortFunc(history, func(a, b porcupine.Operation) int {
		return cmp.Compare(a.Return, b.Return)
	})
}

// cut keeps the first n calls, and of the others those that may have been done meanwhile,
// with their replies left open.
func cut(history []porcupine.Operation, n int) []porcupine.Operation {
	kept := slices.Clone(history[:n])
	end := kept[n-1].Return
	for _, op := range history[n:] {
		if op.Call <= end {
			op.Output, op.Return = lost{}, math.MaxInt64
			kept = append(kept, op)
		}
	}
	return kept
}
