// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"fmt"
	"slices"
	"strings"

	"stampede/internal/command"
	"stampede/internal/config"
	"stampede/internal/metrics"
	"stampede/internal/reply"
)

func (a *admin) latencyRows() []command.Spec {
	const everywhere = "request_policy:all_nodes response_policy:"
	const report = "nondeterministic_output " + everywhere + "special"
	return []command.Spec{
		container("LATENCY", "2.8.13", "Reports on delays."),
		tips(row("LATENCY|DOCTOR", "", "2.8.13", guarded, command.Local(a.latencyDoctor),
			"Explains the delays that were seen."), report),
		tips(row("LATENCY|GRAPH", "event", "2.8.13", guarded, command.Local(a.latencyGraph),
			"Draws the delays of an event."), report),
		tips(linear(row("LATENCY|HISTOGRAM", "[command [command ...]]", "7.0.0", guarded,
			command.Local(a.latencyHistogram), "Gives how long calls took, by command.")), report),
		tips(row("LATENCY|HISTORY", "event", "2.8.13", guarded, command.Local(a.latencyHistory),
			"Lists the delays of an event."), report),
		tips(row("LATENCY|LATEST", "", "2.8.13", guarded, command.Local(a.latencyLatest),
			"Gives the last delay of each event."), report),
		tips(row("LATENCY|RESET", "[event [event ...]]", "2.8.13", guarded,
			command.Local(a.latencyReset), "Forgets the delays of events."),
			everywhere+"all_succeeded"),
	}
}

func (a *admin) latencyLatest(c *command.Call) {
	events := a.Stats.Latency.All()
	c.Reply.Array(len(events))
	for _, e := range events {
		last := e.Samples[len(e.Samples)-1]
		c.Reply.Array(4)
		c.Reply.Text(e.Name)
		c.Reply.Int(last.Unix)
		c.Reply.Int(last.Millis)
		c.Reply.Int(e.MaxMs)
	}
}

// event is what is known of the event that the call names.
func (a *admin) event(c *command.Call) (name string, e metrics.LatencyEvent) {
	name = string(c.Args.Bytes())
	for _, known := range a.Stats.Latency.All() {
		if known.Name == name {
			return name, known
		}
	}
	return name, e
}

func (a *admin) latencyHistory(c *command.Call) {
	_, e := a.event(c)
	c.Reply.Array(len(e.Samples))
	for _, sample := range e.Samples {
		c.Reply.Array(2)
		c.Reply.Int(sample.Unix)
		c.Reply.Int(sample.Millis)
	}
}

func (a *admin) latencyReset(c *command.Call) {
	var names []string
	for c.Args.More() {
		names = append(names, string(c.Args.Bytes()))
	}
	c.Reply.Int(int64(a.Stats.Latency.Reset(names...)))
}

// latencyHistogram takes the name of a container for all its subcommands.
func (a *admin) latencyHistogram(c *command.Call) {
	counted := a.Stats.Commands()
	counted = slices.DeleteFunc(counted, func(k metrics.Command) bool { return k.Calls == 0 })
	shown := counted
	if c.Args.More() {
		shown = nil
	}
	for c.Args.More() {
		name := strings.ToLower(string(c.Args.Bytes()))
		for _, k := range counted {
			if k.Name == name || strings.HasPrefix(k.Name, name+"|") {
				shown = append(shown, k)
			}
		}
	}
	c.Reply.Map(len(shown))
	for _, k := range shown {
		powers := k.Latency.Powers()
		c.Reply.Text(k.Name)
		c.Reply.Map(2)
		c.Reply.Text("calls")
		c.Reply.Int(k.Calls)
		c.Reply.Text("histogram_usec")
		c.Reply.Map(len(powers))
		for _, p := range powers {
			c.Reply.Int(p.Micros)
			c.Reply.Int(p.Count)
		}
	}
}

// latencyDoctor says what was seen and what to look at next, in a few words of our own.
func (a *admin) latencyDoctor(c *command.Call) {
	var b strings.Builder
	limit := a.Config.Int(config.LatencyMonitorThreshold)
	events := a.Stats.Latency.All()
	switch {
	case limit == 0 && len(events) == 0:
		b.WriteString("Delays are not watched. CONFIG SET latency-monitor-threshold " +
			"<milliseconds> begins to.\n")
	case len(events) == 0:
		fmt.Fprintf(&b, "Nothing has taken %d ms or more.\n", limit)
	}
	for _, e := range events {
		var sum int64
		for _, sample := range e.Samples {
			sum += sample.Millis
		}
		fmt.Fprintf(&b, "%s: %d delays, %d ms on average, %d ms at most.\n", e.Name,
			len(e.Samples), sum/int64(len(e.Samples)), e.MaxMs)
	}
	if len(events) > 0 {
		b.WriteString("SLOWLOG GET shows which calls took long.\n")
	}
	c.Reply.Verbatim("txt", b.String())
}

// graphRows is the height of a graph, in characters.
const graphRows = 4

// latencyGraph draws a column for each delay, the oldest on the left.
func (a *admin) latencyGraph(c *command.Call) {
	name, e := a.event(c)
	if len(e.Samples) == 0 {
		c.Reply.Fail(reply.Error("ERR No samples available for event '" + name + "'"))
		return
	}
	low, high := e.Samples[0].Millis, e.Samples[0].Millis
	for _, sample := range e.Samples {
		low, high = min(low, sample.Millis), max(high, sample.Millis)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s - high %d ms, low %d ms (all time high %d ms)\n%s\n",
		e.Name, high, low, e.MaxMs, strings.Repeat("-", 80))
	for line := graphRows; line > 0; line-- {
		for _, sample := range e.Samples {
			if height := 1 + sample.Millis*(graphRows-1)/max(high, 1); height >= int64(line) {
				b.WriteByte('#')
			} else {
				b.WriteByte(' ')
			}
		}
		b.WriteByte('\n')
	}
	c.Reply.Verbatim("txt", b.String())
}
