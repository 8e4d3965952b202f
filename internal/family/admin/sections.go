// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"os"
	"runtime"
	"strings"
	"time"

	"stampede/internal/config"
	"stampede/internal/pubsub"
)

const dayMs = 24 * 60 * 60 * 1000

func (r *report) server() {
	f := &r.Facts
	up := max(r.nowMs-f.StartMs, 0)
	executable, _ := os.Executable()
	r.line("redis_version:%s", f.RedisVersion)
	r.lines("redis_git_sha1:00000000\nredis_git_dirty:0\nredis_build_id:0\n" +
		"redis_mode:standalone")
	r.line("stampede_version:%s", f.Version)
	r.line("os:%s %s", runtime.GOOS, runtime.GOARCH)
	r.line("arch_bits:%d", 32<<(^uint(0)>>63))
	r.line("go_version:%s", strings.TrimPrefix(runtime.Version(), "go"))
	r.line("multiplexing_api:%s", f.IO)
	r.line("process_id:%d", os.Getpid())
	r.lines("process_supervised:no")
	r.line("run_id:%s", f.RunID)
	r.line("tcp_port:%d", r.Config.Int(config.Port))
	r.line("server_time_usec:%d", r.nowMs*1000)
	r.line("uptime_in_seconds:%d", up/1000)
	r.line("uptime_in_days:%d", up/dayMs)
	r.line("hz:%d", r.Config.Int(config.HZ))
	r.line("configured_hz:%d", r.Config.Int(config.HZ))
	r.line("lru_clock:%d", r.nowMs/1000&(1<<24-1))
	r.line("executable:%s", executable)
	r.line("config_file:%s", r.Config.File())
	r.line("io_threads_active:0")
	r.line("shards:%d", f.Shards)
}

func (r *report) clients() {
	r.line("connected_clients:%d", r.Sessions.Len())
	r.line("cluster_connections:0")
	r.line("maxclients:%d", r.Config.Int(config.MaxClients))
	r.lines("client_recent_max_input_buffer:0\nclient_recent_max_output_buffer:0")
	blocked := 0
	if r.Waiting != nil {
		blocked = r.Waiting()
	}
	r.line("blocked_clients:%d", blocked)
	r.lines("tracking_clients:0\nclients_in_timeout_table:0")
}

// scripts tells how many scripts and functions there are. Of the memory that they take only that
// of their texts is known.
func (r *report) scripts() {
	var scripts, libraries, functions, textBytes, codeBytes int
	if r.Scripts != nil {
		scripts, textBytes = r.Scripts.Counts()
		libraries, functions, codeBytes = r.Scripts.Functions().Counts()
	}
	r.amount("used_memory_lua", 0)
	r.line("used_memory_vm_eval:0")
	r.line("used_memory_scripts_eval:%d", textBytes)
	r.line("number_of_cached_scripts:%d", scripts)
	r.line("number_of_functions:%d", functions)
	r.line("number_of_libraries:%d", libraries)
	r.line("used_memory_vm_functions:0")
	r.amount("used_memory_vm_total", 0)
	r.line("used_memory_functions:%d", codeBytes)
	r.amount("used_memory_scripts", int64(textBytes+codeBytes))
}

