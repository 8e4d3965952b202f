// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"fmt"
	"runtime/debug"
	"strings"

	"stampede/internal/command"
	"stampede/internal/config"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
)

func (a *admin) memoryRows() []command.Spec {
	const everywhere = "request_policy:all_shards response_policy:"
	const report = "nondeterministic_output " + everywhere + "special"
	usage := linear(row("MEMORY|USAGE", "@key [SAMPLES count:int]", "4.0.0", command.Read,
		command.OnShard(memoryUsage), "Tells how many bytes a key takes."))
	usage.KeyUse = "RO"
	return []command.Spec{
		container("MEMORY", "4.0.0", "Reports on memory."),
		tips(row("MEMORY|DOCTOR", "", "4.0.0", 0, command.OnAll(a.memoryDoctor),
			"Explains how memory is used."), report),
		tips(row("MEMORY|MALLOC-STATS", "", "4.0.0", 0, command.OnAll(a.mallocStats),
			"Gives the statistics of the allocator."), report),
		tips(row("MEMORY|PURGE", "", "4.0.0", 0, command.Local(memoryPurge),
			"Gives memory that is not needed back to the system."), everywhere+"all_succeeded"),
		tips(row("MEMORY|STATS", "", "4.0.0", 0, command.OnAll(a.memoryStats),
			"Tells what memory is used for."), report),
		usage,
	}
}

// memoryUsage knows the size of a key exactly, so the number of samples means nothing.
func memoryUsage(db *keyspace.DB, c *command.Call) {
	key := c.Args.Bytes()
	if c.Args.Opt("SAMPLES") {
		if samples := c.Args.Int(); samples < 0 {
			c.Args.Fail(reply.ErrSyntax)
		}
	}
	if c.Args.More() {
		c.Args.Fail(reply.ErrSyntax)
	}
	if err := c.Args.Err(); err != nil {
		c.Reply.Err(err)
		return
	}
	if e := db.Peek(key); e.Exists() {
		c.Reply.Int(e.MemoryBytes())
		return
	}
	c.Reply.Null()
}

func memoryPurge(c *command.Call) {
	debug.FreeOSMemory()
	c.Reply.OK()
}

// field is a line of a report.
type field struct {
	name  string
	value any // int64, float64 or []field
}

// writeFields answers with a map.
func writeFields(c *command.Call, fields []field) {
	c.Reply.Map(len(fields))
	for _, f := range fields {
		c.Reply.Text(f.name)
		switch v := f.value.(type) {
		case int64:
			c.Reply.Int(v)
		case float64:
			c.Reply.Double(v)
		case []field:
			writeFields(c, v)
		}
	}
}

func (a *admin) memoryStats(spaces []*keyspace.Space, c *command.Call) {
	sum := keyspace.Summarize(spaces)
	used := a.used(&sum)
	rss := processMemory().resident
	keys := int64(0)
	fields := []field{
		{"peak.allocated", a.peak.Load()}, {"total.allocated", used},
		{"startup.allocated", int64(0)}, {"replication.backlog", int64(0)},
		{"clients.slaves", int64(0)}, {"clients.normal", a.clientBytes()},
		{"cluster.links", int64(0)}, {"aof.buffer", int64(0)},
		{"lua.caches", int64(0)}, {"functions.caches", int64(0)},
	}
	for i, db := range sum.DBs {
		if db.Keys == 0 {
			continue
		}
		keys += int64(db.Keys)
		fields = append(fields, field{fmt.Sprintf("db.%d", i), []field{
			{"overhead.hashtable.main", db.KeyTables},
			{"overhead.hashtable.expires", db.DeadlineTables},
			{"overhead.hashtable.slot-to-keys", int64(0)},
		}})
	}
	overhead := sum.Tables()
	data := max(used-overhead, 0)
	fields = append(fields,
		field{"overhead.total", overhead}, field{"keys.count", keys},
		field{"keys.bytes-per-key", used / max(keys, 1)}, field{"dataset.bytes", data},
		field{"dataset.percentage", percent(data, used)},
		field{"peak.percentage", percent(used, a.peak.Load())},
		field{"allocator.allocated", sum.Memory.Blocks},
		field{"allocator.active", sum.Memory.Resident},
		field{"allocator.resident", sum.Memory.Resident},
		field{"allocator-fragmentation.ratio", ratio(sum.Memory.Resident, sum.Memory.Blocks)},
		field{"allocator-fragmentation.bytes", sum.Memory.Resident - sum.Memory.Blocks},
		field{"allocator-rss.ratio", 1.0}, field{"allocator-rss.bytes", int64(0)},
		field{"rss-overhead.ratio", ratio(rss, sum.Memory.Resident)},
		field{"rss-overhead.bytes", rss - sum.Memory.Resident},
		field{"fragmentation", ratio(rss, used)}, field{"fragmentation.bytes", rss - used},
	)
	writeFields(c, fields)
}

// clientBytes is what the connections hold. Cost: O(connections).
func (a *admin) clientBytes() (total int64) {
	for _, p := range a.Sessions.All() {
		i := p.Info()
		total += int64(i.Traffic.QueryBytes + i.Traffic.QueryFree + i.Traffic.OutPending +
			i.MultiBytes)
	}
	return total
}

// percent is the share of part in whole; 0 of nothing.
func percent(part, whole int64) float64 { return 100 * ratio(part, whole) }

func ratio(a, b int64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

func (a *admin) mallocStats(spaces []*keyspace.Space, c *command.Call) {
	sum := keyspace.Summarize(spaces)
	p := processMemory()
	var b strings.Builder
	fmt.Fprintf(&b, "arenas: %d bytes in use, %d resident, %d beside them on the heap\n",
		sum.Memory.Blocks, sum.Memory.Resident, sum.Memory.Beside)
	fmt.Fprintf(&b, "tables: %d bytes\n", sum.Tables())
	fmt.Fprintf(&b, "heap: %d bytes of live objects, %d taken from the system\n", p.live, p.heap)
	fmt.Fprintf(&b, "process: %d bytes resident\n", p.resident)
	c.Reply.Verbatim("txt", b.String())
}

const (
	doctorBytesMin = 5 << 20
	doctorRatioMax = 1.4
	doctorFullPct  = 90
)

// memoryDoctor names what is worth a look.
func (a *admin) memoryDoctor(spaces []*keyspace.Space, c *command.Call) {
	sum := keyspace.Summarize(spaces)
	used := a.used(&sum)
	limit := a.Config.Int(config.MaxMemory)
	var b strings.Builder
	if used < doctorBytesMin {
		b.WriteString("There is too little data to say anything about its memory.\n")
	} else {
		if r := ratio(sum.Memory.Resident, sum.Memory.Blocks); r > doctorRatioMax {
			fmt.Fprintf(&b, "The arenas occupy %.2f times what is in use: much was removed, "+
				"and its room will be used again.\n", r)
		}
		if limit > 0 && percent(used, limit) > doctorFullPct {
			fmt.Fprintf(&b, "%.0f %% of maxmemory are in use.\n", percent(used, limit))
		}
		if limit == 0 {
			b.WriteString("maxmemory is not set: the data may grow until the system is out " +
				"of memory.\n")
		}
	}
	if b.Len() == 0 {
		b.WriteString("Nothing is wrong with the memory.\n")
	}
	c.Reply.Verbatim("txt", b.String())
}
