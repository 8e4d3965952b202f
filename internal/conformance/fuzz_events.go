// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// eventsOn is the parameter with which both servers tell of all key events.
var eventsOn = [2]string{"notify-keyspace-events", "KEAnm"}

// markChannel is where a mark says that everything before it has been heard.
const markChannel = "mark"

// A listener hears what a server tells of its keys.
type listener struct {
	conn  *Conn
	marks int
}

// listen begins to hear what a server tells. It must have been set to tell.
func listen(addr string) (*listener, error) {
	conn, err := Dial(addr)
	if err != nil {
		return nil, err
	}
	for _, call := range [][]string{{"PSUBSCRIBE", "__key*__:*"}, {"SUBSCRIBE", markChannel}} {
		if _, err := conn.must(call...); err != nil {
			conn.Close()
			return nil, fmt.Errorf("%s: %q: %w", addr, call, err)
		}
	}
	return &listener{conn: conn}, nil
}

// heard gives what was told since it was last asked, each as channel and message, but for keys
// that time has ended: that is noticed sooner or later. publisher is a connection to the same
// server.
func (l *listener) heard(publisher *Conn) (events []string, err error) {
	l.marks++
	mark := strconv.Itoa(l.marks)
	if _, err := publisher.must("PUBLISH", markChannel, mark); err != nil {
		return nil, err
	}
	for {
		message, err := l.conn.Receive()
		if err != nil {
			return nil, fmt.Errorf("after %q: %w", events, err)
		}
		texts := flatten(message)
		switch {
		case len(texts) == 3 && texts[0] == "message" && texts[2] == mark:
			return events, nil
		case len(texts) != 4 || texts[0] != "pmessage":
			return nil, fmt.Errorf("a subscriber has received %s", message)
		case texts[3] == "expired" || strings.HasSuffix(texts[2], "__:expired"):
		default:
			events = append(events, texts[2]+" "+texts[3])
		}
	}
}

// eventsEvery is after how many calls at least it is compared what was told.
const eventsEvery = 100

// compareEvents compares what the servers have told since that was last done, if a batch of
// calls makes it worthwhile or is the last one.
func (l *lockstep) compareEvents(calls int, last bool) (*difference, error) {
	if l.unheard += calls; l.unheard < eventsEvery && !last {
		return nil, nil
	}
	l.unheard = 0
	var told [2][]string
	for side, addr := range l.addr {
		var err error
		if told[side], err = l.listeners[side].heard(l.probe[side]); err != nil {
			return nil, fmt.Errorf("%s: %w", addr, err)
		}
	}
	for _, event := range told[0] {
		l.noteEvent(event)
	}
	sortMisses(told[0])
	sortMisses(told[1])
	if slices.Equal(told[0], told[1]) {
		return nil, nil
	}
	return &difference{at: calls - 1, what: "the events differ", got: [2]string{
		strings.Join(told[0], "\n"), strings.Join(told[1], "\n"),
	}}, nil
}

// sortMisses sorts what is told in a row of keys that are not there: SORT … BY looks for them in
// the order of the elements, which a set does not have.
func sortMisses(events []string) {
	for from := 0; from < len(events); from++ {
		end := from
		for end < len(events) && strings.Contains(events[end], "keymiss") {
			end++
		}
		slices.Sort(events[from:end])
		from = end
	}
}

// noteEvent counts an event that was told under its name.
func (l *lockstep) noteEvent(event string) {
	if l.cover == nil || !strings.HasPrefix(event, "__keyevent@") {
		return
	}
	if _, rest, ok := strings.Cut(event, "__:"); ok {
		name, _, _ := strings.Cut(rest, " ")
		l.cover["event "+name]++
	}
}

// eventsVary says of a call that what is told of it, or of the next one, is a matter of time: it
// may leave a key whose time is over, and whether that is told before it is overwritten depends on
// whether anybody has looked; and redis-server says del in the place of expire if a millisecond
// passes while it runs PEXPIRE key 1.
func eventsVary(args []string) bool {
	switch callName(args) {
	case "SET":
		return slices.ContainsFunc(args, func(arg string) bool {
			return strings.EqualFold(arg, "EXAT") || strings.EqualFold(arg, "PXAT")
		})
	case "PEXPIRE":
		return len(args) > 2 && args[2] == "1"
	}
	return false
}
