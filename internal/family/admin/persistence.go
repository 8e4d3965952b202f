// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"stampede/internal/keyspace"
	"stampede/internal/persist"
)

// persistence is the section of INFO about what is on disk: Redis' fields, then ours.
func (r *report) persistence() {
	var s persist.Status
	if s.SaveOK = true; r.Store != nil {
		s = r.Store.Status()
	} else {
		s.LastSaveMs, s.SaveTookMs = r.Facts.StartMs, -1
	}
	r.loading(&s)
	r.line("current_save_keys_processed:%d", s.SavedKeys)
	r.line("current_save_keys_total:%d", ifSaving(&s, int64(keys(&r.sum))))
	r.line("rdb_changes_since_last_save:%d", r.sum.Stats.Changes-s.SavedChanges)
	r.line("rdb_bgsave_in_progress:%d", bit(s.Saving))
	r.line("rdb_last_save_time:%d", s.LastSaveMs/1000)
	r.line("rdb_last_bgsave_status:%s", okOr(s.SaveOK))
	r.line("rdb_last_bgsave_time_sec:%d", seconds(s.SaveTookMs))
	current := int64(-1)
	if s.SavingSinceMs != 0 {
		current = (r.nowMs - s.SavingSinceMs) / 1000
	}
	r.line("rdb_current_bgsave_time_sec:%d", current)
	r.line("rdb_saves:%d", s.Saves)
	r.lines("rdb_last_cow_size:0\nrdb_last_load_keys_expired:0")
	r.line("rdb_last_load_keys_loaded:%d", s.LoadedKeys)
	r.journal(&s)
	r.lines("module_fork_in_progress:0\nmodule_fork_last_cow_size:0")
}

func (r *report) loading(s *persist.Status) {
	r.line("loading:%d", bit(s.LoadingSinceMs != 0))
	r.lines("async_loading:0\ncurrent_cow_peak:0\ncurrent_cow_size:0\n" +
		"current_cow_size_age:0\ncurrent_fork_perc:0.00")
	if s.LoadingSinceMs == 0 {
		return
	}
	tookMs := max(r.nowMs-s.LoadingSinceMs, 1)
	r.line("loading_start_time:%d", s.LoadingSinceMs/1000)
	r.line("loading_total_bytes:%d", s.LoadTotalBytes)
	r.line("loading_loaded_bytes:%d", s.LoadedBytes)
	r.line("loading_loaded_perc:%.2f", percent(s.LoadedBytes, s.LoadTotalBytes))
	left := (s.LoadTotalBytes - s.LoadedBytes) * tookMs / max(s.LoadedBytes, 1) / 1000
	r.line("loading_eta_seconds:%d", left)
}

// journal is Redis' part about the append-only file, which the journal stands for.
func (r *report) journal(s *persist.Status) {
	r.line("aof_enabled:%d", bit(s.Journal))
	r.lines("aof_rewrite_in_progress:0\naof_rewrite_scheduled:0")
	r.line("aof_last_rewrite_time_sec:%d", seconds(s.SaveTookMs))
	r.line("aof_current_rewrite_time_sec:-1\r\naof_last_bgrewrite_status:%s", okOr(s.SaveOK))
	r.line("aof_rewrites:%d", s.Saves)
	r.lines("aof_rewrites_consecutive_failures:0")
	r.line("aof_last_write_status:%s", okOr(s.JournalError == ""))
	r.lines("aof_last_cow_size:0")
	if !s.Journal {
		return
	}
	r.line("aof_current_size:%d", s.JournalBytes)
	r.line("aof_base_size:%d", s.SnapshotBytes)
	r.line("aof_pending_rewrite:0\r\naof_buffer_length:%d", s.Position-s.Written)
	r.lines("aof_pending_bio_fsync:0\naof_delayed_fsync:0")
	r.line("journal_fsync:%s", s.Fsync)
	r.line("journal_id:%016x", s.JournalID)
	r.line("journal_position:%d", s.Position)
	r.line("journal_written_position:%d", s.Written)
	r.line("journal_durable_position:%d", s.Durable)
	r.line("journal_snapshot_position:%d", s.SnapshotPosition)
	if s.JournalError != "" {
		r.line("journal_error:%s", s.JournalError)
	}
}

func ifSaving(s *persist.Status, n int64) int64 {
	if !s.Saving {
		return 0
	}
	return n
}

// keys is the number of keys in all databases.
func keys(sum *keyspace.Summary) (n int) {
	for i := range sum.DBs {
		n += sum.DBs[i].Keys
	}
	return n
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func okOr(ok bool) string {
	if ok {
		return "ok"
	}
	return "err"
}

// seconds of a duration in milliseconds; -1 stays.
func seconds(ms int64) int64 {
	if ms < 0 {
		return -1
	}
	return ms / 1000
}
