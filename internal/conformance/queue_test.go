// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"strings"
	"testing"
)

// waitBlocked asks until n calls wait.
func waitBlocked(t *testing.T, addr string, n int) {
	t.Helper()
	c := dialTest(t, addr)
	for {
		v, err := c.must("INFO", "clients")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(v.Text, fmt.Sprintf("blocked_clients:%d\r", n)) {
			return
		}
	}
}

// TestQueueOfManyConnections: fifty connections wait for one queue; those that are still there
// when elements come get them in the order in which they came, and the others leave no trace.
func TestQueueOfManyConnections(t *testing.T) {
	const workers = 50
	for _, flags := range [][]string{{"--shards", "1"}, {"--shards", "8"}, {"--io", "net"}} {
		addr := StartStampede(t, flags...)
		pusher := dialTest(t, addr)
		var stay []string
		replies := map[string]func() (string, error){}
		var leave []*Conn
		for i := range workers {
			c := dialTest(t, addr)
			name := fmt.Sprint(i)
			c.Put("BLPOP", "queue", "own:"+name, "0")
			if err := c.Flush(); err != nil {
				t.Fatal(err)
			}
			waitBlocked(t, addr, i+1)
			if i%3 == 0 {
				leave = append(leave, c)
				continue
			}
			stay = append(stay, name)
			replies[name] = func() (string, error) {
				v, err := c.Receive()
				if err != nil || len(v.Elems) != 2 {
					return v.String(), err
				}
				return v.Elems[1].Text, nil
			}
		}
		for _, c := range leave {
			c.Close()
		}
		waitBlocked(t, addr, len(stay))
		for _, name := range stay {
			if _, err := pusher.must("RPUSH", "queue", "for "+name); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range stay {
			if got, err := replies[name](); err != nil || got != "for "+name {
				t.Errorf("%v: number %s got %q, %v", flags, name, got, err)
			}
		}
		waitBlocked(t, addr, 0)
		if v, err := pusher.must("EXISTS", "queue"); err != nil || v.Text != "0" {
			t.Errorf("something is left: %s, %v", v, err)
		}
	}
}
