// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"stampede/internal/pubsub"
)

// messageMetrics are the numbers of publish and subscribe.
func messageMetrics() []metric {
	of := func(
		kind prometheus.ValueType, name, help string, value func(*pubsub.Stats) float64,
	) metric {
		return metric{prometheus.NewDesc(name, help, nil, nil), kind,
			func(s *scrape) float64 { return value(&s.PubSub) }}
	}
	gauge, counter := prometheus.GaugeValue, prometheus.CounterValue
	return []metric{
		of(gauge, "redis_pubsub_channels", "Channels that somebody has subscribed to.",
			func(p *pubsub.Stats) float64 { return float64(p.Channels) }),
		of(gauge, "redis_pubsub_patterns", "Patterns that somebody has subscribed to.",
			func(p *pubsub.Stats) float64 { return float64(p.Patterns) }),
		of(gauge, "redis_pubsubshard_channels", "Shard channels that somebody has subscribed to.",
			func(p *pubsub.Stats) float64 { return float64(p.ShardChannels) }),
		of(gauge, "stampede_pubsub_monitors", "Connections that monitor.",
			func(p *pubsub.Stats) float64 { return float64(p.Monitors) }),
		of(counter, "stampede_pubsub_published_total", "Messages that were published.",
			func(p *pubsub.Stats) float64 { return float64(p.Published) }),
		of(counter, "stampede_pubsub_delivered_total", "Messages that subscribers were given.",
			func(p *pubsub.Stats) float64 { return float64(p.Delivered) }),
		of(counter, "stampede_pubsub_cut_off_total", "Connections ended because they took too little.",
			func(p *pubsub.Stats) float64 { return float64(p.CutOff) }),
	}
}
