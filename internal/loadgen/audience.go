// SPDX-License-Identifier: Apache-2.0

package loadgen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"stampede/internal/resp"
)

// audience are connections that only listen. Each is read by a goroutine, which counts bytes:
// the messages of a workload must all have the same length.
type audience struct {
	conns   []net.Conn
	readers sync.WaitGroup

	size  atomic.Int64 // of a message; 0: none has come
	bytes atomic.Int64 // that all have got
	fault atomic.Pointer[error]
}

// listenBytes is the size of the buffer of a listener, and so of the longest message.
const listenBytes = 16 << 10

// newAudience connects n listeners that make the given call, which is answered once.
func newAudience(
	ctx context.Context, s Server, o Options, n int, words []string,
) (*audience, error) {
	a := &audience{}
	for range n {
		conn, err := dial(ctx, s, o)
		if err == nil {
			a.conns = append(a.conns, conn)
			err = call(conn, o, words)
		}
		if err != nil {
			return nil, errors.Join(err, a.close())
		}
	}
	for _, conn := range a.conns {
		a.readers.Go(func() { a.read(conn) })
	}
	return a, nil
}

// read counts what comes until the connection is closed.
func (a *audience) read(conn net.Conn) {
	buffer := make([]byte, listenBytes)
	held := 0 // bytes of the first message, until its length is known
	for {
		n, err := conn.Read(buffer[held:])
		if err != nil {
			a.fault.CompareAndSwap(nil, &err)
			return
		}
		if a.size.Load() == 0 {
			held += n
			size, _, err := resp.SkipReply(buffer[:held])
			if err == nil && size == 0 && held == len(buffer) {
				err = fmt.Errorf("a message has more than %d bytes", listenBytes)
			}
			if err != nil {
				a.fault.CompareAndSwap(nil, &err)
				return
			}
			a.size.CompareAndSwap(0, int64(size))
		}
		if a.size.Load() != 0 {
			held = 0
		}
		a.bytes.Add(int64(n))
	}
}

// listenPoll is how often the audience is asked whether it has got everything.
const listenPoll = 200 * time.Microsecond

// await waits until everybody has got so many messages since the audience was made.
func (a *audience) await(ctx context.Context, messages int64, stall time.Duration) error {
	last, since := int64(-1), time.Now()
	for {
		bytes := a.bytes.Load()
		if size := a.size.Load(); messages == 0 ||
			size > 0 && bytes >= messages*size*int64(len(a.conns)) {
			return nil
		}
		if fault := a.fault.Load(); fault != nil {
			return fmt.Errorf("a listener: %w", *fault)
		}
		if bytes != last {
			last, since = bytes, time.Now()
		}
		if time.Since(since) > stall {
			return fmt.Errorf("the listeners got %d bytes and then nothing for %v", bytes, stall)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(listenPoll):
		}
	}
}

// close ends all listeners.
func (a *audience) close() error {
	var errs []error
	for _, conn := range a.conns {
		errs = append(errs, conn.Close())
	}
	a.readers.Wait()
	return errors.Join(errs...)
}
