// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"net/http"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"stampede/internal/keyspace"
	"stampede/internal/pubsub"
)

// Build says what runs.
type Build struct {
	Version      string // of Stampede
	RedisVersion string // whose behaviour it has
	GoVersion    string
}

// Gauges are the numbers of the page that [Stats] does not know.
type Gauges struct {
	Data           keyspace.Summary
	Connections    int
	MaxConnections int64
	MaxMemoryBytes int64   // 0: no limit
	StartMs        int64   // Unix time of the start
	Disk           *Disk   // nil: nothing is kept on disk
	Ledger         *Ledger // nil: there is none
	PubSub         pubsub.Stats
}

// Source measures when the page is asked for. It may own all shards for a moment.
type Source func() Gauges

// Handler is the page of metrics for Prometheus, under the names that dashboards for Redis
// know from its usual exporter, and the Go runtime's own.
func Handler(s *Stats, build Build, source Source) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		newCollector(s, build, source),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// metric is one number of the page, read from what a scrape has gathered.
type metric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*scrape) float64
}

// family is several numbers of one name, told apart by a label.
type family struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	each func(s *scrape, tell func(value float64, label string))
}

// scrape is all that is read for one page.
type scrape struct {
	Gauges
	totals   Totals
	rates    Rates
	commands []Command
	errors   []ErrorCount
	slowLen  int
}

// collector reads everything when the page is asked for, and keeps nothing.
type collector struct {
	stats    *Stats
	source   Source
	metrics  []metric
	families []family
	disk     []metric // told if there is a disk
	journal  []metric // told if there is a journal
	fsync    family   // likewise
	ledger   []metric // told if there is a ledger
	latency  *prometheus.Desc
	infos    []prometheus.Metric
}

func newCollector(s *Stats, build Build, source Source) *collector {
	return &collector{
		stats: s, source: source, metrics: slices.Concat(allMetrics(), messageMetrics()),
		families: allFamilies(),
		disk:     diskMetrics(), journal: journalMetrics(), fsync: fsyncModes(),
		ledger: ledgerMetrics(),
		latency: prometheus.NewDesc("redis_latency_percentiles_usec",
			"How long calls took, in microseconds.", []string{"cmd"}, nil),
		infos: []prometheus.Metric{
			info("stampede_build_info", "What runs.", prometheus.Labels{
				"version": build.Version, "go_version": build.GoVersion}),
			info("redis_instance_info", "Whose behaviour the server has.", prometheus.Labels{
				"redis_version": build.RedisVersion, "redis_mode": "standalone", "role": "master"}),
		},
	}
}

// info is a metric whose labels are what it says.
func info(name, help string, labels prometheus.Labels) prometheus.Metric {
	return prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, nil, labels),
		prometheus.GaugeValue, 1)
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, list := range [][]metric{c.metrics, c.disk, c.journal, c.ledger} {
		for i := range list {
			out <- list[i].desc
		}
	}
	out <- c.fsync.desc
	for i := range c.families {
		out <- c.families[i].desc
	}
	for _, m := range c.infos {
		out <- m.Desc()
	}
	out <- c.latency
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	s := &scrape{
		Gauges: c.source(), totals: c.stats.Totals(), rates: c.stats.Rates(),
		commands: c.stats.Commands(), errors: c.stats.Errors(), slowLen: c.stats.Slow.Len(),
	}
	metrics, families := c.metrics, c.families
	if s.Disk != nil {
		metrics = slices.Concat(metrics, c.disk)
	}
	if s.Disk != nil && s.Disk.Journal {
		metrics, families = slices.Concat(metrics, c.journal), slices.Concat(families, []family{c.fsync})
	}
	if s.Ledger != nil {
		metrics = slices.Concat(metrics, c.ledger)
	}
	for _, m := range metrics {
		out <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(s))
	}
	for _, f := range families {
		f.each(s, func(value float64, label string) {
			out <- prometheus.MustNewConstMetric(f.desc, f.kind, value, label)
		})
	}
	for _, m := range c.infos {
		out <- m
	}
	for i := range s.commands {
		c.collectLatency(&s.commands[i], out)
	}
}

func (c *collector) collectLatency(k *Command, out chan<- prometheus.Metric) {
	quantiles := make(map[float64]float64)
	for _, share := range []float64{0.5, 0.99, 0.999} {
		quantiles[share] = float64(k.Latency.Quantile(share)) / 1e3
	}
	out <- prometheus.MustNewConstSummary(c.latency, uint64(k.Calls), float64(k.Nanos)/1e3,
		quantiles, k.Name)
}