func (r *report) memory() {
	process := processMemory()
	peak := r.peak.Load()
	tables := r.sum.Tables()
	data := max(r.used-tables, 0)
	r.amount("used_memory", r.used)
	r.amount("used_memory_rss", process.resident)
	r.amount("used_memory_peak", peak)
	r.line("used_memory_peak_perc:%.2f%%", percent(r.used, peak))
	r.line("used_memory_overhead:%d", tables)
	r.line("used_memory_startup:0")
	r.line("used_memory_dataset:%d", data)
	r.line("used_memory_dataset_perc:%.2f%%", percent(data, r.used))
	r.line("allocator_allocated:%d", r.sum.Memory.Blocks)
	r.line("allocator_active:%d", r.sum.Memory.Resident)
	r.line("allocator_resident:%d", r.sum.Memory.Resident)
	r.amount("total_system_memory", systemMemory())
	r.scripts()
	r.amount("maxmemory", r.Config.Int(config.MaxMemory))
	r.line("maxmemory_policy:%s", r.Config.Text(config.MaxMemoryPolicy))
	r.line("allocator_frag_ratio:%.2f", ratio(r.sum.Memory.Resident, r.sum.Memory.Blocks))
	r.line("allocator_frag_bytes:%d", r.sum.Memory.Resident-r.sum.Memory.Blocks)
	r.lines("allocator_rss_ratio:1.00\nallocator_rss_bytes:0")
	r.line("rss_overhead_ratio:%.2f", ratio(process.resident, r.sum.Memory.Resident))
	r.line("rss_overhead_bytes:%d", process.resident-r.sum.Memory.Resident)
	r.line("mem_fragmentation_ratio:%.2f", ratio(process.resident, r.used))
	r.line("mem_fragmentation_bytes:%d", process.resident-r.used)
	r.lines("mem_not_counted_for_evict:0\nmem_replication_backlog:0\n" +
		"mem_total_replication_buffers:0\nmem_clients_slaves:0")
	r.line("mem_clients_normal:%d", r.clientBytes())
	r.lines("mem_cluster_links:0\nmem_aof_buffer:0\nmem_allocator:arena\n" +
		"active_defrag_running:0")
	r.line("lazyfree_pending_objects:%d", r.sum.Pending)
	r.line("lazyfreed_objects:0")
	r.line("go_heap_live:%d", process.live)
	r.line("go_total:%d", process.heap)
}

// amount writes a number of bytes, and again for people.
func (r *report) amount(name string, bytes int64) {
	r.line("%s:%d", name, bytes)
	r.line("%s_human:%s", name, human(bytes))
}

func (r *report) stats() {
	t, s, rates := &r.totals, &r.sum.Stats, r.Stats.Rates()
	r.line("total_connections_received:%d", t.Connections)
	r.line("total_commands_processed:%d", t.Calls)
	r.line("instantaneous_ops_per_sec:%.0f", rates.Calls)
	r.line("total_net_input_bytes:%d", t.InBytes)
	r.line("total_net_output_bytes:%d", t.OutBytes)
	r.lines("total_net_repl_input_bytes:0\ntotal_net_repl_output_bytes:0")
	r.line("instantaneous_input_kbps:%.2f", rates.InBytes/1024)
	r.line("instantaneous_output_kbps:%.2f", rates.OutBytes/1024)
	r.lines("instantaneous_input_repl_kbps:0.00\ninstantaneous_output_repl_kbps:0.00")
	r.line("rejected_connections:%d", t.Rejected)
	r.lines("sync_full:0\nsync_partial_ok:0\nsync_partial_err:0")
	r.line("expired_keys:%d", s.Expired)
	r.lines("expired_stale_perc:0.00\nexpired_time_cap_reached_count:0\n" +
		"expire_cycle_cpu_milliseconds:0")
	r.line("evicted_keys:%d", s.Evicted)
	r.lines("evicted_clients:0\ntotal_eviction_exceeded_time:0\n" +
		"current_eviction_exceeded_time:0")
	r.line("keyspace_hits:%d", s.Hits)
	r.line("keyspace_misses:%d", s.Misses)
	var p pubsub.Stats
	if r.Hub != nil {
		p = r.Hub.Stats()
	}
	r.line("pubsub_channels:%d", p.Channels)
	r.line("pubsub_patterns:%d", p.Patterns)
	r.line("pubsubshard_channels:%d", p.ShardChannels)
	links := 0
	if r.Links != nil {
		links = r.Links()
	}
	r.lines("latest_fork_usec:0\ntotal_forks:0")
	r.line("migrate_cached_sockets:%d", links)
	r.lines("slave_expires_tracked_keys:0\nactive_defrag_hits:0\nactive_defrag_misses:0\n" +
		"active_defrag_key_hits:0\nactive_defrag_key_misses:0\ntotal_active_defrag_time:0\n" +
		"current_active_defrag_time:0\ntracking_total_keys:0\ntracking_total_items:0\n" +
		"tracking_total_prefixes:0\nunexpected_error_replies:0")
	r.line("total_error_replies:%d", t.Errors)
	r.line("dump_payload_sanitizations:0")
	r.line("total_reads_processed:%d", t.Reads)
	r.line("total_writes_processed:%d", t.Writes)
	r.lines("io_threaded_reads_processed:0\nio_threaded_writes_processed:0\n" +
		"reply_buffer_shrinks:0\nreply_buffer_expands:0")
}

