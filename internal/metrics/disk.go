// SPDX-License-Identifier: Apache-2.0

package metrics

import "github.com/prometheus/client_golang/prometheus"

// Disk is what the page says of snapshots and of the journal. Times are Unix milliseconds,
// durations milliseconds; -1: there was none.
type Disk struct {
	Loading     bool
	LoadedBytes int64 // of LoadTotalBytes, while Loading
	LoadTotal   int64

	Saving        bool
	SavingForMs   int64 // -1: nothing is being saved
	LastSaveMs    int64
	SaveOK        bool
	SaveTookMs    int64
	Saves         int64
	Changes       int64 // since the last snapshot
	SnapshotBytes int64

	Journal        bool
	Fsync          string // the mode
	Position       uint64 // of what was changed last
	Durable        uint64 // up to where it survives a power cut
	JournalBytes   int64  // on the disk
	JournalFailure bool   // nothing becomes durable at the moment
}

// diskGauge is a number of the disk under the name that dashboards for Redis know.
func diskGauge(name, help string, value func(*Disk) float64) metric {
	return ofDisk("redis_"+name, help, prometheus.GaugeValue, value)
}

// ownGauge is one that Redis has not.
func ownGauge(name, help string, value func(*Disk) float64) metric {
	return ofDisk("stampede_"+name, help, prometheus.GaugeValue, value)
}

func ofDisk(name, help string, kind prometheus.ValueType, value func(*Disk) float64) metric {
	return metric{prometheus.NewDesc(name, help, nil, nil), kind,
		func(s *scrape) float64 { return value(s.Disk) }}
}

// diskMetrics are the numbers of a store that is kept on disk.
func diskMetrics() []metric {
	return []metric{
		diskGauge("loading_dump_file", "1: the data is being loaded.",
			func(d *Disk) float64 { return bit(d.Loading) }),
		ownGauge("loading_ratio", "How much of it has been loaded; 1: all.", (*Disk).loadedRatio),
		diskGauge("rdb_changes_since_last_save", "Changes since the last snapshot.",
			func(d *Disk) float64 { return float64(d.Changes) }),
		diskGauge("rdb_bgsave_in_progress", "1: a snapshot is being written.",
			func(d *Disk) float64 { return bit(d.Saving) }),
		diskGauge("rdb_last_save_timestamp_seconds",
			"Unix time of the last snapshot; of the start if there was none.",
			func(d *Disk) float64 { return float64(d.LastSaveMs) / 1000 }),
		diskGauge("rdb_last_bgsave_status", "1: the last snapshot could be written.",
			func(d *Disk) float64 { return bit(d.SaveOK) }),
		diskGauge("rdb_last_bgsave_duration_sec", "What it took; -1: there was none.",
			func(d *Disk) float64 { return seconds(d.SaveTookMs) }),
		diskGauge("rdb_current_bgsave_duration_sec", "What that under way has taken; -1: none is.",
			func(d *Disk) float64 { return seconds(d.SavingForMs) }),
		ofDisk("redis_rdb_saves_total", "Snapshots since the start.", prometheus.CounterValue,
			func(d *Disk) float64 { return float64(d.Saves) }),
		ownGauge("snapshot_size_bytes", "Size of the last snapshot.",
			func(d *Disk) float64 { return float64(d.SnapshotBytes) }),
		diskGauge("aof_enabled", "1: there is a journal.",
			func(d *Disk) float64 { return bit(d.Journal) }),
	}
}

// journalMetrics are those of its journal.
func journalMetrics() []metric {
	return []metric{
		diskGauge("aof_current_size_bytes", "Size of the journal on the disk.",
			func(d *Disk) float64 { return float64(d.JournalBytes) }),
		diskGauge("aof_last_write_status", "1: the journal can be written.",
			func(d *Disk) float64 { return bit(!d.JournalFailure) }),
		ofDisk("stampede_journal_position_bytes_total", "Bytes of journal, from the first ever.",
			prometheus.CounterValue, func(d *Disk) float64 { return float64(d.Position) }),
		ownGauge("journal_durable_lag_bytes", "Bytes that would not survive a power cut.",
			func(d *Disk) float64 { return float64(d.Position - min(d.Durable, d.Position)) }),
		ownGauge("journal_failed", "1: the disk fails, and nothing is changed until it works.",
			func(d *Disk) float64 { return bit(d.JournalFailure) }),
	}
}

// fsyncModes tells which mode the journal has.
func fsyncModes() family {
	return family{
		desc: prometheus.NewDesc("stampede_journal_fsync_info", "When the journal is synced.",
			[]string{"mode"}, nil),
		kind: prometheus.GaugeValue,
		each: func(s *scrape, tell func(float64, string)) { tell(1, s.Disk.Fsync) },
	}
}

// loadedRatio is how much has been loaded.
func (d *Disk) loadedRatio() float64 {
	if !d.Loading {
		return 1
	}
	return float64(d.LoadedBytes) / float64(max(d.LoadTotal, 1))
}

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// seconds are those of a duration, or -1.
func seconds(ms int64) float64 {
	if ms < 0 {
		return -1
	}
	return float64(ms) / 1000
}
