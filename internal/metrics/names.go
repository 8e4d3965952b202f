// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

func gauge(name, help string, value func(*scrape) float64) metric {
	return metric{prometheus.NewDesc("redis_"+name, help, nil, nil), prometheus.GaugeValue, value}
}

func counter(name, help string, value func(*scrape) int64) metric {
	return metric{prometheus.NewDesc("redis_"+name, help, nil, nil), prometheus.CounterValue,
		func(s *scrape) float64 { return float64(value(s)) }}
}

// allMetrics are the numbers without labels.
func allMetrics() []metric {
	return []metric{
		gauge("up", "1: the page was made by the server itself.",
			func(*scrape) float64 { return 1 }),
		gauge("start_time_seconds", "Unix time of the start.",
			func(s *scrape) float64 { return float64(s.StartMs) / 1000 }),
		gauge("connected_clients", "Open connections.",
			func(s *scrape) float64 { return float64(s.Connections) }),
		gauge("config_maxclients", "Most connections at a time.",
			func(s *scrape) float64 { return float64(s.MaxConnections) }),
		gauge("memory_used_bytes", "Memory of the data.",
			func(s *scrape) float64 { return float64(s.Data.Used) }),
		gauge("memory_max_bytes", "Limit of the memory of the data; 0: none.",
			func(s *scrape) float64 { return float64(s.MaxMemoryBytes) }),
		gauge("allocator_active_bytes", "Memory that the arenas occupy.",
			func(s *scrape) float64 { return float64(s.Data.Memory.Resident) }),
		gauge("lazyfree_pending_objects", "Large collections dropped and not yet freed.",
			func(s *scrape) float64 { return float64(s.Data.Pending) }),
		gauge("instantaneous_ops_per_sec", "Calls per second, over the last samples.",
			func(s *scrape) float64 { return s.rates.Calls }),
		gauge("slowlog_length", "Calls in the log of slow calls.",
			func(s *scrape) float64 { return float64(s.slowLen) }),
		counter("commands_processed_total", "Calls that ran.",
			func(s *scrape) int64 { return s.totals.Calls }),
		counter("connections_received_total", "Connections that were accepted.",
			func(s *scrape) int64 { return s.totals.Connections }),
		counter("rejected_connections_total", "Connections refused because of maxclients.",
			func(s *scrape) int64 { return s.totals.Rejected }),
		counter("net_input_bytes_total", "Bytes read from clients.",
			func(s *scrape) int64 { return s.totals.InBytes }),
		counter("net_output_bytes_total", "Bytes written to clients.",
			func(s *scrape) int64 { return s.totals.OutBytes }),
		counter("keyspace_hits_total", "Reads that found their key.",
			func(s *scrape) int64 { return s.Data.Stats.Hits }),
		counter("keyspace_misses_total", "Reads that found no key.",
			func(s *scrape) int64 { return s.Data.Stats.Misses }),
		counter("expired_keys_total", "Keys removed because their deadline had passed.",
			func(s *scrape) int64 { return s.Data.Stats.Expired }),
		counter("evicted_keys_total", "Keys removed to keep memory below its limit.",
			func(s *scrape) int64 { return s.Data.Stats.Evicted }),
	}
}

// labelled makes a family of the page.
func labelled(name, help, label string, kind prometheus.ValueType,
	each func(s *scrape, tell func(float64, string))) family {
	return family{prometheus.NewDesc("redis_"+name, help, []string{label}, nil), kind, each}
}

// perDB tells a number of every database that has keys; the first is always told.
func perDB(value func(s *scrape, db int) float64) func(*scrape, func(float64, string)) {
	return func(s *scrape, tell func(float64, string)) {
		for i := range s.Data.DBs {
			if i == 0 || s.Data.DBs[i].Keys > 0 {
				tell(value(s, i), "db"+strconv.Itoa(i))
			}
		}
	}
}

func perCommand(value func(*Command) float64) func(*scrape, func(float64, string)) {
	return func(s *scrape, tell func(float64, string)) {
		for i := range s.commands {
			tell(value(&s.commands[i]), s.commands[i].Name)
		}
	}
}

// allFamilies are the numbers that a label tells apart.
func allFamilies() []family {
	const count, level = prometheus.CounterValue, prometheus.GaugeValue
	return []family{
		labelled("db_keys", "Keys of a database.", "db", level,
			perDB(func(s *scrape, i int) float64 { return float64(s.Data.DBs[i].Keys) })),
		labelled("db_keys_expiring", "Keys with a deadline.", "db", level,
			perDB(func(s *scrape, i int) float64 { return float64(s.Data.DBs[i].Expiring) })),
		labelled("db_avg_ttl_seconds", "Mean time to the deadline, estimated.", "db", level,
			perDB(func(s *scrape, i int) float64 {
				return float64(s.Data.DBs[i].MeanTTLMs) / 1000
			})),
		labelled("commands_total", "Calls, by command.", "cmd", count,
			perCommand(func(k *Command) float64 { return float64(k.Calls) })),
		labelled("commands_duration_seconds_total", "Time spent in calls, by command.", "cmd",
			count, perCommand(func(k *Command) float64 { return float64(k.Nanos) / 1e9 })),
		labelled("commands_rejected_calls_total", "Calls refused before they ran.", "cmd", count,
			perCommand(func(k *Command) float64 { return float64(k.Rejected) })),
		labelled("commands_failed_calls_total", "Calls answered with an error.", "cmd", count,
			perCommand(func(k *Command) float64 { return float64(k.Failed) })),
		labelled("errors_total", "Error replies, by their first word.", "err", count,
			func(s *scrape, tell func(float64, string)) {
				for _, e := range s.errors {
					tell(float64(e.Count), e.Kind)
				}
			}),
	}
}