func (r *report) replication() {
	r.lines("role:master\nconnected_slaves:0\nmaster_failover_state:no-failover")
	r.line("master_replid:%s", r.Facts.RunID)
	r.line("master_replid2:%040d", 0)
	r.lines("master_repl_offset:0\nsecond_repl_offset:-1\nrepl_backlog_active:0\n" +
		"repl_backlog_size:1048576\nrepl_backlog_first_byte_offset:0\nrepl_backlog_histlen:0")
}

func (r *report) cpu() {
	user, system := processorTime()
	seconds := func(d time.Duration) float64 { return d.Seconds() }
	r.line("used_cpu_sys:%.6f", seconds(system))
	r.line("used_cpu_user:%.6f", seconds(user))
	r.lines("used_cpu_sys_children:0.000000\nused_cpu_user_children:0.000000")
	r.line("used_cpu_sys_main_thread:%.6f", seconds(system))
	r.line("used_cpu_user_main_thread:%.6f", seconds(user))
}

func (r *report) commandStats() {
	for _, k := range r.Stats.Commands() {
		micros := k.Nanos / 1000
		r.line("cmdstat_%s:calls=%d,usec=%d,usec_per_call=%.2f,rejected_calls=%d,failed_calls=%d",
			k.Name, k.Calls, micros, ratio(micros, k.Calls), k.Rejected, k.Failed)
	}
}

func (r *report) errorStats() {
	for _, e := range r.Stats.Errors() {
		r.line("errorstat_%s:count=%d", e.Kind, e.Count)
	}
}

func (r *report) latencyStats() {
	names := strings.Fields(r.Config.Text(config.LatencyTrackingInfoPercentiles))
	shares := r.Config.Percentiles()
	if !r.Config.Bool(config.LatencyTracking) || len(names) != len(shares) {
		return
	}
	for _, k := range r.Stats.Commands() {
		if k.Calls == 0 {
			continue
		}
		r.WriteString("latency_percentiles_usec_" + k.Name + ":")
		for i, share := range shares {
			if i > 0 {
				r.WriteByte(',')
			}
			r.micros("p"+names[i], k.Latency.Quantile(share/100))
		}
		r.WriteString("\r\n")
	}
}

func (r *report) stock() {
	s := &r.sum.Stocks
	r.line("stock_keys:%d", s.Keys)
	r.line("stock_open:%d", s.Open)
	r.line("stock_units:%d", s.Units)
	r.line("stock_free:%d", s.Units-s.Held-s.Sold)
	r.line("stock_held:%d", s.Held)
	r.line("stock_sold:%d", s.Sold)
	r.line("stock_records:%d", s.Records)
	r.line("stock_bytes:%d", s.Bytes)
}

func (r *report) keyspace() {
	for i, db := range r.sum.DBs {
		if db.Keys > 0 {
			r.line("db%d:keys=%d,expires=%d,avg_ttl=%d", i, db.Keys, db.Expiring, db.MeanTTLMs)
		}
	}
}
